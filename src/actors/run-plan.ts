// Owns what a run needs of its workflow, prepared once: the graph, how each task runs, and the questions that can be
// answered only while it runs. The engine's compiler makes it; the run follows it.

import type { JsonObject } from '../domain/json-value.ts';
import type { TaskStatus } from '../domain/statuses.ts';
import type { DependencyRows } from '../scheduling/run-frontier.ts';
import type { TaskSpec } from './task-record.ts';

/** How a plan looks into the run that follows it. */
export interface RunView {
  readonly parameters: JsonObject;
  outputOf(index: number): unknown;
  statusOf(index: number): TaskStatus;
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
}
