// Owns the effects of task actors: queueing, attempts, deadlines, backoff, facts and events; and the way back from an
// executor's outcome to the actor that waits for it.
// It never decides what a task does next: the task machine does, the scheduler decides when, the owner what follows.

import type { AnyActorRef } from 'xstate';
import type { Clock, RandomSource, TimerService } from '../domain/clock.ts';
import type { EventSink, EventSubject } from '../domain/events.ts';
import type { Fact } from '../domain/facts.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { retryDelayMs } from '../domain/retry-policy.ts';
import type { RunTracing } from '../domain/run-tracing.ts';
import { assertNever, isRuntimeError } from '../domain/runtime-error.ts';
import { type SerializedError, serializeError } from '../domain/serialized-error.ts';
import { priorityName, TaskPriority } from '../domain/statuses.ts';
import type { LogLevel } from '../domain/task-context.ts';
import type { AttemptOutcome, AttemptSink } from '../domain/task-executor.ts';
import type { Journal } from '../journal/journal.ts';
import { compileMachine } from '../machines/machine-compiler.ts';
import { type TaskEnding, taskMachine } from '../machines/task-machine.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import { ActorRegistry, createRegistryLogic, type RegistryHandlers, type RegistryLogic } from './actor-registry.ts';
import { endSpan, startSpan, type ToldEnd } from './attempt-spans.ts';
import type { Dispatcher } from './dispatcher.ts';
import { expire, LimitWatch } from './task-limits.ts';
import {
  placeOf,
  type TaskLogic,
  type TaskOwner,
  TaskRecord,
  type TaskSpec,
  type TaskStartOptions,
} from './task-record.ts';

/** More attempts than this cannot be told apart from no limit; interruptions can still be added to it. */
const ENDLESS_ATTEMPTS = 2 ** 52;

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
  /** Told of every attempt. */
  readonly tracing?: RunTracing;
}

const PRIORITIES = Object.values(TaskPriority);

interface RetryContext {
  readonly error: SerializedError | null;
  readonly maxAttempts: number;
}

export class TaskRunner implements AttemptSink {
  readonly #parts: TaskRunnerParts;
  readonly #logic: TaskLogic;
  readonly #records = new Map<number, TaskRecord>();
  readonly #attempts = new Map<number, TaskRecord>();
  readonly #limits: LimitWatch;
  /** Who waits for the end of bodies that were let go of, by attempt. */
  readonly #departures = new Map<number, () => void>();
  #keys = 0;
  #attemptKeys = 0;
  #frozen = false;

