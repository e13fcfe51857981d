// Owns the checks of the plan on a timeline's lanes, and of the table of slowest attempts.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planLanesOf, planPieces } from '../../../../src/dashboard/page/timeline/plan-bars.ts';
import { slowestOf } from '../../../../src/dashboard/page/timeline/slowest-list.ts';
import type { PlanDocument, TimelineBar } from '../../../../src/dashboard/wire.ts';

const run = { summary: { createdAt: 900, startedAt: 1_000 } };
const timeline = {
  origin: 950,
  lanes: [
    { label: 'main loop', kind: 'inline' as const },
    { label: 'thread 4', kind: 'thread' as const },
  ],
};

function planOf(...rows: PlanDocument['rows']): PlanDocument {
  return { makespanMs: 0, lowerBoundMs: 0, note: '', rows };
}

describe('a plan on a timeline', () => {
  it('starts with the run, puts threads on threads and what has none on the main loop', () => {
    const { bars, extra, end } = planLanesOf(planOf([0, 1, 0, 10, 0], [1, -1, 5, 20, 0]), timeline, run);
    expect(bars).toEqual([[{ task: 1, start: 55, end: 70 }], [{ task: 0, start: 50, end: 60 }]]);
    expect([extra, end]).toEqual([[], 70]);
  });

  it('has lanes of its own for threads that the run has not used', () => {
    const { bars, extra } = planLanesOf(planOf([0, 0, 0, 10, 0], [1, 1, 0, 10, 0], [2, 2, 0, 9, 0]), timeline, run);
    expect(extra).toEqual(['plan, thread 1', 'plan, thread 2']);
    expect(bars.map((lane) => lane.map(({ task }) => task))).toEqual([[], [0], [1], [2]]);
  });

  it('goes by the creation of a run that has not started', () => {
    const waiting = { summary: { createdAt: 960, startedAt: null } };
    expect(planLanesOf(planOf([0, 1, 0, 10, 0]), timeline, waiting).bars[1]?.[0]?.start).toBe(10);
  });
});

describe('what a lane of the plan shows', () => {
  const view = { from: 0, to: 1_000 };

  it('joins narrow bars that stand close, and keeps wide ones and gaps apart', () => {
    const bar = (start: number, end: number) => ({ task: 0, start, end });
    const bars = [bar(0, 5), bar(5, 9), bar(10, 14), bar(30, 34), bar(34, 134), bar(134, 138), bar(2_000, 2_100)];
    expect(planPieces(bars, view, 1_000)).toEqual([
      { x: 0, width: 14, count: 3 },
      { x: 30, width: 4, count: 1 },
      { x: 34, width: 100, count: 1 },
      { x: 134, width: 4, count: 1 },
    ]);
  });

  it('counts every bar in view once', () => {
    const bar = fc.tuple(fc.nat(1_500), fc.nat(40)).map(([start, took]) => ({ task: 0, start, end: start + took }));
    fc.assert(
      fc.property(fc.array(bar), fc.integer({ min: 50, max: 900 }), (bars, width) => {
        bars.sort((a, b) => a.start - b.start);
        const count = planPieces(bars, view, width).reduce((sum, piece) => sum + piece.count, 0);
        expect(count).toBe(bars.filter(({ start }) => start <= view.to).length);
      }),
    );
  });
});

describe('the slowest attempts', () => {
  it('are those that a plain sort puts first', () => {
    const bar = fc.tuple(fc.nat(500), fc.integer({ min: -1, max: 500 }));
    fc.assert(
      fc.property(fc.array(bar, { maxLength: 80 }), (parts) => {
        const bars = parts.map(
          ([start, took], index): TimelineBar => [index, index, 1, 0, 0, start, took < 0 ? -1 : start + took, 0],
        );
        const took = (each: TimelineBar) => (each[6] < 0 ? 1_000 : each[6]) - each[5];
        const slowest = slowestOf({ bars, end: 1_000 }, 20).map(took);
        expect(slowest).toEqual(
          bars
            .map(took)
            .sort((a, b) => b - a)
            .slice(0, 20),
        );
      }),
    );
  });
});
