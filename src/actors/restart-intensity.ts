// Owns the count of a supervisor's recent restarts: more than `intensity` within `periodMs` and it has to give up.
// The counter belongs to the supervisor, not to a child, and a restart of several children counts once.
// Pure: time is an argument. It holds at most intensity + 1 times.
// Source of the rule: erlang/otp, supervisor.erl, add_restart/1.

/** A sliding window over restarts. */
export class RestartIntensity {
  readonly #intensity: number;
  readonly #periodMs: number;
  // Oldest first.
  #timesMs: number[] = [];

  constructor(intensity: number, periodMs: number) {
    this.#intensity = intensity;
    this.#periodMs = periodMs;
  }

  /**
   * Counts a restart at `nowMs` (from a clock that never goes back) and tells whether it may be made.
   * A restart exactly `periodMs` ago still counts.
   */
  allows(nowMs: number): boolean {
    this.#timesMs = this.#timesMs.filter((timeMs) => timeMs >= nowMs - this.#periodMs);
    this.#timesMs.push(nowMs);
    return this.#timesMs.length <= this.#intensity;
  }

  /** Restarts counted within the period, as of the last call of `allows`. */
  get recent(): number {
    return this.#timesMs.length;
  }
}
