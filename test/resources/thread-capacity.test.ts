// Tests a thread's face on the shared bytes, and waits on its behalf, in chosen orders of steps.

import { describe, expect, it } from 'vitest';
import { realAtomics } from '../../src/resources/atomics-layer.ts';
import { ThreadCapacity } from '../../src/resources/thread-capacity.ts';
import { codeOf, createTestGuard, follow, settle } from './virtual-time.ts';

// Both faces on the same bytes, in one thread, so that each order of steps is a chosen one.
function createBench(capacities: Record<string, number>) {
  const made = createTestGuard();
  for (const [id, capacity] of Object.entries(capacities)) made.guard.register(id, 'custom', capacity);
  const thread = (threadId: number) => new ThreadCapacity(made.guard.ledger.buffer, threadId);
  return { ...made, thread };
}

describe('ThreadCapacity', () => {
  it('takes and releases on the bytes that the main thread sees, all or nothing', () => {
    const { guard, thread } = createBench({ a: 2, b: 1 });
    const capacity = thread(5);
    const id = capacity.tryAllocate({ a: 1, b: 1 });
    expect(guard.getUsage('a')).toMatchObject({ current: 1, available: 1, allocationCount: 1 });
    expect(capacity.tryAllocate({ a: 1, b: 1 })).toBeNull();
    expect(guard.getUsage('a').current).toBe(1);
    expect(guard.allocate('b', 'main')).toBeNull();
    capacity.release(id ?? '');
    expect(guard.getUsage('b')).toMatchObject({ current: 0, allocationCount: 0 });
  });

  it('sees resources that are registered after it was made', () => {
    const { guard, thread } = createBench({ a: 1 });
    const capacity = thread(5);
    expect(codeOf(() => capacity.tryAllocate({ later: 1 }))).toBe('RESOURCE_NOT_FOUND');
    guard.register('later', 'memory', 1, { granularity: 0.5 });
    expect(capacity.tryAllocate({ later: 0.5 })).not.toBeNull();
    expect(guard.getUsage('later').current).toBe(0.5);
  });

  it('refuses bad input with the codes of the main thread', () => {
    const { thread } = createBench({ a: 2 });
    const capacity = thread(5);
    for (const amount of [0, -1, 0.5, Number.NaN]) {
      expect(codeOf(() => capacity.tryAllocate({ a: amount }))).toBe('RESOURCE_AMOUNT_INVALID');
    }
    expect(codeOf(() => capacity.tryAllocate({ a: 3 }))).toBe('RESOURCE_CAPACITY_EXCEEDED');
    expect(codeOf(() => capacity.tryAllocate({}))).toBe('ARGUMENT_INVALID');
    expect(codeOf(() => thread(0))).toBe('ARGUMENT_INVALID');
    expect(codeOf(() => new ThreadCapacity(new SharedArrayBuffer(8), 1))).toBe('ARGUMENT_INVALID');
  });

  it('32. 33. tells unknown, released and foreign allocations apart', () => {
    const { guard, thread } = createBench({ a: 2 });
    const [one, two] = [thread(5), thread(6)];
    const id = one.tryAllocate({ a: 1 }) ?? '';
    expect(codeOf(() => two.release(id))).toBe('ALLOCATION_STALE');
    one.release(id);
    expect(codeOf(() => one.release(id))).toBe('ALLOCATION_RELEASED');
    expect(codeOf(() => one.release('t5.0-99'))).toBe('ALLOCATION_NOT_FOUND');
    expect(codeOf(() => one.release('anything'))).toBe('ALLOCATION_NOT_FOUND');
    expect(guard.getUsage('a').current).toBe(0);
  });

  it('gives back after an attempt what the attempt left, and says how many', () => {
    const { guard, thread } = createBench({ a: 9 });
    const capacity = thread(5);
    const ids = [1, 2, 3].map((amount) => capacity.tryAllocate({ a: amount }) ?? '');
    capacity.release(ids[1] ?? '');
    expect(capacity.releaseEverything()).toBe(2);
    expect(capacity.releaseEverything()).toBe(0);
    expect(guard.getUsage('a')).toMatchObject({ current: 0, allocationCount: 0 });
    expect(codeOf(() => capacity.release(ids[0] ?? ''))).toBe('ALLOCATION_RELEASED');
  });

  it('19. does not overtake those who wait on the main thread, be it acquire or a marked task', async () => {
    const { guard, thread } = createBench({ a: 3, b: 1 });
    const capacity = thread(5);
    const held = capacity.tryAllocate({ a: 2 }) ?? '';
    const wide = follow(guard.acquire({ a: 3 }));
    expect(capacity.tryAllocate({ a: 1 })).toBeNull();
    expect(capacity.tryAllocate({ b: 1 })).not.toBeNull();
    capacity.release(held);
    expect(capacity.tryAllocate({ a: 1 })).toBeNull();
    await expect.poll(() => wide.state).toBe('granted');
    guard.release(wide.value?.allocationId ?? '');
    const task = guard.prepare({ a: 3 });
    guard.markWaiting(task);
    expect(capacity.tryAllocate({ a: 1 })).toBeNull();
    guard.unmarkWaiting(task);
    expect(capacity.tryAllocate({ a: 1 })).not.toBeNull();
  });

  it('15. a waiter that was refused because of a take which is then rolled back is woken', async () => {
    const { guard } = createBench({ a: 1, b: 1 });
    let afterFirst: () => void = () => undefined;
    const capacity = new ThreadCapacity(guard.ledger.buffer, 5, {
      ...realAtomics,
      compareExchange: (...words) => {
        const found = realAtomics.compareExchange(...words);
        if (guard.getUsage('a').current === 1) afterFirst();
        return found;
      },
    });
    const waiting: ReturnType<typeof follow>[] = [];
    // The thread has `a` and not yet `b`: now `b` goes, and somebody waits for `a`.
    afterFirst = () => {
      afterFirst = () => undefined;
      expect(guard.allocate('b', 'main')).not.toBeNull();
      waiting.push(follow(guard.acquire({ a: 1 })));
      expect(guard.getUsage('a').waiting).toBe(1);
    };
    expect(capacity.tryAllocate({ a: 1, b: 1 })).toBeNull();
    await expect.poll(() => waiting[0]?.state).toBe('granted');
    guard.close();
  });

  it('31. what an exited thread held comes back exactly once, with events, and wakes those who wait', async () => {
    const { guard, thread, events } = createBench({ a: 2, b: 2 });
    const capacity = thread(5);
    capacity.tryAllocate({ a: 2, b: 1 });
    const waiter = follow(guard.acquire({ a: 2 }));
    expect(guard.threadExited(5)).toEqual({ resources: { a: 2, b: 1 }, interrupted: false, pending: false });
    expect(guard.threadExited(5)).toEqual({ resources: {}, interrupted: false, pending: false });
    await settle();
    expect(waiter.state).toBe('granted');
    expect(guard.getUsage('b').current).toBe(0);
    const reclaimed = events.filter((event) => event.data.reclaimed === true);
    expect(reclaimed.map((event) => [event.subject.resourceId, event.data.amount, event.data.threadId])).toEqual([
      ['a', 2, 5],
      ['b', 1, 5],
    ]);
  });

  it('a sealed thread is refused everything, and what it holds comes back when it has exited', () => {
    const { guard, thread } = createBench({ a: 2 });
    const capacity = thread(5);
    const id = capacity.tryAllocate({ a: 1 }) ?? '';
    expect(guard.sealThread(5)).toBe('sealed');
    expect(guard.sealThread(6)).toBe('absent');
    expect(codeOf(() => capacity.tryAllocate({ a: 1 }))).toBe('RESOURCE_CLOSED');
    expect(codeOf(() => capacity.release(id))).toBe('RESOURCE_CLOSED');
    expect(capacity.releaseEverything()).toBe(0);
    expect(guard.threadExited(5).resources).toEqual({ a: 1 });
    expect(guard.getUsage('a').current).toBe(0);
  });

  it('29. a closed ledger grants nothing and takes back what is held', () => {
    const { guard, thread } = createBench({ a: 2 });
    const capacity = thread(5);
    const id = capacity.tryAllocate({ a: 1 }) ?? '';
    guard.close();
    expect(codeOf(() => capacity.tryAllocate({ a: 1 }))).toBe('RESOURCE_CLOSED');
    capacity.release(id);
    expect(guard.getUsage('a').current).toBe(0);
  });

  it('has room for 128 threads at a time, and for more after some have exited', () => {
    const { guard, thread } = createBench({ a: 2 });
    for (let threadId = 1; threadId <= 128; threadId++) thread(threadId);
    expect(codeOf(() => thread(129))).toBe('RESOURCE_LIMIT');
    guard.threadExited(64);
    thread(129);
    expect(guard.threadExited(129)).toEqual({ resources: {}, interrupted: false, pending: false });
  });
});

