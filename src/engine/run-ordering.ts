// Owns in which order the tasks of a run are given to the dispatcher: by mode, and in mode resource_aware by rank or by a
// plan that was found better. `run` and `simulate` both ask here, so that one shows what the other does.
// A plan is never believed: what it comes to is found out on the scheduler itself, in virtual time, before it is followed.

import type { RunStanding } from '../actors/run-plan.ts';
import { upwardRanks } from '../dag/critical-path.ts';
import type { TaskGraph } from '../dag/task-graph.ts';
import { placesOf, topologicalOrder } from '../dag/topological-order.ts';
import type { ExecutionMode } from '../domain/statuses.ts';
import type { CourseFacts } from '../scheduling/plan-course.ts';
import { planSchedule } from '../scheduling/planning/planner.ts';
import type { Plan } from '../scheduling/planning/planning-problem.ts';
import { followPlan } from './plan-following.ts';
import { planningRows, type RunDemands } from './planning-rows.ts';

export interface RunOrderInput extends RunDemands {
  readonly graph: TaskGraph;
  readonly mode: ExecutionMode;
  /** Expected durations; guesses where `isKnown` says no. */
  readonly seconds: Float64Array;
  isKnown(index: number): boolean;
  /** The most that planning may take; see `planningBudgetMs`. */
  readonly budgetMs: number;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
  /** Where the run stands; null = at its beginning. */
  readonly standing: RunStanding | null;
}

/** What was planned, for people. */
export interface PlanSummary extends Pick<Plan, 'method' | 'schedules'> {
  /** Search and check together. */
  readonly spentMs: number;
  /** What the dispatcher takes with it. */
  readonly makespanSeconds: number;
  readonly lowerBoundSeconds: number;
  /** What the same tasks take in the order of plain ranks. */
  readonly rankSeconds: number;
  /** Tasks that are kept back at times for better ones to come. */
  readonly held: number;
}

export interface RunOrder {
  /** The second key of each task in the ready queue; lower first, behind the level. */
  readonly orders: Float64Array;
  /** Seconds of the longest path from the start of each task to the end of the run. */
  readonly ranks: Float64Array;
  readonly plan: PlanSummary | null;
  /** Which tasks are kept back; null = none. */
  readonly course: CourseFacts | null;
}

/** Larger runs are ordered by rank: a single schedule of theirs would take longer than it can win. */
const MOST_PLANNED_TASKS = 2_000;
const PART_OF_RUN = 0.01;
/** Ways to follow a plan are tried until this many times the budget has gone, the search included. */
const CHECK_BUDGETS = 3;

/** The order of a run's tasks; linear but for the planning, which keeps to its budget. */
export function orderRun(input: RunOrderInput): RunOrder {
  const { graph, mode, seconds } = input;
  const topological = topologicalOrder(graph);
  const ranks = upwardRanks(graph, seconds, topological);
  if (mode === 'sequential') return { orders: placesOf(topological), ranks, plan: null, course: null };
  if (mode !== 'resource_aware') return { orders: new Float64Array(graph.size), ranks, plan: null, course: null };
  const byRank = ranks.map((rank) => -rank);
  return plannedOrder(input, ranks, byRank) ?? { orders: byRank, ranks, plan: null, course: null };
}

/** Milliseconds that planning a run may take: never more than a hundredth of what its longest path will. */
function planningBudgetMs({ budgetMs, standing }: RunOrderInput, ranks: Float64Array): number {
  let longest = 0;
  for (let task = 0; task < ranks.length; task++) {
    if (standing?.isEnded(task) !== true) longest = Math.max(longest, ranks[task] ?? 0);
  }
  return Math.min(budgetMs, longest * 1_000 * PART_OF_RUN);
}

function plannedOrder(input: RunOrderInput, ranks: Float64Array, byRank: Float64Array): RunOrder | null {
  const { graph, seconds, standing, now, random } = input;
  const budgetMs = planningBudgetMs(input, ranks);
  if (budgetMs <= 0 || graph.size > MOST_PLANNED_TASKS || !isWorthPlanning(input)) return null;
  const beganMs = now();
  const { problem, tasks } = planningRows(graph, seconds, input, standing);
  const plan = planSchedule(problem, { budgetMs, now, random });
  const hasTime = () => now() - beganMs < CHECK_BUDGETS * budgetMs;
  const following = followPlan({ problem, plan, tasks, demands: input, byRank, hasTime });
  if (following === null) return null;
  const orders = Float64Array.from(byRank);
  for (const [place, order] of following.orders.entries()) orders[tasks[place] ?? 0] = order;
  const { method, lowerBound, schedules } = plan;
  const { makespan, rankMakespan, course, held } = following;
  return {
    orders,
    ranks,
    plan: {
      method,
      makespanSeconds: makespan,
      lowerBoundSeconds: lowerBound,
      rankSeconds: rankMakespan,
      schedules,
      spentMs: now() - beganMs,
      held,
    },
    course: course === null ? null : courseOf(course, tasks, graph.size),
  };
}

/** Guesses all alike are not worth a plan. */
function isWorthPlanning({ graph, isKnown, standing }: RunOrderInput): boolean {
  let open = 0;
  let known = 0;
  for (let task = 0; task < graph.size; task++) {
    if (standing?.isEnded(task) === true) continue;
    open++;
    if (isKnown(task)) known++;
  }
  return open > 1 && known * 2 > open;
}

/** The same course by the numbers of the run. */
function courseOf(course: CourseFacts, tasks: Int32Array, size: number): CourseFacts {
  const starts = new Float64Array(size);
  const durations = new Float64Array(size);
  const isHeld = new Uint8Array(size);
  for (const [place, task] of tasks.entries()) {
    starts[task] = course.starts[place] ?? 0;
    durations[task] = course.durations[place] ?? 0;
    isHeld[task] = course.isHeld[place] ?? 0;
  }
  return { order: course.order.map((place) => tasks[place] ?? 0), starts, durations, isHeld };
}
