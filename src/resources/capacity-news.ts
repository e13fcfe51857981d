// Owns what the guard tells of grants and give-backs: one event per resource, in people's amounts.
// Must cost next to nothing where nobody listens, and never decide anything.

import type { EventSink, RuntimeEventType } from '../domain/events.ts';
import type { PreparedRequest } from './capacity-request.ts';
import { amountOfUnits } from './fixed-point.ts';
import type { ResourceRegistry } from './resource-registry.ts';

export class CapacityNews {
  readonly #registry: ResourceRegistry;
  readonly #events: EventSink | null;

  constructor(registry: ResourceRegistry, events: EventSink | null) {
    this.#registry = registry;
    this.#events = events;
  }

  /** Whether there is anybody to tell. */
  get isHeard(): boolean {
    return this.#events !== null;
  }

  /** Amounts by resource id. */
  amountsOf(request: PreparedRequest): Record<string, number> {
    return Object.fromEntries(
      request.ids.map((id, i) => [id, amountOfUnits(request.units[i] ?? 0, this.#registry.require(id).scale)]),
    );
  }

  tell(type: RuntimeEventType, request: PreparedRequest, data: Readonly<Record<string, unknown>>): void {
    if (this.#events?.wants(type) !== true) return;
    const amounts = this.amountsOf(request);
    for (const resourceId of request.ids) {
      this.#events.emit(type, { resourceId }, { amount: amounts[resourceId], ...data });
    }
  }

  /** What came back from a dead thread; gives its amounts by resource id. */
  reclaimed(
    threadId: number,
    units: readonly { readonly index: number; readonly units: number }[],
  ): Record<string, number> {
    const amounts: Record<string, number> = {};
    for (const { index, units: count } of units) {
      const { id, scale } = this.#registry.at(index);
      const amount = amountOfUnits(count, scale);
      amounts[id] = amount;
      if (!this.#events?.wants('resource.released')) continue;
      this.#events.emit('resource.released', { resourceId: id }, { amount, threadId, reclaimed: true });
    }
    return amounts;
  }
}
