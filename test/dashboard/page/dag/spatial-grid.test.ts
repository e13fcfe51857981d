// Owns what is in view: the same that asking every box and every arrow would give.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleEdges } from '../../../../src/dashboard/page/dag/edge-painter.ts';
import { graphColumnsOf } from '../../../../src/dashboard/page/dag/graph-columns.ts';
import type { GraphLayout, Rect } from '../../../../src/dashboard/page/dag/graph-layout.ts';
import { layOutLevels } from '../../../../src/dashboard/page/dag/level-layout.ts';
import { SpatialGrid } from '../../../../src/dashboard/page/dag/spatial-grid.ts';
import { graphs } from './graph-arbitraries.ts';

const BOX = { width: 150, height: 44 };
const coordinate = fc.double({ min: -500, max: 4_000, noNaN: true });
const extent = fc.double({ min: 0, max: 2_500, noNaN: true });
const rects: fc.Arbitrary<Rect> = fc.record({ x: coordinate, y: coordinate, width: extent, height: extent });

/** Boxes anywhere, one upon the other too. */
const scattered: fc.Arbitrary<GraphLayout> = fc
  .array(fc.tuple(fc.double({ min: 0, max: 3_000, noNaN: true }), fc.double({ min: 0, max: 3_000, noNaN: true })), {
    maxLength: 150,
  })
  .map((places) => ({
    box: BOX,
    width: 3_150,
    height: 3_044,
    x: Float32Array.from(places, ([x]) => x),
    y: Float32Array.from(places, ([, y]) => y),
    order: Uint32Array.from(places.keys()),
    columnOffsets: new Uint32Array(),
    columnLevels: new Uint32Array(),
    columnBands: new Uint32Array(),
    routes: null,
  }));

function touches(layout: GraphLayout, task: number, rect: Rect): boolean {
  const [x, y] = [layout.x[task] ?? 0, layout.y[task] ?? 0];
  return x <= rect.x + rect.width && x + BOX.width >= rect.x && y <= rect.y + rect.height && y + BOX.height >= rect.y;
}

describe('the grid', () => {
  it('finds the boxes that asking each of them finds', () => {
    fc.assert(
      fc.property(scattered, rects, (layout, rect) => {
        const found: number[] = [];
        new SpatialGrid(layout).query(rect, found);
        expect(found.sort((a, b) => a - b)).toEqual([...layout.order].filter((task) => touches(layout, task, rect)));
      }),
    );
  });

  it('names the task under a point, or none', () => {
    fc.assert(
      fc.property(
        graphs(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (tasks, u, v) => {
          const layout = layOutLevels(graphColumnsOf(tasks), BOX, 1.7);
          const point = { x: u * layout.width, y: v * layout.height, width: 0, height: 0 };
          const expected = tasks.names.findIndex((_, task) => touches(layout, task, point));
          expect(new SpatialGrid(layout).taskAt(point.x, point.y)).toBe(expected);
        },
      ),
    );
  });

  it('finds each box in its own middle', () => {
    fc.assert(
      fc.property(graphs(), (tasks) => {
        const layout = layOutLevels(graphColumnsOf(tasks), BOX, 1.7);
        const grid = new SpatialGrid(layout);
        tasks.names.forEach((_, task) => {
          const middle = [(layout.x[task] ?? 0) + BOX.width / 2, (layout.y[task] ?? 0) + BOX.height / 2] as const;
          expect(grid.taskAt(...middle)).toBe(task);
        });
      }),
    );
  });
});

describe('arrows', () => {
  it('are in view whenever a straight line between their ends is', () => {
    fc.assert(
      fc.property(graphs(), rects, (tasks, rect) => {
        const graph = graphColumnsOf(tasks);
        const layout = layOutLevels(graph, BOX, 1.7);
        const seen = new Set(visibleEdges({ graph, layout }, rect));
        graph.dependencies.forEach((dependency, row) => {
          const task = graph.targets[row] ?? 0;
          const startX = (layout.x[dependency] ?? 0) + BOX.width;
          const startY = (layout.y[dependency] ?? 0) + BOX.height / 2;
          for (let step = 0; step <= 10; step++) {
            const x = startX + (((layout.x[task] ?? 0) - startX) * step) / 10;
            const y = startY + (((layout.y[task] ?? 0) + BOX.height / 2 - startY) * step) / 10;
            const isInside = x >= rect.x && x <= rect.x + rect.width && y >= rect.y && y <= rect.y + rect.height;
            if (isInside) expect(seen.has(row)).toBe(true);
          }
        });
      }),
    );
  });

  it('are out of view when the view is far beside the graph', () => {
    fc.assert(
      fc.property(graphs(), (tasks) => {
        const graph = graphColumnsOf(tasks);
        const layout = layOutLevels(graph, BOX, 1.7);
        const beside = { x: layout.width + 1_000, y: 0, width: 100, height: layout.height };
        expect(visibleEdges({ graph, layout }, beside)).toEqual([]);
      }),
    );
  });
});
