// Owns the tests of harmless, measured text for terminals.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOf, cutToColumns, fitToColumns, toPrintableLine } from '../../src/cli/printable-text.ts';

test('escape sequences, newlines and direction marks of a task cannot reach the terminal', () => {
  expect(toPrintableLine('\u001b[31mred\u001b[0m\nnext\u0007 \u202eabc')).toBe('red next   abc');
  expect(toPrintableLine('\u001b]0;title\u0007text')).not.toContain('\u001b');
});

test('wide characters take two columns, combining marks none, families of emoji two', () => {
  expect(columnsOf('abc')).toBe(3);
  expect(columnsOf('日本')).toBe(4);
  expect(columnsOf('e\u0301')).toBe(1);
  expect(columnsOf('👩‍👩‍👧')).toBe(2);
  expect(columnsOf('\u001b[1mab\u001b[22m')).toBe(2);
});

test('a cut never splits a grapheme and never exceeds its columns', () => {
  expect(cutToColumns('日本語テキスト', 6)).toBe('日本…');
  expect(cutToColumns('👩‍👩‍👧x', 2)).toBe('…');
  expect(cutToColumns('abc', 3)).toBe('abc');
});

test('any text, made printable and cut, fits and holds no control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 0, max: 40 }), (text, columns) => {
      const line = toPrintableLine(text);
      const cut = cutToColumns(line, columns);
      expect(line).not.toMatch(/\p{Cc}/u);
      expect(line.isWellFormed()).toBe(true);
      expect(columnsOf(cut)).toBeLessThanOrEqual(columns);
      expect(columnsOf(fitToColumns(line, columns))).toBe(columns);
    }),
  );
});
