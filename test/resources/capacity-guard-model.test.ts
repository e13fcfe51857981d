// Tests the guard against a reference written in the simplest way, over random steps in virtual time.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestGuard, follow, settle } from './virtual-time.ts';

// The reference: the same promise written in the simplest way, over one resource, where order is strict:
// priority, then arrival, and nobody passes anybody on the same resource.
class ReferenceGuard {
  readonly capacity: number;
  open = true;
  readonly held = new Map<number, number>();
  waiting: { key: number; priority: number; amount: number }[] = [];
  peak = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get used(): number {
    return [...this.held.values()].reduce((sum, amount) => sum + amount, 0);
  }

  tryTake(key: number, amount: number): boolean {
    if (!this.open || this.waiting.length > 0 || this.used + amount > this.capacity) return false;
    this.#hold(key, amount);
    return true;
  }

  acquire(key: number, priority: number, amount: number): void {
    const after = this.waiting.findIndex((other) => other.priority > priority);
    this.waiting.splice(after === -1 ? this.waiting.length : after, 0, { key, priority, amount });
    this.serve();
  }

  leave(key: number): void {
    this.waiting = this.waiting.filter((waiter) => waiter.key !== key);
    this.serve();
  }

  release(key: number): void {
    this.held.delete(key);
    this.serve();
  }

  waits(key: number): boolean {
    return this.waiting.some((waiter) => waiter.key === key);
  }

  serve(): void {
    for (let head = this.waiting[0]; head !== undefined; head = this.waiting[0]) {
      if (!this.open || this.used + head.amount > this.capacity) return;
      this.waiting.shift();
      this.#hold(head.key, head.amount);
    }
  }

  #hold(key: number, amount: number): void {
    this.held.set(key, amount);
    this.peak = Math.max(this.peak, this.used);
  }
}

type Step =
  | { readonly kind: 'try'; readonly amount: number }
  | { readonly kind: 'acquire'; readonly amount: number; readonly priority: 0 | 2 | 4 }
  | { readonly kind: 'timed'; readonly amount: number; readonly timeoutMs: number }
  | { readonly kind: 'release'; readonly which: number }
  | { readonly kind: 'abort'; readonly which: number }
  | { readonly kind: 'status'; readonly open: boolean }
  | { readonly kind: 'time'; readonly byMs: number };

const CAPACITY = 5;
const amount = fc.integer({ min: 1, max: CAPACITY });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('try' as const), amount }),
  fc.record({ kind: fc.constant('acquire' as const), amount, priority: fc.constantFrom(0, 2, 4) }),
  fc.record({ kind: fc.constant('timed' as const), amount, timeoutMs: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('release' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('abort' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('status' as const), open: fc.boolean() }),
  fc.record({ kind: fc.constant('time' as const), byMs: fc.integer({ min: 1, max: 15 }) }),
);

interface Run {
  readonly key: number;
  readonly abort: AbortController;
  readonly endsAt: number;
  readonly followed: ReturnType<typeof follow<{ readonly allocationId: string }>>;
}

/** One run of the guard and of the reference beside it. */
class Comparison {
  readonly #made = createTestGuard();
  readonly #reference = new ReferenceGuard(CAPACITY);
  readonly #runs: Run[] = [];
  readonly #allocations = new Map<number, string>();
  #nextKey = 0;

  constructor() {
    this.#made.guard.register('r', 'custom', CAPACITY);
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'try':
        this.#try(step.amount);
        break;
      case 'acquire':
        this.#acquire(step.amount, step.priority, Number.POSITIVE_INFINITY);
        break;
      case 'timed':
        this.#acquire(step.amount, 2, step.timeoutMs);
        break;
      case 'release':
        this.#release(step.which);
        break;
      case 'abort':
        this.#abort(step.which);
        break;
      case 'status':
        this.#made.guard.setStatus('r', step.open ? 'available' : 'maintenance');
        this.#reference.open = step.open;
        this.#reference.serve();
        break;
      case 'time':
        this.#advance(step.byMs);
        break;
    }
    await settle();
    this.#expectEqual();
  }

  async end(): Promise<void> {
    const { guard, time } = this.#made;
    guard.close();
    await settle();
    for (const key of this.#reference.held.keys()) guard.release(this.#allocations.get(key) ?? '');
    expect(guard.getUsage('r')).toMatchObject({ current: 0, waiting: 0, allocationCount: 0 });
    expect(time.pendingTimers).toBe(0);
  }

  #try(amount: number): void {
    const key = this.#nextKey++;
    const allocation = this.#made.guard.allocate('r', 'me', amount);
    expect(allocation !== null).toBe(this.#reference.tryTake(key, amount));
    if (allocation !== null) this.#allocations.set(key, allocation.allocationId);
  }

  #acquire(amount: number, priority: 0 | 2 | 4, timeoutMs: number): void {
    const key = this.#nextKey++;
    const { guard, time } = this.#made;
    const abort = new AbortController();
    const followed = follow(guard.acquire({ r: amount }, { priority, signal: abort.signal, timeoutMs }));
    this.#runs.push({ key, abort, followed, endsAt: time.now() + timeoutMs });
    this.#reference.acquire(key, priority, amount);
  }

  #release(which: number): void {
    const held = [...this.#reference.held.keys()];
    const key = held[which % Math.max(1, held.length)];
    if (key === undefined) return;
    this.#made.guard.release(this.#allocations.get(key) ?? 'unknown');
    this.#reference.release(key);
  }

  #abort(which: number): void {
    const { waiting } = this.#reference;
    const waiter = waiting[which % Math.max(1, waiting.length)];
    if (waiter === undefined) return;
    this.#runs.find((run) => run.key === waiter.key)?.abort.abort();
    this.#reference.leave(waiter.key);
  }

  #advance(byMs: number): void {
    const { time } = this.#made;
    time.advance(byMs);
    const late = this.#runs.filter((run) => run.endsAt <= time.now() && this.#reference.waits(run.key));
    late.sort((a, b) => a.endsAt - b.endsAt || a.key - b.key);
    for (const run of late) if (this.#reference.waits(run.key)) this.#reference.leave(run.key);
  }

  #expectEqual(): void {
    for (const { key, followed } of this.#runs) {
      expect(followed.state === 'waiting').toBe(this.#reference.waits(key));
      if (followed.value !== undefined) this.#allocations.set(key, followed.value.allocationId);
    }
    const { used, peak, waiting, held } = this.#reference;
    expect(this.#made.guard.getUsage('r')).toMatchObject({
      current: used,
      available: CAPACITY - used,
      peak,
      waiting: waiting.length,
      allocationCount: held.size,
    });
  }
}

