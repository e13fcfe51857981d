// Checks the watch over deadlocks on a real guard in virtual time: when it looks, whom it refuses, and that it is never
// wrong about the guard's own queue.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AllocationId, RunId, SessionId, TaskId } from '../../src/domain/ids.ts';
import { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import type { CapacityHolder } from '../../src/resources/deadlock-watch.ts';
import { ThreadCapacity } from '../../src/resources/thread-capacity.ts';
import { createTestGuard, follow, settle, VirtualTime } from './virtual-time.ts';

function body(task: string, rest: Partial<CapacityHolder> = {}): CapacityHolder {
  const ids = { sessionId: 's' as SessionId, runId: 'run' as RunId, taskId: `run/${task}` as TaskId };
  return { subject: { ...ids, task }, threadId: null, requesterId: task, request: null, ...rest };
}

/** A guard with resources of so many units, and bodies on the main loop of these names. */
function watched(capacities: Readonly<Record<string, number>>, bodies: readonly CapacityHolder[]) {
  const setup = createTestGuard();
  for (const [id, capacity] of Object.entries(capacities)) setup.guard.register(id, 'custom', capacity);
  setup.guard.watchDeadlocks(() => bodies);
  return setup;
}

describe('a deadlock of bodies', () => {
  it('ends after a second: the wait that closed the ring is refused, the other goes on', async () => {
    const { guard, time, events } = watched({ a: 1, b: 1 }, [body('one'), body('two')]);
    guard.allocate('a', 'one');
    guard.allocate('b', 'two');
    const first = follow(guard.acquire({ b: 1 }, { requesterId: 'one' }));
    time.advance(500);
    const second = follow(guard.acquire({ a: 1 }, { requesterId: 'two' }));
    expect(guard.findDeadlocks()).toMatchObject([
      {
        tasks: [{ task: 'one' }, { task: 'two' }],
        cycle: [
          { task: { runId: 'run', task: 'two', taskId: 'run/two' }, resourceId: 'a', because: 'holds' },
          { task: { task: 'one' }, resourceId: 'b', because: 'holds' },
        ],
        latest: { task: 'two' },
        message: 'deadlock: "two" waits for "a", which "one" holds; "one" waits for "b", which "two" holds',
      },
    ]);
    time.advance(999);
    await settle();
    expect([first.state, second.state]).toEqual(['waiting', 'waiting']);
    time.advance(1);
    await settle();
    expect([first.state, second.state]).toEqual(['waiting', 'refused']);
    expect(second.error).toMatchObject({
      code: 'RESOURCE_DEADLOCK',
      retryable: true,
      message: expect.stringMatching(/^task "two" does not get "a": deadlock: .*; declare what a step needs/),
      details: { refused: { task: 'two', resourceIds: ['a'] } },
    });
    expect(events.filter(({ type }) => type === 'resource.deadlock')).toMatchObject([
      {
        subject: { runId: 'run', task: 'two', taskId: 'run/two' },
        data: { refused: { task: 'two' }, tasks: [{}, {}] },
      },
    ]);
    guard.releaseAll('two');
    await settle();
    expect(first.state).toBe('granted');
    expect(guard.findDeadlocks()).toEqual([]);
  });

  it('is found in threads, by their rows and what their steps declared', async () => {
    const bodies: CapacityHolder[] = [];
    const { guard, time } = watched({ a: 1, b: 1, c: 1 }, bodies);
    const threads = [7, 8, 9].map((threadId) => new ThreadCapacity(guard.ledger.buffer, threadId));
    expect(threads[0]?.tryAllocate({ a: 1 })).not.toBeNull();
    // The second got b from the guard, the third declared c.
    await guard.acquireForThread(8, { b: 1 });
    threads[1]?.adopt({ b: 1 });
    const declared = guard.prepare({ c: 1 });
    expect(guard.tryGrant(declared)).toBe(true);
    bodies.push(body('seventh', { threadId: 7, requesterId: null }));
    bodies.push(body('eighth', { threadId: 8, requesterId: null }));
    bodies.push(body('ninth', { threadId: 9, requesterId: null, request: declared }));
    const waits = [
      follow(guard.acquireForThread(7, { b: 1 })),
      follow(guard.acquireForThread(8, { c: 1 })),
      follow(guard.acquireForThread(9, { a: 1 })),
    ];
    time.advance(1_000);
    await settle();
    expect(waits.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'refused']);
    expect(waits[2]?.error).toMatchObject({ code: 'RESOURCE_DEADLOCK', details: { cycle: [{}, {}, {}] } });
  });

  it('of two rings each lose one wait', async () => {
    const bodies = ['a', 'b', 'c', 'd'].map((name) => body(name));
    const { guard, time } = watched({ a: 1, b: 1, c: 1, d: 1 }, bodies);
    for (const name of ['a', 'b', 'c', 'd']) guard.allocate(name, name);
    const waits = [
      ['a', 'b'],
      ['b', 'a'],
      ['c', 'd'],
      ['d', 'c'],
    ].map(([by = '', of = '']) => follow(guard.acquire({ [of]: 1 }, { requesterId: by })));
    time.advance(1_000);
    await settle();
    expect(waits.map(({ state }) => state)).toEqual(['waiting', 'refused', 'waiting', 'refused']);
    expect(time.pendingTimers).toBe(1);
  });

  it('is none while somebody in it can go on when a body that waits for nothing ends', async () => {
    const bodies = [body('one'), body('two'), body('busy')];
    const { guard, time, events } = watched({ a: 2, b: 1 }, bodies);
    guard.allocate('a', 'one');
    guard.allocate('a', 'busy');
    guard.allocate('b', 'two');
    const first = follow(guard.acquire({ b: 1 }, { requesterId: 'one' }));
    const second = follow(guard.acquire({ a: 1 }, { requesterId: 'two' }));
    time.advance(60_000);
    await settle();
    expect([first.state, second.state]).toEqual(['waiting', 'waiting']);
    guard.releaseAll('busy');
    await settle();
    expect(second.state).toBe('granted');
    guard.releaseAll('two');
    await settle();
    expect([first.state, events.some(({ type }) => type === 'resource.deadlock')]).toEqual(['granted', false]);
  });

  it("is found through the line: the host's own request stands between", async () => {
    const { guard, time } = watched({ a: 2, b: 1 }, [body('one'), body('two')]);
    guard.allocate('a', 'one');
    guard.allocate('b', 'two');
    const host = follow(guard.acquire({ a: 2 }, { requesterId: 'host' }));
    const first = follow(guard.acquire({ b: 1 }, { requesterId: 'one' }));
    const second = follow(guard.acquire({ a: 1 }, { requesterId: 'two' }));
    expect(guard.findDeadlocks()[0]?.message).toBe(
      'deadlock: "two" waits for "a", for which a request from outside of tasks stands before it; ' +
        'a request from outside of tasks waits for "a", which "one" holds; "one" waits for "b", which "two" holds',
    );
    time.advance(1_000);
    await settle();
    expect([host.state, first.state, second.state]).toEqual(['waiting', 'waiting', 'refused']);
  });

  it('is none where one ahead in line may step aside: it asks for several resources, and another may be taken first', async () => {
    const { guard } = watched({ a: 1, b: 3, c: 1 }, [body('holder'), body('wide'), body('small')]);
    guard.allocate('b', 'holder');
    const last = guard.allocate('b', 'another');
    guard.allocate('c', 'small');
    const holder = follow(guard.acquire({ c: 1 }, { requesterId: 'holder' }));
    const wide = follow(guard.acquire({ a: 1, b: 3 }, { requesterId: 'wide' }));
    const small = follow(guard.acquire({ b: 1 }, { requesterId: 'small' }));
    await settle();
    expect([holder.state, wide.state, small.state]).toEqual(['waiting', 'waiting', 'waiting']);
    expect(guard.findDeadlocks()).toEqual([]);
    guard.allocate('a', 'somebody');
    guard.release(last?.allocationId ?? '');
    await settle();
    expect([holder.state, wide.state, small.state]).toEqual(['waiting', 'waiting', 'granted']);
    guard.close();
  });

  it('is none where a quota is awaited, whoever has taken of it', async () => {
    const bodies: CapacityHolder[] = [];
    const { guard, time } = watched({ b: 1 }, bodies);
    guard.register('q', 'api_quota', 1, { refill: { periodMs: 5_000 } });
    const declared = guard.prepare({ q: 1 });
    expect(guard.tryGrant(declared)).toBe(true);
    bodies.push(body('one', { request: declared }), body('two'));
    guard.allocate('b', 'two');
    const first = follow(guard.acquire({ b: 1 }, { requesterId: 'one' }));
    const second = follow(guard.acquire({ q: 1 }, { requesterId: 'two' }));
    time.advance(4_000);
    await settle();
    expect([first.state, second.state]).toEqual(['waiting', 'waiting']);
    time.advance(1_000);
    await settle();
    expect(second.state).toBe('granted');
    guard.close();
  });

  it('that whoever is told of another one ends himself is not ended again', async () => {
    const time = new VirtualTime();
    const told: unknown[] = [];
    let made = 0;
    const ended = new AbortController();
    const guard = new CapacityGuard({
      clock: time,
      timers: time,
      ids: { allocationId: () => `allocation-${++made}` as AllocationId },
      events: {
        wants: (type) => type === 'resource.deadlock',
        emit: (type, { task }) => {
          if (type !== 'resource.deadlock') return;
          told.push(task);
          ended.abort(new Error('ended by the listener'));
        },
      },
    });
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) guard.register(name, 'custom', 1);
    guard.watchDeadlocks(() => names.map((name) => body(name)));
    for (const name of names) guard.allocate(name, name);
    const wait = (requesterId: string, id: string, more: object = {}) =>
      follow(guard.acquire({ [id]: 1 }, { requesterId, ...more }));
    wait('a', 'b');
    const other = wait('b', 'a', { signal: ended.signal });
    wait('c', 'd');
    const refused = wait('d', 'c');
    time.advance(1_000);
    await settle();
    expect([told, refused.error, other.error]).toEqual([
      ['d'],
      expect.objectContaining({ code: 'RESOURCE_DEADLOCK' }),
      new Error('ended by the listener'),
    ]);
    guard.close();
    await settle();
  });

  it('of the host alone is not looked for, and nothing is left behind when nobody waits', async () => {
    const { guard, time } = watched({ a: 1, b: 1 }, []);
    guard.allocate('a', 'one');
    guard.allocate('b', 'two');
    const waits = [
      follow(guard.acquire({ b: 1 }, { requesterId: 'one', timeoutMs: 30_000 })),
      follow(guard.acquire({ a: 1 }, { requesterId: 'two', timeoutMs: 30_000 })),
    ];
    time.advance(2_000);
    await settle();
    expect(waits.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    time.advance(30_000);
    await settle();
    expect([waits.map(({ state }) => state), time.pendingTimers]).toEqual([['refused', 'refused'], 0]);
    guard.close();
  });
});

