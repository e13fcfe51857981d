// Owns the return of quota units: each comes back one period after it was granted, so that no window of that length
// ever sees more grants than the capacity. One timer per resource, for its oldest grant.
//
// Never early, whatever clocks do: a grant is timed after its units were taken, by the clock that never goes back (wall
// time has whole milliseconds and can be set), rounded up to a whole millisecond; a timer that fires before that is
// armed again. Late by a millisecond or two; by as much more as the wall clock is set back while a timer is pending.
// It counts grants, not what their holders do with them later, and forgets everything when the process ends: within one
// period of a restart a quota can be granted once more.
// Bounded by the capacity itself: there is at most one entry per unit in use, and grants of one millisecond share one.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';

interface Refill {
  /** Monotonic milliseconds. */
  readonly dueMs: number;
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

  /** Notes that units were granted, at the latest now. Call it after the grant, and after telling anybody of it. */
  granted(index: number, units: number): void {
    const line = this.#lines.get(index);
    if (line === undefined) return;
    const newest = line.entries.at(-1);
    const dueMs = Math.ceil(this.#clock.monotonicMs() + line.periodMs);
    if (newest?.dueMs === dueMs && line.first < line.entries.length) newest.units += units;
    else line.entries.push({ dueMs, units });
    this.#arm(index, line);
  }

  /** When that many of the units in use will have come back (epoch milliseconds); null when fewer are on their way. */
  returnAtMs(index: number, units: number): number | null {
    const line = this.#lines.get(index);
    if (line === undefined) return null;
    let coming = 0;
    for (let at = line.first; at < line.entries.length; at++) {
      const entry = line.entries[at];
      coming += entry?.units ?? 0;
      if (entry !== undefined && coming >= units) return this.#wallTimeOf(entry.dueMs);
    }
    return null;
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
    line.timer = this.#timers.schedule(this.#wallTimeOf(oldest.dueMs), () => {
      line.timer = null;
      this.#due(index, line);
    });
  }

  // Always ahead of now while there is time left, however little: a timer that is armed again makes headway.
  #wallTimeOf(dueMs: number): number {
    const nowMs = this.#clock.now();
    const leftMs = dueMs - this.#clock.monotonicMs();
    if (leftMs <= 0) return nowMs;
    const atMs = Math.ceil(nowMs + leftMs);
    return atMs > nowMs ? atMs : nowMs + 1;
  }

  #due(index: number, line: RefillLine): void {
    const nowMs = this.#clock.monotonicMs();
    let units = 0;
    for (let entry = line.entries[line.first]; entry !== undefined; entry = line.entries[line.first]) {
      if (entry.dueMs > nowMs) break;
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
