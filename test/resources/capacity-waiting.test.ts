// Tests who gets capacity next, and how waits end: order, waking, cancel, time-out, several resources at once.

import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { realAtomics } from '../../src/resources/atomics-layer.ts';
import { CapacityLedger } from '../../src/resources/capacity-ledger.ts';
import { ThreadCapacity } from '../../src/resources/thread-capacity.ts';
import { codeOf, createTestGuard, follow, settle } from './virtual-time.ts';

/** A guard with resources of the given capacities, and tools to hold and to wait. */
function createBench(
  capacities: Record<string, number>,
  options: { maxWaiters?: number; ledger?: CapacityLedger } = {},
) {
  const made = createTestGuard(options);
  for (const [id, capacity] of Object.entries(capacities)) made.guard.register(id, 'custom', capacity);
  const hold = (request: Record<string, number>) => {
    const prepared = made.guard.prepare(request);
    expect(made.guard.tryGrant(prepared)).toBe(true);
    return () => made.guard.giveBack(prepared);
  };
  const wait = (request: Record<string, number>, how: Parameters<typeof made.guard.acquire>[1] = {}) =>
    follow(made.guard.acquire(request, how));
  const release = (followed: ReturnType<typeof wait>) => made.guard.release(followed.value?.allocationId ?? 'none');
  return { ...made, hold, wait, release };
}

describe('waking', () => {
  it('12. hands a released unit over to the waiter: it is never up for grabs', async () => {
    const { guard, hold, wait } = createBench({ r: 1 });
    const giveBack = hold({ r: 1 });
    const waiter = wait({ r: 1 });
    await settle();
    giveBack();
    expect(guard.getUsage('r').available).toBe(0);
    expect(guard.allocate('r', 'grabber')).toBeNull();
    await settle();
    expect(waiter.state).toBe('granted');
  });

  it('17. a waiter that wants 7 runs when the capacity is raised far enough, and 3 are left', async () => {
    const { guard, hold, wait } = createBench({ r: 7 });
    const giveBack = hold({ r: 7 });
    const waiter = wait({ r: 7 });
    guard.setCapacity('r', 5);
    giveBack();
    await settle();
    expect(waiter.state).toBe('waiting');
    guard.setCapacity('r', 10);
    await settle();
    expect(waiter.state).toBe('granted');
    expect(guard.getUsage('r').available).toBe(3);
  });

  it('wakes waiters when a resource comes back from maintenance', async () => {
    const { guard, wait } = createBench({ a: 1, b: 1 });
    guard.setStatus('a', 'maintenance');
    const waiter = wait({ a: 1, b: 1 });
    await settle();
    expect(waiter.state).toBe('waiting');
    expect(guard.getUsage('b').current).toBe(0);
    guard.setStatus('a', 'available');
    await settle();
    expect(waiter.state).toBe('granted');
  });
});

describe('order', () => {
  it('18. is first come, first served: the wide one first, the small one behind it after', async () => {
    const { hold, wait, release } = createBench({ r: 5 });
    const giveBack = hold({ r: 1 });
    const wide = wait({ r: 5 });
    const small = wait({ r: 3 });
    await settle();
    expect([wide.state, small.state]).toEqual(['waiting', 'waiting']);
    giveBack();
    await settle();
    expect([wide.state, small.state]).toEqual(['granted', 'waiting']);
    release(wide);
    await settle();
    expect(small.state).toBe('granted');
  });

  it('19. 20. a small request does not overtake a wide one ahead of it, neither waiting, nor timed, nor as a try', async () => {
    const { guard, hold, wait, release } = createBench({ r: 3 });
    const giveBack = hold({ r: 2 });
    const wide = wait({ r: 3 });
    const small = wait({ r: 1 });
    const timed = wait({ r: 1 }, { timeoutMs: 0 });
    await settle();
    expect(guard.getUsage('r').available).toBe(1);
    expect([wide.state, small.state, timed.state]).toEqual(['waiting', 'waiting', 'refused']);
    expect(guard.allocate('r', 'try')).toBeNull();
    expect(guard.tryGrant(guard.prepare({ r: 1 }))).toBe(false);
    giveBack();
    await settle();
    expect([wide.state, small.state]).toEqual(['granted', 'waiting']);
    release(wide);
    await settle();
    expect(small.state).toBe('granted');
  });

  it('21. priorities go first in level order, equal ones in order of arrival', async () => {
    const { hold, wait, release } = createBench({ r: 1 });
    const giveBack = hold({ r: 1 });
    const order: string[] = [];
    const waiters = ([2, 4, 0, 2, 1, 0, 3] as const).map((priority, i) => {
      const waiter = wait({ r: 1 }, { priority });
      return { name: `${priority}.${i}`, waiter };
    });
    giveBack();
    for (let round = 0; round < waiters.length; round++) {
      await settle();
      const next = waiters.find(({ name, waiter }) => waiter.state === 'granted' && !order.includes(name));
      expect(next).toBeDefined();
      if (next === undefined) return;
      order.push(next.name);
      release(next.waiter);
    }
    expect(order).toEqual(['0.2', '0.5', '1.4', '2.0', '2.3', '3.6', '4.1']);
  });

  it('a higher priority may take what is free beside a wide one of lower priority that waits', async () => {
    const { hold, wait } = createBench({ r: 3 });
    hold({ r: 2 });
    const wide = wait({ r: 3 }, { priority: 3 });
    const urgent = wait({ r: 1 }, { priority: 0 });
    await settle();
    expect([wide.state, urgent.state]).toEqual(['waiting', 'granted']);
  });
});

