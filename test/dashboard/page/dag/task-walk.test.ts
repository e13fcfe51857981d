// Owns where the keyboard leads: along edges, within a level, never out of the graph.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dependenciesOf,
  dependentsOfTask,
  type GraphTasks,
  graphColumnsOf,
} from '../../../../src/dashboard/page/dag/graph-columns.ts';
import { layOutLevels } from '../../../../src/dashboard/page/dag/level-layout.ts';
import { TaskWalk } from '../../../../src/dashboard/page/dag/task-walk.ts';
import { graphs, levelsOf, tasksFrom } from './graph-arbitraries.ts';

function walkOf(tasks: GraphTasks) {
  const graph = graphColumnsOf(tasks);
  return { graph, walk: new TaskWalk(graph, layOutLevels(graph, { width: 150, height: 44 }, 1.7)) };
}

describe('a walk', () => {
  it('goes to a dependency and to a dependent where there is one, and stays where there is none', () => {
    fc.assert(
      fc.property(graphs(), (tasks) => {
        const { graph, walk } = walkOf(tasks);
        for (let task = 0; task < graph.size; task++) {
          const dependencies = dependenciesOf(graph, task);
          const dependents = dependentsOfTask(graph, task);
          const [back, on] = [walk.step(task, 'dependency'), walk.step(task, 'dependent')];
          expect(dependencies.length === 0 ? back === task : dependencies.includes(back)).toBe(true);
          expect(dependents.length === 0 ? on === task : dependents.includes(on)).toBe(true);
        }
      }),
    );
  });

  it('reaches every task of a level by going down from its first', () => {
    fc.assert(
      fc.property(graphs(), (tasks) => {
        const { graph, walk } = walkOf(tasks);
        const seen = new Set([walk.start]);
        for (let task = walk.start; ; ) {
          const next = walk.step(task, 'after');
          if (next === task) break;
          expect(walk.step(next, 'before')).toBe(task);
          seen.add(next);
          task = next;
        }
        expect(seen.size).toBe(graph.levels.filter((level) => level === 0).length);
      }),
    );
  });

  it('skips ten tasks by the page, and stops at the ends of the level', () => {
    const { walk } = walkOf(levelsOf(25));
    expect(walk.step(0, 'page-after')).toBe(10);
    expect(walk.step(20, 'page-after')).toBe(24);
    expect(walk.step(3, 'page-before')).toBe(0);
  });

  it('goes to the first and the last task of the graph', () => {
    const { walk } = walkOf(tasksFrom([[], [0], [1]]));
    expect(walk.step(1, 'first')).toBe(0);
    expect(walk.step(1, 'last')).toBe(2);
  });

  it('says where a task stands in its level', () => {
    const { walk } = walkOf(levelsOf(25));
    expect(walk.around(12, 2)).toEqual({ tasks: [10, 11, 12, 13, 14], first: 11, size: 25 });
    expect(walk.around(0, 2)).toEqual({ tasks: [0, 1, 2], first: 1, size: 25 });
  });
});
