// Owns the fold of one run's facts: what each of its tasks went through and where it stands. Recovery goes on from it,
// `show` prints it, and tests hold it against the live state.
// Total and pure: a fact that makes no sense is passed over, never thrown at.

import type { AttemptPlace, Fact, RunCreated, TaskSubmitted } from '../domain/facts.ts';
import type { JsonValue } from '../domain/json-value.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import type { NumberedFact } from './journal.ts';
import { type RunRecord, recordAfter } from './run-record.ts';

/** How an attempt ended; `interrupted`: its process died or was shut down under it. */
export type AttemptEndKind = 'running' | 'completed' | 'failed' | 'cancelled' | 'interrupted';

export interface AttemptHistory {
  readonly attempt: number;
  readonly startedAtMs: number;
  /** null while it runs; for an interrupted one the time when it was found to be. */
  endedAtMs: number | null;
  outcome: AttemptEndKind;
  error: SerializedError | null;
  /** On which thread it ran, 0 = the main one; null while it runs, or when that is not on record. */
  threadId: number | null;
  /** Its thread was terminated under it. */
  killed: boolean;
}

export type TaskHistoryStatus =
  | 'pending'
  | 'ready'
  | 'running'
  | 'retrying'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'skipped';

export type TaskEndStatus = 'completed' | 'failed' | 'skipped' | 'cancelled';

export interface TaskHistory {
  readonly task: string;
  /** `ready`: to be tried again after an interruption. `pending` only for a single task that has not started. */
  status: TaskHistoryStatus;
  readonly attempts: AttemptHistory[];
  /** Attempts that ended with their process: counted as attempts, not held against the task. */
  interruptions: number;
  output: JsonValue;
  error: SerializedError | null;
  /** Why it was cancelled or skipped. */
  reason: string | null;
  skipCode: string | null;
  /** When the next attempt is due, while `retrying`. */
  dueMs: number | null;
  /** Of the whole task, absolute. */
  expiresAtMs: number | null;
  /** Someone asked for its cancellation and it has not ended. */
  cancelRequested: string | null;
  /** The run whose output it took over. */
  adoptedFrom: string | null;
  endedAtMs: number | null;
}

/** A task of which nothing is on record. */
export function blankTask(task: string): TaskHistory {
  return {
    task,
    status: 'pending',
    attempts: [],
    interruptions: 0,
    output: null,
    error: null,
    reason: null,
    skipCode: null,
    dueMs: null,
    expiresAtMs: null,
    cancelRequested: null,
    adoptedFrom: null,
    endedAtMs: null,
  };
}

/** How a task ended; null while it has not. */
export function endOfTask({ status }: TaskHistory): TaskEndStatus | null {
  return status === 'completed' || status === 'failed' || status === 'skipped' || status === 'cancelled'
    ? status
    : null;
}

/** Tasks of a run by how they ended so far. */
export function countEnds({ tasks }: Pick<RunHistory, 'tasks'>): Record<TaskEndStatus, number> {
  const counts = { completed: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const task of tasks.values()) {
    const end = endOfTask(task);
    if (end !== null) counts[end]++;
  }
  return counts;
}

/** One thing in the life of a run as a whole, for a timeline. */
export interface RunMoment {
  readonly type: 'paused' | 'resumed' | 'recovered' | 'suspended' | 'parked' | 'released' | 'cancel-requested';
  readonly atMs: number;
  readonly detail: string | null;
}

export interface RunHistory {
  readonly record: RunRecord;
  /** What it was started with: a run's or a single task's. */
  readonly origin: RunCreated | TaskSubmitted;
  /** When the run times out, absolute; null = never or not started. */
  readonly deadlineMs: number | null;
  readonly isPaused: boolean;
  /** Someone asked for its cancellation, or it timed out, and it has not ended. */
  readonly cancelRequested: { readonly reason: string; readonly timedOut: boolean } | null;
  /** Tasks that have facts, in the order of their first. */
  readonly tasks: ReadonlyMap<string, TaskHistory>;
  readonly moments: readonly RunMoment[];
  /** Of its newest fact. */
  readonly lastSequence: number;
}

/** Folds the facts of one run, oldest first; undefined when it was never made. */
export function foldRun(facts: Iterable<NumberedFact>): RunHistory | undefined {
  const fold = new RunFold();
  for (const { sequence, fact } of facts) fold.take(sequence, fact);
  return fold.result();
}

/** The same fact by fact, for whoever has more to add than a log to read. */
export class RunFold {
  readonly #tasks = new Map<string, TaskHistory>();
  readonly #moments: RunMoment[] = [];
  #record: RunRecord | undefined;
  #origin: RunCreated | TaskSubmitted | undefined;
  #deadlineMs: number | null = null;
  #isPaused = false;
  #cancelRequested: RunHistory['cancelRequested'] = null;
  #lastSequence = 0;

  take(sequence: number, fact: Fact): void {
    this.#lastSequence = sequence;
    this.#record = recordAfter(this.#record, fact);
    if (fact.type.startsWith('run.')) this.#takeRun(fact);
    else this.#takeTask(fact);
  }

