// Owns which resources exist and the facts people gave about them; the figures come from the ledger.
// Main thread only. Grants nothing and knows nobody who waits.

import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ResourceStatus, ResourceType } from '../domain/statuses.ts';
import type { CapacityLedger } from './capacity-ledger.ts';
import { type RequestableResource, type ResourceDirectory, resourceNotFound } from './capacity-request.ts';
import { amountOfUnits, granularityOf, scaleOf, type UnitScale, unitsOfCapacity } from './fixed-point.ts';
import { LedgerStatus, MAX_ID_BYTES, MAX_RESOURCES } from './ledger-layout.ts';
import { Resource, ResourceUsage } from './resource.ts';

/** What may be said of a resource beside id, type and capacity. */
export interface RegisterOptions {
  /** The smallest amount, default 1: whole, or one part of a whole (0.5, 0.1, 0.001). */
  readonly granularity?: number;
  /**
   * Makes it a quota: a granted unit comes back by itself this long after its grant, so that no window of that length
   * sees more grants than the capacity. Not kept beyond the process: it begins anew with each engine.
   */
  readonly refill?: { readonly periodMs: number };
  readonly description?: string;
  readonly metadata?: JsonObject;
}

/** A registered resource, as the guard's files see it. */
export interface RegisteredResource extends RequestableResource {
  readonly id: string;
  readonly type: ResourceType;
  readonly scale: UnitScale;
  readonly refillPeriodMs: number | null;
  readonly declaredCapacityUnits: number;
  readonly description: string;
  readonly metadata: JsonObject;
  /** As set by people; what follows from use is derived. */
  statusSet: 'available' | 'maintenance' | 'offline' | 'unknown';
}

const RESOURCE_TYPES: ReadonlySet<string> = new Set(Object.values(ResourceType));

export class ResourceRegistry implements ResourceDirectory {
  readonly #ledger: CapacityLedger;
  readonly #byId = new Map<string, RegisteredResource>();
  readonly #byIndex: RegisteredResource[] = [];

  constructor(ledger: CapacityLedger) {
    this.#ledger = ledger;
  }

  /**
   * Adds a resource; the same facts again are no change.
   * @throws RuntimeError ARGUMENT_INVALID, RESOURCE_AMOUNT_INVALID, RESOURCE_EXISTS, RESOURCE_LIMIT
   */
  register(
    id: string,
    type: ResourceType,
    capacity: number,
    options: RegisterOptions,
  ): { readonly resource: RegisteredResource; readonly added: boolean } {
    checkFacts(id, type, options);
    const scale = scaleOf(id, options.granularity ?? 1);
    const capacityUnits = unitsOfCapacity(id, capacity, scale);
    const refillPeriodMs = options.refill?.periodMs ?? null;
    const existing = this.#byId.get(id);
    if (existing !== undefined) {
      this.#requireEqual(existing, type, capacityUnits, scale, refillPeriodMs);
      return { resource: existing, added: false };
    }
    const kind = refillPeriodMs === null ? 'counting' : 'quota';
    const index = this.#ledger.define({ id, type, kind, scale }, capacityUnits);
    if (index === 'full') {
      throw new RuntimeError(
        'RESOURCE_LIMIT',
        `resource "${id}" is one more than the ${MAX_RESOURCES} there is room for; use fewer, or several engines`,
        { details: { resourceId: id, limit: MAX_RESOURCES } },
      );
    }
    const resource: RegisteredResource = {
      index,
      id,
      type,
      kind,
      scale,
      refillPeriodMs,
      declaredCapacityUnits: capacityUnits,
      description: options.description ?? '',
      metadata: options.metadata ?? {},
      statusSet: 'available',
    };
    this.#byId.set(id, resource);
    this.#byIndex[index] = resource;
    return { resource, added: true };
  }

  find(resourceId: string): RegisteredResource | undefined {
    return this.#byId.get(resourceId);
  }

  ids(): Iterable<string> {
    return this.#byId.keys();
  }

  all(): readonly RegisteredResource[] {
    return this.#byIndex;
  }

  capacityUnits(index: number): number {
    return this.#ledger.capacityUnits(index);
  }

  /** @throws RuntimeError RESOURCE_NOT_FOUND */
  require(resourceId: string): RegisteredResource {
    const resource = this.#byId.get(resourceId);
    if (resource === undefined) throw resourceNotFound(resourceId, this.ids());
    return resource;
  }

  at(index: number): RegisteredResource {
    const resource = this.#byIndex[index];
    if (resource === undefined) throw new RuntimeError('INTERNAL', `no resource at ${index}; please report this`);
    return resource;
  }

