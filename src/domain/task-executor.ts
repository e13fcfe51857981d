// Owns the port between the engine and whatever runs task bodies: threads first, other processes or machines later.
// Nothing here assumes that a body runs in this process.

import type { JsonObject } from './json-value.ts';
import type { TraceCarrier } from './run-tracing.ts';
import type { SerializedError } from './serialized-error.ts';
import type { LogLevel } from './task-context.ts';

/** One attempt of one task, ready to run: everything is plain data. */
export interface TaskAssignment {
  /** Unique among all attempts of the engine; a small integer. */
  readonly attemptKey: number;
  readonly runId: string;
  readonly taskName: string;
  /** The same for every attempt of the task; `<runId>/<taskName>` when left out. */
  readonly idempotencyKey?: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly module: string;
  readonly action: string;
  /** References already replaced. */
  readonly parameters: JsonObject;
  /** The span under which the body runs; left out when nobody traces. */
  readonly trace?: TraceCarrier | undefined;
}

/** How an attempt ended. Given exactly once, and only when the body can no longer run. */
export type AttemptOutcome =
  | { readonly kind: 'completed'; readonly output: unknown; readonly threadId: number }
  | { readonly kind: 'failed'; readonly error: SerializedError; readonly threadId: number }
  /** `stop` was called and the body is gone; `killed` tells whether its thread had to be terminated. */
  | { readonly kind: 'stopped'; readonly killed: boolean; readonly threadId: number }
  /** The executor could not start it soon enough and gives it back, as if it had not been picked. */
  | { readonly kind: 'returned'; readonly threadId: number };

/** What an executor tells about its attempts; one sink for all, so that no attempt needs a closure of its own. */
export interface AttemptSink {
  settled(attemptKey: number, outcome: AttemptOutcome): void;
  progress(attemptKey: number, fraction: number, message: string | null): void;
  log(attemptKey: number, level: LogLevel, message: string, fields: JsonObject | null): void;
}

export interface TaskExecutor {
  /** How many attempts it would start at once right now. */
  freeSlots(): number;
  /** Starts an attempt; the caller keeps to `freeSlots`. Never throws: a fault is a `failed` outcome. */
  execute(assignment: TaskAssignment): void;
  /**
   * Asks an attempt to end: its signal aborts now, its thread is terminated after `graceMs`.
   * Unknown or ended keys are ignored. The outcome still comes through the sink.
   */
  stop(attemptKey: number, graceMs: number): void;
  /** Heartbeats of a running attempt so far (a count that may wrap); undefined when it has not begun or has ended. */
  heartbeats(attemptKey: number): number | undefined;
}
