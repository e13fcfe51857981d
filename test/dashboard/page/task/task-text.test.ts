// Owns the checks of what the panel of a task does with text: values laid out, log lines filtered.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prettyJson } from '../../../../src/dashboard/page/task/json-text.ts';
import { LOG_LEVELS, levelOf, linesFrom } from '../../../../src/dashboard/page/task/log-filter.ts';

describe('a value laid out', () => {
  it('is what JSON.stringify makes of objects and arrays', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())), (value) => {
        expect(prettyJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });

  it('that was cut anywhere loses and gains nothing but white space outside of strings', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.nat(), (value, at) => {
        const whole = JSON.stringify(value);
        const cut = whole.slice(0, at % (whole.length + 1));
        const bare = (text: string) => text.replace(/\s/g, '');
        expect(bare(prettyJson(cut))).toBe(bare(cut));
      }),
    );
  });

  it('that is text, has lines already or is very long stays as it is', () => {
    const long = `[${'1,'.repeat(150_000)}1]`;
    for (const text of ['', 'plain: {text}', '"a,b"', '{\n "a":1}', long]) expect(prettyJson(text)).toBe(text);
  });
});

describe('the log', () => {
  it('shows a level and what is graver, and lines without a level always', () => {
    const lines = ['debug', 'info', 'progress', 'WARN', 'error', 'fatal', 'trace'].map((kind) => ({ kind }));
    const kinds = LOG_LEVELS.map((level) => linesFrom(lines, level).map(({ kind }) => kind));
    expect(kinds).toEqual([
      ['debug', 'info', 'progress', 'WARN', 'error', 'fatal', 'trace'],
      ['info', 'progress', 'WARN', 'error', 'fatal'],
      ['progress', 'WARN', 'error', 'fatal'],
      ['progress', 'error', 'fatal'],
    ]);
    expect(linesFrom(lines, 'debug')).toBe(lines);
    expect([levelOf('warning'), levelOf('started')]).toEqual(['warn', null]);
  });
});
