// Owns the checks of bars by lane: what is drawn, what lies under the pointer, what waited, against plain searches.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LaneBars, shownOrder } from '../../../../src/dashboard/page/timeline/lane-bars.ts';
import { timeAt, xOf } from '../../../../src/dashboard/page/timeline/time-view.ts';
import { ATTEMPT_OUTCOMES, type TimelineBar, type TimelineDocument } from '../../../../src/dashboard/wire.ts';

const NOW = 2_000;
const RUNNING = ATTEMPT_OUTCOMES.indexOf('running');
const COMPLETED = ATTEMPT_OUTCOMES.indexOf('completed');
const KILLED = ATTEMPT_OUTCOMES.indexOf('killed');

function documentOf(bars: TimelineBar[], laneCount = 3): Pick<TimelineDocument, 'bars' | 'lanes'> {
  return { bars, lanes: Array.from({ length: laneCount }, (_, lane) => ({ label: `thread ${lane}`, kind: 'thread' })) };
}

const someBars = fc
  .array(
    fc.record({
      lane: fc.nat(2),
      ready: fc.nat(1_000),
      wait: fc.nat(50),
      took: fc.integer({ min: -1, max: 80 }),
      outcome: fc.nat(ATTEMPT_OUTCOMES.length - 1),
    }),
    { maxLength: 60 },
  )
  .map((parts) =>
    parts.map(({ lane, ready, wait, took, outcome }, index): TimelineBar => {
      const start = ready + wait;
      return took < 0
        ? [index, index, 1, lane, ready, start, -1, RUNNING]
        : [index, index, 1, lane, ready, start, start + took, outcome === RUNNING ? COMPLETED : outcome];
    }),
  );

const someView = fc
  .tuple(fc.nat(1_000), fc.integer({ min: 5, max: 1_500 }))
  .map(([from, span]) => ({ from, to: from + span }));

function endOf(bar: TimelineBar): number {
  return bar[6] < 0 ? NOW : bar[6];
}

describe('what a lane shows', () => {
  it('counts every bar in view once, in order, within its lane', () => {
    fc.assert(
      fc.property(someBars, someView, fc.integer({ min: 40, max: 900 }), (bars, view, width) => {
        const lanes = new LaneBars(documentOf(bars), NOW);
        for (let lane = 0; lane < 3; lane++) {
          const pieces = lanes.pieces(lane, view, width);
          const inView = bars.filter((bar) => bar[3] === lane && bar[5] <= view.to && endOf(bar) >= view.from);
          expect(pieces.reduce((sum, { count }) => sum + count, 0)).toBe(inView.length);
          for (const { cover } of pieces) expect(cover >= 0 && cover <= 1).toBe(true);
        }
      }),
    );
  });

  it('draws a wide bar as itself, from its start to its end', () => {
    const lanes = new LaneBars(documentOf([[0, 7, 2, 1, 0, 100, 600, COMPLETED]]), NOW);
    expect(lanes.pieces(1, { from: 0, to: 1_000 }, 500)).toEqual([
      { x: 50, width: 250, place: 0, count: 1, cover: 1, outcome: 'completed', worst: 'completed' },
    ]);
    expect(lanes.pieces(0, { from: 0, to: 1_000 }, 500)).toEqual([]);
  });

  it('draws bars narrower than a pixel together, and does not lose the worst of them', () => {
    const bars = Array.from({ length: 900 }, (_, index): TimelineBar => {
      const start = index * 10 + 2;
      return [index, index, 1, 0, start, start, start + 5, index === 123 ? KILLED : COMPLETED];
    });
    const pieces = new LaneBars(documentOf(bars), NOW).pieces(0, { from: 0, to: 9_000 }, 90);
    expect(pieces).toHaveLength(90);
    expect(pieces.every(({ count, outcome }) => count === 10 && outcome === 'completed')).toBe(true);
    expect(pieces[0]?.cover).toBeCloseTo(0.5);
    expect(pieces.flatMap(({ worst }, index) => (worst === 'killed' ? [index] : []))).toEqual([12]);
  });

  it('lets a bar that still runs grow with the time', () => {
    const lanes = new LaneBars(documentOf([[0, 0, 1, 0, 0, 100, -1, RUNNING]]), 300);
    expect(lanes.at(0, 0)?.end).toBe(300);
    lanes.now = 500;
    expect(lanes.at(0, 0)?.end).toBe(500);
    expect(lanes.pieces(0, { from: 400, to: 600 }, 200)[0]).toMatchObject({ x: -300, width: 400 });
  });

  it('passes over bars of lanes that are not there', () => {
    const lanes = new LaneBars(documentOf([[0, 0, 1, 9, 0, 1, 2, COMPLETED]]), NOW);
    expect([lanes.size(0), lanes.size(9), lanes.at(9, 0), lanes.pieces(9, { from: 0, to: 9 }, 9)]).toEqual([
      0,
      0,
      undefined,
      [],
    ]);
  });
});

