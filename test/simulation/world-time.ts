// Owns virtual time: one axis for the whole simulated world, over all lives of the engine. Things due in the same
// millisecond happen in an order that the seed decides, except the timers of one engine, which keep their own.
// It must never look at real time.

import type { TimerHandle } from '../../src/domain/clock.ts';
import type { EngineTimers } from '../../src/engine/engine-ports.ts';
import { BinaryHeap } from '../../src/scheduling/binary-heap.ts';
import type { SeededRandom } from './seeded-random.ts';

/** 2026-01-01T00:00:00.000Z. */
export const START_MS = Date.UTC(2026, 0, 1);
/** Where an engine's timers stand among things of the same millisecond, which draw from [0, 1). */
const ENGINE_PLACE = 0.5;

export interface WorldTimer extends TimerHandle {
  readonly tickMs: number;
  readonly place: number;
  readonly sequence: number;
  /** Whether it is a timer of the engine, which may fire in one turn with others of the same time. */
  readonly isEngine: boolean;
  callback: (() => void) | null;
}

export class WorldTime {
  readonly #heap = new BinaryHeap<WorldTimer>(
    (a, b) => a.tickMs - b.tickMs || a.place - b.place || a.atMs - b.atMs || a.sequence - b.sequence,
  );
  readonly #random: SeededRandom;
  #sequence = 0;
  nowMs = START_MS;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Something happens in the world after a delay, in whole milliseconds. */
  after(delayMs: number, callback: () => void): WorldTimer {
    return this.#add(this.nowMs + delayMs, this.#random.next(), callback, false);
  }

  /** A timer of an engine: fires when the whole-millisecond clock has reached it, never at once. */
  engineTimer(atMs: number, callback: () => void): WorldTimer {
    if (Number.isNaN(atMs)) throw new Error('a timer was scheduled at NaN');
    return this.#add(atMs, ENGINE_PLACE, callback, true);
  }

  cancel(timer: WorldTimer): void {
    timer.callback = null;
  }

  /** The next thing to happen, taken out; time moves on to it. */
  take(): WorldTimer | undefined {
    const timer = this.peek();
    if (timer === undefined) return undefined;
    this.#heap.pop();
    this.nowMs = Math.max(this.nowMs, timer.tickMs);
    return timer;
  }

  peek(): WorldTimer | undefined {
    for (let timer = this.#heap.peek(); timer !== undefined; timer = this.#heap.peek()) {
      if (timer.callback !== null) return timer;
      this.#heap.pop();
    }
    return undefined;
  }

  #add(atMs: number, place: number, callback: () => void, isEngine: boolean): WorldTimer {
    const tickMs = Math.max(this.nowMs, Math.ceil(atMs));
    const timer: WorldTimer = { atMs, tickMs, place, sequence: this.#sequence++, isEngine, callback };
    this.#heap.push(timer);
    return timer;
  }
}

/** Clock and timers of one life of the engine; once it is over, nothing fires any more. */
export class LifeTimers implements EngineTimers {
  readonly #time: WorldTime;
  readonly #isOver: () => boolean;
  readonly #pending = new Map<TimerHandle, WorldTimer>();

  constructor(time: WorldTime, isOver: () => boolean) {
    this.#time = time;
    this.#isOver = isOver;
  }

  /** Timers neither fired nor taken back. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#time.nowMs;
  }

  monotonicMs(): number {
    return this.#time.nowMs - START_MS;
  }

  schedule(atMs: number, callback: () => void): TimerHandle {
    const timer = this.#time.engineTimer(atMs, () => {
      this.#pending.delete(timer);
      if (!this.#isOver()) callback();
    });
    this.#pending.set(timer, timer);
    return timer;
  }

  cancel(handle: TimerHandle): void {
    const timer = this.#pending.get(handle);
    if (timer === undefined) return;
    this.#pending.delete(handle);
    this.#time.cancel(timer);
  }

  close(): void {
    for (const timer of this.#pending.values()) this.#time.cancel(timer);
    this.#pending.clear();
  }
}
