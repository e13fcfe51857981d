// Owns the moment when a search has to stop, and how often the clock is asked for it.
// It must never make time itself: the clock is given.

export class Deadline {
  readonly #now: () => number;
  readonly #atMs: number;

  constructor(now: () => number, atMs: number) {
    this.#now = now;
    this.#atMs = atMs;
  }

  isPast(): boolean {
    return this.#now() >= this.#atMs;
  }
}
