// Owns the judgement over a simulated world: it hears of every fact, sync and body, keeps its own account of each run
// and notes what must not be. It outlives the engine: what was durable in one life is held against all later ones.

import { isDeepStrictEqual } from 'node:util';
import type { Fact } from '../../src/domain/facts.ts';
import type { AttemptOutcome, TaskAssignment } from '../../src/domain/task-executor.ts';
import type { StepDefinition } from '../../src/domain/workflow-definition.ts';
import type { TaskResult } from '../../src/engine/task.ts';
import type { WorkflowExecution } from '../../src/engine/workflow-execution.ts';
import { RunModel, type TaskModel } from './run-model.ts';
import type { Scenario } from './scenario.ts';
import type { LogWatcher } from './simulated-journal.ts';
import type { Tally } from './tally.ts';
import type { ViolationBook } from './violation.ts';

interface Body {
  readonly assignment: TaskAssignment;
  readonly run: RunModel;
  readonly task: TaskModel;
  stopAsked: boolean;
}

export interface OracleParts {
  readonly scenario: Scenario;
  readonly book: ViolationBook;
  readonly tally: Tally;
  readonly now: () => number;
  readonly trace: ((line: string) => void) | undefined;
}

export class Oracle implements LogWatcher {
  readonly #parts: OracleParts;
  /** By id; of this life's log. */
  readonly #runs = new Map<string, RunModel>();
  readonly #log: Fact[] = [];
  #synced = 0;
  #isReplaying = false;
  /** Outputs of tasks whose completion is durable, by run and task; of all lives. */
  readonly #completed = new Map<string, unknown>();
  /** What was told of a run, the first time. */
  readonly #told = new Map<string, { readonly status: string; readonly outputs: unknown }>();
  readonly #bodies = new Map<number, Body>();
  readonly #inUse = new Map<string, number>();
  /** After a fact was appended: decides whether the process dies there. */
  onAppended: (fact: Fact) => void = () => {};

  constructor(parts: OracleParts) {
    this.#parts = parts;
  }

  run(runId: string): RunModel | undefined {
    return this.#runs.get(runId);
  }

  runs(): Iterable<RunModel> {
    return this.#runs.values();
  }

