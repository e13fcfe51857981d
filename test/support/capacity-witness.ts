// Owns a second count of what is held, kept by the holders themselves and by nobody of the code under test: whoever was
// granted something adds it here, and takes it off just before giving back. So at no instant may the sum of one
// resource exceed its capacity, whatever the ledger says.

import { invariant } from '../../src/domain/runtime-error.ts';
import { MAX_RESOURCES } from '../../src/resources/ledger-layout.ts';
import type { Amount } from './resource-commands.ts';

const WORDS_PER_RESOURCE = 2;

export class CapacityWitness {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #indexOf: (id: string) => number;

  /** `indexOf` gives the place of a resource id, the same in all threads. Amounts are whole numbers. */
  constructor(indexOf: (id: string) => number, buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(MAX_RESOURCES * WORDS_PER_RESOURCE * Int32Array.BYTES_PER_ELEMENT);
    this.#words = new Int32Array(this.buffer);
    this.#indexOf = indexOf;
  }

  /** To call right after a grant. */
  entered(amounts: readonly Amount[]): void {
    for (const { id, amount } of amounts) this.#add(id, amount);
  }

  /** To call right before giving back. */
  leaving(amounts: readonly Amount[]): void {
    for (const { id, amount } of amounts) this.#add(id, -amount);
  }

  /** Held now, and the most that were held at once. */
  seen(id: string): { readonly now: number; readonly most: number } {
    const at = this.#placeOf(id);
    return { now: Atomics.load(this.#words, at), most: Atomics.load(this.#words, at + 1) };
  }

  #add(id: string, amount: number): void {
    const at = this.#placeOf(id);
    const now = Atomics.add(this.#words, at, amount) + amount;
    for (let most = Atomics.load(this.#words, at + 1); now > most; ) {
      const found = Atomics.compareExchange(this.#words, at + 1, most, now);
      if (found === most) return;
      most = found;
    }
  }

  #placeOf(id: string): number {
    const index = this.#indexOf(id);
    invariant(index >= 0, `resource ${id} is not known to the witness`);
    return index * WORDS_PER_RESOURCE;
  }
}
