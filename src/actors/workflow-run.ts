// Owns one run: its workflow actor, the registry of its task actors, the rows of tasks that are no actors (yet or any
// more), their outputs and errors. It starts a task the moment its own last dependency has completed; there are no levels.
// It never touches threads or capacity: that is the runner's and the dispatcher's.

import type { Actor } from 'xstate';
import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import type { EventSink, EventSubject } from '../domain/events.ts';
import type { RunId, SessionId } from '../domain/ids.ts';
import type { JsonObject, JsonValue } from '../domain/json-value.ts';
import { type SerializedError, serializeError } from '../domain/serialized-error.ts';
import { type TaskStatus, WorkflowStatus } from '../domain/statuses.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunHistory } from '../journal/run-history.ts';
import { TASK_STATE_ALIASES, type TaskEnding } from '../machines/task-machine.ts';
import { workflowMachine } from '../machines/workflow-machine.ts';
import type { Lane } from '../scheduling/lane.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import { RunFrontier } from '../scheduling/run-frontier.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import type { ActorRegistry } from './actor-registry.ts';
import { RunChronicle, type RunOrigin } from './run-chronicle.ts';
import { RunLearning } from './run-learning.ts';
import type { RunPlan, RunView } from './run-plan.ts';
import { RunReporter, type SkipReason } from './run-reporter.ts';
import { adoptOutputs, restoreRows } from './run-restoration.ts';
import type { TaskLogic, TaskOwner, TaskRecord, TaskRestoration } from './task-record.ts';
import type { TaskRunner } from './task-runner.ts';

export type WorkflowLogic = typeof workflowMachine;

export interface WorkflowRunParts {
  readonly runner: TaskRunner;
  readonly scheduler: Scheduler<CapacityRequest>;
  readonly journal: Journal;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: TimerService;
}

export interface WorkflowRunOptions {
  readonly runId: RunId;
  readonly sessionId: SessionId;
  readonly plan: RunPlan;
  readonly parameters: JsonObject;
  readonly lane: Lane<CapacityRequest>;
  readonly timeoutMs: number | null;
  /** What it is written down with besides what the other options say. */
  readonly origin: Pick<RunOrigin, 'definition' | 'session' | 'ownSession' | 'maxParallel' | 'rerunOf'>;
  /** What earlier lives of it left in the journal; null = it is new. */
  readonly restored?: RunHistory | null;
  /** Outputs of the run it repeats, by task. */
  readonly adopted?: ReadonlyMap<string, JsonValue>;
  /** Called once, before the run starts. */
  readonly created?: (run: WorkflowRun) => void;
  /** A run that was held back before its start may have its place now. */
  readonly released?: (run: WorkflowRun) => void;
  /** Called once, when the result is as durable as the journal promises. */
  readonly ended: (run: WorkflowRun) => void;
}

