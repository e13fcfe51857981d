// Owns the order of classes that wait for one thing: units of a resource, or a place under a concurrency key.
// By level, then first come first served; a class keeps its place when it was tried in vain.

import { BinaryHeap } from './binary-heap.ts';
import type { CapacityRequest } from './ready-task.ts';
import type { TaskClass } from './task-class.ts';

interface Entry<Request extends CapacityRequest> {
  readonly group: TaskClass<Request>;
  readonly stamp: number;
  readonly level: number;
  readonly arrival: number;
}

export class WaitLine<Request extends CapacityRequest = CapacityRequest> {
  /** The resource; -1 for a concurrency key. */
  readonly index: number;
  /** The concurrency key; null for a resource. */
  readonly key: string | null;
  readonly #entries = new BinaryHeap<Entry<Request>>((a, b) => a.level - b.level || a.arrival - b.arrival);

  constructor(index: number, key: string | null) {
    this.index = index;
    this.key = key;
  }

  /** Lets a class wait here; its head gives the level. */
  add(group: TaskClass<Request>): void {
    group.line = this;
    group.stamp++;
    const level = group.head()?.level ?? 0;
    this.#entries.push({ group, stamp: group.stamp, level, arrival: group.arrival });
  }

  /** Takes the class with the best claim out of the order; its `line` still says that it waits. */
  shift(): TaskClass<Request> | undefined {
    const entries = this.#entries;
    for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
      const { group, stamp } = entry;
      if (group.line === this && group.stamp === stamp && group.size > 0) return group;
    }
    return undefined;
  }

  /** Entries, dead ones included; 0 = nobody waits. */
  get length(): number {
    return this.#entries.size;
  }
}
