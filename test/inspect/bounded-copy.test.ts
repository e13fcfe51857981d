// The copy of anything at all as JSON within bounds: equal to the value where it fits, and never a throw, a ring or a flood.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundedCopy } from '../../src/inspect/bounded-copy.ts';

describe('a bounded copy', () => {
  it('is what JSON makes of a value that fits', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        expect(boundedCopy(value)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { examples: [[-0], [{ a: [-0] }]] },
    );
  });

  it('is JSON of bounded length, whatever the value is', () => {
    const values = fc.anything({
      maxDepth: 20,
      maxKeys: 60,
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      withObjectString: true,
    });
    fc.assert(
      fc.property(values, (value) => {
        const text = JSON.stringify(boundedCopy(value));
        expect(JSON.parse(text)).toEqual(boundedCopy(value));
        expect(text.length).toBeLessThan(300_000);
      }),
    );
  });

  it('takes a ring, getters and toJSON that throw, and proxies that refuse everything', () => {
    const ring: Record<string, unknown> = { name: 'ring' };
    ring.self = ring;
    expect(boundedCopy(ring)).toEqual({ name: 'ring', self: '[circular]' });
    const thrower = {
      get bad(): never {
        throw new Error('no');
      },
      good: 1,
      inner: {
        toJSON() {
          throw new Error('no');
        },
      },
    };
    expect(boundedCopy(thrower)).toEqual({ bad: '[unreadable]', good: 1, inner: '[unreadable]' });
    const refuse = () => {
      throw new Error('no');
    };
    expect(boundedCopy(new Proxy({}, { get: refuse, ownKeys: refuse, getPrototypeOf: refuse }))).toBe('[unreadable]');
    const endless = { toJSON: () => ({ next: endless }) };
    expect(JSON.stringify(boundedCopy(endless)).length).toBeLessThan(1_000);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(boundedCopy({ proxy })).toEqual({ proxy: '[unreadable]' });
  });

  it('cuts what is long, deep or wide, says so, and reads no more of it than it keeps', () => {
    expect(boundedCopy('x'.repeat(10_000_000))).toBe(`${'x'.repeat(4_000)}… (10000000 characters)`);
    const list = boundedCopy(Array.from({ length: 1_000_000 }, (_, index) => index));
    expect(list).toHaveLength(201);
    expect(list).toContain('… (999800 more)');
    let reads = 0;
    const counted = new Proxy(
      Array.from({ length: 100_000 }, () => 0),
      {
        get: (target, key, receiver) => {
          reads++;
          return Reflect.get(target, key, receiver);
        },
      },
    );
    boundedCopy(counted);
    expect(reads).toBeLessThan(1_000);
    let deep: unknown = 'bottom';
    for (let level = 0; level < 100_000; level++) deep = { deep };
    expect(JSON.stringify(boundedCopy(deep))).toContain('"{…}"');
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, 'y'.repeat(3_000)]));
    expect(JSON.stringify(boundedCopy(wide)).length).toBeLessThan(40_000);
    expect(boundedCopy(Buffer.alloc(50_000_000))).toBe('[50000000 bytes]');
  });

  it('keeps errors, odd keys, and texts whole where they are cut', () => {
    const error = Object.assign(new TypeError('outer', { cause: new Error('inner') }), { code: 'E_OUT' });
    expect(boundedCopy(error)).toEqual({
      name: 'TypeError',
      message: 'outer',
      code: 'E_OUT',
      cause: { name: 'Error', message: 'inner' },
    });
    const odd = JSON.parse('{"__proto__": {"polluted": true}}');
    expect(JSON.stringify(boundedCopy(odd))).toBe('{"__proto__":{"polluted":true}}');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(String(boundedCopy(`${'a'.repeat(3_999)}😀`)).isWellFormed()).toBe(true);
  });
});
