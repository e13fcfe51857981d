// Owns what the spans of attempts are told: when they begin, under whom, and how their end follows from what the task
// machine was told. It decides nothing, and without a tracer does nothing.

import type { AttemptSpan, RunTracing, TracedAttemptEnd } from '../domain/run-tracing.ts';
import { serializeError } from '../domain/serialized-error.ts';
import { priorityName } from '../domain/statuses.ts';
import type { TaskEnding, TaskEvent } from '../machines/task-machine.ts';
import type { TaskRecord } from './task-record.ts';

/** The span of the attempt that a task is about to make; null = nobody traces. */
export function startSpan(tracing: RunTracing, record: TaskRecord): AttemptSpan | null {
  const { owner, spec, taskId, attempt, level, caller } = record;
  if (caller === null && !tracing.isTraced(owner.runId)) return null;
  return tracing.attemptStarted(
    {
      runId: owner.runId,
      sessionId: owner.sessionId,
      taskId,
      task: spec.name,
      attempt,
      module: spec.module,
      action: spec.action,
      priority: priorityName(level),
    },
    caller,
  );
}

/** Ends the span of an attempt. `told`: what its actor knows and is being told; left out when it hears nothing any more. */
export function endSpan(record: TaskRecord, told?: ToldEnd): void {
  const { span } = record;
  if (span === null) return;
  span.end(told === undefined ? { kind: 'interrupted' } : endOf(record, told), record.threadId);
}

/** The context of a task machine and the event that ends its attempt. */
export interface ToldEnd {
  readonly context: Pick<TaskEnding, 'error' | 'reason'>;
  readonly event: TaskEvent;
}

function endOf({ isStopping }: TaskRecord, { context, event }: ToldEnd): TracedAttemptEnd {
  if (event.type === 'attempt.returned') return { kind: 'returned' };
  if (context.reason !== null) return { kind: 'cancelled', reason: context.reason };
  // Its time was up: whatever the body did in its grace, the attempt has failed with the error of that.
  if (isStopping) return { kind: 'failed', error: context.error ?? serializeError(undefined) };
  switch (event.type) {
    case 'attempt.completed':
      return { kind: 'completed' };
    case 'attempt.failed':
      return { kind: 'failed', error: event.error };
    default:
      return { kind: 'interrupted' };
  }
}
