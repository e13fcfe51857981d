// Owns the order of classes that wait for one thing: units of a resource, or a place under a concurrency key.
// By claim (the level with what waiting has gained), then first come first served; a class keeps its place when it was
// tried in vain. It also counts what was promised to classes that were let to try and have not been tried yet.
//
// The order is a binary heap whose elements know their place in it: one is taken out wherever it stands, and the first few
// can be looked at in order without being taken out. A class stands in one line at a time and carries its keys itself.

import type { CapacityRequest } from './ready-task.ts';
import type { TaskClass } from './task-class.ts';

export class WaitLine<Request extends CapacityRequest = CapacityRequest> {
  /** The resource; -1 for a concurrency key. */
  readonly index: number;
  /** The concurrency key; null for a resource. */
  readonly key: string | null;
  readonly #heap: TaskClass<Request>[] = [];
  /** Places in the heap whose elements come next when it is looked through in order: a small heap of its own. */
  readonly #front: number[] = [];
  /** Units, or places, that classes were let to try for and that are not taken yet. */
  promised = 0;
  /** The worst claim and the latest arrival among those; nobody who comes before both is kept waiting by a promise. */
  #promisedClaim = Number.NEGATIVE_INFINITY;
  #promisedArrival = 0;

  constructor(index: number, key: string | null) {
    this.index = index;
    this.key = key;
  }

  /** Classes that wait here. */
  get length(): number {
    return this.#heap.length;
  }

  /** Lets a class wait here. */
  add(group: TaskClass<Request>, claim: number): void {
    group.line = this;
    group.claim = claim;
    group.share = this.#shareOf(group);
    this.#heap.push(group);
    this.#rise(this.#heap.length - 1, group);
  }

  /** Takes a class out of the order, in O(log n). */
  remove(group: TaskClass<Request>): void {
    group.line = null;
    const last = this.#heap.pop();
    if (last === undefined || last === group) return;
    // The last one takes its place, and goes up or down from there.
    if (group.place > 0 && this.#comesFirst(last, this.#heap[(group.place - 1) >> 1])) this.#rise(group.place, last);
    else this.#sink(group.place, last);
  }

  /** Begins to look through the line; nobody may come or go until the last `look`. */
  startLook(): void {
    this.#front.length = 0;
    if (this.#heap.length > 0) this.#front.push(0);
  }

  /** The next class in order, left in place. O(log of those looked at). */
  look(): TaskClass<Request> | undefined {
    const front = this.#front;
    const place = front[0];
    const last = front.pop();
    if (place === undefined || last === undefined) return undefined;
    if (front.length > 0) this.#sinkFront(last);
    for (let child = 2 * place + 1; child <= 2 * place + 2 && child < this.#heap.length; child++)
      this.#riseFront(child);
    return this.#heap[place];
  }

  /** Classes that wait here, in no particular order. */
  values(): IterableIterator<TaskClass<Request>> {
    return this.#heap.values();
  }

  // --- promises

  /** Promises a class what it waits for. */
  promise(group: TaskClass<Request>): void {
    group.promisedBy = this;
    group.promisedUnits = group.share;
    this.promised += group.share;
    this.#promisedClaim = Math.max(this.#promisedClaim, group.claim);
    this.#promisedArrival = Math.max(this.#promisedArrival, group.arrival);
  }

  /** The promise to a class is kept, or of no use to it. */
  settle(group: TaskClass<Request>): void {
    group.promisedBy = null;
    this.promised -= group.promisedUnits;
    if (this.promised > 0) return;
    this.#promisedClaim = Number.NEGATIVE_INFINITY;
    this.#promisedArrival = 0;
  }

  /** What is promised to others as far as a class has to respect it: those who come after one of them do. */
  promisedAgainst({ claim, arrival }: TaskClass<Request>): number {
    const isBefore = claim < this.#promisedClaim || (claim === this.#promisedClaim && arrival < this.#promisedArrival);
    return isBefore ? 0 : this.promised;
  }

  #shareOf(group: TaskClass<Request>): number {
    return this.key === null ? group.unitsOf(this.index) : 1;
  }

  // --- the heap; both ways move a hole, one write a level

  #comesFirst(a: TaskClass<Request>, b: TaskClass<Request> | undefined): boolean {
    return b !== undefined && (a.claim < b.claim || (a.claim === b.claim && a.arrival < b.arrival));
  }

  #rise(start: number, group: TaskClass<Request>): void {
    const heap = this.#heap;
    let hole = start;
    while (hole > 0) {
      const parent = heap[(hole - 1) >> 1];
      if (parent === undefined || !this.#comesFirst(group, parent)) break;
      heap[hole] = parent;
      parent.place = hole;
      hole = (hole - 1) >> 1;
    }
    heap[hole] = group;
    group.place = hole;
  }

  #sink(start: number, group: TaskClass<Request>): void {
    const heap = this.#heap;
    let hole = start;
    for (;;) {
      let place = 2 * hole + 1;
      let child = heap[place];
      if (child === undefined) break;
      const right = heap[place + 1];
      if (right !== undefined && this.#comesFirst(right, child)) {
        child = right;
        place++;
      }
      if (!this.#comesFirst(child, group)) break;
      heap[hole] = child;
      child.place = hole;
      hole = place;
    }
    heap[hole] = group;
    group.place = hole;
  }

  #isFrontBefore(a: number, b: number | undefined): boolean {
    const first = this.#heap[a];
    return b !== undefined && first !== undefined && this.#comesFirst(first, this.#heap[b]);
  }

  #riseFront(place: number): void {
    const front = this.#front;
    let hole = front.length;
    front.push(place);
    while (hole > 0) {
      const parent = front[(hole - 1) >> 1];
      if (parent === undefined || !this.#isFrontBefore(place, parent)) break;
      front[hole] = parent;
      hole = (hole - 1) >> 1;
    }
    front[hole] = place;
  }

  #sinkFront(place: number): void {
    const front = this.#front;
    let hole = 0;
    for (;;) {
      let at = 2 * hole + 1;
      let child = front[at];
      if (child === undefined) break;
      const right = front[at + 1];
      if (right !== undefined && this.#isFrontBefore(right, child)) {
        child = right;
        at++;
      }
      if (!this.#isFrontBefore(child, place)) break;
      front[hole] = child;
      hole = at;
    }
    front[hole] = place;
  }
}
