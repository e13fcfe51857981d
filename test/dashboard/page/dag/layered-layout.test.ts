// Owns what the layout by elkjs promises, with elkjs itself: levels as columns, no boxes that touch, routed arrows.

import ELK from 'elkjs/lib/elk.bundled.js';
import { describe, expect, it } from 'vitest';
import { type GraphTasks, graphColumnsOf } from '../../../../src/dashboard/page/dag/graph-columns.ts';
import { columnBounds } from '../../../../src/dashboard/page/dag/graph-layout.ts';
import { elkGraphOf, isForElk, layoutOfElk } from '../../../../src/dashboard/page/dag/layered-layout.ts';
import { levelsOf, tasksFrom } from './graph-arbitraries.ts';

const BOX = { width: 150, height: 44 };

async function layOut(tasks: GraphTasks) {
  const graph = graphColumnsOf(tasks);
  return { graph, layout: layoutOfElk(graph, BOX, await new ELK().layout(elkGraphOf(graph, BOX))) };
}

/** A diamond, a long edge over it, and a component of its own. */
const MIXED = tasksFrom([[], [0], [0], [1, 2], [0, 3], [], [5], [4, 6]]);

describe('a layered layout', () => {
  it.each([
    ['a diamond and a second component', MIXED],
    ['levels of several tasks', levelsOf(3, 6, 4, 1)],
    ['one task', levelsOf(1)],
  ])('of %s lets no two boxes touch', async (_, tasks) => {
    const { layout } = await layOut(tasks);
    for (let one = 0; one < layout.x.length; one++) {
      for (let other = 0; other < one; other++) {
        const across = Math.abs((layout.x[one] ?? 0) - (layout.x[other] ?? 0)) >= BOX.width;
        const down = Math.abs((layout.y[one] ?? 0) - (layout.y[other] ?? 0)) >= BOX.height;
        expect(across || down).toBe(true);
      }
    }
  });

  it('has levels as columns from left to right, whatever the component', async () => {
    const { layout } = await layOut(MIXED);
    const bounds = columnBounds(layout);
    for (let column = 1; column < layout.columnLevels.length; column++) {
      expect(bounds[column * 4] ?? 0).toBeGreaterThan(bounds[(column - 1) * 4 + 2] ?? 0);
    }
  });

  it('routes every arrow from the right of a dependency to the left of its dependent', async () => {
    const { graph, layout } = await layOut(MIXED);
    const { offsets, points } = layout.routes ?? { offsets: new Uint32Array(), points: new Float32Array() };
    graph.dependencies.forEach((dependency, row) => {
      const first = (offsets[row] ?? 0) * 2;
      const last = ((offsets[row + 1] ?? 0) - 1) * 2;
      expect(last).toBeGreaterThan(first);
      expect(points[first]).toBeCloseTo((layout.x[dependency] ?? 0) + BOX.width, 0);
      expect(points[last]).toBeCloseTo(layout.x[graph.targets[row] ?? 0] ?? 0, 0);
    });
  });

  it('is the same again', async () => {
    expect((await layOut(MIXED)).layout).toEqual((await layOut(MIXED)).layout);
  });
});

describe('elkjs', () => {
  it('is asked for graphs of up to 300 tasks, and not for dense, wide or very deep ones', () => {
    const chain = (size: number) =>
      tasksFrom(Array.from({ length: size }, (_, task) => (task === 0 ? [] : [task - 1])));
    expect(isForElk(graphColumnsOf(levelsOf(...Array.from({ length: 10 }, () => 30))))).toBe(true);
    expect(isForElk(graphColumnsOf(levelsOf(...Array.from({ length: 10 }, () => 31))))).toBe(false);
    expect(isForElk(graphColumnsOf(levelsOf(1, 200, 1)))).toBe(false);
    expect(isForElk(graphColumnsOf(chain(200)))).toBe(false);
    expect(isForElk(graphColumnsOf(tasksFrom([])))).toBe(false);
  });
});
