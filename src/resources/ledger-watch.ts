// Owns the main thread's ear on the ledger: hears when a thread gave back what someone on the main thread waits for.
// Listens only while needed, keeps no process alive, and leaves no wait behind when closed.
//
// No lost wake-up: the wake word is read before the caller looks at the ledger, and a thread raises it after it gave
// back. Either the look sees the units, or the word has moved and the wait ends at once.

import type { CapacityLedger } from './capacity-ledger.ts';
import { Header } from './ledger-layout.ts';

export class LedgerWatch {
  readonly #ledger: CapacityLedger;
  readonly #isNeeded: () => boolean;
  readonly #onWake: () => void;
  #listening = false;
  #closed = false;

  constructor(ledger: CapacityLedger, isNeeded: () => boolean, onWake: () => void) {
    this.#ledger = ledger;
    this.#isNeeded = isNeeded;
    this.#onWake = onWake;
  }

  /** Whether a wait is pending. */
  get listening(): boolean {
    return this.#listening;
  }

  /** Starts to listen; call before looking at what one waits for. */
  listen(): void {
    if (this.#listening || this.#closed) return;
    const { atomics, words } = this.#ledger;
    for (;;) {
      const wait = atomics.waitAsync(words, Header.WAKE, atomics.load(words, Header.WAKE));
      // The word moved in between: the caller's look, which follows, sees what that was about.
      if (!wait.async) continue;
      this.#listening = true;
      void wait.value.then(() => this.#woken());
      return;
    }
  }

  /** Ends listening for good. */
  close(): void {
    this.#closed = true;
    if (this.#listening) this.#ledger.wake();
  }

  #woken(): void {
    this.#listening = false;
    if (this.#closed) return;
    if (this.#isNeeded()) this.listen();
    this.#onWake();
  }
}
