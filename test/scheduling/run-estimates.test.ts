// Checks what a run learns of its tasks' durations: what is right stays, what is wrong is found soon, in any order.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EstimateSource, RunEstimates } from '../../src/scheduling/run-estimates.ts';

const given = (seconds: number, kind = 'm.a'): EstimateSource => ({ given: seconds, recorded: undefined, kind });
const recorded = (seconds: number, kind = 'm.a'): EstimateSource => ({ given: null, recorded: seconds, kind });
const guess = (kind = 'm.a'): EstimateSource => ({ given: null, recorded: undefined, kind });

const source: fc.Arbitrary<EstimateSource> = fc.record({
  given: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
  recorded: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }),
  kind: fc.constantFrom('a', 'b', '__proto__'),
});
const sources = fc.array(source, { minLength: 1, maxLength: 40 });

function all(estimates: RunEstimates, count: number): number[] {
  return Array.from({ length: count }, (_, index) => estimates.seconds(index));
}

describe('an estimate', () => {
  it('is what the workflow gives, else what was recorded, else one second', () => {
    const estimates = new RunEstimates([{ given: 7, recorded: 3, kind: 'k' }, recorded(3), guess(), given(0)]);
    expect([...estimates.durations]).toEqual([7, 3, 1, 0]);
    expect([0, 1, 2, 3].map((index) => estimates.isKnown(index))).toEqual([true, true, false, true]);
  });

  it('is what the task took once it has ended, and stays what it was once the task is dismissed', () => {
    const estimates = new RunEstimates([given(7), given(7), given(7), given(9)]);
    estimates.dismiss(3);
    for (const index of [0, 1, 2]) estimates.observe(index, 70 + index);
    estimates.observe(0, 1);
    estimates.observe(3, 1);
    estimates.dismiss(1);
    expect([...estimates.durations]).toEqual([70, 71, 72, 9]);
    expect(all(estimates, 4)).toEqual([70, 71, 72, 9]);
  });

  it('gives each of its durations the same by number and in the list', () => {
    fc.assert(
      fc.property(
        sources,
        fc.array(fc.tuple(fc.nat({ max: 50 }), fc.double({ min: 0, max: 1e6, noNaN: true }))),
        (tasks, ends) => {
          const estimates = new RunEstimates(tasks);
          const { durations } = estimates;
          for (const [index, seconds] of ends) {
            estimates.observe(index, seconds);
            if (index % 3 === 0) estimates.dismiss(index + 1);
          }
          expect(estimates.durations).toBe(durations);
          expect([...durations]).toEqual(all(estimates, tasks.length));
        },
      ),
    );
  });
});

describe('what is right', () => {
  it('is never changed and never departs, whatever the kinds and sources, in any order', () => {
    fc.assert(
      fc.property(sources, fc.infiniteStream(fc.nat()), (tasks, picks) => {
        const known = tasks.map((task) => ((task.given ?? task.recorded) === undefined ? { ...task, given: 1 } : task));
        const estimates = new RunEstimates(known);
        const before = all(estimates, known.length);
        const left = before.map((_, index) => index);
        while (left.length > 0) {
          const [index] = left.splice((picks.next().value ?? 0) % left.length, 1);
          if (index === undefined) break;
          estimates.observe(index, before[index] ?? 0);
          expect(estimates.hasDeparted()).toBe(false);
          expect([...estimates.durations]).toEqual(before);
        }
      }),
    );
  });

  it('is not disturbed by noise within a quarter, nor by one end within a factor of two', () => {
    const estimates = new RunEstimates(Array.from({ length: 100 }, () => given(4)));
    estimates.observe(0, 7.9);
    expect(estimates.seconds(99)).toBe(4);
    for (let index = 1; index < 60; index++) {
      estimates.observe(index, index % 2 === 0 ? 4.9 : 3.3);
      expect(estimates.hasDeparted()).toBe(false);
    }
    expect(estimates.seconds(99)).toBe(4);
  });

  it('is not disturbed by what another kind, or another source of the same kind, shows', () => {
    const estimates = new RunEstimates([
      ...[1, 2, 3].map((each) => given(each)),
      given(5, 'm.b'),
      recorded(6),
      given(7),
    ]);
    for (const index of [0, 1, 2]) estimates.observe(index, 10 * (index + 1));
    expect(all(estimates, 6).slice(3, 5)).toEqual([5, 6]);
    expect(estimates.seconds(5)).toBeCloseTo(70, 4);
  });
});

