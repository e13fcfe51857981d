// Owns the transitive questions: all that a task needs, and all that needs it.
// Must never recurse. A question costs what it reaches plus one pass over the order; nothing is kept.

import { at } from './adjacency.ts';
import type { TaskGraph } from './task-graph.ts';
import { topologicalOrder } from './topological-order.ts';

/** All direct and indirect dependencies of a task, without itself, in topological order. */
export function ancestorsOf(graph: TaskGraph, index: number, order: Int32Array = topologicalOrder(graph)): Int32Array {
  return reachedFrom(index, graph.dependencyOffsets, graph.dependencies, order);
}

/** All tasks that need a task directly or indirectly, without itself, in topological order. */
export function descendantsOf(
  graph: TaskGraph,
  index: number,
  order: Int32Array = topologicalOrder(graph),
): Int32Array {
  return reachedFrom(index, graph.dependentOffsets, graph.dependents, order);
}

function reachedFrom(start: number, offsets: Int32Array, targets: Int32Array, order: Int32Array): Int32Array {
  const reached = new Uint8Array(order.length);
  const pending = new Int32Array(order.length);
  pending[0] = start;
  let count = 1;
  let found = 0;
  while (count > 0) {
    const node = at(pending, --count);
    const end = at(offsets, node + 1);
    for (let edge = at(offsets, node); edge < end; edge++) {
      const target = at(targets, edge);
      if (reached[target] === 1) continue;
      reached[target] = 1;
      pending[count++] = target;
      found++;
    }
  }
  const result = new Int32Array(found);
  let slot = 0;
  for (const node of order) if (reached[node] === 1) result[slot++] = node;
  return result;
}
