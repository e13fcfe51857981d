// Owns the meaning of a cycle, the same for an actor of every face: take, be busy, give back, and count what came of it.
// Must never know which face it runs on.

import { RuntimeError } from '../../src/domain/runtime-error.ts';
import type { Amount, Cycle, CycleReport } from './resource-commands.ts';

/** Who runs a cycle. */
interface CycleActor {
  tryAcquire(amounts: readonly Amount[]): string | null | Promise<string | null>;
  acquire(amounts: readonly Amount[], settings: { readonly timeout?: number }): Promise<string>;
  release(allocationId: string): void | Promise<void>;
  /** Is busy for a while; also in a round that was refused. */
  spend(spins: number, isHolding: boolean): void | Promise<void>;
}

export async function runCycle(cycle: Cycle, actor: CycleActor): Promise<CycleReport> {
  const { rounds, requests, way, timeout, spins = 0 } = cycle;
  const settings = timeout === undefined ? {} : { timeout };
  const counts = { granted: 0, refused: 0, timedOut: 0 };
  for (let round = 0; round < rounds; round++) {
    const amounts = requests[round % requests.length] ?? [];
    try {
      const allocationId = await (way === 'try' ? actor.tryAcquire(amounts) : actor.acquire(amounts, settings));
      counts[allocationId === null ? 'refused' : 'granted'] += 1;
      if (spins > 0) await actor.spend(spins, allocationId !== null);
      if (allocationId !== null) await actor.release(allocationId);
    } catch (error) {
      const code = error instanceof RuntimeError ? error.code : String(error);
      if (code !== 'RESOURCE_TIMEOUT') return { ...counts, stoppedBy: code };
      counts.timedOut += 1;
    }
  }
  return { ...counts, stoppedBy: null };
}
