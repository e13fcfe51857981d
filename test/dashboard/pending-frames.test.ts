// Tests that frames which wait say, put together, what they said one by one, and that they stay few.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_WAITING_RUNS, MOST_WAITING_TASKS, PendingFrames } from '../../src/dashboard/pending-frames.ts';
import type { RunFrame, TimelineBar } from '../../src/dashboard/wire.ts';
import { runRow, taskOf } from './test-source.ts';

function runFrame(from: number, to: number, more: Partial<RunFrame> = {}): RunFrame {
  const summary = runRow('r', { steps: to });
  return { runId: 'r', from, to, summary, cancelRequested: null, tasks: [], bars: [], lanes: [], ...more };
}

/** What a page knows of a run by the frames it was sent; undefined once it has seen a gap. */
class PageView {
  version: number | undefined = 0;
  readonly tasks = new Map<number | undefined, number[]>();
  readonly bars = new Map<number, TimelineBar>();

  apply({ from, to, tasks, bars }: RunFrame): void {
    if (this.version !== from) this.version = undefined;
    if (this.version === undefined) return;
    this.version = to;
    for (let at = 0; at < tasks.length; at += 4) this.tasks.set(tasks[at], tasks.slice(at, at + 4));
    for (const bar of bars) this.bars.set(bar[0], bar);
  }
}

const changes = fc.record({
  task: fc.nat(5),
  state: fc.nat(9),
  bar: fc.nat(3),
  end: fc.nat(100),
  isTaken: fc.boolean(),
});

describe('PendingFrames', () => {
  it('makes of a run’s frames that follow each other one that says the same', () => {
    fc.assert(
      fc.property(fc.array(changes, { minLength: 1, maxLength: 40 }), (steps) => {
        const pending = new PendingFrames();
        const [all, slow] = [new PageView(), new PageView()];
        const deliver = (): void => {
          const frame = pending.take();
          if (frame?.kind === 'run') slow.apply(frame.data);
        };
        for (const [version, { task, state, bar, end, isTaken }] of steps.entries()) {
          const data = runFrame(version, version + 1, {
            tasks: [task, state, 1, -1],
            bars: [[bar, task, 1, 0, 0, 0, end, 0]],
          });
          all.apply(data);
          expect(pending.put({ kind: 'run', data })).toBe(true);
          expect(pending.size).toBe(1);
          if (isTaken) deliver();
        }
        deliver();
        expect([slow.version, slow.tasks, slow.bars]).toEqual([all.version, all.tasks, all.bars]);
      }),
    );
  });

  it('keeps the later of two frames that do not follow each other, so that the gap shows', () => {
    const pending = new PendingFrames();
    pending.put({ kind: 'run', data: runFrame(0, 1, { tasks: [0, 1, 1, -1] }) });
    const later = runFrame(3, 4, { tasks: [1, 1, 1, -1] });
    pending.put({ kind: 'run', data: later });
    expect(pending.take()?.data).toBe(later);
    expect(pending.take()).toBeUndefined();
    pending.put({ kind: 'run', data: runFrame(0, 1) });
    const other = { ...runFrame(1, 2), runId: 'other' };
    pending.put({ kind: 'run', data: other });
    expect(pending.take()?.data).toBe(other);
  });

  it('drops what waits of a run rather than carry more tasks than any run has', () => {
    const pending = new PendingFrames();
    const tasks = Array.from({ length: MOST_WAITING_TASKS * 4 }, (_, at) => (at % 4 === 0 ? at / 4 : 0));
    pending.put({ kind: 'run', data: runFrame(0, 1, { tasks }) });
    const one = runFrame(1, 2, { tasks: [MOST_WAITING_TASKS, 1, 1, -1] });
    pending.put({ kind: 'run', data: one });
    expect(pending.take()?.data).toBe(one);
  });

  it('keeps each run’s newest row, and gives up beyond a bound', () => {
    const pending = new PendingFrames();
    const tell = (runId: string, steps: number) =>
      pending.put({
        kind: 'runs',
        data: { changed: [runRow(runId, { steps })], total: steps, counts: { running: steps } },
      });
    tell('a', 1);
    tell('b', 2);
    tell('a', 3);
    expect(pending.take()?.data).toEqual({
      changed: [runRow('a', { steps: 3 }), runRow('b', { steps: 2 })],
      total: 3,
      counts: { running: 3 },
    });
    for (let at = 0; at < MOST_WAITING_RUNS; at++) expect(tell(`r${at}`, at)).toBe(true);
    expect(tell('one-more', 0)).toBe(false);
    expect(pending.size).toBe(0);
  });

  it('keeps the newest alone of what stands for itself, and gives the oldest kind first', () => {
    const pending = new PendingFrames();
    pending.put({ kind: 'task', data: taskOf('r', 'old') });
    pending.put({ kind: 'run', data: runFrame(0, 1) });
    pending.put({ kind: 'task', data: taskOf('r', 'new') });
    expect(pending.size).toBe(2);
    expect(pending.take()?.kind).toBe('run');
    expect(pending.take()?.data).toMatchObject({ name: 'new' });
  });
});
