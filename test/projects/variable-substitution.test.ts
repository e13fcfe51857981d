// Owns the tests of variables in templates: one pass, nothing guessed, errors that say where.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { substituteVariables, variablesIn } from '../../src/projects/variable-substitution.ts';

const FILE = 'README.template.md';
const fill = (text: string, variables: Record<string, string>) => substituteVariables(text, variables, { file: FILE });

describe('substituteVariables', () => {
  it('replaces every use of a name, with blanks within the braces or without', () => {
    expect(fill('{{a}} {{ a }} {{\ta\t}}{{b_1}}', { a: '1', b_1: '2' })).toBe('1 1 12');
  });

  it('leaves what is no variable as it is', () => {
    for (const text of [
      '{{',
      '{{a',
      '{{a}',
      '{a}}',
      '{{}}',
      '{{ }}',
      '{{a b}}',
      '{{purpose.lower()}}',
      '{{<x>.output}}',
    ]) {
      expect(fill(text, { a: '1', b: '2' })).toBe(text);
    }
    expect(fill('{{a\n}}', { a: '1' })).toBe('{{a\n}}');
  });

  it('never looks at a value again', () => {
    expect(fill('{{a}}{{b}}', { a: '{{b}}', b: '{{a}}' })).toBe('{{b}}{{a}}');
    expect(fill('{{{a}}}', { a: '{b}' })).toBe('{{b}}');
    expect(fill('{{a}}', { a: '$& $1 $$ $` \\0' })).toBe('$& $1 $$ $` \\0');
  });

  it('escapes values and not the template', () => {
    const upper = (value: string) => value.toUpperCase();
    expect(substituteVariables('x {{a}}', { a: 'b' }, { file: FILE, escape: upper })).toBe('x B');
  });

  it('names file, line and the nearest name of an unknown variable', () => {
    expect(() => fill('a\r\nb\n{{ownr}}', { owner: 'x', name: 'y' })).toThrow(
      expect.objectContaining({
        code: 'TEMPLATE_VARIABLE_UNKNOWN',
        message: expect.stringContaining(`${FILE}:3: unknown variable "ownr" (did you mean "owner"?)`),
        details: { file: FILE, line: 3, variable: 'ownr', suggestion: 'owner' },
      }),
    );
    expect(() => substituteVariables('{{zzz}}', { a: '' }, { file: FILE, firstLine: 7 })).toThrow(/:7: .*known are a/);
  });

  it('knows no names but those it was given', () => {
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(() => fill(`{{${name}}}`, {})).toThrow(expect.objectContaining({ code: 'TEMPLATE_VARIABLE_UNKNOWN' }));
    }
  });

  it('puts any values in place unchanged, whatever they hold', () => {
    const pieces = fc.array(fc.oneof(fc.string(), fc.constantFrom('{{a}}', '{{ b }}', '$&', '{{', '}}')), {
      maxLength: 4,
    });
    const value = pieces.map((list) => list.join(''));
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(fill('<{{a}}|{{b}}|{{a}}>', { a, b })).toBe(`<${a}|${b}|${a}>`);
      }),
    );
  });
});

describe('variablesIn', () => {
  it('lists each name once', () => {
    expect(variablesIn('{{b}} {{ a }} {{b}} {{c')).toEqual(['b', 'a']);
  });
});
