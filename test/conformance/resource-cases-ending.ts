// Cases 22 to 35 on capacity: how waits and holders end (cancel, time-out, close, death) and what may not be given back.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { MAX_UNITS } from '../../src/resources/ledger-layout.ts';
import { type Death, refusalOf } from '../support/resource-face.ts';
import { of, oneOfEach, type ResourceCase, take, Wait, waitInLine, within } from './resource-case.ts';

const DEATHS: readonly Death[] = ['sealed', 'terminated', 'exit'];

const CANCEL_CASES: readonly ResourceCase[] = [
  {
    number: 22,
    title: 'after the cancel of a wait for 8 of 10 the 6 that are free can be taken at once',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 10);
      const [holder, other] = await adapter.actors(2);
      if (holder === undefined || other === undefined) return expect.fail('no actors');
      await take(holder, of(4));
      const abort = new AbortController();
      const wide = await waitInLine(adapter, () => adapter.acquire(of(8), { signal: abort.signal }), 1);
      expect(await other.tryAcquire(of(6))).toBeNull();
      abort.abort();
      await wide.ended;
      expect(wide.state).toBe('refused');
      expect(await adapter.usage('r')).toEqual({ used: 4, peak: 4, available: 6, waiting: 0 });
      await take(other, of(6));
    },
  },
  {
    number: 23,
    title: 'cancels of three waits that race with a release of all 10 leave nobody hanging',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 10);
      const [holder, ...waiters] = await adapter.actors(4);
      if (holder === undefined) return expect.fail('no actors');
      const outcomes = { granted: 0, refused: 0 };
      for (let round = 0; round < 40; round++) {
        const held = await take(holder, of(10));
        const abort = new AbortController();
        const waits: { wait: Wait; waiter: (typeof waiters)[number] }[] = [];
        for (const [i, waiter] of waiters.entries()) {
          const settings = i === round % 4 ? {} : { signal: abort.signal };
          waits.push({ waiter, wait: await waitInLine(adapter, () => waiter.acquire(of(3 + i), settings), i + 1) });
        }
        const released = holder.release(held);
        for (let turn = 0; turn < round % 5; turn++) await nextTurn();
        abort.abort();
        await released;
        const ends = waits.map(async ({ wait, waiter }) => {
          await wait.ended;
          outcomes[wait.state === 'granted' ? 'granted' : 'refused'] += 1;
          if (wait.state === 'granted') await waiter.release(await wait.granted);
        });
        await within(10_000, `round ${round}`, Promise.all(ends));
        await adapter.until('r', { used: 0, available: 10, waiting: 0 });
      }
      expect(Math.min(outcomes.granted, outcomes.refused)).toBeGreaterThan(0);
    },
  },
  {
    number: 24,
    title: 'a wait that times out does so no earlier than its limit, and holds nothing',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 5);
      const holder = await adapter.actor('holder');
      const held = await take(holder, of(3));
      for (const [round, timeout] of [0, 1, 3, 7, 12, 2.5, 20, 1, 1, 1, 2, 4, 4, 4].entries()) {
        const startedMs = performance.now();
        const refusal = await refusalOf(adapter.acquire(of(3 + (round % 3)), { timeout }));
        expect(refusal).toBe('RESOURCE_TIMEOUT');
        expect(performance.now() - startedMs).toBeGreaterThanOrEqual(timeout);
        expect(await adapter.usage('r')).toMatchObject({ used: 3, available: 2, waiting: 0 });
      }
      await holder.release(held);
      await take(adapter, of(5));
    },
  },
  {
    number: 25,
    title: 'the line is as long as those who wait: 0, 1, 2, after a cancel 1, after a release 0',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 1);
      const holder = await adapter.actor('holder');
      const held = await take(holder, of(1));
      expect(await adapter.usage('r')).toMatchObject({ waiting: 0 });
      const abort = new AbortController();
      const first = await waitInLine(adapter, () => adapter.acquire(of(1), { signal: abort.signal }), 1);
      const second = await waitInLine(adapter, () => adapter.acquire(of(1)), 2);
      abort.abort();
      await first.ended;
      expect(await adapter.usage('r')).toMatchObject({ waiting: 1 });
      await holder.release(held);
      await second.granted;
      expect(await adapter.usage('r')).toEqual({ used: 1, peak: 1, available: 0, waiting: 0 });
    },
  },
  {
    number: 26,
    title: 'cancelled before it begins, a request fails at once and takes nothing, though there is room',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 1);
      const wait = new Wait(adapter.acquire(of(1), { signal: AbortSignal.abort() }));
      await within(5_000, 'the refusal', wait.ended);
      expect(wait.state).toBe('refused');
      expect(await adapter.usage('r')).toEqual({ used: 0, peak: 0, available: 1, waiting: 0 });
    },
  },
  {
    number: 27,
    title: 'the cancel of the first in the line lets the next that fits run at once',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 10);
      await take(adapter, of(4));
      const abort = new AbortController();
      const head = await waitInLine(adapter, () => adapter.acquire(of(8), { signal: abort.signal }), 1);
      const next = await waitInLine(adapter, () => adapter.acquire(of(6)), 2);
      abort.abort();
      await next.granted;
      await head.ended;
      expect(head.state).toBe('refused');
      expect(await adapter.usage('r')).toEqual({ used: 10, peak: 10, available: 0, waiting: 0 });
    },
  },
  {
    number: 28,
    title: 'what is given to one that dies in the same moment is not lost',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 1);
      const holder = await adapter.actor('holder');
      const deaths = { holding: 0, waiting: 0 };
      for (let round = 0; round < 8; round++) {
        const waiter = await adapter.actor(`waiter-${round}`);
        const held = await take(holder, of(1));
        await waitInLine(adapter, () => waiter.acquire(of(1)), 1);
        const released = holder.release(held);
        for (let turn = 0; turn < round % 4; turn++) await nextTurn();
        const [{ first, second }] = await Promise.all([
          waiter.kill(round % 2 === 0 ? 'sealed' : 'terminated'),
          released,
        ]);
        deaths[first.r === undefined ? 'waiting' : 'holding'] += 1;
        expect(second).toEqual({});
        await adapter.until('r', { used: 0, waiting: 0 });
        await holder.release(await within(5_000, 'the next one', holder.acquire(of(1))));
      }
      expect(deaths.holding + deaths.waiting).toBe(8);
    },
  },
];

