// Tests the ledger's words and the owner rows, step by step and with a thread that dies at each step.

import { describe, expect, it } from 'vitest';
import { realAtomics } from '../../src/resources/atomics-layer.ts';
import { CapacityLedger } from '../../src/resources/capacity-ledger.ts';
import {
  LEDGER_BYTES,
  LedgerStatus,
  MAX_RESOURCES,
  MAX_UNITS,
  resourceBase,
} from '../../src/resources/ledger-layout.ts';
import { LedgerOwner } from '../../src/resources/ledger-owner.ts';
import { OwnerRows } from '../../src/resources/owner-rows.ts';
import { codeOf } from './virtual-time.ts';

const ONE = { numerator: 1, denominator: 1 };

function createLedger(capacities: Record<string, number>): CapacityLedger {
  const ledger = CapacityLedger.create();
  for (const [id, capacity] of Object.entries(capacities)) {
    ledger.define({ id, type: 'custom', kind: 'counting', scale: ONE }, capacity);
  }
  return ledger;
}

describe('CapacityLedger', () => {
  it('shows the same resources to whoever attaches to its bytes', () => {
    const ledger = CapacityLedger.create();
    ledger.define(
      { id: 'größe/メモリ', type: 'memory', kind: 'counting', scale: { numerator: 1, denominator: 10 } },
      40,
    );
    ledger.define({ id: 'api', type: 'api_quota', kind: 'quota', scale: { numerator: 64, denominator: 1 } }, 7);
    const other = CapacityLedger.attach(ledger.buffer);
    expect(other.findResource('größe/メモリ')).toBe(0);
    expect(other.findResource('api')).toBe(1);
    expect(other.findResource('ap')).toBe(-1);
    expect(other.factsOf(0)).toEqual({
      id: 'größe/メモリ',
      type: 'memory',
      kind: 'counting',
      scale: { numerator: 1, denominator: 10 },
    });
    expect(other.factsOf(1).kind).toBe('quota');
    expect(other.take(0, 30)).toBe('granted');
    expect(ledger.usedUnits(0)).toBe(30);
  });

  it('refuses bytes that are no ledger', () => {
    expect(codeOf(() => CapacityLedger.attach(new SharedArrayBuffer(64)))).toBe('ARGUMENT_INVALID');
    expect(codeOf(() => CapacityLedger.attach(new SharedArrayBuffer(LEDGER_BYTES)))).toBe('ARGUMENT_INVALID');
  });

  it('says full at its limit of resources, and takes the largest amount there is', () => {
    const ledger = CapacityLedger.create();
    for (let index = 0; index < MAX_RESOURCES; index++) {
      expect(ledger.define({ id: `r${index}`, type: 'custom', kind: 'counting', scale: ONE }, MAX_UNITS)).toBe(index);
    }
    expect(ledger.define({ id: 'more', type: 'custom', kind: 'counting', scale: ONE }, 1)).toBe('full');
    expect(ledger.take(MAX_RESOURCES - 1, MAX_UNITS)).toBe('granted');
    expect(ledger.take(MAX_RESOURCES - 1, 1)).toBe('insufficient');
    ledger.setWaiting(MAX_RESOURCES - 1, 1, true);
    expect(ledger.usedUnits(MAX_RESOURCES - 1)).toBe(MAX_UNITS);
    expect(ledger.give(MAX_RESOURCES - 1, MAX_UNITS)).toBe('awaited');
    expect(ledger.usedUnits(MAX_RESOURCES - 1)).toBe(0);
    expect(ledger.usedUnits(0)).toBe(0);
  });

  it('1. 3. 4. 11. counts exactly; a refused take changes nothing', () => {
    const ledger = createLedger({ a: 100, b: 2, c: 5 });
    ledger.take(0, 1);
    expect(100 - ledger.usedUnits(0)).toBe(99);
    ledger.give(0, 1);
    ledger.take(0, 5);
    ledger.take(0, 5);
    expect(100 - ledger.usedUnits(0)).toBe(90);
    expect(ledger.take(1, 3)).toBe('insufficient');
    expect(ledger.usedUnits(1)).toBe(0);
    expect(ledger.take(1, 2)).toBe('granted');
    expect([ledger.take(1, 1), ledger.take(1, 2)]).toEqual(['insufficient', 'insufficient']);
    ledger.take(2, 1);
    expect(ledger.take(2, 5)).toBe('insufficient');
    ledger.give(2, 1);
    expect(ledger.take(2, 5)).toBe('granted');
    for (let i = 1; i <= 5; i++) {
      ledger.give(2, i);
      expect(ledger.take(2, i)).toBe('granted');
      expect(ledger.usedUnits(2)).toBe(5);
    }
  });

  it('34. 35. refuses more back than is in use, and changes nothing', () => {
    const ledger = createLedger({ a: 5 });
    ledger.take(0, 2);
    expect(ledger.give(0, 3)).toBe('underflow');
    expect(ledger.usedUnits(0)).toBe(2);
    expect(ledger.give(0, 2)).toBe('given');
    expect(ledger.give(0, 1)).toBe('underflow');
  });

  it('36. takes several resources all or nothing, and names the one that refused', () => {
    const ledger = createLedger({ a: 1, b: 1, c: 1 });
    ledger.take(1, 1);
    expect(ledger.takeAll([0, 1, 2], [1, 1, 1])).toBe('insufficient');
    expect(ledger.refusedIndex).toBe(1);
    expect([0, 1, 2].map((index) => ledger.usedUnits(index))).toEqual([0, 1, 0]);
    expect(ledger.peakUnits(0)).toBe(0);
    ledger.give(1, 1);
    expect(ledger.takeAll([0, 1, 2], [1, 1, 1])).toBe('granted');
  });

  it('rolls back when another thread takes the last unit between the look and the take', () => {
    let interfere = false;
    const other = { ledger: createLedger({}) };
    const ledger = CapacityLedger.create({
      ...realAtomics,
      compareExchange: (words, index, expected, replacement) => {
        if (interfere) {
          interfere = false;
          expect(other.ledger.take(1, 1)).toBe('granted');
        }
        return realAtomics.compareExchange(words, index, expected, replacement);
      },
    });
    ledger.define({ id: 'a', type: 'custom', kind: 'counting', scale: ONE }, 1);
    ledger.define({ id: 'b', type: 'custom', kind: 'counting', scale: ONE }, 1);
    other.ledger = CapacityLedger.attach(ledger.buffer);
    interfere = true;
    expect(ledger.takeAll([0, 1], [1, 1])).toBe('insufficient');
    expect([ledger.usedUnits(0), ledger.usedUnits(1)]).toEqual([0, 1]);
    expect([ledger.peakUnits(0), ledger.peakUnits(1)]).toEqual([0, 1]);
  });

  it('keeps the true maximum as peak, also when another thread gives back in between', () => {
    const ledger = createLedger({ a: 10 });
    ledger.take(0, 4);
    ledger.take(0, 5);
    ledger.give(0, 5);
    ledger.take(0, 1);
    expect(ledger.peakUnits(0)).toBe(9);
  });

  it('grants nothing while closed, in maintenance or offline, and takes back what is out', () => {
    const ledger = createLedger({ a: 5 });
    ledger.take(0, 2);
    ledger.setStatus(0, LedgerStatus.OFFLINE);
    expect(ledger.take(0, 1)).toBe('unavailable');
    expect(ledger.give(0, 1)).toBe('given');
    ledger.setStatus(0, LedgerStatus.OPEN);
    ledger.close();
    expect(ledger.take(0, 1)).toBe('closed');
    expect(ledger.takeAll([0], [1])).toBe('closed');
    expect(ledger.give(0, 1)).toBe('given');
    expect(ledger.usedUnits(0)).toBe(0);
  });

  it('sends polite takers away while somebody waits, though there is room', () => {
    const ledger = createLedger({ a: 5, b: 5 });
    ledger.setWaiting(0, 1, true);
    expect(ledger.take(0, 1, true)).toBe('queued');
    expect(ledger.takeAll([0, 1], [1, 1], true)).toBe('queued');
    expect(ledger.take(0, 1, false)).toBe('granted');
    expect(ledger.give(0, 1)).toBe('awaited');
    ledger.setWaiting(0, 0, false);
    expect(ledger.take(0, 1, true)).toBe('granted');
    expect(ledger.give(0, 1)).toBe('given');
  });

  it('leaves reserved units alone', () => {
    const ledger = createLedger({ a: 5 });
    expect(ledger.take(0, 3, false, 3)).toBe('insufficient');
    expect(ledger.take(0, 2, false, 3)).toBe('granted');
  });
});

