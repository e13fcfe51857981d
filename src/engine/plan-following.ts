// Owns what following a plan really comes to: the dispatcher never idles of its own accord, so that a plan which does needs
// tasks to be kept back. Each way to follow it is run on the scheduler itself in virtual time; the best one counts, and
// plain ranks win when nothing is better.

import { placesOf } from '../dag/topological-order.ts';
import { isRuntimeError } from '../domain/runtime-error.ts';
import { type CourseFacts, PlanCourse } from '../scheduling/plan-course.ts';
import type { Plan, PlanningProblem } from '../scheduling/planning/planning-problem.ts';
import { UnitCapacity } from '../scheduling/unit-capacity.ts';
import type { RunDemands } from './planning-rows.ts';
import { type DispatchTrace, type SimulatedTask, simulateDispatch } from './simulation/dispatch-simulation.ts';
import { VirtualTime } from './simulation/virtual-time.ts';

/** The best way found; tasks by their place in the problem. */
export interface Following {
  readonly orders: Float64Array;
  readonly course: CourseFacts | null;
  /** Tasks that are kept back. */
  readonly held: number;
  /** Seconds that the dispatcher takes with it, and with plain ranks. */
  readonly makespan: number;
  readonly rankMakespan: number;
}

/** Seconds by which two schedules must differ to be told apart. */
const SAME_SECONDS = 1e-6;
const SAME_MS = SAME_SECONDS * 1_000;
/** In larger runs it is not found out which tasks need keeping back: all follow the plan in step. */
const MOST_SINGLED_OUT = 200;

/** A plan, and what it was made for. */
export interface PlannedRun {
  readonly problem: PlanningProblem;
  readonly plan: Plan;
  /** The run's number of each task of the problem. */
  readonly tasks: Int32Array;
  readonly demands: RunDemands;
  /** The run's plain order. */
  readonly byRank: Float64Array;
  /** Whether one more way may be tried. */
  hasTime(): boolean;
}

/**
 * Finds out how a plan is best followed. null = the tasks cannot be carried through in virtual time (say that there is no
 * place for one of them now): then there is nothing to plan.
 */
export function followPlan(planned: PlannedRun): Following | null {
  try {
    return bestFollowing(planned);
  } catch (error) {
    if (isRuntimeError(error) && error.code === 'SIMULATION_STUCK') return null;
    throw error;
  }
}

function bestFollowing({ problem, plan, tasks, demands, byRank, hasTime }: PlannedRun): Following {
  const dispatch = new PlannedDispatch(problem, tasks, demands);
  const rankOrders = Float64Array.from(tasks, (task) => byRank[task] ?? 0);
  const byRanks = dispatch.run(rankOrders, null);
  let best: Following = { ...dispatch.outcome(rankOrders, null, byRanks), rankMakespan: byRanks.makespanMs / 1_000 };
  const offer = (orders: Float64Array, course: CourseFacts | null): DispatchTrace => {
    const trace = dispatch.run(orders, course);
    const outcome = dispatch.outcome(orders, course, trace);
    if (outcome.makespan < best.makespan - SAME_SECONDS) best = { ...outcome, rankMakespan: best.rankMakespan };
    return trace;
  };
  const isSettled = () => plan.makespan >= best.makespan - SAME_SECONDS || !hasTime();
  const inStep = () => courseOf(plan, problem, () => true);
  offer(placesOf(plan.workConserving.order), null);
  if (isSettled()) return best;
  const planned = placesOf(plan.order);
  if (tasks.length > MOST_SINGLED_OUT) {
    offer(planned, inStep());
    return best;
  }
  const trace = offer(planned, null);
  if (isSettled()) return best;
  // Those that would start too early are kept back; if that is not enough, all follow the plan in step.
  const isEarly = (task: number) => (trace.startsMs[task] ?? 0) < 1_000 * (plan.starts[task] ?? 0) - SAME_MS;
  offer(planned, courseOf(plan, problem, isEarly));
  if (!isSettled()) offer(planned, inStep());
  return best;
}

class PlannedDispatch {
  readonly #problem: PlanningProblem;
  readonly #tasks: Int32Array;
  readonly #demands: RunDemands;
  readonly #durationsMs: Float64Array;
  readonly #capacities: Float64Array;

  constructor(problem: PlanningProblem, tasks: Int32Array, demands: RunDemands) {
    this.#problem = problem;
    this.#tasks = tasks;
    this.#demands = demands;
    this.#durationsMs = problem.durations.map((seconds) => seconds * 1_000);
    this.#capacities = capacitiesOf(tasks, demands);
  }

  run(orders: Float64Array, course: CourseFacts | null): DispatchTrace {
    const { slots, maxParallel } = this.#demands;
    return simulateDispatch({
      rows: this.#problem,
      tasks: Array.from(this.#tasks, (task, place) => this.#taskOf(task, place, orders[place] ?? 0)),
      durationsMs: this.#durationsMs,
      mode: 'resource_aware',
      maxParallel,
      slots,
      guard: new UnitCapacity(this.#capacities),
      time: new VirtualTime(),
      course: course === null ? null : new PlanCourse(course),
    });
  }

  outcome(orders: Float64Array, course: CourseFacts | null, trace: DispatchTrace): Omit<Following, 'rankMakespan'> {
    let held = 0;
    for (const isHeld of course?.isHeld ?? []) held += isHeld;
    return { orders, course, held, makespan: trace.makespanMs / 1_000 };
  }

  #taskOf(task: number, place: number, order: number): SimulatedTask {
    const { levels, pools, requests, concurrency } = this.#demands;
    const isRunning = this.#problem.running?.[place] === 1;
    return {
      level: isRunning ? 0 : (levels[task] ?? 0),
      order: isRunning ? Number.NEGATIVE_INFINITY : order,
      pool: pools[task] ?? 0,
      request: requests[task] ?? null,
      concurrency: concurrency[task] ?? null,
      expectedMs: this.#durationsMs[place] ?? 0,
    };
  }
}

/** Units by ledger index, enough for each request; quotas as if there were no end of them. */
function capacitiesOf(tasks: Int32Array, demands: RunDemands): Float64Array {
  const capacities: number[] = [];
  for (const task of tasks) {
    const request = demands.requests[task] ?? null;
    for (const [place, index] of (request?.indices ?? []).entries()) {
      const amount = request?.units[place] ?? 0;
      const isQuota = request?.quotas?.[place] === true;
      const capacity = isQuota ? Number.POSITIVE_INFINITY : Math.max(amount, demands.capacityUnits(index));
      capacities[index] = Math.max(capacities[index] ?? 0, capacity);
    }
  }
  return Float64Array.from(capacities, (capacity) => capacity ?? 0);
}

function courseOf(plan: Plan, problem: PlanningProblem, isHeld: (task: number) => boolean): CourseFacts {
  return {
    // Those under way have started: nobody waits for that.
    order: plan.order.filter((task) => problem.running?.[task] !== 1),
    starts: plan.starts,
    durations: problem.durations,
    isHeld: Uint8Array.from(plan.starts, (_, task) => (isHeld(task) ? 1 : 0)),
  };
}
