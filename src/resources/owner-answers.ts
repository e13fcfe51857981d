// Owns the main thread's answers to blocking waits: one word per owner row, ANSWER. The thread sleeps on it in Atomics.wait
// (thread-waiting.ts) and needs no event loop; the main thread never sleeps on it.
// Must never write an answer over the thread's own withdrawal, nor to a thread that is gone.
//
//   thread                         ANSWER = ticket, state             main
//   begins a wait, then asks  ──▶  WAITING
//                                  WAITING ─ compareExchange ▶ GRANTED    units first into the row, then the answer
//                                  WAITING ─ compareExchange ▶ REFUSED    the reason first into the thread's mailbox
//   its limit has passed           WAITING ─ compareExchange ▶ WITHDRAWN  then main is told, and forgets the wait
//
// One compareExchange decides who was first. A grant that comes after the withdrawal fails here: the units leave the row
// and go back, and the next one is served. A grant that comes before it stands: the thread finds it instead of its
// time-out. So none is lost and none is had twice. The ticket keeps a late answer from meeting a later wait, the
// generation from meeting a later thread.

import type { CapacityLedger } from './capacity-ledger.ts';
import { AnswerState, answerWord, OwnerWord, ownerBase } from './ledger-layout.ts';
import type { OwnerReference, OwnerRows } from './owner-rows.ts';

/** A blocking wait: whose, and which of his. */
export interface BlockedWait {
  readonly owner: OwnerReference;
  readonly ticket: number;
}

export class OwnerAnswers {
  readonly #ledger: CapacityLedger;
  readonly #rows: OwnerRows;

  constructor(ledger: CapacityLedger, rows: OwnerRows) {
    this.#ledger = ledger;
    this.#rows = rows;
  }

  /** Whether the thread still waits for this answer. */
  isWaiting({ owner, ticket }: BlockedWait): boolean {
    if (!this.#rows.isOpen(owner)) return false;
    const { atomics, words } = this.#ledger;
    return atomics.load(words, answerAt(owner)) === answerWord(ticket, AnswerState.WAITING);
  }

  /**
   * Writes units that main has already taken into the thread's row and wakes it. `gone`, `withdrawn`: nobody wants them
   * any more, and they are main's again.
   */
  grant(wait: BlockedWait, indices: readonly number[], units: readonly number[]): 'granted' | 'gone' | 'withdrawn' {
    if (this.#rows.grant(wait.owner, indices, units) === 'gone') return 'gone';
    if (this.#answer(wait, AnswerState.GRANTED)) return 'granted';
    this.#rows.revoke(wait.owner, indices, units);
    return 'withdrawn';
  }

  /** Wakes the thread without a grant; the reason must already be where it looks for it. */
  refuse(wait: BlockedWait): void {
    if (this.isWaiting(wait)) this.#answer(wait, AnswerState.REFUSED);
  }

  #answer({ owner, ticket }: BlockedWait, state: typeof AnswerState.GRANTED | typeof AnswerState.REFUSED): boolean {
    const { atomics, words } = this.#ledger;
    const waiting = answerWord(ticket, AnswerState.WAITING);
    if (atomics.compareExchange(words, answerAt(owner), waiting, answerWord(ticket, state)) !== waiting) return false;
    atomics.notify(words, answerAt(owner));
    return true;
  }
}

function answerAt({ slot }: OwnerReference): number {
  return ownerBase(slot) + OwnerWord.ANSWER;
}