// --- never wrong: what is called stuck stays so, whoever ends in whatever order

const amount = fc.integer({ min: 1, max: 3 });
const resource = fc.constantFrom('a', 'b', 'c');
const story = fc.record({
  capacities: fc.tuple(amount, amount, amount),
  steps: fc.array(
    fc.record({
      by: fc.integer({ min: 0, max: 5 }),
      take: fc.boolean(),
      want: fc.uniqueArray(fc.tuple(resource, amount), { minLength: 1, maxLength: 2, selector: ([id]) => id }),
      priority: fc.constantFrom(1, 2, 2, 2),
    }),
    { minLength: 4, maxLength: 20 },
  ),
  order: fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
});

describe('what is said of a guard', () => {
  it('holds whatever ends next: nobody called stuck is ever granted, and with one resource a wait nobody else is left', async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(story, async ({ capacities, steps, order }) => {
        const names = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5'];
        const [a, b, c] = capacities;
        const { guard } = watched(
          { a, b, c },
          names.map((name) => body(name)),
        );
        const limit: Readonly<Record<string, number>> = { a, b, c };
        const waiting = new Map<string, { state: string }>();
        let isSimple = true;
        for (const { by, take, want, priority } of steps) {
          const name = names[by] ?? '';
          if (waiting.get(name)?.state === 'waiting' || want.some(([id, units]) => units > (limit[id] ?? 0))) continue;
          const request = Object.fromEntries(want);
          if (take) guard.allocateAll(request, name);
          else {
            const wait = follow(guard.acquire(request, { requesterId: name, priority: priority as 1 | 2 }));
            await settle();
            waiting.set(name, wait);
            if (wait.state === 'waiting') isSimple &&= want.length === 1;
          }
        }
        const stuck = new Set(guard.findDeadlocks().flatMap(({ tasks }) => tasks.map(({ task }) => task)));
        if (stuck.size > 0) found++;
        for (const pick of order) {
          const able = names.filter((name) => waiting.get(name)?.state !== 'waiting');
          guard.releaseAll(able[pick % Math.max(1, able.length)] ?? '');
          await settle();
        }
        for (const name of names) if (waiting.get(name)?.state !== 'waiting') guard.releaseAll(name);
        await settle();
        const left = names.filter((name) => waiting.get(name)?.state === 'waiting');
        for (const name of stuck) expect(left).toContain(name);
        if (isSimple) expect([...stuck].sort()).toEqual(left);
        guard.close();
        await settle();
      }),
      { numRuns: 1_500 },
    );
    expect(found).toBeGreaterThan(20);
  });
});
