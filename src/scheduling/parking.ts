// Owns the tasks that have their turn but not their capacity. A parked task waits at every resource that it names, and
// whoever comes later with a claim no better queues behind it: a stream of small requests never starves a wide one.
//
//   resource 0   [a, level 0] ◀ [b, level 2, first come] ◀ [c, level 2]
//   resource 3   [b] ◀ [d]                     b is granted once it stands first in both lines and fits
//
// A place is kept while its task is out of the lines only because its lane has reached a limit.

import { BinaryHeap } from './binary-heap.ts';
import type { CapacityPort, CapacityRequest, Pool, ReadyTask } from './ready-task.ts';

interface Place<Request extends CapacityRequest> {
  readonly task: ReadyTask<Request>;
  readonly level: number;
  readonly arrival: number;
  /** The lines that hold it, dead entries included: each holds it once. */
  readonly lines: Set<number>;
}

export class Parking<Request extends CapacityRequest> {
  readonly #capacity: CapacityPort<Request>;
  readonly #lines = new Map<number, BinaryHeap<Place<Request>>>();
  readonly #places = new Map<ReadyTask<Request>, Place<Request>>();
  #size = 0;
  #arrivals = 0;

  constructor(capacity: CapacityPort<Request>) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  park(task: ReadyTask<Request>, request: Request): void {
    const place = this.#places.get(task) ?? this.#createPlace(task);
    task.state = 'parked';
    task.lane.parked++;
    task.lane.followers.lead(task);
    this.#size++;
    for (let i = 0; i < request.indices.length; i++) {
      const index = request.indices[i] ?? 0;
      if (place.lines.has(index)) continue;
      place.lines.add(index);
      this.#lineOf(index).push(place);
    }
    this.#capacity.markWaiting(request);
  }

  /** Takes a task out of the waiting lines, which drop their entries when these come up. */
  leave(task: ReadyTask<Request>, next: 'queued' | 'started' | 'idle'): void {
    task.state = next;
    task.lane.parked--;
    task.lane.followers.unlead(task);
    this.#size--;
    if (next !== 'queued') this.forget(task);
    if (task.request !== null) this.#capacity.unmarkWaiting(task.request);
  }

  /** Gives up the place of a task that waits no more. */
  forget(task: ReadyTask<Request>): void {
    if (task.parkedAt === 0) return;
    this.#places.delete(task);
    task.parkedAt = 0;
  }

  /** Whether someone with a better claim waits at a resource of the request. */
  isBlocked(task: ReadyTask<Request>, request: Request): boolean {
    if (this.#size === 0) return false;
    const claim = this.#places.get(task) ?? { level: task.level, arrival: Number.POSITIVE_INFINITY };
    for (let i = 0; i < request.indices.length; i++) {
      const head = this.#head(request.indices[i] ?? 0);
      if (head !== undefined && comparePlaces(head, claim) < 0) return true;
    }
    return false;
  }

  /** Grants the best parked task of a pool, up to a level, that stands first at all its resources and fits now. */
  grant(pool: Pool, worstLevel: number): ReadyTask<Request> | undefined {
    const candidates = new Set<Place<Request>>();
    for (const index of this.#lines.keys()) {
      const head = this.#head(index);
      if (head !== undefined && head.task.pool === pool && head.level <= worstLevel) candidates.add(head);
    }
    for (const place of [...candidates].sort(comparePlaces)) {
      const { task } = place;
      const { request } = task;
      if (request === null || !task.lane.mayStart() || !this.#isFirstEverywhere(place, request)) continue;
      // Its own mark would make it wait behind itself on the shared bytes.
      this.#capacity.unmarkWaiting(request);
      const granted = this.#capacity.tryGrant(request);
      this.#capacity.markWaiting(request);
      if (granted) {
        this.leave(task, 'started');
        return task;
      }
    }
    return undefined;
  }

  /** Tasks at the head of a line whose lane has reached a limit: they do not wait for capacity, so they must not block. */
  takeIneligibleHeads(): ReadyTask<Request>[] {
    const taken: ReadyTask<Request>[] = [];
    for (const index of this.#lines.keys()) {
      for (let head = this.#head(index); head !== undefined && !head.task.lane.mayStart(); head = this.#head(index)) {
        this.leave(head.task, 'queued');
        taken.push(head.task);
      }
    }
    return taken;
  }

  #isFirstEverywhere(place: Place<Request>, request: Request): boolean {
    for (let i = 0; i < request.indices.length; i++) {
      if (this.#head(request.indices[i] ?? 0) !== place) return false;
    }
    return true;
  }

  #head(index: number): Place<Request> | undefined {
    const line = this.#lines.get(index);
    if (line === undefined) return undefined;
    for (let place = line.peek(); place !== undefined; place = line.peek()) {
      if (place.task.state === 'parked' && this.#places.get(place.task) === place) return place;
      line.pop();
      place.lines.delete(index);
    }
    this.#lines.delete(index);
    return undefined;
  }

  #createPlace(task: ReadyTask<Request>): Place<Request> {
    task.parkedAt = ++this.#arrivals;
    const place: Place<Request> = { task, level: task.level, arrival: task.parkedAt, lines: new Set() };
    this.#places.set(task, place);
    return place;
  }

  #lineOf(index: number): BinaryHeap<Place<Request>> {
    let line = this.#lines.get(index);
    if (line === undefined) {
      line = new BinaryHeap<Place<Request>>(comparePlaces);
      this.#lines.set(index, line);
    }
    return line;
  }
}

/** By level, then first come first served, whatever their rank. */
function comparePlaces(a: PlaceOrder, b: PlaceOrder): number {
  return a.level - b.level || a.arrival - b.arrival;
}

type PlaceOrder = Pick<Place<CapacityRequest>, 'level' | 'arrival'>;
