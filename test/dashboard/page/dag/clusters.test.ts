// Owns what is seen from afar: clusters that leave nothing out, counts that add up, bars that show every state.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackedParts } from '../../../../src/dashboard/page/dag/cluster-painter.ts';
import { bundlesOf, clustersOf, countsOf } from '../../../../src/dashboard/page/dag/clusters.ts';
import { type GraphTasks, graphColumnsOf } from '../../../../src/dashboard/page/dag/graph-columns.ts';
import { layOutLevels } from '../../../../src/dashboard/page/dag/level-layout.ts';
import { Scene, STATES } from '../../../../src/dashboard/page/dag/scene.ts';
import { graphs, levelsOf } from './graph-arbitraries.ts';

const BOX = { width: 150, height: 44 };
const scales = fc.double({ min: 0.005, max: 1, noNaN: true });
const states = fc.array(fc.nat({ max: STATES - 1 }), { minLength: 120, maxLength: 120 });

function sceneOf(tasks: GraphTasks, aspect = 1.7): Scene {
  const graph = graphColumnsOf(tasks);
  const still = tasks.names.map(() => 0);
  const columns = { actions: still, actionNames: ['core.noop'], priorities: still };
  return new Scene(graph, layOutLevels(graph, BOX, aspect), {
    ...tasks,
    ...columns,
    states: still,
    attempts: still,
    progress: tasks.names.map(() => -1),
  });
}

describe('clusters', () => {
  it('hold every column once, in order, at every scale', () => {
    fc.assert(
      fc.property(graphs(), scales, (tasks, scale) => {
        const { layout, bounds } = sceneOf(tasks);
        const clusters = clustersOf(layout, bounds, scale);
        let next = 0;
        for (const cluster of clusters) {
          expect(cluster.fromColumn).toBe(next);
          expect(cluster.toColumn).toBeGreaterThan(cluster.fromColumn);
          next = cluster.toColumn;
        }
        expect(next).toBe(layout.columnLevels.length);
        expect(clusters.reduce((sum, { size }) => sum + size, 0)).toBe(tasks.names.length);
      }),
    );
  });

  it('hold the boxes of their tasks', () => {
    fc.assert(
      fc.property(graphs(), scales, (tasks, scale) => {
        const { layout, bounds } = sceneOf(tasks);
        for (const cluster of clustersOf(layout, bounds, scale)) {
          const from = layout.columnOffsets[cluster.fromColumn] ?? 0;
          for (const task of layout.order.subarray(from, layout.columnOffsets[cluster.toColumn])) {
            const [x, y] = [layout.x[task] ?? -1, layout.y[task] ?? -1];
            expect(x >= cluster.x && x + BOX.width <= cluster.x + cluster.width).toBe(true);
            expect(y >= cluster.y && y + BOX.height <= cluster.y + cluster.height).toBe(true);
          }
        }
      }),
    );
  });

  it('count by state what their tasks are in, after any changes', () => {
    fc.assert(
      fc.property(graphs(), scales, states, states, (tasks, scale, first, second) => {
        const scene = sceneOf(tasks);
        for (const codes of [first, second]) {
          scene.update({ states: codes, attempts: [], progress: [] });
          const sums = new Array<number>(STATES).fill(0);
          for (const cluster of clustersOf(scene.layout, scene.bounds, scale)) {
            const counts = countsOf(cluster, scene.tally);
            expect(counts.reduce((sum, count) => sum + count, 0)).toBe(cluster.size);
            counts.forEach((count, state) => {
              sums[state] = (sums[state] ?? 0) + count;
            });
          }
          const expected = new Array<number>(STATES).fill(0);
          for (const state of codes.slice(0, tasks.names.length)) expected[state] = (expected[state] ?? 0) + 1;
          expect(sums).toEqual(expected);
        }
      }),
    );
  });

  it('take apart a level that is wide on the screen, and put together those that are narrow', () => {
    const wide = sceneOf(levelsOf(1, 5_000, 1));
    expect(
      clustersOf(wide.layout, wide.bounds, 0.1).filter(({ fromLevel, toLevel }) => fromLevel === 1 && toLevel === 1)
        .length,
    ).toBeGreaterThan(2);
    const narrow = sceneOf(levelsOf(...Array.from({ length: 60 }, () => 30)));
    expect(clustersOf(narrow.layout, narrow.bounds, 0.05).every(({ fromLevel, toLevel }) => toLevel > fromLevel)).toBe(
      true,
    );
  });

  it('are tall enough to be read where levels wrap into many bands', () => {
    const chain = sceneOf(levelsOf(...Array.from({ length: 3_000 }, () => 1)));
    const scale = 0.03;
    for (const { height } of clustersOf(chain.layout, chain.bounds, scale)) {
      expect(height * scale).toBeGreaterThan(30);
    }
  });
});

