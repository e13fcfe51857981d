// Owns the way from a run's history back into its rows: what has ended is ended, what was under way is ready again with
// its attempts counted. It starts nothing and writes no facts.

import type { JsonValue } from '../domain/json-value.ts';
import { endOfTask, type RunHistory, type TaskHistory } from '../journal/run-history.ts';
import type { RunFrontier, TaskEnd } from '../scheduling/run-frontier.ts';
import type { RunPlan } from './run-plan.ts';
import type { RunReporter } from './run-reporter.ts';
import type { TaskRestoration } from './task-record.ts';

/** The rows of a run that a restoration fills. */
export interface RunRows {
  readonly plan: RunPlan;
  readonly frontier: RunFrontier;
  readonly reporter: RunReporter;
  readonly outputs: unknown[];
}

export interface RestoredRows {
  /** Tasks whose dependencies have all completed, beside those that never had any. */
  readonly ready: number[];
  /** Tasks skipped because of a recorded end, whose own fact was lost with the process. */
  readonly skipped: number[];
  /** What tasks that have not ended went through. */
  readonly begun: ReadonlyMap<number, TaskRestoration>;
  /** Tasks whose cancellation was asked for, and why. */
  readonly cancelRequested: ReadonlyMap<number, string>;
}

/** Ends in the rows what has ended in the history. */
export function restoreRows(history: RunHistory, { plan, frontier, reporter, outputs }: RunRows): RestoredRows {
  const ready: number[] = [];
  const skipped: number[] = [];
  const begun = new Map<number, TaskRestoration>();
  const cancelRequested = new Map<number, string>();
  const ends = new Map<number, TaskEnd>();
  for (const task of history.tasks.values()) {
    const index = plan.indexOf(task.task);
    if (index < 0) continue;
    const how = endOfTask(task);
    if (how === null) {
      begun.set(index, restorationOf(task));
      if (task.cancelRequested !== null) cancelRequested.set(index, task.cancelRequested);
      continue;
    }
    ends.set(index, how);
    if (how === 'completed') outputs[index] = task.output;
    reporter.restore(index, task);
  }
  frontier.restore(ends, ready, skipped);
  return {
    ready: ready.filter((index) => !frontier.isEnded(index)),
    skipped,
    begun,
    cancelRequested,
  };
}

/** Ends tasks as completed with outputs of another run; gives those that became ready by it. */
export function adoptOutputs(
  outputsByTask: ReadonlyMap<string, JsonValue>,
  fromRunId: string,
  { plan, frontier, reporter, outputs }: RunRows,
): number[] {
  const ready: number[] = [];
  for (const [name, output] of outputsByTask) {
    const index = plan.indexOf(name);
    if (index < 0) continue;
    outputs[index] = output;
    reporter.adopted(index, output, fromRunId);
    frontier.end(index, 'completed', ready, []);
  }
  return ready.filter((index) => !frontier.isEnded(index));
}

/** Where a task that has not ended stands. */
export function restorationOf(task: TaskHistory): TaskRestoration {
  return {
    attempts: task.attempts.at(-1)?.attempt ?? 0,
    interruptions: task.interruptions,
    dueMs: task.status === 'retrying' ? task.dueMs : null,
    error: task.error,
    expiresAtMs: task.expiresAtMs,
  };
}
