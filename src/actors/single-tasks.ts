// Owns the tasks that are submitted one by one instead of as a workflow: one lane, strict priority, first in first out
// within a level. A task may name earlier ones that must complete first; it is `blocked` until then.
// Keeps the results of ended tasks up to a bound, then forgets the oldest.

import type { AnyActorRef } from 'xstate';
import type { Clock } from '../domain/clock.ts';
import type { EventSink, EventSubject } from '../domain/events.ts';
import type { RunId, SessionId, TaskId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { RecentKeys } from '../domain/recent-keys.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { type SerializedError, serializeError } from '../domain/serialized-error.ts';
import { TaskStatus } from '../domain/statuses.ts';
import { TASK_STATE_ALIASES, type TaskEnding } from '../machines/task-machine.ts';
import { Lane } from '../scheduling/lane.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import type { ActorRegistry } from './actor-registry.ts';
import type { TaskLogic, TaskOwner, TaskRecord, TaskSpec } from './task-record.ts';
import type { TaskRunner } from './task-runner.ts';

/** Results kept when nothing else is said. */
const DEFAULT_KEPT_RESULTS = 10_000;

/** A submitted task from its submission until its result is forgotten. */
export interface SingleTask {
  readonly taskId: TaskId;
  readonly spec: TaskSpec;
  readonly parameters: JsonObject;
  readonly dependencies: readonly TaskId[];
  readonly submittedAtMs: number;
  status: TaskStatus;
  startedAtMs: number | null;
  endedAtMs: number | null;
  attempts: number;
  output: unknown;
  error: SerializedError | null;
  reason: string | null;
}

export interface SingleTasksParts {
  readonly runner: TaskRunner;
  readonly scheduler: Scheduler<CapacityRequest>;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly keptResults?: number;
}

interface Entry extends SingleTask {
  /** In order of submission, from 1. */
  readonly number: number;
  record: TaskRecord | undefined;
  missing: number;
  readonly dependents: Entry[];
  readonly waiters: ((task: SingleTask) => void)[];
}

export class SingleTasks implements TaskOwner {
  readonly runId: RunId;
  readonly sessionId: SessionId;
  readonly lane: Lane<CapacityRequest>;
  readonly tasks: ActorRegistry<TaskLogic>;
  readonly #parts: SingleTasksParts;
  readonly #entries = new Map<TaskId, Entry>();
  readonly #byNumber = new Map<number, Entry>();
  /** Ended tasks whose results are kept, oldest first. */
  readonly #ended: RecentKeys<TaskId>;
  readonly #keptResults: number;
  #submitted = 0;
  #open = 0;
  readonly #idleWaiters: (() => void)[] = [];
  readonly counts = { completed: 0, failed: 0, cancelled: 0, skipped: 0 };

  constructor(parts: SingleTasksParts, ids: { runId: RunId; sessionId: SessionId }, parent?: AnyActorRef) {
    this.#parts = parts;
    this.#keptResults = parts.keptResults ?? DEFAULT_KEPT_RESULTS;
    this.#ended = new RecentKeys(this.#keptResults);
    this.runId = ids.runId;
    this.sessionId = ids.sessionId;
    this.lane = new Lane<CapacityRequest>({
      mode: 'priority',
      limit: Number.POSITIVE_INFINITY,
      group: { limit: Number.POSITIVE_INFINITY, inFlight: 0 },
    });
    parts.scheduler.addLane(this.lane);
    this.tasks = parts.runner.createRegistry(parent);
  }

  /** Tasks that have not ended. */
  get open(): number {
    return this.#open;
  }

  /**
   * Takes a task in; it starts when its dependencies have completed and its turn comes.
   * @throws RuntimeError DEPENDENCY_MISSING
   */
  submit(spec: TaskSpec, parameters: JsonObject, dependencies: readonly TaskId[]): SingleTask {
    const needed = dependencies.map((taskId) => {
      const entry = this.#entries.get(taskId);
      if (entry !== undefined) return entry;
      throw new RuntimeError(
        'DEPENDENCY_MISSING',
        `task '${spec.name}' depends on '${taskId}', which is no submitted task; submit that one first`,
        { details: { task: spec.name, dependency: taskId } },
      );
    });
    const number = ++this.#submitted;
    const entry: Entry = {
      number,
      taskId: `${this.runId}/${spec.name}#${number}` as TaskId,
      spec,
      parameters,
      dependencies,
      submittedAtMs: this.#parts.clock.now(),
      status: TaskStatus.PENDING,
      startedAtMs: null,
      endedAtMs: null,
      attempts: 0,
      output: null,
      error: null,
      reason: null,
      record: undefined,
      missing: 0,
      dependents: [],
      waiters: [],
    };
    this.#entries.set(entry.taskId, entry);
    this.#byNumber.set(number, entry);
    this.#open++;
    for (const dependency of needed) {
      if (dependency.status === TaskStatus.COMPLETED) continue;
      if (dependency.endedAtMs !== null) {
        this.#skip(entry, dependency);
        return entry;
      }
      entry.missing++;
      dependency.dependents.push(entry);
    }
    if (entry.missing === 0) this.#start(entry);
    else entry.status = TaskStatus.BLOCKED;
    return entry;
  }

  get(taskId: TaskId): SingleTask | undefined {
    const entry = this.#entries.get(taskId);
    if (entry?.record?.actor !== undefined && entry.endedAtMs === null) {
      const state = entry.record.actor.getSnapshot().value;
      entry.status = TASK_STATE_ALIASES[state] ?? (state as TaskStatus);
      entry.attempts = entry.record.attempt;
      if (entry.record.attempt > 0) entry.startedAtMs ??= entry.record.attemptStartedMs;
    }
    return entry;
  }

  *list(): IterableIterator<SingleTask> {
    for (const taskId of this.#entries.keys()) {
      const task = this.get(taskId);
      if (task !== undefined) yield task;
    }
  }

  /** Tasks that have not ended. */
  *openTasks(): IterableIterator<SingleTask> {
    for (const { taskId } of this.#byNumber.values()) {
      const task = this.get(taskId);
      if (task !== undefined) yield task;
    }
  }

  /** True exactly if the task will not complete because of this call. */
  cancel(taskId: TaskId, reason: string): boolean {
    const entry = this.#entries.get(taskId);
    if (entry === undefined || entry.endedAtMs !== null) return false;
    if (entry.record === undefined) {
      this.#finish(entry, TaskStatus.CANCELLED, { reason });
      this.#parts.events.emit('task.cancelled', this.#subject(entry), { reason });
      return true;
    }
    this.#parts.runner.cancel(entry.record, reason);
    // An attempt that ends in this very moment is settled before or after the event, never half.
    return entry.endedAtMs === null || entry.status !== TaskStatus.COMPLETED;
  }

  /** Resolves with the task once it has ended. @throws RuntimeError TASK_NOT_FOUND */
  wait(taskId: TaskId): Promise<SingleTask> {
    const entry = this.#entries.get(taskId);
    if (entry === undefined) {
      throw new RuntimeError(
        'TASK_NOT_FOUND',
        `no task '${taskId}' (results of the last ${this.#keptResults} ended tasks are kept)`,
        { details: { taskId } },
      );
    }
    if (entry.endedAtMs !== null) return Promise.resolve(entry);
    return new Promise((resolve) => entry.waiters.push(resolve));
  }

  /** Resolves when no submitted task is open. */
  idle(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  cancelAll(reason: string): void {
    for (const entry of [...this.#byNumber.values()]) this.cancel(entry.taskId, reason);
  }

  parametersOf(record: TaskRecord): JsonObject {
    return this.#byNumber.get(record.index)?.parameters ?? {};
  }

  taskEnded(record: TaskRecord, ending: TaskEnding): void {
    const entry = this.#byNumber.get(record.index);
    if (entry === undefined) return;
    entry.attempts = ending.attempts;
    if (record.attempt > 0) entry.startedAtMs ??= record.attemptStartedMs;
    const { events } = this.#parts;
    const durationMs = this.#parts.clock.now() - record.attemptStartedMs;
    switch (ending.kind) {
      case 'completed':
        this.#finish(entry, TaskStatus.COMPLETED, { output: ending.output });
        if (events.wants('task.completed')) {
          const { attempts: attempt, output } = ending;
          events.emit('task.completed', this.#subject(entry), {
            attempt,
            durationMs,
            threadId: record.threadId,
            output,
          });
        }
        break;
      case 'failed': {
        const error = ending.error ?? serializeError(undefined);
        this.#finish(entry, TaskStatus.FAILED, { error });
        events.emit('task.failed', this.#subject(entry), {
          attempt: ending.attempts,
          error,
          threadId: record.threadId,
          required: true,
        });
        break;
      }
      case 'cancelled': {
        const reason = ending.reason ?? 'the attempt was stopped';
        this.#finish(entry, TaskStatus.CANCELLED, { reason });
        events.emit('task.cancelled', this.#subject(entry), { reason });
        break;
      }
    }
  }

  #start(entry: Entry): void {
    entry.status = TaskStatus.READY;
    entry.record = this.#parts.runner.start(this, entry.number, entry.spec, entry.taskId);
  }

  #finish(
    entry: Entry,
    status: 'completed' | 'failed' | 'cancelled' | 'skipped',
    result: Partial<Pick<SingleTask, 'output' | 'error' | 'reason'>>,
  ): void {
    entry.status = status;
    entry.endedAtMs = this.#parts.clock.now();
    Object.assign(entry, result);
    entry.record = undefined;
    this.#byNumber.delete(entry.number);
    this.#open--;
    this.counts[status]++;
    for (const waiter of entry.waiters.splice(0)) waiter(entry);
    this.#keepResult(entry);
    for (const dependent of entry.dependents.splice(0)) {
      if (dependent.endedAtMs !== null) continue;
      if (status !== 'completed') this.#skip(dependent, entry);
      else if (--dependent.missing === 0) this.#start(dependent);
    }
    if (this.#open === 0) for (const waiter of this.#idleWaiters.splice(0)) waiter();
  }

  // Recursion with #finish is as deep as the chain of blocked tasks; a long chain is cut by a microtask.
  #skip(entry: Entry, cause: SingleTask): void {
    const reason = `upstream failed: '${cause.spec.name}' was ${cause.status}`;
    entry.status = TaskStatus.SKIPPED;
    queueMicrotask(() => {
      if (entry.endedAtMs !== null) return;
      this.#finish(entry, TaskStatus.SKIPPED, { reason });
      this.#parts.events.emit('task.skipped', this.#subject(entry), { code: 'UPSTREAM_FAILED', reason });
    });
  }

  #keepResult(entry: Entry): void {
    const forgotten = this.#ended.add(entry.taskId);
    if (forgotten !== undefined) this.#entries.delete(forgotten);
  }

  #subject(entry: Entry): EventSubject {
    return { sessionId: this.sessionId, runId: this.runId, task: entry.spec.name, taskId: entry.taskId };
  }
}
