// Checks that a quota is exact over every window, whoever takes it and by whatever way, in a time as rough as the real
// one: fractions of milliseconds, late timers, a wall clock that is set while grants are out.

import { describe, expect, it } from 'vitest';
import type { AllocationId } from '../../src/domain/ids.ts';
import { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import { RefillSchedule } from '../../src/resources/refill-schedule.ts';
import { ThreadCapacity } from '../../src/resources/thread-capacity.ts';
import { SeededRandom } from '../simulation/seeded-random.ts';
import { RoughTime } from './rough-time.ts';
import { createTestGuard } from './virtual-time.ts';

const PERIOD_MS = 1_000;
const QUOTA = 50;

interface Grant {
  readonly atMs: number;
  readonly units: number;
  /** In force when it was granted. */
  readonly capacity: number;
}

/** The most units granted in any window [t, t + periodMs). Two pointers: the right one never goes back. */
function fullestWindow(grants: readonly Grant[], periodMs: number): number {
  let fullest = 0;
  let inside = 0;
  let last = 0;
  for (const [first, { atMs }] of grants.entries()) {
    for (let next = grants[last]; next !== undefined && next.atMs < atMs + periodMs; next = grants[last]) {
      inside += next.units;
      last += 1;
    }
    fullest = Math.max(fullest, inside);
    inside -= grants[first]?.units ?? 0;
  }
  return fullest;
}

/** Crowds that take one quota in every way there is, and what each grant was. */
class Crowd {
  readonly random: SeededRandom;
  readonly time: RoughTime;
  readonly guard: CapacityGuard;
  readonly grants: Grant[] = [];
  readonly ways = { allocate: 0, acquire: 0, tryGrant: 0, thread: 0, forThread: 0 };
  capacity = QUOTA;
  waiting = 0;
  failed = 0;
  readonly #thread: ThreadCapacity;
  readonly #held: string[] = [];

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.time = new RoughTime(this.random.split('timers'));
    let made = 0;
    this.guard = new CapacityGuard({
      clock: this.time,
      timers: this.time,
      ids: { allocationId: () => `allocation-${++made}` as AllocationId },
      events: {
        wants: (type) => type === 'resource.allocated',
        emit: (_type, _subject, data = {}) => {
          this.#granted(Number(data.amount));
          // Between the grant and whatever the guard does next, time goes on.
          this.time.trueMs += this.random.next() * 0.2;
        },
      },
    });
    this.guard.register('api', 'api_quota', QUOTA, { refill: { periodMs: PERIOD_MS } });
    this.#thread = new ThreadCapacity(this.guard.ledger.buffer, 7);
  }

  #granted(units: number): void {
    this.grants.push({ atMs: this.time.trueMs, units, capacity: this.capacity });
  }

  /** One try by one of the five ways. */
  take(): void {
    const amount = this.random.chance(0.7) ? 1 : this.random.between(2, 9);
    switch (this.random.between(0, 5)) {
      case 0: {
        const allocation = this.guard.allocate('api', 'me', amount);
        if (allocation === null) return;
        this.ways.allocate += 1;
        this.#held.push(allocation.allocationId);
        return;
      }
      case 1:
        if (this.guard.tryGrant(this.guard.prepare({ api: amount }))) this.ways.tryGrant += 1;
        return;
      case 2: {
        const before = this.time.trueMs;
        if (this.#thread.tryAllocate({ api: amount }) === null) return;
        this.ways.thread += 1;
        this.grants.push({ atMs: before, units: amount, capacity: this.capacity });
        return;
      }
      case 3:
        this.#wait(this.guard.acquireForThread(7, { api: amount }, { priority: this.#priority() }), 'forThread');
        return;
      default:
        this.#wait(this.guard.acquire({ api: amount }, { priority: this.#priority() }), 'acquire');
    }
  }

  /** Gives an allocation back before its units have come back by themselves. */
  releaseOne(): void {
    const allocationId = this.#held.pop();
    if (allocationId !== undefined) this.guard.release(allocationId);
  }

  #priority(): 0 | 2 | 4 {
    return this.random.pick([0, 2, 4] as const);
  }

  #wait(grant: Promise<unknown>, way: 'acquire' | 'forThread'): void {
    this.waiting += 1;
    grant.then(
      () => {
        this.waiting -= 1;
        this.ways[way] += 1;
      },
      () => {
        this.waiting -= 1;
        this.failed += 1;
      },
    );
  }

  /** Lets promises and wake-ups by threads reach the guard. */
  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async end(): Promise<void> {
    for (let round = 0; round < 60 && (this.waiting > 0 || this.time.pendingTimers > 0); round++) {
      await this.turn();
      this.time.advance(PERIOD_MS / 2);
    }
    await this.turn();
    // Settles what threads took, if nobody heard of it yet.
    this.guard.refillAtMs(0, 1);
    this.time.advance(2 * PERIOD_MS);
    await this.turn();
    expect([this.waiting, this.failed, this.guard.getUsage('api').current]).toEqual([0, 0, 0]);
    this.guard.close();
    expect(this.time.pendingTimers).toBe(0);
  }
}

