// Tests that what a thread held comes back to the unit, at whatever step of whatever operation it died: every step of each
// operation is tried, beside a main thread and a second thread that hold too.

import { describe, expect, it } from 'vitest';
import { type AtomicsLayer, realAtomics } from '../../src/resources/atomics-layer.ts';
import { CapacityLedger } from '../../src/resources/capacity-ledger.ts';
import { OwnerControl, OwnerWord, ownerBase } from '../../src/resources/ledger-layout.ts';
import { LedgerOwner } from '../../src/resources/ledger-owner.ts';
import { OwnerRows } from '../../src/resources/owner-rows.ts';
import { ThreadCapacity } from '../../src/resources/thread-capacity.ts';
import { createTestGuard, follow, settle } from './virtual-time.ts';

const ONE = { numerator: 1, denominator: 1 };

class Death extends Error {}

/** The operations of the machine, until `life.steps` of them have been done. */
function mortalAtomics(): { atomics: AtomicsLayer; life: { steps: number } } {
  const life = { steps: Number.POSITIVE_INFINITY };
  const step = <Result>(action: () => Result): Result => {
    if (life.steps <= 0) throw new Death('the thread is dead');
    life.steps -= 1;
    return action();
  };
  const atomics: AtomicsLayer = {
    load: (...a) => step(() => realAtomics.load(...a)),
    store: (...a) => step(() => realAtomics.store(...a)),
    compareExchange: (...a) => step(() => realAtomics.compareExchange(...a)),
    exchange: (...a) => step(() => realAtomics.exchange(...a)),
    add: (...a) => step(() => realAtomics.add(...a)),
    or: (...a) => step(() => realAtomics.or(...a)),
    and: (...a) => step(() => realAtomics.and(...a)),
    notify: (...a) => step(() => realAtomics.notify(...a)),
    waitAsync: (...a) => step(() => realAtomics.waitAsync(...a)),
    wait: (...a) => step(() => realAtomics.wait(...a)),
    peek: (...a) => step(() => realAtomics.peek(...a)),
    poke: (...a) => step(() => realAtomics.poke(...a)),
  };
  return { atomics, life };
}

/** Three resources, the last a quota; main holds 1 2 0, thread 8 holds 1 1, thread 7 holds 2 3 and is mortal. */
function createScene() {
  const ledger = CapacityLedger.create();
  for (const id of ['a', 'b']) ledger.define({ id, type: 'custom', kind: 'counting', scale: ONE }, 9);
  ledger.define({ id: 'api', type: 'api_quota', kind: 'quota', scale: ONE }, 9);
  const rows = new OwnerRows(ledger);
  ledger.takeAll([0, 1], [1, 2]);
  const other = LedgerOwner.claim(CapacityLedger.attach(ledger.buffer), 8);
  other?.takeAll([0, 1], [1, 1], null);
  const { atomics, life } = mortalAtomics();
  const mortal = LedgerOwner.claim(CapacityLedger.attach(ledger.buffer, atomics), 7);
  mortal?.takeAll([0, 1], [2, 3], null);
  const used = () => [ledger.usedUnits(0), ledger.usedUnits(1), ledger.usedUnits(2)];
  return { ledger, rows, other, mortal, life, used };
}

type Scene = ReturnType<typeof createScene>;
const QUOTAS = [false, true];

const OPERATIONS: Readonly<Record<string, (scene: Scene) => unknown>> = {
  'takes one': ({ mortal }) => mortal?.takeAll([0], [1], null),
  'takes two': ({ mortal }) => mortal?.takeAll([0, 1], [1, 1], null),
  'takes some of a quota': ({ mortal }) => mortal?.takeAll([0, 2], [1, 4], QUOTAS),
  'gives one back': ({ mortal }) => mortal?.giveAll([0], [2], null),
  'gives two back': ({ mortal }) => mortal?.giveAll([0, 1], [2, 3], null),
  'gives parts back': ({ mortal }) => mortal?.giveAll([0, 1], [1, 1], null),
  'counts a grant': ({ mortal }) => mortal?.countAdopted([0, 1]),
};

