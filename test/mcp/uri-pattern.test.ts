// Tests that addresses lead to exactly the names they were made of.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runUri, stepOutputUri, workflowUri } from '../../src/mcp/resource-uris.ts';
import { UriPattern } from '../../src/mcp/uri-pattern.ts';

describe('UriPattern', () => {
  it('gives back exactly the names that an address was made of', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(name, name, (id, step) => {
        expect(new UriPattern(workflowUri('').concat('{name}')).match(workflowUri(id))).toEqual({ name: id });
        const pattern = new UriPattern('yardmaster://runs/{id}/outputs/{step}');
        expect(pattern.match(stepOutputUri(id, step))).toEqual({ id, step });
        expect(new UriPattern('yardmaster://runs/{id}').match(stepOutputUri(id, step))).toBeUndefined();
      }),
    );
  });

  it.each([
    'yardmaster://runs',
    'yardmaster://runs/',
    'yardmaster://runs/a/b',
    'yardmaster://runs/%E0%A4%A',
    'YARDMASTER://runs/a',
  ])('does not take %s for a run', (uri) => {
    expect(new UriPattern('yardmaster://runs/{id}').match(uri)).toBeUndefined();
  });

  it('leaves dots as they are: they lead nowhere', () => {
    const pattern = new UriPattern('yardmaster://workflows/{name}');
    expect(pattern.match('yardmaster://workflows/..')).toEqual({ name: '..' });
    expect(pattern.match('yardmaster://workflows/../status')).toBeUndefined();
    expect(pattern.match('yardmaster://workflows/..%2Fstatus')).toEqual({ name: '../status' });
  });

  it('matches a fixed address as it is', () => {
    const pattern = new UriPattern('yardmaster://status');
    expect(pattern.isFixed).toBe(true);
    expect(pattern.match('yardmaster://status')).toEqual({});
    expect(pattern.match(runUri('status'))).toBeUndefined();
  });
});
