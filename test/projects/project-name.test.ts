// Names and paths that are taken and refused, and names that are taken for the same.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameKey, requireProjectName, requireProjectPath } from '../../src/projects/project-name.ts';

const invalid = (code: string) => expect.objectContaining({ code });

describe('a project name', () => {
  it.each(['a', 'Sales 2030', 'v1.2_final-x', 'Привет мир', '数据', 'नमस्ते', 'é', '9lives', 'a..b', 'console', 'com10'])(
    'may be %j',
    (name) => {
      expect(requireProjectName(name)).toBe(name.normalize('NFC'));
    },
  );

  it('is composed, however it was typed', () => {
    expect(requireProjectName('Cafe\u0301')).toBe('Café');
  });

  it.each([
    ['', 'empty'],
    [' a', 'must start'],
    ['a ', 'end in a dot or a space'],
    ['a.', 'end in a dot or a space'],
    ['a  b', 'two spaces'],
    ['.hidden', 'must start'],
    ['.yardmaster', 'must start'],
    ['-x', 'must start'],
    ['__proto__', 'must start'],
    ['\u0301a', 'must start'],
    ['..', 'must start'],
    ['a/b', 'letters, digits'],
    ['a\\b', 'letters, digits'],
    ['a:b', 'letters, digits'],
    ['a\0b', 'letters, digits'],
    ['a\nb', 'letters, digits'],
    ['a\u00a0b', 'letters, digits'],
    ['a\u200db', 'letters, digits'],
    ['a\u202eb', 'letters, digits'],
    ['a*', 'letters, digits'],
    ['<a>', 'letters, digits'],
    ['a😀', 'letters, digits'],
    ['x²', 'letters, digits'],
    ['a\ud800', 'half of one'],
    ['a\u3164', 'cannot be seen'],
    ['CON', 'device'],
    ['nul.txt', 'device'],
    ['Com1', 'device'],
    ['lpt9.a.b', 'device'],
    ['aux .x', 'device'],
    ['Node_Modules', 'other tools'],
    ['a'.repeat(101), '100 characters'],
    ['数'.repeat(67), '200 bytes'],
  ])('may not be %j', (name, why) => {
    expect(() => requireProjectName(name)).toThrow(invalid('PROJECT_NAME_INVALID'));
    expect(() => requireProjectName(name)).toThrow(why);
  });

  it.each([undefined, null, 5, {}, ['a'], Symbol('a')])('is a text, and not %s', (name) => {
    expect(() => requireProjectName(name)).toThrow(invalid('PROJECT_NAME_INVALID'));
    expect(() => requireProjectPath(name)).toThrow(invalid('PROJECT_PATH_INVALID'));
  });

  it('may have exactly 100 characters, and exactly 200 bytes', () => {
    expect(requireProjectName('a'.repeat(100))).toHaveLength(100);
    expect(Buffer.byteLength(requireProjectName(`${'数'.repeat(66)}ab`))).toBe(200);
  });

  it('is taken or refused, and taken again as it is once taken', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 120 }), (text) => {
        let name: string;
        try {
          name = requireProjectName(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PROJECT_NAME_INVALID' });
          return;
        }
        expect(requireProjectName(name)).toBe(name);
        expect(requireProjectPath(name)).toEqual([name]);
        expect(name).not.toMatch(/[/\\:*?"<>|\p{C}]|^[. ]|[. ]$/u);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('names that are taken for the same', () => {
  it.each([
    ['Café', 'CAFE\u0301'],
    ['straße', 'STRASSE'],
    ['ﬁle', 'FILE'],
    ['Σίσυφος', 'ΣΊΣΥΦΟΣ'],
    ['ｆｕｌｌ', 'full'],
  ])('are %s and %s', (one, other) => {
    expect(nameKey(one)).toBe(nameKey(other));
  });

  it('are not those that differ in a letter, an accent or a space', () => {
    expect(new Set(['a b', 'ab', 'a-b', 'á b', 'a_b'].map(nameKey)).size).toBe(5);
  });

  it('have a key that stays the same when taken again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(nameKey(name.toUpperCase())).toBe(nameKey(nameKey(name)));
      }),
    );
  });
});

describe('a project path', () => {
  it('is a few names with slashes between them', () => {
    expect(requireProjectPath('teams/2030/sales data')).toEqual(['teams', '2030', 'sales data']);
  });

  it.each([
    '',
    '/',
    '/abs',
    'C:/x',
    'c:x',
    'a\\b',
    '..',
    '../x',
    'a/..',
    'a/../../x',
    './a',
    'a/.',
    'a//b',
    'a/',
    'a/.git',
    'a/.yardmaster/b',
    'a/node_modules/b',
    'a/con/b',
    'a\0',
    'a/b/c/d/e',
    '~/x y:',
    '%2e%2e/x',
    '\u2024\u2024/x',
    '．．/x',
    `${'a/'.repeat(5_000)}a`,
  ])('may not be %j', (path) => {
    expect(() => requireProjectPath(path)).toThrow(invalid('PROJECT_PATH_INVALID'));
  });
});
