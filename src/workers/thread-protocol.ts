// Owns what crosses between the main thread and a pool thread: the start data, one message and one reply an attempt,
// and the calls a thread makes home. Only plain data; both sides import these types, neither imports the other.
//
//   main ── Piscina task: PackedAttempt[] ──▶ thread         (one attempt today, a batch of short ones later)
//   main ◀── Piscina result: PackedReply[] ── thread
//   main ◀── hello on parentPort: {threadId, port} ── thread (once, when its entry file is loaded)
//   main ◀── comlink over that port: HomeApi ── thread       (progress, log, waiting for capacity, children)
//   main ◀── over that port, beside comlink: BlockedWaitMessage ──▶ thread (a wait that blocks its thread)

import { MessagePort } from 'node:worker_threads';
import type { JsonObject } from '../domain/json-value.ts';
import type { TraceCarrier } from '../domain/run-tracing.ts';
import { assertNever, invariant } from '../domain/runtime-error.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import type { LogLevel } from '../domain/task-context.ts';
import type { TaskAssignment } from '../domain/task-executor.ts';

/** What a thread is given when it starts (Piscina's workerData). */
export interface ThreadStart {
  /** Bytes of the AttemptBoard. */
  readonly board: SharedArrayBuffer;
  /** Bytes of the capacity ledger; null = tasks have no `context.resources`. */
  readonly ledger: SharedArrayBuffer | null;
  readonly tasksDirs: readonly string[];
  readonly artifactsDir: string;
}

/** One attempt as a thread sees it. */
export interface AttemptMessage {
  readonly attemptKey: number;
  /** Its row on the AttemptBoard. */
  readonly row: number;
  readonly runId: string;
  readonly taskName: string;
  /** null = `<runId>/<taskName>`. */
  readonly idempotencyKey: string | null;
  readonly attempt: number;
  readonly module: string;
  /** File URL of a registered module; null = built in or in a tasks folder. */
  readonly moduleUrl: string | null;
  readonly action: string;
  readonly parameters: JsonObject;
  /** The span under which the body runs; null = nobody traces. */
  readonly trace: TraceCarrier | null;
}

/**
 * The same as it crosses: a tuple without keys and without empty parameters. Measured, an object with these keys costs
 * 0.7 µs more each way, of about 12 µs for the whole round trip. The last element is there only when somebody traces.
 */
export type PackedAttempt = readonly [
  attemptKey: number,
  row: number,
  runId: string,
  taskName: string,
  attempt: number,
  module: string,
  moduleUrl: string | null,
  action: string,
  parameters: JsonObject | null,
  idempotencyKey: string | null,
  trace?: TraceCarrier,
];

/** An attempt's end in its thread. `json`: arrays and objects travel as text. */
export type AttemptEnd =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'error'; readonly error: SerializedError };

/** The reply as it crosses. `said`: messages the thread had sent home by then, all to be heard before this. */
export type PackedReply =
  | readonly [attemptKey: number, said: number, kind: 'value', value: unknown]
  | readonly [attemptKey: number, said: number, kind: 'json', text: string]
  | readonly [attemptKey: number, said: number, kind: 'error', error: SerializedError];

export function packAttempt(assignment: TaskAssignment, row: number, moduleUrl: string | null): PackedAttempt {
  const { attemptKey, runId, taskName, attempt, module, action, parameters, idempotencyKey, trace } = assignment;
  const own = isEmpty(parameters) ? null : parameters;
  const key = idempotencyKey === undefined || idempotencyKey === `${runId}/${taskName}` ? null : idempotencyKey;
  if (trace === undefined) return [attemptKey, row, runId, taskName, attempt, module, moduleUrl, action, own, key];
  return [attemptKey, row, runId, taskName, attempt, module, moduleUrl, action, own, key, trace];
}

export function unpackAttempt(packed: PackedAttempt): AttemptMessage {
  const [attemptKey, row, runId, taskName, attempt, module, moduleUrl, action, own, idempotencyKey, trace = null] =
    packed;
  const parameters = own ?? {};
  return { attemptKey, row, runId, taskName, idempotencyKey, attempt, module, moduleUrl, action, parameters, trace };
}

