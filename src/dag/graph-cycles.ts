// Owns finding cycles: which nodes form rings, and one real ring of each such group, in order.
// Why: "there is a cycle" helps nobody; a person needs the tasks to look at. No recursion, linear in nodes and edges.
// Must never change the graph or know names.

import { type Adjacency, at } from './adjacency.ts';

/**
 * One cycle for every group of nodes that reach each other, smallest node first, groups by their smallest node.
 * Each node of a cycle has an edge to the next one, the last to the first. Of all cycles through the smallest node of
 * its group it is a shortest. Edges from a node to itself are not looked at.
 */
export function findCycles(adjacency: Adjacency): number[][] {
  const { componentOf, cyclic } = stronglyConnectedComponents(adjacency);
  if (cyclic.size === 0) return [];
  const search = { parent: new Int32Array(adjacency.size).fill(-1), queue: new Int32Array(adjacency.size) };
  const cycles: number[][] = [];
  for (let node = 0; node < adjacency.size; node++) {
    if (cyclic.delete(at(componentOf, node))) cycles.push(shortestCycleThrough(node, adjacency, componentOf, search));
  }
  return cycles;
}

interface Components {
  /** Component number by node. */
  readonly componentOf: Int32Array;
  /** The components with more than one node. */
  readonly cyclic: Set<number>;
}

/**
 * Tarjan's algorithm with an explicit stack.
 * R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1(2), 1972, doi:10.1137/0201010.
 */
function stronglyConnectedComponents({ size, offsets, targets }: Adjacency): Components {
  const visit = new Int32Array(size); // 0 = not seen yet
  const low = new Int32Array(size);
  const componentOf = new Int32Array(size).fill(-1);
  const cursor = offsets.slice(0, size);
  const path = new Int32Array(size);
  const open = new Int32Array(size);
  const cyclic = new Set<number>();
  let visits = 0;
  let components = 0;
  let openCount = 0;
  for (let root = 0; root < size; root++) {
    if (visit[root] !== 0) continue;
    let depth = 0;
    let entering = root;
    do {
      if (entering >= 0) {
        visits++;
        visit[entering] = visits;
        low[entering] = visits;
        path[depth++] = entering;
        open[openCount++] = entering;
        entering = -1;
      }
      const node = at(path, depth - 1);
      const edge = at(cursor, node);
      if (edge < at(offsets, node + 1)) {
        cursor[node] = edge + 1;
        const next = at(targets, edge);
        if (visit[next] === 0) entering = next;
        else if (componentOf[next] === -1 && at(visit, next) < at(low, node)) low[node] = at(visit, next);
        continue;
      }
      depth--;
      const lowest = at(low, node);
      if (depth > 0 && lowest < at(low, at(path, depth - 1))) low[at(path, depth - 1)] = lowest;
      if (lowest !== visit[node]) continue;
      if (open[openCount - 1] !== node) cyclic.add(components);
      do componentOf[at(open, --openCount)] = components;
      while (open[openCount] !== node);
      components++;
    } while (depth > 0);
  }
  return { componentOf, cyclic };
}

interface CycleSearch {
  /** By node, −1 = not reached; shared, since the groups do not overlap. */
  readonly parent: Int32Array;
  readonly queue: Int32Array;
}

/** Breadth first from `start` inside its component until an edge leads back to it. */
function shortestCycleThrough(
  start: number,
  { offsets, targets }: Adjacency,
  componentOf: Int32Array,
  { parent, queue }: CycleSearch,
): number[] {
  const component = at(componentOf, start);
  queue[0] = start;
  let tail = 1;
  for (let head = 0; head < tail; head++) {
    const node = at(queue, head);
    const end = at(offsets, node + 1);
    for (let edge = at(offsets, node); edge < end; edge++) {
      const next = at(targets, edge);
      if (next === start) return pathFrom(start, node, parent);
      if (componentOf[next] !== component || parent[next] !== -1) continue;
      parent[next] = node;
      queue[tail++] = next;
    }
  }
  return [];
}

function pathFrom(start: number, last: number, parent: Int32Array): number[] {
  const path = [last];
  for (let node = last; node !== start; ) {
    node = at(parent, node);
    path.push(node);
  }
  return path.reverse();
}
