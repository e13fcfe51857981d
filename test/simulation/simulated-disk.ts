// Owns the modelled disk under the simulated store: an array of places for records, each with its number and checksum.
// What was synced stays. What was being written when the process died may be there whole, torn or not at all, in any
// combination: a later record may survive an earlier one. Opening takes the longest valid prefix.

import { crc32 } from 'node:zlib';
import type { SeededRandom } from './seeded-random.ts';

/** How writes that were under way came to lie, in records. */
export interface Wreck {
  readonly lost: number;
  readonly torn: number;
  /** Survived, and its predecessor did not. */
  readonly reordered: number;
}

export class SimulatedDisk {
  /** What lies there, valid or not; undefined = nothing. */
  readonly #places: (string | undefined)[] = [];
  readonly #random: SeededRandom;
  /** Records that were synced: what the store has promised to keep. */
  #synced = 0;
  #syncedSum = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get synced(): number {
    return this.#synced;
  }

  /** Everything handed over is on the disk for good. */
  sync(records: readonly string[]): void {
    for (const text of records) {
      this.#places[this.#synced] = frame(this.#synced, text);
      this.#syncedSum = crc32(text, this.#syncedSum);
      this.#synced++;
    }
  }

  /** The process died, or the device failed, while these were being written behind what is synced. */
  wreck(records: readonly string[]): Wreck {
    let [lost, torn, reordered] = [0, 0, 0];
    const random = this.#random;
    // In order up to some record, or each for itself.
    const inOrder = random.chance(0.4);
    const reach = random.between(0, records.length);
    let isGap = false;
    for (const [offset, text] of records.entries()) {
      const place = this.#synced + offset;
      const whole = frame(place, text);
      const fate = inOrder ? (offset < reach ? 0 : offset === reach ? random.between(1, 2) : 2) : random.between(0, 2);
      if (fate === 0) {
        this.#places[place] = whole;
        if (isGap) reordered++;
        continue;
      }
      isGap = true;
      if (fate === 1) {
        this.#places[place] = whole.slice(0, random.between(1, whole.length - 1));
        torn++;
      } else lost++;
    }
    return { lost, torn, reordered };
  }

  /**
   * Takes up what is there: the texts of the longest valid prefix, which is all the disk holds from now on.
   * @throws Error when something that was synced is missing: the model itself would be broken
   */
  recover(): string[] {
    const texts: string[] = [];
    let sum = 0;
    for (let place = 0; place < this.#places.length; place++) {
      const text = unframe(place, this.#places[place]);
      if (text === null) break;
      texts.push(text);
      if (place < this.#synced) sum = crc32(text, sum);
    }
    if (texts.length < this.#synced || sum !== this.#syncedSum) {
      throw new Error(`the disk lost what was synced: ${texts.length} of ${this.#synced} records`);
    }
    this.#places.length = texts.length;
    for (const text of texts.slice(this.#synced)) this.#syncedSum = crc32(text, this.#syncedSum);
    this.#synced = texts.length;
    return texts;
  }
}

function frame(place: number, text: string): string {
  return `${place} ${crc32(text, place)} ${text}`;
}

/** The text of a record; null when it is not this place's, torn, or not there. */
function unframe(place: number, framed: string | undefined): string | null {
  if (framed === undefined) return null;
  const first = framed.indexOf(' ');
  const second = framed.indexOf(' ', first + 1);
  if (first < 0 || second < 0 || framed.slice(0, first) !== String(place)) return null;
  const text = framed.slice(second + 1);
  return framed.slice(first + 1, second) === String(crc32(text, place)) ? text : null;
}
