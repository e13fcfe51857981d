// Owns the moment when a search has to stop, and how often the clock is asked for it.
// It must never make time itself: the clock is given.

/** A search ends after so many looks whatever the clock says: one that stands still must not hang its process. */
const MOST_LOOKS = 200_000;

export class Deadline {
  #looks = 0;
  readonly #now: () => number;
  readonly #atMs: number;

  constructor(now: () => number, atMs: number) {
    this.#now = now;
    this.#atMs = atMs;
  }

  isPast(): boolean {
    return ++this.#looks > MOST_LOOKS || this.#now() >= this.#atMs;
  }
}