  /** @throws RuntimeError RESOURCE_NOT_FOUND, ARGUMENT_INVALID for a status that follows from use. */
  setStatus(resourceId: string, status: ResourceStatus): RegisteredResource {
    const resource = this.require(resourceId);
    switch (status) {
      case ResourceStatus.MAINTENANCE:
        this.#ledger.setStatus(resource.index, LedgerStatus.MAINTENANCE);
        break;
      case ResourceStatus.OFFLINE:
        this.#ledger.setStatus(resource.index, LedgerStatus.OFFLINE);
        break;
      case ResourceStatus.AVAILABLE:
      case ResourceStatus.UNKNOWN:
        this.#ledger.setStatus(resource.index, LedgerStatus.OPEN);
        break;
      default:
        throw new RuntimeError(
          'ARGUMENT_INVALID',
          `resource "${resourceId}": status "${String(status)}" cannot be set; use available, maintenance, offline or unknown`,
          { details: { resourceId, status } },
        );
    }
    resource.statusSet = status;
    return resource;
  }

  /** @throws RuntimeError RESOURCE_NOT_FOUND, RESOURCE_AMOUNT_INVALID */
  setCapacity(resourceId: string, capacity: number): RegisteredResource {
    const resource = this.require(resourceId);
    this.#ledger.setCapacityUnits(resource.index, unitsOfCapacity(resourceId, capacity, resource.scale));
    return resource;
  }

  describe(resource: RegisteredResource): Resource {
    return new Resource({
      resourceId: resource.id,
      type: resource.type,
      capacity: amountOfUnits(this.#ledger.capacityUnits(resource.index), resource.scale),
      granularity: granularityOf(resource.scale),
      status: this.#statusOf(resource),
      refillPeriodMs: resource.refillPeriodMs,
      description: resource.description,
      metadata: resource.metadata,
    });
  }

  /** `queued`: tasks that wait for it beside the requests of the ledger. */
  usageOf(resource: RegisteredResource, allocationCount: number, queued: number): ResourceUsage {
    const { index, scale } = resource;
    const used = this.#ledger.usedUnits(index);
    const capacity = this.#ledger.capacityUnits(index);
    return new ResourceUsage({
      resourceId: resource.id,
      type: resource.type,
      capacity: amountOfUnits(capacity, scale),
      current: amountOfUnits(used, scale),
      peak: amountOfUnits(Math.max(used, this.#ledger.peakUnits(index)), scale),
      available: amountOfUnits(Math.max(0, capacity - used), scale),
      allocationCount,
      waiting: this.#ledger.waitingCount(index) + queued,
      utilization: capacity === 0 ? 0 : used / capacity,
    });
  }

  #statusOf(resource: RegisteredResource): ResourceStatus {
    if (resource.statusSet !== 'available') return resource.statusSet;
    const used = this.#ledger.usedUnits(resource.index);
    const capacity = this.#ledger.capacityUnits(resource.index);
    if (capacity === 0) return ResourceStatus.DEPLETED;
    if (used === 0) return ResourceStatus.AVAILABLE;
    if (used < capacity) return ResourceStatus.ALLOCATED;
    return resource.kind === 'quota' ? ResourceStatus.DEPLETED : ResourceStatus.BUSY;
  }

  #requireEqual(
    existing: RegisteredResource,
    type: ResourceType,
    capacityUnits: number,
    scale: UnitScale,
    refillPeriodMs: number | null,
  ): void {
    const sameCapacity =
      capacityUnits === existing.declaredCapacityUnits || capacityUnits === this.#ledger.capacityUnits(existing.index);
    const sameScale = scale.numerator === existing.scale.numerator && scale.denominator === existing.scale.denominator;
    if (type === existing.type && sameCapacity && sameScale && refillPeriodMs === existing.refillPeriodMs) return;
    throw new RuntimeError(
      'RESOURCE_EXISTS',
      `resource "${existing.id}" is already registered with other facts; use another id, or setCapacity to change it`,
      { details: { resourceId: existing.id, registered: this.describe(existing).toJSON() } },
    );
  }
}

function checkFacts(id: string, type: ResourceType, options: RegisterOptions): void {
  const idBytes = typeof id === 'string' ? new TextEncoder().encode(id).length : 0;
  if (idBytes === 0 || idBytes > MAX_ID_BYTES || !id.isWellFormed()) {
    throw new RuntimeError(
      'ARGUMENT_INVALID',
      `a resource id is text of 1 to ${MAX_ID_BYTES} bytes, not ${JSON.stringify(id)}; give a shorter, non-empty one`,
    );
  }
  if (!RESOURCE_TYPES.has(type)) {
    throw new RuntimeError(
      'ARGUMENT_INVALID',
      `resource "${id}": "${String(type)}" is no resource type; use one of ${[...RESOURCE_TYPES].join(', ')}`,
      { details: { resourceId: id, type } },
    );
  }
  const periodMs = options.refill?.periodMs;
  if (periodMs !== undefined && !(Number.isFinite(periodMs) && periodMs > 0)) {
    throw new RuntimeError(
      'ARGUMENT_INVALID',
      `resource "${id}": a refill period of ${periodMs} ms is not valid; give milliseconds above 0`,
      { details: { resourceId: id, periodMs } },
    );
  }
}
