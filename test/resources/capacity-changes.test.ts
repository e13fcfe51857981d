// Checks capacity that changes while it is in use: never more granted than is in force, nobody held up by one that
// wants more than there is, everybody served as soon as there is room.

import { describe, expect, it } from 'vitest';
import type { PreparedRequest } from '../../src/resources/capacity-request.ts';
import { ThreadCapacity } from '../../src/resources/thread-capacity.ts';
import { SeededRandom } from '../simulation/seeded-random.ts';
import { createTestGuard, follow, settle } from './virtual-time.ts';

type Followed = ReturnType<typeof follow<{ readonly allocationId: string }>>;

interface Party {
  readonly request: Readonly<Record<string, number>>;
  readonly priority: 0 | 2 | 4;
  readonly followed: Followed;
  readonly abort: AbortController;
  released: boolean;
}

const MOST = 6;

/** Requests of every kind over some resources whose capacity and status change all the time. */
class Crowd {
  readonly random: SeededRandom;
  readonly made = createTestGuard();
  readonly ids: readonly string[];
  readonly capacity = new Map<string, number>();
  readonly open = new Map<string, boolean>();
  parties: Party[] = [];
  grants = 0;
  readonly #tries: PreparedRequest[] = [];
  readonly #thread: ThreadCapacity;
  readonly #threadHeld: { readonly id: string; readonly request: Readonly<Record<string, number>> }[] = [];
  #looked = 0;
  #threadActed = false;

  constructor(seed: number, ids: readonly string[]) {
    this.random = new SeededRandom(seed);
    this.ids = ids;
    for (const id of ids) {
      this.made.guard.register(id, 'custom', 4);
      this.capacity.set(id, 4);
      this.open.set(id, true);
    }
    this.#thread = new ThreadCapacity(this.made.guard.ledger.buffer, 9);
  }

  async step(): Promise<void> {
    const { guard } = this.made;
    switch (this.random.between(0, 9)) {
      case 0: {
        const request = this.#draw();
        if (guard.allocateAll(request, 'me') !== null) this.#hold(request);
        break;
      }
      case 1: {
        const prepared = guard.prepare(this.#draw());
        if (guard.tryGrant(prepared)) this.#tries.push(prepared);
        break;
      }
      case 2: {
        const request = this.#draw();
        const id = this.#thread.tryAllocate(request);
        if (id === null) break;
        this.#threadHeld.push({ id, request });
        this.#threadActed = true;
        this.#inForce(Object.keys(request));
        break;
      }
      case 3:
      case 4:
        this.#acquire();
        break;
      case 5:
      case 6:
        this.releaseSome();
        break;
      case 7: {
        const waiter = this.waiters()[0];
        if (waiter !== undefined && this.random.chance(0.3)) waiter.abort.abort();
        break;
      }
      case 8:
        this.resize(this.random.pick(this.ids), this.random.between(0, MOST));
        break;
      default:
        this.setOpen(this.random.pick(this.ids), this.random.chance(0.6));
    }
    // Threads wake the guard by a turn of the loop of their own.
    if (this.#threadActed) await new Promise((resolve) => setImmediate(resolve));
    this.#threadActed = false;
    await settle();
    this.#look();
  }

  #draw(): Record<string, number> {
    const request: Record<string, number> = {};
    for (const id of this.ids) {
      const most = this.capacity.get(id) ?? 0;
      if (most > 0 && this.random.chance(0.6)) request[id] = this.random.between(1, most);
    }
    if (Object.keys(request).length > 0) return request;
    const id = this.ids.find((any) => (this.capacity.get(any) ?? 0) > 0);
    if (id === undefined) {
      this.resize(this.ids[0] ?? '', 1);
      return { [this.ids[0] ?? '']: 1 };
    }
    return { [id]: 1 };
  }

  #acquire(): void {
    const request = this.#draw();
    const priority = this.random.pick([0, 2, 4] as const);
    const abort = new AbortController();
    const followed = follow(
      this.made.guard.acquire(request, { priority, signal: abort.signal, requesterId: 'waiter' }),
    );
    this.parties.push({ request, priority, followed, abort, released: false });
  }

