// Owns the thread's side of an owner row: what this thread holds, written down beside every take and give-back.
// Why: when a thread dies, the main thread must know from the bytes alone what to give back.
// Must never be used outside the thread whose id the row bears.
//
// The gate: each operation enters IDLE → BUSY and leaves BUSY → IDLE. The main thread seals (IDLE → SEALED) before it
// ends a thread on purpose, so such an end never falls between USED and the row. A thread that dies inside all the same
// (out of memory) can leave at most the units of that one operation in use for ever: a take writes USED first and the
// row second, a give-back the row first and USED second. Capacity may be lost, it is never granted twice.

import { invariant } from '../domain/runtime-error.ts';
import type { CapacityLedger, TakeOutcome } from './capacity-ledger.ts';
import { MAX_OWNERS, OwnerGate, OwnerWord, ownerBase, ResourceWord, resourceBase } from './ledger-layout.ts';

export class LedgerOwner {
  readonly ledger: CapacityLedger;
  readonly threadId: number;
  readonly generation: number;
  readonly #base: number;

  private constructor(ledger: CapacityLedger, threadId: number, slot: number) {
    this.ledger = ledger;
    this.threadId = threadId;
    this.#base = ownerBase(slot);
    this.generation = ledger.atomics.load(ledger.words, this.#base + OwnerWord.GENERATION);
  }

  /** Claims a free row for this thread, or gives the one it has; null when all MAX_OWNERS rows are taken. */
  static claim(ledger: CapacityLedger, threadId: number): LedgerOwner | null {
    const { atomics, words } = ledger;
    for (let slot = 0; slot < MAX_OWNERS; slot++) {
      const owner = atomics.load(words, ownerBase(slot) + OwnerWord.THREAD_ID);
      if (owner === threadId) return new LedgerOwner(ledger, threadId, slot);
    }
    for (let slot = 0; slot < MAX_OWNERS; slot++) {
      const found = atomics.compareExchange(words, ownerBase(slot) + OwnerWord.THREAD_ID, 0, threadId);
      if (found === 0) return new LedgerOwner(ledger, threadId, slot);
    }
    return null;
  }

  /**
   * Takes all or nothing and writes it into the row; stands back while others wait. `quotas[i]` marks amounts that
   * come back by themselves: these are not held, but told to the main thread, which schedules their return.
   */
  takeAll(indices: readonly number[], units: readonly number[], quotas: readonly boolean[] | null): TakeOutcome {
    if (!this.#enter()) return 'closed';
    const { ledger } = this;
    ledger.rolledBackAwaited = false;
    const outcome = ledger.takeAll(indices, units, true);
    let wake = ledger.rolledBackAwaited;
    if (outcome === 'granted') {
      for (let i = 0; i < indices.length; i++) {
        const index = indices[i] ?? 0;
        if (quotas !== null && quotas[i] === true) {
          // After USED: dying in between loses quota, the other order could give it out twice.
          ledger.atomics.add(ledger.words, resourceBase(index) + ResourceWord.UNSETTLED, units[i] ?? 0);
          wake = true;
        } else {
          this.#adjust(OwnerWord.OWN + index, units[i] ?? 0);
        }
        this.#adjust(OwnerWord.ALLOCATIONS + index, 1);
      }
    }
    // Inside the gate, so that a deliberate end of the thread cannot swallow the wake-up.
    if (wake) ledger.wake();
    this.#leave();
    return outcome;
  }

  /** Counts an allocation that the main thread granted to this row. `closed` when sealed. */
  countAdopted(indices: readonly number[]): 'counted' | 'closed' {
    if (!this.#enter()) return 'closed';
    for (const index of indices) this.#adjust(OwnerWord.ALLOCATIONS + index, 1);
    this.#leave();
    return 'counted';
  }

  /** Gives back what an allocation holds. `closed` when sealed: the main thread gives it back then. */
  giveAll(indices: readonly number[], units: readonly number[], quotas: readonly boolean[] | null): 'given' | 'closed' {
    if (!this.#enter()) return 'closed';
    const { ledger } = this;
    let wake = false;
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] ?? 0;
      const amount = units[i] ?? 0;
      this.#adjust(OwnerWord.ALLOCATIONS + index, -1);
      if (quotas !== null && quotas[i] === true) continue;
      this.#adjust(OwnerWord.OWN + index, -amount);
      const outcome = ledger.give(index, amount);
      if (outcome === 'awaited') wake = true;
      else invariant(outcome === 'given', 'a thread gives back more than is in use');
    }
    if (wake) ledger.wake();
    this.#leave();
    return 'given';
  }

  /** Units of a resource that the main thread has granted to this row so far, modulo 2^32. */
  grantedUnits(index: number): number {
    return this.ledger.atomics.load(this.ledger.words, this.#base + OwnerWord.GRANTED + index);
  }

  #enter(): boolean {
    const { atomics, words } = this.ledger;
    const at = this.#base + OwnerWord.GATE;
    return atomics.compareExchange(words, at, OwnerGate.IDLE, OwnerGate.BUSY) === OwnerGate.IDLE;
  }

  // A plain write: while BUSY this thread alone writes the gate, and main reads the row only after the thread has exited.
  #leave(): void {
    this.ledger.atomics.poke(this.ledger.words, this.#base + OwnerWord.GATE, OwnerGate.IDLE);
  }

  #adjust(word: number, difference: number): void {
    const { atomics, words } = this.ledger;
    const at = this.#base + word;
    atomics.poke(words, at, (atomics.peek(words, at) + difference) | 0);
  }
}
