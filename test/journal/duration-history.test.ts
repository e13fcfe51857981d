// Checks which steps and durations a workflow's history keeps, and that its stored form gives back all or nothing.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHistory, encodeHistory } from '../../src/journal/duration-codec.ts';
import { DurationHistory, KEPT_STEPS, recordingOf } from '../../src/journal/duration-history.ts';

function take(history: DurationHistory, seconds: readonly (readonly [string, number])[]): void {
  history.take(recordingOf(1, 'w', new Map(seconds)));
}

function numbered(from: number, count: number, seconds: (step: number) => number): [string, number][] {
  return Array.from({ length: count }, (_, index) => [`s${from + index}`, seconds(from + index)]);
}

describe('a history of durations', () => {
  it('never grows beyond its bound, whatever comes', () => {
    const history = new DurationHistory();
    for (const [from, count] of [
      [0, 15_000],
      [10_000, 15_000],
      [0, 100_000],
      [90_000, 20_000],
      [0, 1],
    ] as const) {
      take(
        history,
        numbered(from, count, (step) => step % 7),
      );
      expect(history.size).toBeLessThanOrEqual(KEPT_STEPS);
    }
    expect(history.size).toBe(KEPT_STEPS);
    expect(history.steps.get('s0')).toEqual([0]);
  });

  it('gives up the steps that were recorded longest ago, and keeps the steps of the latest run', () => {
    const history = new DurationHistory();
    take(
      history,
      numbered(0, KEPT_STEPS, () => 5),
    );
    take(
      history,
      numbered(0, KEPT_STEPS - 1, () => 3),
    );
    take(history, [['new', 0.001]]);
    expect(history.size).toBe(KEPT_STEPS);
    expect(history.steps.has(`s${KEPT_STEPS - 1}`)).toBe(false);
    expect(history.steps.get('s0')).toEqual([5, 3]);
    take(history, [['s7', 1], ...numbered(50_000, KEPT_STEPS + 5, (step) => (step === 50_003 ? 0 : 9))]);
    expect(history.size).toBe(KEPT_STEPS);
    expect(history.steps.get('s7')).toEqual([5, 3, 1]);
    expect(history.steps.has('s50003')).toBe(false);
    expect(history.steps.has('s50000')).toBe(true);
  });

  it('looks at no more than 100,000 steps of a run', () => {
    expect(recordingOf(1, 'w', new Map(numbered(0, 150_000, () => 1))).steps).toHaveLength(100_000);
  });
});

const histories = fc
  .dictionary(
    fc.string({ unit: fc.oneof(fc.constantFrom('\ud800', '\udfff', '\u0000', '🚂'), fc.string({ unit: 'binary' })) }),
    fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 9 }),
  )
  .map((steps) => new DurationHistory(new Map(Object.entries(steps))));

describe('the stored form', () => {
  it('gives every history back as it was', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, number) => {
        const stored = encodeHistory(number, history);
        const steps = Buffer.from(stored.steps, 'utf8').toString('utf8');
        const found = decodeHistory({ ...stored, steps });
        expect(found?.steps).toEqual(history.steps);
        expect(found?.medians()).toEqual(history.medians());
      }),
    );
  });

  it('gives nothing back for one that was changed anywhere', () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (history, number, at, change) => {
        const stored = encodeHistory(number, history);
        const seconds = Uint8Array.from(stored.seconds);
        if (seconds.length > 0) {
          seconds[at % seconds.length] = (seconds[at % seconds.length] ?? 0) ^ change;
          expect(decodeHistory({ ...stored, seconds })).toBeUndefined();
        }
        expect(decodeHistory({ ...stored, steps: `${stored.steps} ` })).toBeUndefined();
        expect(decodeHistory({ ...stored, recorded: number + change })).toBeUndefined();
      }),
    );
  });

  it('gives nothing back for what fits its checksum and no history', () => {
    const broken = [
      new Map([['a', []]]),
      new Map([['a', Array.from({ length: 10 }, () => 1)]]),
      new Map([['a', [Number.NaN]]]),
      new Map([['a', [-1]]]),
    ];
    for (const steps of broken) {
      expect(decodeHistory(encodeHistory(1, new DurationHistory(new Map<string, number[]>(steps))))).toBeUndefined();
    }
  });
});