/** Lets thread 7 die before each step of an operation, the first, the second …; the number of steps it has. */
function dieEverywhere(operate: (scene: Scene) => unknown, check: (scene: Scene, died: boolean) => void): number {
  for (let steps = 0; ; steps++) {
    const scene = createScene();
    scene.life.steps = steps;
    let died = false;
    try {
      operate(scene);
    } catch (error) {
      if (!(error instanceof Death)) throw error;
      died = true;
    }
    check(scene, died);
    if (!died) return steps;
  }
}

describe('a thread that dies at any step', () => {
  for (const [name, operate] of Object.entries(OPERATIONS)) {
    it(`when it ${name}: all comes back, nothing of others, exactly once`, () => {
      const states = new Set<string>();
      const steps = dieEverywhere(operate, ({ ledger, rows, used }, died) => {
        const before = used();
        const [reclaimed, ...others] = rows.reclaim(7);
        expect(others).toEqual([]);
        const quota = ledger.takeUnsettled(2);
        // What the quota's units cost: those in use are all to be refilled, whether the thread came to say so or not.
        expect(quota).toBe(before[2]);
        expect(used()).toEqual([2, 3, quota]);
        const back = [0, 0];
        for (const { index, units } of reclaimed?.units ?? []) back[index] = units;
        expect(back).toEqual([(before[0] ?? 0) - 2, (before[1] ?? 0) - 3]);
        expect(rows.reclaim(7)).toEqual([]);
        expect(rows.isUnsettled()).toBe(false);
        expect([ledger.balanceUnits(0), ledger.balanceUnits(1)]).toEqual([1, 2]);
        expect([...rows.holdingsOf(8)]).toEqual([
          [0, 1],
          [1, 1],
        ]);
        states.add(`${reclaimed?.interrupted} ${died}`);
      });
      expect(steps).toBeGreaterThan(3);
      expect(states).toContain('true true');
      expect(states).toContain('false false');
    });
  }

  it('when it rolls back a take because the second resource has gone', () => {
    const steps = dieEverywhere(
      ({ ledger, mortal, life }) => {
        // After the look at both and the take of the first: now the second goes.
        const living = life.steps;
        const { compareExchange } = realAtomics;
        let first = true;
        const racing = CapacityLedger.attach(ledger.buffer, {
          ...(mortal?.ledger.atomics ?? realAtomics),
          compareExchange: (...words) => {
            if (life.steps <= 0) throw new Death('the thread is dead');
            life.steps -= 1;
            const found = compareExchange(...words);
            if (first) ledger.take(1, 3);
            first = false;
            return found;
          },
        });
        life.steps = Number.POSITIVE_INFINITY;
        const owner = LedgerOwner.claim(racing, 7);
        life.steps = living;
        expect(owner?.takeAll([0, 1], [1, 1], null)).toBe('insufficient');
      },
      ({ ledger, rows, used }) => {
        rows.reclaim(7);
        expect(used()).toEqual([2, 1 + ledger.balanceUnits(1), 0]);
        expect([2, 5]).toContain(ledger.balanceUnits(1));
      },
    );
    expect(steps).toBeGreaterThan(6);
  });

  it('when another thread has died inside too: both are settled together, as soon as both are known to be dead', () => {
    const { ledger, rows, mortal, life, used } = createScene();
    const second = mortalAtomics();
    const also = LedgerOwner.claim(CapacityLedger.attach(ledger.buffer, second.atomics), 9);
    also?.takeAll([0, 1], [1, 1], null);
    [life.steps, second.life.steps] = [5, 5];
    expect(() => mortal?.takeAll([0], [1], null)).toThrow(Death);
    expect(() => also?.giveAll([0], [1], null)).toThrow(Death);
    const before = used();
    expect(rows.reclaim(7)).toEqual([]);
    expect(rows.isUnsettled(7)).toBe(true);
    // Nothing is given back that might not be there, and the living go on.
    expect(used()).toEqual(before);
    expect(realAtomics.load(ledger.words, ownerBase(0) + OwnerWord.CONTROL)).toBe(OwnerControl.OPEN);
    expect(rows.reclaim(7)).toEqual([]);
    const both = rows.reclaim(9);
    expect(both.map(({ threadId, interrupted }) => [threadId, interrupted])).toEqual([
      [7, true],
      [9, true],
    ]);
    expect(used()).toEqual([2, 3, 0]);
    const back = [0, 0];
    for (const { index, units } of both.flatMap((one) => one.units)) back[index] = (back[index] ?? 0) + units;
    expect(back).toEqual([(before[0] ?? 0) - 2, (before[1] ?? 0) - 3]);
    expect(rows.isUnsettled()).toBe(false);
  });
});

