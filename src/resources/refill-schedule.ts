// Owns the return of quota units: each comes back exactly `periodMs` after it was granted, so that no window of that
// length ever sees more grants than the capacity. One timer per resource, for its oldest grant.
// Bounded by the capacity itself: there is at most one entry per unit in use, and grants of one moment share an entry.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';

interface Refill {
  readonly atMs: number;
  units: number;
}

interface RefillLine {
  readonly periodMs: number;
  // Oldest first; entries before `first` are done.
  entries: Refill[];
  first: number;
  timer: TimerHandle | null;
}

/** Finished entries are cut off once there are this many, and they are half of all: constant cost per entry. */
const COMPACT_AT = 1_024;

export class RefillSchedule {
  readonly #clock: Clock;
  readonly #timers: TimerService;
  readonly #refill: (index: number, units: number) => void;
  readonly #lines = new Map<number, RefillLine>();

  constructor(clock: Clock, timers: TimerService, refill: (index: number, units: number) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#refill = refill;
  }

  addQuota(index: number, periodMs: number): void {
    this.#lines.set(index, { periodMs, entries: [], first: 0, timer: null });
  }

  /** The indices of all quotas. */
  quotas(): Iterable<number> {
    return this.#lines.keys();
  }

  hasQuotas(): boolean {
    return this.#lines.size > 0;
  }

  periodMs(index: number): number | null {
    return this.#lines.get(index)?.periodMs ?? null;
  }

  /** Notes that units were granted now. */
  granted(index: number, units: number): void {
    const line = this.#lines.get(index);
    if (line === undefined) return;
    const newest = line.entries.at(-1);
    // A clock that was set back must not bring a later grant back before an earlier one.
    const atMs = Math.max(this.#clock.now() + line.periodMs, newest?.atMs ?? 0);
    if (newest?.atMs === atMs && line.first < line.entries.length) newest.units += units;
    else line.entries.push({ atMs, units });
    this.#arm(index, line);
  }

  /** Takes every timer back; what is out stays out. */
  close(): void {
    for (const line of this.#lines.values()) {
      if (line.timer !== null) this.#timers.cancel(line.timer);
      line.timer = null;
      line.entries = [];
      line.first = 0;
    }
  }

  #arm(index: number, line: RefillLine): void {
    const oldest = line.entries[line.first];
    if (line.timer !== null || oldest === undefined) return;
    line.timer = this.#timers.schedule(oldest.atMs, () => {
      line.timer = null;
      this.#due(index, line);
    });
  }

  #due(index: number, line: RefillLine): void {
    const now = this.#clock.now();
    let units = 0;
    for (let entry = line.entries[line.first]; entry !== undefined; entry = line.entries[line.first]) {
      if (entry.atMs > now) break;
      units += entry.units;
      line.first += 1;
    }
    const half = line.entries.length / 2;
    if (line.first === line.entries.length || (line.first >= COMPACT_AT && line.first >= half)) {
      line.entries = line.entries.slice(line.first);
      line.first = 0;
    }
    this.#arm(index, line);
    if (units > 0) this.#refill(index, units);
  }
}
