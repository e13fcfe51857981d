// Owns the facts of the journal: past tense, versioned, plain JSON. The engine's durable state is their fold.
// A run may be a workflow's or a single task's; a single task's run has the task's own id.
// Kinds only ever gain versions: what was written once stays readable.

import type { ConcurrencyLimit } from './concurrency-limit.ts';
import type { JsonObject, JsonValue } from './json-value.ts';
import type { SerializedError } from './serialized-error.ts';
import type { ExecutionMode } from './statuses.ts';

interface FactBase {
  /** Schema version of this kind of fact. */
  readonly v: 1;
  readonly runId: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

/** The frame of a run: what its session demands. */
export interface SessionFrame {
  readonly sessionId: string;
  readonly name: string;
  readonly mode: ExecutionMode;
  /** null = no limit, also below. */
  readonly maxParallelTasks: number | null;
  readonly maxParallelWorkflows: number | null;
  readonly timeoutMs: number | null;
  /** When it times out, absolute. */
  readonly deadlineMs: number | null;
  readonly resourceRequirements: Readonly<Record<string, number>>;
}

/** A run was asked for; it may have to wait for its place. */
export interface RunCreated extends FactBase {
  readonly type: 'run.created';
  readonly workflow: string;
  /** Under which the journal keeps the definition. */
  readonly definition: string;
  readonly session: SessionFrame;
  /** Whether the session was made for this run alone and ends with it. */
  readonly ownSession: boolean;
  readonly parameters: JsonObject;
  readonly steps: number;
  readonly mode: ExecutionMode;
  /** null = as many as there are threads. */
  readonly maxParallel: number | null;
  /** The ended run whose outputs it takes over; null = none. */
  readonly rerunOf: string | null;
}

/** A single task was submitted; its run id is the task's id. */
export interface TaskSubmitted extends FactBase {
  readonly type: 'task.submitted';
  readonly task: string;
  readonly module: string;
  readonly action: string;
  readonly parameters: JsonObject;
  /** Ids of tasks submitted before. */
  readonly dependencies: readonly string[];
  readonly priority: number;
  readonly resources: Readonly<Record<string, number>>;
  /** Left out = none. */
  readonly concurrency?: ConcurrencyLimit | undefined;
  /** Expected duration of an attempt; left out = not known. */
  readonly estimatedMs?: number | undefined;
  readonly timeoutMs: number | null;
  readonly totalTimeoutMs: number | null;
  readonly heartbeatTimeoutMs: number | null;
  readonly retry: {
    /** null = without end. */
    readonly maxAttempts: number | null;
    readonly initialIntervalMs: number;
    readonly backoff: number;
    readonly maxIntervalMs: number;
    readonly jitter: number;
    readonly nonRetryable: readonly string[];
  };
}

export type RunFact =
  | RunCreated
  | (FactBase & {
      readonly type: 'run.started';
      /** When the run times out, absolute; null = never. */
      readonly deadlineMs: number | null;
    })
  /** An engine took the run up again; `recovery` counts the lives that ended without `run.suspended`. */
  | (FactBase & { readonly type: 'run.recovered'; readonly recovery: number })
  /** The engine was shut down in good order with the run unfinished. */
  | (FactBase & { readonly type: 'run.suspended' })
  /** It was taken up too often and is left alone until someone releases it. */
  | (FactBase & { readonly type: 'run.parked'; readonly code: string; readonly reason: string })
  /** Someone released it by hand: recoveries count from 0 again. */
  | (FactBase & { readonly type: 'run.released' })
  | (FactBase & { readonly type: 'run.paused' })
  | (FactBase & { readonly type: 'run.resumed' })
  | (FactBase & { readonly type: 'run.cancel-requested'; readonly reason: string; readonly timedOut: boolean })
  | (FactBase & {
      readonly type: 'run.ended';
      readonly status: 'completed' | 'failed' | 'cancelled';
      /** Why it was cancelled or timed out; null for any other end. */
      readonly reason: string | null;
      readonly timedOut: boolean;
    });

/** Where an attempt ran, in the fact of its end. Facts of earlier versions of Yardmaster are without. */
export interface AttemptPlace {
  /** 0 = the main thread; left out = it came to no thread, or that is not known. */
  readonly threadId?: number | undefined;
  /** Its thread was terminated under it. */
  readonly killed?: true | undefined;
}

export type TaskFact =
  | TaskSubmitted
  /** Its output was taken over from an earlier run; it does not run. */
  | (FactBase & {
      readonly type: 'task.adopted';
      readonly task: string;
      readonly output: JsonValue;
      readonly fromRunId: string;
    })
  | (FactBase & {
      readonly type: 'task.started';
      readonly task: string;
      readonly attempt: number;
      /** Of this attempt, absolute; null = no limit. */
      readonly deadlineMs: number | null;
      /** Of the whole task, retries included, absolute; null = no limit. */
      readonly expiresAtMs: number | null;
    })
  | (FactBase & {
      readonly type: 'task.completed';
      readonly task: string;
      readonly attempt: number;
      readonly output: JsonValue;
    } & AttemptPlace)
  | (FactBase & {
      readonly type: 'task.retry-scheduled';
      readonly task: string;
      readonly attempt: number;
      readonly error: SerializedError;
      readonly dueMs: number;
    } & AttemptPlace)
  | (FactBase & {
      readonly type: 'task.failed';
      readonly task: string;
      /** 0 = it never started. */
      readonly attempt: number;
      readonly error: SerializedError;
    } & AttemptPlace)
  /** Asked for while an attempt was under way; the attempt may still be ending. */
  | (FactBase & { readonly type: 'task.cancel-requested'; readonly task: string; readonly reason: string })
  | (FactBase & { readonly type: 'task.cancelled'; readonly task: string; readonly reason: string } & AttemptPlace)
  | (FactBase & {
      readonly type: 'task.skipped';
      readonly task: string;
      readonly code: string;
      readonly reason: string;
    });

export type Fact = RunFact | TaskFact;