export function packReply(attemptKey: number, said: number, end: AttemptEnd): PackedReply {
  switch (end.kind) {
    case 'value':
      return [attemptKey, said, 'value', end.value];
    case 'json':
      return [attemptKey, said, 'json', end.text];
    case 'error':
      return [attemptKey, said, 'error', end.error];
    default:
      return assertNever(end);
  }
}

function isEmpty(parameters: object): boolean {
  for (const _ in parameters) return false;
  // Something that is no plain object is sent as it is, so that it is refused and not lost.
  return Object.getPrototypeOf(parameters) === Object.prototype;
}

/** Progress or a log line of an attempt. */
export type Utterance =
  | { readonly kind: 'progress'; readonly fraction: number; readonly message: string | null }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: JsonObject | null };

/** Answer to a thread that waits for capacity; when granted, the ledger already counts it for the thread. */
export type AllocationAnswer =
  | { readonly granted: true }
  | { readonly granted: false; readonly error: SerializedError };

/** What a thread may call on the main thread. */
export interface HomeApi {
  say(attemptKey: number, utterances: readonly Utterance[]): void;
  allocate(
    attemptKey: number,
    request: Readonly<Record<string, number>>,
    timeoutMs: number | null,
  ): Promise<AllocationAnswer>;
  /** Takes back every `allocate` of the attempt that still waits. */
  abandonAllocations(attemptKey: number): void;
  /** The thread is about to end because code of the running attempt threw outside of its promise. */
  uncaught(error: SerializedError): void;
  /** Code of an attempt that has already ended threw; nobody else is to blame. */
  stray(taskName: string, runId: string, error: SerializedError): void;
  childStarted(processId: number): void;
  childEnded(processId: number): void;
}

const HELLO = 'yardmaster.hello';

interface Hello {
  readonly kind: typeof HELLO;
  readonly threadId: number;
  readonly port: MessagePort;
}

/** The first message of a thread; its port must be in the transfer list. */
export function createHello(threadId: number, port: MessagePort): Hello {
  return { kind: HELLO, threadId, port };
}

/** The hello in a message that arrived on the pool, or undefined: task code may post there too. */
export function parseHello(message: unknown): Hello | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { kind, threadId, port } = message as Partial<Record<keyof Hello, unknown>>;
  if (kind !== HELLO || typeof threadId !== 'number' || !(port instanceof MessagePort)) return undefined;
  return { kind: HELLO, threadId, port };
}

/**
 * What crosses beside comlink for a wait that blocks its thread: that one can take in no answers and run no promises, so a
 * question must leave nothing behind there. The grant comes through the thread's row of the ledger.
 */
export type BlockedWaitMessage =
  | {
      readonly kind: 'blocked-wait.ask';
      readonly attemptKey: number;
      readonly ticket: number;
      readonly request: Readonly<Record<string, number>>;
    }
  /** The thread, which keeps the time itself, does not wait for that ticket any more. */
  | { readonly kind: 'blocked-wait.withdraw'; readonly ticket: number }
  /** Why it gets nothing; posted before the thread is woken. */
  | { readonly kind: 'blocked-wait.refused'; readonly ticket: number; readonly error: SerializedError };

/** Whether a message on the line is such a one; the others are comlink's. No task can post there. */
export function isBlockedWaitMessage(message: unknown): message is BlockedWaitMessage {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  return typeof message.kind === 'string' && message.kind.startsWith('blocked-wait.');
}

/** Checks the start data by hand: a schema library would cost each thread 40 ms of its start. */
export function parseThreadStart(data: unknown): ThreadStart {
  invariant(typeof data === 'object' && data !== null, 'a thread was started without its start data');
  const { board, ledger, tasksDirs, artifactsDir } = data as Partial<Record<keyof ThreadStart, unknown>>;
  invariant(board instanceof SharedArrayBuffer, 'a thread was started without the attempt board');
  invariant(ledger === null || ledger instanceof SharedArrayBuffer, 'the ledger of a thread is not shared memory');
  invariant(typeof artifactsDir === 'string', 'a thread was started without an artifacts folder');
  invariant(Array.isArray(tasksDirs), 'a thread was started without its tasks folders');
  return { board, ledger, tasksDirs: tasksDirs.map(String), artifactsDir };
}
