// Owns the problem in the form that schedules are made from: whole ticks, only capacities that can bind, edges both ways.
// Why: every schedule reads these rows thousands of times, so whatever can be left out or settled once is settled here.
// It must never change after it was made, and never drop a capacity that some schedule could exceed.

import { invariant } from '../../domain/runtime-error.ts';
import type { PlanningProblem } from './planning-problem.ts';
import { gridOf, type TimeGrid } from './time-grid.ts';

/** Amounts may miss by this part of a capacity: ten times 0.1 is 1, whatever the sum says. */
const AMOUNT_NOISE = 1e-9;

/** The graph as seen by one who walks it one way; `before` are what a task must wait for on this way. */
export interface Way {
  readonly beforeOffsets: Int32Array;
  readonly before: Int32Array;
  readonly afterOffsets: Int32Array;
  readonly after: Int32Array;
}

export interface PlanningModel {
  readonly size: number;
  readonly forward: Way;
  readonly backward: Way;
  readonly grid: TimeGrid;
  /** In ticks. */
  readonly durations: Float64Array;
  /** Levels, or null where all are the same. */
  readonly levels: Uint8Array | null;
  /** Capacities that can bind, noise allowed for; requests are numbered and filtered accordingly. */
  readonly capacities: Float64Array;
  readonly requestOffsets: Int32Array;
  readonly requestResources: Int32Array;
  readonly requestUnits: Float64Array;
  readonly running: Uint8Array | null;
  /** Tasks, each behind what it depends on: first in, first out by position. */
  readonly topological: Int32Array;
  /** Longest path to each task, without it. */
  readonly heads: Float64Array;
  /** Longest path from each task to the end, with it: the upward rank. */
  readonly tails: Float64Array;
}

/** @throws ARGUMENT_INVALID for durations that order nothing */
export function modelOf(problem: PlanningProblem): PlanningModel {
  const forward: Way = {
    beforeOffsets: problem.dependencyOffsets,
    before: problem.dependencies,
    afterOffsets: problem.dependentOffsets,
    after: problem.dependents,
  };
  const backward: Way = {
    beforeOffsets: forward.afterOffsets,
    before: forward.after,
    afterOffsets: forward.beforeOffsets,
    after: forward.before,
  };
  const grid = gridOf(problem.durations);
  const topological = topologicalOrder(problem.size, forward);
  const isMixed = problem.levels.some((level) => level !== problem.levels[0]);
  return {
    size: problem.size,
    forward,
    backward,
    grid,
    durations: grid.ticks,
    levels: isMixed ? problem.levels : null,
    ...bindingRequests(problem),
    running: problem.running,
    topological,
    heads: headsOf(topological, forward, grid.ticks, problem.running),
    tails: tailsOf(topological, forward, grid.ticks),
  };
}

/** By task the longest path from its start to the end, in the unit of the durations. */
export function tailsOf(topological: Int32Array, forward: Way, durations: Float64Array): Float64Array {
  const { afterOffsets, after } = forward;
  const tails = new Float64Array(topological.length);
  for (let place = topological.length - 1; place >= 0; place--) {
    const task = topological[place] as number;
    const end = afterOffsets[task + 1] as number;
    let longest = 0;
    for (let edge = afterOffsets[task] as number; edge < end; edge++) {
      const tail = tails[after[edge] as number] as number;
      if (tail > longest) longest = tail;
    }
    tails[task] = longest + (durations[task] as number);
  }
  return tails;
}

function headsOf(
  topological: Int32Array,
  forward: Way,
  durations: Float64Array,
  running: Uint8Array | null,
): Float64Array {
  const { beforeOffsets, before } = forward;
  const heads = new Float64Array(topological.length);
  for (let place = 0; place < topological.length; place++) {
    const task = topological[place] as number;
    if (running !== null && running[task] === 1) continue;
    const end = beforeOffsets[task + 1] as number;
    let earliest = 0;
    for (let edge = beforeOffsets[task] as number; edge < end; edge++) {
      const dependency = before[edge] as number;
      const moment = (heads[dependency] as number) + (durations[dependency] as number);
      if (moment > earliest) earliest = moment;
    }
    heads[task] = earliest;
  }
  return heads;
}

// A. B. Kahn, "Topological sorting of large networks", Comm. ACM 5(11), 1962.
function topologicalOrder(size: number, { beforeOffsets, afterOffsets, after }: Way): Int32Array {
  const missing = new Int32Array(size);
  const order = new Int32Array(size);
  let tail = 0;
  for (let task = 0; task < size; task++) {
    const count = (beforeOffsets[task + 1] as number) - (beforeOffsets[task] as number);
    missing[task] = count;
    if (count === 0) order[tail++] = task;
  }
  for (let place = 0; place < tail; place++) {
    const task = order[place] as number;
    const end = afterOffsets[task + 1] as number;
    for (let edge = afterOffsets[task] as number; edge < end; edge++) {
      const dependent = after[edge] as number;
      const left = (missing[dependent] as number) - 1;
      missing[dependent] = left;
      if (left === 0) order[tail++] = dependent;
    }
  }
  invariant(tail === size, `the planning problem has a cycle: ${size - tail} of ${size} tasks can never start`);
  return order;
}

type Requests = Pick<PlanningModel, 'capacities' | 'requestOffsets' | 'requestResources' | 'requestUnits'>;

/** Requests without those of zero units and of capacities that hold all tasks at once. */
function bindingRequests(problem: PlanningProblem): Requests {
  const { size, requestOffsets, requestResources, requestUnits } = problem;
  const wanted = new Float64Array(problem.capacities.length);
  const entries = size === 0 ? 0 : (requestOffsets[size] as number);
  for (let entry = 0; entry < entries; entry++) {
    const resource = requestResources[entry] as number;
    wanted[resource] = (wanted[resource] as number) + (requestUnits[entry] as number);
  }
  const numbers = new Int32Array(wanted.length);
  const capacities: number[] = [];
  problem.capacities.forEach((capacity, resource) => {
    const allowed = capacity * (1 + AMOUNT_NOISE);
    numbers[resource] = (wanted[resource] as number) > allowed ? capacities.push(allowed) - 1 : -1;
  });
  const offsets = new Int32Array(size + 1);
  const resources = new Int32Array(entries);
  const units = new Float64Array(entries);
  let kept = 0;
  for (let task = 0; task < size; task++) {
    const end = requestOffsets[task + 1] as number;
    for (let entry = requestOffsets[task] as number; entry < end; entry++) {
      const resource = numbers[requestResources[entry] as number] as number;
      const amount = requestUnits[entry] as number;
      if (resource === -1 || amount <= 0) continue;
      resources[kept] = resource;
      units[kept++] = Math.min(amount, capacities[resource] as number);
    }
    offsets[task + 1] = kept;
  }
  return {
    capacities: Float64Array.from(capacities),
    requestOffsets: offsets,
    requestResources: resources,
    requestUnits: units,
  };
}
