// Owns the port of the journal: an ordered log of facts, the only durable state of an engine.
// Stores live in stores/; each passes the same conformance suite (test/conformance/journal.ts).

import type { Fact } from '../domain/facts.ts';

export interface Journal {
  /** Appends a fact and gives its sequence number (1, 2, …, no gaps). Order of calls is order of facts. */
  append(fact: Fact): number;
  /** Resolves when the fact of that number, and so every one before it, is as durable as the store promises. */
  durable(sequence: number): Promise<void>;
  /** The number of the newest fact; 0 when there is none. */
  lastSequence(): number;
  /** The facts still kept, oldest first; of one run when an id is given. */
  read(runId?: string): Iterable<{ readonly sequence: number; readonly fact: Fact }>;
  /** Makes everything durable and lets go of files. Appending afterwards throws ENGINE_CLOSED. */
  close(): Promise<void>;
}
