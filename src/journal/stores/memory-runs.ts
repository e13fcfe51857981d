// Owns the records of runs and the definitions of the memory store: open runs all of them, ended ones up to a bound, the
// one that ended longest ago forgotten first. A definition goes with the last run that has it.

import { isDeepStrictEqual } from 'node:util';
import type { Fact } from '../../domain/facts.ts';
import type { WorkflowDefinition } from '../../domain/workflow-definition.ts';
import type { RunFilter } from '../journal.ts';
import { matchesFilter } from '../run-filter.ts';
import { type RunRecord, recordAfter } from '../run-record.ts';

interface Entry {
  record: RunRecord;
  /** Counts up with each run made: newest first is by this. */
  readonly ordinal: number;
  readonly definition: string | null;
}

interface Kept {
  readonly key: string;
  readonly definition: WorkflowDefinition;
  runs: number;
}

/** Definitions kept for a run that has not been made yet: more than these are strays, and the oldest is forgotten. */
const MAX_UNUSED_DEFINITIONS = 1_000;

export class MemoryRuns {
  readonly #keepRuns: number;
  // Forgotten together: to find the first entry of a map that lost many takes a walk over all that it lost.
  readonly #slack: number;
  readonly #unended = new Map<string, Entry>();
  // In the order of their ends.
  readonly #ended = new Map<string, Entry>();
  // Kept, not made anew: a new one would walk over the places of all runs that were forgotten before.
  #oldestEnded = this.#ended.keys();
  readonly #kept = new Map<string, Kept>();
  readonly #keptByName = new Map<string, Kept[]>();
  readonly #unused = new Set<string>();
  #made = 0;
  #keys = 0;

  constructor(keepRuns: number) {
    this.#keepRuns = keepRuns;
    this.#slack = Number.isFinite(keepRuns) ? Math.floor(keepRuns / 8) : 0;
  }

  take(fact: Fact): void {
    if (fact.type === 'run.created' || fact.type === 'task.submitted') {
      this.#make(fact);
      return;
    }
    const entry = this.#unended.get(fact.runId);
    if (entry === undefined) return;
    const after = recordAfter(entry.record, fact);
    if (after === undefined || after === entry.record) return;
    entry.record = after;
    if (after.endedAtMs === null) return;
    this.#unended.delete(fact.runId);
    this.#ended.set(fact.runId, entry);
    if (this.#ended.size > this.#keepRuns + this.#slack) this.#forgetOldest();
  }

  get(runId: string): RunRecord | undefined {
    return (this.#unended.get(runId) ?? this.#ended.get(runId))?.record;
  }

  list(filter: RunFilter): RunRecord[] {
    const entries = [...this.#unended.values(), ...this.#ended.values()];
    const found = entries.filter(({ record }) => matchesFilter(record, filter));
    found.sort((a, b) => b.ordinal - a.ordinal);
    const { skip = 0, limit = Number.POSITIVE_INFINITY } = filter;
    return found.slice(skip, skip + limit).map(({ record }) => record);
  }

  /** Equal definitions get one key. The same object is recognised at once; another one is compared with its namesakes. */
  keepDefinition(definition: WorkflowDefinition): string {
    const namesakes = this.#keptByName.get(definition.name) ?? [];
    const known =
      namesakes.find((kept) => kept.definition === definition) ??
      namesakes.find((kept) => isDeepStrictEqual(kept.definition, definition));
    if (known !== undefined) return known.key;
    const kept: Kept = { key: `definition-${++this.#keys}`, definition, runs: 0 };
    this.#kept.set(kept.key, kept);
    this.#keptByName.set(definition.name, [...namesakes, kept]);
    this.#unused.add(kept.key);
    const [oldest] = this.#unused;
    if (this.#unused.size > MAX_UNUSED_DEFINITIONS && oldest !== undefined) this.#dropDefinition(oldest);
    return kept.key;
  }

  definition(key: string): WorkflowDefinition | undefined {
    return this.#kept.get(key)?.definition;
  }

  /** Whether there was an ended run of that id to forget. */
  forget(runId: string): boolean {
    const entry = this.#ended.get(runId);
    if (entry === undefined) return false;
    this.#ended.delete(runId);
    const kept = entry.definition === null ? undefined : this.#kept.get(entry.definition);
    if (kept !== undefined && --kept.runs === 0) this.#dropDefinition(kept.key);
    return true;
  }

  clear(): void {
    for (const map of [this.#unended, this.#ended, this.#kept, this.#keptByName]) map.clear();
    this.#unused.clear();
  }

  #make(fact: Extract<Fact, { type: 'run.created' | 'task.submitted' }>): void {
    const record = recordAfter(undefined, fact);
    if (record === undefined) return;
    // One that is made again under its id begins anew, as it does for whoever folds its facts.
    this.forget(fact.runId);
    const definition = fact.type === 'run.created' ? fact.definition : null;
    this.#unended.set(fact.runId, { record, ordinal: ++this.#made, definition });
    const kept = definition === null ? undefined : this.#kept.get(definition);
    if (kept === undefined) return;
    kept.runs++;
    this.#unused.delete(kept.key);
  }

  #forgetOldest(): void {
    while (this.#ended.size > this.#keepRuns) {
      const oldest = this.#oldestEnded.next();
      if (oldest.done === true) this.#oldestEnded = this.#ended.keys();
      else this.forget(oldest.value);
    }
  }

  #dropDefinition(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#unused.delete(key);
    const namesakes = (this.#keptByName.get(kept.definition.name) ?? []).filter((each) => each !== kept);
    if (namesakes.length === 0) this.#keptByName.delete(kept.definition.name);
    else this.#keptByName.set(kept.definition.name, namesakes);
  }
}
