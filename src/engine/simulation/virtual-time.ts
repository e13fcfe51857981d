// Owns time that passes only when it is told to: the clock and the timers of a run that is worked out, not run.
// Why an own one: a real guard schedules the refills of its quotas on it, and hours pass in microseconds.
// It must never move by itself, nor back; timers of one moment fire in the order in which they were scheduled.

import type { Clock, TimerHandle, TimerService } from '../../domain/clock.ts';
import { BinaryHeap } from '../../scheduling/binary-heap.ts';

/** Where virtual time begins. Small, so that sums of milliseconds keep nine decimals; above 0, which may stand for "never". */
const FIRST_MS = 1_000;

class VirtualTimer implements TimerHandle {
  readonly atMs: number;
  readonly sequence: number;
  /** undefined once fired or cancelled. */
  callback: (() => void) | undefined;

  constructor(atMs: number, sequence: number, callback: () => void) {
    this.atMs = atMs;
    this.sequence = sequence;
    this.callback = callback;
  }
}

/** A clock and a timer service that stand still until `moveTo`. Pending timers are bounded by who schedules them. */
export class VirtualTime implements Clock, TimerService {
  readonly #timers = new BinaryHeap<VirtualTimer>((a, b) => a.atMs - b.atMs || a.sequence - b.sequence);
  #nowMs = FIRST_MS;
  #sequence = 0;

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  schedule(atMs: number, callback: () => void): TimerHandle {
    const timer = new VirtualTimer(atMs, ++this.#sequence, callback);
    this.#timers.push(timer);
    return timer;
  }

  cancel(handle: TimerHandle): void {
    if (handle instanceof VirtualTimer) handle.callback = undefined;
  }

  /** When the next timer is due; Infinity when none is pending. */
  nextTimerMs(): number {
    const timers = this.#timers;
    for (let timer = timers.peek(); timer !== undefined; timer = timers.peek()) {
      if (timer.callback !== undefined) return timer.atMs;
      timers.pop();
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Moves on to a later time, firing what falls due on the way; true when anything fired. */
  moveTo(ms: number): boolean {
    let hasFired = false;
    for (let next = this.nextTimerMs(); next <= ms; next = this.nextTimerMs()) {
      const timer = this.#timers.pop();
      if (next > this.#nowMs) this.#nowMs = next;
      const callback = timer?.callback;
      if (timer !== undefined) timer.callback = undefined;
      callback?.();
      hasFired = true;
    }
    if (ms > this.#nowMs) this.#nowMs = ms;
    return hasFired;
  }
}
