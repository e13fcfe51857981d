// Owns real time for the engine: the clock, and one timer service for every deadline, backoff and heartbeat.
// All wake-ups share a single setTimeout, armed for the earliest of them. A binary heap gives the earliest; cancelling
// only marks an entry dead, and once the dead outnumber the living the heap sheds them, so that memory follows what is
// really pending and a cancel is O(1) amortised.
// It never calls back early, never within `schedule`, and after `close` holds nothing that keeps the process alive.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { BinaryHeap } from '../scheduling/binary-heap.ts';

/**
 * Longer waits are cut into naps. setTimeout itself takes up to 2³¹ − 1 ms; a minute, because it counts running time
 * only: after the machine slept or its clock was set forward, what is due by then is noticed at the end of the nap.
 */
const MAX_NAP_MS = 60_000;
/** With fewer dead entries than this, shedding them is not worth the walk. */
const MIN_DEAD_TO_SHED = 1_024;

export interface SystemTimersOptions {
  /** True: pending timers alone do not keep the process alive. Default false, so that a backoff is waited for. */
  readonly unref?: boolean;
  /**
   * Told what a callback threw; the other timers fire all the same. Default: thrown again on its own turn of the event
   * loop, where it is an uncaught error like any other.
   */
  readonly onError?: (error: unknown) => void;
}

class Entry implements TimerHandle {
  readonly atMs: number;
  readonly sequence: number;
  /** undefined once fired or cancelled. */
  callback: (() => void) | undefined;
  /** Still in the heap; false while its turn in a batch comes. */
  queued = true;

  constructor(atMs: number, sequence: number, callback: () => void) {
    this.atMs = atMs;
    this.sequence = sequence;
    this.callback = callback;
  }
}

/** The real clock and timer service; timers of one millisecond fire in the order in which they were scheduled. */
export class SystemTimers implements TimerService, Clock, Disposable {
  readonly #heap = new BinaryHeap<Entry>((a, b) => a.atMs - b.atMs || a.sequence - b.sequence);
  readonly #unref: boolean;
  readonly #onError: (error: unknown) => void;
  #sequence = 0;
  #dead = 0;
  #nap: NodeJS.Timeout | undefined;
  #napUntilMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: SystemTimersOptions = {}) {
    this.#unref = options.unref ?? false;
    this.#onError = options.onError ?? rethrowLater;
  }

  now(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  /** Timers in the future that were not cancelled. */
  get pending(): number {
    return this.#heap.size - this.#dead;
  }

  /**
   * Calls back once at or after `atMs`; Infinity means never, yet counts as pending until cancelled.
   * @throws RuntimeError ARGUMENT_INVALID for NaN, ENGINE_CLOSED after `close`.
   */
  schedule(atMs: number, callback: () => void): TimerHandle {
    if (Number.isNaN(atMs)) throw new RuntimeError('ARGUMENT_INVALID', 'a timer needs a time; it was given NaN');
    if (this.#closed) {
      throw new RuntimeError('ENGINE_CLOSED', 'the timer service is closed and schedules nothing any more');
    }
    const entry = new Entry(atMs, this.#sequence++, callback);
    this.#heap.push(entry);
    if (atMs < this.#napUntilMs) this.#arm();
    return entry;
  }

  cancel(handle: TimerHandle): void {
    if (!(handle instanceof Entry) || handle.callback === undefined) return;
    handle.callback = undefined;
    if (!handle.queued) return;
    this.#dead++;
    if (this.#dead >= MIN_DEAD_TO_SHED && this.#dead * 2 > this.#heap.size) {
      this.#heap.retain((entry) => entry.callback !== undefined);
      this.#dead = 0;
    }
    // A nap for nothing would keep the process alive.
    if (this.pending === 0) this.#disarm();
  }

  /** Forgets every timer without calling back. Harmless when repeated. */
  close(): void {
    this.#closed = true;
    this.#disarm();
    for (const entry of this.#heap.values()) {
      entry.callback = undefined;
      entry.queued = false;
    }
    this.#heap.clear();
    this.#dead = 0;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #fire(): void {
    this.#nap = undefined;
    this.#napUntilMs = Number.POSITIVE_INFINITY;
    // Taken out first, called then: what a callback schedules, however early, waits for its own turn of the loop.
    const due: Entry[] = [];
    const nowMs = Date.now();
    for (let top = this.#peekLive(); top !== undefined && top.atMs <= nowMs; top = this.#peekLive()) {
      this.#heap.pop();
      top.queued = false;
      due.push(top);
    }
    for (const entry of due) {
      const callback = entry.callback;
      entry.callback = undefined;
      if (callback === undefined || this.#closed) continue;
      try {
        callback();
      } catch (error) {
        this.#onError(error);
      }
    }
    if (!this.#closed) this.#arm();
  }

  #arm(): void {
    const next = this.#peekLive();
    this.#disarm();
    if (next === undefined || next.atMs === Number.POSITIVE_INFINITY) return;
    const napMs = Math.min(Math.max(Math.ceil(next.atMs - Date.now()), 1), MAX_NAP_MS);
    this.#napUntilMs = next.atMs;
    this.#nap = setTimeout(() => this.#fire(), napMs);
    if (this.#unref) this.#nap.unref();
  }

  #disarm(): void {
    clearTimeout(this.#nap);
    this.#nap = undefined;
    this.#napUntilMs = Number.POSITIVE_INFINITY;
  }

  #peekLive(): Entry | undefined {
    for (let top = this.#heap.peek(); top !== undefined; top = this.#heap.peek()) {
      if (top.callback !== undefined) return top;
      this.#heap.pop();
      this.#dead--;
    }
    return undefined;
  }
}

function rethrowLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
