// Owns the log: the engine's events as JSON lines of pino, each with level, time and the ids of its subject, into a file or
// a stream. Outputs and parameters of tasks stay out of it: they may be large, and secret.
//
// The engine never waits for the log and never hears of its faults: what comes while more than a bound lies unwritten is
// dropped and counted in the log itself, and a destination that fails (disk full, reader gone) ends the log alone.

import { createWriteStream, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import type Pino from 'pino';
import { EVENT_TYPES, type RuntimeEvent, type RuntimeEventType } from '../domain/events.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { holdWritable } from './read-pipes.ts';

/** From the least to the gravest. */
export const EVENT_LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type EventLogLevel = (typeof EVENT_LOG_LEVELS)[number];

export interface EventLogOptions {
  /** Appended to; made when it is not there. */
  readonly file?: string;
  /** Written to in place of a file, and left open. */
  readonly stream?: Writable;
  /** The least level that is written; default `info`. */
  readonly level?: EventLogLevel;
  /** Bytes that may lie unwritten, default 16 MiB; lines beyond are dropped and counted. */
  readonly maxWaitingBytes?: number;
  /** Told once when nothing can be written any more; without it, `close` rejects. */
  readonly onWarning?: (message: string) => void;
}

/** A log that is being written. */
export interface EventLog {
  /** Lines that are not in it. */
  readonly dropped: number;
  /** Writes what waits and closes the file. Harmless when repeated. @throws RuntimeError FILE_UNWRITABLE without `onWarning` */
  close(): Promise<void>;
}

/** The line that tells of lines that are not there; no event of the engine. */
export const DROPPED_LINE = 'log.dropped';

const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const PRIVATE_DATA: ReadonlySet<string> = new Set(['output', 'parameters']);

/** The level of each event; that of `task.log` is what its body said, and a thread that leaves with its engine is no news. */
export const EVENT_LEVELS = {
  'session.created': 'debug',
  'session.started': 'debug',
  'session.closed': 'debug',
  'workflow.started': 'info',
  'workflow.completed': 'info',
  'workflow.failed': 'error',
  'workflow.cancelled': 'warn',
  'workflow.paused': 'info',
  'workflow.resumed': 'info',
  'workflow.recovered': 'info',
  'workflow.suspended': 'warn',
  'workflow.held': 'warn',
  'workflow.planned': 'debug',
  'workflow.parked': 'error',
  'workflow.load-failed': 'error',
  'task.ready': 'debug',
  'task.waiting': 'debug',
  'task.started': 'info',
  'task.progress': 'debug',
  'task.log': null,
  'task.retrying': 'warn',
  'task.completed': 'info',
  'task.failed': 'error',
  'task.cancelled': 'warn',
  'task.skipped': 'info',
  'task.adopted': 'debug',
  'resource.registered': 'debug',
  'resource.allocated': 'debug',
  'resource.released': 'debug',
  'resource.refused': 'debug',
  'resource.deadlock': 'error',
  'worker.started': 'debug',
  'worker.killed': 'warn',
  'worker.exited': 'warn',
  'worker.warning': 'warn',
  'journal.failed': 'fatal',
  'supervisor.child-crashed': 'error',
  'supervisor.restarted': 'warn',
  'supervisor.gave-up': 'fatal',
  'handler.failed': 'error',
} as const satisfies Record<RuntimeEventType, EventLogLevel | null>;

/**
 * Writes the engine's events from now on, one JSON line each.
 * @throws RuntimeError FILE_UNWRITABLE, ARGUMENT_INVALID unless exactly one of `file` and `stream` is given
 * @example
 * const log = logEvents(engine, { file: 'run.log', level: 'warn' });
 * await log.close();
 */
export function logEvents(
  engine: Pick<OrchestrationEngine, 'registerEventHandler'>,
  options: EventLogOptions,
): EventLog {
  return new EventLogWriter(engine, options);
}

class EventLogWriter implements EventLog {
  readonly #options: EventLogOptions;
  readonly #stream: Writable;
  readonly #logger: Pino.Logger;
  readonly #maxWaitingBytes: number;
  readonly #unsubscribers: (() => void)[] = [];
  readonly #onError = (error: Error) => this.#failed(error);
  #dropped = 0;
  /** Of these, those that the log has not told of. */
  #untold = 0;
  #failure: RuntimeError | undefined;
  #closing: Promise<void> | undefined;

  constructor(engine: Pick<OrchestrationEngine, 'registerEventHandler'>, options: EventLogOptions) {
    const { level = 'info', maxWaitingBytes = MAX_WAITING_BYTES } = options;
    this.#options = options;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#stream = openStream(options);
    this.#stream.on('error', this.#onError);
    this.#logger = loadPino()(
      { level, base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
      { write: (line: string) => this.#write(line) },
    );
    const least = EVENT_LOG_LEVELS.indexOf(level);
    for (const type of EVENT_TYPES) {
      const typeLevel = EVENT_LEVELS[type];
      if (typeLevel !== null && EVENT_LOG_LEVELS.indexOf(typeLevel) < least) continue;
      this.#unsubscribers.push(engine.registerEventHandler(type, (event) => this.#log(event)));
    }
  }

  get dropped(): number {
    return this.#dropped;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#detach();
    if (this.#failure === undefined) {
      this.#tellDropped();
      await new Promise<void>((resolve) => {
        // What fails tells it by its event; either way it is over.
        const done = () => {
          this.#stream.off('close', done);
          resolve();
        };
        this.#stream.once('close', done);
        if (this.#options.stream === undefined) this.#stream.end(done);
        else this.#stream.write('', done);
      });
    }
    // A file's own errors may come after its last write; those of a stream that goes on are its owner's again.
    if (this.#options.stream !== undefined) this.#stream.off('error', this.#onError);
    if (this.#failure !== undefined && this.#options.onWarning === undefined) throw this.#failure;
  }

  #log(event: RuntimeEvent): void {
    try {
      this.#tellDropped();
      this.#logger[levelOf(event)](lineOf(event), sayingOf(event));
    } catch {
      // Something in the event cannot be written: the line is lost, and counted as the others.
      this.#dropped++;
      this.#untold++;
    }
  }

  #write(line: string): void {
    if (this.#failure !== undefined) return;
    // Characters are no bytes, but a bound need not be exact.
    if (this.#stream.writableLength + line.length > this.#maxWaitingBytes) {
      this.#dropped++;
      this.#untold++;
    } else this.#stream.write(line);
  }

  /** Says that lines are missing, where they are missing. */
  #tellDropped(): void {
    if (this.#untold === 0 || this.#stream.writableLength > this.#maxWaitingBytes / 2) return;
    const dropped = this.#untold;
    this.#untold = 0;
    this.#logger.warn({ event: DROPPED_LINE, dropped }, `${dropped} lines were dropped: they came faster than written`);
  }

  #failed(error: Error): void {
    if (this.#failure !== undefined) return;
    const place = this.#options.file === undefined ? 'the stream of the log' : `log file '${this.#options.file}'`;
    this.#failure = new RuntimeError('FILE_UNWRITABLE', `${place} cannot be written any more: ${messageOf(error)}`, {
      cause: error,
    });
    this.#detach();
    try {
      this.#options.onWarning?.(this.#failure.message);
    } catch {
      // Whoever is warned must not disturb the engine either.
    }
  }

  #detach(): void {
    for (const unsubscribe of this.#unsubscribers.splice(0)) unsubscribe();
  }
}

// Only for who logs: it takes 20 ms to load. By require, since a log is to begin with the call that asks for it.
function loadPino(): typeof Pino {
  const pino: typeof Pino = createRequire(import.meta.url)('pino');
  return pino;
}

function openStream({ file, stream }: EventLogOptions): Writable {
  if ((file === undefined) === (stream === undefined)) {
    throw new RuntimeError('ARGUMENT_INVALID', 'a log needs either a file or a stream to be written to');
  }
  if (stream !== undefined) return stream;
  try {
    const release = holdWritable(file ?? '');
    try {
      return createWriteStream('', { fd: openSync(file ?? '', 'a') });
    } finally {
      release();
    }
  } catch (error) {
    throw new RuntimeError('FILE_UNWRITABLE', `log file '${file}' cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function levelOf({ type, data }: RuntimeEvent): EventLogLevel {
  const level = EVENT_LEVELS[type];
  if (type === 'worker.exited' && data.reason === 'shutdown') return 'debug';
  if (level !== null) return level;
  return EVENT_LOG_LEVELS.find((name) => name === data.level) ?? 'info';
}

function lineOf(event: RuntimeEvent): Record<string, unknown> {
  const { at, type, seq, sessionId, runId, task, taskId, resourceId, data } = event;
  const shown: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(data)) if (!PRIVATE_DATA.has(key)) shown[key] = value;
  return { time: at, event: type, seq, sessionId, runId, task, taskId, resourceId, data: shown };
}

/** The event in words: what a body said, why something happened, or just its name. */
function sayingOf({ type, data }: RuntimeEvent): string {
  if (type === 'task.log') return String(data.message);
  const { error, message, reason } = data;
  if (typeof error === 'object' && error !== null && 'message' in error) return `${type}: ${String(error.message)}`;
  if (typeof message === 'string') return `${type}: ${message}`;
  return typeof reason === 'string' ? `${type}: ${reason}` : type;
}