  /** Attempts whose bodies run now. */
  bodiesOf(run: RunModel): Body[] {
    return [...this.#bodies.values()].filter((body) => body.run === run);
  }

  /** An actor of the engine is made to crash: runs may be taken up again without a new life. */
  actorCrashes(): void {
    for (const run of this.#runs.values()) run.mayRestart = true;
  }

  get bodyCount(): number {
    return this.#bodies.size;
  }

  /** Amounts in use by bodies. */
  inUse(resourceId: string): number {
    return this.#inUse.get(resourceId) ?? 0;
  }

  /** A life begins on what has survived. */
  begin(facts: readonly Fact[]): void {
    const { book, tally } = this.#parts;
    book.hold(
      isDeepStrictEqual(facts.slice(0, this.#synced), this.#log.slice(0, this.#synced)),
      'result-differs',
      () => {
        return 'the log does not begin with what was durable';
      },
    );
    this.#runs.clear();
    this.#log.length = 0;
    this.#isReplaying = true;
    for (const fact of facts) this.#take(fact);
    this.#isReplaying = false;
    this.#synced = 0;
    this.synced(facts.length);
    for (const run of this.#runs.values()) {
      run.isReplaying = false;
      if (run.end !== null || run.isParked) continue;
      run.isTakenUp = false;
      for (const task of run.tasks.values()) {
        if (task.isRunning) tally.add('interrupted attempts');
        if (task.dueMs !== null) tally.add('re-armed retries');
      }
    }
  }

  // --- the log

  appended(sequence: number, fact: Fact): void {
    this.#parts.trace?.(`fact ${sequence} ${JSON.stringify(fact)}`);
    const wasCrashed = this.#runs.get(fact.runId)?.mayRestart === true;
    this.#take(fact);
    if (wasCrashed && fact.type === 'run.recovered') this.#parts.tally.add('runs started anew');
    this.#count(fact);
    this.onAppended(fact);
  }

  synced(sequence: number): void {
    this.#parts.trace?.(`synced up to ${sequence}`);
    for (; this.#synced < sequence; this.#synced++) {
      const fact = this.#log[this.#synced];
      if (fact?.type === 'task.completed') this.#completed.set(`${fact.runId}/${fact.task}`, fact.output);
    }
  }

  failed(): void {
    this.#parts.trace?.('the store fails');
    this.#parts.tally.add('failing writes');
  }

  congested(): void {
    this.#parts.tally.add('congestions');
  }

  // --- bodies

  began(assignment: TaskAssignment): void {
    const { book, tally, scenario, trace } = this.#parts;
    const { runId, taskName, attempt, attemptKey, parameters } = assignment;
    tally.add('bodies');
    trace?.(`body ${attemptKey} of ${runId}/${taskName} begins`);
    const run = this.#runs.get(runId);
    const task = run?.tasks.get(taskName);
    if (run === undefined || task === undefined) {
      book.note('started-unrecorded', `a body of '${runId}/${taskName}' began, of which nothing is recorded`);
      return;
    }
    const name = `'${taskName}' of '${runId}'`;
    book.hold(!this.#completed.has(`${runId}/${taskName}`), 'completed-runs-again', () => `${name} executes again`);
    // What was taken ahead may begin while the engine goes down: its run is suspended, and the attempt is on record.
    const isRecorded = (task.isRunning || run.isSuspended) && task.attempt === attempt;
    book.hold(isRecorded, 'started-unrecorded', () => `attempt ${attempt} of ${name} is not the one on record`);
    run.checkMayRun(task);
    const twin = this.bodiesOf(run).some((body) => body.task === task);
    book.hold(!twin, 'one-body-a-task', () => `${name} has two bodies`);
    for (const dependency of task.dependencies) {
      const given = parameters[`from-${dependency}`];
      const isKept = given === undefined || isDeepStrictEqual(given, run.task(dependency).output);
      book.hold(isKept, 'outputs-kept', () => `${name} was given ${JSON.stringify(given)} of '${dependency}'`);
    }
    this.#bodies.set(attemptKey, { assignment, run, task, stopAsked: false });
    for (const [resourceId, amount] of Object.entries(task.step.resources)) {
      const sum = this.inUse(resourceId) + amount;
      this.#inUse.set(resourceId, sum);
      const capacity = scenario.resources.find(({ id }) => id === resourceId)?.capacity ?? 0;
      book.hold(sum <= capacity, 'capacity-exceeded', () => `${sum} of '${resourceId}' are in use, of ${capacity}`);
    }
    this.#checkKey(task.step);
    this.#checkParallel(run);
  }

  #checkKey({ name, concurrency }: StepDefinition): void {
    if (concurrency === null) return;
    const { key } = concurrency;
    let running = 0;
    // Bodies may begin in another order than they were picked in: the last one picked knew of all the others.
    let limit = 0;
    for (const { task } of this.#bodies.values()) {
      if (task.step.concurrency?.key !== key) continue;
      running++;
      limit = Math.max(limit, task.step.concurrency.limit);
    }
    const detail = () => `'${name}' began as number ${running} of '${key}', limit ${limit}`;
    this.#parts.book.hold(running <= limit, 'concurrency-exceeded', detail);
  }

  stopAsked(attemptKey: number): void {
    const body = this.#bodies.get(attemptKey);
    if (body !== undefined) body.stopAsked = true;
  }

  /** `isCrash`: the process went down under it. */
  over(attemptKey: number, outcome: AttemptOutcome, isCrash: boolean): void {
    const { tally } = this.#parts;
    const body = this.#bodies.get(attemptKey);
    if (body === undefined) return;
    this.#parts.trace?.(`body ${attemptKey} is over: ${isCrash ? 'crash' : outcome.kind}`);
    this.#bodies.delete(attemptKey);
    for (const [resourceId, amount] of Object.entries(body.task.step.resources)) {
      this.#inUse.set(resourceId, this.inUse(resourceId) - amount);
    }
    if (isCrash) return;
    if (outcome.kind === 'stopped' && outcome.killed) tally.add('killed threads');
    if (outcome.kind === 'failed' && outcome.error.code === 'THREAD_EXITED') tally.add('dead threads');
    if (outcome.kind === 'completed' && body.stopAsked) tally.add('late results');
    this.#checkOver(body);
  }

  // --- results

  /** Someone was told how a run ended. */
  told(runId: string, execution: WorkflowExecution): void {
    const { book, tally } = this.#parts;
    this.#parts.trace?.(`run ${runId} is told to be ${execution.status}`);
    const run = this.#runs.get(runId);
    if (run === undefined || run.end === null || run.endSequence > this.#synced) {
      book.note('reported-early', `run '${runId}' was told to be ${execution.status} before that was durable`);
      return;
    }
    const { status } = execution;
    const outputs = { ...execution.outputs };
    book.hold(status === run.end, 'result-differs', () => `run '${runId}' is ${run.end} and told to be ${status}`);
    const recorded = [...run.tasks.values()].filter(({ end }) => end === 'completed');
    const kept = Object.fromEntries(recorded.map(({ step, output }) => [step.name, output]));
    book.hold(isDeepStrictEqual(outputs, kept), 'result-differs', () => {
      return `outputs of run '${runId}' told: ${JSON.stringify(outputs)}, recorded: ${JSON.stringify(kept)}`;
    });
    const before = this.#told.get(runId);
    if (before !== undefined) tally.add('results told again');
    const isSame = before === undefined || isDeepStrictEqual(before, { status, outputs });
    book.hold(isSame, 'result-differs', () => `run '${runId}' was told to be ${before?.status} before, now ${status}`);
    this.#told.set(runId, { status, outputs });
  }

  /** The same for a task that was submitted by itself. */
  toldTask({ taskId, status, output }: TaskResult): void {
    const { book, trace } = this.#parts;
    trace?.(`task ${taskId} is told to be ${status}`);
    const run = this.#runs.get(taskId);
    const [task] = run?.tasks.values() ?? [];
    // Parked counts as failed, and goes on when it is released, which may be before the news is out.
    const end = run !== undefined && run.endSequence <= this.#synced ? run.end : null;
    if (run?.wasParked === true && status === 'failed' && end !== 'failed') return;
    if (end === null || task === undefined) {
      book.note('reported-early', `task '${taskId}' was told to be ${status} before that was durable`);
      return;
    }
    const isSame = status === task.end && (status !== 'completed' || isDeepStrictEqual(output, task.output));
    book.hold(isSame, 'result-differs', () => `task '${taskId}' is ${task.end} and told to be ${status}`);
    this.#told.set(taskId, { status: end, outputs: output });
  }

  /** In the log of the end: what was told is what is recorded, and nothing is left open. */
  checkTold(): void {
    const { book } = this.#parts;
    for (const run of this.#runs.values()) {
      const { runId, end } = run;
      const told = this.#told.get(runId);
      book.hold(told === undefined || told.status === end, 'result-differs', () => {
        return `run '${runId}' was told to be ${told?.status} and is ${end} on record`;
      });
      book.hold(end !== null || run.isParked, 'every-run-ends', () => `run '${runId}' is open on record`);
    }
    for (const runId of this.#told.keys()) {
      book.hold(this.#runs.has(runId), 'result-differs', () => `run '${runId}', which was told of, is not on record`);
    }
  }

  #take(fact: Fact): void {
    const { scenario, book } = this.#parts;
    this.#log.push(fact);
    if (fact.type === 'run.created') {
      const planned = scenario.runs.find(({ runId }) => runId === (fact.rerunOf ?? fact.runId));
      if (planned === undefined) throw new Error(`nobody asked for run '${fact.runId}'`);
      this.#add(RunModel.ofWorkflow(fact.runId, planned.workflow, book));
    } else if (fact.type === 'task.submitted') {
      const planned = scenario.tasks.find(({ taskId }) => taskId === fact.runId);
      if (planned === undefined) throw new Error(`nobody submitted task '${fact.runId}'`);
      this.#add(RunModel.ofTask(fact.runId, planned.step, fact.dependencies, book, (id) => this.#endOfTask(id)));
    }
    const run = this.#runs.get(fact.runId);
    if (run === undefined) book.note('ended-whole', `'${fact.type}' of '${fact.runId}', which was not created`);
    else run.take(this.#log.length, fact);
  }

  #add(model: RunModel): void {
    const isNew = !this.#runs.has(model.runId);
    this.#parts.book.hold(isNew, 'recovery-counted', () => `run '${model.runId}' was created twice`);
    model.isReplaying = this.#isReplaying;
    this.#runs.set(model.runId, model);
  }

  #endOfTask(taskId: string): TaskModel['end'] {
    const [task] = this.#runs.get(taskId)?.tasks.values() ?? [];
    return task?.end ?? null;
  }

  #checkParallel(run: RunModel): void {
    const { book } = this.#parts;
    const ofRun = this.bodiesOf(run).length;
    const limit = Math.min(run.maxParallel ?? Number.POSITIVE_INFINITY, run.mode === 'sequential' ? 1 : 1_000);
    book.hold(ofRun <= limit, 'parallel-limit', () => `run '${run.runId}' has ${ofRun} bodies, of ${limit}`);
    const { frame } = run;
    if (frame?.maxParallelTasks === null || frame === null) return;
    const isSame = (other: RunModel) => other.frame?.sessionId === frame.sessionId;
    const ofSession = [...this.#bodies.values()].filter((body) => isSame(body.run)).length;
    const most = frame.maxParallelTasks;
    book.hold(ofSession <= most, 'parallel-limit', () => `'${frame.name}' has ${ofSession} bodies, of ${most}`);
  }

  #checkOver({ run, task, assignment }: Body): void {
    const { now, scenario, book } = this.#parts;
    const { timeoutMs } = task.step;
    const limits = [
      timeoutMs === null || !task.isRunning ? null : task.startedAtMs + timeoutMs,
      task.expiresAtMs,
      run.deadlineMs,
      run.cancelRequestedAtMs,
      task.cancelRequestedAtMs,
    ].filter((limit) => limit !== null);
    if (limits.length === 0) return;
    // A life that begins after a deadline has passed may find out only then, but runs nothing meanwhile.
    const lateMs = now() - Math.min(...limits) - scenario.cancelGraceMs - scenario.pool.exitMs;
    book.hold(lateMs <= 0, 'attempt-deadline', () => {
      return `attempt ${assignment.attempt} of '${task.step.name}' of '${run.runId}' ended ${lateMs} ms too late`;
    });
  }

  #count(fact: Fact): void {
    const { tally } = this.#parts;
    switch (fact.type) {
      case 'task.submitted':
        tally.add('single tasks');
        break;
      case 'run.recovered':
        tally.add(this.#runs.get(fact.runId)?.isSingle === true ? 'recovered tasks' : 'recovered runs');
        break;
      case 'run.suspended':
        tally.add('suspended runs');
        break;
      case 'run.parked':
        tally.add('parked runs');
        break;
      case 'run.released':
        tally.add('released runs');
        break;
      case 'run.paused':
        tally.add('runs paused');
        break;
      case 'run.ended':
        tally.add(fact.timedOut ? 'runs timed out' : `runs ${fact.status}`);
        break;
      case 'task.adopted':
        tally.add('adopted outputs');
        this.#checkAdopted(fact);
        break;
      case 'task.retry-scheduled':
        tally.add('retries');
        this.#countFault(fact.error.code);
        break;
      case 'task.failed':
        tally.add('tasks failed');
        this.#countFault(fact.error.code);
        break;
      case 'task.skipped':
        tally.add(fact.code === 'CONDITION_FALSE' ? 'conditions false' : 'tasks skipped');
        break;
      case 'task.cancelled': {
        const wasRunning = this.#runs.get(fact.runId)?.task(fact.task).startedAtMs !== 0;
        tally.add(wasRunning ? 'tasks cancelled while running' : 'tasks cancelled otherwise');
        break;
      }
      default:
        break;
    }
  }

  #checkAdopted({ runId, task, output, fromRunId }: Extract<Fact, { readonly type: 'task.adopted' }>): void {
    const source = this.#runs.get(fromRunId)?.task(task);
    const isKept = source?.end === 'completed' && isDeepStrictEqual(source.output, output);
    this.#parts.book.hold(isKept, 'outputs-kept', () => {
      return `'${task}' of '${runId}' took over ${JSON.stringify(output)} from '${fromRunId}'`;
    });
  }

  #countFault(code: string): void {
    const { tally } = this.#parts;
    if (code === 'TASK_TIMEOUT') tally.add('attempts timed out');
    else if (code === 'TASK_HEARTBEAT_TIMEOUT') tally.add('heartbeats missed');
    else if (code === 'TASK_TOTAL_TIMEOUT') tally.add('tasks expired');
  }
}
