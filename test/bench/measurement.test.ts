// Owns the proof that the bench harness refuses rows whose work was not done, and counts what it interleaves.

import { describe, expect, it } from 'vitest';
import { type BenchRow, medianOf, refuseUndone, rowOf } from '../../bench/measurement.ts';
import { interleave } from '../../bench/processes/observation.ts';
import { tableOf } from '../../bench/results-page.ts';

const row = (change: Partial<BenchRow> = {}): BenchRow => ({
  ...rowOf('a row', 'ms', [3, 1, 2], { observed: 'stretch', work: { tasks: 5 }, expected: { tasks: 5 } }),
  ...change,
});

describe('a row', () => {
  it('has the median and the spread of its values', () => {
    expect(row()).toMatchObject({ median: 2, min: 1, max: 3, observations: 3 });
    expect(medianOf([4, 1, 3, 2])).toBe(2.5);
    expect(medianOf([])).toBeNaN();
  });

  it('is shown with its unit and what it was observed on', () => {
    expect(tableOf([row()])).toContain('| a row | 2.00 ms | 1.00 ms | 3.00 ms | 3 stretches |');
    expect(tableOf([row({ unit: 'ratio', median: 0.5, observed: 'process' })])).toContain(
      '| 0.500 × | 1.00 × | 3.00 × | 3 processes |',
    );
  });
});

describe('refuseUndone', () => {
  it('lets rows pass whose work was done', () => {
    expect(() => refuseUndone([row()], ['a row'])).not.toThrow();
  });

  it.each<[string, Partial<BenchRow>]>([
    ['did less', { work: { tasks: 4 } }],
    ['did more', { work: { tasks: 6 } }],
    ['did not count', { work: {} }],
    ['proves nothing', { expected: {} }],
    ['observed nothing', { observations: 0 }],
    ['took no time', { min: 0 }],
    ['has no figure', { min: Number.NaN, max: Number.NaN }],
  ])('refuses a row that %s', (_what, change) => {
    expect(() => refuseUndone([row(), row(change)], [])).toThrow(/a row/);
  });

  it('refuses a subject without one of its rows', () => {
    expect(() => refuseUndone([row()], ['a row', 'another row'])).toThrow(/another row/);
  });
});

describe('interleave', () => {
  it('runs every variant once a round, starting with another one each time', async () => {
    const order: string[] = [];
    const variant = (name: string) => ({
      run: async () => {
        order.push(name);
        return 2;
      },
    });
    const found = await interleave({ a: variant('a'), b: variant('b'), c: variant('c') }, 3);
    expect(order.join('')).toBe('abcbcacab');
    expect(found.a?.done).toBe(6);
    expect(found.b?.timesMs).toHaveLength(3);
  });
});
