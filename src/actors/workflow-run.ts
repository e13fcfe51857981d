// Owns one run: its workflow actor, the registry of its task actors, the rows of tasks that are no actors (yet or any
// more), their outputs and errors. It starts a task the moment its own last dependency has completed; there are no levels.
// It never touches threads or capacity: that is the runner's and the dispatcher's.

import type { Actor } from 'xstate';
import type { EventSubject } from '../domain/events.ts';
import type { RunId, SessionId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { type SerializedError, serializeError } from '../domain/serialized-error.ts';
import { TaskStatus, WorkflowStatus } from '../domain/statuses.ts';
import type { RunHistory } from '../journal/run-history.ts';
import { TASK_STATE_ALIASES, type TaskEnding } from '../machines/task-machine.ts';
import { type WorkflowEvent, workflowMachine } from '../machines/workflow-machine.ts';
import type { Lane } from '../scheduling/lane.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import { RunFrontier, type TaskEnd } from '../scheduling/run-frontier.ts';
import type { ActorRegistry } from './actor-registry.ts';
import { Deadline } from './deadline.ts';
import { RunChronicle } from './run-chronicle.ts';
import { RunLearning } from './run-learning.ts';
import type { RunPlan, RunView } from './run-plan.ts';
import { RunReporter, type SkipReason } from './run-reporter.ts';
import { adoptOutputs, restoreRows } from './run-restoration.ts';
import { StartQueue } from './start-queue.ts';
import { placeOf, type TaskLogic, type TaskOwner, type TaskRecord, type TaskRestoration } from './task-record.ts';
import { type TaskCounts, taskCounts, type WorkflowRunOptions, type WorkflowRunParts } from './workflow-run-options.ts';

export type WorkflowLogic = typeof workflowMachine;

/** Why tasks of a run that crashed have not completed. */
const CRASHED = 'the run crashed';

export class WorkflowRun implements TaskOwner, RunView {
  readonly runId: RunId;
  readonly sessionId: SessionId;
  readonly plan: RunPlan;
  readonly parameters: JsonObject;
  readonly lane: Lane<CapacityRequest>;
  readonly tasks: ActorRegistry<TaskLogic>;
  readonly actor: Actor<WorkflowLogic>;
  startedAtMs: number | null = null;
  endedAtMs: number | null = null;
  readonly #parts: WorkflowRunParts;
  readonly #options: WorkflowRunOptions;
  readonly #frontier: RunFrontier;
  readonly #outputs: unknown[] = [];
  readonly #reporter: RunReporter;
  readonly #chronicle: RunChronicle;
  readonly #live = new Map<number, TaskRecord>();
  readonly #learning: RunLearning;
  readonly #deadline: Deadline;
  #advancing = false;
  #crash: SerializedError | undefined;
  /** Its place was given to it in this life, or it is being ended: before that nothing of it moves. */
  #hasBegun = false;
  /** Every task has ended. */
  #isSettled = false;
  readonly #starts = new StartQueue();
  /** What tasks went through in earlier lives of the run; forgotten as they start. */
  #begun: ReadonlyMap<number, TaskRestoration> = new Map();
  /** Why the run is being cancelled; null while it is not. */
  #cancelReason: string | null = null;
  /** It repeats what the journal holds already: nothing is written or told. */
  #isReplaying = false;
  /** Its engine lets go of it; another life will take it up. */
  #isSuspended = false;
  /** Its actor, or its session's, crashed: nothing of this life moves any more, another is made from the journal. */
  #isAbandoned = false;
  /** What was asked of it since. */
  readonly #asked: ((next: WorkflowRun) => void)[] = [];

  constructor(parts: WorkflowRunParts, options: WorkflowRunOptions, workflows: ActorRegistry<WorkflowLogic>) {
    this.#parts = parts;
    this.#options = options;
    this.runId = options.runId;
    this.sessionId = options.sessionId;
    this.plan = options.plan;
    this.parameters = options.parameters;
    this.lane = options.lane;
    const subject: EventSubject = { sessionId: options.sessionId, runId: options.runId };
    this.#deadline = new Deadline(parts.timers, () => this.steer({ type: 'run.deadline' }));
    this.#frontier = new RunFrontier(options.plan.rows);
    this.#reporter = new RunReporter(parts, options.runId, subject, options.plan);
    this.#chronicle = new RunChronicle(parts, options.runId, subject, {
      ...options.origin,
      workflow: options.plan.workflow,
      parameters: options.parameters,
      steps: this.size,
      mode: options.lane.mode,
    });
    this.#learning = new RunLearning(this.#learningView(), parts.scheduler, parts.clock);
    parts.scheduler.addLane(options.lane);
    this.actor = workflows.create(this.#createLogic(), { runId: options.runId });
    this.actor.start();
    this.tasks = parts.runner.createRegistry(this.actor);
    if (options.restored) this.#restore(options.restored);
    else {
      this.#chronicle.created();
      const { adopted, origin } = options;
      if (adopted !== undefined) this.#starts.add(adoptOutputs(adopted, origin.rerunOf ?? '', this.#rows()));
    }
  }

  /** Whether its place may be given to it: it has none yet, and nobody holds it back. */
  get awaitsStart(): boolean {
    return !this.#isAbandoned && this.actor.getSnapshot().value === 'pending';
  }

  /** When it ended, or the time now. */
  get lastMs(): number {
    return this.endedAtMs ?? this.#parts.clock.now();
  }

  get status(): WorkflowStatus {
    if (this.#isSuspended) return WorkflowStatus.PAUSED;
    if (this.#crash !== undefined) return this.endedAtMs === null ? WorkflowStatus.RUNNING : WorkflowStatus.FAILED;
    const state = this.actor.getSnapshot().value;
    if (state === 'held') return WorkflowStatus.PAUSED;
    if (state === 'pending' && this.startedAtMs !== null) return WorkflowStatus.RUNNING;
    return state === 'cancelling' ? WorkflowStatus.RUNNING : state;
  }

  /** Why the run was cancelled, timed out or crashed. */
  get reason(): string | null {
    return this.#crash?.message ?? this.actor.getSnapshot().context.reason;
  }

  get timedOut(): boolean {
    return this.actor.getSnapshot().context.timedOut;
  }

  get size(): number {
    return this.plan.rows.size;
  }

  outputOf(index: number): unknown {
    return this.#outputs[index] ?? null;
  }

  errorOf(index: number): SerializedError | undefined {
    return this.#reporter.errorOf(index);
  }

  skipOf(index: number): SkipReason | undefined {
    return this.#reporter.skipOf(index);
  }

  /** Tasks by how they ended so far. */
  counts(): TaskCounts {
    return taskCounts(this.#frontier, this.size);
  }

  statusOf(index: number): TaskStatus {
    const record = this.#live.get(index);
    if (record === undefined) return this.#frontier.status(index);
    // Let go of: its body may still be there.
    if (record.actor === undefined) return record.attemptKey === 0 ? TaskStatus.PENDING : TaskStatus.RUNNING;
    const state = record.actor.getSnapshot().value;
    return TASK_STATE_ALIASES[state] ?? (state as TaskStatus);
  }

  /** Tasks that are actors now: ready, running, retrying or cancelling. */
  liveTasks(): IterableIterator<TaskRecord> {
    return this.#live.values();
  }

  /** Direct dependencies that have not completed, in file order. */
  pendingDependencies(index: number): number[] {
    return this.#frontier.pendingDependencies(index);
  }

  /** Tells it to go on, wait or end: at once, or as soon as it has been taken up again. */
  steer(event: WorkflowEvent): void {
    if (this.#isAbandoned) this.#asked.push((next) => next.steer(event));
    else if (!this.#isSuspended) this.actor.send(event);
  }

  cancelTask(index: number, reason: string): boolean {
    if (this.#isAbandoned) {
      this.#asked.push((next) => next.cancelTask(index, reason));
      return !this.#frontier.isEnded(index);
    }
    const record = this.#live.get(index);
    if (record !== undefined) {
      // Written before the body is asked to end: that may take its time, and the process may not last as long.
      if (record.attemptKey !== 0) this.#reporter.cancelRequested(index, reason);
      this.#parts.runner.cancel(record, reason);
    } else if (this.#frontier.isPending(index)) {
      // Ended before it is told: a handler that cancels it once more must find it ended.
      this.#move(index, 'cancelled');
      this.#reporter.cancelled(index, reason);
      this.#advance();
    } else return this.#starts.cancel(index, reason);
    return true;
  }

  parametersOf(record: TaskRecord): JsonObject {
    return this.plan.parametersOf(record.index, this);
  }

  taskEnded(record: TaskRecord, ending: TaskEnding): void {
    const { index } = record;
    this.#live.delete(index);
    if (this.#isAbandoned) return;
    switch (ending.kind) {
      case 'completed':
        this.#outputs[index] = ending.output;
        this.#reporter.completed(record, ending);
        this.#learning.completed(record);
        break;
      case 'failed':
        this.#reporter.failed(index, ending.attempts, ending.error ?? serializeError(undefined), placeOf(record));
        break;
      case 'cancelled':
        this.#reporter.cancelled(index, ending.reason ?? 'the attempt was stopped', placeOf(record));
        break;
    }
    if (ending.kind !== 'completed') this.#learning.missed(index);
    this.#end(index, ending.kind);
  }

  /** The workflow actor itself ended with an error, once too often: the run fails, what still runs is stopped. */
  crashed(error: unknown): void {
    if (this.endedAtMs !== null) return;
    this.#crash = serializeError(error, 'ACTOR_CRASHED');
    this.startedAtMs ??= this.#parts.clock.now();
    if (this.#isAbandoned) this.#endAbandoned();
    // An error thrown in the middle of a start left these between the states.
    if (!this.#advancing) this.#starts.takeBack((at) => !this.#live.has(at) && !this.#frontier.isEnded(at));
    this.#endTasks(CRASHED);
  }

  /** Leaves everything as it stands: from now on nothing of this life is started, written, told or decided. */
  abandon(): void {
    if (this.endedAtMs !== null || this.#isSuspended || this.#isAbandoned) return;
    this.#isAbandoned = true;
    this.#halt();
  }

  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** After `abandon`: ends its task actors and their bodies; resolves when nothing of it runs any more. */
  async letGo(): Promise<void> {
    this.tasks.stopAll();
    await this.#parts.runner.letGo([...this.#live.values()]);
    this.#parts.scheduler.removeLane(this.lane);
  }

  /** Does on the run that takes its place what was asked of this one since it was abandoned. */
  handOver(next: WorkflowRun): void {
    for (const asked of this.#asked.splice(0)) asked(next);
  }

  /** Told by the session once the run is known: what holds it back, or ends it, did so in an earlier life already. */
  replaySteering(): void {
    const { restored } = this.#options;
    if (!restored) return;
    this.#isReplaying = true;
    if (restored.isPaused) this.actor.send({ type: 'run.pause' });
    const { cancelRequested } = restored;
    if (cancelRequested?.timedOut === true) this.actor.send({ type: 'run.deadline' });
    else if (cancelRequested) this.actor.send({ type: 'run.cancel', reason: cancelRequested.reason });
    this.#isReplaying = false;
    const { deadlineMs } = restored;
    // Its time was up while nobody worked on it: nothing of it starts any more.
    const isLate = deadlineMs !== null && deadlineMs <= this.#parts.clock.now();
    if (isLate && !cancelRequested) this.actor.send({ type: 'run.deadline' });
  }

  /** The engine goes down in good order: from now on nothing of this life is written, told or decided. */
  suspend(): void {
    if (this.endedAtMs !== null || this.#isSuspended) return;
    this.#isSuspended = true;
    this.#halt();
    this.#chronicle.suspended(this.counts());
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  // --- effects of the workflow machine

  #createLogic(): WorkflowLogic {
    return workflowMachine.provide({
      actions: {
        startTasks: () => this.#start(),
        pauseTasks: () => {
          this.#parts.scheduler.setPaused(this.lane, true);
          this.#report('paused');
          // Tasks of other runs need not wait behind those of this one any more.
          this.#parts.runner.wake();
        },
        resumeTasks: () => {
          this.#report('resumed');
          this.#parts.scheduler.setPaused(this.lane, false);
          this.#parts.runner.wake();
        },
        holdStart: () => this.#report('paused'),
        releaseStart: () => {
          this.#report('resumed');
          // In a turn of its own: the session must find it pending, not on its way there.
          queueMicrotask(() => this.#options.released?.(this));
        },
        cancelTasks: ({ context }) => this.#cancelAll(context.reason ?? 'cancelled', context.timedOut),
        reportCompleted: () => this.#finish('completed', null),
        reportFailed: ({ context }) => this.#finish('failed', context.reason),
        reportCancelled: ({ context }) => this.#finish('cancelled', context.reason),
      },
    });
  }

  #restore(history: RunHistory): void {
    this.startedAtMs = history.record.startedAtMs;
    const { ready, skipped, begun, cancelRequested } = restoreRows(history, this.#rows());
    this.#starts.add(ready, skipped);
    this.#begun = begun;
    for (const [index, reason] of cancelRequested) this.#starts.cancelLater(index, reason);
    this.#learning.resumed();
    // The time goes on while nobody works on the run.
    if (history.deadlineMs !== null && history.cancelRequested === null) this.#deadline.set(history.deadlineMs);
  }

  #learningView() {
    const { guide } = this.plan;
    return { guide, lane: this.lane, frontier: this.#frontier, live: this.#live, chronicle: this.#chronicle };
  }

  #rows() {
    return { plan: this.plan, frontier: this.#frontier, reporter: this.#reporter, outputs: this.#outputs };
  }

  #start(): void {
    this.#hasBegun = true;
    if (this.startedAtMs === null) this.#startNew();
    else this.#chronicle.recovered(this.counts().completed, this.#options.restored?.record.recoveries ?? 0);
    this.#learning.began();
    this.#starts.add(this.#frontier.start());
    this.#advance();
  }

  #startNew(): void {
    const { timeoutMs } = this.#options;
    const nowMs = this.#parts.clock.now();
    this.startedAtMs = nowMs;
    const deadlineMs = timeoutMs === null ? null : nowMs + timeoutMs;
    this.#chronicle.started(nowMs, deadlineMs, this.counts().completed);
    if (deadlineMs !== null) this.#deadline.set(deadlineMs);
  }

  #halt(): void {
    this.#deadline.cancel();
    this.#parts.scheduler.setPaused(this.lane, true);
  }

  #report(how: 'paused' | 'resumed'): void {
    if (!this.#isReplaying && !this.#isStill) this.#chronicle.steered(how);
  }

  /** Nothing of this life moves any more. */
  get #isStill(): boolean {
    return this.#isSuspended || this.#isAbandoned;
  }

  #cancelAll(reason: string, timedOut: boolean): void {
    if (this.#isStill) return;
    this.#cancelReason = reason;
    this.startedAtMs ??= this.#parts.clock.now();
    if (!this.#isReplaying) this.#chronicle.cancelRequested(reason, timedOut);
    this.#endTasks(reason);
  }

  #endTasks(reason: string): void {
    this.#hasBegun = true;
    for (const index of this.#frontier.cancelPending()) this.#reporter.cancelled(index, reason);
    for (const record of [...this.#live.values()]) this.#parts.runner.cancel(record, reason);
    this.#advance();
  }

  #finish(status: 'completed' | 'failed' | 'cancelled', reason: string | null): void {
    if (this.endedAtMs !== null || this.#isStill) return;
    const endedAtMs = this.#parts.clock.now();
    this.endedAtMs = endedAtMs;
    this.#deadline.cancel();
    this.#parts.scheduler.removeLane(this.lane);
    const tell = () => {
      this.#chronicle.tellEnd(status, {
        durationMs: endedAtMs - (this.startedAtMs ?? 0),
        tasks: this.counts(),
        ...(reason === null ? {} : { reason }),
      });
      this.#options.ended(this);
    };
    // An end that is not on record is none: whoever waits is told by the engine why the journal failed.
    this.#chronicle.ended(endedAtMs, status, reason, this.timedOut).then(tell, () => {});
  }

  // --- the frontier

  #end(index: number, how: TaskEnd): void {
    this.#move(index, how);
    this.#advance();
  }

  #move(index: number, how: TaskEnd): void {
    this.#frontier.end(index, how, this.#starts.ready, this.#starts.skipped);
  }

  /** Follows the frontier until nothing moves: reports skips, starts what is ready, notices the end of the run. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    const { ready, skipped } = this.#starts;
    try {
      while (!this.#isAbandoned && ((this.#hasBegun && ready.length > 0) || skipped.length > 0)) {
        for (const index of skipped.splice(0)) this.#reportBehind(index);
        if (this.#hasBegun) this.#startReady();
      }
    } finally {
      this.#advancing = false;
    }
    // Before its start there is no end: tasks may have been cancelled while it waited for its place.
    if (this.#frontier.open > 0 || this.#isSettled || !this.#hasBegun || this.#isAbandoned) return;
    this.#isSettled = true;
    this.tasks.close();
    // In a turn of its own: the registry's end reaches the workflow before the event that ends the workflow itself.
    queueMicrotask(() => {
      if (this.#crash !== undefined) this.#finish('failed', this.#crash.message);
      else {
        const [failed, cancelled] = [this.#reporter.failedRequired, this.#reporter.cancelledRequired];
        this.actor.send({ type: 'run.tasks-ended', failed, cancelled });
      }
    });
  }

  #startReady(): void {
    this.#starts.takeReady();
    for (let index = this.#starts.current; index !== undefined; index = this.#starts.current) {
      if (this.#isAbandoned) return;
      this.#startTask(index);
      this.#starts.advance();
    }
  }

  #startTask(index: number): void {
    const spec = this.plan.tasks[index];
    if (spec === undefined) return;
    const early = this.#whyNot(index);
    if (early !== null) {
      this.#reporter.cancelled(index, early);
      this.#move(index, 'cancelled');
      return;
    }
    try {
      if (!this.plan.conditionHolds(index, this)) {
        this.#reporter.skipped(index, { code: 'CONDITION_FALSE', reason: 'its run_if is false' });
        this.#move(index, 'skipped');
        return;
      }
    } catch (error) {
      this.#reporter.failed(index, 0, serializeError(error, 'EXPRESSION_INVALID'), {});
      this.#move(index, 'failed');
      return;
    }
    const restored = this.#begun.get(index);
    const record = this.#parts.runner.start(this, index, spec, restored === undefined ? {} : { restored });
    // An actor that crashed in its start has ended already.
    if (this.#frontier.isEnded(index)) return;
    this.#live.set(index, record);
    // Its first event went out before it was live: a handler may have cancelled it, or the run, and found no record.
    const meanwhile = this.#whyNot(index);
    if (meanwhile !== null) this.#parts.runner.cancel(record, meanwhile);
  }

  /** It could not be taken up again: what was let go of has ended. */
  #endAbandoned(): void {
    this.#isAbandoned = false;
    for (const index of this.#live.keys()) {
      this.#reporter.cancelled(index, CRASHED);
      this.#move(index, 'cancelled');
    }
    this.#live.clear();
  }

  /** Why a task about to start must not run; null when it may. */
  #whyNot(index: number): string | null {
    const early = this.#starts.cancelReason(index);
    if (early !== undefined) return early;
    if (this.#crash !== undefined) return CRASHED;
    return this.#cancelReason;
  }

  #reportBehind(index: number): void {
    const cause = this.#frontier.skipCause(index);
    this.#reporter.skippedBehind(index, cause, this.#frontier.status(cause));
  }
}
