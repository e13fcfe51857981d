// Owns the main thread's face of the resource adapter: actors are requesters of one CapacityGuard.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { TaskPriority } from '../../src/domain/statuses.ts';
import type { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import { unitsOfAmount } from '../../src/resources/fixed-point.ts';
import type { CapacityWitness } from './capacity-witness.ts';
import { type Amount, type Cycle, type CycleReport, listOf, type UsageNumbers } from './resource-commands.ts';
import { runCycle } from './resource-cycle.ts';
import { type AcquireSettings, type Reclaimed, type ResourceActor, ResourceAdapter } from './resource-face.ts';

export class MainFace extends ResourceAdapter {
  readonly face = 'main';

  async usage(id: string): Promise<UsageNumbers> {
    const { current, peak, available, waiting } = this.guard.getUsage(id);
    return { used: current, peak, available, waiting };
  }

  async giveUnbooked(id: string, amount: number): Promise<string> {
    const { ledger } = this.guard;
    const index = ledger.findResource(id);
    return ledger.give(index, unitsOfAmount(id, amount, ledger.factsOf(index).scale));
  }

  protected async createActor(name: string): Promise<ResourceActor> {
    return new Requester(name, this.guard, this.witness);
  }

  protected async echo(): Promise<void> {}
}

class Requester implements ResourceActor {
  readonly name: string;
  readonly #guard: CapacityGuard;
  readonly #witness: CapacityWitness;
  readonly #held = new Map<string, readonly Amount[]>();
  #life = new AbortController();

  constructor(name: string, guard: CapacityGuard, witness: CapacityWitness) {
    this.name = name;
    this.#guard = guard;
    this.#witness = witness;
  }

  async tryAcquire(amounts: readonly Amount[]): Promise<string | null> {
    const allocation = this.#guard.allocateAll(listOf(amounts), this.name);
    return allocation === null ? null : this.#note(allocation.allocationId, amounts);
  }

  async acquire(amounts: readonly Amount[], settings: AcquireSettings = {}): Promise<string> {
    const { timeout, signal, priority } = settings;
    const signals = signal === undefined ? [this.#life.signal] : [this.#life.signal, signal];
    const allocation = await this.#guard.acquire(listOf(amounts), {
      requesterId: this.name,
      signal: AbortSignal.any(signals),
      priority: priority ?? TaskPriority.NORMAL,
      ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    });
    return this.#note(allocation.allocationId, amounts);
  }

  async release(allocationId: string): Promise<void> {
    const amounts = this.#held.get(allocationId);
    if (amounts !== undefined) this.#witness.leaving(amounts);
    this.#held.delete(allocationId);
    this.#guard.release(allocationId);
  }

  async releaseAll(): Promise<number> {
    for (const amounts of this.#held.values()) this.#witness.leaving(amounts);
    this.#held.clear();
    return this.#guard.releaseAll(this.name);
  }

  cycle(cycle: Cycle): Promise<CycleReport> {
    return runCycle(cycle, this);
  }

  /** Being busy on one loop would let nobody else in: the turn is what others come in by. */
  spend(): Promise<void> {
    return nextTurn();
  }

  async kill(): Promise<Reclaimed> {
    this.#life.abort(new RuntimeError('ALLOCATION_STALE', `requester ${this.name} is gone`));
    this.#life = new AbortController();
    // What was granted a moment ago is on its way to this requester, who dies with it.
    await nextTurn();
    const first: Record<string, number> = {};
    for (const { id, amount } of [...this.#held.values()].flat()) first[id] = (first[id] ?? 0) + amount;
    const held = this.#held.size;
    const released = await this.releaseAll();
    if (released !== held) throw new Error(`${this.name} held ${held} allocations and gave ${released} back`);
    return { first, second: (await this.releaseAll()) === 0 ? {} : first };
  }

  #note(allocationId: string, amounts: readonly Amount[]): string {
    this.#held.set(allocationId, amounts);
    this.#witness.entered(amounts);
    return allocationId;
  }
}
