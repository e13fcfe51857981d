// Owns the tests of what the page lists: runs under filters, tasks of a run, rows of the actor tree, series of charts.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunsQuery } from '../../../src/dashboard/page/api-client.ts';
import { actionOf, deedsOf, refusalOf } from '../../../src/dashboard/page/run-actions.ts';
import { applyRunsFrame } from '../../../src/dashboard/page/runs-list.ts';
import { applySystemFrame, peakOf, rateSeries, resourceSeries } from '../../../src/dashboard/page/system-feed.ts';
import { chooseTasks, countStates, rowsInView } from '../../../src/dashboard/page/task-counts.ts';
import { treeMove, treeRows } from '../../../src/dashboard/page/tree-rows.ts';
import {
  RUN_STANDINGS,
  type RunDocument,
  type RunSummary,
  type SystemDocument,
  type SystemSample,
  TASK_STATES,
  type TreeNode,
  type Welcome,
} from '../../../src/dashboard/wire.ts';

function run(runId: string, changes: Partial<RunSummary> = {}): RunSummary {
  return {
    runId,
    kind: 'workflow',
    workflow: 'Nightly',
    standing: 'running',
    steps: 3,
    ends: null,
    createdAt: 1_000,
    startedAt: 1_000,
    endedAt: null,
    recoveries: 0,
    rerunOf: null,
    reason: null,
    ...changes,
  };
}

const ANY: RunsQuery = { kind: null, standing: null, search: '', skip: 0, limit: 50 };

describe('the list of runs', () => {
  const page = { runs: [run('b', { createdAt: 2_000 }), run('a')], total: 2, counts: { running: 2 } };

  it('changes rows in place, and shares those that did not change', () => {
    const changed = run('a', { standing: 'completed' });
    const counts = { running: 1, completed: 1 };
    const after = applyRunsFrame(page, ANY, { changed: [changed], total: 2, counts });
    expect(after).toEqual({ page: { runs: [page.runs[0], changed], total: 2, counts }, isStale: false });
    expect(after.page.runs[0]).toBe(page.runs[0]);
  });

  it.each([
    ['a run that is new', ANY, run('c', { createdAt: 3_000 }), true],
    ['a run that lies on a later page', ANY, run('c', { createdAt: 500 }), false],
    ['a run that leaves the filter', { ...ANY, standing: 'running' }, run('a', { standing: 'failed' }), true],
    ['a run that the search does not find', { ...ANY, search: 'zzz' }, run('c', { createdAt: 3_000 }), false],
    ['a run found whatever the case', { ...ANY, search: 'NIGHT' }, run('c', { createdAt: 3_000 }), true],
    ['a run of another kind', { ...ANY, kind: 'workflow' }, run('c', { createdAt: 3_000, kind: 'task' }), false],
  ] as const)('asks for the page where it has to: %s', (_, query, changed, isStale) => {
    const frame = { changed: [changed], total: 3, counts: {} };
    expect(applyRunsFrame(page, query, frame).isStale).toBe(isStale);
  });
});

describe('the tasks of a run', () => {
  const tasks: RunDocument['tasks'] = {
    names: ['fetch', 'Parse', 'store'],
    actions: [0, 1, 1],
    actionNames: ['http.get', 'core.noop'],
    offsets: [0, 0, 0, 0],
    dependencies: [],
    levels: [0, 1, 2],
    states: [6, 3, 0],
    criticalPath: [],
    attempts: [1, 1, 0],
    progress: [-1, -1, -1],
    priorities: [2, 2, 2],
  };

  it('are counted by state, all of them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(TASK_STATES.length - 1)), (states) => {
        const counts = countStates(states);
        TASK_STATES.forEach((state, code) => {
          expect(counts[state]).toBe(states.filter((each) => each === code).length);
        });
      }),
    );
  });

  it.each([
    [null, '', [0, 1, 2]],
    ['running', '', [1]],
    [null, 'PARSE ', [1]],
    [null, 'core.', [1, 2]],
    ['pending', 'core.', [2]],
    ['failed', '', []],
  ] as const)('are chosen by state %s and text %j', (state, search, chosen) => {
    expect(chooseTasks(tasks, state, search)).toEqual(chosen);
  });

  it('have all rows in view that one can see, and few more', () => {
    const ROW = 30;
    const size = fc.nat(20_000);
    fc.assert(
      fc.property(size, fc.nat(2_000), size, (top, height, rows) => {
        const scrollTop = Math.max(0, Math.min(top, rows * ROW - height));
        const { first, end } = rowsInView(scrollTop, height, ROW, rows);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(rows);
        expect(first * ROW).toBeLessThanOrEqual(scrollTop);
        expect(Math.min(rows * ROW, scrollTop + height)).toBeLessThanOrEqual(end * ROW);
        expect(end - first).toBeLessThanOrEqual(height / ROW + 19);
      }),
    );
  });

  it('have no rows in view of a list that shrank below where one was', () => {
    expect(rowsInView(90_000, 600, 30, 10)).toEqual({ first: 2, end: 10 });
  });
});

