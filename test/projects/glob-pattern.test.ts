// Holds what patterns match, and that no pattern takes long.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob } from '../../src/projects/glob-pattern.ts';

describe('a pattern', () => {
  it.each([
    ['a.txt', 'a.txt', true],
    ['a.txt', 'b/a.txt', false],
    ['*.txt', 'a.txt', true],
    ['*.txt', 'a/b.txt', false],
    ['a?.txt', 'ab.txt', true],
    ['a?.txt', 'a.txt', false],
    ['**/*.md', 'a.md', true],
    ['**/*.md', 'a/b/c.md', true],
    ['docs/**/x.md', 'docs/x.md', true],
    ['docs/**/x.md', 'docs/a/b/x.md', true],
    ['docs/**', 'docs/a/b', true],
    ['docs/**', 'other/a', false],
    ['**', 'a/b', true],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b*', 'xxbxxaxx', false],
    ['[a].(b)+', '[a].(b)+', true],
    ['[a]', 'a', false],
  ])('%s on %s: %s', (pattern, path, matches) => {
    expect(matchesGlob(pattern, path)).toBe(matches);
  });

  it('without stars matches itself alone', () => {
    const text = fc.string().filter((each) => !/[*?]/.test(each));
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(matchesGlob(one, one)).toBe(true);
        expect(matchesGlob(one, other)).toBe(one === other);
      }),
    );
  });

  it('says the same as a regular expression does', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '/'), minLength: 1, maxLength: 8 });
    const paths = fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 1, maxLength: 8 });
    // `**` is left to the examples above: here every run of stars stays within a name.
    const single = letters.map((text) => text.replace(/\*+/g, '*'));
    fc.assert(
      fc.property(single, paths, (pattern, path) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '[^/]*').replaceAll('?', '[^/]')}$`);
        expect(matchesGlob(pattern, path)).toBe(expression.test(path));
      }),
      { numRuns: 2_000 },
    );
  });

  it('of many stars is done with in steps that can be counted', () => {
    expect(matchesGlob(`${'*a'.repeat(100)}x`, 'a'.repeat(400))).toBe(false);
    expect(matchesGlob(`${'**/'.repeat(100)}x`, `${'a/'.repeat(200)}y`)).toBe(false);
  });
});
