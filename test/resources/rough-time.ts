// Owns a time as rough as the real one: it flows in fractions of a millisecond, its wall clock shows whole ones and may
// be set, and timers fire late by chance. Moves only when a test says so.

import type { Clock, TimerHandle, TimerService } from '../../src/domain/clock.ts';
import type { SeededRandom } from '../simulation/seeded-random.ts';

interface RoughTimer extends TimerHandle {
  readonly lateMs: number;
  readonly callback: () => void;
}

export class RoughTime implements Clock, TimerService {
  /** What really passes. */
  trueMs = 500_000.25;
  #wallAheadMs = 1_700_000_000_000.75;
  readonly #random: SeededRandom;
  readonly #pending = new Set<RoughTimer>();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  now(): number {
    return Math.floor(this.trueMs + this.#wallAheadMs);
  }

  monotonicMs(): number {
    return this.trueMs;
  }

  /** Sets the wall clock, forward or back. */
  setWallClock(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  schedule(atMs: number, callback: () => void): TimerHandle {
    const timer: RoughTimer = { atMs, lateMs: this.#random.next() * 1.5, callback };
    this.#pending.add(timer);
    return timer;
  }

  cancel(handle: TimerHandle): void {
    for (const timer of this.#pending) if (timer === handle) this.#pending.delete(timer);
  }

  get pendingTimers(): number {
    return this.#pending.size;
  }

  advance(byMs: number): void {
    const endMs = this.trueMs + byMs;
    for (;;) {
      let next: RoughTimer | undefined;
      let nextMs = Number.POSITIVE_INFINITY;
      for (const timer of this.#pending) {
        // As soon as the wall clock shows it, and by chance a little later.
        const firesMs = Math.max(this.trueMs, Math.ceil(timer.atMs) - this.#wallAheadMs + timer.lateMs);
        if (firesMs < nextMs) [next, nextMs] = [timer, firesMs];
      }
      if (next === undefined || nextMs > endMs) break;
      this.#pending.delete(next);
      this.trueMs = nextMs;
      next.callback();
    }
    this.trueMs = endMs;
  }
}
