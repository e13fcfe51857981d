// Owns the journal that lives and dies with the process: for ':memory:', for tests and for simulations.
// A fact counts as durable as soon as it is appended; nothing survives the end of the process.
// It keeps the newest facts up to a bound and forgets the oldest beyond it, so that an engine that runs for months does
// not grow: a fold over `read` is complete only for runs younger than the bound. It never copies a fact: whoever
// appends one must not change it afterwards.

import type { Fact } from '../../domain/facts.ts';
import { RuntimeError } from '../../domain/runtime-error.ts';
import type { Journal } from '../journal.ts';

const DEFAULT_KEEP_FACTS = 100_000;

export interface MemoryJournalOptions {
  /** How many facts are kept, from 1; Infinity for simulations, which end. Default 100,000. */
  readonly keepFacts?: number;
}

/**
 * Opens an empty journal in memory.
 * @throws RuntimeError ARGUMENT_INVALID for a bound that is not a whole number from 1, or Infinity.
 */
export function createMemoryJournal(options: MemoryJournalOptions = {}): Journal {
  const { keepFacts = DEFAULT_KEEP_FACTS } = options;
  if (!(keepFacts === Number.POSITIVE_INFINITY || (Number.isInteger(keepFacts) && keepFacts >= 1))) {
    throw new RuntimeError(
      'ARGUMENT_INVALID',
      `keepFacts must be a whole number from 1, or Infinity, not ${keepFacts}`,
    );
  }
  return new MemoryJournal(keepFacts);
}

class MemoryJournal implements Journal {
  readonly #keepFacts: number;
  // Fact number n stands at (n − 1) mod keepFacts: a new fact takes the place of the one that is forgotten.
  readonly #ring: Fact[] = [];
  #last = 0;
  #closed = false;

  constructor(keepFacts: number) {
    this.#keepFacts = keepFacts;
  }

  append(fact: Fact): number {
    this.#assertOpen('append to');
    this.#ring[this.#slot(this.#last + 1)] = fact;
    return ++this.#last;
  }

  durable(sequence: number): Promise<void> {
    if (Number.isInteger(sequence) && sequence >= 0 && sequence <= this.#last) return Promise.resolve();
    return Promise.reject(
      new RuntimeError(
        'ARGUMENT_INVALID',
        `no fact has the number ${sequence}: the journal has come to ${this.#last}; wait for a number that append gave`,
        { details: { sequence, lastSequence: this.#last } },
      ),
    );
  }

  lastSequence(): number {
    return this.#last;
  }

  read(runId?: string): Iterable<{ readonly sequence: number; readonly fact: Fact }> {
    this.#assertOpen('read');
    const last = this.#last;
    return { [Symbol.iterator]: () => this.#facts(last, runId) };
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#ring.length = 0;
    return Promise.resolve();
  }

  // Up to the newest fact at the time of the call: a reader that appends comes to an end, and facts forgotten while it
  // reads are left out.
  *#facts(last: number, runId: string | undefined): Generator<{ readonly sequence: number; readonly fact: Fact }> {
    for (let sequence = this.#oldest(); sequence <= last; sequence = Math.max(sequence + 1, this.#oldest())) {
      const fact = this.#ring[this.#slot(sequence)];
      if (fact !== undefined && (runId === undefined || fact.runId === runId)) yield { sequence, fact };
    }
  }

  #oldest(): number {
    return Math.max(1, this.#last - this.#keepFacts + 1);
  }

  #slot(sequence: number): number {
    return (sequence - 1) % this.#keepFacts;
  }

  #assertOpen(what: string): void {
    if (this.#closed) throw new RuntimeError('ENGINE_CLOSED', `the journal is closed; nothing can ${what} it any more`);
  }
}