describe('what may be done to a run', () => {
  const welcome: Welcome = {
    version: '1',
    source: 'live',
    place: 'x',
    actions: ['cancel', 'rerun'],
    now: 0,
    enginePid: 7,
  };

  it('is something for every standing, and never to cancel what has ended', () => {
    for (const standing of RUN_STANDINGS) {
      expect(deedsOf(standing).length).toBeGreaterThan(0);
      const hasEnded = ['completed', 'failed', 'cancelled'].includes(standing);
      expect(deedsOf(standing).includes('cancel')).toBe(!hasEnded);
      expect(deedsOf(standing).includes('rerun')).toBe(hasEnded);
    }
  });

  it('is refused with a reason where the server does not take it', () => {
    expect(refusalOf(actionOf('rerun-from-failed'), welcome, 'live')).toBeNull();
    expect(refusalOf('pause', welcome, 'live')).toContain('process 7');
    expect(refusalOf('pause', { ...welcome, enginePid: null }, 'live')).toContain('No engine');
    expect(refusalOf('pause', { ...welcome, source: 'trace' }, 'idle')).toContain('recorded');
    expect(refusalOf('cancel', null, 'connecting')).not.toBeNull();
    expect(refusalOf('cancel', welcome, 'gone')).toContain('no connection');
  });
});

function actor(id: string, children: TreeNode[] = []): TreeNode {
  return {
    id,
    kind: children.length > 0 ? 'supervisor' : 'actor',
    state: 'running',
    machine: null,
    restarts: 0,
    lastCrash: null,
    label: null,
    runId: null,
    children,
    moreChildren: 0,
  };
}

describe('the actor tree', () => {
  const root = actor('root', [actor('a', [actor('x'), actor('y')]), actor('b')]);

  it('has a row for each actor that is not folded away', () => {
    const paths = (folded: string[]) => treeRows(root, new Set(folded)).map(({ path }) => path);
    expect(paths([])).toEqual(['root', 'root/a', 'root/a/x', 'root/a/y', 'root/b']);
    expect(paths(['root/a'])).toEqual(['root', 'root/a', 'root/b']);
    expect(paths(['root'])).toEqual(['root']);
  });

  it('says where each row stands among its siblings', () => {
    const row = treeRows(root, new Set()).find(({ path }) => path === 'root/a/y');
    expect(row).toMatchObject({ level: 3, position: 2, siblings: 2, isOpen: null, parent: 'root/a' });
  });

  it.each([
    ['root', 'ArrowDown', { kind: 'go', path: 'root/a' }],
    ['root', 'ArrowUp', undefined],
    ['root/a', 'ArrowRight', { kind: 'go', path: 'root/a/x' }],
    ['root/a', 'ArrowLeft', { kind: 'fold', path: 'root/a' }],
    ['root/a/x', 'ArrowLeft', { kind: 'go', path: 'root/a' }],
    ['root/a/x', 'ArrowRight', undefined],
    ['root/a', 'End', { kind: 'go', path: 'root/b' }],
    ['root/b', 'Home', { kind: 'go', path: 'root' }],
    ['root/b', 'Enter', undefined],
    ['gone', 'ArrowDown', undefined],
  ])('from %s leads by %s where trees lead', (path, key, move) => {
    expect(treeMove(treeRows(root, new Set()), path, key)).toEqual(move);
  });

  it('unfolds by an arrow', () => {
    const rows = treeRows(root, new Set(['root/a']));
    expect(treeMove(rows, 'root/a', 'ArrowRight')).toEqual({ kind: 'unfold', path: 'root/a' });
  });
});

function sample(at: number, completedTasks = 0): SystemSample {
  return {
    at,
    use: { cpu: 2 },
    waiting: {},
    busyThreads: 1,
    aliveThreads: 2,
    running: 1,
    queue: [0, 0, 3, 0, 0],
    waitingForCapacity: 0,
    loopDelayMeanMs: 1,
    loopDelayP99Ms: 2,
    rssBytes: 1,
    heapUsedBytes: 1,
    completedTasks,
  };
}

const CPU = {
  id: 'cpu',
  type: 'compute',
  status: 'available',
  capacity: 8,
  current: 2,
  peak: 4,
  available: 6,
  waiting: 0,
  allocations: 1,
};

describe('the figures of the engine', () => {
  const system: SystemDocument = {
    health: null,
    uptimeMs: 1_000,
    resources: [CPU],
    threads: [],
    samples: [sample(0), sample(500)],
    sampleEveryMs: 500,
    absent: null,
  };
  const frameAt = (at: number) => ({ sample: sample(at), resources: [CPU], threads: [], health: null });

  it('grow by a sample, lose those that are too old, and count no sample twice', () => {
    const after = applySystemFrame(system, frameAt(1_000));
    expect(after.samples.map(({ at }) => at)).toEqual([0, 500, 1_000]);
    expect(after.uptimeMs).toBe(1_500);
    expect(applySystemFrame(after, frameAt(1_000)).samples).toHaveLength(3);
    expect(applySystemFrame(after, frameAt(600_600)).samples.map(({ at }) => at)).toEqual([1_000, 600_600]);
  });

  it('tell use as a share of the capacity', () => {
    expect(resourceSeries(system)).toEqual([{ label: 'cpu', values: [25, 25] }]);
  });

  it('tell a rate only where it was measured', () => {
    const samples = [0, 1, 2, 3, 4, 5].map((turn) => sample(turn * 500, turn * 10));
    expect(rateSeries(samples)).toEqual([
      { label: 'tasks completed a second', values: [null, null, null, null, 20, 20] },
    ]);
  });

  it('have no peak where nothing was measured', () => {
    expect(peakOf({ label: 'x', values: [null] })).toBeNull();
    expect(peakOf({ label: 'x', values: [1, null, 3, 2] })).toBe(3);
  });
});
