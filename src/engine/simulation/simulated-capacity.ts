// Owns the capacity of a simulated run: the resources that the engine would have and those that the workflow brings, in a
// real guard on virtual time, with other capacities where a what-if says so. Nothing outlives `close`.

import type { AllocationId } from '../../domain/ids.ts';
import { RuntimeError } from '../../domain/runtime-error.ts';
import { CapacityGuard } from '../../resources/capacity-guard.ts';
import type { PreparedRequest } from '../../resources/capacity-request.ts';
import { type DeclaredResource, registerResources } from '../engine-resources.ts';
import type { CompiledWorkflow } from '../workflow-compiler.ts';
import { findResourceFaults } from '../workflow-requirements.ts';
import type { CountedResource } from './shared-use.ts';
import { VirtualTime } from './virtual-time.ts';

export interface CapacityOptions {
  /** Those that exist besides the workflow's own. */
  readonly resources: readonly DeclaredResource[];
  /** Capacities to be taken instead, by id. */
  readonly setAmounts: Readonly<Record<string, number>>;
}

/** One world for one run: quotas remember what was granted, so that a second run needs a new one. */
export class SimulatedCapacity {
  readonly time = new VirtualTime();
  readonly guard: CapacityGuard;

  /**
   * @throws RuntimeError RESOURCE_EXISTS, RESOURCE_AMOUNT_INVALID and others of `register`; RESOURCE_NOT_FOUND for an
   *   amount of a resource that there is not
   */
  constructor(workflow: CompiledWorkflow, { resources, setAmounts }: CapacityOptions) {
    const guard = new CapacityGuard({
      clock: this.time,
      timers: this.time,
      // Nothing is allocated by id here.
      ids: { allocationId: () => 'simulated' as AllocationId },
    });
    this.guard = guard;
    registerResources(guard, [...resources, ...workflow.definition.resources]);
    for (const [id, amount] of Object.entries(setAmounts)) guard.setCapacity(id, amount);
  }

  /** What each step asks for, null for nothing. @throws RuntimeError with the code of the first request that cannot be granted */
  prepare(workflow: CompiledWorkflow): (PreparedRequest | null)[] {
    const capacities = new Map(this.guard.list().map(({ resourceId, capacity }) => [resourceId, capacity]));
    const faults = findResourceFaults(workflow.definition, (id) => capacities.get(id) ?? null);
    const [first] = faults;
    if (first !== undefined) throw new RuntimeError(first.code, first.message, { details: { faults } });
    return workflow.steps.map(({ resources }) =>
      Object.keys(resources).length === 0 ? null : this.guard.prepare(resources),
    );
  }

  /** The resources that requests name, as the ledger counts them. */
  counted(requests: readonly (PreparedRequest | null)[]): CountedResource[] {
    const indices = new Map<string, number>();
    for (const request of requests) {
      for (const [place, id] of request?.ids.entries() ?? []) indices.set(id, request?.indices[place] ?? 0);
    }
    return this.guard.list().flatMap(({ resourceId: id, refillPeriodMs }) => {
      const index = indices.get(id);
      if (index === undefined) return [];
      return [{ id, index, capacityUnits: this.guard.ledger.capacityUnits(index), refillMs: refillPeriodMs }];
    });
  }

  /** The smallest amount of a resource. */
  granularityOf(id: string): number {
    return this.guard.list().find(({ resourceId }) => resourceId === id)?.granularity ?? 1;
  }

  close(): void {
    this.guard.close();
  }
}
