// Checks which names are suggested for a wrong one, and that suggesting has a bound.

import { describe, expect, it } from 'vitest';
import { NearNames, quoteName } from '../../src/domain/near-name.ts';

describe('near names', () => {
  const near = () => new NearNames(['fetch', 'parse', 'report', 'a', 'render-page', 'render-pages']);

  it.each([
    ['ftech', 'fetch'],
    ['Fetch', 'fetch'],
    ['repot', 'report'],
    ['parse2', 'parse'],
    ['render-page ', 'render-page'],
    ['render_pages', 'render-pages'],
  ])('takes %j for %j', (wanted, known) => {
    expect(near().nearest(wanted)).toBe(known);
  });

  it.each(['b', 'xyz', 'compile', '', 'x'.repeat(200)])('has nothing near %j', (wanted) => {
    expect(near().nearest(wanted)).toBeUndefined();
  });

  it('stops suggesting when its budget is spent', () => {
    const many = new NearNames(Array.from({ length: 150_000 }, (_, index) => `task-${index}`));
    expect(many.nearest('zzz-1')).toBeUndefined();
    expect(many.nearest('task-1x')).toBe('task-1');
    expect(many.nearest('zzz-1')).toBeUndefined();
    expect(many.nearest('task-1x')).toBeUndefined();
  });

  it('quotes names on one line and cuts long ones', () => {
    expect(quoteName('a\n"b"')).toBe('"a\\n\\"b\\""');
    expect(quoteName('x'.repeat(500)).length).toBeLessThan(100);
  });
});