  #hold(request: Readonly<Record<string, number>>): void {
    const abort = new AbortController();
    const followed: Followed = { state: 'granted', value: undefined, error: undefined };
    this.parties.push({ request, priority: 2, followed, abort, released: false });
  }

  releaseSome(): boolean {
    const { guard } = this.made;
    const tried = this.#tries.pop();
    if (tried !== undefined) guard.giveBack(tried);
    const held = this.#threadHeld.pop();
    if (held !== undefined) {
      this.#thread.release(held.id);
      this.#threadActed = true;
    }
    const holder = this.random.chance(0.5) ? this.holders()[0] : this.holders().at(-1);
    if (holder !== undefined) {
      if (holder.followed.value === undefined) guard.releaseAll('me');
      else guard.release(holder.followed.value.allocationId);
      for (const party of this.holders()) {
        if (party === holder || (holder.followed.value === undefined && party.followed.value === undefined)) {
          party.released = true;
        }
      }
    }
    return tried !== undefined || held !== undefined || holder !== undefined;
  }

  resize(id: string, to: number): void {
    this.capacity.set(id, to);
    this.made.guard.setCapacity(id, to);
  }

  setOpen(id: string, open: boolean): void {
    this.open.set(id, open);
    const closed = this.random.pick(['maintenance', 'offline'] as const);
    this.made.guard.setStatus(id, open ? 'available' : closed);
  }

  holders(): Party[] {
    return this.parties.filter(({ followed, released }) => followed.state === 'granted' && !released);
  }

  waiters(): Party[] {
    return this.parties.filter(({ followed }) => followed.state === 'waiting');
  }

  used(id: string): number {
    return this.made.guard.getUsage(id).current;
  }

  /** Every grant told since the last look was within what was in force: nothing changed in between but grants. */
  #look(): void {
    const { events } = this.made;
    for (; this.#looked < events.length; this.#looked++) {
      const event = events[this.#looked];
      if (event?.type !== 'resource.allocated') continue;
      this.grants += 1;
      this.#inForce([event.subject.resourceId ?? '']);
    }
    for (const id of this.ids) {
      expect(this.made.guard.getUsage(id).waiting).toBeLessThanOrEqual(this.waiters().length);
    }
    for (const waiter of this.waiters())
      expect(this.#couldRunAlone(waiter), JSON.stringify(waiter.request)).toBe(false);
    // On one resource there is one line: its first is the one that could be served some time and came before the others.
    if (this.ids.length > 1) return;
    const line = this.waiters().filter((waiter) => this.#isServable(waiter));
    const first = line.toSorted((one, other) => one.priority - other.priority)[0];
    if (first !== undefined) expect(this.#fits(first), JSON.stringify(first.request)).toBe(false);
  }

  #inForce(ids: readonly string[]): void {
    for (const id of ids) {
      expect(this.open.get(id), `${id} granted out of service`).toBe(true);
      expect(this.used(id), `${id} over its capacity`).toBeLessThanOrEqual(this.capacity.get(id) ?? 0);
    }
  }

  /** All it wants is free, and no other that could be served some time wants any of it. */
  #couldRunAlone(waiter: Party): boolean {
    if (!this.#fits(waiter)) return false;
    return !this.waiters().some(
      (other) => other !== waiter && this.#isServable(other) && this.ids.some((id) => both(id, waiter, other)),
    );
  }

  #fits({ request }: Party): boolean {
    return Object.entries(request).every(
      ([id, amount]) => this.open.get(id) === true && this.used(id) + amount <= (this.capacity.get(id) ?? 0),
    );
  }

  #isServable({ request }: Party): boolean {
    return Object.entries(request).every(
      ([id, amount]) => this.open.get(id) === true && amount <= (this.capacity.get(id) ?? 0),
    );
  }

  /** With everything in service and large enough, all who still wait run as the others leave. */
  async end(): Promise<void> {
    for (const id of this.ids) {
      this.resize(id, MOST);
      this.setOpen(id, true);
    }
    await settle();
    this.#look();
    for (let round = 0; this.releaseSome(); round++) {
      expect(round).toBeLessThan(500);
      await new Promise((resolve) => setImmediate(resolve));
      await settle();
    }
    expect(this.waiters()).toEqual([]);
    for (const id of this.ids) expect(this.made.guard.getUsage(id)).toMatchObject({ current: 0, waiting: 0 });
    this.made.guard.close();
    expect(this.made.time.pendingTimers).toBe(0);
  }
}

function both(id: string, one: Party, other: Party): boolean {
  return Object.hasOwn(one.request, id) && Object.hasOwn(other.request, id);
}