describe('what is wrong', () => {
  it('by one factor throughout is found after three ends', () => {
    const factor = fc.oneof(
      fc.double({ min: 0.001, max: 0.79, noNaN: true }),
      fc.double({ min: 1.26, max: 1_000, noNaN: true }),
    );
    const tasks = fc.array(fc.double({ min: 1, max: 9.9, noNaN: true }), { minLength: 4, maxLength: 30 });
    fc.assert(
      fc.property(tasks, factor, fc.boolean(), (seconds, wrong, isGiven) => {
        const estimates = new RunEstimates(seconds.map((each) => (isGiven ? given(each) : recorded(each))));
        for (let index = 0; index < 3; index++) estimates.observe(index, (seconds[index] ?? 0) * wrong);
        for (let index = 3; index < seconds.length; index++) {
          const expected = (seconds[index] ?? 0) * wrong;
          expect(Math.abs(estimates.seconds(index) / expected - 1)).toBeLessThan(0.002);
        }
        const off = Math.max(wrong, 1 / wrong);
        if (Math.abs(off - 1.5) > 0.01) expect(estimates.hasDeparted()).toBe(off > 1.5);
        estimates.settle();
        expect(estimates.hasDeparted()).toBe(false);
        for (let index = 3; index < seconds.length; index++) estimates.observe(index, (seconds[index] ?? 0) * wrong);
        expect(estimates.hasDeparted()).toBe(false);
      }),
    );
  });

  it('by more than two is believed after one end, and given up when others show it was odd', () => {
    const estimates = new RunEstimates(Array.from({ length: 12 }, () => given(2)));
    estimates.observe(0, 10);
    expect(estimates.seconds(11)).toBeCloseTo(10, 4);
    expect(estimates.hasDeparted()).toBe(true);
    estimates.settle();
    for (let index = 1; index < 11; index++) estimates.observe(index, 1.6);
    expect(estimates.seconds(11)).toBe(2);
    expect(estimates.hasDeparted()).toBe(true);
  });

  it('as a guess becomes the mean of its kind', () => {
    const estimates = new RunEstimates([guess(), guess(), guess(), guess(), guess('m.b')]);
    estimates.observe(0, 1.6);
    expect([estimates.seconds(3), estimates.isKnown(3)]).toEqual([1, false]);
    estimates.observe(1, 30);
    estimates.observe(2, 28.4);
    expect(estimates.seconds(3)).toBeCloseTo(20, 4);
    expect(estimates.isKnown(3)).toBe(true);
    expect([estimates.seconds(4), estimates.isKnown(4)]).toEqual([1, false]);
  });

  it('on short tasks is believed of long ones as what it adds, not as their factor', () => {
    const estimates = new RunEstimates([...[0.01, 0.01, 0.01].map((each) => given(each)), given(0.08), given(600)]);
    for (const index of [0, 1, 2]) estimates.observe(index, 0.1);
    expect(estimates.seconds(3)).toBeCloseTo(0.8, 3);
    expect(estimates.seconds(4)).toBeCloseTo(600.9, 3);
    const never = new RunEstimates([given(0), given(0), given(0), given(0), given(600)]);
    for (const index of [0, 1, 2]) never.observe(index, 5);
    expect(never.seconds(3)).toBeCloseTo(5, 3);
    expect(never.seconds(4)).toBeLessThan(660);
  });
});

