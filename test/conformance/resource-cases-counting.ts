// Cases 1 to 11 and 39 to 42 on capacity: what is counted is right, at every instant and at the end.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { SeededRandom } from '../simulation/seeded-random.ts';
import { refusalOf } from '../support/resource-face.ts';
import { of, oneOfEach, type ResourceCase, sumOf, take, within } from './resource-case.ts';

/** Actors and rounds that make 1,000 rounds in all, as many at once as the face has room for. */
const CROWDS = {
  main: { actors: 1_000, rounds: 1 },
  thread: { actors: 8, rounds: 125 },
  'thread-blocking': { actors: 8, rounds: 125 },
} as const;

export const COUNTING_CASES: readonly ResourceCase[] = [
  {
    number: 1,
    title: 'what is taken is off what is left: 1 of 100, then 5 and 5 of 100',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 100);
      await adapter.register('s', 'custom', 100);
      await adapter.acquire(of(1));
      expect(await adapter.usage('r')).toEqual({ used: 1, peak: 1, available: 99, waiting: 0 });
      await adapter.acquire(of(5, 's'));
      expect(await adapter.usage('s')).toMatchObject({ available: 95 });
      await adapter.acquire(of(5, 's'));
      expect(await adapter.usage('s')).toEqual({ used: 10, peak: 10, available: 90, waiting: 0 });
    },
  },
  {
    number: 2,
    title: 'of a capacity of 2 the third try fails and changes nothing',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 2);
      await take(adapter, of(1));
      await take(adapter, of(1));
      expect(await adapter.tryAcquire(of(1))).toBeNull();
      expect(await adapter.usage('r')).toEqual({ used: 2, peak: 2, available: 0, waiting: 0 });
    },
  },
  {
    number: 3,
    title: 'a try for 3 of 2 fails and leaves 2; then 2 can be had, and after that neither 1 nor 2',
    note: 'more than the capacity is an error, not only no grant (6)',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 2);
      expect(await refusalOf(adapter.tryAcquire(of(3)))).toBe('RESOURCE_CAPACITY_EXCEEDED');
      expect(await adapter.usage('r')).toMatchObject({ used: 0, available: 2 });
      await take(adapter, of(2));
      expect(await adapter.tryAcquire(of(1))).toBeNull();
      expect(await adapter.tryAcquire(of(2))).toBeNull();
      expect(await adapter.usage('r')).toMatchObject({ used: 2, available: 0 });
    },
  },
  {
    number: 4,
    title: 'with 1 of 5 held a try for 5 fails; after the release it passes',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 5);
      const held = await take(adapter, of(1));
      expect(await adapter.tryAcquire(of(5))).toBeNull();
      await adapter.release(held);
      await take(adapter, of(5));
    },
  },
  {
    number: 5,
    title: 'a capacity of 0 is allowed; who waits while there is none goes on when there is some',
    note: 'asking 1 of 0 is the error of 6; capacity comes by resize, and who waited before it fell to 0 waits on',
    run: async (adapter) => {
      await adapter.register('none', 'custom', 0);
      expect(await adapter.usage('none')).toEqual({ used: 0, peak: 0, available: 0, waiting: 0 });
      expect(await refusalOf(adapter.acquire(of(1, 'none')))).toBe('RESOURCE_CAPACITY_EXCEEDED');
      await adapter.register('r', 'custom', 1);
      const held = await take(adapter, of(1));
      const waiting = adapter.acquire(of(1));
      await adapter.until('r', { waiting: 1 });
      await adapter.resize('r', 0);
      await adapter.release(held);
      await adapter.quiet();
      expect(await adapter.usage('r')).toMatchObject({ used: 0, available: 0, waiting: 1 });
      await adapter.resize('r', 1);
      await waiting;
      expect(await adapter.usage('r')).toMatchObject({ used: 1, available: 0, waiting: 0 });
      await adapter.resize('none', 1);
      await adapter.acquire(of(1, 'none'));
    },
  },
  {
    number: 6,
    title: 'more than the capacity can ever give is an error at once, not a wait',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 3);
      await adapter.register('s', 'custom', 3);
      const request = [...of(1), ...of(4, 's')];
      for (const ask of [
        () => adapter.acquire(of(4)),
        () => adapter.tryAcquire(of(4)),
        () => adapter.acquire(request),
        () => adapter.tryAcquire(request),
      ]) {
        expect(await refusalOf(ask())).toBe('RESOURCE_CAPACITY_EXCEEDED');
      }
      expect(await adapter.usage('r')).toEqual({ used: 0, peak: 0, available: 3, waiting: 0 });
    },
  },
  {
    number: 7,
    title: 'negative, zero, broken and no numbers are argument errors that change nothing',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 3);
      const held = await take(adapter, of(2));
      for (const amount of [-1, 0, -0, 0.5, 1.000_001, Number.NaN, Number.POSITIVE_INFINITY, -(2 ** 31), 2 ** 32 + 1]) {
        expect(await refusalOf(adapter.tryAcquire(of(amount)))).toBe('RESOURCE_AMOUNT_INVALID');
        expect(await refusalOf(adapter.acquire(of(amount)))).toBe('RESOURCE_AMOUNT_INVALID');
      }
      expect(await refusalOf(adapter.tryAcquire([]))).toBe('ARGUMENT_INVALID');
      expect(await refusalOf(adapter.acquire(of(1), { timeout: -1 }))).toBe('ARGUMENT_INVALID');
      expect(await refusalOf(adapter.giveUnbooked('r', -1))).toBe('RESOURCE_AMOUNT_INVALID');
      expect(await refusalOf(adapter.release('-1'))).toBe('ALLOCATION_NOT_FOUND');
      expect(await adapter.usage('r')).toEqual({ used: 2, peak: 2, available: 1, waiting: 0 });
      await adapter.release(held);
    },
  },
  {
    number: 8,
    title: '1,000 times taken and given back on a capacity of 5, as many at once as can be: 5 are left',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 5);
      const { actors, rounds } = CROWDS[adapter.face];
      const crowd = await adapter.actors(actors);
      const cycle = { rounds, requests: [of(1)], way: 'acquire', spins: 50 } as const;
      const reports = await within(20_000, 'the crowd', Promise.all(crowd.map((actor) => actor.cycle(cycle))));
      expect(sumOf(reports)).toEqual({ granted: 1_000, refused: 0, timedOut: 0 });
      const { now, most } = adapter.witness.seen('r');
      const { peak, ...usage } = await adapter.usage('r');
      expect([now, usage]).toEqual([0, { used: 0, available: 5, waiting: 0 }]);
      expect(most).toBeLessThanOrEqual(peak);
      expect(peak).toBeLessThanOrEqual(5);
      if (adapter.face === 'main') expect(most).toBe(5);
    },
  },
  {
    number: 9,
    title: 'two actors that take 4, 10 and 8 of 10 never hold more than 10 together, and leave 10',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 10);
      const pair = await adapter.actors(2);
      const cycle = { rounds: 600, requests: [of(4), of(10), of(8)], way: 'acquire', spins: 20 } as const;
      const reports = await within(20_000, 'the pair', Promise.all(pair.map((actor) => actor.cycle(cycle))));
      expect(sumOf(reports).granted).toBe(1_200);
      expect(adapter.witness.seen('r')).toEqual({ now: 0, most: 10 });
      expect(await adapter.usage('r')).toEqual({ used: 0, peak: 10, available: 10, waiting: 0 });
    },
  },
  {
    number: 10,
    title: 'of three actors on a capacity of 2 never more than 2 are inside',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 2);
      const three = await adapter.actors(3);
      const waits = { rounds: 500, requests: [of(1)], way: 'acquire', spins: 100 } as const;
      const tries = { ...waits, way: 'try' } as const;
      const [one, two, other] = await Promise.all(three.map((actor, i) => actor.cycle(i < 2 ? waits : tries)));
      expect([one?.granted, two?.granted]).toEqual([500, 500]);
      expect((other?.granted ?? 0) + (other?.refused ?? 0)).toBe(500);
      const { now, most } = adapter.witness.seen('r');
      expect(now).toBe(0);
      expect(most).toBeLessThanOrEqual(2);
      expect(most).toBeGreaterThan(0);
    },
  },
  {
    number: 11,
    title: 'giving back and taking 1 to 5 comes to the same count each time',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 5);
      for (let amount = 1; amount <= 5; amount++) {
        const held = await adapter.acquire(of(amount));
        expect(await adapter.usage('r')).toMatchObject({ used: amount, peak: amount, available: 5 - amount });
        await adapter.release(held);
        expect(await adapter.usage('r')).toMatchObject({ used: 0, peak: amount, available: 5 });
      }
    },
  },
  {
    number: 41,
    title: 'peak is the true maximum, and used and available make up the capacity whenever one looks, from any thread',
    run: async (adapter) => {
      await adapter.register('p', 'custom', 9);
      const held = await take(adapter, of(3, 'p'));
      await adapter.release(await take(adapter, of(4, 'p')));
      await take(adapter, of(2, 'p'));
      await adapter.release(held);
      expect(await adapter.usage('p')).toEqual({ used: 2, peak: 7, available: 7, waiting: 0 });
      await adapter.register('r', 'custom', 10);
      const [one, two, looker] = await adapter.actors(3);
      const cycle = { rounds: 1_500, requests: [of(3), of(7), of(5)], way: 'acquire', spins: 5 } as const;
      let over = false;
      const cycles = Promise.all([one?.cycle(cycle), two?.cycle(cycle)]).finally(() => {
        over = true;
      });
      let looks = 0;
      for (; !over; looks++) {
        const seen = await adapter.usage('r');
        const { current, available, peak } = adapter.guard.getUsage('r');
        expect(seen.used + seen.available).toBe(10);
        expect(current + available).toBe(10);
        expect(Math.max(seen.used, seen.peak, current, peak)).toBeLessThanOrEqual(10);
        await nextTurn();
      }
      await cycles;
      expect(looks).toBeGreaterThan(10);
      expect(looker?.name).toBe('actor-3');
      const { most } = adapter.witness.seen('r');
      const { peak } = await adapter.usage('r');
      expect(peak).toBeGreaterThanOrEqual(most);
      expect(peak).toBeLessThanOrEqual(10);
    },
  },
  {
    number: 42,
    title: 'after a run of everything at random, nothing is in use and nobody waits',
    note: 'besides, this is checked after each case of this table',
    run: async (adapter) => {
      const seed = 20_261_122;
      const random = new SeededRandom(seed);
      const capacities = { r: 7, s: 3, t: 1 };
      for (const [id, capacity] of Object.entries(capacities)) await adapter.register(id, 'custom', capacity);
      const actors = await adapter.actors(4);
      const lives = actors.map(async (actor) => {
        const held: string[] = [];
        for (let step = 0; step < 150; step++) {
          const request = random.pick([of(1), of(4), of(7), oneOfEach('r', 's'), oneOfEach('t', 'r'), of(2, 's')]);
          const chance = random.next();
          const released = held.length > 0 && chance < 0.6 ? held.splice(0, 1)[0] : undefined;
          if (released !== undefined) await actor.release(released);
          else if (chance < 0.8) {
            const tried = await actor.tryAcquire(request);
            if (tried !== null) held.push(tried);
          } else {
            const signal = AbortSignal.timeout(random.between(1, 9));
            const settings = random.chance(0.5) ? { timeout: random.between(0, 4) } : { signal };
            await actor.acquire(request, settings).then(
              (id) => held.push(id),
              () => undefined,
            );
          }
        }
        for (const id of held) await actor.release(id);
      });
      await within(25_000, `the random run of seed ${seed}`, Promise.all(lives));
      for (const [id, capacity] of Object.entries(capacities)) {
        const { used, available, waiting, peak } = await adapter.usage(id);
        expect({ used, available, waiting }).toEqual({ used: 0, available: capacity, waiting: 0 });
        expect(peak).toBeLessThanOrEqual(capacity);
        expect(adapter.witness.seen(id).most).toBeLessThanOrEqual(capacity);
      }
    },
  },
];
