// Owns the time between the end of a single task and its being told: the fact must be durable first. All ends of a turn wait
// for the journal together, so that a short task does not pay for a promise of its own.

import type { Journal } from '../journal/journal.ts';
import type { SingleTaskEntry } from './single-task-entry.ts';

export class EndReports {
  readonly #journal: Journal;
  readonly #told: (entry: SingleTaskEntry) => void;
  #ended: SingleTaskEntry[] = [];
  #upTo = 0;
  #pending = 0;

  /** `told` is called for each end that was told, or never will be. */
  constructor(journal: Journal, told: (entry: SingleTaskEntry) => void) {
    this.#journal = journal;
    this.#told = told;
  }

  /** Ends that are not durable, or never will be. */
  get pending(): number {
    return this.#pending;
  }

  /** Takes in an end, with the number of its fact. */
  add(entry: SingleTaskEntry, sequence: number): void {
    this.#upTo = sequence;
    this.#pending++;
    if (this.#ended.push(entry) > 1) return;
    queueMicrotask(() => {
      const ended = this.#ended;
      this.#ended = [];
      this.#journal.durable(this.#upTo).then(
        () => this.#tell(ended),
        (error: unknown) => this.#refuse(ended, error),
      );
    });
  }

  #tell(ended: readonly SingleTaskEntry[]): void {
    this.#pending -= ended.length;
    for (const entry of ended) {
      entry.isReported = true;
      if (entry.waiters.length > 0) for (const waiter of entry.waiters.splice(0)) waiter.resolve(entry);
      this.#told(entry);
    }
  }

  #refuse(ended: readonly SingleTaskEntry[], error: unknown): void {
    for (const entry of ended) {
      for (const waiter of entry.waiters.splice(0)) waiter.reject(error);
      this.#told(entry);
    }
  }
}
