// Owns the ports for time and chance. The composition root gives the real ones; tests and simulations their own.

/** A pending wake-up; opaque to its holder. */
export interface TimerHandle {
  readonly atMs: number;
}

/** Time for deadlines, backoff and heartbeats: one service for all of them, flat in cost to a million pending. */
export interface TimerService {
  /** Calls back once at or after `atMs` (epoch milliseconds). A time that has passed calls back soon, never at once. */
  schedule(atMs: number, callback: () => void): TimerHandle;
  /** Takes a wake-up back; harmless when it has fired. */
  cancel(handle: TimerHandle): void;
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds from an arbitrary point that never goes back; for durations. */
  monotonicMs(): number;
}

/** A uniform number in [0, 1). */
export type RandomSource = () => number;
