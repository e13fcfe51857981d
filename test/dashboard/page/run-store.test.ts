// Owns the tests of how frames are put on documents: any order of frames and fetches comes to what the server has, what
// did not change keeps its identity, and a gap is never passed over.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunFeed } from '../../../src/dashboard/page/run-feed.ts';
import { applyRunFrame, applyTimelineFrame, mergeBars } from '../../../src/dashboard/page/run-store.ts';
import {
  type RunDocument,
  type RunFrame,
  type RunSummary,
  runDocument,
  TASK_STATES,
  type TimelineBar,
  type TimelineDocument,
  timelineDocument,
} from '../../../src/dashboard/wire.ts';

const RUNNING = TASK_STATES.indexOf('running');

function summaryOf(changes: Partial<RunSummary> = {}): RunSummary {
  return {
    runId: 'r1',
    kind: 'workflow',
    workflow: 'w',
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

function runOf(version: number, states: number[]): RunDocument {
  return runDocument.parse({
    summary: summaryOf({ steps: states.length }),
    version,
    mode: 'parallel',
    maxParallel: null,
    deadlineAt: null,
    sessionId: 's1',
    description: null,
    parameters: {},
    cancelRequested: null,
    heldBecause: null,
    moments: [],
    hasDefinition: true,
    tasks: {
      names: states.map((_, task) => `t${task}`),
      actions: states.map(() => 0),
      actionNames: ['core.noop'],
      offsets: [0, ...states.map(() => 0)],
      dependencies: [],
      levels: states.map(() => 0),
      states,
      criticalPath: [],
      attempts: states.map(() => 0),
      progress: states.map(() => -1),
      priorities: states.map(() => 2),
    },
  });
}

function timelineOf(version: number, bars: TimelineBar[]): TimelineDocument {
  return timelineDocument.parse({ version, origin: 1_000, end: 50, isLive: true, lanes: [], bars, gaps: [] });
}

function frameOf(from: number, to: number, changes: Partial<RunFrame> = {}): RunFrame {
  return {
    runId: 'r1',
    from,
    to,
    summary: summaryOf(),
    cancelRequested: null,
    tasks: [],
    bars: [],
    lanes: [],
    ...changes,
  };
}

describe('a frame on a run', () => {
  it('changes what it names and keeps the identity of the rest', () => {
    const run = runOf(1, [0, 0, 0]);
    const applied = applyRunFrame(run, frameOf(1, 2, { tasks: [1, RUNNING, 1, 0.5] }));
    if (applied.kind !== 'applied') throw new Error(applied.kind);
    expect(applied.document.version).toBe(2);
    expect(applied.document.tasks.states).toEqual([0, RUNNING, 0]);
    expect(applied.document.tasks.progress).toEqual([-1, 0.5, -1]);
    expect(applied.document.tasks.names).toBe(run.tasks.names);
    expect(applied.document.tasks.dependencies).toBe(run.tasks.dependencies);
    expect(run.tasks.states).toEqual([0, 0, 0]);
  });

  it('that changes no task keeps every column', () => {
    const run = runOf(1, [0]);
    const applied = applyRunFrame(run, frameOf(1, 2, { summary: summaryOf({ standing: 'paused' }) }));
    if (applied.kind !== 'applied') throw new Error(applied.kind);
    expect(applied.document.tasks).toBe(run.tasks);
    expect(applied.document.summary.standing).toBe('paused');
  });

  it.each([
    ['older', frameOf(1, 3), 'stale'],
    ['the same', frameOf(4, 5), 'stale'],
    ['overlapping', frameOf(3, 7), 'applied'],
    ['next', frameOf(5, 6), 'applied'],
    ['after a gap', frameOf(6, 7), 'gap'],
    ['of a task that is not there', frameOf(5, 6, { tasks: [9, RUNNING, 1, -1] }), 'gap'],
    ['cut short', frameOf(5, 6, { tasks: [0, RUNNING] }), 'gap'],
  ])('that is %s is told', (_, frame, kind) => {
    expect(applyRunFrame(runOf(5, [0]), frame).kind).toBe(kind);
  });
});

describe('a frame on a timeline', () => {
  it('replaces bars by their number and adds the others', () => {
    const timeline = timelineOf(1, [[0, 0, 1, 0, 0, 5, -1, 0]]);
    const bars: TimelineBar[] = [
      [0, 0, 1, 0, 0, 5, 30, 1],
      [1, 1, 1, 0, 0, 31, -1, 0],
    ];
    const applied = applyTimelineFrame(timeline, frameOf(1, 2, { bars }), 1_200);
    if (applied.kind !== 'applied') throw new Error(applied.kind);
    expect(applied.document.bars).toEqual(bars);
    expect(applied.document.end).toBe(200);
    expect(timeline.bars[0]?.[6]).toBe(-1);
  });

  it('ends it where the run ended', () => {
    const ended = summaryOf({ standing: 'completed', endedAt: 1_080 });
    const applied = applyTimelineFrame(timelineOf(1, []), frameOf(1, 2, { summary: ended }), 9_999);
    if (applied.kind !== 'applied') throw new Error(applied.kind);
    expect(applied.document).toMatchObject({ isLive: false, end: 80 });
  });

  it('merges bars as a map by number would, in whatever order numbers come', () => {
    const bar = fc.tuple(fc.nat(20), fc.nat(9)).map(([number, end]): TimelineBar => [number, 0, 1, 0, 0, 0, end, 1]);
    fc.assert(
      fc.property(fc.uniqueArray(bar, { selector: ([number]) => number }), fc.array(bar), (bars, newer) => {
        const expected = new Map([...bars, ...newer].map((each) => [each[0], each]));
        expect(mergeBars(bars, newer)).toEqual([...expected.values()]);
      }),
    );
  });
});

// A server with a run of some tasks: every turn changes one of them.
interface Turn {
  readonly task: number;
  readonly state: number;
}

const TASKS = 4;
const turns = fc.array(fc.record({ task: fc.nat(TASKS - 1), state: fc.nat(9) }), { minLength: 1, maxLength: 30 });

function stateAfter(all: readonly Turn[], version: number): number[] {
  const states = new Array<number>(TASKS).fill(0);
  for (const { task, state } of all.slice(0, version)) states[task] = state;
  return states;
}

function framesOf(all: readonly Turn[]): RunFrame[] {
  return all.map(({ task, state }, at) => frameOf(at, at + 1, { tasks: [task, state, 1, -1] }));
}

describe('the feed of a run', () => {
  it('comes to what the server has, whenever the document arrives among the frames', () => {
    fc.assert(
      fc.property(turns, fc.nat(), fc.nat(), (all, asked, arrived) => {
        const version = asked % (all.length + 1);
        const arrival = version + (arrived % (all.length - version + 1));
        const feed = new RunFeed('r1', () => 2_000);
        framesOf(all).forEach((frame, at) => {
          if (at === arrival) feed.takeRun(runOf(version, stateAfter(all, version)));
          feed.takeFrame(frame);
        });
        if (arrival === all.length) feed.takeRun(runOf(version, stateAfter(all, version)));
        expect(feed.run?.tasks.states).toEqual(stateAfter(all, all.length));
        expect(feed.run?.version).toBe(all.length);
      }),
    );
  });

  it('asks for the document where frames were dropped, and comes to what the server has with it', () => {
    fc.assert(
      fc.property(turns, fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }), (all, dropped) => {
        const feed = new RunFeed('r1', () => 2_000);
        feed.takeRun(runOf(0, stateAfter(all, 0)));
        framesOf(all).forEach((frame, at) => {
          if (dropped[at] === true) return;
          if (feed.takeFrame(frame).run) feed.takeRun(runOf(at + 1, stateAfter(all, at + 1)));
        });
        const heard = all.findLastIndex((_, at) => dropped[at] !== true) + 1;
        expect(feed.run?.tasks.states).toEqual(stateAfter(all, heard));
      }),
    );
  });

  it('keeps the names of the same graph when it is fetched again, so that no layout is made anew', () => {
    const feed = new RunFeed('r1', () => 2_000);
    feed.takeRun(runOf(1, [0, 0]));
    const names = feed.run?.tasks.names;
    feed.takeRun(runOf(2, [1, 0]));
    expect(feed.run?.tasks.names).toBe(names);
    expect(feed.run?.tasks.states).toEqual([1, 0]);
    feed.takeRun(runOf(3, [1, 0, 0]));
    expect(feed.run?.tasks.names).toHaveLength(3);
  });

  it('passes over frames of another run', () => {
    const feed = new RunFeed('r1', () => 2_000);
    feed.takeRun(runOf(0, [0]));
    feed.takeFrame({ ...frameOf(0, 1, { tasks: [0, RUNNING, 1, -1] }), runId: 'r2' });
    expect(feed.run?.tasks.states).toEqual([0]);
  });

  it('goes by the newest document after the connection was opened anew, even if its version is lower', () => {
    const feed = new RunFeed('r1', () => 2_000);
    feed.takeRun(runOf(40, [0]));
    feed.reconnect();
    feed.takeRun(runOf(2, [RUNNING]));
    expect(feed.run?.tasks.states).toEqual([RUNNING]);
  });

  it('asks for the timeline again when the run turns, since gaps are known to the server alone', () => {
    const feed = new RunFeed('r1', () => 2_000);
    feed.takeRun(runOf(0, [0]));
    feed.takeTimeline(timelineOf(0, []));
    const paused = frameOf(0, 1, { summary: summaryOf({ standing: 'paused' }) });
    expect(feed.takeFrame(paused)).toEqual({ run: false, timeline: true });
  });

  it('lets a live timeline reach to now', () => {
    let now = 2_000;
    const feed = new RunFeed('r1', () => now);
    feed.takeTimeline(timelineOf(0, []));
    now = 4_000;
    feed.tick();
    expect(feed.timeline?.end).toBe(3_000);
  });
});