describe('cancel and time out', () => {
  it('22. 27. cancelling the head lets the next that fits run at once', async () => {
    const { guard, hold, wait } = createBench({ r: 10 });
    hold({ r: 4 });
    const abort = new AbortController();
    const head = wait({ r: 8 }, { signal: abort.signal });
    const next = wait({ r: 6 });
    await settle();
    expect([head.state, next.state]).toEqual(['waiting', 'waiting']);
    const reason = new Error('no longer wanted');
    abort.abort(reason);
    expect(guard.getUsage('r').available).toBe(0);
    await settle();
    expect(head.error).toBe(reason);
    expect(next.state).toBe('granted');
  });

  it('24. times out no earlier than the limit and holds nothing', async () => {
    const { guard, time, hold, wait } = createBench({ r: 1, s: 1 });
    hold({ r: 1 });
    const waiter = wait({ r: 1, s: 1 }, { timeoutMs: 100 });
    time.advance(99);
    await settle();
    expect(waiter.state).toBe('waiting');
    time.advance(1);
    await settle();
    expect(waiter.error).toMatchObject({ code: 'RESOURCE_TIMEOUT', retryable: true });
    expect(guard.getUsage('s').available).toBe(1);
    expect(guard.getUsage('r').waiting).toBe(0);
    expect(time.pendingTimers).toBe(0);
  });

  it('a granted wait takes its timer and its abort listener back', async () => {
    const { time, hold, wait } = createBench({ r: 1 });
    const giveBack = hold({ r: 1 });
    const abort = new AbortController();
    const waiter = wait({ r: 1 }, { timeoutMs: 100, signal: abort.signal });
    expect([time.pendingTimers, getEventListeners(abort.signal, 'abort').length]).toEqual([1, 1]);
    giveBack();
    expect([time.pendingTimers, getEventListeners(abort.signal, 'abort').length]).toEqual([0, 0]);
    // 28. The permit that was handed over stays with its waiter, whatever is aborted afterwards.
    abort.abort();
    await settle();
    expect(waiter.state).toBe('granted');
  });

  it('25. counts who waits: 0, 1, 2, after a cancel 1, after a release 0', async () => {
    const { guard, hold, wait } = createBench({ r: 1 });
    const waiting = () => guard.getUsage('r').waiting;
    const giveBack = hold({ r: 1 });
    const counts = [waiting()];
    const abort = new AbortController();
    wait({ r: 1 });
    counts.push(waiting());
    wait({ r: 1 }, { signal: abort.signal });
    counts.push(waiting());
    abort.abort();
    counts.push(waiting());
    giveBack();
    counts.push(waiting());
    await settle();
    expect(counts).toEqual([0, 1, 2, 1, 0]);
  });

  it('26. an abort before the wait fails at once, though there is room', async () => {
    const { guard } = createBench({ r: 1 });
    await expect(guard.acquire({ r: 1 }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(guard.getUsage('r').current).toBe(0);
  });

  it('refuses a time-out, a priority and a number of waiters that make no sense', async () => {
    const { guard, hold, wait } = createBench({ r: 1 }, { maxWaiters: 2 });
    await expect(guard.acquire({ r: 1 }, { timeoutMs: -1 })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    await expect(guard.acquire({ r: 1 }, { timeoutMs: Number.NaN })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    });
    await expect(guard.acquire({ r: 1 }, { priority: JSON.parse('5') })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    });
    hold({ r: 1 });
    wait({ r: 1 });
    wait({ r: 1 });
    await expect(guard.acquire({ r: 1 })).rejects.toMatchObject({ code: 'RESOURCE_LIMIT' });
    expect(guard.getUsage('r').waiting).toBe(2);
  });
});

describe('several resources at once', () => {
  it('36. while a wide request lacks one resource, it holds nothing of the others, and others may take them', async () => {
    const { guard, hold, wait, release } = createBench({ a: 1, b: 1 });
    const giveBack = hold({ b: 1 });
    const both = wait({ a: 1, b: 1 });
    await settle();
    expect(guard.getUsage('a').current).toBe(0);
    const meanwhile = guard.allocate('a', 'other');
    expect(meanwhile).not.toBeNull();
    giveBack();
    await settle();
    expect(both.state).toBe('waiting');
    // Now it is `a` that it lacks, so nobody gets that before it.
    expect(guard.allocate('a', 'another')).toBeNull();
    guard.release(meanwhile?.allocationId ?? '');
    await settle();
    expect(both.state).toBe('granted');
    release(both);
    expect([guard.getUsage('a').current, guard.getUsage('b').current]).toEqual([0, 0]);
  });

  it('a wide request is not passed for ever: after a few times all it wants is kept for it', async () => {
    const { guard, hold, wait } = createBench({ a: 1, b: 1 });
    let giveBack = hold({ b: 1 });
    const both = wait({ a: 1, b: 1 });
    let passed = 0;
    // Whatever it does not lack is taken, right before what it lacks comes free.
    for (let round = 0; round < 20 && both.state === 'waiting'; round++) {
      const other = guard.getUsage('a').current === 0 ? 'a' : 'b';
      const prepared = guard.prepare({ [other]: 1 });
      const taken = guard.tryGrant(prepared);
      if (taken) passed += 1;
      giveBack();
      await settle();
      if (taken) giveBack = () => guard.giveBack(prepared);
    }
    expect(both.state).toBe('granted');
    expect(passed).toBeGreaterThan(0);
    expect(passed).toBeLessThanOrEqual(5);
  });

  it('a request kept waiting by maintenance keeps nothing else from the others', async () => {
    const { guard, hold, wait } = createBench({ a: 1, b: 1 });
    let giveBack = hold({ b: 1 });
    const both = wait({ a: 1, b: 1 });
    for (let round = 0; round < 4; round++) {
      const other = guard.prepare(round % 2 === 0 ? { a: 1 } : { b: 1 });
      expect(guard.tryGrant(other)).toBe(true);
      giveBack();
      giveBack = () => guard.giveBack(other);
    }
    // It lacks `b`; `a` is free and kept for it.
    expect(guard.allocate('a', 'other')).toBeNull();
    guard.setStatus('b', 'offline');
    const meanwhile = guard.allocate('a', 'other');
    expect(meanwhile).not.toBeNull();
    giveBack();
    guard.setStatus('b', 'available');
    guard.release(meanwhile?.allocationId ?? '');
    await settle();
    expect(both.state).toBe('granted');
  });

  it('a request that changes what it waits for keeps the place its arrival gave it', async () => {
    const { guard, hold, wait } = createBench({ a: 1, b: 1 });
    const giveBackB = hold({ b: 1 });
    const both = wait({ a: 1, b: 1 });
    const giveBackA = hold({ a: 1 });
    const later = [wait({ a: 1 }), wait({ a: 1 })];
    // Now it lacks `a`, for which others wait already; it was there before them.
    giveBackB();
    await settle();
    giveBackA();
    await settle();
    expect([both, ...later].map((one) => one.state)).toEqual(['granted', 'waiting', 'waiting']);
    guard.release(both.value?.allocationId ?? '');
    await settle();
    expect(later.map((one) => one.state)).toEqual(['granted', 'waiting']);
  });

  it('when the one for whom resources are kept gives up, those behind it get them', async () => {
    const { guard, hold, wait } = createBench({ a: 1, b: 1 });
    let giveBack = hold({ b: 1 });
    const abort = new AbortController();
    wait({ a: 1, b: 1 }, { signal: abort.signal });
    for (let round = 0; round < 4; round++) {
      const other = guard.prepare(round % 2 === 0 ? { a: 1 } : { b: 1 });
      expect(guard.tryGrant(other)).toBe(true);
      giveBack();
      giveBack = () => guard.giveBack(other);
    }
    const behind = wait({ a: 1 });
    await settle();
    expect(guard.getUsage('a').available).toBe(1);
    expect(behind.state).toBe('waiting');
    abort.abort();
    await settle();
    expect(behind.state).toBe('granted');
  });

  it('15. a thread that gives back while a waiter changes what it waits for does not leave it asleep', async () => {
    let beforeAwaited: () => void = () => undefined;
    const ledger = CapacityLedger.create({
      ...realAtomics,
      or: (...words) => {
        beforeAwaited();
        return realAtomics.or(...words);
      },
    });
    const { guard, hold, wait } = createBench({ a: 1, b: 1 }, { ledger });
    const thread = new ThreadCapacity(ledger.buffer, 5);
    const giveBack = hold({ b: 1 });
    const both = wait({ a: 1, b: 1 });
    const id = thread.tryAllocate({ a: 1 }) ?? '';
    // Right between the failed try for `a` and the bit that would have the thread wake somebody.
    beforeAwaited = () => {
      beforeAwaited = () => undefined;
      thread.release(id);
    };
    giveBack();
    await settle();
    expect(both.state).toBe('granted');
    guard.close();
  });

  it('38. five philosophers with five forks all eat, a hundred times', async () => {
    const { guard } = createBench({ f0: 1, f1: 1, f2: 1, f3: 1, f4: 1 });
    const meals = await Promise.all(
      [0, 1, 2, 3, 4].map(async (seat) => {
        let eaten = 0;
        for (; eaten < 100; eaten++) {
          const forks = await guard.acquire({ [`f${seat}`]: 1, [`f${(seat + 1) % 5}`]: 1 });
          await settle();
          guard.release(forks.allocationId);
        }
        return eaten;
      }),
    );
    expect(meals).toEqual([100, 100, 100, 100, 100]);
    for (let i = 0; i < 5; i++) expect(guard.getUsage(`f${i}`)).toMatchObject({ current: 0, waiting: 0, peak: 1 });
  });
});

describe('the engine beside those who wait', () => {
  it('hears once a microtask that capacity may have come free, whatever freed it', async () => {
    const { guard, hold } = createBench({ r: 4 });
    let calls = 0;
    const stop = guard.onFreed(() => {
      calls += 1;
    });
    const backs = [hold({ r: 1 }), hold({ r: 1 }), hold({ r: 1 })];
    for (const giveBack of backs) giveBack();
    await settle();
    expect(calls).toBe(1);
    guard.setCapacity('r', 5);
    await settle();
    expect(calls).toBe(2);
    guard.setStatus('r', 'available');
    await settle();
    expect(calls).toBe(3);
    stop();
    hold({ r: 1 })();
    await settle();
    expect(calls).toBe(3);
  });

  it('hears it when a waiter that was in its way gives up', async () => {
    const { guard, hold, wait } = createBench({ r: 2 });
    hold({ r: 1 });
    const abort = new AbortController();
    wait({ r: 2 }, { signal: abort.signal });
    const task = guard.prepare({ r: 1 });
    expect(guard.tryGrant(task)).toBe(false);
    guard.markWaiting(task);
    let granted = false;
    guard.onFreed(() => {
      granted ||= guard.tryGrant(task);
    });
    await settle();
    expect(granted).toBe(false);
    abort.abort();
    await settle();
    expect(granted).toBe(true);
    guard.unmarkWaiting(task);
    expect(guard.getUsage('r').waiting).toBe(0);
  });

  it('has what a thread gave back between the failed try and the mark', () => {
    const { guard } = createBench({ r: 1 });
    const thread = new ThreadCapacity(guard.ledger.buffer, 5);
    const id = thread.tryAllocate({ r: 1 }) ?? '';
    const task = guard.prepare({ r: 1 });
    expect(guard.tryGrant(task)).toBe(false);
    thread.release(id);
    guard.markWaiting(task);
    // Whoever marks tries once more: what comes free from now on is told, what came before is there.
    expect(guard.tryGrant(task)).toBe(true);
    guard.close();
  });

  it('marks do not stop the main thread itself, and count as waiting', () => {
    const { guard } = createBench({ r: 2 });
    const task = guard.prepare({ r: 2 });
    guard.markWaiting(task);
    guard.markWaiting(task);
    expect(guard.getUsage('r').waiting).toBe(2);
    expect(guard.tryGrant(task)).toBe(true);
    guard.giveBack(task);
    guard.unmarkWaiting(task);
    guard.unmarkWaiting(task);
    guard.unmarkWaiting(task);
    expect(guard.getUsage('r').waiting).toBe(0);
    expect(codeOf(() => guard.prepare({ r: 3 }))).toBe('RESOURCE_CAPACITY_EXCEEDED');
  });
});
