// Tests the order of changes against a table of versions that is searched as a whole.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangeList, VersionCounter } from '../../src/dashboard/change-list.ts';

describe('ChangeList', () => {
  it('gives each row that changed since a version once, the latest first', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(12), { maxLength: 60 }), fc.nat(60), (touched, since) => {
        const list = new ChangeList();
        const versions = new Map<number, number>();
        const counter = new VersionCounter();
        for (const row of touched) {
          const version = counter.next();
          list.touch(row, version);
          versions.set(row, version);
        }
        const expected = [...versions]
          .filter(([, version]) => version > since)
          .sort(([, a], [, b]) => b - a)
          .map(([row]) => row);
        expect([...list.since(since)]).toEqual(expected);
      }),
    );
  });
});
