// Owns one alarm of an actor: set once, cancelled any number of times.

import type { TimerHandle, TimerService } from '../domain/clock.ts';

export class Deadline {
  readonly #timers: TimerService;
  readonly #passed: () => void;
  #timer: TimerHandle | undefined;

  constructor(timers: TimerService, passed: () => void) {
    this.#timers = timers;
    this.#passed = passed;
  }

  /** Epoch milliseconds; one in the past passes a turn later. */
  set(atMs: number): void {
    this.cancel();
    this.#timer = this.#timers.schedule(atMs, this.#passed);
  }

  cancel(): void {
    if (this.#timer !== undefined) this.#timers.cancel(this.#timer);
    this.#timer = undefined;
  }
}
