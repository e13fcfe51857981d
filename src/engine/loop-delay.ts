// Owns the measure of how late the main thread's event loop is: the time by which a timer comes later than it should.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the loop is looked at; finer costs more than it tells. */
const RESOLUTION_MS = 20;
const NANOSECONDS_PER_MS = 1e6;

/** Milliseconds beyond the wait that was meant; all 0 when nothing was measured. */
export interface LoopDelaySample {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Measures while it is open. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** What was measured since the last time this was asked. */
  read(): LoopDelaySample {
    const histogram = this.#histogram;
    const beyond = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS_PER_MS - RESOLUTION_MS);
    const sample =
      histogram.count === 0
        ? { meanMs: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 }
        : {
            meanMs: beyond(histogram.mean),
            p50Ms: beyond(histogram.percentile(50)),
            p99Ms: beyond(histogram.percentile(99)),
            maxMs: beyond(histogram.max),
          };
    histogram.reset();
    return sample;
  }

  close(): void {
    this.#histogram.disable();
  }
}
