// Owns what a ThreadExecutor is started with, and the check of it.

import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock, TimerService } from '../domain/clock.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import type { AttemptSink } from '../domain/task-executor.ts';
import { BOARD_ROWS } from './attempt-board.ts';
import type { ThreadHost } from './thread-host.ts';

export const DEFAULT_HEAP_LIMIT_MB = 1_024;
/** With much less, V8 ends the whole process while a thread is being made. */
const LEAST_HEAP_LIMIT_MB = 32;

export interface ThreadExecutorOptions {
  /** 1…1024. */
  readonly threads: number;
  /** Absolute. */
  readonly tasksDirs: readonly string[];
  /** Modules known by name ahead of all others: name → file URL. Read at each start of an attempt, so it may grow. */
  readonly modules?: ReadonlyMap<string, string>;
  /** Bytes of the capacity ledger; null = tasks have no `context.resources`. */
  readonly ledgerBuffer: SharedArrayBuffer | null;
  /** Absolute; made when the first artifact is written. */
  readonly artifactsDir: string;
  /** Of each thread, at least 32; default 1024. Typed arrays and buffers do not count. */
  readonly heapLimitMb?: number;
  readonly sink: AttemptSink;
  readonly host: ThreadHost;
  readonly timers: TimerService;
  readonly clock: Clock;
  /** Called when a thread becomes free: after its start, after an attempt, after a replacement. */
  readonly slotFree?: () => void;
  /** Called for what concerns no running attempt: code that an ended attempt left behind, faults of the pool. */
  readonly warnings?: (message: string, error: SerializedError | null) => void;
  /** Absolute path of the file that threads run; default: this package's. For tests of the pool itself. */
  readonly entryFile?: string;
}

/** @throws RuntimeError ARGUMENT_INVALID with every fault in `details.faults`. */
export function checkThreadOptions(options: ThreadExecutorOptions): void {
  const { threads, tasksDirs, artifactsDir, heapLimitMb = DEFAULT_HEAP_LIMIT_MB } = options;
  const faults: string[] = [];
  if (!Number.isInteger(threads) || threads < 1 || threads > BOARD_ROWS) {
    faults.push(`threads must be a whole number from 1 to ${BOARD_ROWS}, not ${threads}`);
  }
  for (const dir of tasksDirs) if (!isAbsolute(dir)) faults.push(`tasks folder '${dir}' must be an absolute path`);
  if (!isAbsolute(artifactsDir)) faults.push(`artifacts folder '${artifactsDir}' must be an absolute path`);
  if (!Number.isFinite(heapLimitMb) || heapLimitMb < LEAST_HEAP_LIMIT_MB) {
    faults.push(`the heap limit of a thread must be at least ${LEAST_HEAP_LIMIT_MB} MB, not ${heapLimitMb}`);
  }
  if (faults.length > 0) {
    throw new RuntimeError('ARGUMENT_INVALID', `threads cannot be started: ${faults.join('; ')}`, {
      details: { faults },
    });
  }
}

/** The thread entry beside this file: TypeScript in the source tree, JavaScript in the built package. */
export function threadEntryFile(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`thread-entry.${extension}`, import.meta.url));
}
