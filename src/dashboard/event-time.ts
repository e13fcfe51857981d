// Owns the way from the stamp of an event back to milliseconds. Events of one millisecond share one stamp, so the last one
// is kept: reading dates is dear where thousands of events come in a second.

import type { RuntimeEvent } from '../domain/events.ts';

export class EventTime {
  #stamp = '';
  #atMs = 0;

  /** Epoch milliseconds. */
  of({ at }: Pick<RuntimeEvent, 'at'>): number {
    if (at !== this.#stamp) {
      this.#stamp = at;
      const atMs = Date.parse(at);
      if (!Number.isNaN(atMs)) this.#atMs = atMs;
    }
    return this.#atMs;
  }
}
