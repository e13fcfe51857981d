// Owns what a run needs of its workflow, prepared once: the graph, how each task runs, and the questions that can be
// answered only while it runs. The engine's compiler makes it; the run follows it.

import type { JsonObject } from '../domain/json-value.ts';
import type { TaskStatus } from '../domain/statuses.ts';
import type { PlanCourse } from '../scheduling/plan-course.ts';
import type { DependencyRows } from '../scheduling/run-frontier.ts';
import type { TaskSpec } from './task-record.ts';

/** How a plan looks into the run that follows it. */
export interface RunView {
  readonly parameters: JsonObject;
  outputOf(index: number): unknown;
  statusOf(index: number): TaskStatus;
}

/** Where a run stands, for whoever plans it again. */
export interface RunStanding {
  isEnded(index: number): boolean;
  /** Seconds since its attempt began; null = it is not under way. */
  runningSeconds(index: number): number | null;
}

/** The order in which the tasks of a run go, as far as their mode knows one; it learns while the run goes on. */
export interface RunGuidance {
  orderOf(index: number): number;
  /** Infinity = not known. */
  expectedMs(index: number): number;
  /** Which tasks the plan in force keeps back; a new one for each plan. */
  readonly course: PlanCourse | null;
  /** What was planned last, for an event; null = nothing. */
  readonly summary: JsonObject | null;
  /** A task completed; true when the order has changed because of it. */
  completed(index: number, seconds: number, standing: RunStanding): boolean;
  /** A task ended otherwise: it says nothing of durations. */
  missed(index: number): void;
  /** The run is taken up again where an earlier life left it. */
  resumed(standing: RunStanding): void;
}

export interface RunPlan {
  readonly workflow: string;
  readonly rows: DependencyRows;
  readonly tasks: readonly TaskSpec[];
  /** Parameters of a task with its references replaced. @throws RuntimeError REFERENCE_INVALID */
  parametersOf(index: number, view: RunView): JsonObject;
  /** Whether the task's run_if holds; true where there is none. @throws RuntimeError EXPRESSION_INVALID */
  conditionHolds(index: number, view: RunView): boolean;
  /** Whether the task's failure fails the run. */
  isRequired(index: number): boolean;
  indexOf(taskName: string): number;
  /** Left out, tasks go in the order of their specs. */
  readonly guide?: RunGuidance;
}
