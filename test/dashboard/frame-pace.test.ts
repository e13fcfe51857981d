// Tests the pace of frames in virtual time.

import { describe, expect, it, test } from 'vitest';
import { FramePace, withoutFault } from '../../src/dashboard/frame-pace.ts';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
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

test('a frame that cannot be built, the engine being closed, is left out and ends nothing', () => {
  expect(() =>
    withoutFault(() => {
      throw new RuntimeError('ENGINE_CLOSED', 'the journal is closed');
    }),
  ).not.toThrow();
  expect(() =>
    withoutFault(() => {
      throw new TypeError('a fault of ours');
    }),
  ).toThrow(TypeError);
});
