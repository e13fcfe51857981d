// Ancestors and descendants against walking every path of small random graphs.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ancestorsOf, descendantsOf } from '../../src/dag/reachability.ts';
import { topologicalOrder } from '../../src/dag/topological-order.ts';
import { acyclicTasks, graphOf, pathsTo } from './random-graphs.ts';

describe('reachability', () => {
  it('finds the same ancestors and descendants as walking every path, in topological order', () => {
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const graph = graphOf(tasks);
        const order = [...topologicalOrder(graph)];
        const reached = tasks.map(({ name }) => new Set(pathsTo(tasks, name).flat()));
        tasks.forEach(({ name }, node) => {
          const isAncestor = (other: number) => other !== node && reached[node]?.has(tasks[other]?.name ?? '?');
          const isDescendant = (other: number) => other !== node && reached[other]?.has(name);
          expect([...ancestorsOf(graph, node)]).toEqual(order.filter(isAncestor));
          expect([...descendantsOf(graph, node)]).toEqual(order.filter(isDescendant));
        });
      }),
    );
  });
});
