// Owns the way of a task's statechart as its record tells it: the states and events of src/machines/task-machine.ts that
// lead from one recorded moment to the next. Where the record leaves open how a body ended after it was stopped, the event
// is the likeliest one; the states are certain. A life of the engine that took the task up again begins at the beginning.

import type { AttemptHistory, RunHistory, TaskHistory } from '../engine/run-archive.ts';
import type { PathStep } from './wire.ts';

/** Of a longer way the last steps are told. */
export const MOST_STEPS = 200;

/** Errors of attempts whose time was up, by the event that said so. */
const EXPIRY_EVENTS: Readonly<Record<string, string>> = {
  TASK_TIMEOUT: 'task.deadline',
  TASK_HEARTBEAT_TIMEOUT: 'task.heartbeat-missed',
  TASK_TOTAL_TIMEOUT: 'task.expire',
};

/** What of a run the way of one of its tasks depends on. */
export interface PathFrame {
  /** When the task became ready; null = that is not known. */
  readonly readyMs: number | null;
  /** When the run was taken up again, or let go of in good order. */
  readonly breaks: readonly number[];
  /** Whether an engine has the run in its hands: its unfinished tasks that are ready have an actor. */
  readonly isHeld: boolean;
}

export interface StatechartPath {
  readonly steps: readonly PathStep[];
  /** Steps before those. */
  readonly omitted: number;
}

/** When lives of the engine ended and began around a run. */
export function breaksOf({ moments }: Pick<RunHistory, 'moments'>): number[] {
  return moments.filter(({ type }) => type === 'recovered' || type === 'suspended').map(({ atMs }) => atMs);
}

/** The way of a task until now; empty for one whose actor never came to life. */
export function pathOf(task: TaskHistory, frame: PathFrame): StatechartPath {
  const steps = new PathFold(task, frame).steps();
  const omitted = Math.max(0, steps.length - MOST_STEPS);
  return { steps: steps.slice(omitted), omitted };
}

class PathFold {
  readonly #task: TaskHistory;
  readonly #frame: PathFrame;
  readonly #steps: PathStep[] = [];

  constructor(task: TaskHistory, frame: PathFrame) {
    this.#task = task;
    this.#frame = frame;
  }

  steps(): PathStep[] {
    const { attempts, adoptedFrom, status } = this.#task;
    if (adoptedFrom !== null || status === 'skipped') return [];
    if (attempts.length === 0) this.#neverBegan();
    for (const [index, attempt] of attempts.entries()) {
      this.#beforeAttempt(index, attempt);
      this.#add('task.start', 'running', attempt.startedAtMs);
      this.#afterAttempt(index, attempt);
    }
    if (attempts.length > 0) this.#endBetweenAttempts();
    return this.#steps;
  }

