// Owns the writing of times as ISO 8601 strings where many are written within one millisecond: making one costs half a
// microsecond.

export class IsoStamp {
  #atMs = Number.NaN;
  #text = '';

  /** ISO 8601, milliseconds, UTC. */
  of(atMs: number): string {
    if (atMs !== this.#atMs) {
      this.#text = new Date(atMs).toISOString();
      this.#atMs = atMs;
    }
    return this.#text;
  }
}
