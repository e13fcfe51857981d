// Owns the tests of time stamps.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IsoStamp } from '../../src/domain/iso-stamp.ts';

test('a stamp is what the date writes, for any times in any order', () => {
  const time = fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 });
  fc.assert(
    fc.property(fc.array(fc.oneof(time, fc.constant(0))), (times) => {
      const stamp = new IsoStamp();
      for (const atMs of times) expect(stamp.of(atMs)).toBe(new Date(atMs).toISOString());
    }),
  );
});
