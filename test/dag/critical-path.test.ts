// Critical paths and upward ranks against walking every path of small random graphs.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { criticalPath, upwardRanks } from '../../src/dag/critical-path.ts';
import { acyclicTasks, graphOf, pathsTo } from './random-graphs.ts';

// Whole numbers, so that sums in different order are equal.
const weighted = acyclicTasks.chain((tasks) =>
  fc.tuple(
    fc.constant(tasks),
    fc.array(fc.integer({ min: 0, max: 20 }), { minLength: tasks.length, maxLength: tasks.length }),
  ),
);

describe('critical path', () => {
  it('is the heaviest of all paths, found by walking every one', () => {
    fc.assert(
      fc.property(weighted, ([tasks, weights]) => {
        const graph = graphOf(tasks);
        const weightOf = (name: string) => weights[graph.indexOf(name)] ?? 0;
        const sum = (path: readonly string[]) => path.reduce((total, name) => total + weightOf(name), 0);
        const all = tasks.flatMap((task) => pathsTo(tasks, task.name));
        const { path, length } = criticalPath(graph, Float64Array.from(weights));
        const names = path.map((node) => graph.names[node] ?? '');
        expect(length).toBe(Math.max(...all.map(sum)));
        expect(sum(names)).toBe(length);
        expect(all).toContainEqual(names);
        expect(tasks[path[0] ?? -1]?.dependencies).toEqual([]);
        expect(tasks.some((task) => task.dependencies.includes(names.at(-1) ?? '?'))).toBe(false);
      }),
    );
  });

  it('ranks each task by the heaviest path that starts with it', () => {
    fc.assert(
      fc.property(weighted, ([tasks, weights]) => {
        const graph = graphOf(tasks);
        const all = tasks.flatMap((task) => pathsTo(tasks, task.name));
        const ranks = upwardRanks(graph, Float64Array.from(weights));
        tasks.forEach(({ name }, node) => {
          const sums = all
            .filter(([first]) => first === name)
            .map((path) => path.reduce((total, step) => total + (weights[graph.indexOf(step)] ?? 0), 0));
          expect(ranks[node]).toBe(Math.max(...sums));
        });
      }),
    );
  });

  it('takes the first of equal paths, and no path of no tasks', () => {
    const graph = graphOf([{ name: 'b', dependencies: ['r'] }, { name: 'a', dependencies: ['r'] }, { name: 'r' }]);
    expect(criticalPath(graph, new Float64Array(3).fill(1))).toEqual({ path: [2, 0], length: 2 });
    expect(criticalPath(graph, new Float64Array(3))).toEqual({ path: [2, 0], length: 0 });
    expect(criticalPath(graphOf([]), new Float64Array(0))).toEqual({ path: [], length: 0 });
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the weight %d and names its task', (weight) => {
    const graph = graphOf([{ name: 'good' }, { name: 'bad' }]);
    const run = () => upwardRanks(graph, Float64Array.of(1, weight));
    expect(run).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID', details: { task: 'bad' } }));
  });

  it('refuses a list of weights of another length', () => {
    expect(() => upwardRanks(graphOf([{ name: 'a' }]), new Float64Array(2))).toThrow('2 weights for 1 tasks');
  });
});
