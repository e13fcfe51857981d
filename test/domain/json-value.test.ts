// What cannot be recorded as JSON must be named with its place, rings included, in time that grows with the size only.

import { describe, expect, it } from 'vitest';
import { findUnrecordable, MAX_JSON_DEPTH } from '../../src/domain/json-value.ts';

describe('a value', () => {
  const shared = { a: 1 };
  it.each([undefined, null, 'x', 0, { a: [1, { b: null, c: undefined }] }, { one: shared, two: [shared, shared] }])(
    '%j can be recorded',
    (value) => {
      expect(findUnrecordable(value)).toBeUndefined();
    },
  );

  it.each<[unknown, string]>([
    [() => 1, '$: a function'],
    [{ a: [1, Number.NaN] }, '$.a[1]: NaN is no JSON number'],
    [{ a: 1n }, '$.a: a bigint'],
    [{ a: new Map() }, '$.a: a Map'],
    [(function* () {})(), '$: an object that is not plain, which'],
  ])('%o cannot, and why is said', (value, fault) => {
    expect(findUnrecordable(value)).toContain(fault);
  });

  it('that refers back to itself cannot', () => {
    const ring: Record<string, unknown> = { before: [{}] };
    ring.deep = [{ back: ring }];
    expect(findUnrecordable(ring)).toBe('$.deep[0].back: refers back to itself');
  });

  it('is looked at once per part, however deep the many parts lie', () => {
    let value: unknown = Array.from({ length: 300_000 }, () => []);
    for (let depth = 2; depth < MAX_JSON_DEPTH; depth += 1) value = [value];
    const startedAt = performance.now();
    expect(findUnrecordable(value)).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(findUnrecordable([[value]])).toContain('nested deeper than');
  }, 60_000);
});
