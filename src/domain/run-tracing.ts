// Owns the port through which runs and attempts are told to a tracer as spans. The engine works the same without one:
// every call may do nothing, none may throw, and what is handed back is passed on unseen.

import type { SerializedError } from './serialized-error.ts';
import type { PriorityName } from './statuses.ts';

/** What tells code elsewhere to which span it belongs: header names and values (W3C: `traceparent`, `tracestate`). */
export type TraceCarrier = Readonly<Record<string, string>>;

export interface TracedRun {
  readonly runId: string;
  readonly sessionId: string;
  readonly workflow: string;
  readonly mode: string;
  readonly tasks: number;
  /** The run that it repeats. */
  readonly rerunOf: string | null;
  /** An earlier engine began it. */
  readonly recovered: boolean;
}

/** How a run ended; `suspended`: its engine was shut down before it had. */
export interface TracedRunEnd {
  readonly status: 'completed' | 'failed' | 'cancelled' | 'suspended';
  /** Why it did not complete, for people. */
  readonly reason: string | null;
}

export interface TracedAttempt {
  readonly runId: string;
  readonly sessionId: string;
  readonly taskId: string;
  readonly task: string;
  readonly attempt: number;
  readonly module: string;
  readonly action: string;
  readonly priority: PriorityName;
}

/** How an attempt ended. */
export type TracedAttemptEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'failed'; readonly error: SerializedError }
  | { readonly kind: 'cancelled'; readonly reason: string }
  /** It was taken away from its body by no fault of the task: the thread died, the engine stopped. */
  | { readonly kind: 'interrupted' }
  /** No thread came free for it; it starts again under the same number. */
  | { readonly kind: 'returned' };

/** The span of one attempt. */
export interface AttemptSpan {
  /** For the body, wherever it runs; null = nothing is passed on. */
  readonly carrier: TraceCarrier | null;
  /** It failed and another attempt follows; told in the turn of its end. */
  retryScheduled(delayMs: number, error: SerializedError): void;
  /** `threadId`: -1 = it came to no thread. */
  end(end: TracedAttemptEnd, threadId: number): void;
}

/** The caller's place in a trace, for work that is begun later; only who made it can read it. */
export type TraceCaller = object;

export interface RunTracing {
  /** Called within the caller's `startWorkflow`, so that the span of the run becomes a child of the caller's. */
  runStarted(run: TracedRun): void;
  runEnded(runId: string, end: TracedRunEnd): void;
  /** The caller's place in a trace now; null = nobody traces. */
  caller(): TraceCaller | null;
  /** Whether a run has a span: lets the path of every attempt skip what nobody looks at. */
  isTraced(runId: string): boolean;
  /** Begins the span of an attempt under that of its run, else under its caller's; null = nobody traces. */
  attemptStarted(attempt: TracedAttempt, caller: TraceCaller | null): AttemptSpan | null;
  /** Ends what is open: no more is heard of it. */
  close(): void;
}