const CLOSE_CASES: readonly ResourceCase[] = [
  {
    number: 29,
    title:
      'closed, it refuses who comes and wakes who waits with an error; what is held can be given back and is counted',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 3);
      const [holder, other] = await adapter.actors(2);
      if (holder === undefined || other === undefined) return expect.fail('no actors');
      const held = await take(holder, of(2));
      const waits = [
        await waitInLine(adapter, () => adapter.acquire(of(3)), 1),
        await waitInLine(adapter, () => adapter.acquire(of(1), { timeout: 60_000 }), 2),
      ];
      await adapter.close();
      for (const wait of waits) {
        await within(5_000, 'a wait', wait.ended);
        expect(wait.error).toMatchObject({ code: 'RESOURCE_CLOSED' });
      }
      expect(await refusalOf(other.tryAcquire(of(1)))).toBe('RESOURCE_CLOSED');
      expect(await refusalOf(other.acquire(of(1)))).toBe('RESOURCE_CLOSED');
      expect(await adapter.usage('r')).toEqual({ used: 2, peak: 2, available: 1, waiting: 0 });
      await holder.release(held);
      expect(await adapter.usage('r')).toEqual({ used: 0, peak: 2, available: 3, waiting: 0 });
    },
  },
  {
    number: 30,
    title: 'three closes at once, beside waits, releases and cycles, leave nobody hanging',
    note: 'only the main thread closes; actors in threads run beside it',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 2);
      const [holder, ...others] = await adapter.actors(5);
      if (holder === undefined) return expect.fail('no actors');
      const held = await take(holder, of(2));
      const cycles = others.map((actor, i) =>
        actor.cycle({ rounds: 1_000_000, requests: [of(1), of(2)], way: i < 2 ? 'acquire' : 'try' }),
      );
      await adapter.until('r', ({ waiting }) => waiting > 0);
      const closes = [adapter.close(), holder.release(held), adapter.close(), adapter.close()];
      await within(5_000, 'the closes', Promise.all(closes));
      const reports = await within(10_000, 'the cycles', Promise.all(cycles));
      expect(reports.map(({ stoppedBy }) => stoppedBy)).toEqual(others.map(() => 'RESOURCE_CLOSED'));
      expect(await adapter.usage('r')).toMatchObject({ used: 0, available: 2, waiting: 0 });
    },
  },
  {
    number: 31,
    title: 'what a holder has that is killed comes back, exactly once, whatever kills it',
    note: 'on the main thread a holder is a requester, and its death that all of it is released',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 5);
      await adapter.register('s', 'custom', 2);
      for (const [i, death] of DEATHS.entries()) {
        const holder = await adapter.actor(`holder-${i}`);
        await take(holder, of(2));
        await holder.release(await take(holder, of(1)));
        await holder.acquire([...of(1), ...of(2, 's')]);
        const wait = await waitInLine(adapter, () => adapter.acquire(of(4)), 1);
        expect(await holder.kill(death)).toEqual({ first: { r: 3, s: 2 }, second: {} });
        await adapter.release(await within(5_000, 'who waited for it', wait.granted));
        expect(await adapter.usage('r')).toMatchObject({ used: 0, available: 5, waiting: 0 });
        expect(await adapter.usage('s')).toEqual({ used: 0, peak: 2, available: 2, waiting: 0 });
      }
    },
  },
];

