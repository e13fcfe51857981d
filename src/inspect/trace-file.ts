// Owns the recording of a trace: the actors' entries, the engine's events and the definitions of its runs as JSON lines in
// one file, in one causal order, so that a dashboard or Stately's inspector can be shown all of it again.
//
// The engine never waits for the disk: what happens while more than a bound lies unwritten is left out of the file, and
// counted there. It must never throw into the engine; a disk that fails ends the recording, and nothing else.

import { readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { RuntimeEvent } from '../domain/events.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { ActorTrace, type TracedEngine } from './actor-trace.ts';
import { boundedRecord, type CopyBounds } from './bounded-copy.ts';
import { holdWritable } from './read-pipes.ts';
import { TRACE_VERSION, type TraceLine } from './trace-entries.ts';

/** What a recording needs of an engine. */
export type RecordedEngine = TracedEngine &
  Pick<OrchestrationEngine, 'registerEventHandler' | 'getRunDefinition' | 'getRunHistory'>;

export interface TraceFileOptions {
  /** Told once when the file cannot be written any more; without it, `close` rejects. */
  readonly onWarning?: (message: string) => void;
  /** Characters that may wait for the disk, default 64 million (some 15,000 short tasks at once); what comes beyond is dropped and counted. */
  readonly maxWaitingCharacters?: number;
}

/** A recording under way. */
export interface TraceRecording {
  /** Entries that are not in the file. */
  readonly dropped: number;
  /** Writes what waits and the last line. Harmless when repeated. @throws RuntimeError FILE_UNWRITABLE without `onWarning` */
  close(): Promise<void>;
}

const PRODUCT = 'yardmaster';
const MAX_WAITING_CHARACTERS = 64_000_000;
/** A definition longer than this is not written: no viewer takes a line like that. */
const MAX_DEFINITION_CHARACTERS = 32_000_000;
/** Runs whose definition was written; the one that was seen first is forgotten beyond it. */
const MAX_RUNS = 10_000;
/** Outputs and log lines in events may be longer than what is kept of an actor's state. */
const EVENT_BOUNDS: CopyBounds = { depth: 20, characters: 16_000, entries: 1_000, total: 64_000 };
const LAST_EVENTS: ReadonlySet<string> = new Set(['workflow.completed', 'workflow.failed', 'workflow.cancelled']);

type Unplaced<Line> = Line extends { readonly seq: number } ? Omit<Line, 'seq'> : never;

/**
 * Records an engine into a file from now on; a file that is there is replaced.
 * @throws RuntimeError FILE_UNWRITABLE
 */
export async function recordTrace(
  engine: RecordedEngine,
  file: string,
  options: TraceFileOptions = {},
): Promise<TraceRecording> {
  let handle: FileHandle;
  try {
    const release = holdWritable(file);
    handle = await open(file, 'w').finally(release);
  } catch (error) {
    throw unwritable(file, error);
  }
  return new TraceRecorder(engine, file, handle, options);
}

class TraceRecorder implements TraceRecording {
  readonly #engine: RecordedEngine;
  readonly #writer: LineWriter;
  readonly #options: TraceFileOptions;
  readonly #trace: ActorTrace;
  readonly #detach: (() => void)[] = [];
  readonly #runs = new Set<string>();
  #sequence = 0;
  #droppedNow = 0;
  #dropped = 0;
  #closing: Promise<void> | undefined;

  constructor(engine: RecordedEngine, file: string, handle: FileHandle, options: TraceFileOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#trace = new ActorTrace(engine);
    this.#writer = new LineWriter(file, handle, options.maxWaitingCharacters ?? MAX_WAITING_CHARACTERS, (error) =>
      this.#failed(error),
    );
    this.#writer.write({
      kind: 'trace',
      version: TRACE_VERSION,
      product: PRODUCT,
      productVersion: packageVersion(),
      startedAt: new Date(this.#trace.startedAtMs).toISOString(),
    });
    this.#detach.push(
      this.#trace.subscribe((entry) => this.#put(entry)),
      engine.registerEventHandler('*', (event) => this.#event(event)),
    );
  }

  get dropped(): number {
    return this.#dropped;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop();
    if (this.#writer.failure === undefined) {
      this.#tellDropped();
      this.#line({ kind: 'trace-end', t: this.#trace.elapsedMs() });
    }
    await this.#writer.close();
    const { failure } = this.#writer;
    if (failure !== undefined && this.#options.onWarning === undefined) throw failure;
  }

  #stop(): void {
    for (const detach of this.#detach.splice(0)) detach();
  }

  #failed(error: RuntimeError): void {
    this.#stop();
    this.#options.onWarning?.(error.message);
  }

  #event(event: RuntimeEvent): void {
    const t = this.#trace.elapsedMs();
    const { runId } = event;
    if (runId !== undefined && !this.#runs.has(runId)) this.#run(runId, t);
    if (runId !== undefined && LAST_EVENTS.has(event.type)) this.#runs.delete(runId);
    this.#put({ kind: 'runtime', t, event: { ...event, data: boundedRecord(event.data, EVENT_BOUNDS) } });
  }

  #run(runId: string, t: number): void {
    this.#runs.add(runId);
    const [oldest] = this.#runs;
    if (this.#runs.size > MAX_RUNS && oldest !== undefined) this.#runs.delete(oldest);
    try {
      const history = this.#engine.getRunHistory(runId);
      // The run that all single tasks share in events has none: there is no more to them than their events say.
      if (history?.origin.type !== 'run.created') return;
      const definition = this.#engine.getRunDefinition(runId) ?? null;
      const isLong = JSON.stringify(definition).length > MAX_DEFINITION_CHARACTERS;
      const { parameters } = history.origin;
      const { createdAtMs } = history.record;
      this.#put({ kind: 'run', t, runId, definition: isLong ? null : definition, parameters, createdAtMs });
    } catch {
      // A journal that cannot be read says so where it matters; here the run has no graph.
    }
  }

  #put(line: Unplaced<TraceLine>): void {
    if (this.#writer.isFull) {
      this.#droppedNow++;
      this.#dropped++;
      return;
    }
    this.#tellDropped();
    this.#line(line);
  }

  #tellDropped(): void {
    if (this.#droppedNow === 0) return;
    const count = this.#droppedNow;
    this.#droppedNow = 0;
    this.#line({ kind: 'dropped', t: this.#trace.elapsedMs(), count });
  }

  #line(line: Unplaced<TraceLine>): void {
    this.#writer.write({ ...line, seq: ++this.#sequence });
  }
}

