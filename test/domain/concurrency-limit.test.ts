// Checks per-key concurrency as it is written: in files, with references, and as the key that a run's parameters make.

import { describe, expect, it } from 'vitest';
import {
  findKeyFault,
  isConcurrencyKey,
  keyReferences,
  resolveConcurrency,
} from '../../src/domain/concurrency-limit.ts';
import type { JsonObject } from '../../src/domain/json-value.ts';
import { readWorkflowDocument } from '../../src/domain/workflow-document.ts';

const STEP = { name: 'a', module: 'core', action: 'noop' };

function concurrencyOf(concurrency: unknown) {
  const document = readWorkflowDocument({ steps: [{ ...STEP, concurrency }] }, 'stem');
  if (document.kind === 'faulty') throw new Error(JSON.stringify(document.faults));
  return document.definition.steps[0]?.concurrency;
}

function faultsOf(concurrency: unknown) {
  const document = readWorkflowDocument({ steps: [{ ...STEP, concurrency }] }, 'stem');
  return document.kind === 'sound' ? [] : document.faults.map(({ code, path, message }) => [code, path, message]);
}

const resolve = (key: string, params: JsonObject) =>
  resolveConcurrency({ name: 'load', concurrency: { key, limit: 4 } }, params);

describe('a step of a file', () => {
  it('has no limit of this kind unless it says so', () => {
    expect(concurrencyOf(undefined)).toBeNull();
    expect(concurrencyOf(null)).toBeNull();
  });

  it('keeps key and limit, and leaves notes out', () => {
    const key = 'db-{{params.tenant}}';
    expect(concurrencyOf({ key, limit: 4, _why: 'the licence' })).toEqual({ key, limit: 4 });
    expect(concurrencyOf({ key: 'k'.repeat(200), limit: 1_000_000 })?.limit).toBe(1_000_000);
  });

  it.each([
    ['db', 'concurrency'],
    [{ limit: 1 }, 'concurrency.key'],
    [{ key: '', limit: 1 }, 'concurrency.key'],
    [{ key: '  ', limit: 1 }, 'concurrency.key'],
    [{ key: 7, limit: 1 }, 'concurrency.key'],
    [{ key: 'k'.repeat(201), limit: 1 }, 'concurrency.key'],
    [{ key: 'a\nb', limit: 1 }, 'concurrency.key'],
    [{ key: 'a' }, 'concurrency.limit'],
    [{ key: 'a', limit: 0 }, 'concurrency.limit'],
    [{ key: 'a', limit: 1.5 }, 'concurrency.limit'],
    [{ key: 'a', limit: '4' }, 'concurrency.limit'],
    [{ key: 'a', limit: 1_000_001 }, 'concurrency.limit'],
    [{ key: 'a', limit: 1, limits: 2 }, 'concurrency.limits'],
  ])('with %j is at fault at %s', (concurrency, path) => {
    const faults = faultsOf(concurrency);
    expect(faults.map(([code, at]) => [code, at])).toEqual([['WORKFLOW_SCHEMA', `$.steps[0].${path}`]]);
  });

  it.each([
    ['{{a.output}}', /may refer to \{\{params\.name\}\} only/],
    ['db-{{a.status}}-{{params.x}}', /may refer to \{\{params\.name\}\} only/],
    ['{{params}}', /must be /],
    ['{{tenant}}', /must be /],
    ['{{params.x', /no closing/],
    ['{{params.}}', /must go on as/],
  ])('whose key is %s is at fault at the key', (key, message) => {
    expect(faultsOf({ key, limit: 1 })).toEqual([
      ['REFERENCE_INVALID', '$.steps[0].concurrency.key', expect.stringMatching(message)],
    ]);
  });
});

describe('references of a key', () => {
  it('are those to run parameters, escapes left alone', () => {
    expect(keyReferences('{{params.a}}-{{ params.b.c[0] }}').map(({ name, path }) => [name, path])).toEqual([
      ['a', []],
      ['b', ['c', 0]],
    ]);
    expect(keyReferences('plain')).toEqual([]);
    expect(keyReferences('\\{{params.a}}')).toEqual([]);
    expect(keyReferences('{{a.output}}')).toEqual([]);
    expect(findKeyFault('{{params.output.output}}')).toBeNull();
  });
});

describe('the key of a run', () => {
  it('has the parameters in force in place, as text', () => {
    expect(resolve('db-{{params.tenant}}', { tenant: 'north' })).toEqual({ key: 'db-north', limit: 4 });
    expect(resolve('{{params.n}}', { n: 7 })).toEqual({ key: '7', limit: 4 });
    expect(resolve('{{params.on}}', { on: false })).toEqual({ key: 'false', limit: 4 });
    expect(resolve('{{params.a.b[1]}}/{{params.n}}', { a: { b: [1, 'x'] }, n: -0.5 })?.key).toBe('x/-0.5');
    expect(resolve('\\{{params.a}}', {})?.key).toBe('{{params.a}}');
    expect(resolve('plain', {})).toEqual({ key: 'plain', limit: 4 });
    expect(resolveConcurrency({ name: 'a', concurrency: null }, {})).toBeNull();
  });

  it('is not read for references again', () => {
    expect(resolve('{{params.a}}', { a: '{{params.b}}', b: 'no' })?.key).toBe('{{params.b}}');
  });

  it.each<[JsonObject, RegExp]>([
    [{}, /run parameter "tenant" is not given; "\{\{params\.tenant\}\}" needs it/],
    [{ tenant: null }, /run parameter "tenant" must be text, a number, true or false/],
    [{ tenant: { id: 1 } }, /run parameter "tenant" must be text/],
    [{ tenant: ['x'] }, /run parameter "tenant" must be text/],
  ])('cannot be made of %j, and the error names the parameter', (params, message) => {
    for (const key of ['db-{{params.tenant}}', '{{params.tenant}}']) {
      expect(() => resolve(key, params)).toThrow(
        expect.objectContaining({
          code: 'PARAMETER_INVALID',
          message: expect.stringMatching(message),
          details: expect.objectContaining({ step: 'load', parameters: ['tenant'] }),
        }),
      );
    }
  });

  it('names a member that is missing, and takes no inherited one', () => {
    expect(() => resolve('{{params.a.b}}', { a: {} })).toThrow(/run parameter "a".b is not given/);
    expect(() => resolve('{{params.constructor}}', {})).toThrow(/run parameter "constructor" is not given/);
    expect(() => resolve('{{params.a.length}}', { a: [1] })).toThrow(/run parameter "a".length is not given/);
  });

  it.each(['', ' ', 'x'.repeat(201), 'a\u0007b'])('must be one: %j is refused', (tenant) => {
    expect(() => resolve('{{params.tenant}}', { tenant })).toThrow(
      expect.objectContaining({
        code: 'PARAMETER_INVALID',
        message: expect.stringMatching(/the run parameter "tenant"/),
      }),
    );
    expect(isConcurrencyKey(tenant)).toBe(false);
  });
});
