// Owns the count of a supervisor's recent restarts: more than `intensity` within `periodMs` and it has to give up.
// The counter belongs to the supervisor, not to a child, and a restart of several children counts once.
// Pure: time is an argument. It holds at most intensity + 1 times, and a restart costs amortised O(1) at any intensity.
// Source of the rule: erlang/otp, supervisor.erl, add_restart/1.

/** A sliding window over restarts. */
export class RestartIntensity {
  readonly #intensity: number;
  readonly #periodMs: number;
  // Oldest first, from #head on.
  #timesMs: number[] = [];
  #head = 0;

  constructor(intensity: number, periodMs: number) {
    this.#intensity = intensity;
    this.#periodMs = periodMs;
  }

  /**
   * Counts a restart at `nowMs` (from a clock that never goes back) and tells whether it may be made.
   * A restart exactly `periodMs` ago still counts.
   */
  allows(nowMs: number): boolean {
    const sinceMs = nowMs - this.#periodMs;
    for (let oldest = this.#timesMs[this.#head]; oldest !== undefined && oldest < sinceMs; ) {
      oldest = this.#timesMs[++this.#head];
    }
    if (this.#head * 2 > this.#timesMs.length) {
      this.#timesMs = this.#timesMs.slice(this.#head);
      this.#head = 0;
    }
    this.#timesMs.push(nowMs);
    return this.recent <= this.#intensity;
  }

  /** Restarts counted within the period, as of the last call of `allows`. */
  get recent(): number {
    return this.#timesMs.length - this.#head;
  }
}
