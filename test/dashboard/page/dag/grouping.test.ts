// Owns the checks of grouping rows by a key.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupedBy } from '../../../../src/dashboard/page/dag/grouping.ts';

describe('rows grouped by a key', () => {
  it('are those of each key, in order, and all of them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (keys) => {
        const { offsets, rows } = groupedBy(Uint32Array.from(keys), 10);
        const groups = Array.from({ length: 10 }, (_, key) => [...rows.subarray(offsets[key], offsets[key + 1])]);
        const expected = groups.map((_, key) => keys.flatMap((other, row) => (other === key ? [row] : [])));
        expect(groups).toEqual(expected);
        expect(offsets[10]).toBe(keys.length);
      }),
    );
  });

  it('are none where there are no keys', () => {
    expect(groupedBy(new Uint32Array(), 0)).toEqual({ offsets: Uint32Array.of(0), rows: new Uint32Array() });
  });
});
