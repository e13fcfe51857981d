// Owns the facts of the journal: past tense, versioned, plain JSON. The engine's durable state is their fold.

import type { JsonObject, JsonValue } from './json-value.ts';
import type { SerializedError } from './serialized-error.ts';

interface FactBase {
  /** Schema version of this kind of fact. */
  readonly v: 1;
  readonly runId: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

export type Fact =
  | (FactBase & {
      readonly type: 'run.started';
      readonly workflow: string;
      readonly sessionId: string;
      readonly parameters: JsonObject;
      readonly steps: number;
    })
  | (FactBase & { readonly type: 'run.ended'; readonly status: 'completed' | 'failed' | 'cancelled' })
  | (FactBase & { readonly type: 'run.paused' })
  | (FactBase & { readonly type: 'run.resumed' })
  | (FactBase & {
      readonly type: 'task.started';
      readonly task: string;
      readonly attempt: number;
      /** Absolute; null = no limit. */
      readonly deadlineMs: number | null;
    })
  | (FactBase & {
      readonly type: 'task.completed';
      readonly task: string;
      readonly attempt: number;
      readonly output: JsonValue;
    })
  | (FactBase & {
      readonly type: 'task.retry-scheduled';
      readonly task: string;
      readonly attempt: number;
      readonly error: SerializedError;
      readonly dueMs: number;
    })
  | (FactBase & {
      readonly type: 'task.failed';
      readonly task: string;
      readonly attempt: number;
      readonly error: SerializedError;
    })
  | (FactBase & { readonly type: 'task.cancelled'; readonly task: string; readonly reason: string })
  | (FactBase & {
      readonly type: 'task.skipped';
      readonly task: string;
      readonly code: string;
      readonly reason: string;
    });
