// Owns how long each step of a simulated run takes: estimates of a workflow, or what a recorded run really took.

import { endOfTask, type RunHistory, type TaskHistory } from '../../journal/run-history.ts';
import { GUESS_SECONDS } from '../../scheduling/run-estimates.ts';
import type { TaskEnd } from '../../scheduling/run-frontier.ts';
import type { CompiledWorkflow } from '../workflow-compiler.ts';

/** How long a step takes, and whether that is more than a guess. */
export interface StepDuration {
  readonly seconds: number;
  readonly isKnown: boolean;
}

/** A step of which nothing is known. */
const GUESS: StepDuration = { seconds: GUESS_SECONDS, isKnown: false };
const MILLISECONDS = 1_000;

/** `estimated_seconds`, else what earlier runs took (seconds by step), else a guess of 1 s. */
export function estimatedDurations(
  { steps }: CompiledWorkflow,
  recorded: ReadonlyMap<string, number> = new Map(),
): StepDuration[] {
  return steps.map(({ name, estimatedSeconds }) => {
    const seconds = estimatedSeconds ?? recorded.get(name);
    return seconds === undefined ? GUESS : { seconds, isKnown: true };
  });
}

/** What an ended run took, by step. */
export interface RecordedCourse {
  readonly durations: readonly StepDuration[];
  readonly ends: (index: number) => TaskEnd;
  /** Steps whose outputs were taken over from another run. */
  readonly ended: ReadonlyMap<number, TaskEnd>;
}

/**
 * The durations of an ended run. A step counts from its first attempt to its end: failed attempts and the waits between
 * attempts included, attempts that were interrupted with their process left out. What never started is skipped.
 */
export function recordedCourse({ steps }: CompiledWorkflow, history: Pick<RunHistory, 'tasks'>): RecordedCourse {
  const tasks = steps.map(({ name }) => history.tasks.get(name));
  const ended = new Map<number, TaskEnd>();
  for (const [index, task] of tasks.entries()) {
    if (task !== undefined && task.adoptedFrom !== null) ended.set(index, 'completed');
  }
  return {
    durations: tasks.map((task) => (task === undefined ? GUESS : { seconds: secondsOf(task), isKnown: true })),
    ends: (index) => endOf(tasks[index]),
    ended,
  };
}

function endOf(task: TaskHistory | undefined): TaskEnd {
  if (task === undefined) return 'completed';
  return task.attempts.length === 0 ? 'skipped' : (endOfTask(task) ?? 'completed');
}

function secondsOf({ attempts }: TaskHistory): number {
  let sumMs = 0;
  let previousEndMs: number | null = null;
  for (const { startedAtMs, endedAtMs, outcome } of attempts) {
    // When an interrupted attempt ended is not known, nor how long nobody worked on the run after it.
    if (outcome === 'interrupted' || endedAtMs === null) {
      previousEndMs = null;
      continue;
    }
    sumMs += endedAtMs - (previousEndMs ?? startedAtMs);
    previousEndMs = endedAtMs;
  }
  return Math.max(0, sumMs) / MILLISECONDS;
}
