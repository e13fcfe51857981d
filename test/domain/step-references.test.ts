// References must find the longest step name, keep types where they are the whole string, and never reach a prototype.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/domain/json-value.ts';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { type CompiledParameters, compileParameters, referencedSteps } from '../../src/domain/step-references.ts';

const STEPS = new Set(['a', 'my step', 'my-step', 'v1.2', 'a.output', 'constructor', 'params.x']);
const isStep = (name: string) => STEPS.has(name);

function compile(parameters: JsonObject): CompiledParameters {
  const result = compileParameters(parameters, isStep);
  if (result.kind === 'faulty') throw new Error(JSON.stringify(result.faults));
  if (result.parameters === null) throw new Error('no references found');
  return result.parameters;
}

function resolveText(text: string, outputs: Record<string, unknown> = {}, params: JsonObject = {}): JsonValue {
  const resolved = compile({ value: text }).resolve(params, (step) => outputs[step]);
  return resolved.value ?? null;
}

function faultsOf(text: string) {
  const result = compileParameters({ value: text }, isStep);
  return result.kind === 'faulty' ? result.faults : [];
}

describe('a reference', () => {
  it.each<[string, unknown, JsonValue]>([
    ['{{a.output}}', { x: [1, 2] }, { x: [1, 2] }],
    ['{{a.output}}', null, null],
    ['{{a.output}}', undefined, null],
    ['{{a.output}}', false, false],
    ['{{ a.output.x }}', { x: 7 }, 7],
    ['{{a.output.x.y[1].z}}', { x: { y: [0, { z: 'deep' }] } }, 'deep'],
    ['{{a.output[0]}}', [5], 5],
    ['{{a.output["odd. key"]}}', { 'odd. key': 1 }, 1],
    ['{{a.output.kebab-key}}', { 'kebab-key': 1 }, 1],
    ['{{a.output.0}}', { '0': 'member' }, 'member'],
    ['{{a.output.x.output}}', { x: { output: 2 } }, 2],
  ])('%s of %j keeps its type', (text, output, expected) => {
    expect(resolveText(text, { a: output })).toEqual(expected);
  });

  it('inside other text is put in as text, objects as JSON', () => {
    const output = { n: 1, s: 'text', o: { k: [true] }, z: null };
    expect(resolveText('<{{a.output.n}}|{{a.output.s}}|{{a.output.o}}|{{a.output.z}}>', { a: output })).toBe(
      '<1|text|{"k":[true]}|null>',
    );
    expect(resolveText(' {{a.output.n}}', { a: output })).toBe(' 1');
    expect(resolveText('{{a.output.n}}{{a.output.n}}', { a: output })).toBe('11');
  });

  it('may stand anywhere in nested parameters, which stay as they are otherwise', () => {
    const parameters = { list: ['x', { deep: '{{a.output}}' }], plain: { n: 1 }, '{{a.output}}': 'name' };
    expect(compile(parameters).resolve({}, () => 9)).toEqual({
      list: ['x', { deep: 9 }],
      plain: { n: 1 },
      '{{a.output}}': 'name',
    });
    expect(parameters.list[1]).toEqual({ deep: '{{a.output}}' });
  });

  it('names steps with blanks, dashes and dots, the longest name first', () => {
    const outputs = { 'my step': 1, 'my-step': 2, 'v1.2': 3, 'a.output': { x: 4 }, a: { output: { x: 5 } } };
    expect(resolveText('{{my step.output}}', outputs)).toBe(1);
    expect(resolveText('{{ my-step.output }}', outputs)).toBe(2);
    expect(resolveText('{{v1.2.output}}', outputs)).toBe(3);
    expect(resolveText('{{a.output.output.x}}', outputs)).toBe(4);
  });

  it('reads a status, completed by default', () => {
    expect(resolveText('{{a.status}}')).toBe('completed');
    const compiled = compile({ value: '{{a.status}}' });
    expect(compiled.resolve({}, () => null, { statusOf: () => 'failed' })).toEqual({ value: 'failed' });
  });

  it('reads run parameters and what lies in them', () => {
    expect(resolveText('{{params.root}}', {}, { root: '/data' })).toBe('/data');
    expect(resolveText('{{params.o.list[1]}}', {}, { o: { list: [1, 2] } })).toBe(2);
    expect(resolveText('{{params["a b"]}}', {}, { 'a b': 1 })).toBe(1);
    expect(resolveText('{{params.output}}', {}, { output: 'mine' })).toBe('mine');
  });

  it('is read once: braces in a value stay text', () => {
    expect(resolveText('{{a.output}}', { a: '{{params.secret}}' }, { secret: 1 })).toBe('{{params.secret}}');
    expect(resolveText('x{{params.p}}', {}, { p: '{{a.output}}' })).toBe('x{{a.output}}');
  });

  it('is text behind a backslash', () => {
    expect(resolveText('\\{{a.output}}')).toBe('{{a.output}}');
    expect(resolveText('\\\\{{a.output}}', { a: 1 })).toBe('\\1');
    expect(resolveText('\\\\\\{{x}}')).toBe('\\{{x}}');
    expect(compile({ v: '\\{{x}}' }).steps).toEqual([]);
  });

  it('is not seen where there are no two braces', () => {
    expect(compileParameters({ a: '{"b":{"c":1}}', n: 1, d: 'C:\\dir' }, isStep)).toEqual({
      kind: 'compiled',
      parameters: null,
    });
  });
});

