// Owns what the main thread knows of runs: the number of each and its record, for as long as they are newer than the
// file, and as a bounded cache of the file beyond that.

import type { Fact } from '../../domain/facts.ts';
import { encodeRecord } from '../record-codec.ts';
import { isOpen, type RunRecord, recordAfter } from '../run-record.ts';
import type { SqliteReader } from './sqlite-reader.ts';
import type { RunRow } from './sqlite-writer-protocol.ts';

export interface RunEntry {
  readonly number: number;
  readonly runId: string;
  record: RunRecord | undefined;
  definition: string | null;
  /** The sequence of the fact that changed the record last; 0 = it is as the file has it. */
  changedAt: number;
}

/** Entries beyond this are forgotten, the oldest first, unless the file does not have them yet. */
const MAX_ENTRIES = 10_000;
/** As many at once: to find the first entry of a map that lost many takes a walk over all that it lost. */
const EVICTED_AT_ONCE = 1_000;

export class RunBook {
  readonly #reader: SqliteReader;
  readonly #entries = new Map<string, RunEntry>();
  #lastRun: number;
  #evictAt = MAX_ENTRIES + EVICTED_AT_ONCE;
  #latest: RunEntry | undefined;

  constructor(reader: SqliteReader, lastRun: number) {
    this.#reader = reader;
    this.#lastRun = lastRun;
  }

  /** The highest number given to a run. */
  get lastRun(): number {
    return this.#lastRun;
  }

  /** The run of a fact, with its record as it is after the fact. */
  take(fact: Fact, sequence: number, written: number): RunEntry {
    const entry = this.#latest?.runId === fact.runId ? this.#latest : this.#entryOf(fact.runId, sequence, written);
    this.#latest = entry;
    const after = recordAfter(entry.record, fact);
    if (after === entry.record) return entry;
    entry.record = after;
    entry.changedAt = sequence;
    if (fact.type === 'run.created') entry.definition = fact.definition;
    return entry;
  }

  /** The number of a run that has facts. */
  numberOf(runId: string): number | undefined {
    return this.#entries.get(runId)?.number ?? this.#reader.run(runId)?.number;
  }

  record(runId: string): RunRecord | undefined {
    const entry = this.#entries.get(runId);
    return entry === undefined ? this.#reader.run(runId)?.record : entry.record;
  }

  /** Runs whose records are newer than the file, newest run first. */
  newerThan(written: number): RunEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.changedAt > written).sort((a, b) => b.number - a.number);
  }

  /** The file has forgotten an ended run. */
  forget(runId: string): void {
    const entry = this.#entries.get(runId);
    if (entry?.record !== undefined && isOpen(entry.record)) return;
    this.#entries.delete(runId);
    if (this.#latest === entry) this.#latest = undefined;
  }

  #entryOf(runId: string, sequence: number, written: number): RunEntry {
    const known = this.#entries.get(runId);
    if (known !== undefined) return known;
    const stored = this.#reader.run(runId);
    const entry: RunEntry = {
      number: stored?.number ?? ++this.#lastRun,
      runId,
      record: stored?.record,
      definition: stored?.definition ?? null,
      changedAt: stored === undefined ? sequence : 0,
    };
    this.#entries.set(runId, entry);
    if (this.#entries.size >= this.#evictAt) this.#evict(written);
    return entry;
  }

  #evict(written: number): void {
    for (const [runId, entry] of this.#entries) {
      if (this.#entries.size <= MAX_ENTRIES || entry.changedAt > written) break;
      this.#entries.delete(runId);
    }
    // Also when it found nothing to forget, it does not look again at once.
    this.#evictAt = this.#entries.size + EVICTED_AT_ONCE;
  }
}

/** The row of a run. */
export function runRowOf({ number, runId, record, definition }: RunEntry): RunRow {
  return {
    number,
    runId,
    kind: record?.kind ?? null,
    isOpen: record !== undefined && isOpen(record),
    endedAtMs: record?.endedAtMs ?? null,
    definition,
    record: record === undefined ? null : encodeRecord(record),
  };
}
