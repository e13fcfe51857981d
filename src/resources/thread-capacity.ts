// Owns capacity inside a task thread, on the same shared bytes as the main thread's guard.
// What it takes is written into this thread's row of the ledger, so that it comes back if the thread dies.
// Never overtakes: where someone waits on the main thread, a try gives null. To wait, a thread asks the main thread
// (`CapacityGuard.acquireForThread`), which queues it with everybody else: either by message, and then takes the grant over
// with `adopt`, or blocking (`allocateSync`), with its event loop standing still.

import { RuntimeError } from '../domain/runtime-error.ts';
import type { AtomicsLayer } from './atomics-layer.ts';
import { CapacityLedger } from './capacity-ledger.ts';
import {
  type CapacityRequest,
  type PreparedRequest,
  prepareRequest,
  type RequestableResource,
  type ResourceDirectory,
  requireSome,
  requireTimeout,
  timedOut,
} from './capacity-request.ts';
import { MAX_OWNERS, MAX_RESOURCES } from './ledger-layout.ts';
import { LedgerOwner } from './ledger-owner.ts';
import { type BlockingOptions, type WaitLine, waitForGrant } from './thread-waiting.ts';

// Allocation ids read `t<thread>.<generation>-<number>`, so that a released id and another thread's id can be told from one
// that never was, without remembering any.
const ALLOCATION_ID = /^t(\d+)\.(\d+)-(\d+)$/;

export class ThreadCapacity {
  readonly #ledger: CapacityLedger;
  readonly #owner: LedgerOwner;
  readonly #directory: LedgerDirectory;
  readonly #live = new Map<string, PreparedRequest>();
  // Units granted by the main thread that were adopted so far, modulo 2^32, as the row counts them.
  readonly #adopted = new Int32Array(MAX_RESOURCES);
  readonly #prefix: string;
  #issued = 0;