const RELEASE_CASES: readonly ResourceCase[] = [
  {
    number: 32,
    title: 'an id that nobody was given is an error',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 2);
      const held = await take(adapter, of(1));
      for (const forged of ['', 'nonsense', `${held}0`, 'm-999999', 'allocation-1']) {
        expect(await refusalOf(adapter.release(forged))).toBe('ALLOCATION_NOT_FOUND');
      }
      expect(await adapter.usage('r')).toMatchObject({ used: 1, available: 1 });
    },
  },
  {
    number: 33,
    title: 'given back twice is an error, and there is never more than the capacity',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 2);
      const actor = await adapter.actor('holder');
      const held = [await take(actor, of(1)), await take(actor, of(1))];
      for (const id of held) {
        await actor.release(id);
        for (let again = 0; again < 3; again++) expect(await refusalOf(actor.release(id))).toBe('ALLOCATION_RELEASED');
      }
      expect(await adapter.usage('r')).toEqual({ used: 0, peak: 2, available: 2, waiting: 0 });
      await take(actor, of(2));
      expect(await actor.tryAcquire(of(1))).toBeNull();
      expect(await actor.releaseAll()).toBe(1);
      expect(await actor.releaseAll()).toBe(0);
    },
  },
  {
    number: 34,
    title: 'a capacity above the greatest is an error and changes nothing',
    note: 'only the main thread defines and resizes; seen from where the face is',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 3);
      const held = await take(adapter, of(2));
      for (const capacity of [MAX_UNITS + 1, 2 ** 53, Number.POSITIVE_INFINITY, -1, Number.NaN, 0.5]) {
        expect(await refusalOf(adapter.resize('r', capacity))).toBe('RESOURCE_AMOUNT_INVALID');
        expect(await refusalOf(adapter.register('s', 'custom', capacity))).toBe('RESOURCE_AMOUNT_INVALID');
        expect(await adapter.usage('r')).toEqual({ used: 2, peak: 2, available: 1, waiting: 0 });
      }
      await adapter.resize('r', MAX_UNITS);
      const rest = await take(adapter, of(MAX_UNITS - 2));
      expect(await adapter.tryAcquire(of(1))).toBeNull();
      expect(await adapter.usage('r')).toEqual({ used: MAX_UNITS, peak: MAX_UNITS, available: 0, waiting: 0 });
      await adapter.release(rest);
      await adapter.release(held);
    },
  },
  {
    number: 35,
    title: 'giving back more than was taken is an error and changes nothing',
    note: 'an allocation is given back as a whole; past the books, the ledger itself refuses what is not in use',
    run: async (adapter) => {
      await adapter.register('r', 'custom', 5);
      await adapter.register('s', 'custom', 1);
      const held = await take(adapter, [...of(2), ...oneOfEach('s')]);
      expect(await adapter.giveUnbooked('r', 3)).toBe('underflow');
      expect(await adapter.giveUnbooked('r', MAX_UNITS)).toBe('underflow');
      expect(await adapter.usage('r')).toEqual({ used: 2, peak: 2, available: 3, waiting: 0 });
      await adapter.release(held);
      expect(await adapter.giveUnbooked('r', 1)).toBe('underflow');
      expect(await adapter.giveUnbooked('s', 1)).toBe('underflow');
      expect(await adapter.usage('r')).toEqual({ used: 0, peak: 2, available: 5, waiting: 0 });
    },
  },
];

export const ENDING_CASES: readonly ResourceCase[] = [...CANCEL_CASES, ...CLOSE_CASES, ...RELEASE_CASES];
