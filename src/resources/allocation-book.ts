// Owns which allocations of the main thread live, who holds them, and which were released lately.
// The last REMEMBERED_RELEASES released ids at least are remembered, twice as many at most; an older one is answered as
// never known.

import { RuntimeError } from '../domain/runtime-error.ts';
import type { PreparedRequest } from './capacity-request.ts';
import type { ResourceAllocation } from './resource.ts';

const REMEMBERED_RELEASES = 16_384;

/** A live allocation with what has to be given back for it. */
export interface BookedAllocation {
  readonly allocation: ResourceAllocation;
  readonly request: PreparedRequest;
}

export class AllocationBook {
  readonly #live = new Map<string, BookedAllocation>();
  readonly #byRequester = new Map<string, Set<string>>();
  // Two generations, the older forgotten whole: single removals from one large set cost more than all the rest.
  #released = new Set<string>();
  #releasedBefore = new Set<string>();
  readonly #countByIndex = new Map<number, number>();

  add(allocation: ResourceAllocation, request: PreparedRequest): void {
    const { allocationId, requesterId } = allocation;
    this.#live.set(allocationId, { allocation, request });
    const ofRequester = this.#byRequester.get(requesterId);
    if (ofRequester === undefined) this.#byRequester.set(requesterId, new Set([allocationId]));
    else ofRequester.add(allocationId);
    this.#count(request, 1);
  }

  /** Ends an allocation. @throws RuntimeError ALLOCATION_RELEASED, ALLOCATION_NOT_FOUND */
  remove(allocationId: string): BookedAllocation {
    const booked = this.#live.get(allocationId);
    if (booked === undefined) throw this.#missing(allocationId);
    this.#live.delete(allocationId);
    const { requesterId } = booked.allocation;
    const ofRequester = this.#byRequester.get(requesterId);
    ofRequester?.delete(allocationId);
    if (ofRequester?.size === 0) this.#byRequester.delete(requesterId);
    this.#count(booked.request, -1);
    this.#remember(allocationId);
    return booked;
  }

  /** The ids of a requester's live allocations. */
  idsOf(requesterId: string): readonly string[] {
    return [...(this.#byRequester.get(requesterId) ?? [])];
  }

  /** Units by resource index that a requester holds. */
  holdingsOf(requesterId: string): Map<number, number> {
    const held = new Map<number, number>();
    for (const id of this.#byRequester.get(requesterId) ?? []) {
      const request = this.#live.get(id)?.request;
      for (const [i, index] of request?.indices.entries() ?? []) {
        held.set(index, (held.get(index) ?? 0) + (request?.units[i] ?? 0));
      }
    }
    return held;
  }

  /** How many live allocations hold a resource. */
  countOf(index: number): number {
    return this.#countByIndex.get(index) ?? 0;
  }

  #count(request: PreparedRequest, difference: number): void {
    for (const index of request.indices) this.#countByIndex.set(index, this.countOf(index) + difference);
  }

  #remember(allocationId: string): void {
    if (this.#released.size >= REMEMBERED_RELEASES) {
      this.#releasedBefore = this.#released;
      this.#released = new Set();
    }
    this.#released.add(allocationId);
  }

  #missing(allocationId: string): RuntimeError {
    return this.#released.has(allocationId) || this.#releasedBefore.has(allocationId)
      ? new RuntimeError(
          'ALLOCATION_RELEASED',
          `allocation "${allocationId}" was already released; release each one once`,
          { details: { allocationId } },
        )
      : new RuntimeError(
          'ALLOCATION_NOT_FOUND',
          `no allocation "${allocationId}" is held; pass the id that allocate or acquire gave`,
          { details: { allocationId } },
        );
  }
}
