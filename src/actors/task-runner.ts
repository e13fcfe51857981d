// Owns the effects of task actors: queueing, attempts, deadlines, backoff, facts and events; and the way back from an
// executor's outcome to the actor that waits for it.
// It never decides what a task does next: the task machine does, the scheduler decides when, the owner what follows.

import type { AnyActorRef } from 'xstate';
import type { Clock, RandomSource, TimerService } from '../domain/clock.ts';
import type { EventSink, EventSubject } from '../domain/events.ts';
import { taskIdOf } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { retryDelayMs } from '../domain/retry-policy.ts';
import { assertNever } from '../domain/runtime-error.ts';
import { type SerializedError, serializeError } from '../domain/serialized-error.ts';
import type { LogLevel } from '../domain/task-context.ts';
import type { AttemptOutcome, AttemptSink } from '../domain/task-executor.ts';
import type { Journal } from '../journal/journal.ts';
import { compileMachine } from '../machines/machine-compiler.ts';
import { type TaskEnding, taskMachine } from '../machines/task-machine.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import { ActorRegistry } from './actor-registry.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type TaskLogic, type TaskOwner, TaskRecord, type TaskSpec } from './task-record.ts';

/** More attempts than this cannot be told apart from no limit. */
const ENDLESS_ATTEMPTS = Number.MAX_SAFE_INTEGER;

export interface TaskRunnerParts {
  readonly scheduler: Scheduler<CapacityRequest>;
  readonly dispatcher: Dispatcher;
  readonly journal: Journal;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: TimerService;
  readonly random: RandomSource;
  /** Between asking a body to stop and terminating its thread. */
  readonly cancelGraceMs: number;
  /** Compiled: the same states and snapshots at a tenth of the cost. Interpreted: microsteps can be inspected. */
  readonly taskMachine: 'compiled' | 'interpreted';
}

export class TaskRunner implements AttemptSink {
  readonly #parts: TaskRunnerParts;
  readonly #logic: TaskLogic;
  readonly #records = new Map<number, TaskRecord>();
  readonly #attempts = new Map<number, TaskRecord>();
  #keys = 0;
  #attemptKeys = 0;

  constructor(parts: TaskRunnerParts) {
    this.#parts = parts;
    const machine = taskMachine.provide({
      actions: {
        enqueue: ({ context }) => this.#enqueue(this.#record(context.key)),
        dequeue: ({ context }) => this.#dequeue(this.#record(context.key)),
        startAttempt: ({ context }) => this.#startAttempt(this.#record(context.key), context.attempt),
        endAttempt: ({ context }) => this.#endAttempt(this.#record(context.key)),
        stopAttempt: ({ context }) => this.#stopAttempt(this.#record(context.key)),
        scheduleRetry: ({ context }) => this.#scheduleRetry(this.#record(context.key), context.error),
        unscheduleRetry: ({ context }) => this.#cancelTimer(this.#record(context.key)),
      },
    });
    this.#logic = parts.taskMachine === 'interpreted' ? machine : compileMachine(machine);
  }

  /** Tasks whose actors live. */
  get liveCount(): number {
    return this.#records.size;
  }

  /** A registry for the tasks of one owner. */
  createRegistry(parent?: AnyActorRef): ActorRegistry<TaskLogic> {
    return ActorRegistry.start<TaskLogic>({
      ...(parent === undefined ? {} : { parent }),
      id: 'tasks',
      childId: 'task',
      onDone: (_child, output) => this.#ended(output),
      onError: (child, error) => this.#crashed(child.getSnapshot().context.key, error),
    });
  }

  /** Starts the actor of a task all of whose dependencies have ended. */
  start(owner: TaskOwner, index: number, spec: TaskSpec, taskId = taskIdOf(owner.runId, spec.name)): TaskRecord {
    const record = new TaskRecord(++this.#keys, owner, index, spec, taskId);
    this.#records.set(record.key, record);
    const { retry } = spec;
    const actor = owner.tasks.create(this.#logic, {
      key: record.key,
      maxAttempts: Number.isFinite(retry.maxAttempts) ? retry.maxAttempts : ENDLESS_ATTEMPTS,
      timeoutMs: spec.timeoutMs,
      nonRetryable: retry.nonRetryable,
    });
    record.actor = actor;
    actor.start();
    return record;
  }

  /** Something outside changed what may start. */
  wake(): void {
    this.#parts.dispatcher.pumpSoon();
  }

  cancel(record: TaskRecord, reason: string): void {
    record.actor?.send({ type: 'task.cancel', reason });
  }

  // --- what executors tell

  settled(attemptKey: number, outcome: AttemptOutcome): void {
    const record = this.#attempts.get(attemptKey);
    if (record === undefined) return;
    record.threadId = outcome.threadId;
    if (record.actor === undefined) {
      // Its actor crashed; only now is the body gone and its capacity free.
      this.#endAttempt(record);
      this.#parts.dispatcher.pump();
      return;
    }
    switch (outcome.kind) {
      case 'completed':
        record.actor.send({ type: 'attempt.completed', output: outcome.output });
        break;
      case 'failed':
        record.actor.send({ type: 'attempt.failed', error: outcome.error });
        break;
      case 'stopped':
        record.actor.send({ type: 'attempt.stopped' });
        break;
      case 'returned':
        record.actor.send({ type: 'attempt.returned' });
        break;
      default:
        assertNever(outcome);
    }
    this.#parts.dispatcher.pump();
  }

