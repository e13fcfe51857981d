// Owns the shape of what a simulation tells: plain JSON, times in seconds from the beginning of the run. `simulate --json`
// prints it as it is, so a name in it is part of the public contract.

import type { ExecutionMode } from '../../domain/statuses.ts';
import type { TaskEnd } from '../../scheduling/run-frontier.ts';

/** One task of a simulated run. */
export interface SimulatedTaskReport {
  readonly name: string;
  /** Seconds, as all times here, with at most six decimals. */
  readonly start: number;
  readonly end: number;
  /**
   * How much later it could have started without any later end of the run, as long as what tasks hand over to each other
   * (threads, resources, places under limits) goes the same ways; 0 = critical.
   */
  readonly slack: number;
  /** The lowest free one when it started, from 0; null = it took none: skipped, taken over, or an inline task. */
  readonly thread: number | null;
  /** The same for a task that runs on the main loop. */
  readonly inlinePlace: number | null;
  readonly outcome: TaskEnd;
  /** Seconds that its duration is a guess of, since nothing is known; null = it is known. */
  readonly guessedSeconds: number | null;
}

/** How a resource that some task asks for was used. */
export interface SimulatedResourceReport {
  readonly id: string;
  readonly capacity: number;
  readonly peak: number;
  /** Share of the capacity that was in use, over the makespan. */
  readonly utilization: number;
  /** Of a quota: how long a unit is out after its grant; null = until its task ends. */
  readonly refillSeconds: number | null;
}

/** What the planning of the run came to. */
export interface SimulatedPlanReport {
  /** Which rule or search gave the plan. */
  readonly method: string;
  /** What the dispatcher takes with it. Plans know nothing of quotas: where there are some, the run may take longer. */
  readonly makespanSeconds: number;
  /** What it takes by upward ranks alone, under the same assumption. */
  readonly ranksMakespanSeconds: number;
  /** Tasks that are kept back at times for better ones to come. */
  readonly held: number;
  /** Schedules tried. */
  readonly schedules: number;
  readonly spentMs: number;
  readonly budgetMs: number;
}

export interface SimulationReport {
  readonly workflow: string;
  readonly mode: ExecutionMode;
  /** Threads. */
  readonly workers: number;
  /** Tasks at once; null = no limit of the run's own. */
  readonly maxParallel: number | null;
  readonly makespanSeconds: number;
  /** No schedule on these threads and resources is shorter: longest path, and work by capacity. */
  readonly lowerBoundSeconds: number;
  /** The longest chain of dependencies, whatever it has to wait for. */
  readonly criticalPath: readonly string[];
  readonly criticalPathSeconds: number;
  /** Busy time of all threads over threads times makespan. */
  readonly utilization: number;
  readonly resources: readonly SimulatedResourceReport[];
  /** null = the run was not planned: its mode has no plan, or the budget is 0. */
  readonly plan: SimulatedPlanReport | null;
  /** Durations that are known, and those that are guesses. */
  readonly estimates: { readonly known: number; readonly unknown: number };
  /** In the order of the file. */
  readonly tasks: readonly SimulatedTaskReport[];
}

const DECIMALS = 1e6;

/** At most six decimals: microseconds, which is what the simulation counts in. */
export function rounded(value: number): number {
  return Math.round(value * DECIMALS) / DECIMALS;
}
