// Owns longest weighted paths: the critical path of a graph and the rank of each task for schedulers.
// Must never recurse, and never takes a negative or non-finite weight: such sums order nothing.

import { quoteName } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { at } from './adjacency.ts';
import type { TaskGraph } from './task-graph.ts';
import { topologicalOrder } from './topological-order.ts';

/** A longest path from a task without dependencies to one without dependents. */
export interface CriticalPath {
  readonly path: number[];
  /** Sum of the weights along the path; nothing can finish the graph sooner. */
  readonly length: number;
}

/**
 * By task, the weight of the heaviest path that starts with it, itself included: HEFT's upward rank, with edges free.
 * H. Topcuoglu, S. Hariri, M.-Y. Wu, IEEE Trans. Parallel Distrib. Syst. 13(3), 2002, doi:10.1109/71.993206.
 * @param weights by task index; finite, not negative
 * @param order a topological order, where the caller has one
 * @throws ARGUMENT_INVALID
 */
export function upwardRanks(
  graph: TaskGraph,
  weights: Float64Array,
  order: Int32Array = topologicalOrder(graph),
): Float64Array {
  checkWeights(graph, weights);
  const ranks = new Float64Array(graph.size);
  for (let position = order.length - 1; position >= 0; position--) {
    const node = at(order, position);
    const end = at(graph.dependentOffsets, node + 1);
    let heaviest = 0;
    for (let edge = at(graph.dependentOffsets, node); edge < end; edge++) {
      const rank = ranks[at(graph.dependents, edge)] as number;
      if (rank > heaviest) heaviest = rank;
    }
    ranks[node] = (weights[node] as number) + heaviest;
  }
  return ranks;
}

/**
 * The critical path; of equally long ones the one whose tasks come first by position.
 * J. E. Kelley, M. R. Walker, "Critical-path planning and scheduling", Eastern Joint Computer Conference, 1959.
 * @throws ARGUMENT_INVALID as `upwardRanks`
 */
export function criticalPath(
  graph: TaskGraph,
  weights: Float64Array,
  ranks: Float64Array = upwardRanks(graph, weights),
): CriticalPath {
  let current = -1;
  for (let node = 0; node < graph.size; node++) {
    const isSource = graph.dependencyOffsets[node] === graph.dependencyOffsets[node + 1];
    if (isSource && (current === -1 || (ranks[node] as number) > (ranks[current] as number))) current = node;
  }
  const length = current === -1 ? 0 : (ranks[current] as number);
  const path: number[] = [];
  while (current !== -1) {
    path.push(current);
    current = heaviestDependent(graph, ranks, current);
  }
  return { path, length };
}

function heaviestDependent(graph: TaskGraph, ranks: Float64Array, node: number): number {
  let heaviest = -1;
  const end = at(graph.dependentOffsets, node + 1);
  for (let edge = at(graph.dependentOffsets, node); edge < end; edge++) {
    const dependent = at(graph.dependents, edge);
    if (heaviest === -1 || (ranks[dependent] as number) > (ranks[heaviest] as number)) heaviest = dependent;
  }
  return heaviest;
}

function checkWeights(graph: TaskGraph, weights: Float64Array): void {
  if (weights.length !== graph.size) {
    throw new RuntimeError('ARGUMENT_INVALID', `${weights.length} weights for ${graph.size} tasks; give one each`);
  }
  for (let node = 0; node < weights.length; node++) {
    const weight = weights[node] as number;
    if (weight >= 0 && weight < Number.POSITIVE_INFINITY) continue;
    const task = graph.names[node] ?? '';
    throw new RuntimeError(
      'ARGUMENT_INVALID',
      `the weight of task ${quoteName(task)} is ${weight}; give a finite number that is not negative`,
      { details: { task } },
    );
  }
}
