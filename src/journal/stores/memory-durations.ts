// Owns the durations that a store without a file keeps: a history for each workflow, the workflows recorded longest ago
// forgotten beyond a bound.

import { DurationHistory, recordingOf } from '../duration-history.ts';

const MAX_WORKFLOWS = 2_000;
/** Of all workflows together; the one recorded last stays whatever its size. */
const MAX_STEPS = 200_000;

interface Entry {
  readonly history: DurationHistory;
  /** null = not reckoned since the last recording. */
  medians: ReadonlyMap<string, number> | null;
}

export class MemoryDurations {
  // The one recorded longest ago first.
  readonly #workflows = new Map<string, Entry>();
  #steps = 0;

  record(workflow: string, seconds: ReadonlyMap<string, number>): void {
    const entry = this.#workflows.get(workflow) ?? { history: new DurationHistory(), medians: null };
    const before = entry.history.size;
    entry.history.take(recordingOf(0, workflow, seconds));
    entry.medians = null;
    this.#steps += entry.history.size - before;
    this.#workflows.delete(workflow);
    this.#workflows.set(workflow, entry);
    for (const [oldest, { history }] of this.#workflows) {
      const isFull = this.#workflows.size > MAX_WORKFLOWS || this.#steps > MAX_STEPS;
      if (!isFull || oldest === workflow) break;
      this.#workflows.delete(oldest);
      this.#steps -= history.size;
    }
  }

  of(workflow: string): ReadonlyMap<string, number> {
    const entry = this.#workflows.get(workflow);
    if (entry === undefined) return new Map();
    entry.medians ??= entry.history.medians();
    return entry.medians;
  }

  clear(): void {
    this.#workflows.clear();
    this.#steps = 0;
  }
}
