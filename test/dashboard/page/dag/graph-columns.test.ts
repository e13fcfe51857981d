// Owns what the graph's columns promise: edges both ways, no index that is not there, levels without holes.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dependenciesOf,
  dependentsOfTask,
  graphColumnsOf,
  hasSameGraph,
} from '../../../../src/dashboard/page/dag/graph-columns.ts';
import { graphs, tasksFrom } from './graph-arbitraries.ts';

describe('the columns of a graph', () => {
  it('have every edge in both directions, once', () => {
    fc.assert(
      fc.property(graphs(), (tasks) => {
        const graph = graphColumnsOf(tasks);
        const there: string[] = [];
        const back: string[] = [];
        for (let task = 0; task < graph.size; task++) {
          for (const dependency of dependenciesOf(graph, task)) there.push(`${dependency}>${task}`);
          for (const dependent of dependentsOfTask(graph, task)) back.push(`${task}>${dependent}`);
        }
        expect(back.sort()).toEqual(there.sort());
        expect(there).toHaveLength(tasks.dependencies.length);
        expect(
          [...graph.targets].every((task, row) => dependenciesOf(graph, task).includes(graph.dependencies[row] ?? -1)),
        ).toBe(true);
      }),
    );
  });

  it('leave out edges to tasks that are not there, and to oneself', () => {
    const graph = graphColumnsOf({
      names: ['a', 'b'],
      offsets: [0, 0, 3],
      dependencies: [7, 1, 0],
      levels: [0, 1],
      criticalPath: [0, 9, 1],
    });
    expect([...graph.dependencies]).toEqual([0]);
    expect([...graph.criticalPath]).toEqual([0, 1]);
  });

  it('hold tasks without a definition: no edges, one level', () => {
    const graph = graphColumnsOf({ names: ['a', 'b'], offsets: [], dependencies: [], levels: [], criticalPath: [] });
    expect(graph.dependencies).toHaveLength(0);
    expect([...graph.levels]).toEqual([0, 0]);
    expect(graph.levelCount).toBe(1);
  });

  it('close holes between levels', () => {
    const graph = graphColumnsOf({ ...tasksFrom([[], [0]]), levels: [3, 9] });
    expect([...graph.levels]).toEqual([0, 1]);
    expect(graph.levelCount).toBe(2);
  });

  it('mark exactly the steps of the critical path', () => {
    const graph = graphColumnsOf({ ...tasksFrom([[], [0], [0], [2, 1]]), criticalPath: [0, 2, 3] });
    const steps = [...graph.dependencies.keys()].filter((row) => graph.isCriticalEdge[row] === 1);
    expect(steps.map((row) => [graph.dependencies[row], graph.targets[row]])).toEqual([
      [0, 2],
      [2, 3],
    ]);
  });
});

describe('two documents', () => {
  it('have the same graph when they were fetched twice, and another when an edge is another', () => {
    const first = tasksFrom([[], [0], [1]]);
    expect(hasSameGraph(first, structuredClone(first))).toBe(true);
    expect(hasSameGraph(first, tasksFrom([[], [0], [0]]))).toBe(false);
    expect(hasSameGraph(first, tasksFrom([[], [0]]))).toBe(false);
  });
});