describe('a thread that lives on after an operation was cut short, as by a full stack', () => {
  it('counts as inside until its next operation, and what is then nobody’s comes back with the next settlement', () => {
    const { ledger, rows, mortal, life, other, used } = createScene();
    life.steps = 8;
    expect(() => mortal?.takeAll([0], [1], null)).toThrow(Death);
    life.steps = Number.POSITIVE_INFINITY;
    const cutShort = used();
    expect(rows.seal(7)).toBe('busy');
    expect(mortal?.giveAll([0, 1], [2, 3], null)).toBe('given');
    expect(realAtomics.load(ledger.words, ownerBase(1) + OwnerWord.GATE) & 1).toBe(0);
    expect(used()).toEqual([(cutShort[0] ?? 0) - 2, 3, 0]);
    expect(other?.giveAll([0], [1], null)).toBe('given');
    const { atomics, life: third } = mortalAtomics();
    const last = LedgerOwner.claim(CapacityLedger.attach(ledger.buffer, atomics), 9);
    third.steps = 4;
    expect(() => last?.takeAll([0], [1], null)).toThrow(Death);
    rows.reclaim(9);
    expect(used()).toEqual([1, 3, 0]);
  });
});

describe('the guard', () => {
  it('puts a settlement off while another dead thread is not reported, tries again by itself, and tells of it', async () => {
    const { guard, time, events } = createTestGuard();
    guard.register('a', 'custom', 9);
    const [one, two] = [mortalAtomics(), mortalAtomics()];
    const first = new ThreadCapacity(guard.ledger.buffer, 5, one.atomics);
    const second = new ThreadCapacity(guard.ledger.buffer, 6, two.atomics);
    const own = first.tryAllocate({ a: 2 }) ?? '';
    const held = second.tryAllocate({ a: 3 }) ?? '';
    const waiting = follow(guard.acquire({ a: 9 }));
    [one.life.steps, two.life.steps] = [7, 4];
    expect(() => first.release(own)).toThrow(Death);
    expect(() => second.release(held)).toThrow(Death);
    expect(guard.threadExited(5)).toEqual({ resources: {}, interrupted: true, pending: true });
    time.advance(1);
    expect([guard.getUsage('a').current, waiting.state]).toEqual([5, 'waiting']);
    const { pending, interrupted } = guard.threadExited(6);
    expect([pending, interrupted]).toEqual([false, true]);
    await settle();
    expect(waiting.state).toBe('granted');
    expect(guard.getUsage('a').current).toBe(9);
    // Which of the two had how much of it is not to be known; how much it was in all is.
    const reclaimed = events.filter(({ data }) => data.reclaimed === true);
    expect(reclaimed.map(({ data }) => Number(data.amount)).reduce((sum, amount) => sum + amount, 0)).toBe(5);
    time.advance(10_000);
    expect(time.pendingTimers).toBe(0);
    guard.close();
  });
});