describe('bundles', () => {
  it('hold every arrow from one cluster to another, once', () => {
    fc.assert(
      fc.property(graphs(), scales, (tasks, scale) => {
        const scene = sceneOf(tasks);
        const clusters = clustersOf(scene.layout, scene.bounds, scale);
        const clusterOf = (task: number) => {
          const column = scene.columnOf[task] ?? 0;
          return clusters.findIndex(({ fromColumn, toColumn }) => column >= fromColumn && column < toColumn);
        };
        const between = [...scene.graph.dependencies].filter(
          (dependency, row) => clusterOf(dependency) !== clusterOf(scene.graph.targets[row] ?? 0),
        );
        const bundles = bundlesOf(scene, clusters);
        expect(bundles.reduce((sum, { count }) => sum + count, 0)).toBe(between.length);
        expect(new Set(bundles.map(({ from, to }) => `${from}>${to}`)).size).toBe(bundles.length);
        expect(bundles.every(({ from, to }) => from < to)).toBe(true);
      }),
    );
  });
});

describe('a stacked bar', () => {
  it('is filled, without gaps, and shows every state that is there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 10_000 }), { minLength: STATES, maxLength: STATES }),
        fc.double({ min: 1, max: 2_000, noNaN: true }),
        (counts, length) => {
          const parts = stackedParts(counts, length);
          expect(parts.map(({ state }) => state).sort((a, b) => a - b)).toEqual(
            [...counts.keys()].filter((state) => (counts[state] ?? 0) > 0),
          );
          let end = 0;
          for (const part of parts) {
            expect(part.start).toBeCloseTo(end, 6);
            expect(part.length).toBeGreaterThan(0);
            end = part.start + part.length;
          }
          if (parts.length > 0) expect(end).toBeCloseTo(length, 6);
        },
      ),
    );
  });

  it('shows one failed task among 100,000 large enough for its mark', () => {
    const counts = new Array<number>(STATES).fill(0);
    counts[6] = 100_000;
    counts[7] = 1;
    expect(stackedParts(counts, 400).find(({ state }) => state === 7)?.length).toBeGreaterThanOrEqual(9);
  });
});

describe('a scene', () => {
  it('says that nothing has changed when nothing has', () => {
    const scene = sceneOf(levelsOf(2, 2));
    const now = { states: [3, 0, 0, 0], attempts: [1, 0, 0, 0], progress: [0.3, -1, -1, -1] };
    expect(scene.update(now)).toBe(true);
    expect(scene.update(structuredClone(now))).toBe(false);
    expect(scene.update({ ...now, progress: [0.4, -1, -1, -1] })).toBe(true);
    expect(scene.update({ ...now, attempts: [2, 0, 0, 0] })).toBe(true);
  });

  it('takes a state it does not know for pending', () => {
    const scene = sceneOf(levelsOf(1));
    scene.update({ states: [99], attempts: [0], progress: [-1] });
    expect([...scene.states]).toEqual([0]);
  });
});
