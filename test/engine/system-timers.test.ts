// Checks the real clock's timers: never early, in order, cheap to cancel, nothing left after close.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { heapUsedAfterCollection } from '../support/collect-garbage.ts';

const run = promisify(execFile);
const MODULE_URL = new URL('../../src/engine/system-timers.ts', import.meta.url).href;

function countTimeouts(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

/** Resolves with the clock's time at which the timer called back. */
function wait(timers: SystemTimers, atMs: number): Promise<number> {
  return new Promise((resolve) => timers.schedule(atMs, () => resolve(timers.now())));
}

describe('SystemTimers', () => {
  it('never calls back early', async () => {
    using timers = new SystemTimers();
    const dues = Array.from({ length: 60 }, (_, index) => timers.now() + index * 0.7);
    const fired = await Promise.all(dues.map((atMs) => wait(timers, atMs)));
    for (const [index, atMs] of dues.entries()) expect(fired[index]).toBeGreaterThanOrEqual(atMs);
    expect(timers.pending).toBe(0);
  });

  it('calls back in order of time, and of scheduling at one time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -5, max: 8 }), { maxLength: 30 }), async (offsets) => {
        using timers = new SystemTimers();
        const startMs = timers.now();
        const order: { offset: number; index: number }[] = [];
        for (const [index, offset] of offsets.entries()) {
          timers.schedule(startMs + offset, () => order.push({ offset, index }));
        }
        await wait(timers, startMs + 9);
        expect(order).toEqual([...order].sort((a, b) => a.offset - b.offset || a.index - b.index));
        expect(order).toHaveLength(offsets.length);
      }),
      { numRuns: 20 },
    );
  });

  it('calls back for a time that has passed, but not within schedule', async () => {
    using timers = new SystemTimers();
    let called = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    timers.schedule(0, () => {
      called = true;
      resolve();
    });
    expect(called).toBe(false);
    await promise;
    expect(called).toBe(true);
  });

  it('lets a timer that always schedules itself at once starve nobody', async () => {
    using timers = new SystemTimers();
    let turns = 0;
    const again = (): void => {
      turns++;
      timers.schedule(0, again);
    };
    again();
    await wait(timers, timers.now() + 10);
    expect(turns).toBeGreaterThan(1);
  });

  it('calls nothing that was cancelled, even by a callback of the same moment', async () => {
    using timers = new SystemTimers();
    const called: string[] = [];
    const atMs = timers.now() + 2;
    timers.schedule(atMs, () => {
      called.push('first');
      timers.cancel(second);
    });
    const second = timers.schedule(atMs, () => called.push('second'));
    const third = timers.schedule(atMs, () => called.push('third'));
    timers.cancel(third);
    timers.cancel(third);
    await wait(timers, atMs + 2);
    expect(called).toEqual(['first']);
    timers.cancel(third);
    expect(timers.pending).toBe(0);
  });

  it('wakes for an earlier timer that comes later, also when the one it was armed for is cancelled', async () => {
    const before = countTimeouts();
    using timers = new SystemTimers();
    const far = timers.schedule(timers.now() + 50_000, () => expect.unreachable());
    const early = wait(timers, timers.now() + 3);
    timers.cancel(far);
    await early;
    expect(countTimeouts()).toBe(before);
  });

  it('holds one system timer for a million pending ones and none when they are cancelled', () => {
    const before = countTimeouts();
    using timers = new SystemTimers();
    const nothing = (): void => {};
    const heapBefore = heapUsedAfterCollection();
    const cost = (count: number): { handles: ReturnType<typeof timers.schedule>[]; nanoseconds: number } => {
      const startMs = timers.now() + 100_000;
      const startedAt = performance.now();
      const handles = [];
      for (let index = 0; index < count; index++) {
        handles.push(timers.schedule(startMs + ((index * 7_919) % 1_000_003), nothing));
      }
      return { handles, nanoseconds: ((performance.now() - startedAt) * 1e6) / count };
    };
    cost(10_000).handles.forEach((handle) => {
      timers.cancel(handle);
    });
    const few = cost(10_000);
    const million = cost(1_000_000);
    const atMillion = cost(10_000);
    expect(timers.pending).toBe(1_020_000);
    expect(countTimeouts()).toBe(before + 1);
    const startedAt = performance.now();
    for (const { handles } of [few, million, atMillion]) for (const handle of handles) timers.cancel(handle);
    const cancelNanoseconds = ((performance.now() - startedAt) * 1e6) / 1_020_000;
    console.log(
      `timers: schedule ${few.nanoseconds.toFixed(0)} ns at 10 k pending, ${atMillion.nanoseconds.toFixed(0)} ns at ` +
        `1 M; cancel ${cancelNanoseconds.toFixed(0)} ns`,
    );
    expect(timers.pending).toBe(0);
    expect(countTimeouts()).toBe(before);
    few.handles.length = million.handles.length = atMillion.handles.length = 0;
    expect(heapUsedAfterCollection() - heapBefore).toBeLessThan(3_000_000);
    expect(atMillion.nanoseconds).toBeLessThan(few.nanoseconds * 10 + 2_000);
  }, 30_000);

  it('keeps memory flat when each timer is cancelled before it is due, as deadlines are', () => {
    using timers = new SystemTimers();
    const keeper = timers.schedule(timers.now() + 1_000, () => {});
    const before = heapUsedAfterCollection();
    for (let index = 0; index < 500_000; index++) timers.cancel(timers.schedule(timers.now() + 60_000, () => {}));
    expect(heapUsedAfterCollection() - before).toBeLessThan(2_000_000);
    expect(timers.pending).toBe(1);
    timers.cancel(keeper);
  });

  it('takes waits beyond 2³¹ ms, and Infinity, without calling back at once', async () => {
    using timers = new SystemTimers();
    timers.schedule(timers.now() + 2 ** 33, () => expect.unreachable());
    timers.schedule(Number.POSITIVE_INFINITY, () => expect.unreachable());
    await wait(timers, timers.now() + 20);
    expect(timers.pending).toBe(2);
  });

  it('reports what a callback throws and calls the others all the same', async () => {
    const errors: unknown[] = [];
    using timers = new SystemTimers({ onError: (error) => errors.push(error) });
    timers.schedule(0, () => {
      throw new Error('wrong');
    });
    await wait(timers, 0);
    expect(errors).toMatchObject([{ message: 'wrong' }]);
  });

  it('leaves no handle after close, calls nothing, and refuses new timers', async () => {
    const before = countTimeouts();
    const timers = new SystemTimers();
    timers.schedule(0, () => expect.unreachable());
    const handle = timers.schedule(timers.now() + 1, () => expect.unreachable());
    timers.close();
    timers.close();
    timers.cancel(handle);
    expect(countTimeouts()).toBe(before);
    expect(timers.pending).toBe(0);
    expect(() => timers.schedule(0, () => {})).toThrow(expect.objectContaining({ code: 'ENGINE_CLOSED' }));
    using others = new SystemTimers();
    await wait(others, others.now() + 5);
  });

  it('can be closed by one of its own callbacks', async () => {
    const timers = new SystemTimers();
    const { promise, resolve } = Promise.withResolvers<void>();
    timers.schedule(0, () => {
      timers.close();
      resolve();
    });
    timers.schedule(0, () => expect.unreachable());
    await promise;
    expect(timers.pending).toBe(0);
  });

  it('refuses NaN', () => {
    using timers = new SystemTimers();
    expect(() => timers.schedule(Number.NaN, () => {})).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
  });

  it('keeps the process alive for a pending timer by default, and with unref lets it end', async () => {
    const script = (options: string): string =>
      `import { SystemTimers } from ${JSON.stringify(MODULE_URL)};
       const timers = new SystemTimers(${options});
       timers.schedule(timers.now() + 300, () => console.log('fired'));`;
    const outputs = await Promise.all(
      ['{}', '{ unref: true }'].map((options) =>
        run(process.execPath, ['--input-type=module', '--eval', script(options)]),
      ),
    );
    expect(outputs.map(({ stdout }) => stdout)).toEqual(['fired\n', '']);
  });
});