  constructor(parts: TaskRunnerParts) {
    this.#parts = parts;
    this.#limits = new LimitWatch({
      timers: parts.timers,
      now: () => parts.clock.now(),
      heartbeats: ({ pool, attemptKey }) => parts.dispatcher.heartbeats(pool, attemptKey),
    });
    const machine = taskMachine.provide({
      actions: {
        enqueue: ({ context }) => this.#enqueue(this.#record(context.key)),
        dequeue: ({ context }) => this.#dequeue(this.#record(context.key)),
        startAttempt: ({ context }) => this.#startAttempt(this.#record(context.key), context.attempt),
        endAttempt: (told) => this.#endAttempt(this.#record(told.context.key), told),
        stopAttempt: ({ context }) => this.#stopAttempt(this.#record(context.key)),
        scheduleRetry: ({ context }) => this.#scheduleRetry(this.#record(context.key), context),
        unscheduleRetry: ({ context }) => this.#cancelTimer(this.#record(context.key)),
      },
    });
    this.#logic = parts.taskMachine === 'interpreted' ? machine : compileMachine(machine);
  }

  /** Tasks whose actors live. */
  get liveCount(): number {
    return this.#records.size;
  }

  /** Tasks whose attempts are under way. */
  attemptsUnderWay(): IterableIterator<TaskRecord> {
    return this.#attempts.values();
  }

  /** The task whose attempt is under way under the key. */
  taskOfAttempt(attemptKey: number): TaskRecord | undefined {
    return this.#attempts.get(attemptKey);
  }

  /** The task whose actor has the key in its context, while it lives. */
  taskOf(key: number): TaskRecord | undefined {
    return this.#records.get(key);
  }

  /** With which priority an attempt waits for capacity: that of its task. */
  priorityOf(attemptKey: number): TaskPriority {
    return PRIORITIES[this.#attempts.get(attemptKey)?.level ?? TaskPriority.NORMAL] ?? TaskPriority.NORMAL;
  }

  /** When the longest attempt under way began (epoch milliseconds); undefined when there is none. */
  oldestAttemptMs(): number | undefined {
    let oldestMs: number | undefined;
    for (const { attemptStartedMs } of this.#attempts.values()) {
      if (oldestMs === undefined || attemptStartedMs < oldestMs) oldestMs = attemptStartedMs;
    }
    return oldestMs;
  }

  /** A registry for the tasks of one owner. */
  createRegistry(parent?: AnyActorRef): ActorRegistry<TaskLogic> {
    return ActorRegistry.start<TaskLogic>({
      ...(parent === undefined ? {} : { parent }),
      id: 'tasks',
      ...this.#handlers(),
    });
  }

  /** The same as logic, for a supervised child. */
  createRegistryLogic(): RegistryLogic<TaskLogic> {
    return createRegistryLogic<TaskLogic>(this.#handlers());
  }

  /**
   * Starts the actor of a task all of whose dependencies have ended, or takes one up again where an earlier life of the
   * engine left it. One whose time is up by then has ended, and its owner has been told, before this returns.
   */
  start(owner: TaskOwner, index: number, spec: TaskSpec, options: TaskStartOptions = {}): TaskRecord {
    const record = new TaskRecord(++this.#keys, owner, index, spec, options);
    const { restored } = options;
    this.#records.set(record.key, record);
    // A task of its own: its owner is nobody's work.
    if (record.factsRunId !== owner.runId) record.caller = this.#parts.tracing?.caller() ?? null;
    const actor = owner.tasks.create(this.#logic, {
      key: record.key,
      attempts: restored?.attempts ?? 0,
      maxAttempts: attemptsAllowed(spec) + (restored?.interruptions ?? 0),
      timeoutMs: spec.timeoutMs,
      nonRetryable: spec.retry.nonRetryable,
    });
    record.actor = actor;
    actor.start();
    if (restored !== undefined && !this.#frozen) {
      this.#limits.restored(record);
      const { dueMs, error } = restored;
      const isWaiting = dueMs !== null && actor.getSnapshot().status === 'active';
      if (isWaiting) actor.send({ type: 'task.postpone', error: error ?? serializeError(undefined) });
    }
    return record;
  }

  /**
   * Leaves all tasks as they are: outcomes, timers and messages are ignored from now on, nothing starts, no fact is
   * written. For an engine that goes down in good order while its tasks will be taken up again by another life.
   */
  freeze(): void {
    if (this.#frozen) return;
    this.#frozen = true;
    this.#parts.dispatcher.freeze();
    for (const record of this.#records.values()) {
      this.#cancelTimer(record);
      this.#limits.ended(record);
    }
  }

  /**
   * Lets go of tasks whose owner gives them up as they stand: nothing of them is started or told any more, and their
   * bodies are stopped. Resolves when none of these is left and what they held is free.
   */
  async letGo(records: readonly TaskRecord[]): Promise<void> {
    const departures: Promise<void>[] = [];
    for (const record of records) {
      if (!this.#records.has(record.key)) continue;
      const { attemptKey } = record;
      if (attemptKey !== 0) departures.push(new Promise((resolve) => this.#departures.set(attemptKey, resolve)));
      this.#drop(record, this.#parts.cancelGraceMs);
    }
    this.wake();
    await Promise.all(departures);
  }

  /** Something outside changed what may start. */
  wake(): void {
    this.#parts.dispatcher.pumpSoon();
  }

  cancel(record: TaskRecord, reason: string): void {
    if (!this.#frozen) record.actor?.send({ type: 'task.cancel', reason });
  }

  // --- what executors tell

  settled(attemptKey: number, outcome: AttemptOutcome): void {
    const record = this.#attempts.get(attemptKey);
    if (record === undefined) return;
    record.threadId = outcome.threadId;
    record.killed = outcome.kind === 'stopped' && outcome.killed;
    if (record.actor === undefined || this.#frozen) {
      // Its actor crashed, or is left alone; only now is the body gone and its capacity free.
      this.#endAttempt(record);
      this.#departures.get(attemptKey)?.();
      this.#departures.delete(attemptKey);
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
        if (record.attempt === 1) this.#limits.firstReturned(record);
        record.actor.send({ type: 'attempt.returned' });
        break;
      default:
        assertNever(outcome);
    }
    this.#parts.dispatcher.pump();
  }

  progress(attemptKey: number, fraction: number, message: string | null): void {
    const record = this.#attempts.get(attemptKey);
    if (record === undefined || this.#frozen) return;
    this.#parts.events.emit('task.progress', subjectOf(record), { attempt: record.attempt, fraction, message });
  }

  log(attemptKey: number, level: LogLevel, message: string, fields: JsonObject | null): void {
    const record = this.#attempts.get(attemptKey);
    if (record === undefined || this.#frozen) return;
    this.#parts.events.emit('task.log', subjectOf(record), { attempt: record.attempt, level, message, fields });
  }

  // --- effects of the task machine

  #enqueue(record: TaskRecord): void {
    const { events, scheduler, dispatcher } = this.#parts;
    if (this.#frozen) return;
    // One that is postponed at once was not ready.
    if (record.restoredDueMs === null && events.wants('task.ready'))
      events.emit('task.ready', subjectOf(record), { attempt: record.attempt + 1 });
    scheduler.enqueue(record, this.#parts.clock.now());
    dispatcher.pumpSoon();
  }

  #dequeue(record: TaskRecord): void {
    this.#parts.scheduler.remove(record);
    this.#parts.dispatcher.pumpSoon();
  }

  #startAttempt(record: TaskRecord, attempt: number): void {
    const { clock, timers, events, dispatcher, tracing } = this.#parts;
    const { spec, owner, factsRunId: runId } = record;
    const nowMs = clock.now();
    const deadlineMs = spec.timeoutMs === null ? null : nowMs + spec.timeoutMs;
    record.attempt = attempt;
    record.attemptKey = ++this.#attemptKeys;
    record.attemptStartedMs = nowMs;
    record.threadId = -1;
    record.killed = false;
    record.isStopping = false;
    record.span = tracing === undefined ? null : startSpan(tracing, record);
    this.#attempts.set(record.attemptKey, record);
    this.#limits.attemptStarting(record, nowMs);
    const expiresAtMs = record.limits?.expiresAtMs ?? null;
    const fact = { type: 'task.started', v: 1, runId, atMs: nowMs, task: spec.name, attempt } as const;
    if (!this.#write({ ...fact, deadlineMs, expiresAtMs })) {
      this.#endAttempt(record);
      return;
    }
    if (events.wants('task.started')) {
      const { module, action } = spec;
      const waitedMs = nowMs - record.readyAtMs;
      const priority = priorityName(record.level);
      events.emit('task.started', subjectOf(record), { attempt, module, action, priority, waitedMs });
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
      runId,
      taskName: spec.name,
      idempotencyKey: record.taskId,
      attempt,
      module: spec.module,
      action: spec.action,
      parameters,
      trace: record.span?.carrier ?? undefined,
    });
    this.#limits.attemptStarted(record);
  }

  #endAttempt(record: TaskRecord, told?: ToldEnd): void {
    this.#cancelTimer(record);
    this.#limits.attemptEnding(record);
    if (record.attemptKey === 0) return;
    endSpan(record, told);
    this.#attempts.delete(record.attemptKey);
    record.attemptKey = 0;
    this.#parts.scheduler.finished(record, this.#parts.clock.now());
  }

  #stopAttempt(record: TaskRecord): void {
    record.isStopping = true;
    this.#cancelTimer(record);
    this.#limits.attemptEnding(record);
    this.#parts.dispatcher.stop(record.pool, record.attemptKey, this.#parts.cancelGraceMs);
  }

  #scheduleRetry(record: TaskRecord, { error: lastError, maxAttempts }: RetryContext): void {
    const { clock, timers, events, random } = this.#parts;
    const { spec, attempt, restoredDueMs, factsRunId: runId } = record;
    if (this.#frozen) return;
    record.restoredDueMs = null;
    const nowMs = clock.now();
    const allowed = attemptsAllowed(spec);
    // Delays grow with failures; an interruption is none.
    const failures = Math.max(1, attempt - (maxAttempts - allowed));
    const dueMs = restoredDueMs ?? nowMs + retryDelayMs(spec.retry, failures, random);
    const error = lastError ?? serializeError(undefined);
    const expiresAtMs = record.limits?.expiresAtMs ?? null;
    if (expiresAtMs !== null && dueMs >= expiresAtMs) {
      expire(record);
      return;
    }
    const fact = { type: 'task.retry-scheduled', v: 1, runId, atMs: nowMs, task: spec.name, attempt } as const;
    // One that is from an earlier life is written already.
    if (restoredDueMs === null && !this.#write({ ...fact, error, dueMs, ...placeOf(record) })) return;
    events.emit('task.retrying', subjectOf(record), {
      attempt,
      maxAttempts: allowed === ENDLESS_ATTEMPTS ? Number.POSITIVE_INFINITY : maxAttempts,
      delayMs: Math.round(Math.max(0, dueMs - nowMs)),
      error,
      ...placeOf(record),
    });
    record.span?.retryScheduled(dueMs - nowMs, error);
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

  #handlers(): RegistryHandlers<TaskLogic> {
    return {
      childId: 'task',
      onDone: (_child, output) => this.#ended(output),
      onError: (child, error) => this.#crashed(child.getSnapshot().context.key, error),
    };
  }

  #ended(ending: TaskEnding): void {
    const record = this.#records.get(ending.key);
    if (record === undefined) return;
    this.#records.delete(ending.key);
    this.#limits.ended(record);
    this.#tellOwner(record, ending);
  }

  /** A task actor ended with an error of its own: the task fails, what it held is given back. */
  #crashed(key: number, error: unknown): void {
    const record = this.#records.get(key);
    if (record === undefined) return;
    this.#drop(record, 0);
    this.#tellOwner(record, {
      key,
      kind: 'failed',
      attempts: record.attempt,
      output: null,
      error: serializeError(error, 'ACTOR_CRASHED'),
      reason: null,
    });
  }

  #drop(record: TaskRecord, graceMs: number): void {
    const { dispatcher, scheduler, clock } = this.#parts;
    this.#cancelTimer(record);
    this.#limits.ended(record);
    this.#records.delete(record.key);
    record.actor = undefined;
    // A body under way keeps its capacity until the executor says that it is gone.
    if (record.attemptKey !== 0) dispatcher.stop(record.pool, record.attemptKey, graceMs);
    else if (record.state === 'started') scheduler.finished(record, clock.now());
    else scheduler.remove(record);
  }

  #tellOwner(record: TaskRecord, ending: TaskEnding): void {
    if (this.#frozen) return;
    try {
      record.owner.taskEnded(record, ending);
    } catch (error) {
      // It could not write the end down: as far as the journal goes, it has not ended.
      if (!this.#isJournalLost(error)) throw error;
      this.freeze();
    }
  }

  /** False: nothing can be written any more, and what was to follow must not happen. */
  #write(fact: Fact): boolean {
    if (this.#frozen) return false;
    try {
      this.#parts.journal.append(fact);
      return true;
    } catch (error) {
      if (!this.#isJournalLost(error)) throw error;
      this.freeze();
      return false;
    }
  }

  #isJournalLost(error: unknown): boolean {
    return this.#parts.journal.failure !== null || (isRuntimeError(error) && error.code === 'ENGINE_CLOSED');
  }

  #record(key: number): TaskRecord {
    const record = this.#records.get(key);
    if (record === undefined) throw new Error(`no record of task ${key}`);
    return record;
  }
}

/** Attempts that a task's policy allows it. */
function attemptsAllowed({ retry }: TaskSpec): number {
  return Number.isFinite(retry.maxAttempts) ? retry.maxAttempts : ENDLESS_ATTEMPTS;
}

/** The subject of events about a task. */
function subjectOf(record: TaskRecord): EventSubject {
  const { owner, spec, taskId } = record;
  return { sessionId: owner.sessionId, runId: owner.runId, task: spec.name, taskId };
}
