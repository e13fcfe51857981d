// Orders and levels: ties, edges respected, levels against walking every path of small random graphs.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { executionLevels, levelGroups, topologicalOrder } from '../../src/dag/topological-order.ts';
import { acyclicTasks, graphOf, pathsTo } from './random-graphs.ts';

describe('topological order', () => {
  it('breaks ties by position, level by level', () => {
    const graph = graphOf([
      { name: 'late', dependencies: ['b', 'a'] },
      { name: 'b' },
      { name: 'early', dependencies: ['a'] },
      { name: 'a' },
    ]);
    expect([...topologicalOrder(graph)]).toEqual([1, 3, 0, 2]);
    expect(levelGroups(graph)).toEqual([
      [1, 3],
      [0, 2],
    ]);
  });

  it('is empty for no tasks', () => {
    const graph = graphOf([]);
    expect(topologicalOrder(graph)).toHaveLength(0);
    expect(levelGroups(graph)).toEqual([]);
  });

  it('holds each task once, after all its dependencies', () => {
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const order = Array.from(topologicalOrder(graphOf(tasks)), (node) => tasks[node]?.name ?? '');
        expect([...order].sort()).toEqual(tasks.map((task) => task.name).sort());
        for (const task of tasks) {
          for (const dependency of task.dependencies) {
            expect(order.indexOf(dependency)).toBeLessThan(order.indexOf(task.name));
          }
        }
      }),
    );
  });

  it('has as level of a task the edges of the longest path that leads to it', () => {
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const levels = executionLevels(graphOf(tasks));
        const longest = tasks.map(({ name }) => Math.max(...pathsTo(tasks, name).map((path) => path.length - 1)));
        expect([...levels]).toEqual(longest);
      }),
    );
  });

  it('does not depend on the order in which dependencies are listed', () => {
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const reversed = tasks.map((task) => ({ ...task, dependencies: [...task.dependencies].reverse() }));
        expect(topologicalOrder(graphOf(reversed))).toEqual(topologicalOrder(graphOf(tasks)));
      }),
    );
  });

  it('is its levels laid end to end', () => {
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const graph = graphOf(tasks);
        expect(levelGroups(graph).flat()).toEqual([...topologicalOrder(graph)]);
      }),
    );
  });
});
