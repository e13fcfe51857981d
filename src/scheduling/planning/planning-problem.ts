// Owns the shapes of planning: a problem (tasks, times, capacities) in typed rows, and the plan made for it.
// The resource-constrained project scheduling problem: renewable capacities, fixed durations, no pre-emption, least makespan.
// Times are seconds from the moment of planning. Plain data; nothing here knows of runs, threads or clocks.

export interface PlanningProblem {
  readonly size: number;
  /** Edges both ways in compressed sparse rows, as a TaskGraph has them; tasks that have ended are not part of a problem. */
  readonly dependencyOffsets: Int32Array;
  readonly dependencies: Int32Array;
  readonly dependentOffsets: Int32Array;
  readonly dependents: Int32Array;
  /** Seconds, from 0. */
  readonly durations: Float64Array;
  /** Priority level of each task, 0 first: among tasks that could start, a better level always goes first. */
  readonly levels: Uint8Array;
  /** Units of each resource; threads, a run's own limit and concurrency keys are resources like any other. */
  readonly capacities: Float64Array;
  /** What task i asks for: entries requestOffsets[i] … requestOffsets[i + 1] - 1, each resource at most once. */
  readonly requestOffsets: Int32Array;
  readonly requestResources: Int32Array;
  /** Never above the capacity. */
  readonly requestUnits: Float64Array;
  /** Tasks under way: they run already (start 0, in the rows with what is left of their duration). null = none. */
  readonly running: Uint8Array | null;
}

export interface Plan {
  /** Planned start of each task. */
  readonly starts: Float64Array;
  /** Tasks by planned start, ties in an order that respects dependencies. */
  readonly order: Int32Array;
  readonly makespan: number;
  /** Whether parallel generation by (level, place in `order`) gives this schedule; else the plan idles on purpose. */
  readonly nonDelay: boolean;
  /** The best list found for a dispatcher that never idles: parallel generation by (level, place in it) gives this. */
  readonly workConserving: { readonly order: Int32Array; readonly makespan: number };
  /** No schedule is shorter: longest path, and work by capacity. */
  readonly lowerBound: number;
  /** Which rule or search gave it, for people: `critical path`, `latest finish time`, `sampling`, … */
  readonly method: string;
  /** Schedules generated in all. */
  readonly schedules: number;
  /** Schedules generated until this one was found. */
  readonly schedulesToBest: number;
  /** Time spent on planning. */
  readonly spentMs: number;
  /** Upward rank of each task in seconds: its longest path to the end, its own duration included. */
  readonly ranks: Float64Array;
}

export interface PlanningEffort {
  /** Milliseconds that may be spent on improving; 0 = the one linear pass (upward ranks, one list schedule). */
  readonly budgetMs: number;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}
