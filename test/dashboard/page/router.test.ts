// Owns the tests of the page's addresses: what a view's address is, and that each leads back to its view.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ALL_RUNS,
  formatRoute,
  isSamePage,
  parseRoute,
  type Route,
  RUN_KINDS,
  RUN_TABS,
  routeOfRun,
} from '../../../src/dashboard/page/router.ts';
import { RUN_STANDINGS, TASK_STATES } from '../../../src/dashboard/wire.ts';

const text = fc.string({ unit: 'grapheme' });
const name = fc.string({ unit: 'grapheme', minLength: 1 });

const anyRoute: fc.Arbitrary<Route> = fc.oneof(
  fc.record({
    view: fc.constant('runs' as const),
    kind: fc.constantFrom(null, ...RUN_KINDS),
    standing: fc.constantFrom(null, ...RUN_STANDINGS),
    search: text,
    pageNumber: fc.integer({ min: 1, max: 1_000_000 }),
  }),
  fc.record({
    view: fc.constant('run' as const),
    runId: name,
    tab: fc.constantFrom(...RUN_TABS),
    task: fc.option(text),
    state: fc.constantFrom(null, ...TASK_STATES),
    search: text,
  }),
  fc.record({ view: fc.constantFrom('system' as const, 'supervisor' as const) }),
  fc.record({ view: fc.constant('machines' as const), machine: fc.option(name) }),
);

describe('the address of a view', () => {
  it('leads back to the view, whatever its names hold', () => {
    fc.assert(
      fc.property(anyRoute, (route) => {
        expect(parseRoute(formatRoute(route))).toEqual(route);
      }),
    );
  });

  it('is short where nothing is chosen', () => {
    expect(formatRoute(ALL_RUNS)).toBe('#/runs');
    expect(formatRoute(routeOfRun('r1'))).toBe('#/runs/r1/graph');
  });

  it('holds the selected task', () => {
    expect(parseRoute('#/runs/r%2F1/timeline?task=a%26b')).toEqual({
      ...routeOfRun('r/1'),
      tab: 'timeline',
      task: 'a&b',
    });
  });
});

describe('an address', () => {
  it.each(['', '#', '#/', '/'])('%j is the list of runs', (hash) => {
    expect(parseRoute(hash)).toEqual(ALL_RUNS);
  });

  it('of a run without a tab is its graph', () => {
    expect(parseRoute('#/runs/r1')).toEqual(routeOfRun('r1'));
  });

  it.each(['#/elsewhere', '#/runs/r1/nonsense', '#/runs/r1/graph/more', '#/system/x', '#/runs/%E0%A4%A'])(
    '%s means nothing, and says so',
    (hash) => {
      expect(parseRoute(hash)).toEqual({ view: 'unknown', address: hash.slice(1) });
    },
  );

  it.each([
    ['#/runs?standing=happy', ALL_RUNS],
    ['#/runs?kind=other', ALL_RUNS],
    ['#/runs?page=-1', ALL_RUNS],
    ['#/runs?page=1.5', ALL_RUNS],
    ['#/runs?page=1e99', ALL_RUNS],
    ['#/runs/r1/tasks?state=__proto__', { ...routeOfRun('r1'), tab: 'tasks' }],
  ])('%s passes over the filter it does not know', (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });

  it('never fails to be read', () => {
    fc.assert(
      fc.property(text, (hash) => {
        expect(parseRoute(`#${hash}`).view).toBeTypeOf('string');
      }),
    );
  });
});

describe('two views', () => {
  it('are one page where only a tab, a filter or a selection differs', () => {
    expect(isSamePage(routeOfRun('r1'), { ...routeOfRun('r1'), tab: 'tasks', task: 'a' })).toBe(true);
    expect(isSamePage(ALL_RUNS, { ...ALL_RUNS, search: 'x' })).toBe(true);
  });

  it('are two pages where the run or the view differs', () => {
    expect(isSamePage(routeOfRun('r1'), routeOfRun('r2'))).toBe(false);
    expect(isSamePage(ALL_RUNS, routeOfRun('r1'))).toBe(false);
  });
});