describe('a faulty reference', () => {
  it.each([
    '{{',
    'text {{a.output',
    '{{}}',
    '{{ }}',
    '{{a}}',
    '{{a.result}}',
    '{{params}}',
    '{{params.}}',
    '{{a.output.}}',
    '{{a.output..x}}',
    '{{a.output[x]}}',
    '{{a.output[-1]}}',
    '{{a.output[0}}',
    '{{a.outputs}}',
    '{{a.status.x}}',
    '{{a.output x}}',
    '{{{a.output}}}',
    '{{params[0]}}',
  ])('%s is found at load', (text) => {
    expect(faultsOf(text)).toHaveLength(1);
    expect(faultsOf(text)[0]?.at).toEqual(['value']);
  });

  it('names the step that does not exist', () => {
    expect(faultsOf('{{b.output}}')[0]).toMatchObject({ unknownStep: 'b' });
    expect(faultsOf('{{toString.output}}')[0]).toMatchObject({ unknownStep: 'toString' });
  });

  it('lists every fault with its place', () => {
    const result = compileParameters({ x: ['{{q.output}}', { y: '{{' }], z: '{{a.output}}' }, isStep);
    if (result.kind === 'compiled') throw new Error('must be faulty');
    expect(result.faults.map(({ at }) => at)).toEqual([
      ['x', 0],
      ['x', 1, 'y'],
    ]);
  });

  it.each<[string, unknown, string]>([
    ['{{a.output.x}}', {}, '.x'],
    ['{{a.output.x.y}}', { x: 1 }, '.x.y'],
    ['{{a.output[2]}}', [1, 2], '[2]'],
    ['{{a.output.length}}', [1, 2], '.length'],
    ['{{a.output.length}}', 'text', '.length'],
    ['{{a.output[0]}}', { '0': 1 }, '[0]'],
    ['{{a.output.__proto__}}', {}, '.__proto__'],
    ['{{a.output.constructor}}', {}, '.constructor'],
    ['{{a.output.constructor.prototype}}', {}, '.constructor'],
    ['{{a.output.toString}}', null, '.toString'],
  ])('%s of %j fails at run time and names %3$s', (text, output, path) => {
    let thrown: unknown;
    try {
      resolveText(text, { a: output });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RuntimeError);
    expect(thrown).toMatchObject({ code: 'REFERENCE_INVALID', retryable: false, details: { step: 'a', path } });
    expect(String(thrown)).toContain('the output of step "a" has no ');
  });

  it('fails on a run parameter that is not given', () => {
    expect(() => resolveText('{{params.toString}}')).toThrow(/run parameter "toString" is not given/);
    expect(() => resolveText('{{params.a.b}}', {}, { a: 1 })).toThrow(/run parameter "a" has no \.b/);
  });
});

describe('names of prototypes', () => {
  it('are plain data in parameters and outputs', () => {
    const parameters = JSON.parse('{"__proto__":"{{constructor.output}}","n":{"__proto__":"{{a.output.__proto__}}"}}');
    const output: unknown = JSON.parse('{"__proto__":{"polluted":true}}');
    const resolved = compile(parameters).resolve({}, () => output);
    expect(JSON.stringify(resolved)).toBe(
      '{"__proto__":{"__proto__":{"polluted":true}},"n":{"__proto__":{"polluted":true}}}',
    );
    expect(Object.getPrototypeOf(resolved)).toBe(Object.prototype);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('the steps referred to', () => {
  it('are listed once, in order of appearance', () => {
    const parameters = { x: '{{my step.output}} {{a.output}}', y: ['{{a.status}}', '{{params.q}}', '{{nope.output}}'] };
    expect(referencedSteps(parameters, isStep)).toEqual(['my step', 'a']);
    expect(compile({ x: '{{a.output}}', y: '{{a.output.b}}' }).steps).toEqual(['a']);
  });
});

it('never throws at load and stays fast, whatever the text', () => {
  const part = fc.constantFrom(
    '{{',
    '}}',
    'a',
    '.output',
    '.status',
    'params',
    '.',
    '[',
    ']',
    '"',
    '\\',
    '0',
    ' ',
    'x',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const result = compileParameters({ value: parts.join('') }, isStep);
      expect(['compiled', 'faulty']).toContain(result.kind);
    }),
    { numRuns: 2_000 },
  );
  const hostile = [
    `{{${'a.output'.repeat(100_000)}}}`,
    '{{'.repeat(200_000),
    '{{a.output}}'.repeat(20_000),
    `{{a.output${' '.repeat(1_900)}x}}`,
  ];
  const startedAt = performance.now();
  for (const text of hostile) compileParameters({ value: text }, isStep);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
}, 60_000);
