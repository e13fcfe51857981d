// Checks the memory of ended things: the newest keys up to the limit, each forgotten once, the oldest first.

import { describe, expect, it } from 'vitest';
import { RecentKeys } from '../../src/domain/recent-keys.ts';

describe('RecentKeys', () => {
  it('forgets the oldest, once, for each key beyond its limit', () => {
    const keys = new RecentKeys<string>(2);
    expect(['a', 'b', 'c', 'd'].map((key) => keys.add(key))).toEqual([undefined, undefined, 'a', 'b']);
    expect([keys.has('b'), keys.has('c'), keys.has('d'), keys.size]).toEqual([false, true, true, 2]);
  });

  it('counts a key that comes again once, at its first place', () => {
    const keys = new RecentKeys<number>(2);
    expect([1, 2, 1, 3].map((key) => keys.add(key))).toEqual([undefined, undefined, undefined, 1]);
  });

  it('with a limit of none forgets each at once', () => {
    expect(new RecentKeys<number>(0).add(0)).toBe(0);
  });
});
