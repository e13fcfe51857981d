// Tests the pace of frames in virtual time.

import { describe, expect, it } from 'vitest';
import { FramePace } from '../../src/dashboard/frame-pace.ts';
import { ManualTimers } from '../support/manual-timers.ts';

function paceOf(everyMs: number) {
  const timers = new ManualTimers();
  const builtMs: number[] = [];
  const pace = new FramePace(timers, everyMs, () => builtMs.push(timers.monotonicMs()));
  return { timers, pace, builtMs };
}

describe('FramePace', () => {
  it('builds soon after the first mark, then once an interval however often it is marked', () => {
    const { timers, pace, builtMs } = paceOf(100);
    for (let step = 0; step < 50; step++) {
      pace.mark();
      pace.mark();
      timers.advance(10);
    }
    expect(builtMs.length).toBeLessThanOrEqual(6);
    expect(builtMs[0]).toBeLessThanOrEqual(10);
    const gaps = builtMs.slice(1).map((atMs, index) => atMs - (builtMs[index] ?? 0));
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(100);
  });

  it('builds nothing while nothing is marked, nor after it is closed', () => {
    const { timers, pace, builtMs } = paceOf(100);
    timers.advance(1_000);
    expect(builtMs).toEqual([]);
    pace.mark();
    pace.close();
    pace.mark();
    timers.advance(1_000);
    expect(builtMs).toEqual([]);
  });
});
