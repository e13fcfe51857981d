// Owns capacity on the main thread: who may take what, now or later. The one face the engine and its users speak to.
// Puts together the ledger (shared words), the registry (facts), the queue (order), the waits (promises), the book
// (allocations), the refills (quotas) and the watch (wake-ups from threads); each is a file of its own.
// Must never grant but through the ledger, and never block. Bounds: 256 resources, `maxWaiters` waiting requests.
//
// A try (`allocate`, `tryGrant`, `allocateResources`) never overtakes: it takes nothing of a resource for which someone
// waits. What is free of other resources it may take.

import type { Clock, TimerService } from '../domain/clock.ts';
import type { EventSink } from '../domain/events.ts';
import type { IdSource } from '../domain/ids.ts';
import { IsoStamp } from '../domain/iso-stamp.ts';
import { invariant, RuntimeError } from '../domain/runtime-error.ts';
import type { ResourceStatus, ResourceType } from '../domain/statuses.ts';
import { AcquireWaits, type WaitOptions } from './acquire-waits.ts';
import { AllocationBook } from './allocation-book.ts';
import { CapacityLedger } from './capacity-ledger.ts';
import { CapacityNews } from './capacity-news.ts';
import { CapacityQueue } from './capacity-queue.ts';
import { type CapacityRequest, type PreparedRequest, prepareRequest, requireSome } from './capacity-request.ts';
import { type CapacityHolder, type Deadlock, DeadlockWatch } from './deadlock-watch.ts';
import { amountOfUnits } from './fixed-point.ts';
import { LedgerWatch } from './ledger-watch.ts';
import { OwnerRows } from './owner-rows.ts';
import { RefillSchedule } from './refill-schedule.ts';
import { type Resource, ResourceAllocation, type ResourceUsage } from './resource.ts';
import { type RegisterOptions, ResourceRegistry } from './resource-registry.ts';
import { amountsOfShapes, type ShapedRequest } from './resource-shapes.ts';
import { ThreadGrants, type ThreadReclaim, type ThreadWaitOptions } from './thread-grants.ts';

/** Waiting requests when nothing else is said. */
const DEFAULT_MAX_WAITERS = 100_000;

export interface CapacityGuardOptions {
  /** A ledger without resources; default a new one. */
  readonly ledger?: CapacityLedger;
  readonly clock: Clock;
  readonly timers: TimerService;
  readonly ids: Pick<IdSource, 'allocationId'>;
  readonly events?: EventSink;
  /** Further requests are refused with RESOURCE_LIMIT. */
  readonly maxWaiters?: number;
  /** Looks at the threads before the count of what a dead one held is put off; default about a millisecond of them. */
  readonly countTries?: number;
}

/** How to wait, and for whom. */
export interface AcquireOptions extends WaitOptions {
  /** Who holds the allocation, for `releaseAll`; default `anonymous`. */
  readonly requesterId?: string;
}

export class CapacityGuard {
  readonly ledger: CapacityLedger;
  readonly #clock: Clock;
  #queuedFor: (index: number) => number = () => 0;
  readonly #stamp = new IsoStamp();
  readonly #ids: Pick<IdSource, 'allocationId'>;
  readonly #events: EventSink | null;
  readonly #registry: ResourceRegistry;
  readonly #news: CapacityNews;
  readonly #owners: OwnerRows;
  readonly #threads: ThreadGrants;
  readonly #queue: CapacityQueue;
  readonly #waits: AcquireWaits;
  readonly #book = new AllocationBook();
  readonly #refills: RefillSchedule;
  readonly #watch: LedgerWatch;
  readonly #deadlocks: DeadlockWatch;
  readonly #freedListeners = new Set<() => void>();
  #freedScheduled = false;
  #closed = false;

