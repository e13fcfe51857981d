// Owns time and chance for planning outside of a run: processor time of this thread, so that what else the machine does
// takes nothing from the budget, and numbers that are the same each time, so that the same question gives the same answer
// as far as the budget allows.

/** Milliseconds of processor time of this thread; real time where Node (below 23.9) does not know it. */
export function processorTimeMs(): number {
  if (typeof process.threadCpuUsage !== 'function') return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Uniform numbers in [0, 1) from a seed (mulberry32, T. Ettinger, public domain). */
export function seededRandom(seed = 1): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