describe('owner rows', () => {
  it('31. give back all that a thread held exactly once, and the row serves the next thread with another generation', () => {
    const ledger = createLedger({ a: 5, b: 5 });
    const rows = new OwnerRows(ledger);
    const owner = LedgerOwner.claim(ledger, 7);
    expect(owner?.takeAll([0, 1], [2, 3], null)).toBe('granted');
    expect(owner?.takeAll([0], [1], null)).toBe('granted');
    owner?.giveAll([0], [1], null);
    expect(rows.allocationCount(0)).toBe(1);
    expect(rows.reclaim(7)).toEqual([
      {
        threadId: 7,
        units: [
          { index: 0, units: 2 },
          { index: 1, units: 3 },
        ],
        interrupted: false,
      },
    ]);
    expect(rows.reclaim(7)).toEqual([]);
    expect([ledger.usedUnits(0), ledger.usedUnits(1), rows.allocationCount(0)]).toEqual([0, 0, 0]);
    const next = LedgerOwner.claim(ledger, 8);
    expect(next?.generation).toBe((owner?.generation ?? 0) + 1);
    expect(rows.reclaim(8)).toEqual([{ threadId: 8, units: [], interrupted: false }]);
  });

  it('count a grant by the main thread and what the thread gives back of it as one', () => {
    const ledger = createLedger({ a: 5 });
    const rows = new OwnerRows(ledger);
    const owner = LedgerOwner.claim(ledger, 7);
    const row = rows.find(7);
    expect(row).not.toBeNull();
    if (row === null) return;
    ledger.take(0, 4);
    expect(rows.grant(row, [0], [4])).toBe('granted');
    owner?.giveAll([0], [1], null);
    expect(rows.reclaim(7)).toMatchObject([{ units: [{ index: 0, units: 3 }] }]);
    expect(ledger.usedUnits(0)).toBe(0);
    expect(rows.grant(row, [0], [1])).toBe('gone');
    LedgerOwner.claim(ledger, 7);
    expect(rows.grant(row, [0], [1])).toBe('gone');
  });

  it('seal a thread out of further operations, and wait while it is inside one', () => {
    const ledger = createLedger({ a: 5 });
    const rows = new OwnerRows(ledger);
    expect(rows.seal(7)).toBe('absent');
    let during: string | null = null;
    const inside = CapacityLedger.attach(ledger.buffer, {
      ...realAtomics,
      compareExchange: (...words) => {
        const found = realAtomics.compareExchange(...words);
        if (words[1] === resourceBase(0)) during ??= rows.seal(7);
        return found;
      },
    });
    const owner = LedgerOwner.claim(inside, 7);
    expect(owner?.takeAll([0], [1], null)).toBe('granted');
    expect(during).toBe('busy');
    expect(rows.seal(7)).toBe('sealed');
    expect(rows.seal(7)).toBe('sealed');
    expect(owner?.takeAll([0], [1], null)).toBe('closed');
    expect(owner?.giveAll([0], [1], null)).toBe('closed');
    expect(rows.reclaim(7)).toEqual([{ threadId: 7, units: [{ index: 0, units: 1 }], interrupted: false }]);
    expect(ledger.usedUnits(0)).toBe(0);
  });
});
