// Owns the lines of tasks that wait for a resource: one line for every amount of it that anyone asks for.
// Why: of all that wait for a resource the first one that its free amount serves is found in O(log amounts), exactly.
// It must never hold a task twice; a task waits for one resource at a time, the first it lacks.

import { EMPTY, type LinkedHeaps } from './linked-heaps.ts';
import type { PlanningModel } from './planning-model.ts';

const NOBODY = Number.POSITIVE_INFINITY;

/** @param places by task: who comes first; read when tasks are added, so they may be filled in later */
export function waitingLinesOf(model: PlanningModel, places: Float64Array, heaps: LinkedHeaps): WaitingLines {
  const { size, capacities, requestOffsets, requestResources, requestUnits } = model;
  const entries = size === 0 ? 0 : (requestOffsets[size] as number);
  const offsets = new Int32Array(capacities.length + 1);
  for (let entry = 0; entry < entries; entry++) {
    const slot = (requestResources[entry] as number) + 1;
    offsets[slot] = (offsets[slot] as number) + 1;
  }
  for (let slot = 1; slot < offsets.length; slot++) {
    offsets[slot] = (offsets[slot] as number) + (offsets[slot - 1] as number);
  }
  const cursor = offsets.slice();
  const amounts = new Float64Array(entries);
  for (let entry = 0; entry < entries; entry++) {
    const resource = requestResources[entry] as number;
    const slot = cursor[resource] as number;
    amounts[slot] = requestUnits[entry] as number;
    cursor[resource] = slot + 1;
  }
  // Sorted and made distinct in place, each resource's stretch moved up to the end of the one before.
  const starts = new Int32Array(offsets.length);
  let kept = 0;
  for (let resource = 0; resource < capacities.length; resource++) {
    starts[resource] = kept;
    const stretch = amounts.subarray(offsets[resource] as number, offsets[resource + 1] as number).sort();
    for (let index = 0; index < stretch.length; index++) {
      if (index === 0 || stretch[index] !== stretch[index - 1]) amounts[kept++] = stretch[index] as number;
    }
  }
  starts[capacities.length] = kept;
  return new WaitingLines(model, starts, amounts.slice(0, kept), places, heaps);
}

export class WaitingLines {
  readonly #model: PlanningModel;
  /** Lines of resource r: starts[r] … starts[r + 1] - 1, by rising amount. */
  readonly #starts: Int32Array;
  readonly #amounts: Float64Array;
  readonly #places: Float64Array;
  readonly #heaps: LinkedHeaps;
  readonly #firsts: Int32Array;
  /** For each resource a tournament over its lines: who of a stretch of lines comes first; node i has 2i and 2i + 1. */
  readonly #tournaments: Float64Array;
  readonly #list: Int32Array;

  constructor(
    model: PlanningModel,
    starts: Int32Array,
    amounts: Float64Array,
    places: Float64Array,
    heaps: LinkedHeaps,
  ) {
    this.#model = model;
    this.#starts = starts;
    this.#amounts = amounts;
    this.#places = places;
    this.#heaps = heaps;
    this.#firsts = new Int32Array(amounts.length).fill(EMPTY);
    this.#tournaments = new Float64Array(2 * amounts.length).fill(NOBODY);
    this.#list = new Int32Array(model.size);
  }

  /** Puts a task into the line of the request that is not served. */
  add(task: number, entry: number): void {
    const resource = this.#model.requestResources[entry] as number;
    const line = this.#served(resource, this.#model.requestUnits[entry] as number) - 1;
    this.#list[this.#places[task] as number] = task;
    this.#firsts[line] = this.#heaps.push(this.#places, this.#firsts[line] as number, task);
    this.#update(resource, line);
  }

  /** Takes out the first task that a free amount of the resource serves; −1 when there is none. */
  takeFirst(resource: number, free: number): number {
    const start = this.#starts[resource] as number;
    const count = (this.#starts[resource + 1] as number) - start;
    const base = 2 * start;
    let low = count;
    let high = count + this.#served(resource, free) - start;
    let best = NOBODY;
    for (; low < high; low >>= 1, high >>= 1) {
      if ((low & 1) === 1) best = Math.min(best, this.#tournaments[base + low++] as number);
      if ((high & 1) === 1) best = Math.min(best, this.#tournaments[base + --high] as number);
    }
    if (best === NOBODY) return EMPTY;
    const task = this.#list[best] as number;
    const line = this.#lineOf(task, resource);
    this.#firsts[line] = this.#heaps.pop(this.#places, task);
    this.#update(resource, line);
    return task;
  }

  /** The end of the lines of a resource whose amount is at most `free`. */
  #served(resource: number, free: number): number {
    let low = this.#starts[resource] as number;
    let high = this.#starts[resource + 1] as number;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#amounts[middle] as number) <= free) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #lineOf(task: number, resource: number): number {
    const { requestOffsets, requestResources, requestUnits } = this.#model;
    let entry = requestOffsets[task] as number;
    while (requestResources[entry] !== resource) entry++;
    return this.#served(resource, requestUnits[entry] as number) - 1;
  }

  #update(resource: number, line: number): void {
    const start = this.#starts[resource] as number;
    const base = 2 * start;
    const first = this.#firsts[line] as number;
    let node = line - start + (this.#starts[resource + 1] as number) - start;
    this.#tournaments[base + node] = first === EMPTY ? NOBODY : (this.#places[first] as number);
    for (node >>= 1; node >= 1; node >>= 1) {
      const left = this.#tournaments[base + 2 * node] as number;
      const right = this.#tournaments[base + 2 * node + 1] as number;
      this.#tournaments[base + node] = Math.min(left, right);
    }
  }
}
