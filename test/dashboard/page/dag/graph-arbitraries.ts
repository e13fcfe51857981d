// Owns random task graphs for the tests of the run's graph: columns as they cross, levels as an engine computes them.

import fc from 'fast-check';
import type { GraphTasks } from '../../../../src/dashboard/page/dag/graph-columns.ts';

/** Columns of tasks that depend on earlier ones; levels are one more than the highest of the dependencies. */
export function tasksFrom(dependencies: readonly (readonly number[])[]): GraphTasks {
  const levels: number[] = [];
  for (const list of dependencies) levels.push(list.reduce((most, task) => Math.max(most, (levels[task] ?? 0) + 1), 0));
  const offsets = [0];
  for (const list of dependencies) offsets.push((offsets.at(-1) ?? 0) + list.length);
  return {
    names: dependencies.map((_, task) => `task-${task}`),
    offsets,
    dependencies: dependencies.flat(),
    levels,
    criticalPath: criticalPathOf(dependencies, levels),
  };
}

function criticalPathOf(dependencies: readonly (readonly number[])[], levels: readonly number[]): number[] {
  const path: number[] = [];
  let task: number | undefined = levels.indexOf(Math.max(...levels));
  while (task !== undefined && task >= 0) {
    path.unshift(task);
    const level: number = levels[task] ?? 0;
    task = dependencies[task]?.find((dependency) => levels[dependency] === level - 1);
  }
  return path;
}

/** Graphs of up to so many tasks, thin and dense, wide and deep. */
export function graphs(maxSize = 120): fc.Arbitrary<GraphTasks> {
  return fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 4 })).chain(([reach, most]) =>
    fc
      .array(fc.uniqueArray(fc.integer({ min: 1, max: reach }), { maxLength: most }), {
        minLength: 1,
        maxLength: maxSize,
      })
      .map((lists) =>
        tasksFrom(lists.map((list, task) => list.map((back) => task - back).filter((dependency) => dependency >= 0))),
      ),
  );
}

/** A graph of whole levels, each task on one of the level before. */
export function levelsOf(...sizes: number[]): GraphTasks {
  const lists: number[][] = [];
  let before = 0;
  sizes.forEach((size, level) => {
    const start = lists.length;
    for (let task = 0; task < size; task++) {
      const width = start - before;
      lists.push(level === 0 ? [] : [before + (task % width)]);
    }
    before = start;
  });
  return tasksFrom(lists);
}
