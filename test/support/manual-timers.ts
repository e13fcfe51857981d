// Owns virtual time for tests: a Clock and TimerService that move only when told to, so that no test sleeps.
// It must never look at real time: two runs of a test see the same times.

import type { Clock, TimerHandle, TimerService } from '../../src/domain/clock.ts';
import { BinaryHeap } from '../../src/scheduling/binary-heap.ts';

interface ManualTimer extends TimerHandle {
  readonly sequence: number;
  callback: (() => void) | undefined;
}

/** 2026-01-01T00:00:00.000Z: a round date, so that ISO strings in expectations are easy to read. */
export const MANUAL_EPOCH_MS = Date.UTC(2026, 0, 1);

/** A loop of timers that schedule each other at the same instant is a bug of the code under test; this ends it. */
const MAX_CALLBACKS_PER_ADVANCE = 1_000_000;

/** A virtual clock; callbacks fire inside `advance`, in order of time and, at one time, in order of scheduling. */
export class ManualTimers implements TimerService, Clock {
  readonly #heap = new BinaryHeap<ManualTimer>((a, b) => a.atMs - b.atMs || a.sequence - b.sequence);
  readonly #startMs: number;
  readonly #live = new Set<TimerHandle>();
  #nowMs: number;
  #sequence = 0;

  constructor(startMs: number = MANUAL_EPOCH_MS) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  schedule(atMs: number, callback: () => void): TimerHandle {
    if (Number.isNaN(atMs)) throw new Error('a timer was scheduled at NaN');
    const timer: ManualTimer = { atMs, sequence: this.#sequence++, callback };
    this.#live.add(timer);
    this.#heap.push(timer);
    return timer;
  }

  cancel(handle: TimerHandle): void {
    this.#live.delete(handle);
  }

  /** Timers neither fired nor cancelled. */
  get pending(): number {
    return this.#live.size;
  }

  /** When the next timer is due; undefined when none is pending. */
  nextAtMs(): number | undefined {
    return this.#peekLive()?.atMs;
  }

  /** Moves time on by `ms`, firing what falls due on the way, each at its own time; those scheduled meanwhile too. */
  advance(ms: number): void {
    this.advanceTo(this.#nowMs + ms);
  }

  /** Moves time on to `atMs` (never back), firing what falls due. */
  advanceTo(atMs: number): void {
    let fired = 0;
    for (let timer = this.#peekLive(); timer !== undefined && timer.atMs <= atMs; timer = this.#peekLive()) {
      if (fired++ >= MAX_CALLBACKS_PER_ADVANCE) throw new Error('timers keep scheduling each other without end');
      this.#heap.pop();
      this.#live.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.callback?.();
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  /** Time moves on while nobody looks, as when the process is stopped: what fell due meanwhile fires late, and once. */
  jump(ms: number): void {
    const atMs = this.#nowMs + ms;
    this.#nowMs = atMs;
    this.advanceTo(atMs);
  }

  /** As `advance`, but lets promise reactions run after each timer and at both ends: for code that awaits. */
  async advanceAsync(ms: number): Promise<void> {
    const targetMs = this.#nowMs + ms;
    await settle();
    for (let nextMs = this.nextAtMs(); nextMs !== undefined && nextMs <= targetMs; nextMs = this.nextAtMs()) {
      this.advanceTo(Math.max(nextMs, this.#nowMs));
      await settle();
    }
    this.advanceTo(targetMs);
    await settle();
  }

  #peekLive(): ManualTimer | undefined {
    for (let timer = this.#heap.peek(); timer !== undefined; timer = this.#heap.peek()) {
      if (this.#live.has(timer)) return timer;
      this.#heap.pop();
    }
    return undefined;
  }
}

/** Lets every promise reaction that is ready run: a turn of the loop, no time. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
