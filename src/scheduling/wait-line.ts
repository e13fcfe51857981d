// Owns the order of classes that wait for one thing: units of a resource, or a place under a concurrency key.
// By claim (the level with what waiting has gained), then first come first served; a class keeps its place when it was
// tried in vain. It also counts what was promised to classes that were let to try and have not been tried yet.

import { BinaryHeap } from './binary-heap.ts';
import type { CapacityRequest } from './ready-task.ts';
import type { TaskClass } from './task-class.ts';

interface Entry<Request extends CapacityRequest> {
  readonly group: TaskClass<Request>;
  readonly stamp: number;
  readonly claim: number;
  readonly arrival: number;
}

/** Entries left behind are shed when the line has doubled since, and is at least so long. */
const LEAST_SHED = 64;

export class WaitLine<Request extends CapacityRequest = CapacityRequest> {
  /** The resource; -1 for a concurrency key. */
  readonly index: number;
  /** The concurrency key; null for a resource. */
  readonly key: string | null;
  readonly #entries = new BinaryHeap<Entry<Request>>((a, b) => a.claim - b.claim || a.arrival - b.arrival);
  #shedAt = LEAST_SHED;
  /** Units, or places, that classes were let to try for and that are not taken yet. */
  promised = 0;
  /** The worst claim and the latest arrival among those; nobody who comes before both is kept waiting by a promise. */
  #promisedClaim = Number.NEGATIVE_INFINITY;
  #promisedArrival = 0;

  constructor(index: number, key: string | null) {
    this.index = index;
    this.key = key;
  }

  /** Lets a class wait here. */
  add(group: TaskClass<Request>, claim: number): void {
    group.line = this;
    group.stamp++;
    this.#entries.push({ group, stamp: group.stamp, claim, arrival: group.arrival });
    if (this.#entries.size < this.#shedAt) return;
    this.#entries.retain((entry) => this.#isValid(entry));
    this.#shedAt = Math.max(LEAST_SHED, 2 * this.#entries.size);
  }

  /** Takes the class with the best claim out of the order; its `line` still says that it waits. */
  shift(): TaskClass<Request> | undefined {
    const entries = this.#entries;
    for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
      if (this.#isValid(entry)) return entry.group;
    }
    return undefined;
  }

  /** Promises a class what it waited for. */
  promise(group: TaskClass<Request>, claim: number): void {
    group.wokenFrom = this;
    this.promised += this.#shareOf(group);
    this.#promisedClaim = Math.max(this.#promisedClaim, claim);
    this.#promisedArrival = Math.max(this.#promisedArrival, group.arrival);
  }

  /** The promise to a class is kept, or of no use to it. */
  settle(group: TaskClass<Request>): void {
    group.wokenFrom = null;
    this.promised -= this.#shareOf(group);
    if (this.promised > 0) return;
    this.#promisedClaim = Number.NEGATIVE_INFINITY;
    this.#promisedArrival = 0;
  }

  /** What is promised to others as far as a class has to respect it: those who come after one of them do. */
  promisedAgainst(group: TaskClass<Request>, claim: number): number {
    const isBefore =
      claim < this.#promisedClaim || (claim === this.#promisedClaim && group.arrival < this.#promisedArrival);
    return isBefore ? 0 : this.promised;
  }

  /** Entries, dead ones included; 0 = nobody waits. */
  get length(): number {
    return this.#entries.size;
  }

  #shareOf(group: TaskClass<Request>): number {
    return this.key === null ? group.unitsOf(this.index) : 1;
  }

  #isValid({ group, stamp }: Entry<Request>): boolean {
    return group.line === this && group.stamp === stamp && group.size > 0;
  }
}
