// Owns what a run says of its tasks: each end as a fact for the journal and an event for those who listen, and the record
// of errors, skips and required tasks that did not complete. It decides nothing.

import type { Clock } from '../domain/clock.ts';
import type { EventSink, EventSubject } from '../domain/events.ts';
import type { AttemptPlace } from '../domain/facts.ts';
import { type RunId, taskIdOf } from '../domain/ids.ts';
import type { JsonValue } from '../domain/json-value.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import { TaskStatus } from '../domain/statuses.ts';
import type { Journal } from '../journal/journal.ts';
import type { TaskHistory } from '../journal/run-history.ts';
import type { TaskEnding } from '../machines/task-machine.ts';
import type { RunPlan } from './run-plan.ts';
import type { TaskRecord } from './task-record.ts';

/** Why a task was skipped. */
export interface SkipReason {
  readonly code: 'UPSTREAM_FAILED' | 'CONDITION_FALSE';
  readonly reason: string;
}

/** The same, as the facts of a skipped task tell it. */
export function recordedSkip({ skipCode, reason }: TaskHistory): SkipReason {
  return { code: skipCode === 'CONDITION_FALSE' ? 'CONDITION_FALSE' : 'UPSTREAM_FAILED', reason: reason ?? '' };
}

interface RunReporterParts {
  readonly journal: Journal;
  readonly events: EventSink;
  readonly clock: Clock;
}

export class RunReporter {
  readonly #parts: RunReporterParts;
  readonly #runId: RunId;
  readonly #subject: EventSubject;
  readonly #plan: RunPlan;
  readonly #errors = new Map<number, SerializedError>();
  readonly #skips = new Map<number, SkipReason>();
  /** Required tasks that failed. */
  failedRequired = 0;
  /** Required tasks that were cancelled. */
  cancelledRequired = 0;

  /** `subject` names the run. */
  constructor(parts: RunReporterParts, runId: RunId, subject: EventSubject, plan: RunPlan) {
    this.#parts = parts;
    this.#runId = runId;
    this.#subject = subject;
    this.#plan = plan;
  }

  /** Takes over what an earlier life of the run has reported of a task; writes and tells nothing. */
  restore(index: number, history: TaskHistory): void {
    const { status, error } = history;
    if (status === 'failed' && error !== null) {
      this.#errors.set(index, error);
      if (this.#plan.isRequired(index)) this.failedRequired++;
    } else if (status === 'cancelled' && this.#plan.isRequired(index)) this.cancelledRequired++;
    else if (status === 'skipped') this.#skips.set(index, recordedSkip(history));
  }

  /** The output of a task is taken over from another run. */
  adopted(index: number, output: JsonValue, fromRunId: string): void {
    const { journal, events, clock } = this.#parts;
    const task = this.#nameOf(index);
    journal.append({ type: 'task.adopted', v: 1, runId: this.#runId, atMs: clock.now(), task, output, fromRunId });
    if (events.wants('task.adopted')) events.emit('task.adopted', this.#subjectOf(task), { fromRunId, output });
  }

  /** Someone asked to cancel a task whose attempt is under way. */
  cancelRequested(index: number, reason: string): void {
    const { journal, clock } = this.#parts;
    const task = this.#nameOf(index);
    journal.append({ type: 'task.cancel-requested', v: 1, runId: this.#runId, atMs: clock.now(), task, reason });
  }

  errorOf(index: number): SerializedError | undefined {
    return this.#errors.get(index);
  }

  skipOf(index: number): SkipReason | undefined {
    return this.#skips.get(index);
  }

  completed(record: TaskRecord, ending: TaskEnding): void {
    const { journal, events, clock } = this.#parts;
    const nowMs = clock.now();
    journal.append({
      type: 'task.completed',
      v: 1,
      runId: this.#runId,
      atMs: nowMs,
      task: record.spec.name,
      attempt: ending.attempts,
      // Executors let only JSON-recordable results through.
      output: (ending.output ?? null) as JsonValue,
      threadId: record.threadId,
    });
    if (!events.wants('task.completed')) return;
    events.emit('task.completed', this.#subjectOf(record.spec.name), {
      attempt: ending.attempts,
      durationMs: nowMs - record.attemptStartedMs,
      threadId: record.threadId,
      output: ending.output,
    });
  }

  failed(index: number, attempt: number, error: SerializedError, place: AttemptPlace): void {
    const { journal, events, clock } = this.#parts;
    const required = this.#plan.isRequired(index);
    const task = this.#nameOf(index);
    this.#errors.set(index, error);
    if (required) this.failedRequired++;
    journal.append({
      type: 'task.failed',
      v: 1,
      runId: this.#runId,
      atMs: clock.now(),
      task,
      attempt,
      error,
      ...place,
    });
    events.emit('task.failed', this.#subjectOf(task), { attempt, error, required, ...place });
  }

  /** `place`: where its attempt ran, if it had begun. */
  cancelled(index: number, reason: string, place: AttemptPlace = {}): void {
    const { journal, events, clock } = this.#parts;
    const task = this.#nameOf(index);
    if (this.#plan.isRequired(index)) this.cancelledRequired++;
    journal.append({ type: 'task.cancelled', v: 1, runId: this.#runId, atMs: clock.now(), task, reason, ...place });
    events.emit('task.cancelled', this.#subjectOf(task), { reason, ...place });
  }

  skipped(index: number, skip: SkipReason): void {
    const { journal, events, clock } = this.#parts;
    const task = this.#nameOf(index);
    this.#skips.set(index, skip);
    journal.append({ type: 'task.skipped', v: 1, runId: this.#runId, atMs: clock.now(), task, ...skip });
    events.emit('task.skipped', this.#subjectOf(task), { ...skip });
  }

  /** Skipped because of a dependency and how that one ended. */
  skippedBehind(index: number, cause: number, how: TaskStatus): void {
    const name = this.#nameOf(cause);
    this.skipped(index, {
      code: 'UPSTREAM_FAILED',
      reason:
        how === TaskStatus.FAILED ? `upstream failed: '${name}'` : `upstream did not complete: '${name}' was ${how}`,
    });
  }

  #nameOf(index: number): string {
    return this.#plan.tasks[index]?.name ?? '';
  }

  #subjectOf(task: string): EventSubject {
    return { ...this.#subject, task, taskId: taskIdOf(this.#runId, task) };
  }
}
