// Owns the comparison of an engine that stands still for a moment with the fold of its journal: statuses of runs and
// tasks, attempts under way, capacity in use.

import { foldRun, type RunHistory, type TaskHistory } from '../../src/journal/run-history.ts';
import type { Life } from './life.ts';
import type { Oracle } from './oracle.ts';
import type { RunModel } from './run-model.ts';
import type { Scenario } from './scenario.ts';
import type { ViolationBook } from './violation.ts';

/**
 * Live statuses that a task may have when its facts say this. Facts know nothing of a body that is being stopped, nor of
 * a retry that is due and waits; what began in an earlier life is pending until its run has its place again.
 */
const LIVE_STATUSES: Readonly<Record<TaskHistory['status'], readonly string[]>> = {
  pending: ['pending', 'ready'],
  ready: ['pending', 'ready'],
  running: ['running', 'cancelling'],
  retrying: ['retrying', 'ready', 'pending'],
  completed: ['completed'],
  failed: ['failed'],
  cancelled: ['cancelled'],
  skipped: ['skipped'],
};

export interface LiveStateParts {
  readonly scenario: Scenario;
  readonly oracle: Oracle;
  readonly book: ViolationBook;
}

/** Holds a life against its journal; to be called while nothing moves. */
export function checkLiveState(life: Life, { scenario, oracle, book }: LiveStateParts): void {
  if (life.isOver || life.engine.isClosed || life.journal.failure !== null) return;
  for (const model of oracle.runs()) checkRun(life, model, { scenario, oracle, book });
  const open = life.openAttempts().map(({ runId, taskName }) => oracle.run(runId)?.tasks.get(taskName)?.step.resources);
  for (const { id } of scenario.resources) {
    const { current } = life.engine.resources.getUsage(id);
    const needed = open.reduce((sum, resources) => sum + (resources?.[id] ?? 0), 0);
    const invariant = open.length === 0 ? 'capacity-left' : 'capacity-granted';
    book.hold(current === needed, invariant, () => `${current} of '${id}' are granted, ${needed} are needed`);
  }
}

function checkRun(life: Life, model: RunModel, { scenario, oracle, book }: LiveStateParts): void {
  if (model.isSingle) {
    checkSingle(life, model, book);
    return;
  }
  const handle = life.engine.getRun(model.runId);
  const history = foldRun(life.journal.read(model.runId));
  if (history === undefined) return;
  checkModel(history, model, book);
  if (handle === undefined) return;
  const { status } = history.record;
  // A run that was paused and is told to end goes on as running until it has.
  const isSame = handle.status === status || (status === 'paused' && history.cancelRequested !== null);
  // Until it is taken up again, one that crashed stands where it stood: its last fact may say more.
  const isCrashed = model.mayRestart && handle.status === 'running' && status === 'paused';
  book.hold(isSame || isCrashed, 'fold-differs', () => `run '${model.runId}' is ${handle.status}, its fold ${status}`);
  for (const name of model.tasks.keys()) {
    const folded = history.tasks.get(name)?.status ?? 'pending';
    const live = handle.taskStatus(name) ?? 'pending';
    // One that was handed back unstarted is ready again, of which no fact tells.
    const isHandedBack = scenario.pool.ahead > 0 && folded === 'running' && live === 'ready';
    // A skip that was lost with the process is written again when the run has its place.
    const isLostSkip = folded === 'pending' && live === 'skipped' && isDoomed(model, name);
    // Its run crashed, perhaps just after the fact; until the run is taken up again it stands where it stood.
    const isLetGo = model.mayRestart && (live === 'pending' || live === 'ready');
    const fits = LIVE_STATUSES[folded].includes(live) || isHandedBack || isLostSkip || isLetGo;
    book.hold(fits, 'fold-differs', () => `task '${name}' of '${model.runId}' is ${live}, its fold ${folded}`);
  }
  for (const { assignment } of oracle.bodiesOf(model)) {
    const attempt = history.tasks.get(assignment.taskName)?.attempts.at(-1);
    const isOn = attempt?.attempt === assignment.attempt && attempt.outcome === 'running';
    book.hold(
      isOn,
      'fold-differs',
      () => `attempt ${assignment.attempt} of '${assignment.taskName}' is not in the fold`,
    );
  }
}

/** Live statuses of a task that was submitted by itself, likewise. */
const SINGLE_STATUSES: Readonly<Record<TaskHistory['status'], readonly string[]>> = {
  ...LIVE_STATUSES,
  pending: ['pending', 'blocked', 'ready'],
};

function checkSingle(life: Life, model: RunModel, book: ViolationBook): void {
  const { runId, isParked } = model;
  const history = foldRun(life.journal.read(runId));
  if (history === undefined || isParked) return;
  checkModel(history, model, book);
  const live = life.engine.tasks.getTask(runId)?.status ?? 'unknown';
  for (const { status } of history.tasks.values()) {
    // One that was handed back unstarted is ready again, of which no fact tells.
    const fits = SINGLE_STATUSES[status].includes(live) || (status === 'running' && live === 'ready');
    book.hold(fits, 'fold-differs', () => `task '${runId}' is ${live}, its fold ${status}`);
  }
}

/** Whether something that it depends on, near or far, has ended without completing. */
function isDoomed(model: RunModel, name: string): boolean {
  return model.task(name).dependencies.some((dependency) => {
    const { end } = model.task(dependency);
    return end === null ? isDoomed(model, dependency) : end !== 'completed';
  });
}

/** The engine's fold against the oracle's own account. */
function checkModel(history: RunHistory, model: RunModel, book: ViolationBook): void {
  const { runId } = model;
  book.hold(history.record.recoveries === model.recoveries, 'fold-differs', () => `recoveries of '${runId}'`);
  for (const [name, task] of model.tasks) {
    const folded = history.tasks.get(name);
    const end = folded === undefined || folded.endedAtMs === null ? null : folded.status;
    const attempt = folded?.attempts.at(-1)?.attempt ?? 0;
    const isSame = end === task.end && attempt === task.attempt && (folded?.interruptions ?? 0) === task.interruptions;
    book.hold(isSame, 'fold-differs', () => `the fold of '${name}' of '${runId}' is not what its facts say`);
  }
}
