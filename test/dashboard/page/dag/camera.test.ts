// Owns how one looks at the graph: what stays where it is while one zooms, what a fit shows, how far one can stray.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  between,
  type Camera,
  centredAt,
  confined,
  fitCamera,
  panned,
  toWorld,
  visibleWorld,
  zoomedAt,
} from '../../../../src/dashboard/page/dag/camera.ts';

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const sizes = fc.record({ width: number(200, 4_000), height: number(200, 3_000) });
const worlds = fc.record({ width: number(10, 200_000), height: number(10, 200_000) });
const cameras: fc.Arbitrary<Camera> = fc.record({
  x: number(-10_000, 100_000),
  y: number(-10_000, 100_000),
  scale: number(0.01, 2.5),
});

describe('the camera', () => {
  it('shows all of the graph when it fits it', () => {
    fc.assert(
      fc.property(worlds, sizes, (world, view) => {
        const seen = visibleWorld(fitCamera({ x: 0, y: 0, ...world }, view), view);
        expect(seen.x).toBeLessThanOrEqual(0);
        expect(seen.y).toBeLessThanOrEqual(0);
        expect(seen.x + seen.width).toBeGreaterThanOrEqual(world.width);
        expect(seen.y + seen.height).toBeGreaterThanOrEqual(world.height);
      }),
    );
  });

  it('keeps what is under the pointer there while it zooms', () => {
    fc.assert(
      fc.property(
        cameras,
        worlds,
        sizes,
        number(0.2, 5),
        number(0, 1),
        number(0, 1),
        (camera, world, view, factor, u, v) => {
          const at = { x: u * view.width, y: v * view.height };
          const before = toWorld(camera, at);
          const after = toWorld(zoomedAt(camera, factor, at, world, view), at);
          expect(after.x).toBeCloseTo(before.x, 3);
          expect(after.y).toBeCloseTo(before.y, 3);
        },
      ),
    );
  });

  it('zooms between the whole from a little further away and the largest scale', () => {
    const world = { width: 10_000, height: 5_000 };
    const view = { width: 1_000, height: 500 };
    const start = fitCamera({ x: 0, y: 0, ...world }, view);
    expect(zoomedAt(start, 1e-9, { x: 0, y: 0 }, world, view).scale).toBeCloseTo(start.scale * 0.6, 6);
    expect(zoomedAt(start, 1e9, { x: 0, y: 0 }, world, view).scale).toBe(2.5);
  });

  it('has some of the graph in view wherever one drags it', () => {
    fc.assert(
      fc.property(
        cameras,
        worlds,
        sizes,
        number(-1e6, 1e6),
        number(-1e6, 1e6),
        (camera, world, view, deltaX, deltaY) => {
          const seen = visibleWorld(confined(panned(camera, deltaX, deltaY), world, view), view);
          expect(seen.x).toBeLessThanOrEqual(world.width);
          expect(seen.y).toBeLessThanOrEqual(world.height);
          expect(seen.x + seen.width).toBeGreaterThanOrEqual(0);
          expect(seen.y + seen.height).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it('flies from where it is to where it was sent', () => {
    fc.assert(
      fc.property(cameras, cameras, sizes, (from, to, view) => {
        for (const [fraction, camera] of [
          [0, from],
          [1, to],
        ] as const) {
          const at = between(from, to, fraction, view);
          expect(at.scale).toBeCloseTo(camera.scale, 6);
          expect(at.x).toBeCloseTo(camera.x, 3);
          expect(at.y).toBeCloseTo(camera.y, 3);
        }
      }),
    );
  });

  it('puts a point in the middle', () => {
    const view = { width: 800, height: 600 };
    expect(toWorld(centredAt({ x: 50, y: 70 }, view, 0.5), { x: 400, y: 300 })).toEqual({ x: 50, y: 70 });
  });
});