describe('capacity that changes while it is in use', () => {
  it('is never granted beyond what is in force, and nobody waits who could run, on one resource', async () => {
    let grants = 0;
    for (let seed = 1; seed <= 400; seed++) {
      const crowd = new Crowd(seed, ['r']);
      for (let step = 0; step < 60; step++) await crowd.step();
      await crowd.end();
      grants += crowd.grants;
    }
    expect(grants).toBeGreaterThan(4_000);
  }, 60_000);

  it('nor on several in one request', async () => {
    let grants = 0;
    for (let seed = 1_001; seed <= 1_400; seed++) {
      const crowd = new Crowd(seed, ['a', 'b', 'c']);
      for (let step = 0; step < 60; step++) await crowd.step();
      await crowd.end();
      grants += crowd.grants;
    }
    expect(grants).toBeGreaterThan(4_000);
  }, 60_000);
});

describe('a request for more than a capacity that was lowered', () => {
  it('waits aside, lets others by, and has its old place when the capacity is back', async () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 5);
    const holder = guard.allocate('r', 'me', 5);
    const wide = follow(guard.acquire({ r: 4 }));
    const narrow = follow(guard.acquire({ r: 2 }));
    guard.setCapacity('r', 3);
    guard.release(holder?.allocationId ?? '');
    await settle();
    expect([wide.state, narrow.state]).toEqual(['waiting', 'granted']);
    expect(guard.getUsage('r')).toMatchObject({ current: 2, waiting: 1 });
    const third = guard.allocate('r', 'me', 1);
    expect(third).not.toBeNull();
    guard.setCapacity('r', 5);
    // Its place again: nobody who comes now passes it.
    const late = follow(guard.acquire({ r: 1 }));
    await settle();
    expect([wide.state, late.state]).toEqual(['waiting', 'waiting']);
    expect(guard.allocate('r', 'me', 1)).toBeNull();
    guard.release(third?.allocationId ?? '');
    guard.release(narrow.value?.allocationId ?? '');
    await settle();
    expect([wide.state, late.state]).toEqual(['granted', 'granted']);
  });

  it('can be taken back while it stands aside', async () => {
    const { guard, time } = createTestGuard();
    guard.register('r', 'custom', 2);
    const holder = guard.allocate('r', 'me');
    const abort = new AbortController();
    const aborted = follow(guard.acquire({ r: 2 }, { signal: abort.signal }));
    const timed = follow(guard.acquire({ r: 2 }, { timeoutMs: 50 }));
    guard.setCapacity('r', 1);
    await settle();
    expect(guard.getUsage('r').waiting).toBe(2);
    abort.abort();
    time.advance(50);
    await settle();
    expect([aborted.state, timed.state]).toEqual(['refused', 'refused']);
    expect(guard.getUsage('r').waiting).toBe(0);
    guard.setCapacity('r', 2);
    guard.release(holder?.allocationId ?? '');
    expect(guard.allocate('r', 'me', 2)).not.toBeNull();
    guard.close();
    expect(time.pendingTimers).toBe(0);
  });

  it('does not hold up what it wants of other resources', async () => {
    const { guard } = createTestGuard();
    guard.register('a', 'custom', 2);
    guard.register('b', 'custom', 2);
    const holder = guard.allocate('a', 'me', 2);
    const wide = follow(guard.acquire({ a: 2, b: 2 }));
    const narrow = follow(guard.acquire({ a: 1 }));
    guard.setCapacity('b', 1);
    guard.release(holder?.allocationId ?? '');
    await settle();
    expect([wide.state, narrow.state]).toEqual(['waiting', 'granted']);
    guard.setStatus('b', 'maintenance');
    guard.setCapacity('b', 2);
    guard.release(narrow.value?.allocationId ?? '');
    await settle();
    expect(wide.state).toBe('waiting');
    expect(guard.allocate('a', 'me', 2)).not.toBeNull();
    guard.releaseAll('me');
    guard.setStatus('b', 'available');
    await settle();
    expect(wide.state).toBe('granted');
  });

  it('lets threads take what is left', async () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 2);
    const thread = new ThreadCapacity(guard.ledger.buffer, 9);
    const holder = guard.allocate('r', 'me', 2);
    const wide = follow(guard.acquire({ r: 2 }));
    guard.setCapacity('r', 1);
    guard.release(holder?.allocationId ?? '');
    await settle();
    expect(wide.state).toBe('waiting');
    expect(thread.tryAllocate({ r: 1 })).not.toBeNull();
    guard.close();
    await settle();
    expect(wide.state).toBe('refused');
  });
});
