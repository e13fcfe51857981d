// Owns the tasks that are submitted one by one instead of as a workflow: one lane, strict priority, first in first out
// within a level. A task may name earlier ones that must complete first; it is `blocked` until then.
// Each is a run of its own in the journal, under its own id, so that it goes on in the next life of the engine. Results
// of ended tasks stay in memory up to a bound; beyond it, and from earlier lives, they are read from the journal.
// It never gives out a result whose fact is not durable.

import type { AnyActorRef } from 'xstate';
import type { Clock } from '../domain/clock.ts';
import type { EventSink } from '../domain/events.ts';
import { type RunId, runIdOfTask, type SessionId, type TaskId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { assertNever } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import { TaskStatus } from '../domain/statuses.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunHistory } from '../journal/run-history.ts';
import { isOpen } from '../journal/run-record.ts';
import { TASK_STATE_ALIASES, type TaskEnding } from '../machines/task-machine.ts';
import { Lane } from '../scheduling/lane.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import type { ActorRegistry } from './actor-registry.ts';
import { EndReports } from './end-reports.ts';
import { restorationOf } from './run-restoration.ts';
import { readTaskHistory, type SingleTask, singleTaskHistory, type TaskWork, taskOfHistory } from './single-task.ts';
import { SingleTaskBook } from './single-task-book.ts';
import { type Absence, SingleTaskEntry, type Waiter } from './single-task-entry.ts';
import { engineClosed, missingDependency, requireSame, taskExists, taskNotFound } from './single-task-errors.ts';
import { SingleTaskLog } from './single-task-log.ts';
import type { TaskLogic, TaskOwner, TaskRecord, TaskSpec } from './task-record.ts';
import type { TaskRunner } from './task-runner.ts';

/** Results kept in memory when nothing else is said. */
const DEFAULT_KEPT_RESULTS = 10_000;

export interface SingleTasksParts {
  readonly runner: TaskRunner;
  readonly scheduler: Scheduler<CapacityRequest>;
  readonly journal: Journal;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly keptResults?: number;
  /** Tasks of earlier lives are taken up by hand only: nobody waits for them without being asked. */
  readonly leavesEarlier?: boolean;
}

/** What may be said of a submission beyond the work itself. */
export interface SubmissionOptions {
  /** Chosen by the caller; left out, one is made. */
  readonly taskId?: TaskId | undefined;
  /** Amounts by resource id, for the journal: the prepared request is good for this engine alone. */
  readonly resources?: Readonly<Record<string, number>>;
}

export class SingleTasks implements TaskOwner {
  readonly runId: RunId;
  readonly sessionId: SessionId;
  readonly lane: Lane<CapacityRequest>;
  readonly tasks: ActorRegistry<TaskLogic>;
  readonly #parts: SingleTasksParts;
  readonly #log: SingleTaskLog;
  readonly #book: SingleTaskBook;
  /** Unfinished tasks of earlier lives that this one has not taken up. */
  readonly #left = new Set<TaskId>();
  #submitted = 0;
  readonly #reports: EndReports;
  #isSuspended = false;
  readonly #idleWaiters: (() => void)[] = [];
  /** Ends in this life of the engine. */
  readonly counts = { completed: 0, failed: 0, cancelled: 0, skipped: 0 };

  constructor(parts: SingleTasksParts, ids: { runId: RunId; sessionId: SessionId }, parent?: AnyActorRef) {
    this.#parts = parts;
    this.#log = new SingleTaskLog(parts, ids);
    this.#book = new SingleTaskBook(parts.keptResults ?? DEFAULT_KEPT_RESULTS);
    this.#reports = new EndReports(parts.journal, (entry) => this.#book.keepResult(entry));
    this.runId = ids.runId;
    this.sessionId = ids.sessionId;
    this.lane = new Lane<CapacityRequest>({
      mode: 'priority',
      limit: Number.POSITIVE_INFINITY,
      group: { limit: Number.POSITIVE_INFINITY, inFlight: 0 },
    });
    parts.scheduler.addLane(this.lane);
    this.tasks = parts.runner.createRegistry(parent);
    if (parts.leavesEarlier === true) return;
    for (const { runId } of parts.journal.runs({ kind: 'task', open: true })) this.#left.add(runId as TaskId);
  }

  /** What the runner knows of a task whose actor lives. */
  recordOf(taskId: TaskId): TaskRecord | undefined {
    return this.#book.find(taskId)?.record;
  }

  /** Tasks that have not ended. */
  get open(): number {
    return this.#book.openCount;
  }

  /**
   * Whether this work was submitted under an id before, now or in an earlier life.
   * @throws RuntimeError TASK_EXISTS when the id is taken by other work
   */
  isKnown(taskId: TaskId, work: TaskWork): boolean {
    const entry = this.#book.find(taskId);
    if (entry !== undefined) {
      const { spec, parameters } = entry;
      requireSame(taskId, work, { name: spec.name, module: spec.module, action: spec.action, parameters });
      return true;
    }
    const { journal } = this.#parts;
    const record = journal.run(taskId);
    if (record === undefined) return false;
    if (record.kind !== 'task') throw taskExists(taskId, 'a workflow run has it');
    const origin = readTaskHistory(journal, taskId)?.origin;
    // A journal in memory may have forgotten the facts; the record still says that the id was used.
    if (origin !== undefined) requireSame(taskId, work, { ...origin, name: origin.task });
    return true;
  }

  /**
   * Takes a task in; it starts when its dependencies have completed and its turn comes. The caller has made sure that
   * an id of his own is free.
   * @throws RuntimeError DEPENDENCY_MISSING, JOURNAL_* when nothing can be made durable any more
   */
  submit(
    spec: TaskSpec,
    parameters: JsonObject,
    dependencies: readonly TaskId[],
    { taskId, resources = {} }: SubmissionOptions = {},
  ): SingleTask {
    const { journal, clock } = this.#parts;
    if (journal.failure !== null) throw journal.failure;
    const needed = dependencies.map((dependency) => this.find(dependency) ?? missingDependency(spec.name, dependency));
    const number = ++this.#submitted;
    const id = taskId ?? newTaskId(this.runId, spec.name, number);
    const atMs = clock.now();
    this.#log.submitted(id, spec, { atMs, parameters, dependencies, resources });
    const entry = this.#enter(new SingleTaskEntry(number, id, spec, { parameters, atMs }, undefined));
    this.#arrange(entry, needed);
    return entry;
  }

  /**
   * Takes up an unfinished task of an earlier life: same id, attempts counted, a retry due when it was, what it waits for
   * looked up in the journal. Whoever restores several does so in the order of their submission, which decides among
   * equals. Gives undefined, and does nothing, for a workflow's run and for a task that has ended.
   * A history folded before its `run.recovered` serves as well as one folded after it.
   */
  restore(history: RunHistory, spec: TaskSpec): SingleTask | undefined {
    const single = singleTaskHistory(history);
    if (single === undefined || single.task.endedAtMs !== null) return undefined;
    const { origin, task } = single;
    const taskId = origin.runId as TaskId;
    const known = this.#book.find(taskId);
    if (known !== undefined) return known;
    const entry = this.#enter(
      new SingleTaskEntry(++this.#submitted, taskId, spec, origin, this.#book.takeAbsence(taskId)),
    );
    const lastAttempt = task.attempts.at(-1);
    entry.attempts = lastAttempt?.attempt ?? 0;
    entry.startedAtMs = history.record.startedAtMs;
    if (task.cancelRequested !== null) {
      // Its body went with the process that ran it.
      this.#cancelNow(entry, task.cancelRequested);
    } else if (lastAttempt !== undefined) {
      const restored = restorationOf(task);
      const interruptions = restored.interruptions + (task.status === 'running' ? 1 : 0);
      entry.restored = { ...restored, interruptions };
      this.#start(entry);
    } else this.#arrangeRestored(entry, origin.dependencies as readonly TaskId[]);
    return entry;
  }

  /** A task in memory, as it stands. */
  get(taskId: TaskId): SingleTask | undefined {
    const entry = this.#book.find(taskId);
    if (entry?.record?.actor !== undefined && entry.endedAtMs === null) {
      const state = entry.record.actor.getSnapshot().value;
      entry.status = TASK_STATE_ALIASES[state] ?? (state as TaskStatus);
      entry.attempts = entry.record.attempt;
    }
    return entry;
  }

  /** A task in memory, or as its facts tell it: ended in an earlier life, forgotten, or not taken up. */
  find(taskId: TaskId): SingleTask | undefined {
    const task = this.get(taskId);
    if (task !== undefined) return task;
    const history = readTaskHistory(this.#parts.journal, taskId);
    return history === undefined ? undefined : taskOfHistory(history);
  }

  /** The tasks in memory, in the order in which they came. */
  *list(): IterableIterator<SingleTask> {
    for (const { taskId } of this.#book.all()) {
      const task = this.get(taskId);
      if (task !== undefined) yield task;
    }
  }

  /** Tasks of this engine that have not ended. */
  *openTasks(): IterableIterator<SingleTask> {
    for (const { taskId } of this.#book.open()) {
      const task = this.get(taskId);
      if (task !== undefined) yield task;
    }
  }

  /** True exactly if the task will not complete because of this call. */
  cancel(taskId: TaskId, reason: string): boolean {
    if (this.#isSuspended) return false;
    const entry = this.#book.find(taskId);
    if (entry === undefined) return this.#cancelAbsent(taskId, reason);
    if (entry.endedAtMs !== null) return false;
    if (entry.isStarting) {
      entry.cancelledEarly ??= reason;
      return true;
    }
    if (entry.record === undefined) {
      this.#cancelNow(entry, reason);
      return true;
    }
    if (entry.record.attemptKey !== 0 && !entry.isCancelling) {
      // Written before the body is asked to end: that may take its time, and the process may not last as long.
      entry.isCancelling = true;
      this.#log.cancelRequested(entry, reason);
    }
    this.#parts.runner.cancel(entry.record, reason);
    // An attempt that ends in this very moment is settled before or after the event, never half.
    return entry.endedAtMs === null || entry.status !== TaskStatus.COMPLETED;
  }

  /**
   * Resolves with the task once it has ended and that is durable; with a parked one at once.
   * Rejects with ENGINE_CLOSED when the engine is suspended first, with the journal's failure when it has one.
   * @throws RuntimeError TASK_NOT_FOUND, ENGINE_CLOSED
   */
  wait(taskId: TaskId): Promise<SingleTask> {
    const entry = this.#book.find(taskId);
    if (entry?.isReported === true) return Promise.resolve(entry);
    if (this.#isSuspended) throw this.failure ?? engineClosed(taskId);
    if (entry !== undefined) return this.#await(entry);
    const task = this.find(taskId);
    if (task === undefined) throw taskNotFound(taskId);
    if (!task.isReported) return this.#await(this.#book.waitingFor(taskId));
    return this.flush().then(() => task);
  }

  /** Resolves when all that was said so far is durable. Rejects with the journal's failure. */
  flush(): Promise<void> {
    const { journal } = this.#parts;
    return journal.durable(journal.lastSequence());
  }

  /** Resolves when no submitted task is open, their ends durable or known never to be; also when they are let go of. */
  idle(): Promise<void> {
    if (this.#isSuspended) return Promise.resolve();
    if (this.open === 0) return this.flush().catch(() => {});
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Nothing is open, here or left by an earlier life, and every end is durable. */
  get isSettled(): boolean {
    return this.open === 0 && this.#reports.pending === 0 && this.anyLeft() === undefined;
  }

  /** An unfinished task of an earlier life that was not taken up so far; one that is parked does not count. */
  anyLeft(): TaskId | undefined {
    for (const taskId of this.#left) {
      const record = this.#parts.journal.run(taskId);
      if (record !== undefined && isOpen(record)) return taskId;
      this.#left.delete(taskId);
    }
    return undefined;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Why nothing can be made durable any more; null while it can. */
  get failure(): Journal['failure'] {
    return this.#parts.journal.failure;
  }

  cancelAll(reason: string): void {
    for (const entry of [...this.#book.open()]) this.cancel(entry.taskId, reason);
  }

  /**
   * Lets go of what has not ended: the next life takes it up. From now on nothing of it is started, written or told, and
   * whoever waits is refused with ENGINE_CLOSED, or with the journal's failure if that is the cause. The caller has
   * frozen the runner: what bodies under way still do is lost.
   */
  suspend(): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    this.#parts.scheduler.setPaused(this.lane, true);
    const refuse = (taskId: TaskId, waiters: Waiter[]) => {
      for (const waiter of waiters.splice(0)) waiter.reject(this.failure ?? engineClosed(taskId));
    };
    for (const { taskId, waiters } of this.#book.open()) {
      if (this.failure === null) this.#log.suspended(taskId);
      refuse(taskId, waiters);
    }
    for (const [taskId, { waiters }] of this.#book.absences()) refuse(taskId, waiters);
    for (const waiter of this.#idleWaiters.splice(0)) waiter();
  }

  parametersOf(record: TaskRecord): JsonObject {
    const entry = this.#book.byNumber(record.index);
    if (entry === undefined) return {};
    // Asked for at the start of each attempt.
    entry.startedAtMs ??= record.attemptStartedMs;
    return entry.parameters;
  }

  taskEnded(record: TaskRecord, ending: TaskEnding): void {
    const entry = this.#book.byNumber(record.index);
    if (entry === undefined || this.#isSuspended) return;
    const { kind, attempts } = ending;
    entry.attempts = attempts;
    switch (kind) {
      case 'completed':
        entry.output = ending.output ?? null;
        this.#finish(entry, kind, (atMs) => this.#log.completed(entry, record, atMs));
        break;
      case 'failed': {
        const error = ending.error ?? serializeError(undefined);
        entry.error = error;
        this.#finish(entry, kind, (atMs) => this.#log.failed(entry, error, record.threadId, atMs));
        break;
      }
      case 'cancelled':
        this.#cancelNow(entry, ending.reason ?? 'the attempt was stopped');
        break;
      default:
        assertNever(kind);
    }
  }

  // --- inside

  #enter(entry: SingleTaskEntry): SingleTaskEntry {
    this.#left.delete(entry.taskId);
    this.#book.add(entry);
    return entry;
  }

  /** Starts a task, or blocks it, by how those stand that it needs. */
  #arrange(entry: SingleTaskEntry, needed: readonly SingleTask[]): void {
    for (const task of needed) {
      if (task.status === TaskStatus.COMPLETED) continue;
      if (task.endedAtMs !== null) {
        this.#skip(entry, behind(task));
        return;
      }
      entry.missing++;
      this.#book.waitingFor(task.taskId).dependents.push(entry);
    }
    if (entry.missing === 0) this.#start(entry);
    else entry.status = TaskStatus.BLOCKED;
  }

  #arrangeRestored(entry: SingleTaskEntry, dependencies: readonly TaskId[]): void {
    const needed: SingleTask[] = [];
    for (const dependency of dependencies) {
      const task = this.find(dependency);
      if (task === undefined) {
        this.#skip(entry, `upstream unknown: the journal has no task '${dependency}' any more`);
        return;
      }
      needed.push(task);
    }
    this.#arrange(entry, needed);
  }

  #start(entry: SingleTaskEntry): void {
    const { runner } = this.#parts;
    const { taskId, restored } = entry;
    entry.status = TaskStatus.READY;
    entry.isStarting = true;
    const ids = { taskId, factsRunId: runIdOfTask(taskId) };
    const record = runner.start(this, entry.number, entry.spec, restored === undefined ? ids : { ...ids, restored });
    entry.isStarting = false;
    // One that ended in its start has been reported already.
    if (entry.endedAtMs !== null) return;
    entry.record = record;
    if (entry.cancelledEarly !== null) runner.cancel(record, entry.cancelledEarly);
  }

  /** `say` writes the fact, tells the event, and gives the number of the fact. */
  #finish(
    entry: SingleTaskEntry,
    status: 'completed' | 'failed' | 'cancelled' | 'skipped',
    say: (atMs: number) => number,
  ): void {
    const atMs = this.#parts.clock.now();
    entry.status = status;
    entry.endedAtMs = atMs;
    entry.record = undefined;
    this.#book.ended(entry);
    this.counts[status]++;
    this.#reports.add(entry, say(atMs));
    this.#release(entry.dependents, entry);
    if (this.open === 0 && this.#idleWaiters.length > 0) {
      const waiters = this.#idleWaiters.splice(0);
      void this.idle().then(() => {
        for (const waiter of waiters) waiter();
      });
    }
  }

  #release(dependents: SingleTaskEntry[], cause: Pick<SingleTask, 'name' | 'status'>): void {
    if (dependents.length === 0) return;
    for (const dependent of dependents.splice(0)) {
      if (dependent.endedAtMs !== null) continue;
      if (cause.status !== TaskStatus.COMPLETED) this.#skip(dependent, behind(cause));
      else if (--dependent.missing === 0) this.#start(dependent);
    }
  }

  // Recursion with #finish is as deep as the chain of blocked tasks; a long chain is cut by a microtask.
  #skip(entry: SingleTaskEntry, reason: string): void {
    entry.status = TaskStatus.SKIPPED;
    // No dependency that completes meanwhile may start it.
    entry.missing = Number.POSITIVE_INFINITY;
    queueMicrotask(() => {
      if (entry.endedAtMs !== null || this.#isSuspended) return;
      entry.reason = reason;
      this.#finish(entry, TaskStatus.SKIPPED, (atMs) => this.#log.skipped(entry, reason, atMs));
    });
  }

  #cancelNow(entry: SingleTaskEntry, reason: string): void {
    entry.reason = reason;
    this.#finish(entry, TaskStatus.CANCELLED, (atMs) => this.#log.cancelled(entry, reason, atMs));
  }

  /** Cancels a task that is held back or parked: its facts say that it is there, this engine has not taken it up. */
  #cancelAbsent(taskId: TaskId, reason: string): boolean {
    const { journal, clock } = this.#parts;
    const history = readTaskHistory(journal, taskId);
    if (history === undefined || history.task.endedAtMs !== null) return false;
    const name = history.origin.task;
    const sequence = this.#log.cancelled({ taskId, name }, reason, clock.now());
    this.counts.cancelled++;
    const absence = this.#book.takeAbsence(taskId);
    if (absence === undefined) return true;
    this.#release(absence.dependents, { name, status: TaskStatus.CANCELLED });
    journal.durable(sequence).then(
      () => {
        const task = this.find(taskId);
        for (const { resolve, reject } of absence.waiters) {
          if (task === undefined) reject(taskNotFound(taskId));
          else resolve(task);
        }
      },
      (error: unknown) => {
        for (const waiter of absence.waiters) waiter.reject(error);
      },
    );
    return true;
  }

  #await({ waiters }: Absence): Promise<SingleTask> {
    const { failure } = this.#parts.journal;
    if (failure !== null) return Promise.reject(failure);
    return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
  }
}

function behind({ name, status }: Pick<SingleTask, 'name' | 'status'>): string {
  return `upstream failed: '${name}' was ${status}`;
}

/** Ids end up on terminals, in logs and as keys: a name that would not pass as an id of the caller is left out. */
const UNSOUND_NAME = /[\p{Cc}\p{Cs}\u2028\u2029]|^.{101}/u;

function newTaskId(runId: RunId, name: string, number: number): TaskId {
  return `${runId}/${UNSOUND_NAME.test(name) ? 'task' : name}#${number}` as TaskId;
}