  progress(attemptKey: number, fraction: number, message: string | null): void {
    const record = this.#attempts.get(attemptKey);
    if (record === undefined) return;
    this.#parts.events.emit('task.progress', subjectOf(record), { attempt: record.attempt, fraction, message });
  }

  log(attemptKey: number, level: LogLevel, message: string, fields: JsonObject | null): void {
    const record = this.#attempts.get(attemptKey);
    if (record === undefined) return;
    this.#parts.events.emit('task.log', subjectOf(record), { attempt: record.attempt, level, message, fields });
  }

  // --- effects of the task machine

  #enqueue(record: TaskRecord): void {
    const { events, scheduler, dispatcher } = this.#parts;
    if (events.wants('task.ready')) events.emit('task.ready', subjectOf(record), { attempt: record.attempt + 1 });
    scheduler.enqueue(record);
    dispatcher.pumpSoon();
  }

  #dequeue(record: TaskRecord): void {
    this.#parts.scheduler.remove(record);
    this.#parts.dispatcher.pumpSoon();
  }

  #startAttempt(record: TaskRecord, attempt: number): void {
    const { clock, timers, journal, events, dispatcher } = this.#parts;
    const { spec, owner } = record;
    const nowMs = clock.now();
    const deadlineMs = spec.timeoutMs === null ? null : nowMs + spec.timeoutMs;
    record.attempt = attempt;
    record.attemptKey = ++this.#attemptKeys;
    record.attemptStartedMs = nowMs;
    this.#attempts.set(record.attemptKey, record);
    journal.append({
      type: 'task.started',
      v: 1,
      runId: owner.runId,
      atMs: nowMs,
      task: spec.name,
      attempt,
      deadlineMs,
    });
    if (events.wants('task.started')) {
      events.emit('task.started', subjectOf(record), { attempt, module: spec.module, action: spec.action });
    }
    if (deadlineMs !== null) {
      record.timer = timers.schedule(deadlineMs, () => record.actor?.send({ type: 'task.deadline' }));
    }
    let parameters: JsonObject;
    try {
      parameters = owner.parametersOf(record);
    } catch (error) {
      record.actor?.send({ type: 'attempt.failed', error: serializeError(error, 'REFERENCE_INVALID') });
      return;
    }
    dispatcher.execute(record.pool, {
      attemptKey: record.attemptKey,
      runId: owner.runId,
      taskName: spec.name,
      idempotencyKey: record.taskId,
      attempt,
      module: spec.module,
      action: spec.action,
      parameters,
    });
  }

  #endAttempt(record: TaskRecord): void {
    this.#cancelTimer(record);
    if (record.attemptKey === 0) return;
    this.#attempts.delete(record.attemptKey);
    record.attemptKey = 0;
    this.#parts.scheduler.finished(record);
  }

  #stopAttempt(record: TaskRecord): void {
    this.#cancelTimer(record);
    this.#parts.dispatcher.stop(record.pool, record.attemptKey, this.#parts.cancelGraceMs);
  }

  #scheduleRetry(record: TaskRecord, lastError: SerializedError | null): void {
    const { clock, timers, journal, events, random } = this.#parts;
    const { spec, owner, attempt } = record;
    const nowMs = clock.now();
    const delayMs = retryDelayMs(spec.retry, attempt, random);
    const dueMs = nowMs + delayMs;
    const error = lastError ?? serializeError(undefined);
    journal.append({
      type: 'task.retry-scheduled',
      v: 1,
      runId: owner.runId,
      atMs: nowMs,
      task: spec.name,
      attempt,
      error,
      dueMs,
    });
    events.emit('task.retrying', subjectOf(record), {
      attempt,
      maxAttempts: spec.retry.maxAttempts,
      delayMs: Math.round(delayMs),
      error,
    });
    record.timer = timers.schedule(dueMs, () => {
      record.timer = undefined;
      record.actor?.send({ type: 'task.retry-due' });
    });
  }

  #cancelTimer(record: TaskRecord): void {
    if (record.timer === undefined) return;
    this.#parts.timers.cancel(record.timer);
    record.timer = undefined;
  }

  // --- the end of a task actor

  #ended(ending: TaskEnding): void {
    const record = this.#records.get(ending.key);
    if (record === undefined) return;
    this.#records.delete(ending.key);
    record.owner.taskEnded(record, ending);
  }

  /** A task actor ended with an error of its own: the task fails, what it held is given back. */
  #crashed(key: number, error: unknown): void {
    const record = this.#records.get(key);
    if (record === undefined) return;
    this.#cancelTimer(record);
    this.#records.delete(key);
    record.actor = undefined;
    // A body under way keeps its capacity until the executor says that it is gone.
    if (record.attemptKey !== 0) this.#parts.dispatcher.stop(record.pool, record.attemptKey, 0);
    else if (record.state === 'started') this.#parts.scheduler.finished(record);
    else this.#parts.scheduler.remove(record);
    record.owner.taskEnded(record, {
      key,
      kind: 'failed',
      attempts: record.attempt,
      output: null,
      error: serializeError(error, 'ACTOR_CRASHED'),
      reason: null,
    });
  }

  #record(key: number): TaskRecord {
    const record = this.#records.get(key);
    if (record === undefined) throw new Error(`no record of task ${key}`);
    return record;
  }
}

/** The subject of events about a task. */
function subjectOf(record: TaskRecord): EventSubject {
  const { owner, spec, taskId } = record;
  return { sessionId: owner.sessionId, runId: owner.runId, task: spec.name, taskId };
}