describe('a quota of 50 per second', () => {
  it('lets no window of a second see more than 50, for 1,000 seeds of bursts by every way of taking', async () => {
    const ways: Record<string, number> = {};
    let fullest = 0;
    for (let seed = 1; seed <= 1_000; seed++) {
      const crowd = new Crowd(seed);
      const { random, time } = crowd;
      for (let burst = random.between(3, 8); burst > 0; burst--) {
        for (let tries = random.between(1, 60); tries > 0; tries--) {
          crowd.take();
          if (random.chance(0.2)) time.advance(random.next() * 20);
          if (random.chance(0.1)) crowd.releaseOne();
        }
        if (random.chance(0.5)) await crowd.turn();
        if (random.chance(0.3)) time.setWallClock(random.pick([-2_500, -400.5, -1, 0.3, 1, 700, 5_000]));
        time.advance(random.chance(0.5) ? random.next() * 1_200 : random.pick([999, 999.75, 1_000, 1_000.5]));
      }
      await crowd.end();
      const window = fullestWindow(crowd.grants, PERIOD_MS);
      expect(window, `seed ${seed}`).toBeLessThanOrEqual(QUOTA);
      fullest = Math.max(fullest, window);
      for (const [way, count] of Object.entries(crowd.ways)) ways[way] = (ways[way] ?? 0) + count;
    }
    // The bound was reached, and each way had its share.
    expect(fullest).toBe(QUOTA);
    for (const count of Object.values(ways)) expect(count).toBeGreaterThan(1_000);
  }, 120_000);

  it('holds at each grant the capacity that is in force then, while it is changed and taken out of service', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      const crowd = new Crowd(seed);
      const { guard, random, time } = crowd;
      for (let step = 0; step < 60; step++) {
        for (let tries = random.between(0, 12); tries > 0; tries--) crowd.take();
        if (random.chance(0.3)) {
          crowd.capacity = random.pick([9, 20, 50, 51, 80]);
          guard.setCapacity('api', crowd.capacity);
        }
        if (random.chance(0.2)) guard.setStatus('api', random.pick(['maintenance', 'offline', 'available'] as const));
        if (random.chance(0.2)) await crowd.turn();
        time.advance(random.next() * 400);
      }
      crowd.capacity = QUOTA;
      guard.setCapacity('api', QUOTA);
      guard.setStatus('api', 'available');
      await crowd.end();
      for (const [place, { atMs, capacity }] of crowd.grants.entries()) {
        let used = 0;
        for (let at = place; at >= 0; at--) {
          const earlier = crowd.grants[at];
          if (earlier === undefined || earlier.atMs <= atMs - PERIOD_MS) break;
          used += earlier.units;
        }
        expect(used, `seed ${seed}, grant ${place}`).toBeLessThanOrEqual(capacity);
      }
    }
  }, 60_000);

  it('is not less either: under endless demand it gives 50 in all but each second', () => {
    const random = new SeededRandom(11);
    const crowd = new Crowd(11);
    const request = crowd.guard.prepare({ api: 1 });
    const startMs = crowd.time.trueMs;
    while (crowd.time.trueMs < startMs + 60_000) {
      while (crowd.guard.tryGrant(request));
      crowd.time.advance(random.next());
    }
    expect(crowd.grants.length).toBeGreaterThanOrEqual(59 * QUOTA);
    expect(fullestWindow(crowd.grants, PERIOD_MS)).toBe(QUOTA);
  });
});

