// Owns an independent account of one run, kept from its facts one by one: what a second, simpler reading of the log says
// may come next. It is written on its own, not taken from the engine's fold, so that the two check each other.

import type { Fact, SessionFrame } from '../../src/domain/facts.ts';
import type { JsonValue } from '../../src/domain/json-value.ts';
import type { StepDefinition } from '../../src/domain/workflow-definition.ts';
import type { CompiledWorkflow } from '../../src/engine/workflow-compiler.ts';
import type { Invariant, ViolationBook } from './violation.ts';

type TaskFactType = Extract<Fact, { readonly task: string }>;
type Started = Extract<Fact, { readonly type: 'task.started' }>;

export interface TaskModel {
  readonly step: StepDefinition;
  readonly dependencies: readonly string[];
  end: 'completed' | 'failed' | 'cancelled' | 'skipped' | null;
  output: JsonValue;
  /** Number of the newest attempt; 0 before the first. */
  attempt: number;
  isRunning: boolean;
  startedAtMs: number;
  interruptions: number;
  dueMs: number | null;
  expiresAtMs: number | null;
  cancelRequestedAtMs: number | null;
}

export class RunModel {
  readonly runId: string;
  /** A task that was submitted by itself. */
  readonly isSingle: boolean;
  readonly tasks = new Map<string, TaskModel>();
  readonly #book: ViolationBook;
  /** Its newest fact is neither that it was parked nor that it was released. */
  #isUnderWay = true;
  frame: SessionFrame | null = null;
  maxParallel: number | null = null;
  mode = '';
  timeoutMs: number | null = null;
  startedAtMs: number | null = null;
  deadlineMs: number | null = null;
  cancelRequestedAtMs: number | null = null;
  isPaused = false;
  isSuspended = false;
  isParked = false;
  wasParked = false;
  recoveries = 0;
  /** Whether this life has written of it yet. */
  isTakenUp = true;
  /** Its actor, or one above it, was made to crash: it may be taken up again in the same life, once a crash at most. */
  mayRestart = false;
  /** Its owner has asked for it to be taken up: recoveries count from 0 again. */
  isByHand = false;
  /** The facts are those that an earlier life wrote, and were judged then. */
  isReplaying = false;
  end: 'completed' | 'failed' | 'cancelled' | null = null;
  endSequence = 0;

  /** How a dependency has ended: another task of the run, or another single task. */
  readonly #endOf: (dependency: string) => TaskModel['end'];

  private constructor(runId: string, book: ViolationBook, endOf?: (taskId: string) => TaskModel['end']) {
    this.runId = runId;
    this.isSingle = endOf !== undefined;
    this.#book = book;
    this.#endOf = endOf ?? ((dependency) => this.task(dependency).end);
  }

  static ofWorkflow(runId: string, workflow: CompiledWorkflow, book: ViolationBook): RunModel {
    const run = new RunModel(runId, book);
    run.timeoutMs = workflow.definition.timeoutMs;
    const { graph } = workflow;
    for (const [index, step] of workflow.steps.entries()) {
      const from = graph.dependencyOffsets[index] ?? 0;
      const to = graph.dependencyOffsets[index + 1] ?? 0;
      const dependencies = [...graph.dependencies.subarray(from, to)].map((place) => workflow.steps[place]?.name ?? '');
      run.tasks.set(step.name, newTask(step, dependencies));
    }
    return run;
  }

  /** A task submitted by itself; `endOf` gives the end of another one. */
  static ofTask(
    taskId: string,
    step: StepDefinition,
    dependencies: readonly string[],
    book: ViolationBook,
    endOf: (taskId: string) => TaskModel['end'],
  ): RunModel {
    const run = new RunModel(taskId, book, endOf);
    run.tasks.set(step.name, newTask(step, dependencies));
    return run;
  }

  task(name: string): TaskModel {
    const task = this.tasks.get(name);
    if (task === undefined) throw new Error(`run ${this.runId} has no step ${name}`);
    return task;
  }

  take(sequence: number, fact: Fact): void {
    this.#hold(this.end === null, 'ended-whole', () => `'${fact.type}' was written after its end`);
    if (fact.type === 'run.recovered' && !this.isReplaying && this.isTakenUp && this.#isUnderWay) {
      this.#takeRestart(fact.recovery);
      return;
    }
    this.#isUnderWay = !['run.released', 'run.parked'].includes(fact.type);
    this.#checkTakenUp(fact);
    if ('task' in fact) this.#takeTask(sequence, fact);
    else this.#takeRun(sequence, fact);
  }

