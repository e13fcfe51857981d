// Run parameters take the place of a step's own of the same name; references see them over the workflow's defaults.

import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/domain/json-value.ts';
import { effectiveParameters, missingParams, paramsInForce } from '../../src/domain/step-parameters.ts';
import { compileParameters } from '../../src/domain/step-references.ts';

function start(own: JsonObject, runParameters: JsonObject, workflowParameters: JsonObject = {}): JsonObject {
  const compiled = compileParameters(own, (name) => name === 'a');
  if (compiled.kind === 'faulty') throw new Error(JSON.stringify(compiled.faults));
  return effectiveParameters(own, compiled.parameters, {
    workflowParameters,
    runParameters,
    outputOf: () => 'output of a',
  });
}

describe('the parameters a step starts with', () => {
  it('are its own, with run parameters of the same names in place', () => {
    expect(start({ path: '.', depth: 1 }, { path: '/data', other: 5 })).toEqual({ path: '/data', depth: 1 });
    expect(start({ path: '.' }, { path: null })).toEqual({ path: null });
  });

  it('have references put in place, a run parameter taking the place of one as well', () => {
    expect(start({ x: '{{a.output}}', y: '{{params.p}}' }, { p: 1 })).toEqual({ x: 'output of a', y: 1 });
    expect(start({ x: '{{a.output}}', y: '{{params.p}}' }, { x: 2, p: 1 })).toEqual({ x: 2, y: 1 });
  });

  it('do not fail on a reference that a run parameter replaces', () => {
    expect(start({ y: '{{params.p}}' }, { y: 'given' })).toEqual({ y: 'given' });
  });

  it('take a run parameter as it is, braces included', () => {
    expect(start({ x: 'own' }, { x: '{{a.output}}' })).toEqual({ x: '{{a.output}}' });
    expect(start({ x: '{{params.p}}' }, { p: '{{a.output}}' })).toEqual({ x: '{{a.output}}' });
  });

  it('see the defaults of the workflow only through references', () => {
    expect(start({ path: 'own', y: '{{params.path}}' }, {}, { path: 'default' })).toEqual({
      path: 'own',
      y: 'default',
    });
    expect(start({ y: '{{params.path}}' }, { path: 'run' }, { path: 'default' })).toEqual({ y: 'run' });
    expect(paramsInForce({ a: 1, b: 2 }, { b: 3 })).toEqual({ a: 1, b: 3 });
  });

  it('are a new object each time', () => {
    const own = { path: '.' };
    const first = start(own, {});
    first.path = 'changed';
    expect(own.path).toBe('.');
  });

  it('take a hostile name as data', () => {
    const own = JSON.parse('{"__proto__":1,"x":"{{a.output}}"}');
    const run = JSON.parse('{"__proto__":{"polluted":true}}');
    const parameters = start(own, run);
    expect(Object.getPrototypeOf(parameters)).toBe(Object.prototype);
    expect(JSON.stringify(parameters)).toBe('{"x":"output of a","__proto__":{"polluted":true}}');
  });
});

it('finds the run parameters that references need and nobody gives', () => {
  const own = {
    x: '{{params.one}} {{params.two}}',
    y: ['{{params.three.deep}}'],
    z: '{{params.four}}',
    w: '{{params.constructor}}',
  };
  const compiled = compileParameters(own, () => false);
  if (compiled.kind === 'faulty' || compiled.parameters === null) throw new Error('must compile');
  const missing = missingParams(compiled.parameters, { two: 2 }, { z: 'replaced' });
  expect(missing.map(({ name }) => name)).toEqual(['one', 'three', 'constructor']);
});