describe('a refill', () => {
  it('comes no earlier than the period by the clock that never goes back, whatever the wall clock does', () => {
    for (const jumpMs of [-90_000, -0.5, 0.5, 999, 3_600_000]) {
      const time = new RoughTime(new SeededRandom(1));
      const refills: number[] = [];
      const schedule = new RefillSchedule(time, time, () => refills.push(time.trueMs));
      schedule.addQuota(0, PERIOD_MS);
      const grantedMs = time.trueMs;
      schedule.granted(0, 1);
      time.advance(10);
      time.setWallClock(jumpMs);
      time.advance(200_000);
      expect(refills).toHaveLength(1);
      expect(refills[0]).toBeGreaterThanOrEqual(grantedMs + PERIOD_MS);
      expect(refills[0]).toBeLessThan(grantedMs + PERIOD_MS + 5 + Math.max(0, -jumpMs));
    }
  });

  it('makes headway however close to its time a timer fires', () => {
    // Two clocks that disagree by less than either can show.
    let monotonicMs = 0;
    const wallMs = 1_700_000_000_000;
    const timers: { atMs: number; callback: () => void }[] = [];
    const refills: number[] = [];
    const clock = { now: () => wallMs + Math.floor(monotonicMs), monotonicMs: () => monotonicMs };
    const service = {
      schedule: (atMs: number, callback: () => void) => {
        timers.push({ atMs, callback });
        return { atMs };
      },
      cancel: () => {},
    };
    const schedule = new RefillSchedule(clock, service, (_index, units) => refills.push(units));
    schedule.addQuota(0, 10);
    schedule.granted(0, 3);
    monotonicMs = 10 - 1e-9;
    timers.shift()?.callback();
    expect(refills).toEqual([]);
    expect(timers).toHaveLength(1);
    expect(timers[0]?.atMs).toBeGreaterThan(clock.now());
    monotonicMs = 11;
    timers.shift()?.callback();
    expect([refills, timers]).toEqual([[3], []]);
  });
});

describe('refillAtMs', () => {
  it('tells when so many units will have come back', () => {
    const { guard, time } = createTestGuard();
    guard.register('api', 'api_quota', 5, { refill: { periodMs: 1_000 } });
    guard.register('slots', 'custom', 5);
    const startMs = time.now();
    expect(guard.refillAtMs(0, 5)).toBe(startMs);
    guard.allocate('api', 'me', 2);
    time.advance(300);
    guard.allocate('api', 'me', 3);
    time.advance(100);
    expect([1, 2, 3, 5].map((units) => guard.refillAtMs(0, units))).toEqual([
      startMs + 1_000,
      startMs + 1_000,
      startMs + 1_300,
      startMs + 1_300,
    ]);
    // The answer is kept: at that time, and not before, the units are there.
    time.advance(599);
    expect(guard.allocate('api', 'me', 2)).toBeNull();
    time.advance(1);
    expect(guard.refillAtMs(0, 2)).toBe(time.now());
    expect(guard.allocate('api', 'me', 2)).not.toBeNull();
    guard.close();
  });

  it('goes by the capacity that is in force', () => {
    const { guard, time } = createTestGuard();
    guard.register('api', 'api_quota', 4, { refill: { periodMs: 1_000 } });
    const startMs = time.now();
    for (let grant = 0; grant < 4; grant++) {
      guard.allocate('api', 'me');
      time.advance(100);
    }
    expect(guard.refillAtMs(0, 1)).toBe(startMs + 1_000);
    guard.setCapacity('api', 2);
    expect(guard.refillAtMs(0, 1)).toBe(startMs + 1_200);
    guard.setCapacity('api', 9);
    expect(guard.refillAtMs(0, 5)).toBe(time.now());
    expect(guard.refillAtMs(0, 9)).toBe(startMs + 1_300);
    guard.close();
  });

  it('knows what threads have taken, though nobody has told the guard yet', () => {
    const { guard, time } = createTestGuard();
    guard.register('api', 'api_quota', 2, { refill: { periodMs: 1_000 } });
    const thread = new ThreadCapacity(guard.ledger.buffer, 7);
    thread.tryAllocate({ api: 2 });
    expect(guard.refillAtMs(0, 1)).toBe(time.now() + 1_000);
    guard.close();
  });

  it('is null where nothing can be known', () => {
    const { guard } = createTestGuard();
    guard.register('slots', 'custom', 5);
    guard.register('api', 'api_quota', 5, { refill: { periodMs: 1_000 } });
    expect(guard.refillAtMs(0, 1)).toBeNull();
    expect(guard.refillAtMs(1, 6)).toBeNull();
    guard.setStatus('api', 'maintenance');
    expect(guard.refillAtMs(1, 1)).toBeNull();
    guard.setStatus('api', 'available');
    expect(guard.refillAtMs(1, 1)).not.toBeNull();
    expect(guard.refillAtMs(7, 1)).toBeNull();
    guard.close();
  });
});
