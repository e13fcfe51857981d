// Owns the main thread's side of the owner rows: grants to a thread, sealing before a deliberate end, and giving back
// what a dead thread held. Why apart from LedgerOwner: the two sides run in different threads and write different words.
// `reclaim` must never be called before the thread has exited.
//
// Exactness. A thread that exits outside its gate holds what its row says. One that died inside an operation may have
// changed USED and not its row, or the other way round; no trace in its row could tell which, since others go on to change
// USED. But all units in use belong to somebody:
//
//     USED = what main took (CapacityLedger.balanceUnits) + UNSETTLED + the rows of all threads        per resource
//
// So main counts what everybody else has, and the rest is the dead thread's: for one resource or many, taking, giving or
// rolling back. The count must see each other thread outside its operations. Main holds them off (CONTROL = HELD), waits
// until nobody is inside, reads, and looks at all gates again: if none has moved, what it read is of one moment.
// Whoever cannot be counted for the time being (a second thread that died inside and has not been reported yet) puts the
// settlement off; until then the dead thread's units stay in use. They are never granted twice.

import type { CapacityLedger } from './capacity-ledger.ts';
import {
  AnswerState,
  MAX_OWNERS,
  OwnerControl,
  OwnerWord,
  ownerBase,
  ResourceWord,
  resourceBase,
} from './ledger-layout.ts';

/** Which life of which row: a row is used again by later threads, with another generation. */
export interface OwnerReference {
  readonly threadId: number;
  readonly slot: number;
  readonly generation: number;
}

/** What a dead thread left behind and was given back. */
export interface ReclaimedUnits {
  readonly threadId: number;
  readonly units: readonly { readonly index: number; readonly units: number }[];
  /** It died inside a ledger operation, and what it held was found by counting what everybody else has. */
  readonly interrupted: boolean;
}

/** Looks at the other threads' gates before a settlement is put off: about a millisecond. */
const COUNT_TRIES = 1_000;
/** Looks at the gate of a thread that is to be sealed: a microsecond, many times as long as an operation. */
const SEAL_LOOKS = 100;
const ALL_SLOTS: readonly number[] = Array.from({ length: MAX_OWNERS }, (_, slot) => slot);

export class OwnerRows {
  readonly #ledger: CapacityLedger;
  readonly #countTries: number;
  // Died inside an operation and not settled yet.
  readonly #unsettled: OwnerReference[] = [];
  readonly #gates = new Int32Array(MAX_OWNERS);

  constructor(ledger: CapacityLedger, countTries = COUNT_TRIES) {
    this.#ledger = ledger;
    this.#countTries = countTries;
  }

