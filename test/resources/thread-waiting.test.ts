// Tests waits that block a real thread: order, limits, ends, and who was first when a grant and a time-out meet.

import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { serializeError } from '../../src/domain/serialized-error.ts';
import { TaskPriority } from '../../src/domain/statuses.ts';
import type { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import { exitOf, terminateUntil } from '../support/guarded-thread.ts';
import type { BlockingCommand, CycleReport } from './fixtures/blocking-worker.ts';
import { createTestGuard, follow, settle } from './virtual-time.ts';

interface Waited {
  readonly outcome: string;
  readonly elapsedMs: number;
}

/** A real thread with the main thread's end of its line: answers its questions through the guard. */
class BlockingThread {
  readonly worker: Worker;
  readonly threadId: number;
  readonly #guard: CapacityGuard;
  readonly #ending = new Map<number, AbortController>();
  readonly #exited: Promise<unknown>;
  priority: TaskPriority = TaskPriority.NORMAL;
  asked = 0;
  withdrawn = 0;
  /** Questions and grants that found the thread's own end of the wait. */
  tooLate = 0;

  constructor(guard: CapacityGuard, witness: SharedArrayBuffer) {
    this.#guard = guard;
    const { port1, port2 } = new MessageChannel();
    this.worker = new Worker(new URL('./fixtures/blocking-worker.ts', import.meta.url), {
      workerData: { buffer: guard.ledger.buffer, home: port2, witness },
      transferList: [port2],
    });
    this.threadId = this.worker.threadId;
    this.#exited = exitOf(this.worker);
    port1.on('message', (message: { kind: 'ask' | 'withdraw'; ticket: number; request: Record<string, number> }) => {
      if (message.kind === 'withdraw') {
        this.withdrawn += 1;
        this.#ending.get(message.ticket)?.abort(new Error('withdrawn'));
        return;
      }
      const { ticket } = message;
      this.asked += 1;
      const ending = new AbortController();
      this.#ending.set(ticket, ending);
      const refused = (reason: unknown) => port1.postMessage({ ticket, error: serializeError(reason) });
      const options = { priority: this.priority, signal: ending.signal, blocked: { ticket, refused } };
      const forget = () => this.#ending.delete(ticket);
      const forgetFailed = (error: { code?: string }) => {
        forget();
        if (error.code === 'RESOURCE_TIMEOUT') this.tooLate += 1;
      };
      this.#guard.acquireForThread(this.threadId, message.request, options).then(forget, forgetFailed);
    });
  }

  async tell(command: BlockingCommand): Promise<unknown> {
    const answered = once(this.worker, 'message');
    this.worker.postMessage(command);
    const [answer]: unknown[] = await answered;
    return answer;
  }

  async wait(request: Record<string, number>, timeoutMs?: number): Promise<Waited> {
    const more = timeoutMs === undefined ? {} : { timeoutMs };
    return (await this.tell({ kind: 'wait', request, ...more })) as Waited;
  }

  async cycle(command: Omit<Extract<BlockingCommand, { kind: 'cycle' }>, 'kind'>): Promise<CycleReport> {
    return (await this.tell({ kind: 'cycle', ...command })) as CycleReport;
  }

  /** Ends all its waits as a cancel does. */
  cancel(reason: Error): void {
    for (const ending of this.#ending.values()) ending.abort(reason);
  }

  async kill() {
    terminateUntil(this.#exited, this.worker);
    await this.#exited;
    return this.#guard.threadExited(this.threadId);
  }
}

const open: { guard: CapacityGuard; threads: BlockingThread[] }[] = [];
afterEach(async () => {
  for (const { guard, threads } of open.splice(0)) {
    await Promise.all(threads.map((thread) => thread.worker.terminate()));
    guard.close();
  }
});

async function start(capacities: Record<string, number>, count: number) {
  const { guard, time } = createTestGuard();
  for (const [id, capacity] of Object.entries(capacities)) guard.register(id, 'custom', capacity);
  const witness = new SharedArrayBuffer(8);
  new Int32Array(witness)[1] = Object.values(capacities).reduce((sum, capacity) => sum + capacity, 0);
  const threads = Array.from({ length: count }, () => new BlockingThread(guard, witness));
  open.push({ guard, threads });
  await Promise.all(threads.map(({ worker }) => once(worker, 'message')));
  const asked = (thread: BlockingThread, times = 1) => expect.poll(() => thread.asked).toBe(times);
  return { guard, time, threads, witness: new Int32Array(witness), asked };
}

function first<T>(list: readonly T[]): T {
  const [one] = list;
  if (one === undefined) throw new Error('no thread was started');
  return one;
}

/** Ends what is left so that nothing may be in use. */
function expectEmpty(guard: CapacityGuard, ...ids: string[]): void {
  for (const id of ids) expect(guard.getUsage(id)).toMatchObject({ current: 0, waiting: 0, allocationCount: 0 });
}

describe('a thread that blocks for capacity', () => {
  it('takes at once what is free, and asks nobody', async () => {
    const { guard, threads } = await start({ a: 2 }, 1);
    const thread = first(threads);
    const { outcome } = await thread.wait({ a: 2 });
    expect(outcome).toMatch(/^t\d/);
    expect([thread.asked, guard.getUsage('a').current]).toEqual([0, 2]);
    await thread.tell({ kind: 'release', allocationId: outcome });
    expectEmpty(guard, 'a');
  });

  it('18. 19. stands in the one line with everybody else, by order and by priority', async () => {
    const { guard, threads, asked } = await start({ a: 3 }, 2);
    const [normal, urgent] = [first(threads), first(threads.slice(1))];
    const held = guard.allocate('a', 'main', 3)?.allocationId ?? '';
    const ahead = follow(guard.acquire({ a: 2 }));
    const inThread = follow(normal.wait({ a: 2 }));
    await asked(normal);
    const behind = follow(guard.acquire({ a: 1 }));
    urgent.priority = TaskPriority.CRITICAL;
    const inUrgent = follow(urgent.wait({ a: 3 }));
    await asked(urgent);
    expect(guard.getUsage('a').waiting).toBe(4);
    guard.release(held);
    await expect.poll(() => inUrgent.state).toBe('granted');
    expect([ahead.state, inThread.state, behind.state]).toEqual(['waiting', 'waiting', 'waiting']);
    await urgent.tell({ kind: 'release', allocationId: inUrgent.value?.outcome ?? '' });
    await expect.poll(() => ahead.state).toBe('granted');
    // One is free; the thread wants two, and nobody behind it gets the one.
    await settle();
    expect([inThread.state, behind.state]).toEqual(['waiting', 'waiting']);
    guard.release(ahead.value?.allocationId ?? '');
    await expect.poll(() => [inThread.state, behind.state]).toEqual(['granted', 'granted']);
    await normal.tell({ kind: 'release', allocationId: inThread.value?.outcome ?? '' });
    guard.release(behind.value?.allocationId ?? '');
    expectEmpty(guard, 'a');
  });

  it('24. comes back no earlier than its limit, holding nothing, and those behind it go on', async () => {
    const { guard, threads } = await start({ a: 2 }, 1);
    const thread = first(threads);
    guard.allocate('a', 'main', 1);
    for (const limitMs of [0, 0.3, 1, 7.5, 40]) {
      const { outcome, elapsedMs } = await thread.wait({ a: 2 }, limitMs);
      expect([outcome, elapsedMs >= limitMs]).toEqual(['RESOURCE_TIMEOUT', true]);
    }
    // A limit of 0 is a try.
    await expect.poll(() => [thread.asked, thread.withdrawn]).toEqual([4, 4]);
    await settle();
    expect(guard.getUsage('a')).toMatchObject({ current: 1, waiting: 0 });
    const waiting = thread.wait({ a: 2 }, 60);
    await expect.poll(() => thread.asked).toBe(5);
    const behind = follow(guard.acquire({ a: 1 }));
    expect((await waiting).outcome).toBe('RESOURCE_TIMEOUT');
    await expect.poll(() => behind.state).toBe('granted');
    for (const limitMs of [-1, Number.NaN]) {
      expect((await thread.wait({ a: 1 }, limitMs)).outcome).toBe('ARGUMENT_INVALID');
    }
  });

  it('is woken by a cancel with its reason, and can go on afterwards', async () => {
    const { guard, threads, asked } = await start({ a: 1 }, 1);
    const thread = first(threads);
    const held = guard.allocate('a', 'main')?.allocationId ?? '';
    const waiting = thread.wait({ a: 1 });
    await asked(thread);
    thread.cancel(Object.assign(new Error('stop'), { code: 'TASK_CANCELLED' }));
    expect((await waiting).outcome).toBe('TASK_CANCELLED');
    expect(guard.getUsage('a').waiting).toBe(0);
    const again = thread.wait({ a: 1 });
    await asked(thread, 2);
    guard.release(held);
    expect((await again).outcome).toMatch(/^t\d/);
  });

  it('is told why the main thread refuses, before it waits and while it waits', async () => {
    const { guard, threads } = await start({ a: 2 }, 1);
    const thread = first(threads);
    guard.allocate('a', 'main', 2);
    expect((await thread.wait({ a: 3 })).outcome).toBe('RESOURCE_CAPACITY_EXCEEDED');
    expect((await thread.wait({ b: 1 })).outcome).toBe('RESOURCE_NOT_FOUND');
  });

  it('29. is woken when the guard closes, and refused from then on; what it holds it can give back', async () => {
    const { guard, threads, asked } = await start({ a: 2 }, 2);
    const [one, two] = [first(threads), first(threads.slice(1))];
    const { outcome: held } = await two.wait({ a: 1 });
    const waiting = one.wait({ a: 2 });
    await asked(one);
    guard.close();
    expect((await waiting).outcome).toBe('RESOURCE_CLOSED');
    expect((await one.wait({ a: 1 })).outcome).toBe('RESOURCE_CLOSED');
    await two.tell({ kind: 'release', allocationId: held });
    expectEmpty(guard, 'a');
  });

  it('31. can be ended while it sleeps: its wait goes, what it holds comes back, the next one is served', async () => {
    const { guard, threads, asked } = await start({ a: 3 }, 1);
    const thread = first(threads);
    await thread.wait({ a: 1 });
    guard.allocate('a', 'main', 1);
    void thread.wait({ a: 2 });
    await asked(thread);
    const next = follow(guard.acquire({ a: 2 }));
    await settle();
    expect(next.state).toBe('waiting');
    expect(await thread.kill()).toEqual({ resources: { a: 1 }, interrupted: false, pending: false });
    await settle();
    expect(next.state).toBe('granted');
    expect(guard.getUsage('a')).toMatchObject({ current: 3, waiting: 0 });
  });

  it('28. can be ended in the moment of its grant: the grant comes back, once, whoever was first', async () => {
    const ends = { adopted: 0, given: 0 };
    for (let round = 0; round < 12; round++) {
      const { guard, threads, asked } = await start({ a: 2 }, 1);
      const thread = first(threads);
      const held = guard.allocate('a', 'main', 2)?.allocationId ?? '';
      void thread.wait({ a: 2 });
      await asked(thread);
      const killed = round % 3 === 0 ? thread.kill() : undefined;
      guard.release(held);
      const { resources } = await (killed ?? thread.kill());
      ends[resources.a === 2 ? 'adopted' : 'given'] += 1;
      expectEmpty(guard, 'a');
    }
    expect(ends.adopted).toBeGreaterThan(0);
  }, 30_000);
});

describe('the main thread', () => {
  it('may be busy: a limit ends the wait all the same, and a grant comes when it is free again', async () => {
    const { guard, threads } = await start({ a: 1 }, 2);
    const [limited, patient] = [first(threads), first(threads.slice(1))];
    const held = guard.allocate('a', 'main')?.allocationId ?? '';
    const [inTime, later] = [limited.wait({ a: 1 }, 30), patient.wait({ a: 1 })];
    const freeAtMs = performance.now() + 300;
    while (performance.now() < freeAtMs);
    const waited = await inTime;
    expect(waited.outcome).toBe('RESOURCE_TIMEOUT');
    // It did not wait for the main thread, which had read nothing of it by then.
    expect(waited.elapsedMs).toBeLessThan(250);
    guard.release(held);
    expect((await later).outcome).toMatch(/^t\d/);
    expect(guard.getUsage('a')).toMatchObject({ current: 1, waiting: 0 });
  });
});

describe('many blocking waits', () => {
  it('16. a grant that meets a time-out is had or given back, in 16,000 waits: none lost, none double', async () => {
    const { guard, threads, witness } = await start({ a: 1 }, 2);
    const cycles = threads.map((thread) => thread.cycle({ rounds: 8_000, requests: [{ a: 1 }], timeoutUpToMs: 0.3 }));
    let running = true;
    const finished = Promise.all(cycles).finally(() => {
      running = false;
    });
    const countAsked = () => threads.reduce((total, thread) => total + thread.asked, 0);
    let mainGrants = 0;
    while (running) {
      // Before all others, so that the threads have to wait for nearly all they get.
      const { allocationId } = await guard.acquire({ a: 1 }, { priority: TaskPriority.CRITICAL });
      mainGrants += 1;
      expect(Atomics.add(witness, 0, 1)).toBe(0);
      // Until somebody asks, and then to about the end of that one's patience.
      const asked = countAsked();
      while (running && countAsked() === asked) await new Promise((resolve) => setImmediate(resolve));
      const untilMs = performance.now() + (mainGrants % 9) * 0.04;
      while (performance.now() < untilMs);
      Atomics.sub(witness, 0, 1);
      guard.release(allocationId);
    }
    const reports = await finished;
    const sum = (key: keyof CycleReport) => reports.reduce((total, report) => total + report[key], 0);
    expect([sum('violations'), sum('early'), sum('granted') + sum('timedOut')]).toEqual([0, 0, 16_000]);
    const tooLate = threads.reduce((total, thread) => total + thread.tooLate, 0);
    console.log(
      `${sum('granted')} grants, ${sum('late')} of them just before the thread gave up; ${sum('timedOut')} time-outs, ` +
        `${tooLate} of them met by a question or a grant; ${mainGrants} grants of the main thread`,
    );
    // Both sides of the race happened.
    expect(Math.min(sum('late'), tooLate, sum('granted'), sum('timedOut'), mainGrants)).toBeGreaterThan(0);
    await expect.poll(() => guard.getUsage('a').waiting).toBe(0);
    expectEmpty(guard, 'a');
    expect(guard.getUsage('a').peak).toBe(1);
  }, 60_000);

  it('31. 42. threads killed without a seal at any moment of such waits: nothing is lost, nothing is left', async () => {
    const { guard, threads, witness } = await start({ a: 2, b: 2 }, 1);
    const [stays] = threads;
    const requests = [{ a: 1 }, { a: 1, b: 1 }, { b: 2 }];
    const staying = stays?.cycle({ rounds: 20_000, requests, timeoutUpToMs: 2 });
    const ends = { inside: 0, outside: 0 };
    for (let kill = 0; kill < 25; kill++) {
      const thread = new BlockingThread(guard, witness.buffer);
      await once(thread.worker, 'message');
      void thread.cycle({ rounds: Number.POSITIVE_INFINITY, requests, timeoutUpToMs: 2 });
      for (let turn = 0; turn < 20 + kill * 3; turn++) {
        const allocation = guard.allocate('a', 'main');
        await new Promise((resolve) => setImmediate(resolve));
        if (allocation !== null) guard.release(allocation.allocationId);
      }
      const { interrupted } = await thread.kill();
      ends[interrupted ? 'inside' : 'outside'] += 1;
      for (const id of ['a', 'b']) expect(guard.getUsage(id).current).toBeLessThanOrEqual(2);
    }
    console.log(`killed in blocking waits: ${JSON.stringify(ends)}`);
    await staying;
    await expect.poll(() => guard.getUsage('a').waiting + guard.getUsage('b').waiting).toBe(0);
    expectEmpty(guard, 'a', 'b');
  }, 60_000);

  it('37. two resources in opposite orders from three threads, 10,000 times: all of them end', async () => {
    const { guard, threads } = await start({ a: 1, b: 1 }, 3);
    const orders = [
      { a: 1, b: 1 },
      { b: 1, a: 1 },
    ];
    const rounds = 3_334;
    const reports = await Promise.all(
      threads.map((thread, i) => thread.cycle({ rounds, requests: i % 2 === 0 ? orders : orders.toReversed() })),
    );
    expect(reports).toEqual(threads.map(() => ({ granted: rounds, timedOut: 0, violations: 0, early: 0, late: 0 })));
    expect(threads.some(({ asked }) => asked > 0)).toBe(true);
    expectEmpty(guard, 'a', 'b');
  }, 60_000);
});