  constructor(options: CapacityGuardOptions) {
    const { clock, timers } = options;
    this.ledger = options.ledger ?? CapacityLedger.create();
    this.#clock = clock;
    this.#ids = options.ids;
    this.#events = options.events ?? null;
    this.#registry = new ResourceRegistry(this.ledger);
    this.#news = new CapacityNews(this.#registry, this.#events);
    this.#owners = new OwnerRows(this.ledger, options.countTries);
    this.#queue = new CapacityQueue(
      this.ledger,
      () => this.#watch.listen(),
      () => this.#scheduleFreed(),
    );
    this.#waits = new AcquireWaits(this.#queue, clock, timers, options.maxWaiters ?? DEFAULT_MAX_WAITERS);
    this.#deadlocks = new DeadlockWatch({
      capacityUnits: (index) => this.ledger.capacityUnits(index),
      registry: this.#registry,
      owners: this.#owners,
      book: this.#book,
      waits: this.#waits,
      clock,
      timers,
      events: this.#events,
    });
    this.#threads = new ThreadGrants({
      ledger: this.ledger,
      owners: this.#owners,
      waits: this.#waits,
      news: this.#news,
      clock,
      timers,
      giveBack: (request) => this.#giveRequest(request),
      scheduleRefills: (request) => this.#scheduleRefills(request),
      onReclaimed: () => this.#threadsGaveBack(),
    });
    this.#refills = new RefillSchedule(clock, timers, (index, units) => this.#giveUnits(index, units));
    this.#watch = new LedgerWatch(
      this.ledger,
      () => this.#queue.isAwaited() || this.#refills.hasQuotas(),
      () => this.#threadsGaveBack(),
    );
  }

  // --- resources

  /**
   * Registers a resource; the same facts again give the existing one.
   * @throws RuntimeError ARGUMENT_INVALID, RESOURCE_AMOUNT_INVALID, RESOURCE_EXISTS, RESOURCE_LIMIT, RESOURCE_CLOSED
   */
  register(resourceId: string, type: ResourceType, capacity: number, options: RegisterOptions = {}): Resource {
    this.#requireOpen();
    const { resource, added } = this.#registry.register(resourceId, type, capacity, options);
    const described = this.#registry.describe(resource);
    if (!added) return described;
    if (resource.refillPeriodMs !== null) {
      this.#refills.addQuota(resource.index, resource.refillPeriodMs);
      // Threads take quota by themselves; its return is scheduled here, so here is where one must hear of it.
      this.#watch.listen();
      // What one took between the definition and the listening.
      this.#collectThreadQuota();
    }
    if (this.#events?.wants('resource.registered')) {
      this.#events.emit('resource.registered', { resourceId }, { ...described.toJSON() });
    }
    return described;
  }

  /** The registered resources, of one type if given. */
  list(type?: ResourceType): Resource[] {
    const all = this.#registry.all().filter((resource) => type === undefined || resource.type === type);
    return all.map((resource) => this.#registry.describe(resource));
  }

  /** The resource of a ledger index, and what so many of its units are as an amount. */
  resourceAt(index: number): { readonly resource: Resource; readonly amountOf: (units: number) => number } {
    const registered = this.#registry.at(index);
    const amountOf = (units: number): number => amountOfUnits(units, registered.scale);
    return { resource: this.#registry.describe(registered), amountOf };
  }

  /** @throws RuntimeError RESOURCE_NOT_FOUND */
  getUsage(resourceId: string): ResourceUsage {
    const resource = this.#registry.require(resourceId);
    const count = this.#book.countOf(resource.index) + this.#owners.allocationCount(resource.index);
    return this.#registry.usageOf(resource, count, this.#queuedFor(resource.index));
  }

  /**
   * When that many units of a quota can be had, as far as its refills go: now, if they are free, else when enough of what
   * is in use has come back (epoch milliseconds). Null when that cannot be known: no quota, out of service, more than the
   * capacity. Who else waits for them is not counted.
   */
  refillAtMs(index: number, units: number): number | null {
    const { ledger } = this;
    if (this.#refills.periodMs(index) === null || !ledger.isOpen(index)) return null;
    this.#collectThreadQuota();
    const capacity = ledger.capacityUnits(index);
    if (units > capacity) return null;
    const missing = units - (capacity - ledger.usedUnits(index));
    return missing <= 0 ? this.#clock.now() : this.#refills.returnAtMs(index, missing);
  }

  /**
   * `maintenance` and `offline` stop new grants, what is held stays held; `available` wakes those who wait.
   * @throws RuntimeError RESOURCE_NOT_FOUND, ARGUMENT_INVALID
   */
  setStatus(resourceId: string, status: ResourceStatus): void {
    const { index } = this.#registry.setStatus(resourceId, status);
    this.#queue.changed(index);
  }

  /**
   * Changes a capacity. Below what is in use it takes nothing away: nothing more is granted until it fits.
   * @throws RuntimeError RESOURCE_NOT_FOUND, RESOURCE_AMOUNT_INVALID
   */
  setCapacity(resourceId: string, capacity: number): void {
    const { index } = this.#registry.setCapacity(resourceId, capacity);
    this.#queue.changed(index);
  }

  // --- allocations by id

  /**
   * Takes at once or gives null; never overtakes those who wait.
   * @throws RuntimeError RESOURCE_NOT_FOUND, RESOURCE_AMOUNT_INVALID, RESOURCE_CAPACITY_EXCEEDED, RESOURCE_CLOSED
   */
  allocate(resourceId: string, requesterId: string, amount = 1): ResourceAllocation | null {
    return this.allocateAll([{ resourceId, amount }], requesterId);
  }

  /** The same for several resources: all of them or none. @throws as `allocate` */
  allocateAll(request: CapacityRequest, requesterId: string): ResourceAllocation | null {
    this.#requireOpen();
    const prepared = requireSome(this.prepare(request));
    if (!this.#queue.isMarked(prepared) && this.#queue.tryNow(prepared)) return this.#issue(prepared, requesterId);
    this.#refused(prepared, requesterId, 'unavailable');
    return null;
  }

  /**
   * All of it at once or null: `{cpu: {cores: 1}, memory: {gb: 1}, anyId: {amount: 2}}`.
   * @throws RuntimeError ARGUMENT_INVALID and those of `allocate`.
   */
  allocateResources(requesterId: string, request: ShapedRequest): ResourceAllocation | null {
    return this.allocateAll(amountsOfShapes(request), requesterId);
  }

  /**
   * Waits until all of it can be taken at once; holds nothing meanwhile. FIFO within a priority.
   * Rejects with RESOURCE_TIMEOUT, RESOURCE_CLOSED, RESOURCE_LIMIT, RESOURCE_DEADLOCK (for a task's body), the signal's
   * reason, and what `allocate` throws.
   */
  async acquire(request: CapacityRequest, options: AcquireOptions = {}): Promise<ResourceAllocation> {
    this.#requireOpen();
    const prepared = requireSome(this.prepare(request));
    const requesterId = options.requesterId ?? 'anonymous';
    try {
      const owner = { threadId: null, requesterId };
      return await this.#waits.wait(prepared, options, owner, () => this.#issue(prepared, requesterId));
    } catch (error) {
      this.#refused(prepared, requesterId, error instanceof RuntimeError ? error.code : 'aborted');
      throw error;
    }
  }

  /** Gives an allocation back. @throws RuntimeError ALLOCATION_NOT_FOUND, ALLOCATION_RELEASED */
  release(allocationId: string): void {
    const { allocation, request } = this.#book.remove(allocationId);
    this.#news.tell('resource.released', request, { requesterId: allocation.requesterId, allocationId });
    this.#giveRequest(request);
  }

  /** Gives back all that a requester holds; how many allocations that was. */
  releaseAll(requesterId: string): number {
    const ids = this.#book.idsOf(requesterId);
    for (const id of ids) this.release(id);
    return ids.length;
  }

  // --- the engine's fast path: requests prepared once, no strings and no look-ups per grant

  /**
   * Checks a request once, for many grants; an empty one is always granted.
   * @throws RuntimeError RESOURCE_NOT_FOUND, RESOURCE_AMOUNT_INVALID, RESOURCE_CAPACITY_EXCEEDED
   */
  prepare(request: CapacityRequest): PreparedRequest {
    return prepareRequest(request, this.#registry);
  }

  /**
   * Takes all of it at once or nothing; never overtakes those who wait in `acquire`. Of each resource `leave[index]` units
   * beyond what is taken must stay free.
   */
  tryGrant(request: PreparedRequest, leave: Int32Array | null = null): boolean {
    if (this.#closed || !this.#queue.tryNow(request, leave)) return false;
    if (this.#news.isHeard) this.#news.tell('resource.allocated', request, {});
    if (request.quotas !== null) this.#scheduleRefills(request);
    return true;
  }

  /** Gives back what `tryGrant` took: exactly once per grant, which the caller guarantees. */
  giveBack(request: PreparedRequest): void {
    if (this.#news.isHeard) this.#news.tell('resource.released', request, {});
    this.#giveRequest(request);
  }

  /** Calls back, at most once a microtask, when capacity may have come free. Gives the way to stop that. */
  onFreed(listener: () => void): () => void {
    this.#freedListeners.add(listener);
    return () => this.#freedListeners.delete(listener);
  }

  /** Units that `tryGrant` could take of a resource now; 0 when it grants nothing of it. */
  freeUnits(index: number): number {
    return this.#closed ? 0 : this.#queue.freeUnits(index);
  }

  /** All units of a resource, in use or not. */
  capacityUnits(index: number): number {
    return this.#registry.capacityUnits(index);
  }

  /** Whether a request can be granted some time as capacities and statuses are. */
  isServable(request: PreparedRequest): boolean {
    return !this.#closed && this.#queue.isServable(request);
  }

  /**
   * Says that something outside `acquire` waits for this: threads stand back, and their give-backs reach `onFreed`. One
   * may have come between the caller's failed try and this: try once more afterwards.
   */
  markWaiting(request: PreparedRequest): void {
    if (!this.#closed) this.#queue.mark(request);
  }

  /** Takes one `markWaiting` back. */
  unmarkWaiting(request: PreparedRequest): void {
    this.#queue.unmark(request);
  }

  // --- threads

  /**
   * Waits on behalf of a thread, in the same queue; the grant is written into that thread's row before it resolves, and
   * the thread takes it over with `ThreadCapacity.adopt`, exactly once per grant. With `blocked` it is the other end of
   * `ThreadCapacity.allocateSync`: the thread sleeps and is woken by the answer in its row.
   * Rejects as `acquire` does, and with ALLOCATION_STALE when the thread is gone.
   */
  acquireForThread(
    threadId: number,
    request: CapacityRequest,
    options: ThreadWaitOptions = {},
  ): Promise<{ readonly resources: Record<string, number> }> {
    const prepare = (): PreparedRequest => {
      this.#requireOpen();
      return requireSome(this.prepare(request));
    };
    return this.#threads.acquire(threadId, prepare, options);
  }

  /**
   * To call before a thread is ended on purpose: it starts no further ledger operation. `busy`: it is inside one, try
   * again in a moment; `absent`: it holds nothing.
   */
  sealThread(threadId: number): 'sealed' | 'busy' | 'absent' {
    return this.#owners.seal(threadId);
  }

  /** To call when a thread has exited: what it held comes back, exactly once. A second call gives nothing back. */
  threadExited(threadId: number): ThreadReclaim {
    return this.#threads.exited(threadId);
  }

  // --- deadlocks of task bodies

  /** Watches for bodies that wait for each other, and refuses one wait of each ring with RESOURCE_DEADLOCK. */
  watchDeadlocks(holders: () => Iterable<CapacityHolder>): void {
    this.#deadlocks.watch(holders);
  }

  /** Where else units of a resource are waited for: by index, how many tasks are queued for it. */
  countQueued(queuedFor: (index: number) => number): void {
    this.#queuedFor = queuedFor;
  }

  /** Bodies that wait for each other as things stand; none before `watchDeadlocks`. */
  findDeadlocks(): Deadlock[] {
    return this.#deadlocks.find();
  }

  /** Refuses whatever comes and whoever waits with RESOURCE_CLOSED; what is held can still be released. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.ledger.close();
    this.#deadlocks.close();
    this.#threads.close();
    this.#waits.failAll(closedError());
    this.#refills.close();
    this.#watch.close();
  }

  // --- granting

  #issue(request: PreparedRequest, requesterId: string): ResourceAllocation {
    const allocation = new ResourceAllocation({
      allocationId: this.#ids.allocationId(),
      requesterId,
      resources: this.#news.amountsOf(request),
      allocatedAt: this.#stamp.of(this.#clock.now()),
    });
    this.#book.add(allocation, request);
    this.#news.tell('resource.allocated', request, { requesterId, allocationId: allocation.allocationId });
    this.#scheduleRefills(request);
    return allocation;
  }

  // The last thing of a grant: whoever noted the time when he was told of it noted one from before the period began.
  #scheduleRefills(request: PreparedRequest): void {
    if (request.quotas === null) return;
    for (let i = 0; i < request.indices.length; i++) {
      if (request.quotas[i] === true) this.#refills.granted(request.indices[i] ?? 0, request.units[i] ?? 0);
    }
  }

  // --- giving back and waking

  #giveRequest(request: PreparedRequest): void {
    const { indices, units, quotas } = request;
    for (let i = 0; i < indices.length; i++) {
      if (quotas !== null && quotas[i] === true) continue;
      this.#giveUnits(indices[i] ?? 0, units[i] ?? 0);
    }
  }

  #giveUnits(index: number, units: number): void {
    const outcome = this.ledger.give(index, units);
    invariant(outcome !== 'underflow', 'more is given back than is in use');
    if (outcome === 'awaited') this.#queue.serve(index);
    else this.#scheduleFreed();
  }

  #threadsGaveBack(): void {
    this.#collectThreadQuota();
    this.#queue.serveAll();
    this.#scheduleFreed();
  }

  #collectThreadQuota(): void {
    for (const index of this.#refills.quotas()) {
      const units = this.ledger.takeUnsettled(index);
      if (units > 0) this.#refills.granted(index, units);
    }
  }

  #scheduleFreed(): void {
    if (this.#freedScheduled || this.#freedListeners.size === 0) return;
    this.#freedScheduled = true;
    queueMicrotask(() => {
      this.#freedScheduled = false;
      for (const listener of this.#freedListeners) listener();
    });
  }

  // --- words

  #refused(request: PreparedRequest, requesterId: string, reason: string): void {
    this.#news.tell('resource.refused', request, { requesterId, reason });
  }

  #requireOpen(): void {
    if (this.#closed) throw closedError();
  }
}

function closedError(): RuntimeError {
  return new RuntimeError(
    'RESOURCE_CLOSED',
    'the capacity guard is closed, it grants nothing more; start a new engine',
  );
}