  /** The row that a living thread has claimed, or null. */
  find(threadId: number): OwnerReference | null {
    for (const slot of ALL_SLOTS) {
      if (this.#read(slot, OwnerWord.THREAD_ID) !== threadId) continue;
      return { threadId, slot, generation: this.#read(slot, OwnerWord.GENERATION) };
    }
    return null;
  }

  /** Whether a thread still has the row that it had, and may be granted something. */
  isOpen({ slot, threadId, generation }: OwnerReference): boolean {
    return (
      this.#read(slot, OwnerWord.THREAD_ID) === threadId &&
      this.#read(slot, OwnerWord.GENERATION) === generation &&
      this.#read(slot, OwnerWord.CONTROL) !== OwnerControl.SEALED
    );
  }

  /** Writes units that main has already taken into a thread's row; `gone` if that thread or its row is no more. */
  grant(owner: OwnerReference, indices: readonly number[], units: readonly number[]): 'granted' | 'gone' {
    if (!this.isOpen(owner)) return 'gone';
    for (let i = 0; i < indices.length; i++) this.#moveToRow(owner.slot, indices[i] ?? 0, units[i] ?? 0);
    return 'granted';
  }

  /** Takes a grant back that its thread has not been told of. */
  revoke(owner: OwnerReference, indices: readonly number[], units: readonly number[]): void {
    for (let i = 0; i < indices.length; i++) this.#moveToRow(owner.slot, indices[i] ?? 0, -(units[i] ?? 0));
  }

  /**
   * Stops a thread from starting further ledger operations, before it is ended on purpose. `busy`: it is inside one
   * that lasts well under a microsecond, and goes on; try again. `absent`: it has claimed no row, so it holds nothing.
   */
  seal(threadId: number): 'sealed' | 'busy' | 'absent' {
    const owner = this.find(threadId);
    if (owner === null) return 'absent';
    const { atomics, words } = this.#ledger;
    const at = ownerBase(owner.slot) + OwnerWord.CONTROL;
    if (atomics.load(words, at) === OwnerControl.SEALED) return 'sealed';
    // Held first: a thread that is left to go on has never been refused anything.
    atomics.store(words, at, OwnerControl.HELD);
    // Held off, it leaves as soon as it has done what it is doing, and does not come in again.
    let isBusy = this.#isInside(owner.slot);
    for (let look = 1; isBusy && look < Math.min(SEAL_LOOKS, this.#countTries); look++)
      isBusy = this.#isInside(owner.slot);
    atomics.store(words, at, isBusy ? OwnerControl.OPEN : OwnerControl.SEALED);
    atomics.notify(words, at);
    return isBusy ? 'busy' : 'sealed';
  }

  /**
   * Gives back, exactly once, all that an exited thread held, and frees its row. What is given back: this thread's, and
   * that of others whose settlement was put off; nothing for one that is put off now. A second call finds nothing.
   */
  reclaim(threadId: number): ReclaimedUnits[] {
    const owner = this.find(threadId);
    if (owner === null) return [];
    if (this.#isInside(owner.slot)) {
      if (!this.isUnsettled(threadId)) this.#unsettled.push(owner);
      return this.settle();
    }
    const units: { index: number; units: number }[] = [];
    const count = this.#ledger.resourceCount();
    for (let index = 0; index < count; index++) this.#giveBack(index, this.#heldUnits(owner.slot, index), units);
    this.#free(owner.slot);
    return [{ threadId, units, interrupted: false }, ...this.settle()];
  }

  /** Whether some dead thread's units are not known yet, or this one's. */
  isUnsettled(threadId?: number): boolean {
    return this.#unsettled.some((owner) => threadId === undefined || owner.threadId === threadId);
  }

  /** Gives back what threads held that died inside an operation, if everybody else can be counted now. */
  settle(): ReclaimedUnits[] {
    if (this.#unsettled.length === 0) return [];
    const held = this.#holdOthers();
    try {
      for (let attempt = 0; attempt < this.#countTries; attempt++) {
        if (!this.#lookAtGates()) continue;
        const left = this.#unitsOfNobody();
        if (this.#haveGatesMoved()) continue;
        return this.#giveBackOf(left);
      }
      return [];
    } finally {
      this.#letGo(held);
    }
  }

  /** Units by resource index that a living thread holds by its own doing; its task's declared ones are not in its row. */
  holdingsOf(threadId: number): Map<number, number> {
    const held = new Map<number, number>();
    const owner = this.find(threadId);
    if (owner === null) return held;
    const count = this.#ledger.resourceCount();
    for (let index = 0; index < count; index++) {
      const units = this.#heldUnits(owner.slot, index);
      if (units > 0) held.set(index, units);
    }
    return held;
  }

  /** Live allocations of a resource over all threads. */
  allocationCount(index: number): number {
    const { atomics, words } = this.#ledger;
    let sum = 0;
    for (const slot of ALL_SLOTS) sum += atomics.peek(words, ownerBase(slot) + OwnerWord.ALLOCATIONS + index);
    return sum;
  }

  // --- counting what everybody has

  /** Keeps the living out of further operations; gives whom it held. */
  #holdOthers(): number[] {
    const { atomics, words } = this.#ledger;
    return ALL_SLOTS.filter((slot) => {
      if (!this.#isLiving(slot)) return false;
      const at = ownerBase(slot) + OwnerWord.CONTROL;
      return atomics.compareExchange(words, at, OwnerControl.OPEN, OwnerControl.HELD) === OwnerControl.OPEN;
    });
  }

  #letGo(slots: readonly number[]): void {
    const { atomics, words } = this.#ledger;
    for (const slot of slots) {
      atomics.store(words, ownerBase(slot) + OwnerWord.CONTROL, OwnerControl.OPEN);
      atomics.notify(words, ownerBase(slot) + OwnerWord.CONTROL);
    }
  }

  /** Notes all gates; false while a living thread is inside. All slots: a row may be claimed meanwhile. */
  #lookAtGates(): boolean {
    return ALL_SLOTS.every((slot) => {
      const gate = this.#read(slot, OwnerWord.GATE);
      this.#gates[slot] = gate;
      return (gate & 1) === 0 || this.#isDead(slot);
    });
  }

  #haveGatesMoved(): boolean {
    return ALL_SLOTS.some((slot) => this.#read(slot, OwnerWord.GATE) !== this.#gates[slot]);
  }

  /** Units in use, by resource, that neither main nor a living thread has. */
  #unitsOfNobody(): number[] {
    const ledger = this.#ledger;
    const living = ALL_SLOTS.filter((slot) => this.#isLiving(slot));
    return Array.from({ length: ledger.resourceCount() }, (_, index) => {
      let rest = ledger.usedUnits(index) - ledger.balanceUnits(index) - ledger.unsettledUnits(index);
      for (const slot of living) rest -= this.#heldUnits(slot, index);
      return Math.max(0, rest | 0);
    });
  }

  // Of several dead threads at once it is known what they held together: each gets what its row says, the last the rest.
  #giveBackOf(left: number[]): ReclaimedUnits[] {
    const dead = this.#unsettled.splice(0);
    return dead.map(({ slot, threadId }, at) => {
      const units: { index: number; units: number }[] = [];
      for (const [index, rest] of left.entries()) {
        const share = at === dead.length - 1 ? rest : Math.min(rest, Math.max(0, this.#heldUnits(slot, index)));
        left[index] = rest - share;
        this.#giveBack(index, share, units);
      }
      this.#free(slot);
      return { threadId, units, interrupted: true };
    });
  }

  // --- words

  /** Gives back what a row had. A quota comes back by itself: it goes to those whose refill is to be scheduled. */
  #giveBack(index: number, units: number, given: { index: number; units: number }[]): void {
    if (units <= 0) return;
    const ledger = this.#ledger;
    if (ledger.factsOf(index).kind === 'quota') {
      ledger.atomics.add(ledger.words, resourceBase(index) + ResourceWord.UNSETTLED, units);
      return;
    }
    if (ledger.give(index, units) === 'underflow') return;
    // It was not this object that took them.
    ledger.moveUnits(index, units);
    given.push({ index, units });
  }

  #free(slot: number): void {
    const { atomics, words } = this.#ledger;
    const base = ownerBase(slot);
    const count = this.#ledger.resourceCount();
    for (let index = 0; index < count; index++) {
      atomics.store(words, base + OwnerWord.OWN + index, 0);
      atomics.store(words, base + OwnerWord.GRANTED + index, 0);
      atomics.store(words, base + OwnerWord.ALLOCATIONS + index, 0);
    }
    atomics.store(words, base + OwnerWord.ANSWER, AnswerState.NONE);
    atomics.add(words, base + OwnerWord.GENERATION, 1);
    if (this.#isInside(slot)) atomics.add(words, base + OwnerWord.GATE, 1);
    atomics.store(words, base + OwnerWord.CONTROL, OwnerControl.OPEN);
    // Last: from here on another thread may claim the row.
    atomics.store(words, base + OwnerWord.THREAD_ID, 0);
  }

  #moveToRow(slot: number, index: number, units: number): void {
    const { atomics, words } = this.#ledger;
    const at = ownerBase(slot) + OwnerWord.GRANTED + index;
    atomics.store(words, at, (atomics.load(words, at) + units) | 0);
    this.#ledger.moveUnits(index, -units);
  }

  #heldUnits(slot: number, index: number): number {
    return (this.#read(slot, OwnerWord.OWN + index) + this.#read(slot, OwnerWord.GRANTED + index)) | 0;
  }

  #isLiving(slot: number): boolean {
    return this.#read(slot, OwnerWord.THREAD_ID) !== 0 && !this.#isDead(slot);
  }

  #isDead(slot: number): boolean {
    return this.#unsettled.some((owner) => owner.slot === slot);
  }

  #isInside(slot: number): boolean {
    return (this.#read(slot, OwnerWord.GATE) & 1) === 1;
  }

  #read(slot: number, word: number): number {
    return this.#ledger.atomics.load(this.#ledger.words, ownerBase(slot) + word);
  }
}