/** Writes lines in order, one write at a time, and says when enough of them wait. */
class LineWriter {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #limit: number;
  readonly #onFailure: (error: RuntimeError) => void;
  #lines: string[] = [];
  #waiting = 0;
  #isFull = false;
  #writing: Promise<void> | undefined;
  failure: RuntimeError | undefined;

  constructor(file: string, handle: FileHandle, limit: number, onFailure: (error: RuntimeError) => void) {
    this.#file = file;
    this.#handle = handle;
    this.#limit = limit;
    this.#onFailure = onFailure;
  }

  /** From the bound on until half of it is written: a gap is long rather than everywhere. */
  get isFull(): boolean {
    return this.#isFull;
  }

  write(line: object): void {
    if (this.failure !== undefined) return;
    const text = `${JSON.stringify(line)}\n`;
    this.#lines.push(text);
    this.#waiting += text.length;
    if (this.#waiting > this.#limit) this.#isFull = true;
    this.#writing ??= this.#writeWaiting();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#handle.close().catch((error: unknown) => this.#fail(error));
  }

  async #writeWaiting(): Promise<void> {
    // What else happens in this turn goes along.
    await Promise.resolve();
    try {
      while (this.#lines.length > 0) {
        const text = this.#takeBatch();
        await this.#handle.appendFile(text);
        this.#waiting -= text.length;
        if (this.#waiting <= this.#limit / 2) this.#isFull = false;
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#writing = undefined;
  }

  #takeBatch(): string {
    const lines = this.#lines;
    this.#lines = [];
    return lines.join('');
  }

  #fail(cause: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = unwritable(this.#file, cause);
    this.#lines = [];
    this.#onFailure(this.failure);
  }
}

// As package.json has it, in a checkout and in a built package alike.
function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}

function unwritable(file: string, cause: unknown): RuntimeError {
  return new RuntimeError(
    'FILE_UNWRITABLE',
    `the trace cannot be written to ${file}: ${messageOf(cause)}; check the folder and the space on the disk`,
    { cause, details: { file } },
  );
}