describe('lanes', () => {
  it('stand with the main loop first, then threads by number, whatever order they came in', () => {
    const lanes: TimelineDocument['lanes'] = [
      { label: 'thread 10', kind: 'thread' },
      { label: 'thread not known', kind: 'packed' },
      { label: 'thread 2', kind: 'thread' },
      { label: 'main loop', kind: 'inline' },
    ];
    expect(shownOrder(lanes)).toEqual([3, 2, 0, 1]);
    const bars = new LaneBars({ lanes, bars: [[0, 4, 1, 2, 0, 1, 2, COMPLETED]] }, NOW);
    expect(bars.labels).toEqual(['main loop', 'thread 2', 'thread 10', 'thread not known']);
    expect(bars.at(1, 0)).toMatchObject({ task: 4, lane: 1 });
    expect(bars.ofTask(4)).toEqual([{ lane: 1, place: 0 }]);
  });
});

describe('what waited', () => {
  it('is, joined, the same stretches as all waits together', () => {
    fc.assert(
      fc.property(someBars, someView, (bars, view) => {
        const lanes = new LaneBars(documentOf(bars), NOW);
        for (let lane = 0; lane < 3; lane++) {
          const joined = lanes.waits(lane, view);
          joined.forEach(({ from, to }, index) => {
            expect(from).toBeLessThan(to);
            expect(from).toBeGreaterThan(joined[index - 1]?.to ?? Number.NEGATIVE_INFINITY);
          });
          const waits = bars.filter((bar) => bar[3] === lane && bar[4] < bar[5]);
          for (let at = Math.ceil(view.from) + 0.5; at < view.to; at += 7) {
            const isWaiting = waits.some((bar) => bar[4] <= at && at <= bar[5]);
            expect(joined.some(({ from, to }) => from <= at && at <= to)).toBe(isWaiting);
          }
        }
      }),
    );
  });
});

describe('what lies under the pointer', () => {
  it('is a bar within reach, as near as any other', () => {
    fc.assert(
      fc.property(someBars, someView, fc.nat(400), (bars, view, x) => {
        const lanes = new LaneBars(documentOf(bars), NOW);
        const at = timeAt(view, 400, x);
        const away = (start: number, end: number) => Math.max(0, start - at, at - end);
        const reach = timeAt(view, 400, x + 4) - at;
        const hit = lanes.hit(1, view, 400, x);
        const nearest = Math.min(
          ...bars.filter((bar) => bar[3] === 1).map((bar) => away(bar[5], endOf(bar))),
          Number.POSITIVE_INFINITY,
        );
        const found = hit === undefined ? undefined : lanes.at(1, hit);
        if (nearest > reach * 1.000_001) expect(found).toBeUndefined();
        else if (nearest < reach * 0.999_999)
          expect(away(found?.start ?? -1e9, found?.end ?? -1e9)).toBeCloseTo(nearest);
      }),
    );
  });

  it('is where the bar is drawn', () => {
    const lanes = new LaneBars(documentOf([[0, 0, 1, 0, 0, 100, 200, COMPLETED]]), NOW);
    const view = { from: 0, to: 1_000 };
    expect(xOf(view, 500, 100)).toBe(50);
    expect([40, 47, 60, 103, 110].map((x) => lanes.hit(0, view, 500, x))).toEqual([undefined, 0, 0, 0, undefined]);
  });
});

describe('the nearest bar', () => {
  it('is the one at the moment, or the one least away', () => {
    const lanes = new LaneBars(
      documentOf([
        [0, 0, 1, 0, 0, 100, 200, COMPLETED],
        [1, 1, 1, 0, 0, 300, 400, COMPLETED],
      ]),
      NOW,
    );
    expect([0, 150, 210, 290, 350, 900].map((at) => lanes.nearest(0, at))).toEqual([0, 0, 0, 1, 1, 1]);
    expect(lanes.nearest(1, 0)).toBeUndefined();
  });

  it('finds an attempt again when lanes and bars have come before it', () => {
    const early: TimelineBar[] = [[0, 5, 1, 0, 0, 10, 20, COMPLETED]];
    const late: TimelineBar[] = [
      [0, 5, 1, 0, 0, 10, 20, COMPLETED],
      [1, 6, 1, 1, 0, 5, 30, COMPLETED],
      [2, 7, 1, 0, 0, 2, 8, COMPLETED],
      [3, 5, 2, 1, 20, 31, -1, RUNNING],
    ];
    const thread = (number: number) => ({ label: `thread ${number}`, kind: 'thread' as const });
    expect(new LaneBars({ bars: early, lanes: [thread(2)] }, NOW).ofAttempt(5, 1)).toEqual({ lane: 0, place: 0 });
    const lanes = new LaneBars({ bars: late, lanes: [thread(2), thread(1)] }, NOW);
    expect(lanes.ofAttempt(5, 1)).toEqual({ lane: 1, place: 1 });
    expect(lanes.ofAttempt(5, 2)).toEqual({ lane: 0, place: 1 });
    expect(lanes.ofAttempt(5, 3)).toBeUndefined();
    expect(lanes.ofAttempt(8, 1)).toBeUndefined();
  });

  it('finds all bars of a task', () => {
    const lanes = new LaneBars(
      documentOf([
        [0, 5, 1, 0, 0, 100, 200, KILLED],
        [1, 6, 1, 1, 0, 100, 200, COMPLETED],
        [2, 5, 2, 2, 0, 300, 400, COMPLETED],
      ]),
      NOW,
    );
    expect(lanes.ofTask(5)).toEqual([
      { lane: 0, place: 0 },
      { lane: 2, place: 0 },
    ]);
  });
});
