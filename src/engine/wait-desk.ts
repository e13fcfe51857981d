// Owns the answers to "why does this wait" for whole runs, single tasks and stuck bodies, whoever asks: the API, another
// process, an event. It finds the run or task among those under way or on record; the reasons are run-explanation.ts's.

import { readTaskHistory } from '../actors/single-task.ts';
import type { TaskRecord } from '../actors/task-record.ts';
import { type RunId, type TaskId, taskIdOf } from '../domain/ids.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { TaskStatus } from '../domain/statuses.ts';
import type { WaitExplanation, WaitReason } from '../domain/wait-reason.ts';
import { endOfTask, foldRun } from '../journal/run-history.ts';
import type { RunRecord } from '../journal/run-record.ts';
import type { CapacityHolder, Deadlock } from '../resources/deadlock-watch.ts';
import { Pool } from '../scheduling/ready-task.ts';
import { inlineOwnerOf } from '../workers/inline-context.ts';
import type { EngineRuntime } from './engine-runtime.ts';
import type { RunBook } from './run-book.ts';
import {
  DEFAULT_EXPLAINED,
  dependencyReason,
  type ExplanationBounds,
  type ExplanationParts,
  explainRecord,
  explainRun,
  explainTask,
} from './run-explanation.ts';
import { runNotFound } from './run-refusals.ts';
import { waitSentence } from './wait-sentence.ts';

/** How much of a run is explained. */
export interface ExplainOptions extends ExplanationBounds {
  /** Only this step. */
  readonly step?: string;
}

export class WaitDesk {
  readonly #runtime: EngineRuntime;
  readonly #book: RunBook;
  readonly #parts: ExplanationParts;
  /** Why an unfinished run on record was not taken up. */
  heldBecause: (runId: string) => RuntimeError | undefined = () => undefined;

  constructor(runtime: EngineRuntime, book: RunBook) {
    this.#runtime = runtime;
    this.#book = book;
    this.#parts = explanationParts(runtime);
  }

  /**
   * Why the tasks of a run (or a single task, by its id) wait: those that have neither ended nor begun.
   * @throws RuntimeError RUN_NOT_FOUND, TASK_NOT_FOUND for a step that the run does not have, JOURNAL_CORRUPT
   */
  explain(runId: string, options: ExplainOptions = {}): WaitExplanation[] {
    const { step, limit = DEFAULT_EXPLAINED } = options;
    const run = this.#book.actorOf(runId);
    if (run !== undefined) {
      const index = step === undefined ? -1 : run.plan.indexOf(step);
      if (step !== undefined && index < 0) throw stepNotFound(runId, step);
      if (run.endedAtMs !== null || run.isSuspended) return [];
      if (step === undefined) return explainRun(run, this.#parts, options);
      const explanation = explainTask(run, index, this.#parts);
      return explanation === null ? [] : [explanation];
    }
    const record = this.#runtime.journal.run(runId);
    if (record === undefined) throw runNotFound(runId);
    if (record.kind === 'task') {
      const explanation = this.explainSingle(runId);
      return explanation === null ? [] : [explanation];
    }
    const held = record.endedAtMs === null ? this.#explainHeld(record) : [];
    return held.filter(({ task }) => step === undefined || task === step).slice(0, limit);
  }

  /** Why a task that was submitted by itself waits; null when it runs or has ended. @throws RuntimeError TASK_NOT_FOUND */
  explainSingle(taskId: string): WaitExplanation | null {
    const { singles, journal, timers } = this.#runtime;
    const id = taskId as TaskId;
    const task = singles.find(id);
    if (task === undefined) {
      throw new RuntimeError('TASK_NOT_FOUND', `no task '${taskId}'; ids come from submitTask`, {
        details: { taskId },
      });
    }
    if (task.endedAtMs !== null) return null;
    const live = singles.recordOf(id);
    if (live !== undefined) return explainRecord(live, this.#parts);
    const dependencies = readTaskHistory(journal, id)?.origin.dependencies ?? [];
    const missing = dependencies.filter((each) => singles.find(each as TaskId)?.status !== TaskStatus.COMPLETED);
    const reason: WaitReason = singles.get(id) === undefined ? { kind: 'run-held' } : dependencyReason(missing);
    const message = this.#messageOf(taskId, reason, timers.now());
    return { runId: taskId, task: task.name, taskId, sinceMs: null, reason, message };
  }

  /** Bodies that wait for each other's capacity for ever, as things stand. */
  findDeadlocks(): Deadlock[] {
    return this.#runtime.guard.findDeadlocks();
  }

  /** A run that is on record alone: an engine with `resume: 'manual'`, or a module that is not known. */
  #explainHeld({ runId }: RunRecord): WaitExplanation[] {
    const { journal, timers } = this.#runtime;
    const history = foldRun(journal.read(runId));
    if (history === undefined || history.origin.type !== 'run.created') return [];
    const reason = { kind: 'run-held' } as const;
    const message = this.#messageOf(runId, reason, timers.now());
    const names = journal.definition(history.origin.definition)?.steps.map(({ name }) => name) ?? [];
    const open = names.filter((name) => {
      const task = history.tasks.get(name);
      return task === undefined || endOfTask(task) === null;
    });
    return open.map((task) => ({
      runId,
      task,
      taskId: taskIdOf(runId as RunId, task),
      sinceMs: null,
      reason,
      message,
    }));
  }

  #messageOf(runId: string, reason: WaitReason, nowMs: number): string {
    const because = reason.kind === 'run-held' ? this.heldBecause(runId) : undefined;
    const sentence = waitSentence(reason, nowMs);
    return because === undefined ? sentence : `${sentence}: ${because.message}`;
  }
}

/** What explanations are read from, of an engine. */
export function explanationParts(runtime: EngineRuntime): ExplanationParts {
  const { scheduler, guard, timers } = runtime;
  return { scheduler, guard, clock: timers, isDispatching: () => runtime.isDispatching() };
}

/** The bodies under way in an engine, for the search for deadlocks. */
export function* capacityHolders({
  runner,
  workerPool,
}: Pick<EngineRuntime, 'runner' | 'workerPool'>): Generator<CapacityHolder> {
  const threadOf = new Map<number, number>();
  for (const { threadId, attemptKey } of workerPool.pool?.threads() ?? []) {
    if (attemptKey !== null) threadOf.set(attemptKey, threadId);
  }
  for (const record of runner.attemptsUnderWay()) {
    const { owner, spec, taskId, attemptKey, request } = record;
    yield {
      subject: { sessionId: owner.sessionId, runId: owner.runId, task: spec.name, taskId },
      threadId: threadOf.get(attemptKey) ?? null,
      requesterId: requesterOf(record),
      request,
    };
  }
}

function requesterOf({ pool, taskId, attemptKey }: TaskRecord): string | null {
  return pool === Pool.INLINE ? inlineOwnerOf(taskId, attemptKey) : null;
}

function stepNotFound(runId: string, step: string): RuntimeError {
  return new RuntimeError('TASK_NOT_FOUND', `run '${runId}' has no step '${step}'`, { details: { runId, step } });
}