  /**
   * Claims a row of the ledger for this thread; make one per thread, before it takes its first task.
   * @throws RuntimeError RESOURCE_LIMIT when all rows are taken, ARGUMENT_INVALID for a bad thread id or bytes.
   */
  constructor(buffer: SharedArrayBuffer, threadId: number, atomics?: AtomicsLayer) {
    if (!Number.isInteger(threadId) || threadId < 1) {
      throw new RuntimeError('ARGUMENT_INVALID', `thread id ${threadId} is not valid; give node's threadId, 1 or more`);
    }
    this.#ledger = CapacityLedger.attach(buffer, atomics);
    const owner = LedgerOwner.claim(this.#ledger, threadId);
    if (owner === null) {
      throw new RuntimeError('RESOURCE_LIMIT', `all ${MAX_OWNERS} places for threads are taken; use fewer threads`, {
        details: { threadId, limit: MAX_OWNERS },
      });
    }
    this.#owner = owner;
    this.#directory = new LedgerDirectory(this.#ledger);
    this.#prefix = `t${threadId}.${owner.generation}-`;
    for (let index = 0; index < MAX_RESOURCES; index++) this.#adopted[index] = owner.grantedUnits(index);
  }

  /**
   * All of it at once, or null when it is not free or others wait for it.
   * @throws RuntimeError RESOURCE_NOT_FOUND, RESOURCE_AMOUNT_INVALID, RESOURCE_CAPACITY_EXCEEDED, RESOURCE_CLOSED
   */
  tryAllocate(request: CapacityRequest): string | null {
    return this.#take(requireSome(prepareRequest(request, this.#directory)));
  }

  /**
   * All of it, blocking this thread until it is this request's turn; holds nothing meanwhile. The main thread must answer
   * what comes over the line; it may be busy for as long as it likes.
   * @throws RuntimeError RESOURCE_TIMEOUT, what `tryAllocate` throws, and what the main thread refuses with
   */
  allocateSync(request: CapacityRequest, line: WaitLine, options: BlockingOptions): string {
    const { timeoutMs } = options;
    requireTimeout(timeoutMs);
    const prepared = requireSome(prepareRequest(request, this.#directory));
    const atOnce = this.#take(prepared);
    if (atOnce !== null) return atOnce;
    if (timeoutMs === 0 || waitForGrant(this.#owner, request, line, options) === 'timed-out') {
      throw timedOut(prepared, timeoutMs ?? 0);
    }
    return this.#takeOver(prepared);
  }

  /**
   * Takes over what `acquireForThread` granted to this thread: exactly once per grant, also when nobody wants it any
   * more (then release it).
   * @throws RuntimeError ALLOCATION_STALE when no such grant is there, RESOURCE_CLOSED
   */
  adopt(request: CapacityRequest): string {
    const prepared = requireSome(prepareRequest(request, this.#directory, 'granted already'));
    const { indices, units, quotas } = prepared;
    for (let i = 0; i < indices.length; i++) {
      if (quotas?.[i] === true) continue;
      const index = indices[i] ?? 0;
      if (((this.#owner.grantedUnits(index) - (this.#adopted[index] ?? 0)) | 0) >= (units[i] ?? 0)) continue;
      throw new RuntimeError(
        'ALLOCATION_STALE',
        `no grant of "${prepared.ids[i]}" is there for this thread to take over; adopt each grant once`,
        { details: { resourceId: prepared.ids[i] } },
      );
    }
    return this.#takeOver(prepared);
  }

  #take(prepared: PreparedRequest): string | null {
    switch (this.#owner.takeAll(prepared.indices, prepared.units, prepared.quotas)) {
      case 'granted':
        return this.#record(prepared);
      case 'closed':
        throw closedError();
      default:
        return null;
    }
  }

  /** Makes a grant of the main thread this thread's own. */
  #takeOver(prepared: PreparedRequest): string {
    const { indices, units, quotas } = prepared;
    if (this.#owner.countAdopted(indices) === 'closed') throw closedError();
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] ?? 0;
      if (quotas?.[i] !== true) this.#adopted[index] = ((this.#adopted[index] ?? 0) + (units[i] ?? 0)) | 0;
    }
    return this.#record(prepared);
  }

  /** @throws RuntimeError ALLOCATION_NOT_FOUND, ALLOCATION_RELEASED, ALLOCATION_STALE, RESOURCE_CLOSED */
  release(allocationId: string): void {
    const request = this.#live.get(allocationId);
    if (request === undefined) throw this.#missing(allocationId);
    if (this.#owner.giveAll(request.indices, request.units, request.quotas) === 'closed') throw closedError();
    this.#live.delete(allocationId);
  }

  /** Gives back what is still held, as after each attempt; how many allocations were left. */
  releaseEverything(): number {
    let count = 0;
    for (const [allocationId, request] of this.#live) {
      // Sealed: the thread is about to be ended, and the main thread gives the rest back.
      if (this.#owner.giveAll(request.indices, request.units, request.quotas) === 'closed') break;
      this.#live.delete(allocationId);
      count += 1;
    }
    return count;
  }

  #record(request: PreparedRequest): string {
    this.#issued += 1;
    const allocationId = `${this.#prefix}${this.#issued}`;
    this.#live.set(allocationId, request);
    return allocationId;
  }

  #missing(allocationId: string): RuntimeError {
    const details = { allocationId };
    const parsed = ALLOCATION_ID.exec(allocationId);
    if (parsed !== null && !allocationId.startsWith(this.#prefix)) {
      return new RuntimeError(
        'ALLOCATION_STALE',
        `allocation "${allocationId}" belongs to another thread, or to one that is gone; release it where it was made`,
        { details },
      );
    }
    const number = Number(parsed?.[3] ?? 0);
    if (number >= 1 && number <= this.#issued) {
      return new RuntimeError(
        'ALLOCATION_RELEASED',
        `allocation "${allocationId}" was already released, by hand or because its attempt ended; release each one once`,
        { details },
      );
    }
    return new RuntimeError(
      'ALLOCATION_NOT_FOUND',
      `no allocation "${allocationId}" is held by this thread; pass the id that tryAllocate or allocate gave`,
      { details },
    );
  }
}

/** What the ledger's bytes say of resources; each is read once, since its facts never change. */
class LedgerDirectory implements ResourceDirectory {
  readonly #ledger: CapacityLedger;
  readonly #known = new Map<string, RequestableResource>();

  constructor(ledger: CapacityLedger) {
    this.#ledger = ledger;
  }

  find(resourceId: string): RequestableResource | undefined {
    const known = this.#known.get(resourceId);
    if (known !== undefined) return known;
    this.#readNew();
    return this.#known.get(resourceId);
  }

  ids(): Iterable<string> {
    this.#readNew();
    return this.#known.keys();
  }

  capacityUnits(index: number): number {
    return this.#ledger.capacityUnits(index);
  }

  // Resources are only ever added, so those read are the first ones.
  #readNew(): void {
    const count = this.#ledger.resourceCount();
    for (let index = this.#known.size; index < count; index++) {
      const { id, kind, scale } = this.#ledger.factsOf(index);
      this.#known.set(id, { index, kind, scale });
    }
  }
}

function closedError(): RuntimeError {
  return new RuntimeError(
    'RESOURCE_CLOSED',
    'capacity is closed for this thread: the engine shuts down, or the attempt is being ended',
  );
}
