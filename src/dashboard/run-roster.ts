// Owns the list of runs of a place: the records of the newest of them, where each stands, and the rows that a filter lets
// through. Bounded: of more runs than MOST_RUNS the oldest are not listed.

import type { RunFilter, RunRecord } from '../engine/run-archive.ts';
import type { RunsQuery } from './dashboard-source.ts';
import { type EndedCounts, standingOf, summaryOf } from './run-summaries.ts';
import type { RunStanding, RunSummary, RunsFrame, RunsPage } from './wire.ts';

/** Runs that are listed, searched and counted. */
export const MOST_RUNS = 10_000;
/** Ends of runs that are kept: those of an ended run never change. */
const MOST_COUNTED = 2_000;
/** Counting ends may mean to read whole runs: of a page so many milliseconds are spent on it, and so many steps at most. */
const COUNTING_MS = 60;
const MOST_COUNTED_STEPS = 2_000;

/** Where the runs are. */
export interface RosterPlace {
  list(filter: RunFilter): readonly RunRecord[];
  /** Records of runs as they are now. */
  records(runIds: readonly string[]): readonly RunRecord[];
  isHeld(record: RunRecord): boolean;
  /** Tasks by how they ended, of a run that is under way, at no cost; null = it has to be counted. */
  liveEnds(record: RunRecord): EndedCounts | null;
  /** The same from the record. */
  countEnds(record: RunRecord): EndedCounts | null;
  monotonicMs(): number;
}

export class RunRoster {
  readonly #place: RosterPlace;
  /** Oldest first. */
  #records = new Map<string, RunRecord>();
  readonly #ends = new Map<string, { readonly stamp: string; readonly ends: EndedCounts | null }>();
  #isLoaded = false;

  constructor(place: RosterPlace) {
    this.#place = place;
  }

  /** Reads the list anew the next time that it is asked for. */
  forget(): void {
    this.#isLoaded = false;
    this.#records.clear();
  }

  /** Takes over the records of runs that are new or have changed. */
  update(runIds: ReadonlySet<string>): void {
    if (!this.#isLoaded || runIds.size === 0) return;
    for (const record of this.#place.records([...runIds])) this.#records.set(record.runId, record);
    this.#shrink();
  }

  /** Whether a list that was read before differs from these records, newest first; takes them over. */
  replace(records: readonly RunRecord[]): string[] {
    const changed = records.filter((record) => stampOf(record) !== stampOf(this.#records.get(record.runId)));
    this.#records = new Map(records.toReversed().map((record) => [record.runId, record]));
    this.#isLoaded = true;
    return changed.map(({ runId }) => runId);
  }

  page({ kind, standing, search, skip, limit }: RunsQuery): RunsPage {
    this.#load();
    const wanted = search?.trim().toLowerCase() ?? '';
    const counts: Record<string, number> = {};
    const matches: RunRecord[] = [];
    for (const record of [...this.#records.values()].reverse()) {
      const stands = this.#standing(record);
      counts[stands] = (counts[stands] ?? 0) + 1;
      if (kind !== undefined && record.kind !== kind) continue;
      if (standing !== undefined && stands !== standing) continue;
      if (wanted === '' || `${record.runId}\n${record.workflow}`.toLowerCase().includes(wanted)) matches.push(record);
    }
    return { runs: this.#summaries(matches.slice(skip, skip + limit)), total: matches.length, counts };
  }

  /** The rows of runs that changed. */
  frame(runIds: Iterable<string>): RunsFrame {
    this.#load();
    const counts: Record<string, number> = {};
    for (const record of this.#records.values()) {
      const stands = this.#standing(record);
      counts[stands] = (counts[stands] ?? 0) + 1;
    }
    const changed = [...runIds].flatMap((runId) => this.#records.get(runId) ?? []);
    return { changed: this.#summaries(changed), total: this.#records.size, counts };
  }

  #load(): void {
    if (!this.#isLoaded) this.replace(this.#place.list({ limit: MOST_RUNS }));
  }

  #standing(record: RunRecord): RunStanding {
    return standingOf(record, this.#place.isHeld(record));
  }

  #summaries(records: readonly RunRecord[]): RunSummary[] {
    const untilMs = this.#place.monotonicMs() + COUNTING_MS;
    return records.map((record) => summaryOf(record, this.#standing(record), this.#endsOf(record, untilMs)));
  }

  #endsOf(record: RunRecord, untilMs: number): EndedCounts | null {
    const live = this.#place.liveEnds(record);
    if (live !== null) return live;
    const stamp = stampOf(record);
    const known = this.#ends.get(record.runId);
    if (known?.stamp === stamp) return known.ends;
    if (record.steps > MOST_COUNTED_STEPS || this.#place.monotonicMs() > untilMs) return null;
    const ends = this.#place.countEnds(record);
    this.#ends.set(record.runId, { stamp, ends });
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > MOST_COUNTED && oldest !== undefined) this.#ends.delete(oldest);
    return ends;
  }

  #shrink(): void {
    for (const runId of this.#records.keys()) {
      if (this.#records.size <= MOST_RUNS) return;
      this.#records.delete(runId);
    }
  }
}

function stampOf(record: RunRecord | undefined): string {
  if (record === undefined) return '';
  const { status, startedAtMs, endedAtMs, recoveries, isSuspended, parked } = record;
  return `${status} ${startedAtMs} ${endedAtMs} ${recoveries} ${isSuspended} ${parked?.code}`;
}
