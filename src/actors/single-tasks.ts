// Owns the tasks that are submitted one by one instead of as a workflow: one lane, strict priority, first in first out
// within a level. A task may name earlier ones that must complete first; it is `blocked` until then.
// Each is a run of its own in the journal, under its own id, so that it goes on in the next life of the engine. Results
// of ended tasks stay in memory up to a bound; beyond it, and from earlier lives, they are read from the journal.
// It never gives out a result whose fact is not durable.

import type { AttemptPlace } from '../domain/facts.ts';
import { type RunId, runIdOfTask, type SessionId, type TaskId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { assertNever } from '../domain/runtime-error.ts';
import { type SerializedError, serializeError } from '../domain/serialized-error.ts';
import { TaskStatus } from '../domain/statuses.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunHistory, TaskHistory } from '../journal/run-history.ts';
import { TASK_STATE_ALIASES, type TaskEnding } from '../machines/task-machine.ts';
import { Lane } from '../scheduling/lane.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import type { ActorRegistry } from './actor-registry.ts';
import { EndReports } from './end-reports.ts';
import { LeftTasks } from './left-tasks.ts';
import { restorationOf } from './run-restoration.ts';
import {
  behind,
  newTaskId,
  readTaskHistory,
  type SingleTask,
  singleTaskHistory,
  type TaskWork,
  taskOfHistory,
} from './single-task.ts';
import { SingleTaskBook } from './single-task-book.ts';
import { type Absence, SingleTaskEntry, type Waiter } from './single-task-entry.ts';
import { engineClosed, isOnRecord, missingDependency, requireSame, taskNotFound } from './single-task-errors.ts';
import { SingleTaskLog } from './single-task-log.ts';
import { DEFAULT_KEPT_RESULTS, type SingleTasksParts, type SubmissionOptions } from './single-tasks-options.ts';
import { placeOf, type TaskLogic, type TaskOwner, type TaskRecord, type TaskSpec } from './task-record.ts';

export class SingleTasks implements TaskOwner {
  readonly runId: RunId;
  readonly sessionId: SessionId;
  readonly lane: Lane<CapacityRequest>;
  readonly #registry: () => ActorRegistry<TaskLogic>;
  readonly #parts: SingleTasksParts;
  readonly #log: SingleTaskLog;
  readonly #book: SingleTaskBook;
  readonly #left: LeftTasks;
  #submitted = 0;
  readonly #reports: EndReports;
  #isSuspended = false;
  /** Why no actor is started any more; null = they are. */
  #givenUp: string | null = null;
  readonly #idleWaiters: (() => void)[] = [];
  /** Ends in this life of the engine. */
  readonly counts = { completed: 0, failed: 0, cancelled: 0, skipped: 0 };

  /** What is said of the end of a task, from when its facts are written until that has gone well. */
  #saying: { readonly entry: SingleTaskEntry; readonly say: (atMs: number) => number } | undefined;

  /** `registry`: where their actors live now; after a crash it is another one, and `restartTasks` is called. */
  constructor(
    parts: SingleTasksParts,
    ids: { runId: RunId; sessionId: SessionId },
    registry: () => ActorRegistry<TaskLogic>,
  ) {
    this.#parts = parts;
    this.#log = new SingleTaskLog(parts, ids);
    this.#book = new SingleTaskBook(parts.keptResults ?? DEFAULT_KEPT_RESULTS);
    this.#reports = new EndReports(parts.journal, (entry) => this.#book.keepResult(entry));
    this.runId = ids.runId;
    this.sessionId = ids.sessionId;
    const limit = Number.POSITIVE_INFINITY;
    this.lane = new Lane<CapacityRequest>({ mode: 'priority', limit, group: { limit, inFlight: 0 } });
    parts.scheduler.addLane(this.lane);
    this.#registry = registry;
    this.#left = new LeftTasks(parts.journal, parts.leavesEarlier === true);
  }

  get tasks(): ActorRegistry<TaskLogic> {
    return this.#registry();
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
    if (entry === undefined) return isOnRecord(this.#parts.journal, taskId, work);
    const { spec, parameters } = entry;
    requireSame(taskId, work, { name: spec.name, module: spec.module, action: spec.action, parameters });
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
    const absence = this.#book.takeAbsence(taskId);
    const entry = this.#enter(new SingleTaskEntry(++this.#submitted, taskId, spec, origin, absence));
    entry.startedAtMs = history.record.startedAtMs;
    if (!this.#goOn(entry, task)) this.#arrangeRestored(entry, origin.dependencies as readonly TaskId[]);
    return entry;
  }

  /**
   * The registry of their actors crashed and another took its place: each goes on from its facts, once its body is gone.
   * One whose facts are not kept any more fails with the error.
   */
  restartTasks(error: unknown): void {
    const { journal, clock } = this.#parts;
    const saying = this.#saying;
    if (saying !== undefined) {
      const isOnRecord = (readTaskHistory(journal, saying.entry.taskId)?.task.endedAtMs ?? null) !== null;
      this.#conclude(saying.entry, isOnRecord ? journal.lastSequence() : saying.say(clock.now()));
    }
    for (const entry of [...this.#book.open()]) {
      const { record, isStarting } = entry;
      // One that is on its way already gets there.
      if (record === undefined || isStarting) continue;
      // Who cancels it meanwhile cancels it at its start.
      entry.isStarting = true;
      this.#restart(entry, record, error).catch((fault: unknown) => this.#parts.escalate(fault));
    }
  }

  /** Nothing starts their actors any more: what has begun is cancelled once its body is gone, all others now. */
  giveUp(error: Error): void {
    this.#givenUp = error.message;
    this.restartTasks(error);
    this.cancelAll(error.message);
  }

  async #restart(entry: SingleTaskEntry, record: TaskRecord, error: unknown): Promise<void> {
    entry.status = record.attemptKey === 0 ? TaskStatus.READY : TaskStatus.RUNNING;
    await this.#parts.runner.letGo([record]);
    if (this.#isSuspended || entry.endedAtMs !== null) return;
    entry.isStarting = false;
    entry.record = undefined;
    const history = readTaskHistory(this.#parts.journal, entry.taskId);
    if (history === undefined) {
      this.#fail(entry, serializeError(error, 'ACTOR_CRASHED'), placeOf(record));
      return;
    }
    this.#log.recovered(entry.taskId, history.run.record.recoveries);
    if (!this.#goOn(entry, history.task)) this.#start(entry);
  }

  /** Goes on from what a task went through; false when no attempt of it has begun. */
  #goOn(entry: SingleTaskEntry, task: TaskHistory): boolean {
    const lastAttempt = task.attempts.at(-1);
    entry.attempts = lastAttempt?.attempt ?? 0;
    if (task.cancelRequested !== null) {
      // Its body went with the process, or the actor, that ran it.
      this.#cancelNow(entry, task.cancelRequested);
      return true;
    }
    if (lastAttempt === undefined) return false;
    const restored = restorationOf(task);
    const interruptions = restored.interruptions + (task.status === 'running' ? 1 : 0);
    entry.restored = { ...restored, interruptions };
    this.#start(entry);
    return true;
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
  *list(entries: Iterable<Pick<SingleTaskEntry, 'taskId'>> = this.#book.all()): IterableIterator<SingleTask> {
    for (const { taskId } of entries) {
      const task = this.get(taskId);
      if (task !== undefined) yield task;
    }
  }

  /** Tasks of this engine that have not ended. */
  openTasks(): IterableIterator<SingleTask> {
    return this.list(this.#book.open());
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
    return this.#left.any();
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
      case 'failed':
        this.#fail(entry, ending.error ?? serializeError(undefined), placeOf(record));
        break;
      case 'cancelled':
        this.#cancelNow(entry, ending.reason ?? 'the attempt was stopped', placeOf(record));
        break;
      default:
        assertNever(kind);
    }
  }

  // --- inside

  #enter(entry: SingleTaskEntry): SingleTaskEntry {
    this.#left.takenUp(entry.taskId);
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
    if (this.#givenUp !== null) {
      this.#cancelNow(entry, this.#givenUp);
      return;
    }
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
    this.#saying = { entry, say };
    this.#conclude(entry, say(atMs));
  }

  #conclude(entry: SingleTaskEntry, sequence: number): void {
    this.#saying = undefined;
    this.#reports.add(entry, sequence);
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

  #fail(entry: SingleTaskEntry, error: SerializedError, place: AttemptPlace): void {
    entry.error = error;
    this.#finish(entry, TaskStatus.FAILED, (atMs) => this.#log.failed(entry, error, place, atMs));
  }

  #cancelNow(entry: SingleTaskEntry, reason: string, place: AttemptPlace = {}): void {
    entry.reason = reason;
    this.#finish(entry, TaskStatus.CANCELLED, (atMs) => this.#log.cancelled(entry, reason, atMs, place));
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
    const found = journal.durable(sequence).then(() => this.find(taskId) ?? Promise.reject(taskNotFound(taskId)));
    found.catch(() => {});
    for (const { resolve, reject } of absence.waiters) found.then(resolve, reject);
    return true;
  }

  #await({ waiters }: Absence): Promise<SingleTask> {
    const { failure } = this.#parts.journal;
    if (failure !== null) return Promise.reject(failure);
    return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
  }
}