describe('waiting on behalf of a thread', () => {
  it('grants in the same queue, into the row of the thread, which adopts each grant once', async () => {
    const { guard, thread } = createBench({ a: 2, b: 1 });
    const capacity = thread(5);
    const held = guard.allocate('a', 'main', 1);
    const grant = follow(guard.acquireForThread(5, { a: 2, b: 1 }));
    const behind = follow(guard.acquire({ a: 1 }));
    await settle();
    expect([grant.state, behind.state]).toEqual(['waiting', 'waiting']);
    guard.release(held?.allocationId ?? '');
    await settle();
    expect([grant.state, behind.state]).toEqual(['granted', 'waiting']);
    expect(grant.value).toEqual({ resources: { a: 2, b: 1 } });
    const id = capacity.adopt(grant.value?.resources ?? {});
    expect(codeOf(() => capacity.adopt({ a: 2, b: 1 }))).toBe('ALLOCATION_STALE');
    expect(guard.getUsage('b').allocationCount).toBe(1);
    capacity.release(id);
    await expect.poll(() => behind.state).toBe('granted');
    expect(guard.threadExited(5).resources).toEqual({});
    expect(guard.getUsage('b').current).toBe(0);
  });

  it('a grant that the thread never adopted comes back when it exits', async () => {
    const { guard, thread } = createBench({ a: 2 });
    thread(5);
    await guard.acquireForThread(5, { a: 2 });
    expect(guard.threadExited(5)).toEqual({ resources: { a: 2 }, interrupted: false, pending: false });
    expect(guard.getUsage('a').current).toBe(0);
  });

  it('28. a grant for a thread that is gone, or sealed, is given back and wakes the next', async () => {
    const { guard, thread } = createBench({ a: 2 });
    thread(5);
    const held = guard.allocate('a', 'main', 2);
    const grant = follow(guard.acquireForThread(5, { a: 2 }));
    const next = follow(guard.acquire({ a: 2 }));
    guard.sealThread(5);
    guard.release(held?.allocationId ?? '');
    await settle();
    expect(grant.error).toMatchObject({ code: 'ALLOCATION_STALE' });
    expect(next.state).toBe('granted');
    guard.threadExited(5);
    await expect(guard.acquireForThread(5, { a: 1 })).rejects.toMatchObject({ code: 'ALLOCATION_STALE' });
    expect(guard.getUsage('a').current).toBe(2);
  });

  it('the waits of a thread end when it exits, and those behind them go on', async () => {
    const { guard, thread } = createBench({ a: 2 });
    thread(5);
    guard.allocate('a', 'main', 1);
    const wide = follow(guard.acquireForThread(5, { a: 2 }));
    const small = follow(guard.acquire({ a: 1 }));
    guard.threadExited(5);
    await settle();
    expect(wide.error).toMatchObject({ code: 'ALLOCATION_STALE' });
    expect(small.state).toBe('granted');
  });

  it('what a thread adopted before its capacity was lowered can still be adopted', async () => {
    const { guard, thread } = createBench({ a: 4 });
    const capacity = thread(5);
    const { resources } = await guard.acquireForThread(5, { a: 4 });
    guard.setCapacity('a', 1);
    capacity.release(capacity.adopt(resources));
    expect(guard.getUsage('a').current).toBe(0);
  });
});