  result(): RunHistory | undefined {
    if (this.#record === undefined || this.#origin === undefined) return undefined;
    return {
      record: this.#record,
      origin: this.#origin,
      deadlineMs: this.#deadlineMs,
      isPaused: this.#isPaused,
      cancelRequested: this.#record.endedAtMs === null ? this.#cancelRequested : null,
      tasks: this.#tasks,
      moments: this.#moments,
      lastSequence: this.#lastSequence,
    };
  }

  #takeRun(fact: Fact): void {
    switch (fact.type) {
      case 'run.created':
        this.#origin = fact;
        break;
      case 'run.started':
        this.#deadlineMs = fact.deadlineMs;
        break;
      case 'run.paused':
        this.#isPaused = true;
        this.#note('paused', fact.atMs);
        break;
      case 'run.resumed':
        this.#isPaused = false;
        this.#note('resumed', fact.atMs);
        break;
      case 'run.recovered':
        this.#interruptAll(fact.atMs);
        this.#note('recovered', fact.atMs, fact.recovery === 0 ? null : `recovery ${fact.recovery}`);
        break;
      case 'run.suspended':
        this.#interruptAll(fact.atMs);
        this.#note('suspended', fact.atMs);
        break;
      case 'run.parked':
        this.#note('parked', fact.atMs, fact.reason);
        break;
      case 'run.released':
        this.#note('released', fact.atMs);
        break;
      case 'run.cancel-requested':
        this.#cancelRequested = { reason: fact.reason, timedOut: fact.timedOut };
        this.#note('cancel-requested', fact.atMs, fact.reason);
        break;
      default:
        break;
    }
  }

  #takeTask(fact: Fact): void {
    switch (fact.type) {
      case 'task.submitted':
        this.#origin = fact;
        this.#task(fact.task);
        break;
      case 'task.adopted': {
        const task = this.#task(fact.task);
        task.output = fact.output;
        task.adoptedFrom = fact.fromRunId;
        end(task, 'completed', fact.atMs);
        break;
      }
      case 'task.started':
        startAttempt(this.#task(fact.task), fact);
        break;
      case 'task.cancel-requested':
        this.#task(fact.task).cancelRequested = fact.reason;
        break;
      case 'task.skipped': {
        const task = this.#task(fact.task);
        task.reason = fact.reason;
        task.skipCode = fact.code;
        end(task, 'skipped', fact.atMs);
        break;
      }
      default:
        this.#takeAttemptEnd(fact);
    }
  }

  #takeAttemptEnd(fact: Fact): void {
    switch (fact.type) {
      case 'task.completed': {
        const task = this.#task(fact.task);
        task.output = fact.output;
        endAttempt(task, 'completed', fact.atMs, null, fact);
        end(task, 'completed', fact.atMs);
        break;
      }
      case 'task.retry-scheduled': {
        const task = this.#task(fact.task);
        endAttempt(task, 'failed', fact.atMs, fact.error, fact);
        task.status = 'retrying';
        task.error = fact.error;
        task.dueMs = fact.dueMs;
        break;
      }
      case 'task.failed': {
        const task = this.#task(fact.task);
        endAttempt(task, 'failed', fact.atMs, fact.error, fact);
        task.error = fact.error;
        end(task, 'failed', fact.atMs);
        break;
      }
      case 'task.cancelled': {
        const task = this.#task(fact.task);
        endAttempt(task, 'cancelled', fact.atMs, null, fact);
        task.reason = fact.reason;
        end(task, 'cancelled', fact.atMs);
        break;
      }
      default:
        break;
    }
  }

  #interruptAll(atMs: number): void {
    for (const task of this.#tasks.values()) {
      if (task.status !== 'running') continue;
      endAttempt(task, 'interrupted', atMs, null);
      task.interruptions++;
      task.status = 'ready';
    }
  }

  #note(type: RunMoment['type'], atMs: number, detail: string | null = null): void {
    this.#moments.push({ type, atMs, detail });
  }

  #task(name: string): TaskHistory {
    const known = this.#tasks.get(name);
    if (known !== undefined) return known;
    const task = blankTask(name);
    this.#tasks.set(name, task);
    return task;
  }
}

function startAttempt(task: TaskHistory, fact: Extract<Fact, { type: 'task.started' }>): void {
  // One that was handed back before it began is started again under its number.
  if (task.attempts.at(-1)?.attempt === fact.attempt) task.attempts.pop();
  // One that no end is told of lost its thread, through no fault of its own.
  if (task.attempts.at(-1)?.outcome === 'running') {
    endAttempt(task, 'interrupted', fact.atMs, null);
    task.interruptions++;
  }
  task.attempts.push({
    attempt: fact.attempt,
    startedAtMs: fact.atMs,
    endedAtMs: null,
    outcome: 'running',
    error: null,
    threadId: null,
    killed: false,
  });
  task.status = 'running';
  task.dueMs = null;
  task.expiresAtMs = fact.expiresAtMs;
}

function endAttempt(
  task: TaskHistory,
  outcome: AttemptEndKind,
  atMs: number,
  error: SerializedError | null,
  { threadId, killed }: AttemptPlace = {},
): void {
  const attempt = task.attempts.at(-1);
  if (attempt === undefined || attempt.outcome !== 'running') return;
  attempt.outcome = outcome;
  attempt.endedAtMs = atMs;
  attempt.error = error;
  attempt.threadId = threadId ?? null;
  attempt.killed = killed ?? false;
}

function end(task: TaskHistory, status: TaskEndStatus, atMs: number): void {
  task.status = status;
  task.endedAtMs = atMs;
  task.dueMs = null;
  task.cancelRequested = null;
}

/**
 * Times at which a run is known to have been in someone's hands, ascending. The end of an interrupted attempt is the time
 * when it was found out: no sign of life.
 */
export function signsOfLife({ record, moments, tasks }: RunHistory): number[] {
  const times = [record.createdAtMs, ...moments.map(({ atMs }) => atMs)];
  if (record.startedAtMs !== null) times.push(record.startedAtMs);
  for (const task of tasks.values()) {
    for (const { startedAtMs, endedAtMs, outcome } of task.attempts) {
      times.push(startedAtMs);
      if (endedAtMs !== null && outcome !== 'interrupted') times.push(endedAtMs);
    }
  }
  return times.sort((a, b) => a - b);
}
