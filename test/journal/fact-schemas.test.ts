// Checks the schemas of facts: every kind passes as it is, a kind or version from later is known as such, and a fact that
// lacks anything is refused, never thrown at.

import { describe, expect, it } from 'vitest';
import { parseFact } from '../../src/journal/fact-schemas.ts';
import { everyKindOfFact } from '../conformance/facts.ts';

const facts = everyKindOfFact('r');

describe('the schemas of facts', () => {
  it('let every kind pass unchanged, with fields that they do not name', () => {
    for (const fact of facts) {
      const written: unknown = JSON.parse(JSON.stringify({ ...fact, later: { x: 1 } }));
      expect(parseFact(written)).toEqual({ kind: 'fact', fact: { ...fact, later: { x: 1 } } });
    }
    expect(new Set(facts.map(({ type }) => type)).size).toBe(19);
  });

  it('refuse a fact that lacks any of its fields', () => {
    for (const fact of facts) {
      for (const missing of Object.keys(fact)) {
        const rest = Object.fromEntries(Object.entries(fact).filter(([key]) => key !== missing));
        expect({ missing, kind: parseFact(rest).kind }).toEqual({ missing, kind: 'invalid' });
      }
    }
  });

  it('refuse fields of a wrong kind', () => {
    for (const fact of facts) {
      for (const wrong of Object.keys(fact)) {
        if (wrong === 'output' || wrong === 'type' || wrong === 'v') continue;
        expect(parseFact({ ...fact, [wrong]: Symbol('no JSON') }).kind).toBe('invalid');
      }
    }
  });

  it('know what only a later version can have written', () => {
    expect(parseFact({ ...facts[0], v: 2 })).toEqual({ kind: 'newer', type: 'run.created', version: 2 });
    expect(parseFact({ ...facts[0], type: 'run.cloned' })).toEqual({ kind: 'newer', type: 'run.cloned', version: 1 });
  });

  it.each([null, undefined, 1, 'run.paused', [], {}, { type: 'run.paused' }, { v: 1 }])('refuse %j', (value) => {
    expect(parseFact(value).kind).toBe('invalid');
  });
});
