// Owns the thread's side of an owner row: what this thread holds, written down beside every take and give-back.
// Why: when a thread dies, the main thread must know from the bytes alone what to give back.
// Must never be used outside the thread whose id the row bears.
//
// The gate counts: odd while an operation goes on, even outside. Whoever reads it even and the same before and after he
// reads other words has seen each operation of this thread in whole or not at all: it is odd before the operation's first
// write and even after its last. So the main thread finds out exactly what a thread holds that died inside an
// operation (owner-rows.ts), and no operation pays for it with more than two plain writes.
// CONTROL is looked at inside the gate: once main has set it (SEALED before a deliberate end, HELD while it counts), at
// most the one operation goes on whose gate had not come to be seen yet (it was still in the store buffer of its core).
//
// A blocking wait (thread-waiting.ts) has its own word, ANSWER; its rules stand in owner-answers.ts.

import { invariant } from '../domain/runtime-error.ts';
import type { AtomicsLayer, SharedWords } from './atomics-layer.ts';
import type { CapacityLedger, TakeOutcome } from './capacity-ledger.ts';
import {
  AnswerState,
  answerWord,
  MAX_OWNERS,
  MAX_TICKET,
  OwnerControl,
  OwnerWord,
  ownerBase,
  ResourceWord,
  resourceBase,
} from './ledger-layout.ts';

/** What a thread finds when it looks for the answer to its blocking wait. */
export type WaitAnswer = 'waiting' | 'granted' | 'refused';

export class LedgerOwner {
  readonly ledger: CapacityLedger;
  readonly threadId: number;
  readonly generation: number;
  readonly #base: number;
  // The ledger's own, one step nearer: looked up several times in each operation.
  readonly #words: SharedWords;
  readonly #atomics: AtomicsLayer;
  // What GATE says; this thread alone writes it.
  #operations: number;
  #ticket = 0;

  private constructor(ledger: CapacityLedger, threadId: number, slot: number) {
    this.ledger = ledger;
    this.threadId = threadId;
    this.#base = ownerBase(slot);
    this.#words = ledger.words;
    this.#atomics = ledger.atomics;
    this.generation = ledger.atomics.load(ledger.words, this.#base + OwnerWord.GENERATION);
    this.#operations = ledger.atomics.load(ledger.words, this.#base + OwnerWord.GATE);
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
          // After USED: the other order could give it out twice.
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

  // --- blocking waits: one at a time

  /** Opens a wait, before the main thread is asked; gives its ticket. */
  beginWait(): number {
    const atomics = this.#atomics;
    const words = this.#words;
    this.#ticket = (this.#ticket % MAX_TICKET) + 1;
    atomics.store(words, this.#base + OwnerWord.ANSWER, answerWord(this.#ticket, AnswerState.WAITING));
    return this.#ticket;
  }

  /** Blocks until the main thread has answered, at most so long; it may come back early. */
  sleep(timeoutMs: number): void {
    const atomics = this.#atomics;
    const words = this.#words;
    atomics.wait(words, this.#base + OwnerWord.ANSWER, answerWord(this.#ticket, AnswerState.WAITING), timeoutMs);
  }

  /** What the main thread has answered. */
  answer(): WaitAnswer {
    return this.#answerIn(this.ledger.atomics.load(this.ledger.words, this.#base + OwnerWord.ANSWER));
  }

  /** Ends the wait from this side; where the main thread was first, its answer stands. */
  withdraw(): 'withdrawn' | 'granted' | 'refused' {
    const atomics = this.#atomics;
    const words = this.#words;
    const waiting = answerWord(this.#ticket, AnswerState.WAITING);
    const withdrawn = answerWord(this.#ticket, AnswerState.WITHDRAWN);
    const found = this.#answerIn(atomics.compareExchange(words, this.#base + OwnerWord.ANSWER, waiting, withdrawn));
    return found === 'waiting' ? 'withdrawn' : found;
  }

  #answerIn(word: number): WaitAnswer {
    switch (word) {
      case answerWord(this.#ticket, AnswerState.WAITING):
        return 'waiting';
      case answerWord(this.#ticket, AnswerState.GRANTED):
        return 'granted';
      default:
        invariant(word === answerWord(this.#ticket, AnswerState.REFUSED), 'a blocking wait has an answer of its own');
        return 'refused';
    }
  }

  // --- the gate

  #enter(): boolean {
    const atomics = this.#atomics;
    const words = this.#words;
    for (;;) {
      if (atomics.peek(words, this.#base + OwnerWord.CONTROL) !== OwnerControl.OPEN && !this.#waitUntilOpen())
        return false;
      const before = this.#operations;
      // Odd in any case: an exception that cut the last operation short (the stack was full) left it odd.
      this.#operations = (before + 1) | 1;
      atomics.poke(words, this.#base + OwnerWord.GATE, this.#operations);
      // Again: what main has set meanwhile keeps it out. A gate still in this core's store buffer may pass for shut; such an
      // operation goes through, and a death inside it is found by counting.
      if (atomics.peek(words, this.#base + OwnerWord.CONTROL) === OwnerControl.OPEN) return true;
      // Nothing was done, so it counts as no operation.
      this.#operations = before;
      atomics.poke(words, this.#base + OwnerWord.GATE, before);
    }
  }

  /** Waits outside the gate for as long as main holds this thread off; false when it is sealed. */
  #waitUntilOpen(): boolean {
    const atomics = this.#atomics;
    const words = this.#words;
    const at = this.#base + OwnerWord.CONTROL;
    for (let control = atomics.load(words, at); control !== OwnerControl.OPEN; control = atomics.load(words, at)) {
      if (control === OwnerControl.SEALED) return false;
      atomics.wait(words, at, OwnerControl.HELD, Number.POSITIVE_INFINITY);
    }
    return true;
  }

  #leave(): void {
    this.#operations = (this.#operations + 1) | 0;
    this.#atomics.poke(this.#words, this.#base + OwnerWord.GATE, this.#operations);
  }

  #adjust(word: number, difference: number): void {
    const atomics = this.#atomics;
    const words = this.#words;
    const at = this.#base + word;
    atomics.poke(words, at, (atomics.peek(words, at) + difference) | 0);
  }
}
