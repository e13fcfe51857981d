// What may be a result: what JSON records without loss, up to a bound; anything else is refused with the place.

import { describe, expect, it } from 'vitest';
import { checkResult, MAX_RESULT_BYTES } from '../../src/workers/task-result.ts';
import { errorOf, outputOf, ThreadHarness } from './executor-harness.ts';

const SUBJECT = { taskName: 'load', module: 'web', action: 'get' };

function ringOf(): unknown {
  const ring: Record<string, unknown> = { list: [] };
  ring.list = [{ back: ring }];
  return ring;
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe('a result', () => {
  it.each([
    ['a BigInt', 1n, '$: a bigint'],
    ['a BigInt inside', { n: [1n] }, '$.n[0]: a bigint'],
    ['a function', () => 1, '$: a function'],
    ['a function inside', { f() {} }, '$.f: a function'],
    ['a symbol', Symbol('s'), '$: a symbol'],
    ['a cycle', ringOf(), '$.list[0].back: refers back to itself'],
    ['NaN', Number.NaN, '$: NaN is no JSON number'],
    ['Infinity inside', [Number.NEGATIVE_INFINITY], '$[0]: -Infinity is no JSON number'],
    ['a Map', new Map([[1, 2]]), '$: a Map'],
    ['a Set inside', { s: new Set() }, '$.s: a Set'],
    ['a Date', new Date(0), '$: a Date'],
    ['bytes', new Uint8Array(2), '$: a Uint8Array'],
    ['a Promise inside', [Promise.resolve()], '$[0]: a Promise'],
    ['an Error', new Error('e'), '$: a Error'],
    ['an instance of a class', new (class Point {})(), '$: a Point'],
    ['more levels than 1,000', deep(1_001), 'nested deeper than 1000 levels'],
    [
      'a getter that throws',
      {
        get a(): never {
          throw new Error('no');
        },
      },
      '$: reading it throws',
    ],
  ])('that is %s is refused with its place', (_what, result, place) => {
    const refused = () => checkResult(result, SUBJECT);
    expect(refused).toThrow(expect.objectContaining({ code: 'TASK_RESULT_INVALID', retryable: false }));
    expect(refused).toThrow(place);
    expect(refused).toThrow("task 'load' (web.get)");
  });

  it('that is the same object in two places is none of these', () => {
    const shared = { a: 1 };
    expect(checkResult([shared, shared], SUBJECT)).toEqual({ kind: 'json', text: '[{"a":1},{"a":1}]' });
  });

  it('of zero is the zero that a record of it gives back', () => {
    expect(Object.is(0, Reflect.get(checkResult(-0, SUBJECT), 'value'))).toBe(true);
  });

  it('may be as large as the bound, counted in bytes of UTF-8, and no larger', () => {
    const fits = 'x'.repeat(MAX_RESULT_BYTES);
    expect(checkResult(fits, SUBJECT)).toEqual({ kind: 'value', value: fits });
    const tooLarge = [`${fits}x`, 'ü'.repeat(MAX_RESULT_BYTES / 2 + 1), { fits }, [fits]];
    for (const result of tooLarge) {
      expect(() => checkResult(result, SUBJECT)).toThrow(
        expect.objectContaining({ code: 'TASK_RESULT_TOO_LARGE', retryable: false }),
      );
    }
    expect(() => checkResult(`${fits}x`, SUBJECT)).toThrow(/limit is 16777216.*context\.artifact/);
  });
});

describe('a body in a thread', () => {
  it('that returns 200 MB fails with TASK_RESULT_TOO_LARGE, and its thread goes on', async () => {
    await using harness = await ThreadHarness.start();
    const letters = 200 * 1024 * 1024;
    for (const wrap of [false, true]) {
      const error = errorOf(await harness.run('artifacts.text', { letters, wrap }));
      expect(error).toMatchObject({ code: 'TASK_RESULT_TOO_LARGE', details: { limitBytes: MAX_RESULT_BYTES } });
    }
    expect(errorOf(await harness.run('artifacts.endless')).code).toBe('TASK_RESULT_TOO_LARGE');
    expect(outputOf(await harness.run('artifacts.text', { letters: 3 }))).toBe('xxx');
    expect(harness.host.exited).toEqual([]);
  });
});
