// Owns the order of execution: in which level each task lies, and one deterministic order of all tasks.
// Both depend on the tasks' positions alone, not on how dependencies are listed.
// Must never recurse; the graph is known to be acyclic.

import { invariant } from '../domain/runtime-error.ts';
import { at } from './adjacency.ts';
import type { TaskGraph } from './task-graph.ts';

/**
 * The level of each task: 0 without dependencies, else one more than the highest level among them, which is the
 * number of edges of the longest path that leads to it.
 * A. B. Kahn, "Topological sorting of large networks", Comm. ACM 5(11), 1962, doi:10.1145/368996.369025.
 */
export function executionLevels(graph: TaskGraph): Int32Array {
  const { size, dependencyOffsets, dependentOffsets, dependents } = graph;
  const waitingFor = new Int32Array(size);
  const queue = new Int32Array(size);
  const levels = new Int32Array(size);
  let tail = 0;
  for (let node = 0; node < size; node++) {
    const count = at(dependencyOffsets, node + 1) - at(dependencyOffsets, node);
    waitingFor[node] = count;
    if (count === 0) queue[tail++] = node;
  }
  for (let head = 0; head < tail; head++) {
    const node = at(queue, head);
    const level = at(levels, node) + 1;
    const end = at(dependentOffsets, node + 1);
    for (let edge = at(dependentOffsets, node); edge < end; edge++) {
      const dependent = at(dependents, edge);
      const left = at(waitingFor, dependent) - 1;
      waitingFor[dependent] = left;
      if (left > 0) continue;
      // First in, first out: levels leave the queue in rising order, so the dependency that ends last is the highest.
      levels[dependent] = level;
      queue[tail++] = dependent;
    }
  }
  invariant(tail === size, `the task graph has a cycle: ${size - tail} of ${size} tasks can never start`);
  return levels;
}

/** All tasks, each after its dependencies: by level, within a level by position (a counting sort, so linear). */
export function topologicalOrder(graph: TaskGraph, levels: Int32Array = executionLevels(graph)): Int32Array {
  const cursor = levelStarts(levels);
  const order = new Int32Array(graph.size);
  for (let node = 0; node < graph.size; node++) {
    const level = at(levels, node);
    const slot = at(cursor, level);
    order[slot] = node;
    cursor[level] = slot + 1;
  }
  return order;
}

/** The tasks of each level, by position; the levels laid end to end are `topologicalOrder`. */
export function levelGroups(graph: TaskGraph, levels: Int32Array = executionLevels(graph)): number[][] {
  const groups: number[][] = [];
  for (const node of topologicalOrder(graph, levels)) {
    const level = at(levels, node);
    const group = groups[level];
    if (group === undefined) groups.push([node]);
    else group.push(node);
  }
  return groups;
}

/** Where each level starts in the order, and behind the last one the number of tasks. */
function levelStarts(levels: Int32Array): Int32Array {
  let highest = -1;
  for (const level of levels) if (level > highest) highest = level;
  const starts = new Int32Array(highest + 2);
  for (const level of levels) starts[level + 1] = at(starts, level + 1) + 1;
  for (let level = 0; level <= highest; level++) starts[level + 1] = at(starts, level + 1) + at(starts, level);
  return starts;
}

/** The place of each task in an order of all of them. */
export function placesOf(order: Int32Array): Float64Array {
  const places = new Float64Array(order.length);
  for (const [place, task] of order.entries()) places[task] = place;
  return places;
}
