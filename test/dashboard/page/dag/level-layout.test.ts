// Owns what the layout by levels promises: no boxes that touch, dependencies before dependents, the same picture again.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphColumnsOf } from '../../../../src/dashboard/page/dag/graph-columns.ts';
import { boxSizeFor, columnCount, type GraphLayout } from '../../../../src/dashboard/page/dag/graph-layout.ts';
import { layOutLevels } from '../../../../src/dashboard/page/dag/level-layout.ts';
import { orderLevels } from '../../../../src/dashboard/page/dag/level-order.ts';
import { graphs, levelsOf, tasksFrom } from './graph-arbitraries.ts';

const BOX = { width: 160, height: 44 };
const aspects = fc.double({ min: 0.5, max: 2.5, noNaN: true });

function bandOfTask(layout: GraphLayout): Map<number, number> {
  const bands = new Map<number, number>();
  for (let column = 0; column < columnCount(layout); column++) {
    for (let place = layout.columnOffsets[column] ?? 0; place < (layout.columnOffsets[column + 1] ?? 0); place++) {
      bands.set(layout.order[place] ?? -1, layout.columnBands[column] ?? -1);
    }
  }
  return bands;
}

describe('a layout by levels', () => {
  it('lets no two boxes touch, and keeps all of them inside', () => {
    fc.assert(
      fc.property(graphs(), aspects, (tasks, aspect) => {
        const { x, y, width, height } = layOutLevels(graphColumnsOf(tasks), BOX, aspect);
        for (let one = 0; one < x.length; one++) {
          const [left, top] = [x[one] ?? -1, y[one] ?? -1];
          expect(left >= 0 && top >= 0 && left + BOX.width <= width && top + BOX.height <= height).toBe(true);
          for (let other = 0; other < one; other++) {
            const apart =
              Math.abs(left - (x[other] ?? 0)) >= BOX.width || Math.abs(top - (y[other] ?? 0)) >= BOX.height;
            expect(apart).toBe(true);
          }
        }
      }),
    );
  });

  it('puts a dependency further left, or in a band above', () => {
    fc.assert(
      fc.property(graphs(), aspects, (tasks, aspect) => {
        const graph = graphColumnsOf(tasks);
        const layout = layOutLevels(graph, BOX, aspect);
        const bands = bandOfTask(layout);
        graph.dependencies.forEach((dependency, row) => {
          const task = graph.targets[row] ?? 0;
          const [from, to] = [bands.get(dependency) ?? 0, bands.get(task) ?? 0];
          const isForward = from < to || (from === to && (layout.x[dependency] ?? 0) < (layout.x[task] ?? 0));
          expect(isForward).toBe(true);
        });
      }),
    );
  });

  it('has every task in one column, and in each column tasks of one level', () => {
    fc.assert(
      fc.property(graphs(), aspects, (tasks, aspect) => {
        const graph = graphColumnsOf(tasks);
        const layout = layOutLevels(graph, BOX, aspect);
        expect([...layout.order].sort((a, b) => a - b)).toEqual(tasks.names.map((_, task) => task));
        expect(layout.columnOffsets.at(-1)).toBe(graph.size);
        for (let column = 0; column < columnCount(layout); column++) {
          const [from, to] = [layout.columnOffsets[column] ?? 0, layout.columnOffsets[column + 1] ?? 0];
          expect(to).toBeGreaterThan(from);
          const members = layout.order.subarray(from, to);
          expect(members.every((task) => graph.levels[task] === layout.columnLevels[column])).toBe(true);
          expect(new Set(Array.from(members, (task) => layout.x[task])).size).toBe(1);
        }
      }),
    );
  });

  it('is the same again', () => {
    fc.assert(
      fc.property(graphs(), aspects, (tasks, aspect) => {
        const first = layOutLevels(graphColumnsOf(tasks), BOX, aspect);
        expect(layOutLevels(graphColumnsOf(structuredClone(tasks)), BOX, aspect)).toEqual(first);
      }),
    );
  });

  it('breaks a level of 5,000 into columns, so that the whole is shaped as the view', () => {
    const { width, height, columnLevels } = layOutLevels(graphColumnsOf(levelsOf(1, 5_000, 1)), BOX, 1.7);
    expect(columnLevels.filter((level) => level === 1).length).toBeGreaterThan(10);
    expect(width / height).toBeGreaterThan(1.2);
    expect(width / height).toBeLessThan(2.4);
  });

  it('wraps a chain of 10,000 into bands, so that the whole is shaped as the view', () => {
    const chain = tasksFrom(Array.from({ length: 10_000 }, (_, task) => (task === 0 ? [] : [task - 1])));
    const { width, height, columnBands } = layOutLevels(graphColumnsOf(chain), BOX, 1.7);
    expect(columnBands.at(-1)).toBeGreaterThan(20);
    expect(width / height).toBeGreaterThan(1.2);
    expect(width / height).toBeLessThan(2.4);
  });

  it('stays one band where levels are wide enough', () => {
    const { columnBands } = layOutLevels(graphColumnsOf(levelsOf(40, 40, 40, 40)), BOX, 1.7);
    expect(columnBands.at(-1)).toBe(0);
  });
});

describe('the order within levels', () => {
  it('uncrosses two levels that were given the wrong way round', () => {
    const graph = graphColumnsOf(tasksFrom([[], [], [], [], [3], [2], [1], [0]]));
    const { order } = orderLevels(graph);
    const places = new Map([...order].map((task, place) => [task, place]));
    const pairs = [...graph.dependencies].map((dependency, row) => [
      places.get(dependency),
      places.get(graph.targets[row] ?? 0),
    ]);
    for (const [from, to] of pairs) expect((to ?? 0) - (from ?? 0)).toBe(4);
  });

  it('keeps the given order where nothing speaks against it', () => {
    expect([...orderLevels(graphColumnsOf(levelsOf(3, 3, 3))).order]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe('the size of boxes', () => {
  it('fits most names, and stays within bounds', () => {
    const long = boxSizeFor(Array.from({ length: 100 }, () => 'a-name-of-twenty-some'));
    expect(long.width).toBeGreaterThan(boxSizeFor(['a']).width);
    expect(boxSizeFor(['x'.repeat(10_000)]).width).toBeLessThan(300);
    expect(boxSizeFor([]).width).toBeGreaterThan(100);
  });
});
