// Owns the attempts that are picked ahead of a free thread: while attempts are short, a thread that ends one gets the next
// at once, instead of going to sleep until the main thread has settled the last (a wake-up costs as much as a short body).
//
//   dispatcher ──▶ runway (at most one a thread) ──▶ first thread that ends an attempt
//
// It must never hold back what could run: it is open only while recent attempts took less than SHORT_MS on average and
// none under way is older than that, and what has waited for PATIENCE_MS all the same goes back to the dispatcher.

import type { TimerHandle, TimerService } from '../domain/clock.ts';
import type { TaskAssignment } from '../domain/task-executor.ts';

/** Attempts shorter than this, from sending to reply, are worth picking ahead. */
const SHORT_MS = 1;
/** How long an attempt may wait here for a thread. */
const PATIENCE_MS = 5;
/** Weight of the newest duration in the running mean. */
const NEWEST_SHARE = 0.1;

export class Runway {
  readonly #timers: TimerService;
  readonly #now: () => number;
  readonly #recall: (assignments: readonly TaskAssignment[]) => void;
  #waiting: TaskAssignment[] = [];
  #meanMs = Number.POSITIVE_INFINITY;
  #timer: TimerHandle | null = null;

  /** `now`: epoch milliseconds of the timers; `recall` is given what has waited too long. */
  constructor(timers: TimerService, now: () => number, recall: (assignments: readonly TaskAssignment[]) => void) {
    this.#timers = timers;
    this.#now = now;
    this.#recall = recall;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether attempts are short enough to pick some ahead; `longestMs` is the age of the oldest under way. */
  isOpen(longestMs: number): boolean {
    return this.#meanMs < SHORT_MS && longestMs < SHORT_MS;
  }

  /** An attempt took so long, from sending to reply. */
  measured(durationMs: number): void {
    this.#meanMs = Number.isFinite(this.#meanMs)
      ? this.#meanMs + (durationMs - this.#meanMs) * NEWEST_SHARE
      : durationMs;
  }

  push(assignment: TaskAssignment): void {
    this.#waiting.push(assignment);
    this.#timer ??= this.#timers.schedule(this.#now() + PATIENCE_MS, () => this.#onImpatience(assignment.attemptKey));
  }

  shift(): TaskAssignment | undefined {
    return this.#waiting.shift();
  }

  /** Takes one out by its key; undefined when it is not here. */
  take(attemptKey: number): TaskAssignment | undefined {
    const index = this.#waiting.findIndex((waiting) => waiting.attemptKey === attemptKey);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  /** Takes everything out. */
  clear(): readonly TaskAssignment[] {
    const taken = this.#waiting;
    this.#waiting = [];
    if (this.#timer !== null) this.#timers.cancel(this.#timer);
    this.#timer = null;
    return taken;
  }

  // One timer for all: it looks whether the attempt that was first when it was set is still here.
  #onImpatience(attemptKey: number): void {
    this.#timer = null;
    const [first] = this.#waiting;
    if (first === undefined) return;
    if (first.attemptKey === attemptKey) {
      this.#recall(this.clear());
      return;
    }
    const { attemptKey: next } = first;
    this.#timer = this.#timers.schedule(this.#now() + PATIENCE_MS, () => this.#onImpatience(next));
  }
}
