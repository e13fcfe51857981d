// Owns time for planning outside of a run: what else the machine does takes nothing from the budget.

/** Milliseconds of processor time of this thread; real time where Node (below 23.9) does not know it. */
export function processorTimeMs(): number {
  if (typeof process.threadCpuUsage !== 'function') return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
