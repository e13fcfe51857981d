// Owns the plain data that users see of capacity: a resource, its usage at a moment, and an allocation.
// Snapshots: they do not change when the guard goes on, and hold nothing that JSON cannot record.

import type { AllocationId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import type { ResourceStatus, ResourceType } from '../domain/statuses.ts';

type Plain<T> = Omit<T, 'toJSON'>;

/** A registered resource as it is at a moment. */
export class Resource {
  readonly resourceId: string;
  readonly type: ResourceType;
  readonly capacity: number;
  /** Amounts are whole multiples of this. */
  readonly granularity: number;
  readonly status: ResourceStatus;
  /** For a quota: how long after its grant a unit comes back. */
  readonly refillPeriodMs: number | null;
  readonly description: string;
  readonly metadata: JsonObject;

  constructor(data: Plain<Resource>) {
    this.resourceId = data.resourceId;
    this.type = data.type;
    this.capacity = data.capacity;
    this.granularity = data.granularity;
    this.status = data.status;
    this.refillPeriodMs = data.refillPeriodMs;
    this.description = data.description;
    this.metadata = data.metadata;
  }

  toJSON(): Plain<Resource> {
    return { ...this };
  }
}

/** How much of a resource is in use at a moment. `current + available = capacity`, unless a capacity was lowered. */
export class ResourceUsage {
  readonly resourceId: string;
  readonly type: ResourceType;
  readonly capacity: number;
  readonly current: number;
  /** The most ever in use at once. */
  readonly peak: number;
  readonly available: number;
  /** Allocations that were granted and not released, of all threads. */
  readonly allocationCount: number;
  /** Requests and tasks that wait for it. */
  readonly waiting: number;
  /** current / capacity; 0 for a capacity of 0. */
  readonly utilization: number;

  constructor(data: Plain<ResourceUsage>) {
    this.resourceId = data.resourceId;
    this.type = data.type;
    this.capacity = data.capacity;
    this.current = data.current;
    this.peak = data.peak;
    this.available = data.available;
    this.allocationCount = data.allocationCount;
    this.waiting = data.waiting;
    this.utilization = data.utilization;
  }

  toJSON(): Plain<ResourceUsage> {
    return { ...this };
  }
}

/** Capacity granted to a requester until it is released. */
export class ResourceAllocation {
  readonly allocationId: AllocationId;
  readonly requesterId: string;
  /** The one resource held; null when there are several (see `resources`). */
  readonly resourceId: string | null;
  /** The amount of the one resource held; null when there are several. */
  readonly amount: number | null;
  /** Amounts by resource id. */
  readonly resources: Readonly<Record<string, number>>;
  /** ISO 8601, UTC. */
  readonly allocatedAt: string;

  constructor(data: Omit<Plain<ResourceAllocation>, 'resourceId' | 'amount'>) {
    const entries = Object.entries(data.resources);
    const only = entries.length === 1 ? entries[0] : undefined;
    this.allocationId = data.allocationId;
    this.requesterId = data.requesterId;
    this.resourceId = only?.[0] ?? null;
    this.amount = only?.[1] ?? null;
    this.resources = Object.freeze({ ...data.resources });
    this.allocatedAt = data.allocatedAt;
  }

  toJSON(): Plain<ResourceAllocation> {
    return { ...this };
  }
}
