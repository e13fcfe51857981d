// Owns the tasks that have their turn but not their capacity. A parked task waits at every resource that it names, and
// whoever comes later with a claim no better queues behind it: a stream of small requests never starves a wide one.

import { BinaryHeap } from './binary-heap.ts';
import { type CapacityPort, type CapacityRequest, compareParked, type Pool, type ReadyTask } from './ready-task.ts';

export class Parking<Request extends CapacityRequest> {
  readonly #capacity: CapacityPort<Request>;
  readonly #waiting = new Map<number, BinaryHeap<ReadyTask<Request>>>();
  #size = 0;
  #arrivals = 0;

  constructor(capacity: CapacityPort<Request>) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  park(task: ReadyTask<Request>, request: Request): void {
    task.state = 'parked';
    if (task.parkedAt === 0) task.parkedAt = ++this.#arrivals;
    task.lane.parked++;
    this.#size++;
    for (let i = 0; i < request.indices.length; i++) this.#heapOf(request.indices[i] ?? 0).push(task);
    this.#capacity.markWaiting(request);
  }

  /** Takes a task out of the waiting lines; the heaps drop their entries when these come up. */
  leave(task: ReadyTask<Request>, next: 'queued' | 'started' | 'idle'): void {
    task.state = next;
    task.lane.parked--;
    this.#size--;
    if (task.request !== null) this.#capacity.unmarkWaiting(task.request);
  }

  /** Whether someone with a claim at least as good waits at a resource of the request. */
  isBlocked(task: ReadyTask<Request>, request: Request): boolean {
    if (this.#size === 0) return false;
    for (let i = 0; i < request.indices.length; i++) {
      const head = this.#head(request.indices[i] ?? 0);
      if (head !== undefined && head.level <= task.level) return true;
    }
    return false;
  }

  /** Grants the best parked task of a pool, up to a level, that stands first at all its resources and fits now. */
  grant(pool: Pool, worstLevel: number): ReadyTask<Request> | undefined {
    const candidates: ReadyTask<Request>[] = [];
    for (const index of this.#waiting.keys()) {
      const head = this.#head(index);
      if (head !== undefined && head.pool === pool && head.level <= worstLevel && !candidates.includes(head)) {
        candidates.push(head);
      }
    }
    candidates.sort(compareParked);
    for (const task of candidates) {
      const { request } = task;
      if (request === null || !task.lane.mayStart() || !this.#isFirstEverywhere(task, request)) continue;
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
    for (const index of this.#waiting.keys()) {
      for (let head = this.#head(index); head !== undefined && !head.lane.mayStart(); head = this.#head(index)) {
        this.leave(head, 'queued');
        taken.push(head);
      }
    }
    return taken;
  }

  #isFirstEverywhere(task: ReadyTask<Request>, request: Request): boolean {
    for (let i = 0; i < request.indices.length; i++) {
      if (this.#head(request.indices[i] ?? 0) !== task) return false;
    }
    return true;
  }

  #head(index: number): ReadyTask<Request> | undefined {
    const heap = this.#waiting.get(index);
    if (heap === undefined) return undefined;
    for (let task = heap.peek(); task !== undefined; task = heap.peek()) {
      if (task.state === 'parked') return task;
      heap.pop();
    }
    this.#waiting.delete(index);
    return undefined;
  }

  #heapOf(index: number): BinaryHeap<ReadyTask<Request>> {
    let heap = this.#waiting.get(index);
    if (heap === undefined) {
      heap = new BinaryHeap<ReadyTask<Request>>(compareParked);
      this.#waiting.set(index, heap);
    }
    return heap;
  }
}