describe('a departure', () => {
  it('counts only while tasks of the group are still to come', () => {
    const estimates = new RunEstimates([given(1), given(1), given(1)]);
    estimates.observe(0, 9);
    expect(estimates.hasDeparted()).toBe(true);
    estimates.observe(1, 9);
    expect(estimates.hasDeparted()).toBe(true);
    estimates.dismiss(2);
    expect(estimates.hasDeparted()).toBe(false);
    estimates.settle();
    expect(estimates.hasDeparted()).toBe(false);
  });

  it('of guesses comes from any task of the kind', () => {
    const estimates = new RunEstimates([given(60), given(60), given(60), guess()]);
    for (const index of [0, 1]) estimates.observe(index, 60);
    expect(estimates.hasDeparted()).toBe(true);
    estimates.settle();
    estimates.observe(2, 60);
    expect(estimates.hasDeparted()).toBe(false);
    expect(estimates.seconds(3)).toBeCloseTo(60, 4);
  });
});

describe('ends', () => {
  const ends = fc.array(fc.tuple(source, fc.double({ min: 0, max: 1e5, noNaN: true })), {
    minLength: 1,
    maxLength: 30,
  });

  it('give the same estimates in whatever order they come', () => {
    fc.assert(
      fc.property(ends, fc.infiniteStream(fc.nat()), (pairs, picks) => {
        const small = pairs.map(([task]) => ({
          ...task,
          given: task.given === null ? null : task.given % 1e5,
          recorded: task.recorded === undefined ? undefined : task.recorded % 1e5,
        }));
        const tasks = [...small, ...small.map((task) => ({ ...task }))];
        const [inOrder, shuffled] = [new RunEstimates(tasks), new RunEstimates(tasks)];
        const left = pairs.map((_, index) => index);
        for (const index of left) inOrder.observe(index, pairs[index]?.[1] ?? 0);
        while (left.length > 0) {
          const [index = 0] = left.splice((picks.next().value ?? 0) % left.length, 1);
          shuffled.observe(index, pairs[index]?.[1] ?? 0);
        }
        expect([...shuffled.durations]).toEqual([...inOrder.durations]);
        expect(shuffled.hasDeparted()).toBe(inOrder.hasDeparted());
      }),
    );
  });

  it('of any length leave every estimate a number from 0 to a billion', () => {
    const lengths = fc.constantFrom(0, -5, 5e-324, 1e-9, 1, 1e9, 1e300, Number.MAX_VALUE);
    fc.assert(
      fc.property(sources, fc.array(fc.tuple(fc.nat({ max: 45 }), lengths), { maxLength: 60 }), (tasks, each) => {
        const estimates = new RunEstimates(tasks);
        for (const [index, seconds] of each) {
          estimates.observe(index, seconds);
          if (seconds === 1) estimates.settle();
          const found = [...estimates.durations];
          expect(found.every((duration) => duration >= 0 && duration <= 1e9)).toBe(true);
        }
        for (let index = 0; index < tasks.length; index++) estimates.dismiss(index);
        expect(estimates.hasDeparted()).toBe(false);
      }),
    );
  });

  it('and estimates that are no numbers are refused, and leave everything as it was', () => {
    const invalid = expect.objectContaining({ code: 'ARGUMENT_INVALID', details: { index: 0 } });
    const estimates = new RunEstimates([given(2), given(3)]);
    for (const none of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => estimates.observe(0, none)).toThrow(invalid);
      expect(() => new RunEstimates([given(none)])).toThrow(invalid);
      expect(() => new RunEstimates([recorded(none)])).toThrow(invalid);
    }
    expect(() => new RunEstimates([given(-1)])).toThrow(invalid);
    estimates.observe(9, 5);
    estimates.dismiss(-1);
    expect([...estimates.durations]).toEqual([2, 3]);
  });
});
