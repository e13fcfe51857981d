// Owns the peer that the engine is compared with: Piscina as it comes, with the bench's own task bodies.

import { FixedQueue, Piscina } from 'piscina';

const BODIES = new URL('../tasks/fixed-work.ts', import.meta.url).href;

/** Piscina with its own defaults for everything but the number of threads, which is the engine's. */
export function defaultPool(threads: number): Piscina<unknown, number> {
  return new Piscina({ filename: BODIES, minThreads: threads, maxThreads: threads });
}

/** Piscina at its fastest for short bodies: many of them under way on each thread, its ring buffer, no histograms. */
export function fastestPool(threads: number): Piscina<unknown, number> {
  return new Piscina({
    filename: BODIES,
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: 64,
    taskQueue: new FixedQueue(),
    recordTiming: false,
  });
}
