// Owns the checks of the stretch of time in view: zoom, pan, bounds, following, and the ticks of the axis.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  followed,
  panned,
  revealing,
  ticksOf,
  timeAt,
  wholeView,
  xOf,
  zoomed,
} from '../../../../src/dashboard/page/timeline/time-view.ts';

const whole = { from: 0, to: 10_000 };
const someView = fc
  .tuple(fc.double({ min: 0, max: 9_000, noNaN: true }), fc.double({ min: 5, max: 1_000, noNaN: true }))
  .map(([from, span]) => ({ from, to: from + span }));

function expectHeld(view: { from: number; to: number }): void {
  expect(view.from).toBeGreaterThanOrEqual(-1e-6);
  expect(view.to).toBeLessThanOrEqual(whole.to + 1e-6);
  expect(view.to - view.from).toBeGreaterThanOrEqual(5 - 1e-6);
}

describe('a view', () => {
  it('keeps within the whole however it is zoomed and moved', () => {
    const factor = fc.double({ min: 0.01, max: 50, noNaN: true });
    const by = fc.double({ min: -20_000, max: 20_000, noNaN: true });
    fc.assert(
      fc.property(someView, factor, by, fc.double({ min: 0, max: 1, noNaN: true }), (view, times, ms, share) => {
        expectHeld(zoomed(view, whole, view.from + share * (view.to - view.from), times));
        expectHeld(panned(view, whole, ms));
        expectHeld(revealing(view, whole, share * 9_000, share * 9_000 + 100));
      }),
    );
  });

  it('zooms about a moment: it stays at its pixel where the bounds allow', () => {
    const view = { from: 4_000, to: 6_000 };
    const closer = zoomed(view, whole, 4_500, 0.5);
    expect(closer.to - closer.from).toBeCloseTo(1_000);
    expect(xOf(closer, 800, 4_500)).toBeCloseTo(xOf(view, 800, 4_500));
  });

  it('turns times into pixels and back', () => {
    fc.assert(
      fc.property(
        someView,
        fc.integer({ min: 1, max: 4_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (view, width, share) => {
          expect(timeAt(view, width, xOf(view, width, view.from + share))).toBeCloseTo(view.from + share, 5);
        },
      ),
    );
  });

  it('goes along with the end if it showed the end, and stays otherwise', () => {
    const later = { from: 0, to: 12_000 };
    expect(followed({ from: 9_000, to: 10_000 }, whole, later)).toEqual({ from: 11_000, to: 12_000 });
    expect(followed({ from: 5_000, to: 6_000 }, whole, later)).toEqual({ from: 5_000, to: 6_000 });
  });

  it('moves to what is to be seen only if it is not in view', () => {
    const view = { from: 1_000, to: 2_000 };
    expect(revealing(view, whole, 1_100, 1_900)).toBe(view);
    expect(revealing(view, whole, 5_000, 5_200)).toEqual({ from: 4_600, to: 5_600 });
  });

  it('shows a run without any time as something', () => {
    const view = wholeView(0);
    expect(view.to).toBeGreaterThan(view.from);
  });
});

describe('ticks', () => {
  it('are in view, evenly spaced, in order, and never crowd', () => {
    const span = fc.double({ min: 5, max: 3e9, noNaN: true });
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        span,
        fc.integer({ min: 100, max: 3_000 }),
        (from, wide, width) => {
          const view = { from, to: from + wide };
          const ticks = ticksOf(view, width);
          expect(ticks.length).toBeLessThanOrEqual(width / 90 + 2);
          const steps = ticks.slice(1).map(({ at }, index) => at - (ticks[index]?.at ?? 0));
          for (const step of steps) expect(step).toBeCloseTo(steps[0] ?? 0, 3);
          for (const { at } of ticks) expect(at >= view.from - 1e-9 && at <= view.to).toBe(true);
          expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length);
        },
      ),
    );
  });

  it.each([
    [{ from: 0, to: 1_000 }, 500, ['0', '200 ms', '400 ms', '600 ms', '800 ms', '1.0 s']],
    [{ from: 0, to: 10_000 }, 500, ['0', '2 s', '4 s', '6 s', '8 s', '10 s']],
    [{ from: 55_000, to: 75_000 }, 400, ['55 s', '1:00', '1:05', '1:10', '1:15']],
    [{ from: 3_595_000, to: 3_605_000 }, 200, ['59:55', '1:00:00', '1:00:05']],
    [{ from: 86_400_000, to: 86_400_100 }, 200, ['1 d 0:00:00.00', '1 d 0:00:00.05', '1 d 0:00:00.10']],
  ])('of %j on %i pixels say %j', (view, width, labels) => {
    expect(ticksOf(view, width).map(({ label }) => label)).toEqual(labels);
  });
});
