// Tests the ledger under real threads on every core: hammering, killing, racing wake-ups.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { CapacityLedger } from '../../src/resources/capacity-ledger.ts';
import { LedgerWatch } from '../../src/resources/ledger-watch.ts';
import { createTestGuard, follow, settle } from './virtual-time.ts';

// Real threads on the same bytes. Both cores are kept busy; nothing here depends on how fast.
const workers: Worker[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

function startWorker(name: string, workerData: unknown): Worker {
  const worker = new Worker(new URL(`./fixtures/${name}.ts`, import.meta.url), { workerData });
  workers.push(worker);
  return worker;
}

async function message(worker: Worker): Promise<unknown> {
  const [value]: unknown[] = await once(worker, 'message');
  return value;
}

function createHammered(capacities: Record<string, number>, requests: Record<string, number>[]) {
  const { guard } = createTestGuard();
  for (const [id, capacity] of Object.entries(capacities)) guard.register(id, 'custom', capacity);
  const inside = new SharedArrayBuffer(Object.keys(capacities).length * 4);
  let seed = 12_345;
  const start = (rounds: number) =>
    startWorker('hammer-worker', { buffer: guard.ledger.buffer, inside, requests, capacities, rounds, seed: seed++ });
  const sample = () => {
    for (const [id, capacity] of Object.entries(capacities)) {
      const usage = guard.getUsage(id);
      expect(usage.current).toBeLessThanOrEqual(capacity);
      expect(usage.peak).toBeLessThanOrEqual(capacity);
      expect(usage.current + usage.available).toBe(capacity);
    }
  };
  return { guard, start, sample };
}

/** Ends a thread the way the pool does: sealed first, so that no ledger operation is cut in two. */
async function killSealed(
  guard: ReturnType<typeof createTestGuard>['guard'],
  worker: Worker,
): Promise<'sealed' | 'absent'> {
  // Between the seal and its end it may be refused, and that is all it may fail with.
  worker.on('error', (error: unknown) => expect(error).toMatchObject({ code: 'RESOURCE_CLOSED' }));
  for (;;) {
    const sealed = guard.sealThread(worker.threadId);
    if (sealed === 'busy') continue;
    await worker.terminate();
    return sealed;
  }
}

describe('threads on one ledger', () => {
  it('9. 10. 37. 41. 42. never hold more than there is, at any sample, and leave nothing behind', async () => {
    const { guard, start, sample } = createHammered({ a: 10, b: 2, c: 1 }, [
      { a: 4 },
      { a: 10 },
      { a: 8 },
      { b: 1 },
      { a: 1, b: 1 },
      { b: 1, a: 1 },
      { c: 1, b: 2, a: 3 },
      { a: 2, c: 1 },
    ]);
    const threads = [start(150_000), start(150_000), start(150_000)];
    const results: unknown[] = [];
    for (const thread of threads)
      thread.on('message', (value: { kind: string }) => value.kind === 'done' && results.push(value));
    let mainGrants = 0;
    const wide = guard.prepare({ c: 1, a: 5 });
    while (results.length < threads.length) {
      for (let i = 0; i < 200; i++) {
        if (!guard.tryGrant(wide)) continue;
        mainGrants += 1;
        sample();
        guard.giveBack(wide);
      }
      sample();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const result of results) expect(result).toMatchObject({ violations: 0 });
    const sum = (key: 'granted' | 'refused') =>
      results.reduce<number>((total, result) => total + Number(Reflect.get(Object(result), key)), 0);
    // Both sides of the race were seen, on both faces.
    expect(Math.min(sum('granted'), sum('refused'), mainGrants)).toBeGreaterThan(0);
    for (const id of ['a', 'b', 'c']) {
      expect(guard.getUsage(id)).toMatchObject({ current: 0, waiting: 0, allocationCount: 0 });
    }
  });

  it('31. 42. threads killed at any moment while they hold: all comes back, exactly once', async () => {
    const { guard, start, sample } = createHammered({ a: 6, b: 3 }, [{ a: 2 }, { b: 1 }, { a: 3, b: 2 }]);
    const endings = { held: 0, empty: 0 };
    for (let kill = 0; kill < 12; kill++) {
      const pair = [start(Number.POSITIVE_INFINITY), start(Number.POSITIVE_INFINITY)];
      const ids = pair.map((worker) => worker.threadId);
      await Promise.all(pair.map(message));
      for (let look = 0; look < kill * 14; look++) sample();
      for (const [i, worker] of pair.entries()) {
        expect(await killSealed(guard, worker)).toBe('sealed');
        const { resources } = guard.threadExited(ids[i] ?? 0);
        endings[Object.keys(resources).length > 0 ? 'held' : 'empty'] += 1;
        expect(guard.threadExited(ids[i] ?? 0).resources).toEqual({});
      }
      expect(guard.getUsage('a')).toMatchObject({ current: 0, allocationCount: 0 });
      expect(guard.getUsage('b')).toMatchObject({ current: 0, allocationCount: 0 });
    }
    expect(endings.held).toBeGreaterThan(0);
  }, 60_000);

  it('31. threads killed without a seal, at any moment: to the unit, while others go on', async () => {
    const { guard, start, sample } = createHammered({ a: 1_000, b: 40 }, [{ a: 1 }, { a: 2, b: 1 }, { b: 3, a: 4 }]);
    const going = start(Number.POSITIVE_INFINITY);
    await message(going);
    const ends = { inside: 0, outside: 0, later: 0 };
    for (let kill = 0; kill < 40; kill++) {
      const worker = start(Number.POSITIVE_INFINITY);
      const { threadId } = worker;
      await message(worker);
      for (let look = 0; look < (kill % 10) * 9; look++) sample();
      await worker.terminate();
      const { interrupted, pending } = guard.threadExited(threadId);
      ends[pending ? 'later' : interrupted ? 'inside' : 'outside'] += 1;
      expect(guard.threadExited(threadId).resources).toEqual({});
    }
    console.log(`killed without a seal: ${JSON.stringify(ends)}`);
    const { threadId } = going;
    await killSealed(guard, going);
    guard.threadExited(threadId);
    for (const id of ['a', 'b']) {
      expect(guard.getUsage(id)).toMatchObject({ current: 0, waiting: 0, allocationCount: 0 });
    }
    expect(Math.min(ends.inside, ends.outside)).toBeGreaterThan(0);
  }, 60_000);
});

describe('waiting across threads', () => {
  it('13. a release in one thread wakes a request that waits for another, four times, alternating 1 and 3', async () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 3);
    const [one, two] = [
      startWorker('command-worker', guard.ledger.buffer),
      startWorker('command-worker', guard.ledger.buffer),
    ];
    const ask = async (worker: Worker, command: unknown) => {
      const answer = message(worker);
      worker.postMessage(command);
      return String(await answer);
    };
    let holder = one;
    let held = await ask(one, { kind: 'tryAllocate', request: { r: 3 } });
    for (const amount of [1, 3, 1, 3]) {
      const other = holder === one ? two : one;
      // An answer means that the thread has its row in the ledger.
      expect(await ask(other, { kind: 'tryAllocate', request: { r: 1 } })).toBe('null');
      const grant = follow(guard.acquireForThread(other.threadId, { r: amount }));
      await settle();
      expect(grant.state).toBe('waiting');
      await ask(holder, { kind: 'release', allocationId: held });
      await expect.poll(() => grant.state).toBe('granted');
      held = await ask(other, { kind: 'adopt', request: grant.value?.resources });
      expect(guard.getUsage('r').current).toBe(amount);
      if (amount < 3) {
        await ask(other, { kind: 'release', allocationId: held });
        held = await ask(other, { kind: 'tryAllocate', request: { r: 3 } });
      }
      holder = other;
    }
    guard.close();
  });

  it('14. 15. a release that races with the start of a wait never leaves it asleep, 3,000 times', async () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 1);
    const stop = new SharedArrayBuffer(4);
    const toggling = startWorker('toggle-worker', { buffer: guard.ledger.buffer, stop });
    const ended = once(toggling, 'exit');
    await expect.poll(() => guard.getUsage('r').peak).toBe(1);
    const outcomes = { atOnce: 0, waited: 0 };
    for (let round = 0; round < 3_000; round++) {
      const pending = guard.acquire({ r: 1 });
      outcomes[guard.getUsage('r').waiting > 0 ? 'waited' : 'atOnce'] += 1;
      const allocation = await pending;
      expect(guard.getUsage('r').current).toBe(1);
      guard.release(allocation.allocationId);
      // Gives the thread its turn every now and then.
      for (let look = 0; look < round % 40; look++) guard.getUsage('r');
    }
    Atomics.store(new Int32Array(stop), 0, 1);
    // Closed earlier, it would be refused in its last round.
    await ended;
    expect(Math.min(outcomes.atOnce, outcomes.waited)).toBeGreaterThan(0);
    guard.close();
  }, 60_000);

  it('23. 30. closing while threads release and requests wait leaves nobody hanging', async () => {
    const { guard, start } = createHammered({ a: 3 }, [{ a: 2 }, { a: 1 }]);
    const threads = [start(Number.POSITIVE_INFINITY), start(Number.POSITIVE_INFINITY)];
    await Promise.all(threads.map(message));
    const abort = new AbortController();
    const waits = Array.from({ length: 50 }, (_, i) =>
      follow(guard.acquire({ a: (i % 3) + 1 }, i % 2 === 0 ? { signal: abort.signal } : {})),
    );
    await settle();
    abort.abort();
    const failed = threads.map((thread) => once(thread, 'error'));
    guard.close();
    await settle();
    expect(waits.filter((wait) => wait.state === 'waiting')).toEqual([]);
    for (const [error] of await Promise.all(failed)) expect(error).toMatchObject({ code: 'RESOURCE_CLOSED' });
  });
});

describe('LedgerWatch', () => {
  it('hears a wake-up between listening and looking, listens again, and leaves no wait behind when closed', async () => {
    const ledger = CapacityLedger.create();
    let needed = true;
    let heard = 0;
    const watch = new LedgerWatch(
      ledger,
      () => needed,
      () => {
        heard += 1;
      },
    );
    watch.listen();
    ledger.wake();
    ledger.wake();
    await expect.poll(() => heard).toBe(1);
    expect(watch.listening).toBe(true);
    needed = false;
    ledger.wake();
    await expect.poll(() => heard).toBe(2);
    expect(watch.listening).toBe(false);
    watch.listen();
    watch.close();
    await expect.poll(() => watch.listening).toBe(false);
    watch.listen();
    expect(watch.listening).toBe(false);
    expect(heard).toBe(2);
  });

  it('keeps no process alive that forgot to close its guard', () => {
    const script = fileURLToPath(new URL('./fixtures/unclosed-process.ts', import.meta.url));
    const ended = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 20_000 });
    expect(ended.stderr).toBe('');
    expect([ended.status, ended.stdout]).toEqual([0, 'left waiting\n']);
  });
});
