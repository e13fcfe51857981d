// Owns the bound on what is remembered of things that have ended: the newest keys stay, the oldest is let go.
// It keeps keys alone; what belongs to them is its owner's to forget.

export class RecentKeys<Key> {
  readonly #limit: number;
  readonly #keys = new Set<Key>();
  // Kept, not made anew: a new one would walk over the places of all keys that were let go before.
  #oldest = this.#keys.values();

  /** `limit`: keys remembered at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#keys.size;
  }

  has(key: Key): boolean {
    return this.#keys.has(key);
  }

  /** Remembers a key and gives the one that is forgotten for it, if there is one. */
  add(key: Key): Key | undefined {
    this.#keys.add(key);
    if (this.#keys.size <= this.#limit) return undefined;
    let oldest = this.#oldest.next();
    if (oldest.done === true) {
      this.#oldest = this.#keys.values();
      oldest = this.#oldest.next();
    }
    if (oldest.done === true) return undefined;
    this.#keys.delete(oldest.value);
    return oldest.value;
  }
}
