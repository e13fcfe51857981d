// Owns the pace of frames: however often something is marked as changed, its frame is built at most once an interval, the
// first one soon. Nothing is queued: a mark is a flag.

import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { isRuntimeError } from '../domain/runtime-error.ts';

/** The time that frames are paced by. */
export type PaceTimers = TimerService & Pick<Clock, 'now'>;

export class FramePace {
  readonly #timers: PaceTimers;
  readonly #everyMs: number;
  readonly #build: () => void;
  #handle: TimerHandle | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(timers: PaceTimers, everyMs: number, build: () => void) {
    this.#timers = timers;
    this.#everyMs = everyMs;
    this.#build = build;
  }

  /** Something has changed: a frame is built when its time has come. */
  mark(): void {
    if (this.#handle !== undefined || this.#isClosed) return;
    const dueMs = Math.max(this.#timers.now(), this.#lastMs + this.#everyMs);
    this.#handle = this.#timers.schedule(dueMs, () => {
      this.#handle = undefined;
      this.#lastMs = this.#timers.now();
      withoutFault(this.#build);
    });
  }

  /** Builds nothing any more. Harmless when repeated. */
  close(): void {
    this.#isClosed = true;
    if (this.#handle !== undefined) this.#timers.cancel(this.#handle);
    this.#handle = undefined;
  }
}

/**
 * Does what a timer asks for. An engine that has closed meanwhile, or a record that cannot be read, is told to whoever asks
 * for a document; here nobody asks, and the process must not end for it.
 */
export function withoutFault(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isRuntimeError(error)) throw error;
  }
}
