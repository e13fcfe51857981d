// Owns the tests of flag values.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  mergeParameters,
  parseAge,
  parseFactor,
  parseMode,
  parseParameter,
  parseStanding,
  parseWholeNumber,
} from '../../src/cli/option-values.ts';

test.each([
  ['n=3', 3],
  ['n=-1.5e2', -150],
  ['n=true', true],
  ['n=null', null],
  ['n=[1,"a"]', [1, 'a']],
  ['n={"a":{"b":1}}', { a: { b: 1 } }],
  ['n="007"', '007'],
  ['n=007', '007'],
  ['n=/some/dir', '/some/dir'],
  ['n=a=b', 'a=b'],
  ['n=', ''],
  ['n=1e999', '1e999'],
  ['n=12345678901234567890', '12345678901234567890'],
])('%s is read as JSON where it is JSON, and as text otherwise', (text, value) => {
  expect(parseParameter(text)).toEqual(['n', value]);
});

test('any JSON value comes back as it was given', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      fc.pre(!/^-?\d+$/.test(text) || Number.isSafeInteger(value));
      expect(parseParameter(`k=${text}`)[1]).toEqual(JSON.parse(text));
    }),
  );
});

test.each(['noequals', '=value', ''])('a parameter like "%s" is refused with the form it must have', (text) => {
  expect(() => parseParameter(text)).toThrow(
    expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(/key=value/) }),
  );
});

test('a key named __proto__ is a parameter like any other and changes no prototype', () => {
  const merged = mergeParameters({ a: 1 }, [['__proto__', { polluted: true }]]);
  expect(Object.keys(merged)).toEqual(['a', '__proto__']);
  expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
});

test('later parameters win over earlier ones, and those of the command line over those of the file', () => {
  expect(
    mergeParameters({ a: 1, b: 1 }, [
      ['a', 2],
      ['a', 3],
    ]),
  ).toEqual({ a: 3, b: 1 });
});

test.each(['0', '1.5', '', ' ', 'x', '1025', '-1', 'Infinity', '0x10x'])('"%s" is no number of threads', (text) => {
  expect(() => parseWholeNumber('--workers', text, 1, 1024)).toThrow(
    expect.objectContaining({
      code: 'USAGE',
      message: expect.stringMatching(/--workers must be a whole number from 1 to 1024/),
    }),
  );
});

test.each(['0', '-1', 'NaN', 'Infinity', ''])('"%s" is no time scale', (text) => {
  expect(() => parseFactor('--time-scale', text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('an unknown mode is refused with the list of modes', () => {
  expect(parseMode('priority')).toBe('priority');
  expect(() => parseMode('fast')).toThrow(/sequential, parallel, priority, resource_aware/);
});

test.each([
  ['90s', 90_000],
  ['45m', 2_700_000],
  ['12h', 43_200_000],
  ['1.5d', 129_600_000],
  ['2w', 1_209_600_000],
])('the age %s is %d ms', (text, ageMs) => {
  expect(parseAge('--prune', text)).toBe(ageMs);
});

test.each(['', '30', 'd', '-1d', '0s', '1y', '1d12h', '1e3d', ' 1d', '999999999999w'])('%j is no age', (text) => {
  expect(() => parseAge('--prune', text)).toThrow(/^--prune must be an age such as 30d/);
});

test('where a run stands is one of the words of the list', () => {
  expect(parseStanding('interrupted')).toBe('interrupted');
  expect(() => parseStanding('Interrupted')).toThrow(/^--status must be one of pending, running, /);
});