const IDS = ['a', 'b', 'c'] as const;

type Act =
  | { readonly kind: 'acquire'; readonly request: Record<string, number>; readonly priority: 0 | 2 | 4 }
  | { readonly kind: 'release'; readonly which: number }
  | { readonly kind: 'abort'; readonly which: number }
  | { readonly kind: 'resize'; readonly id: string; readonly to: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant('acquire' as const),
    request: fc.dictionary(fc.constantFrom(...IDS), fc.integer({ min: 1, max: 3 }), { minKeys: 1 }),
    priority: fc.constantFrom(0, 2, 4),
  }),
  fc.record({ kind: fc.constant('release' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('abort' as const), which: fc.nat(20) }),
  fc.record({
    kind: fc.constant('resize' as const),
    id: fc.constantFrom(...IDS),
    to: fc.integer({ min: 3, max: 5 }),
  }),
);

interface Party {
  readonly abort: AbortController;
  readonly request: Record<string, number>;
  readonly followed: ReturnType<typeof follow<{ readonly allocationId: string }>>;
  released: boolean;
}

/** Many requests over several resources, followed by what was asked and granted alone. */
class Crowd {
  readonly #made = createTestGuard();
  readonly #parties: Party[] = [];

  constructor() {
    for (const id of IDS) this.#made.guard.register(id, 'custom', 3);
  }

  async take(step: Act): Promise<void> {
    const { guard } = this.#made;
    if (step.kind === 'acquire') {
      const abort = new AbortController();
      const followed = follow(guard.acquire(step.request, { priority: step.priority, signal: abort.signal }));
      this.#parties.push({ abort, request: step.request, followed, released: false });
    } else if (step.kind === 'release') {
      const holders = this.#holders();
      this.#release(holders[step.which % Math.max(1, holders.length)]);
    } else if (step.kind === 'abort') {
      const waiters = this.#waiters();
      waiters[step.which % Math.max(1, waiters.length)]?.abort.abort();
    } else {
      guard.setCapacity(step.id, step.to);
    }
    await settle();
    for (const id of IDS) {
      const held = this.#holders().reduce((sum, party) => sum + (party.request[id] ?? 0), 0);
      expect(guard.getUsage(id).current).toBe(held);
    }
  }

  /** Whoever still waits runs once the others have gone: nobody was forgotten. */
  async end(): Promise<void> {
    const { guard, time } = this.#made;
    for (let round = 0; this.#holders().length > 0; round++) {
      expect(round).toBeLessThan(200);
      for (const holder of this.#holders()) this.#release(holder);
      await settle();
    }
    expect(this.#waiters()).toEqual([]);
    for (const id of IDS) expect(guard.getUsage(id)).toMatchObject({ current: 0, waiting: 0 });
    guard.close();
    expect(time.pendingTimers).toBe(0);
  }

  #release(party: Party | undefined): void {
    if (party === undefined) return;
    this.#made.guard.release(party.followed.value?.allocationId ?? 'unknown');
    party.released = true;
  }

  #holders(): Party[] {
    return this.#parties.filter((party) => party.followed.state === 'granted' && !party.released);
  }

  #waiters(): Party[] {
    return this.#parties.filter((party) => party.followed.state === 'waiting');
  }
}

describe('CapacityGuard against a reference', () => {
  it('on one resource does the same, step by step, as the simplest guard there is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const comparison = new Comparison();
        for (const next of steps) await comparison.take(next);
        await comparison.end();
      }),
      { numRuns: 300 },
    );
  });

  it('36. 37. 42. on several resources counts right, lets nobody sleep that could run, and ends empty', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 50, size: 'max' }), async (acts) => {
        const crowd = new Crowd();
        for (const next of acts) await crowd.take(next);
        await crowd.end();
      }),
      { numRuns: 300 },
    );
  });
});
