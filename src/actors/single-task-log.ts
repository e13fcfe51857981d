// Owns what is said of single tasks: each turn in their lives as a fact of the task's own run, and as an event for those
// who listen. It decides nothing, and says a fact before its event.

import type { Clock } from '../domain/clock.ts';
import type { EventSink, EventSubject } from '../domain/events.ts';
import type { AttemptPlace, TaskSubmitted } from '../domain/facts.ts';
import type { RunId, SessionId, TaskId } from '../domain/ids.ts';
import type { JsonObject, JsonValue } from '../domain/json-value.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import type { Journal } from '../journal/journal.ts';
import type { TaskRecord, TaskSpec } from './task-record.ts';

/** What names a single task. */
export interface NamedTask {
  readonly taskId: TaskId;
  readonly name: string;
}

interface EndedTask extends NamedTask {
  readonly attempts: number;
  readonly output: unknown;
}

export interface SingleTaskLogParts {
  readonly journal: Journal;
  readonly events: EventSink;
  readonly clock: Clock;
}

/** Each method gives the number of its fact. */
export class SingleTaskLog {
  readonly #parts: SingleTaskLogParts;
  readonly #ids: { readonly runId: RunId; readonly sessionId: SessionId };

  /** `ids`: under which the events of all single tasks are told. */
  constructor(parts: SingleTaskLogParts, ids: { readonly runId: RunId; readonly sessionId: SessionId }) {
    this.#parts = parts;
    this.#ids = ids;
  }

  submitted(
    taskId: TaskId,
    spec: TaskSpec,
    given: {
      readonly atMs: number;
      readonly parameters: JsonObject;
      readonly dependencies: readonly TaskId[];
      readonly resources: Readonly<Record<string, number>>;
    },
  ): number {
    return this.#parts.journal.append({
      type: 'task.submitted',
      v: 1,
      runId: taskId,
      atMs: given.atMs,
      task: spec.name,
      module: spec.module,
      action: spec.action,
      parameters: given.parameters,
      dependencies: given.dependencies,
      priority: spec.level,
      resources: given.resources,
      ...(spec.concurrency === null ? {} : { concurrency: spec.concurrency }),
      ...(Number.isFinite(spec.expectedMs) ? { estimatedMs: spec.expectedMs } : {}),
      timeoutMs: spec.timeoutMs,
      totalTimeoutMs: spec.totalTimeoutMs,
      heartbeatTimeoutMs: spec.heartbeatTimeoutMs,
      retry: recordedRetry(spec.retry),
    });
  }

  completed(task: EndedTask, { attemptStartedMs, threadId }: TaskRecord, atMs: number): number {
    const { journal, events } = this.#parts;
    const { taskId: runId, name, attempts: attempt, output } = task;
    const sequence = journal.append({
      type: 'task.completed',
      v: 1,
      runId,
      atMs,
      task: name,
      attempt,
      // Executors let only JSON-recordable results through.
      output: output as JsonValue,
      threadId,
    });
    if (events.wants('task.completed')) {
      const durationMs = atMs - attemptStartedMs;
      events.emit('task.completed', this.#subject(task), { attempt, durationMs, threadId, output });
    }
    return sequence;
  }

  failed(task: EndedTask, error: SerializedError, place: AttemptPlace, atMs: number): number {
    const { journal, events } = this.#parts;
    const { taskId: runId, name, attempts: attempt } = task;
    const sequence = journal.append({ type: 'task.failed', v: 1, runId, atMs, task: name, attempt, error, ...place });
    events.emit('task.failed', this.#subject(task), { attempt, error, required: true, ...place });
    return sequence;
  }

  cancelRequested({ taskId: runId, name }: NamedTask, reason: string): number {
    const { journal, clock } = this.#parts;
    return journal.append({ type: 'task.cancel-requested', v: 1, runId, atMs: clock.now(), task: name, reason });
  }

  /** `place`: where its attempt ran, if it had begun. */
  cancelled(task: NamedTask, reason: string, atMs: number, place: AttemptPlace = {}): number {
    const { journal, events } = this.#parts;
    const { taskId: runId, name } = task;
    const sequence = journal.append({ type: 'task.cancelled', v: 1, runId, atMs, task: name, reason, ...place });
    events.emit('task.cancelled', this.#subject(task), { reason, ...place });
    return sequence;
  }

  skipped(task: NamedTask, reason: string, atMs: number): number {
    const { journal, events } = this.#parts;
    const { taskId: runId, name } = task;
    const why = { code: 'UPSTREAM_FAILED', reason } as const;
    const sequence = journal.append({ type: 'task.skipped', v: 1, runId, atMs, task: name, ...why });
    events.emit('task.skipped', this.#subject(task), { ...why });
    return sequence;
  }

  /** It goes on after a crash within its process, which counts as no recovery. */
  recovered(taskId: TaskId, recovery: number): number {
    const { journal, clock } = this.#parts;
    return journal.append({ type: 'run.recovered', v: 1, runId: taskId, atMs: clock.now(), recovery });
  }

  suspended(taskId: TaskId): number {
    const { journal, clock } = this.#parts;
    return journal.append({ type: 'run.suspended', v: 1, runId: taskId, atMs: clock.now() });
  }

  #subject({ taskId, name }: NamedTask): EventSubject {
    return { ...this.#ids, task: name, taskId };
  }
}

// JSON knows no Infinity. The policy itself is never changed, so that it need not be copied otherwise.
function recordedRetry(retry: RetryPolicy): TaskSubmitted['retry'] {
  const { maxAttempts, maxIntervalMs } = retry;
  if (Number.isFinite(maxAttempts) && Number.isFinite(maxIntervalMs)) return retry;
  return {
    ...retry,
    maxAttempts: Number.isFinite(maxAttempts) ? maxAttempts : null,
    maxIntervalMs: Math.min(maxIntervalMs, Number.MAX_SAFE_INTEGER),
  };
}
