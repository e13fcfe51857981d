// Owns the tests of how figures read on the page.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agoText,
  bytesText,
  countText,
  durationText,
  pluralText,
  shareText,
  tickingText,
} from '../../../src/dashboard/page/figures.ts';

describe('a duration', () => {
  it.each([
    [0, '0 ms'],
    [-5, '0 ms'],
    [12.4, '12 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [3_449, '3.4 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_599_400, '59 min 59 s'],
    [3_599_600, '1 h 00 min'],
    [3_720_000, '1 h 02 min'],
    [86_340_000, '23 h 59 min'],
    [86_399_999, '1 d 0 h'],
    [273_600_000, '3 d 4 h'],
  ])('of %d ms reads %s', (durationMs, text) => {
    expect(durationText(durationMs)).toBe(text);
  });

  it('that ticks has no tenths', () => {
    expect([400, 1_000, 3_900, 9_999, 10_400, 61_000].map(tickingText)).toEqual([
      '400 ms',
      '1 s',
      '3 s',
      '9 s',
      '10 s',
      '1 min 01 s',
    ]);
  });
});

describe('figures', () => {
  it('tell how long ago in one unit', () => {
    const ago = [0, 12_000, 125_000, 7_200_000, 172_800_000].map((ms) => agoText(1e12 - ms, 1e12));
    expect(ago).toEqual(['just now', '12 s ago', '2 min ago', '2 h ago', '2 d ago']);
  });

  it('tell bytes in powers of 1024', () => {
    expect([0, 1_023, 1_024, 10_240, 5_368_709_120].map(bytesText)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '10 KiB',
      '5.0 GiB',
    ]);
  });

  it('set thousands apart and agree with their noun', () => {
    expect(countText(12_345)).toBe('12,345');
    expect([0, 1, 2_000].map((count) => pluralText(count, 'task'))).toEqual(['0 tasks', '1 task', '2,000 tasks']);
  });

  it('say all and nothing only when it is so', () => {
    expect(shareText(1, 10_000)).toBe('1 %');
    expect(shareText(9_999, 10_000)).toBe('99 %');
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 10_000 }), (part, whole) => {
        expect(shareText(part, whole) === '100 %').toBe(part >= whole);
        expect(shareText(part, whole) === '0 %').toBe(part === 0);
      }),
    );
  });
});
