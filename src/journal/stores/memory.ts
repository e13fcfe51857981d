// Owns the journal that lives and dies with the process: for ':memory:', for tests and for simulations.
// A fact counts as durable as soon as it is appended; nothing survives the end of the process.
// It keeps the newest facts up to a bound and forgets the oldest beyond it, and so with the records of ended runs, so
// that an engine that runs for months does not grow: a fold over `read` is complete only for runs younger than the
// bound. It never copies a fact: whoever appends one must not change it afterwards.

import type { Fact } from '../../domain/facts.ts';
import { RuntimeError } from '../../domain/runtime-error.ts';
import type { WorkflowDefinition } from '../../domain/workflow-definition.ts';
import { artifactHashesIn } from '../artifact-references.ts';
import type { Journal, NumberedFact, PruneResult, RunFilter, WriterDeath } from '../journal.ts';
import type { RunRecord } from '../run-record.ts';
import { closedError, unknownSequence } from './journal-faults.ts';
import { MemoryDurations } from './memory-durations.ts';
import { MemoryRuns } from './memory-runs.ts';

const DEFAULT_KEEP_FACTS = 100_000;
const DEFAULT_KEEP_RUNS = 10_000;

export interface MemoryJournalOptions {
  /** How many facts are kept, from 1; Infinity for simulations, which end. Default 100,000. */
  readonly keepFacts?: number;
  /** Of how many ended runs the records are kept at least, from 1, or Infinity; at most an eighth more. Default 10,000. */
  readonly keepRuns?: number;
}

/**
 * Opens an empty journal in memory.
 * @throws RuntimeError ARGUMENT_INVALID for a bound that is not a whole number from 1, or Infinity.
 */
export function createMemoryJournal(options: MemoryJournalOptions = {}): Journal {
  const { keepFacts = DEFAULT_KEEP_FACTS, keepRuns = DEFAULT_KEEP_RUNS } = options;
  for (const [name, bound] of Object.entries({ keepFacts, keepRuns })) {
    if (bound === Number.POSITIVE_INFINITY || (Number.isInteger(bound) && bound >= 1)) continue;
    throw new RuntimeError('ARGUMENT_INVALID', `${name} must be a whole number from 1, or Infinity, not ${bound}`);
  }
  return new MemoryJournal(keepFacts, keepRuns);
}

class MemoryJournal implements Journal {
  readonly isCongested = false;
  readonly failure = null;
  readonly #keepFacts: number;
  readonly #runs: MemoryRuns;
  readonly #durations = new MemoryDurations();
  // Fact number n stands at (n − 1) mod keepFacts: a new fact takes the place of the one that is forgotten.
  readonly #ring: (Fact | undefined)[] = [];
  #last = 0;
  #closed = false;

  constructor(keepFacts: number, keepRuns: number) {
    this.#keepFacts = keepFacts;
    this.#runs = new MemoryRuns(keepRuns);
  }

  append(fact: Fact): number {
    this.#assertOpen();
    this.#ring[this.#slot(this.#last + 1)] = fact;
    this.#runs.take(fact);
    return ++this.#last;
  }

  durable(sequence: number): Promise<void> {
    if (Number.isInteger(sequence) && sequence >= 0 && sequence <= this.#last) return Promise.resolve();
    return Promise.reject(unknownSequence(sequence, this.#last));
  }

  lastSequence(): number {
    return this.#last;
  }

  read(runId?: string): Iterable<NumberedFact> {
    this.#assertOpen();
    const last = this.#last;
    return { [Symbol.iterator]: () => this.#facts(last, runId) };
  }

  runs(filter: RunFilter = {}): Iterable<RunRecord> {
    this.#assertOpen();
    return this.#runs.list(filter);
  }

  run(runId: string): RunRecord | undefined {
    this.#assertOpen();
    return this.#runs.get(runId);
  }

  keepDefinition(definition: WorkflowDefinition): string {
    this.#assertOpen();
    return this.#runs.keepDefinition(definition);
  }

  definition(key: string): WorkflowDefinition | undefined {
    this.#assertOpen();
    return this.#runs.definition(key);
  }

  // Facts go without being looked at, and the folder of artifacts goes with the process.
  refersToArtifact(): boolean {
    return true;
  }

  recordDurations(workflow: string, seconds: ReadonlyMap<string, number>): void {
    this.#assertOpen();
    this.#durations.record(workflow, seconds);
  }

  durationsOf(workflow: string): ReadonlyMap<string, number> {
    this.#assertOpen();
    return this.#durations.of(workflow);
  }

  async prune(runIds: readonly string[]): Promise<PruneResult> {
    this.#assertOpen();
    const gone = new Set(runIds.filter((runId) => this.#runs.forget(runId)));
    if (gone.size === 0) return { runs: 0, orphanedArtifacts: [] };
    const orphans = new Set<string>();
    const referredTo = new Set<string>();
    for (let slot = 0; slot < this.#ring.length; slot++) {
      const fact = this.#ring[slot];
      if (fact === undefined) continue;
      const isGone = gone.has(fact.runId);
      for (const hash of artifactHashesIn(JSON.stringify(fact))) (isGone ? orphans : referredTo).add(hash);
      if (isGone) this.#ring[slot] = undefined;
    }
    return { runs: gone.size, orphanedArtifacts: [...orphans].filter((hash) => !referredTo.has(hash)) };
  }

  /** Nothing of what it tells ever happens here: this store is never congested and never fails. */
  onChange(_listener: () => void): void {}

  /** Nor has it a writer. */
  onWriterRestarted(_listener: (death: WriterDeath) => void): void {}

  close(): Promise<void> {
    this.#closed = true;
    this.#ring.length = 0;
    this.#runs.clear();
    this.#durations.clear();
    return Promise.resolve();
  }

  // Up to the newest fact at the time of the call: a reader that appends comes to an end, and facts forgotten while it
  // reads are left out.
  *#facts(last: number, runId: string | undefined): Generator<NumberedFact> {
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

  #assertOpen(): void {
    if (this.#closed) throw closedError();
  }
}
