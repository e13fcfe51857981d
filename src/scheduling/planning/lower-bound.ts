// Owns the bounds below which no schedule can get: they end a search that cannot win any more.
// It must never claim too much: a bound above the optimum would stop the search early and lie to people.

import type { PlanningModel } from './planning-model.ts';
import { TaskSorter } from './task-sorting.ts';

/** Above this many tasks the quadratic bound is left out. */
const MOST_TASKS_SQUARED = 400;
/** Allowed for in divisions of work by capacity, so that noise never rounds a bound up. */
const NOISE = 1e-9;

/**
 * In ticks: the longest path, and for every resource what a set of tasks needs before, for and behind its work: all tasks
 * whose head is at least h and whose remaining tail is at least q cannot end before h + work / capacity + q.
 * J. Carlier, "The one-machine sequencing problem", EJOR 11, 1982; as energy for capacities: A. Mingozzi et al. 1998.
 */
export function lowerBoundOf(model: PlanningModel): number {
  let bound = 0;
  for (let task = 0; task < model.size; task++) {
    bound = Math.max(bound, (model.heads[task] as number) + (model.tails[task] as number));
  }
  for (let resource = 0; resource < model.capacities.length; resource++) {
    bound = Math.max(bound, energyBound(model, resource));
  }
  return bound;
}

function energyBound(model: PlanningModel, resource: number): number {
  const { size, durations, heads, tails } = model;
  const users = new Int32Array(size);
  const work = new Float64Array(size);
  const after = new Float64Array(size);
  const capacity = (model.capacities[resource] as number) * (1 + NOISE);
  let count = 0;
  let total = 0;
  let leastHead = Number.POSITIVE_INFINITY;
  let leastAfter = Number.POSITIVE_INFINITY;
  for (let task = 0; task < size; task++) {
    const duration = durations[task] as number;
    const units = unitsOf(model, task, resource);
    if (units === 0 || duration === 0) continue;
    users[count++] = task;
    work[task] = units * duration;
    after[task] = (tails[task] as number) - duration;
    total += work[task] as number;
    leastHead = Math.min(leastHead, heads[task] as number);
    leastAfter = Math.min(leastAfter, after[task] as number);
  }
  if (count === 0) return 0;
  if (count > MOST_TASKS_SQUARED) return leastHead + lengthOf(total, capacity) + leastAfter;
  return headTailBound(users.subarray(0, count), heads, after, work, capacity);
}

/** For every head the tasks that have at least it, taken in by falling tails. */
function headTailBound(
  users: Int32Array,
  heads: Float64Array,
  after: Float64Array,
  work: Float64Array,
  capacity: number,
): number {
  const sorter = new TaskSorter(users.length);
  sorter.sort(users, heads);
  const byTail = users.slice();
  sorter.sort(byTail, after);
  let bound = 0;
  let previous = -1;
  for (const first of users) {
    const head = heads[first] as number;
    if (head === previous) continue;
    previous = head;
    let energy = 0;
    for (let place = byTail.length - 1; place >= 0; place--) {
      const task = byTail[place] as number;
      if ((heads[task] as number) < head) continue;
      energy += work[task] as number;
      bound = Math.max(bound, head + lengthOf(energy, capacity) + (after[task] as number));
    }
  }
  return bound;
}

function lengthOf(energy: number, capacity: number): number {
  return Math.ceil(energy / capacity - NOISE);
}

function unitsOf({ requestOffsets, requestResources, requestUnits }: PlanningModel, task: number, resource: number) {
  const end = requestOffsets[task + 1] as number;
  for (let entry = requestOffsets[task] as number; entry < end; entry++) {
    if (requestResources[entry] === resource) return requestUnits[entry] as number;
  }
  return 0;
}
