// Owns a task context that lives in the test's own process: progress and logs are kept, artifacts are real files, and
// cancellation is a real signal. Must never soften what a thread's context does: a bad artifact name or an aborted signal counts.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ArtifactReference, LogLevel, TaskContext } from '../../../src/domain/task-context.ts';
import { ArtifactStore } from '../../../src/workers/artifact-store.ts';

interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
}

export interface InProcessContext extends TaskContext {
  readonly logs: LogLine[];
  readonly fractions: number[];
  readonly messages: string[];
}

/** A context whose artifacts lie in `folder`. With `cancelAfter` the task is cancelled at that many looks. */
export function createContext(
  taskName: string,
  folder: string,
  options: { readonly cancelAfter?: number } = {},
): InProcessContext {
  const controller = new AbortController();
  const logs: LogLine[] = [];
  const fractions: number[] = [];
  const messages: string[] = [];
  let looks = 0;
  return {
    taskName,
    runId: 'run',
    attempt: 1,
    idempotencyKey: `run/${taskName}`,
    signal: controller.signal,
    logs,
    fractions,
    messages,
    isCancelled() {
      looks += 1;
      if (options.cancelAfter !== undefined && looks > options.cancelAfter) controller.abort();
      return controller.signal.aborted;
    },
    progress(fraction, message) {
      fractions.push(fraction);
      messages.push(message ?? '');
    },
    log: (level, message) => logs.push({ level, message }),
    heartbeat: () => undefined,
    resources: {
      tryAllocate: () => null,
      allocate: async () => {
        throw new Error('the inventory tasks take their capacity before they start');
      },
      allocateSync: () => {
        throw new Error('the inventory tasks take their capacity before they start');
      },
      release: () => undefined,
    },
    artifact: async (name, bytes) => writeArtifact(folder, name, bytes),
    readArtifact: (reference) => new ArtifactStore(folder).read(reference),
  };
}

function writeArtifact(folder: string, name: string, content: Uint8Array | string): ArtifactReference {
  if (name === '') throw new Error('an artifact needs a name');
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  const hash = `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, hash);
  writeFileSync(path, bytes);
  return { artifact: name, hash, sizeBytes: bytes.byteLength, path };
}