describe('quotas in a thread', () => {
  it('are taken at once and come back one period after the main thread heard of it, also when the thread is gone', async () => {
    const { guard, time, thread } = createTestGuardWithQuota();
    const capacity = thread(5);
    const id = capacity.tryAllocate({ api: 2 }) ?? '';
    capacity.release(id);
    expect(capacity.tryAllocate({ api: 1 })).toBeNull();
    await expect.poll(() => time.pendingTimers).toBe(1);
    expect(guard.threadExited(5).resources).toEqual({});
    time.advance(99);
    expect(guard.getUsage('api').current).toBe(2);
    time.advance(1);
    expect(guard.getUsage('api').current).toBe(0);
    guard.close();
  });

  it('granted on behalf of a thread come back by themselves, never from the thread', async () => {
    const { guard, time, thread } = createTestGuardWithQuota();
    const capacity = thread(5);
    const { resources } = await guard.acquireForThread(5, { api: 1 });
    capacity.release(capacity.adopt(resources));
    expect(guard.getUsage('api').current).toBe(1);
    time.advance(100);
    expect(guard.getUsage('api').current).toBe(0);
    guard.close();
  });
});

function createTestGuardWithQuota() {
  const made = createTestGuard();
  made.guard.register('api', 'api_quota', 2, { refill: { periodMs: 100 } });
  return { ...made, thread: (threadId: number) => new ThreadCapacity(made.guard.ledger.buffer, threadId) };
}
