// Owns the public face of capacity: the main thread's view of the guard that threads share through the same bytes.

import { refillPeriodOf } from '../domain/refill-period.ts';
import type { ResourceStatus, ResourceType } from '../domain/statuses.ts';
import type { AcquireOptions, CapacityGuard } from '../resources/capacity-guard.ts';
import type { CapacityRequest } from '../resources/capacity-request.ts';
import type { Resource, ResourceAllocation, ResourceUsage } from '../resources/resource.ts';
import type { RegisterOptions } from '../resources/resource-registry.ts';
import type { ShapedRequest } from '../resources/resource-shapes.ts';
import { requireObject, requireText } from './argument-checks.ts';

/** What may be said of a resource beside id, type and capacity. */
export interface ResourceOptions extends Omit<RegisterOptions, 'refill'> {
  /** Makes it a quota: a granted unit comes back by itself this long after its grant; null = it is given back. */
  readonly refill?: { readonly periodMs: number } | null;
}

export class ResourceManager {
  readonly #guard: CapacityGuard;

  /** For the engine. */
  constructor(guard: CapacityGuard) {
    this.#guard = guard;
  }

  /**
   * Registers a resource; the same id with the same facts again is harmless. An `api_quota` refills after 60 s where
   * `refill` says nothing else; `refill: null` makes it one that is given back.
   * @throws RuntimeError RESOURCE_EXISTS, RESOURCE_AMOUNT_INVALID, RESOURCE_LIMIT
   */
  registerResource(resourceId: string, type: ResourceType, capacity: number, options: ResourceOptions = {}): Resource {
    const { refill, ...rest } = requireObject(options, 'the options of a resource');
    const periodMs = refillPeriodOf(type, refill === undefined ? undefined : (refill?.periodMs ?? null));
    return this.#guard.register(resourceId, type, capacity, {
      ...rest,
      ...(periodMs === null ? {} : { refill: { periodMs } }),
    });
  }

  /** At once or not at all; never overtakes a request that waits. @throws RuntimeError ARGUMENT_INVALID, RESOURCE_* for bad input */
  allocate(resourceId: string, requesterId: string, amount = 1): ResourceAllocation | null {
    return this.#guard.allocate(resourceId, requireText(requesterId, 'the id of a requester'), amount);
  }

  /** Waits its turn for all it asks for. @throws RuntimeError RESOURCE_TIMEOUT, RESOURCE_CLOSED, RESOURCE_* for bad input */
  acquire(requests: CapacityRequest, options: AcquireOptions = {}): Promise<ResourceAllocation> {
    return this.#guard.acquire(requests, options);
  }

  /** @throws RuntimeError ALLOCATION_NOT_FOUND, ALLOCATION_RELEASED */
  release(allocation: string | ResourceAllocation): void {
    // What is no allocation has no id, and the guard says so.
    this.#guard.release(typeof allocation === 'string' ? allocation : String(allocation?.allocationId));
  }

  /** Releases all that a requester holds; how many allocations that were. */
  releaseAll(requesterId: string): number {
    return this.#guard.releaseAll(requesterId);
  }

  /** @throws RuntimeError RESOURCE_NOT_FOUND */
  getUsage(resourceId: string): ResourceUsage {
    return this.#guard.getUsage(resourceId);
  }

  listResources(type?: ResourceType): Resource[] {
    return this.#guard.list(type);
  }

  /** Takes a resource out of service (maintenance, offline) or back (available). @throws RuntimeError RESOURCE_NOT_FOUND */
  setStatus(resourceId: string, status: ResourceStatus): void {
    this.#guard.setStatus(resourceId, status);
  }

  /** Changes a capacity; below what is in use nothing is granted until it fits again. @throws RuntimeError RESOURCE_* */
  setCapacity(resourceId: string, capacity: number): void {
    this.#guard.setCapacity(resourceId, capacity);
  }

  /** At once, all or nothing: `{ cpu: { cores: 1 }, memory: { gb: 1 }, anyId: { amount: 2 } }`. @throws RuntimeError RESOURCE_* */
  allocateResources(requesterId: string, request: ShapedRequest): ResourceAllocation | null {
    return this.#guard.allocateResources(requireText(requesterId, 'the id of a requester'), request);
  }
}
