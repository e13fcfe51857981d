// Owns the step from a run to a planning problem: threads, inline places, the run's own limit, concurrency keys and
// resources become capacities; tasks that have ended fall out, those under way come in with what is left of them.
// Quotas are left to the dispatcher: their units come back by the clock, not when a task ends.

import type { RunStanding } from '../actors/run-plan.ts';
import type { TaskGraph } from '../dag/task-graph.ts';
import type { PreparedRequest } from '../resources/capacity-request.ts';
import type { PlanningProblem } from '../scheduling/planning/planning-problem.ts';
import type { ConcurrencyClaim, Pool } from '../scheduling/ready-task.ts';

/** What of a task's surroundings bounds when it can run. */
export interface RunDemands {
  readonly levels: ArrayLike<number>;
  readonly requests: readonly (PreparedRequest | null)[];
  readonly concurrency: readonly (ConcurrencyClaim | null)[];
  readonly pools: ArrayLike<Pool>;
  /** Places by pool. */
  readonly slots: readonly number[];
  /** Tasks of the run at once; Infinity = no limit. */
  readonly maxParallel: number;
  /** Units of a resource, by ledger index. */
  capacityUnits(index: number): number;
}

export interface PlanningRows {
  readonly problem: PlanningProblem;
  /** The run's number of each task of the problem. */
  readonly tasks: Int32Array;
}

/** What is left of a task that has run longer than expected, in parts of what was expected. */
const LEFT_WHEN_OVERDUE = 0.1;

/** The rows of a run as it stands; linear in tasks, edges and requests. */
export function planningRows(
  graph: TaskGraph,
  seconds: Float64Array,
  demands: RunDemands,
  standing: RunStanding | null,
): PlanningRows {
  const tasks = openTasks(graph.size, standing);
  const places = new Int32Array(graph.size).fill(-1);
  for (const [place, task] of tasks.entries()) places[task] = place;
  const durations = Float64Array.from(tasks, (task) => seconds[task] ?? 0);
  const running = standing === null ? null : new Uint8Array(tasks.length);
  for (const [place, task] of running === null ? [] : tasks.entries()) {
    const elapsed = standing?.runningSeconds(task) ?? null;
    if (elapsed === null || running === null) continue;
    running[place] = 1;
    const expected = durations[place] ?? 0;
    durations[place] = Math.max(expected - elapsed, expected * LEFT_WHEN_OVERDUE);
  }
  const back = edgesAmong(tasks, places, graph.dependencyOffsets, graph.dependencies);
  const forth = edgesAmong(tasks, places, graph.dependentOffsets, graph.dependents);
  return {
    tasks,
    problem: {
      size: tasks.length,
      dependencyOffsets: back.offsets,
      dependencies: back.targets,
      dependentOffsets: forth.offsets,
      dependents: forth.targets,
      durations,
      levels: Uint8Array.from(tasks, (task) => demands.levels[task] ?? 0),
      ...new CapacityRows(demands).rowsOf(tasks),
      running,
    },
  };
}

function openTasks(size: number, standing: RunStanding | null): Int32Array {
  const tasks = new Int32Array(size);
  let count = 0;
  for (let task = 0; task < size; task++) if (standing?.isEnded(task) !== true) tasks[count++] = task;
  return tasks.subarray(0, count);
}

function edgesAmong(tasks: Int32Array, places: Int32Array, offsets: Int32Array, targets: Int32Array) {
  const ownOffsets = new Int32Array(tasks.length + 1);
  const ownTargets: Int32Array = new Int32Array(targets.length);
  let count = 0;
  for (const [place, task] of tasks.entries()) {
    for (let edge = offsets[task] ?? 0; edge < (offsets[task + 1] ?? 0); edge++) {
      const other = places[targets[edge] ?? 0] ?? -1;
      if (other >= 0) ownTargets[count++] = other;
    }
    ownOffsets[place + 1] = count;
  }
  return { offsets: ownOffsets, targets: ownTargets.subarray(0, count) };
}

/** Gives every bound on a run a number as a resource of the problem. */
class CapacityRows {
  readonly #demands: RunDemands;
  readonly #numbers = new Map<string, number>();
  readonly #capacities: number[] = [];

  constructor(demands: RunDemands) {
    this.#demands = demands;
  }

  rowsOf(tasks: Int32Array) {
    const offsets = new Int32Array(tasks.length + 1);
    const resources: number[] = [];
    const units: number[] = [];
    for (const [place, task] of tasks.entries()) {
      for (const [resource, amount] of this.#demandsOf(task)) {
        resources.push(resource);
        units.push(amount);
      }
      offsets[place + 1] = resources.length;
    }
    return {
      capacities: Float64Array.from(this.#capacities),
      requestOffsets: offsets,
      requestResources: Int32Array.from(resources),
      requestUnits: Float64Array.from(units),
    };
  }

  *#demandsOf(task: number): Generator<readonly [resource: number, units: number]> {
    const { pools, slots, maxParallel, requests, concurrency } = this.#demands;
    const pool = pools[task] ?? 0;
    yield [this.#number(`pool ${pool}`, Math.max(1, slots[pool] ?? 0)), 1];
    if (Number.isFinite(maxParallel)) yield [this.#number('run', maxParallel), 1];
    const claim = concurrency[task] ?? null;
    if (claim !== null) yield [this.#number(`key ${claim.key}`, claim.limit), 1];
    const { indices = [], units = [], quotas = null } = requests[task] ?? {};
    for (const [place, index] of indices.entries()) {
      if (quotas?.[place] === true) continue;
      const amount = units[place] ?? 0;
      // One that was made too small for a request is planned as if it were just large enough: it must wait anyway.
      const number = this.#number(`resource ${index}`, Math.max(amount, this.#demands.capacityUnits(index)));
      this.#capacities[number] = Math.max(this.#capacities[number] ?? 0, amount);
      yield [number, amount];
    }
  }

  #number(name: string, capacity: number): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#capacities.length);
    return this.#capacities.push(capacity) - 1;
  }
}
