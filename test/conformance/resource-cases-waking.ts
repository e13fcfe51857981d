// Cases 12 to 21 on capacity: whoever can go on is woken, and in the right order.

import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { TaskPriority } from '../../src/domain/statuses.ts';
import { refusalOf } from '../support/resource-face.ts';
import { of, type ResourceCase, sumOf, take, waitInLine, within } from './resource-case.ts';

export const WAKING_CASES: readonly ResourceCase[] = [
  {
    number: 12,
    title: 'what comes back is handed over to who waits: nobody else gets hold of it',
    note: 'in a thread: for a moment the word shows it free, and no thread may take it',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 1);
      const [holder, waiter, grabber] = await adapter.actors(3);
      if (holder === undefined || waiter === undefined || grabber === undefined) return expect.fail('no actors');
      for (let round = 0; round < 20; round++) {
        const held = await take(holder, of(1));
        const wait = await waitInLine(adapter, () => waiter.acquire(of(1)), 1);
        const grabs = grabber.cycle({ rounds: 200, requests: [of(1)], way: 'try' });
        await holder.release(held);
        if (adapter.face === 'main') expect(await adapter.usage('r')).toMatchObject({ available: 0 });
        expect(await grabs).toMatchObject({ granted: 0, refused: 200 });
        const handed = await wait.granted;
        expect(await adapter.usage('r')).toMatchObject({ used: 1, available: 0, waiting: 0 });
        await waiter.release(handed);
      }
    },
  },
  {
    number: 13,
    title: 'a release by one wakes a wait of another, four times, 1 and 3 in turn',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 3);
      const [one, two] = await adapter.actors(2);
      if (one === undefined || two === undefined) return expect.fail('no actors');
      let [holder, waiter] = [one, two];
      let held = await take(holder, of(3));
      for (const amount of [1, 3, 1, 3]) {
        const wait = await waitInLine(adapter, () => waiter.acquire(of(amount)), 1);
        await holder.release(held);
        await wait.granted.then((id) => waiter.release(id));
        expect(await adapter.usage('r')).toMatchObject({ used: 0, waiting: 0 });
        held = await take(waiter, of(3));
        [holder, waiter] = [waiter, holder];
      }
    },
  },
  {
    number: 14,
    title: 'a release of 8 of 10 that races with a wait for 4 never leaves it waiting, 300 times',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 10);
      const [one, two] = await adapter.actors(2);
      if (one === undefined || two === undefined) return expect.fail('no actors');
      for (let round = 0; round < 300; round++) {
        const held = await take(one, of(8));
        const both =
          round % 2 === 0 ? [one.release(held), two.acquire(of(4))] : [two.acquire(of(4)), one.release(held)];
        const ids = await within(10_000, `round ${round}`, Promise.all(both));
        await two.release(ids.find((id) => typeof id === 'string') ?? '');
        expect(await adapter.usage('r')).toMatchObject({ used: 0, available: 10, waiting: 0 });
      }
    },
  },
  {
    number: 15,
    title:
      'a release between the check and the sleep still wakes: 2,500 turns of two at one unit, beside one that only tries',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 1);
      const actors = await adapter.actors(3);
      const cycles = actors.map((actor, i) =>
        actor.cycle({ rounds: 2_500, requests: [of(1)], way: i < 2 ? 'acquire' : 'try', spins: i * 13 }),
      );
      const reports = await within(25_000, 'the turns', Promise.all(cycles));
      expect(reports.map(({ stoppedBy }) => stoppedBy)).toEqual([null, null, null]);
      expect(reports.slice(0, 2).map(({ granted }) => granted)).toEqual([2_500, 2_500]);
      expect(adapter.witness.seen('r')).toEqual({ now: 0, most: 1 });
      expect(await adapter.usage('r')).toEqual({ used: 0, peak: 1, available: 1, waiting: 0 });
    },
  },
  {
    number: 16,
    title:
      'in a storm of very short timed tries from every core nobody gets what is not there, and some get what comes',
    run: async (adapter) => {
      const cores = Math.max(2, availableParallelism());
      await adapter.register('r', 'custom', cores);
      const holder = await adapter.actor('holder');
      const held = await take(holder, of(cores));
      const stormers = await adapter.actors(cores * 2);
      const dry = { rounds: 60, requests: [of(1)], way: 'acquire', timeout: 0.2 } as const;
      const before = await Promise.all(stormers.map((actor) => actor.cycle(dry)));
      expect(sumOf(before)).toEqual({ granted: 0, refused: 0, timedOut: stormers.length * 60 });
      const storm = stormers.map((actor) => actor.cycle({ ...dry, rounds: 1_000, spins: 20 }));
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      await holder.release(held);
      const after = sumOf(await within(25_000, 'the storm', Promise.all(storm)));
      expect(after.granted).toBeGreaterThan(0);
      expect(after.granted + after.timedOut).toBe(stormers.length * 1_000);
      expect(adapter.witness.seen('r').now).toBe(0);
      expect(await adapter.usage('r')).toEqual({ used: 0, peak: cores, available: cores, waiting: 0 });
    },
  },
  {
    number: 17,
    title: 'who waits for 7 while the capacity is 5 runs when 5 are added, and 3 are left',
    note: 'its wait began before the capacity fell to 5; begun after, it is the error of 6',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 7);
      const holder = await adapter.actor('holder');
      const held = await take(holder, of(7));
      const wait = await waitInLine(adapter, () => adapter.acquire(of(7)), 1);
      await adapter.resize('r', 5);
      await holder.release(held);
      await adapter.quiet();
      expect(wait.state).toBe('waiting');
      await adapter.resize('r', 10);
      await wait.granted;
      expect(await adapter.usage('r')).toEqual({ used: 7, peak: 7, available: 3, waiting: 0 });
    },
  },
  {
    number: 18,
    title: 'first come, first served: the wide one ahead first, the one behind it when there is enough beside it',
    note: 'an allocation is given back as a whole, so the two releases in parts are capacity that is added',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 5);
      const held = await take(adapter, of(1));
      const wide = await waitInLine(adapter, () => adapter.acquire(of(5)), 1);
      const small = await waitInLine(adapter, () => adapter.acquire(of(3)), 2);
      await adapter.release(held);
      await wide.granted;
      await adapter.quiet();
      expect([small.state, (await adapter.usage('r')).waiting]).toEqual(['waiting', 1]);
      await adapter.resize('r', 6);
      await adapter.quiet();
      expect([small.state, (await adapter.usage('r')).used]).toEqual(['waiting', 5]);
      await adapter.resize('r', 8);
      await small.granted;
      expect(await adapter.usage('r')).toEqual({ used: 8, peak: 8, available: 0, waiting: 0 });
    },
  },
  {
    number: 19,
    title: 'a small one does not overtake a wide one ahead of it',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 3);
      const holder = await adapter.actor('holder');
      const held = await take(holder, of(2));
      const wide = await waitInLine(adapter, () => adapter.acquire(of(3)), 1);
      const small = await waitInLine(adapter, () => adapter.acquire(of(1)), 2);
      expect(await adapter.usage('r')).toMatchObject({ available: 1, waiting: 2 });
      await holder.release(held);
      const wideHeld = await wide.granted;
      await adapter.quiet();
      expect(small.state).toBe('waiting');
      await adapter.release(wideHeld);
      await small.granted;
      expect(await adapter.usage('r')).toEqual({ used: 1, peak: 3, available: 2, waiting: 0 });
    },
  },
  {
    number: 20,
    title: 'a timed try whose time is up does not barge past those who wait, though there is 1',
    note: 'nor does an untimed try: neither barges',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 3);
      const holder = await adapter.actor('holder');
      const other = await adapter.actor('other');
      const held = await take(holder, of(2));
      const wide = await waitInLine(adapter, () => adapter.acquire(of(3)), 1);
      expect(await adapter.usage('r')).toMatchObject({ available: 1 });
      expect(await refusalOf(other.acquire(of(1), { timeout: 0 }))).toBe('RESOURCE_TIMEOUT');
      expect(await other.tryAcquire(of(1))).toBeNull();
      await holder.release(held);
      await adapter.release(await wide.granted);
      await adapter.until('r', { used: 0, waiting: 0 });
      await other.acquire(of(1), { timeout: 0 }).then((id) => other.release(id));
    },
  },
  {
    number: 21,
    title:
      'priorities go first in the order of their levels, equal ones in that of their coming; a steady stream starves',
    note: 'strict priority, documented: a stream of higher priority starves lower ones for as long as it lasts',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 1);
      const { BACKGROUND, CRITICAL, HIGH, LOW, NORMAL } = TaskPriority;
      const holder = await adapter.actor('holder');
      let held = await take(holder, of(1));
      const order: string[] = [];
      const levels = [NORMAL, BACKGROUND, CRITICAL, NORMAL, HIGH, CRITICAL, LOW];
      const releases: Promise<void>[] = [];
      for (const [i, priority] of levels.entries()) {
        const wait = await waitInLine(adapter, () => adapter.acquire(of(1), { priority }), i + 1);
        const noted = async (id: string) => {
          order.push(`${priority}.${i}`);
          await adapter.release(id);
        };
        releases.push(wait.granted.then(noted));
      }
      await holder.release(held);
      await within(10_000, 'the line', Promise.all(releases));
      expect(order).toEqual(['0.2', '0.5', '1.4', '2.0', '2.3', '3.6', '4.1']);
      held = await take(holder, of(1));
      const low = await waitInLine(adapter, () => adapter.acquire(of(1), { priority: LOW }), 1);
      const [one, two] = await adapter.actors(2);
      if (one === undefined || two === undefined) return expect.fail('no actors');
      let [last, lastHeld, next] = [holder, held, one];
      for (let stream = 0; stream < 20; stream++) {
        const high = await waitInLine(adapter, () => next.acquire(of(1), { priority: HIGH }), 2);
        await last.release(lastHeld);
        [last, lastHeld, next] = [next, await high.granted, next === one ? two : one];
        expect(low.state).toBe('waiting');
      }
      await last.release(lastHeld);
      await low.granted;
    },
  },
];
