// Tests the lanes that attempts lie on: threads, the main loop, and what is packed for want of a thread.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VersionCounter } from '../../src/dashboard/change-list.ts';
import { RunBars } from '../../src/dashboard/run-bars.ts';
import { ATTEMPT_OUTCOMES } from '../../src/dashboard/wire.ts';

const LATER = Number.POSITIVE_INFINITY;

const attempts = fc.array(
  fc.record({ start: fc.nat(200), length: fc.integer({ min: 1, max: 50 }), thread: fc.constantFrom(null, 0) }),
  { maxLength: 60 },
);

describe('RunBars', () => {
  it('packs what has no thread of its own without overlaps, whatever the order of ends', () => {
    fc.assert(
      fc.property(attempts, (list) => {
        const bars = new RunBars(new VersionCounter());
        const byStart = list.map((each, task) => ({ ...each, task })).sort((a, b) => a.start - b.start);
        for (const { task, start } of byStart) bars.start(task, 1, start, start);
        const byEnd = byStart.toSorted((a, b) => a.start + a.length - (b.start + b.length));
        for (const { task, start, length, thread } of byEnd) {
          bars.end(task, 1, { atMs: start + length, outcome: 'completed', threadId: thread });
        }
        const rows = bars.rows(0, LATER);
        expect(rows).toHaveLength(list.length);
        for (const [, , , lane, , start, end] of rows) {
          const others = rows.filter((other) => other[3] === lane && other[5] < end && start < other[6]);
          expect(others).toHaveLength(1);
          expect(bars.lanes[lane]?.kind).not.toBe('thread');
        }
      }),
    );
  });

  it('has one lane for each thread, and tells what changed since a version', () => {
    const version = new VersionCounter();
    const bars = new RunBars(version);
    bars.start(0, 1, 5, 10);
    bars.start(1, 1, 5, 10);
    bars.end(0, 1, { atMs: 20, outcome: 'failed', threadId: 7 });
    bars.end(1, 1, { atMs: 21, outcome: 'completed', threadId: 3 });
    const before = version.value;
    bars.start(0, 2, 20, 30);
    bars.end(0, 2, { atMs: 40, outcome: 'completed', threadId: 7 });
    expect(bars.lanes.map(({ label }) => label)).toEqual(['thread 7', 'thread 3']);
    expect(bars.changedSince(before, 0, LATER)).toEqual([[2, 0, 2, 0, 20, 30, 40, 1]]);
    expect(bars.rows(10, LATER)[0]).toEqual([0, 0, 1, 0, -5, 0, 10, ATTEMPT_OUTCOMES.indexOf('failed')]);
  });

  it('waits a moment for the thread of a running attempt before it packs it', () => {
    const version = new VersionCounter();
    const bars = new RunBars(version);
    bars.start(0, 1, 0, 1_000);
    bars.start(1, 1, 0, 1_000);
    expect(bars.changedSince(0, 0, 1_100)).toEqual([]);
    bars.place(0, 1, 4);
    expect(bars.changedSince(0, 0, 1_200).map(([, task, , lane]) => [task, bars.lanes[lane]?.label])).toEqual([
      [0, 'thread 4'],
    ]);
    const seen = version.value;
    expect(bars.changedSince(seen, 0, 2_000).map(([, task, , lane]) => [task, bars.lanes[lane]?.kind])).toEqual([
      [1, 'packed'],
    ]);
    bars.end(1, 1, { atMs: 2_500, outcome: 'completed', threadId: 5 });
    expect(bars.lanes[bars.rows(0, LATER)[1]?.[3] ?? -1]?.label).toBe('thread 5');
  });

  it('goes on under its number with an attempt that was handed back before it began', () => {
    const bars = new RunBars(new VersionCounter());
    bars.start(0, 1, 0, 10);
    bars.end(0, 1, { atMs: 12, outcome: 'interrupted', threadId: null });
    bars.start(0, 1, 0, 20);
    bars.end(0, 1, { atMs: 30, outcome: 'completed', threadId: 1 });
    expect(bars.rows(0, LATER)).toEqual([[0, 0, 1, 0, 0, 20, 30, 1]]);
  });

  it('keeps a bounded number of bars, the newest, and finds each attempt of a task among them', () => {
    const bars = new RunBars(new VersionCounter());
    const many = 100_000;
    for (let attempt = 1; attempt <= many + 10; attempt++) {
      bars.start(0, attempt, attempt, attempt);
      bars.end(0, attempt, { atMs: attempt + 1, outcome: 'failed', threadId: 1 });
    }
    const rows = bars.rows(0, LATER);
    expect(rows).toHaveLength(many);
    expect(Math.min(...rows.slice(0, 20).map(([, , attempt]) => attempt))).toBe(11);
    bars.start(0, 5, 0, 0);
    expect(bars.rows(0, LATER)).toHaveLength(many);
  });
});