/** Tasks of a run: all, and those that have ended by how they did. */
export interface TaskCounts {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
}

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
  readonly #subject: EventSubject;
  readonly #frontier: RunFrontier;
  readonly #outputs: unknown[] = [];
  readonly #reporter: RunReporter;
  readonly #chronicle: RunChronicle;
  readonly #live = new Map<number, TaskRecord>();
  readonly #learning: RunLearning;
  #deadline: TimerHandle | undefined;
  #advancing = false;
  #crash: SerializedError | undefined;
  /** Its place was given to it in this life, or it is being ended: before that nothing of it moves. */
  #hasBegun = false;
  /** Every task has ended. */
  #isSettled = false;
  readonly #ready: number[] = [];
  readonly #skipped: number[] = [];
  /** What tasks went through in earlier lives of the run; forgotten as they start. */
  #begun: ReadonlyMap<number, TaskRestoration> = new Map();
  /** Why the run is being cancelled; null while it is not. */
  #cancelReason: string | null = null;
  /** It repeats what the journal holds already: nothing is written or told. */
  #isReplaying = false;
  /** Its engine lets go of it; another life will take it up. */
  #isSuspended = false;
  /** The tasks that are being started one after the other, and the place reached: event handlers run meanwhile. */
  #starting: readonly number[] = [];
  #startingPlace = 0;
  /** Why a task that a handler cancelled before it was an actor must not run. */
  readonly #cancelledEarly = new Map<number, string>();

  constructor(parts: WorkflowRunParts, options: WorkflowRunOptions, workflows: ActorRegistry<WorkflowLogic>) {
    this.#parts = parts;
    this.#options = options;
    this.runId = options.runId;
    this.sessionId = options.sessionId;
    this.plan = options.plan;
    this.parameters = options.parameters;
    this.lane = options.lane;
    this.#subject = { sessionId: options.sessionId, runId: options.runId };
    this.#frontier = new RunFrontier(options.plan.rows);
    this.#reporter = new RunReporter(parts, options.runId, this.#subject, options.plan);
    this.#chronicle = new RunChronicle(parts, options.runId, this.#subject, {
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
      if (adopted !== undefined) this.#ready.push(...adoptOutputs(adopted, origin.rerunOf ?? '', this.#rows()));
    }
  }

  /** Whether its place may be given to it: it has none yet, and nobody holds it back. */
  get awaitsStart(): boolean {
    return this.actor.getSnapshot().value === 'pending';
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

  /** Why the run was cancelled or timed out. */
  get reason(): string | null {
    return this.actor.getSnapshot().context.reason;
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
    return {
      total: this.size,
      completed: this.#frontier.count('completed'),
      failed: this.#frontier.count('failed'),
      skipped: this.#frontier.count('skipped'),
      cancelled: this.#frontier.count('cancelled'),
    };
  }

  statusOf(index: number): TaskStatus {
    const record = this.#live.get(index);
    if (record?.actor === undefined) return this.#frontier.status(index);
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

  cancelTask(index: number, reason: string): boolean {
    const record = this.#live.get(index);
    if (record !== undefined) {
      // Written before the body is asked to end: that may take its time, and the process may not last as long.
      if (record.attemptKey !== 0) this.#reporter.cancelRequested(index, reason);
      this.#parts.runner.cancel(record, reason);
    } else if (this.#frontier.isPending(index)) this.#cancelPending(index, reason);
    else if (this.#isStarting(index)) this.#cancelledEarly.set(index, reason);
    else return false;
    return true;
  }

  parametersOf(record: TaskRecord): JsonObject {
    return this.plan.parametersOf(record.index, this);
  }

  taskEnded(record: TaskRecord, ending: TaskEnding): void {
    const { index } = record;
    this.#live.delete(index);
    switch (ending.kind) {
      case 'completed':
        this.#outputs[index] = ending.output;
        this.#reporter.completed(record, ending);
        this.#learning.completed(record);
        break;
      case 'failed':
        this.#reporter.failed(index, ending.attempts, ending.error ?? serializeError(undefined), record.threadId);
        break;
      case 'cancelled':
        this.#reporter.cancelled(index, ending.reason ?? 'the attempt was stopped');
        break;
    }
    if (ending.kind !== 'completed') this.#learning.missed(index);
    this.#end(index, ending.kind);
  }

  /** The workflow actor itself ended with an error: the run fails, what still runs is stopped. */
  crashed(error: unknown): void {
    if (this.endedAtMs !== null) return;
    this.#crash = serializeError(error, 'ACTOR_CRASHED');
    this.startedAtMs ??= this.#parts.clock.now();
    this.#endTasks('the run crashed');
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
    const { timers, scheduler } = this.#parts;
    this.#isSuspended = true;
    if (this.#deadline !== undefined) timers.cancel(this.#deadline);
    scheduler.setPaused(this.lane, true);
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
    this.#ready.push(...ready);
    this.#skipped.push(...skipped);
    this.#begun = begun;
    for (const [index, reason] of cancelRequested) this.#cancelledEarly.set(index, reason);
    this.#learning.resumed();
    // The time goes on while nobody works on the run.
    if (history.deadlineMs !== null && history.cancelRequested === null) this.#armDeadline(history.deadlineMs);
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
    for (const index of this.#frontier.start()) this.#ready.push(index);
    this.#advance();
  }

  #startNew(): void {
    const { timeoutMs } = this.#options;
    const nowMs = this.#parts.clock.now();
    this.startedAtMs = nowMs;
    const deadlineMs = timeoutMs === null ? null : nowMs + timeoutMs;
    this.#chronicle.started(nowMs, deadlineMs, this.counts().completed);
    if (deadlineMs !== null) this.#armDeadline(deadlineMs);
  }

  #armDeadline(deadlineMs: number): void {
    this.#deadline = this.#parts.timers.schedule(deadlineMs, () => {
      if (!this.#isSuspended) this.actor.send({ type: 'run.deadline' });
    });
  }

  #report(how: 'paused' | 'resumed'): void {
    if (!this.#isReplaying && !this.#isSuspended) this.#chronicle.steered(how);
  }

  #cancelAll(reason: string, timedOut: boolean): void {
    if (this.#isSuspended) return;
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
    const { clock, timers, scheduler } = this.#parts;
    if (this.endedAtMs !== null || this.#isSuspended) return;
    const endedAtMs = clock.now();
    this.endedAtMs = endedAtMs;
    if (this.#deadline !== undefined) timers.cancel(this.#deadline);
    scheduler.removeLane(this.lane);
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

  #end(index: number, how: 'completed' | 'failed' | 'cancelled'): void {
    this.#frontier.end(index, how, this.#ready, this.#skipped);
    this.#advance();
  }

  // Ended before it is told: a handler that cancels it once more must find it ended.
  #cancelPending(index: number, reason: string): void {
    this.#frontier.end(index, 'cancelled', this.#ready, this.#skipped);
    this.#reporter.cancelled(index, reason);
    this.#advance();
  }

  /** Follows the frontier until nothing moves: reports skips, starts what is ready, notices the end of the run. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      while ((this.#hasBegun && this.#ready.length > 0) || this.#skipped.length > 0) {
        const skipped = this.#skipped.splice(0);
        for (const index of skipped) this.#reportBehind(index);
        this.#starting = this.#hasBegun ? this.#ready.splice(0) : [];
        for (this.#startingPlace = 0; this.#startingPlace < this.#starting.length; this.#startingPlace++) {
          this.#startTask(this.#starting[this.#startingPlace] ?? 0);
        }
        this.#starting = [];
      }
    } finally {
      this.#advancing = false;
    }
    // Before its start there is no end: tasks may have been cancelled while it waited for its place.
    if (this.#frontier.open > 0 || this.#isSettled || !this.#hasBegun) return;
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

  #startTask(index: number): void {
    const spec = this.plan.tasks[index];
    if (spec === undefined) return;
    const early = this.#whyNot(index);
    if (early !== null) {
      this.#reporter.cancelled(index, early);
      this.#frontier.end(index, 'cancelled', this.#ready, this.#skipped);
      return;
    }
    try {
      if (!this.plan.conditionHolds(index, this)) {
        this.#reporter.skipped(index, { code: 'CONDITION_FALSE', reason: 'its run_if is false' });
        this.#frontier.end(index, 'skipped', this.#ready, this.#skipped);
        return;
      }
    } catch (error) {
      this.#reporter.failed(index, 0, serializeError(error, 'EXPRESSION_INVALID'), -1);
      this.#frontier.end(index, 'failed', this.#ready, this.#skipped);
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

  #isStarting(index: number): boolean {
    return this.#ready.includes(index) || this.#starting.indexOf(index, this.#startingPlace) >= 0;
  }

  /** Why a task about to start must not run; null when it may. */
  #whyNot(index: number): string | null {
    const early = this.#cancelledEarly.get(index);
    if (early !== undefined) return early;
    if (this.#crash !== undefined) return 'the run crashed';
    return this.#cancelReason;
  }

  #reportBehind(index: number): void {
    const cause = this.#frontier.skipCause(index);
    this.#reporter.skippedBehind(index, cause, this.#frontier.status(cause));
  }
}
