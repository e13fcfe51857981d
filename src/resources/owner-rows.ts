// Owns the main thread's side of the owner rows: grants to a thread, sealing before a deliberate end, and giving back
// what a dead thread held. Why apart from LedgerOwner: the two sides run in different threads and write different words.
// `reclaim` must never be called before the thread has exited.

import type { CapacityLedger } from './capacity-ledger.ts';
import { MAX_OWNERS, OwnerGate, OwnerWord, ownerBase } from './ledger-layout.ts';

/** Which life of which row: a row is used again by later threads, with another generation. */
export interface OwnerReference {
  readonly threadId: number;
  readonly slot: number;
  readonly generation: number;
}

/** What a dead thread left behind. */
export interface ReclaimedUnits {
  readonly units: readonly { readonly index: number; readonly units: number }[];
  /** The thread died inside a ledger operation: its units may stay in use, they are never granted twice. */
  readonly interrupted: boolean;
}

const NOTHING: ReclaimedUnits = Object.freeze({ units: Object.freeze([]), interrupted: false });

export class OwnerRows {
  readonly #ledger: CapacityLedger;

  constructor(ledger: CapacityLedger) {
    this.#ledger = ledger;
  }

  /** The row that a living thread has claimed, or null. */
  find(threadId: number): OwnerReference | null {
    const { atomics, words } = this.#ledger;
    for (let slot = 0; slot < MAX_OWNERS; slot++) {
      if (atomics.load(words, ownerBase(slot) + OwnerWord.THREAD_ID) !== threadId) continue;
      return { threadId, slot, generation: atomics.load(words, ownerBase(slot) + OwnerWord.GENERATION) };
    }
    return null;
  }

  /** Writes units that main has already taken into a thread's row; `gone` if that thread or its row is no more. */
  grant(owner: OwnerReference, indices: readonly number[], units: readonly number[]): 'granted' | 'gone' {
    const { atomics, words } = this.#ledger;
    const base = ownerBase(owner.slot);
    if (
      atomics.load(words, base + OwnerWord.THREAD_ID) !== owner.threadId ||
      atomics.load(words, base + OwnerWord.GENERATION) !== owner.generation ||
      atomics.load(words, base + OwnerWord.GATE) === OwnerGate.SEALED
    ) {
      return 'gone';
    }
    for (let i = 0; i < indices.length; i++) {
      const at = base + OwnerWord.GRANTED + (indices[i] ?? 0);
      atomics.store(words, at, (atomics.load(words, at) + (units[i] ?? 0)) | 0);
    }
    return 'granted';
  }

  /**
   * Stops a thread from starting further ledger operations, before it is ended on purpose. `busy`: it is inside one
   * that lasts well under a microsecond; try again. `absent`: it has claimed no row, so it holds nothing.
   */
  seal(threadId: number): 'sealed' | 'busy' | 'absent' {
    const owner = this.find(threadId);
    if (owner === null) return 'absent';
    const { atomics, words } = this.#ledger;
    const at = ownerBase(owner.slot) + OwnerWord.GATE;
    const found = atomics.compareExchange(words, at, OwnerGate.IDLE, OwnerGate.SEALED);
    return found === OwnerGate.BUSY ? 'busy' : 'sealed';
  }

  /** Gives back, exactly once, all that an exited thread held, and frees its row. A second call finds nothing. */
  reclaim(threadId: number): ReclaimedUnits {
    const owner = this.find(threadId);
    if (owner === null) return NOTHING;
    const ledger = this.#ledger;
    const { atomics, words } = ledger;
    const base = ownerBase(owner.slot);
    const interrupted = atomics.load(words, base + OwnerWord.GATE) === OwnerGate.BUSY;
    const units: { index: number; units: number }[] = [];
    const count = ledger.resourceCount();
    for (let index = 0; index < count; index++) {
      const own = atomics.exchange(words, base + OwnerWord.OWN + index, 0);
      const granted = atomics.exchange(words, base + OwnerWord.GRANTED + index, 0);
      atomics.store(words, base + OwnerWord.ALLOCATIONS + index, 0);
      const held = (own + granted) | 0;
      if (held <= 0) continue;
      if (ledger.give(index, held) !== 'underflow') units.push({ index, units: held });
    }
    atomics.add(words, base + OwnerWord.GENERATION, 1);
    atomics.store(words, base + OwnerWord.GATE, OwnerGate.IDLE);
    // Last: from here on another thread may claim the row.
    atomics.store(words, base + OwnerWord.THREAD_ID, 0);
    return { units, interrupted };
  }

  /** Units by resource index that a living thread holds by its own doing; its task's declared ones are not in its row. */
  holdingsOf(threadId: number): Map<number, number> {
    const held = new Map<number, number>();
    const owner = this.find(threadId);
    if (owner === null) return held;
    const { atomics, words } = this.#ledger;
    const base = ownerBase(owner.slot);
    const count = this.#ledger.resourceCount();
    for (let index = 0; index < count; index++) {
      const own = atomics.load(words, base + OwnerWord.OWN + index);
      const units = (own + atomics.load(words, base + OwnerWord.GRANTED + index)) | 0;
      if (units > 0) held.set(index, units);
    }
    return held;
  }

  /** Live allocations of a resource over all threads. */
  allocationCount(index: number): number {
    const { atomics, words } = this.#ledger;
    let sum = 0;
    for (let slot = 0; slot < MAX_OWNERS; slot++) {
      sum += atomics.peek(words, ownerBase(slot) + OwnerWord.ALLOCATIONS + index);
    }
    return sum;
  }
}