  #neverBegan(): void {
    const { status, endedAtMs, reason, error } = this.#task;
    const { readyMs, isHeld } = this.#frame;
    if (status === 'cancelled') {
      // A task that was pending is cancelled without an actor.
      if (readyMs === null || endedAtMs === null || reason === null) return;
      this.#begin(readyMs);
      this.#add('task.cancel', 'cancelled', endedAtMs);
    } else if (status === 'failed' && error?.code === 'TASK_TOTAL_TIMEOUT') {
      this.#begin(readyMs ?? endedAtMs ?? 0);
      this.#add('task.expire', 'failed', endedAtMs ?? 0);
    } else if (status !== 'failed' && isHeld && readyMs !== null) this.#begin(readyMs);
  }

  #beforeAttempt(index: number, { startedAtMs }: AttemptHistory): void {
    const before = this.#task.attempts[index - 1];
    if (before === undefined) {
      this.#begin(Math.min(this.#frame.readyMs ?? startedAtMs, startedAtMs));
      return;
    }
    const endedAtMs = before.endedAtMs ?? startedAtMs;
    if (before.outcome === 'interrupted') {
      const newLife = this.#lifeBetween(endedAtMs, startedAtMs);
      if (newLife === null) this.#add('attempt.stopped', 'ready', endedAtMs);
      else this.#begin(newLife);
      return;
    }
    const newLife = this.#lifeBetween(endedAtMs, startedAtMs);
    if (newLife !== null) this.#beginPostponed(newLife);
    // The record keeps when the next one was due only while it is awaited.
    this.#add('task.retry-due', 'ready', startedAtMs);
  }

  #afterAttempt(index: number, attempt: AttemptHistory): void {
    const isLast = index === this.#task.attempts.length - 1;
    switch (attempt.outcome) {
      case 'running':
        if (isLast && this.#task.cancelRequested !== null) this.#add('task.cancel', 'cancelling', attempt.startedAtMs);
        break;
      case 'completed':
        this.#add('attempt.completed', 'completed', attempt.endedAtMs ?? attempt.startedAtMs);
        break;
      case 'cancelled':
        this.#add('task.cancel', 'cancelling', attempt.endedAtMs ?? attempt.startedAtMs);
        this.#add('attempt.stopped', 'cancelled', attempt.endedAtMs ?? attempt.startedAtMs);
        break;
      case 'failed':
        this.#failed(attempt, isLast && this.#isFailedWith(attempt));
        break;
      default:
        // Told before the next attempt, which says whether a new life of the engine began.
        break;
    }
  }

  #failed({ error, endedAtMs, startedAtMs, killed }: AttemptHistory, isEnd: boolean): void {
    const atMs = endedAtMs ?? startedAtMs;
    const expiry = EXPIRY_EVENTS[error?.code ?? ''];
    if (expiry !== undefined) this.#add(expiry, 'expiring', atMs);
    const how = expiry === undefined && !killed ? 'attempt.failed' : 'attempt.stopped';
    this.#add(how, isEnd ? 'failed' : 'retrying', atMs);
  }

  #isFailedWith({ endedAtMs }: AttemptHistory): boolean {
    const { status, endedAtMs: taskEndedAtMs } = this.#task;
    return status === 'failed' && taskEndedAtMs === endedAtMs;
  }

  /** What became of it after its last attempt, where that attempt was not its end. */
  #endBetweenAttempts(): void {
    const { attempts, status, endedAtMs, dueMs } = this.#task;
    const last = attempts.at(-1);
    if (last === undefined || last.outcome === 'running' || last.outcome === 'completed') return;
    const lastEndMs = last.endedAtMs ?? last.startedAtMs;
    if (last.outcome === 'interrupted') this.#afterInterruption(lastEndMs);
    else if (status === 'retrying') {
      const newLife = this.#lifeBetween(lastEndMs, dueMs ?? Number.POSITIVE_INFINITY);
      if (newLife !== null && this.#frame.isHeld) this.#beginPostponed(newLife);
    }
    if (endedAtMs === null || last.outcome === 'cancelled' || this.#isFailedWith(last)) return;
    if (status === 'failed') this.#add('task.expire', 'failed', endedAtMs);
    else if (status === 'cancelled') this.#add('task.cancel', 'cancelled', endedAtMs);
  }

  #afterInterruption(lastEndMs: number): void {
    const newLife = this.#lifeBetween(lastEndMs, Number.POSITIVE_INFINITY);
    if (newLife === null) this.#add('attempt.stopped', 'ready', lastEndMs);
    else if (this.#frame.isHeld) this.#begin(newLife);
  }

  /** When the newest life of the engine began between two moments; null = it was the same one all the time. */
  #lifeBetween(fromMs: number, toMs: number): number | null {
    return this.#frame.breaks.findLast((atMs) => fromMs <= atMs && atMs <= toMs) ?? null;
  }

  #begin(at: number): void {
    this.#steps.push({ at, event: null, state: 'ready' });
  }

  #beginPostponed(at: number): void {
    this.#begin(at);
    this.#add('task.postpone', 'retrying', at);
  }

  #add(event: string, state: string, at: number): void {
    this.#steps.push({ at, event, state });
  }
}