  #checkTakenUp(fact: Fact): void {
    if (this.isTakenUp) return;
    this.isTakenUp = true;
    const { type } = fact;
    // A single task that nobody has taken up is cancelled as it lies.
    const isCancelled = this.isSingle && type === 'task.cancelled';
    const opens = type === 'run.recovered' || type === 'run.parked' || type === 'run.released' || isCancelled;
    this.#hold(opens, 'recovery-counted', () => `a new life began with '${type}'`);
  }

  #takeRun(sequence: number, fact: Exclude<Fact, TaskFactType>): void {
    switch (fact.type) {
      case 'run.created':
        this.frame = fact.session;
        this.maxParallel = fact.maxParallel;
        this.mode = fact.mode;
        break;
      case 'run.started':
        this.#hold(this.startedAtMs === null, 'recovery-counted', () => 'it was started twice');
        this.startedAtMs = fact.atMs;
        this.deadlineMs = fact.deadlineMs;
        this.#hold(
          fact.deadlineMs === (this.timeoutMs === null ? null : fact.atMs + this.timeoutMs),
          'attempt-deadline',
          () => `its deadline ${fact.deadlineMs} is not ${this.timeoutMs} ms after ${fact.atMs}`,
        );
        this.#hold(!this.isPaused, 'paused-starts', () => 'it started while it was paused');
        break;
      case 'run.recovered':
        this.#takeRecovery(fact.recovery);
        break;
      case 'run.suspended':
        this.isSuspended = true;
        this.#interrupt();
        break;
      case 'run.parked':
        this.isParked = true;
        this.wasParked = true;
        break;
      case 'run.released':
        this.isParked = false;
        this.recoveries = 0;
        break;
      case 'run.paused':
        this.isPaused = true;
        break;
      case 'run.resumed':
        this.isPaused = false;
        break;
      case 'run.cancel-requested':
        this.cancelRequestedAtMs ??= fact.atMs;
        break;
      case 'run.ended':
        this.#takeEnd(sequence, fact);
        break;
    }
  }

  #takeRecovery(recovery: number): void {
    // What had not begun cannot have been the end of its process.
    const [first] = this.tasks.values();
    const hasBegun = this.isSingle ? (first?.attempt ?? 0) > 0 : this.startedAtMs !== null;
    const expected = this.isByHand ? 0 : this.recoveries + (this.isSuspended || !hasBegun ? 0 : 1);
    this.isByHand = false;
    this.#hold(
      recovery === expected,
      'recovery-counted',
      () => `recovery ${recovery} was written where ${expected} was due`,
    );
    this.recoveries = recovery;
    this.isSuspended = false;
    this.#interrupt();
  }

  /** Taken up again by the life that it is in: that counts for nothing. */
  #takeRestart(recovery: number): void {
    this.#hold(this.mayRestart, 'recovery-counted', () => 'it was taken up again though nothing of it crashed');
    this.mayRestart = false;
    this.#hold(recovery === this.recoveries, 'recovery-counted', () => `a restart was counted as ${recovery}`);
    this.#interrupt();
  }

  #takeEnd(sequence: number, fact: Extract<Fact, { readonly type: 'run.ended' }>): void {
    this.end = fact.status;
    this.endSequence = sequence;
    const open = [...this.tasks.values()].filter(({ end }) => end === null).map(({ step }) => step.name);
    this.#hold(
      open.length === 0,
      'ended-whole',
      () => `it ended as ${fact.status} with open tasks: ${open.join(', ')}`,
    );
    const isCancelled = this.cancelRequestedAtMs !== null && fact.status === 'completed';
    this.#hold(!isCancelled, 'cancelled-completes', () => 'its cancellation was on record and it completed');
  }

  #takeTask(sequence: number, fact: TaskFactType): void {
    const task = this.task(fact.task);
    this.#hold(
      task.end === null,
      task.end === 'completed' && fact.type === 'task.started' ? 'completed-runs-again' : 'ended-whole',
      () => `'${fact.type}' of '${fact.task}', which was ${task.end}`,
    );
    switch (fact.type) {
      case 'task.started':
        this.#start(task, fact);
        break;
      case 'task.completed':
        this.#hold(
          task.cancelRequestedAtMs === null,
          'cancelled-completes',
          () => `'${fact.task}' completed after its cancellation was on record`,
        );
        task.output = fact.output;
        this.#endTask(task, 'completed');
        break;
      case 'task.adopted':
        task.output = fact.output;
        this.#endTask(task, 'completed');
        break;
      case 'task.retry-scheduled':
        task.isRunning = false;
        task.dueMs = fact.dueMs;
        break;
      case 'task.failed':
        this.#endTask(task, 'failed');
        break;
      case 'task.cancel-requested':
        task.cancelRequestedAtMs ??= fact.atMs;
        break;
      case 'task.cancelled':
        this.#endTask(task, 'cancelled');
        break;
      case 'task.skipped':
        this.#endTask(task, 'skipped');
        break;
      case 'task.submitted':
        this.startedAtMs = fact.atMs;
        break;
    }
    if (!this.isSingle || task.end === null) return;
    this.end = task.end === 'skipped' ? 'cancelled' : task.end;
    this.endSequence = sequence;
  }

  #start(task: TaskModel, fact: Started): void {
    const { name } = task.step;
    this.checkMayRun(task);
    this.#hold(!this.isPaused, 'paused-starts', () => `'${name}' started`);
    // One that was handed back unstarted keeps its number.
    const expected = task.isRunning ? task.attempt : task.attempt + 1;
    this.#hold(
      fact.attempt === expected,
      'attempt-numbers',
      () => `'${name}': attempt ${fact.attempt}, not ${expected}`,
    );
    const { maxAttempts } = task.step.retry;
    this.#hold(
      fact.attempt <= maxAttempts + task.interruptions,
      'attempts-exceeded',
      () => `'${name}': attempt ${fact.attempt} of ${maxAttempts} with ${task.interruptions} interruptions`,
    );
    this.#hold(
      task.dueMs === null || fact.atMs >= task.dueMs,
      'backoff-held',
      () => `'${name}' started ${(task.dueMs ?? 0) - fact.atMs} ms before it was due`,
    );
    this.#checkDeadlines(task, fact);
    task.attempt = fact.attempt;
    task.isRunning = true;
    task.startedAtMs = fact.atMs;
    task.dueMs = null;
    task.expiresAtMs = fact.expiresAtMs;
  }

  /** No attempt of it may be recorded or begin now unless this passes. */
  checkMayRun(task: TaskModel): void {
    const { name } = task.step;
    const missing = task.dependencies.filter((dependency) => this.#endOf(dependency) !== 'completed');
    this.#hold(missing.length === 0, 'dependency-order', () => `'${name}' started before ${missing.join(', ')}`);
    const isCancelled = this.cancelRequestedAtMs !== null || task.cancelRequestedAtMs !== null;
    this.#hold(!isCancelled, 'cancelled-starts', () => `'${name}' started after a cancellation`);
    this.#hold(this.startedAtMs !== null, 'ended-whole', () => `'${name}' started before its run`);
    this.#hold(this.end === null && !this.isParked, 'ended-whole', () => `'${name}' started though its run was over`);
  }

  #checkDeadlines({ step, attempt, isRunning, expiresAtMs }: TaskModel, fact: Started): void {
    const { name, timeoutMs, totalTimeoutMs } = step;
    const deadlineMs = timeoutMs === null ? null : fact.atMs + timeoutMs;
    this.#hold(
      fact.deadlineMs === deadlineMs,
      'attempt-deadline',
      () => `'${name}' has the deadline ${fact.deadlineMs}`,
    );
    // A first attempt that was handed back unstarted has not started the task's time.
    const isFirst = attempt === 0 || (attempt === 1 && isRunning);
    const expected = !isFirst ? expiresAtMs : totalTimeoutMs === null ? null : fact.atMs + totalTimeoutMs;
    this.#hold(
      fact.expiresAtMs === expected,
      'total-deadline',
      () => `'${name}' expires at ${fact.expiresAtMs}, not ${expected} (attempt ${fact.attempt} at ${fact.atMs})`,
    );
    this.#hold(
      expected === null || fact.atMs <= expected,
      'total-deadline',
      () => `'${name}' started ${fact.atMs - (expected ?? 0)} ms after it had expired`,
    );
  }

  #endTask(task: TaskModel, end: NonNullable<TaskModel['end']>): void {
    task.end = end;
    task.isRunning = false;
    task.dueMs = null;
  }

  #interrupt(): void {
    for (const task of this.tasks.values()) {
      if (!task.isRunning) continue;
      task.isRunning = false;
      task.interruptions++;
    }
  }

  #hold(condition: boolean, invariant: Invariant, detail: () => string): void {
    if (!condition && !this.isReplaying) this.#book.note(invariant, `run '${this.runId}': ${detail()}`);
  }
}

function newTask(step: StepDefinition, dependencies: readonly string[]): TaskModel {
  return {
    step,
    dependencies,
    end: null,
    output: null,
    attempt: 0,
    isRunning: false,
    startedAtMs: 0,
    interruptions: 0,
    dueMs: null,
    expiresAtMs: null,
    cancelRequestedAtMs: null,
  };
}
