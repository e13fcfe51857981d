// Checks the kept form of a definition: what comes back is what was kept, under a key made from its meaning.

import { describe, expect, it } from 'vitest';
import type { WorkflowDefinition } from '../../src/domain/workflow-definition.ts';
import { decodeDefinition, encodeDefinition } from '../../src/journal/definition-codec.ts';
import { makeDefinition } from '../conformance/facts.ts';

describe('the kept form of a definition', () => {
  it('gives back what was kept, endless retries and odd keys included', () => {
    for (const steps of [0, 1, 3_000]) {
      const parameters: unknown = JSON.parse('{"__proto__": {"a": 1}, "constructor": null, "ä\\n": [[]]}');
      const definition = { ...makeDefinition('w', steps), parameters } as WorkflowDefinition;
      const { key, parts } = encodeDefinition(definition);
      expect(key).toMatch(/^[0-9a-f]{64}$/);
      const decoded = decodeDefinition(key, parts);
      expect(decoded).toEqual(definition);
      expect(Object.keys(decoded.parameters)).toContain('__proto__');
    }
    expect(encodeDefinition(makeDefinition('w', 3_000)).parts.length).toBeGreaterThan(2);
  });

  it('has one key for what means the same, in whatever order it was written', () => {
    const definition = makeDefinition('w', 2);
    const turned = Object.fromEntries(Object.entries(definition).reverse());
    const reordered = { ...definition, ...turned, parameters: { a: { c: null, d: [1] }, b: 1 } } as WorkflowDefinition;
    expect(encodeDefinition(reordered).key).toBe(encodeDefinition(definition).key);
    const others = [
      makeDefinition('v', 2),
      makeDefinition('w', 3),
      { ...definition, parameters: { ...definition.parameters, b: 2 } },
      { ...definition, steps: definition.steps.toReversed() },
    ];
    const keys = new Set(others.map((other) => encodeDefinition(other).key));
    expect(keys.size).toBe(4);
    expect(keys).not.toContain(encodeDefinition(definition).key);
  });

  it('keeps limits by key and refill periods, and the keys of definitions without them', () => {
    const definition = makeDefinition('w', 2);
    const [first, second] = definition.steps;
    const [gpu] = definition.resources;
    if (first === undefined || second === undefined || gpu === undefined) throw new Error('too few parts');
    const limited: WorkflowDefinition = {
      ...definition,
      resources: [gpu, { id: 'api', type: 'api_quota', capacity: 50, granularity: 1, refillPeriodMs: 1_000 }],
      steps: [{ ...first, concurrency: { key: 'db-{{params.b}}', limit: 4 } }, second],
    };
    const { key, parts } = encodeDefinition(limited);
    expect(decodeDefinition(key, parts)).toEqual(limited);
    expect(key).not.toBe(encodeDefinition(definition).key);
    // As earlier versions wrote it: neither of the two is mentioned.
    expect(encodeDefinition(definition).parts.join('')).not.toMatch(/concurrency|refillPeriodMs/);
    expect(encodeDefinition(makeDefinition('w', 1)).key).toBe(
      '0925c7a8e74a921f92d8a3683c5686dbe042d5a8204779dfc21080be9aa4997b',
    );
  });

  it('is refused when it is not what its key was made from', () => {
    const { key, parts } = encodeDefinition(makeDefinition('w', 3_000));
    const corrupt = expect.objectContaining({ code: 'JOURNAL_CORRUPT' });
    expect(() => decodeDefinition(key, parts.slice(1))).toThrow(corrupt);
    expect(() => decodeDefinition(key, parts.toReversed())).toThrow(corrupt);
    expect(() => decodeDefinition(key, [])).toThrow(corrupt);
    expect(() => decodeDefinition('0'.repeat(64), parts)).toThrow(corrupt);
  });
});
