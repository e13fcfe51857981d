// Owns the making of activity lists: orders of all tasks in which each stands behind its dependencies.
// From priorities, by biased chance, from two parents, by small changes. It must never make an order that breaks a dependency.

import { EMPTY, LinkedHeaps } from './linked-heaps.ts';
import type { PlanningModel } from './planning-model.ts';

export class ActivityLists {
  readonly #model: PlanningModel;
  readonly #random: () => number;
  readonly #heaps: LinkedHeaps;
  readonly #places: Float64Array;
  readonly #missing: Int32Array;
  readonly #eligible: Int32Array;
  readonly #isTaken: Uint8Array;

  constructor(model: PlanningModel, random: () => number) {
    this.#model = model;
    this.#random = random;
    this.#heaps = new LinkedHeaps(model.size);
    this.#places = new Float64Array(model.size);
    this.#missing = new Int32Array(model.size);
    this.#eligible = new Int32Array(model.size);
    this.#isTaken = new Uint8Array(model.size);
  }

  /** The list that always takes the first in an order of priority of those whose dependencies are in it. */
  byPriority(order: Int32Array, list: Int32Array): void {
    const { afterOffsets, after } = this.#model.forward;
    for (let place = 0; place < order.length; place++) this.#places[order[place] as number] = place;
    let heap = EMPTY;
    for (let task = 0; task < order.length; task++) {
      if (this.#countMissing(task) === 0) heap = this.#heaps.push(this.#places, heap, task);
    }
    for (let place = 0; place < list.length; place++) {
      const task = heap;
      heap = this.#heaps.pop(this.#places, heap);
      list[place] = task;
      const end = afterOffsets[task + 1] as number;
      for (let edge = afterOffsets[task] as number; edge < end; edge++) {
        const dependent = after[edge] as number;
        if (this.#countDown(dependent) === 0) heap = this.#heaps.push(this.#places, heap, dependent);
      }
    }
  }

  /**
   * Regret-based biased random sampling: the chance of an eligible task grows with what it would cost to take the worst one.
   * A. Drexl, "Scheduling of project networks by job assignment", Manag. Sci. 37, 1991; R. Kolisch, J. Oper. Manag. 14, 1996.
   * @param keys by task in ticks; the lowest is the most urgent
   */
  bySampling(keys: Float64Array, list: Int32Array): void {
    const { afterOffsets, after } = this.#model.forward;
    const eligible = this.#eligible;
    let count = 0;
    for (let task = 0; task < list.length; task++) if (this.#countMissing(task) === 0) eligible[count++] = task;
    for (let place = 0; place < list.length; place++) {
      const drawn = this.#draw(keys, count);
      const task = eligible[drawn] as number;
      eligible[drawn] = eligible[--count] as number;
      list[place] = task;
      const end = afterOffsets[task + 1] as number;
      for (let edge = afterOffsets[task] as number; edge < end; edge++) {
        const dependent = after[edge] as number;
        if (this.#countDown(dependent) === 0) eligible[count++] = dependent;
      }
    }
  }

  #draw(keys: Float64Array, count: number): number {
    const eligible = this.#eligible;
    let worst = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const key = keys[eligible[index] as number] as number;
      sum += key;
      if (key > worst) worst = key;
    }
    // Every regret gets a part of the mean one on top, so that nothing is impossible, whatever the length of a tick.
    const regrets = worst * count - sum;
    const least = regrets > 0 ? regrets / count : 1;
    let left = this.#random() * (regrets + least * count);
    for (let index = 0; index < count - 1; index++) {
      left -= worst - (keys[eligible[index] as number] as number) + least;
      if (left < 0) return index;
    }
    return count - 1;
  }

  /**
   * Two-point crossover: the middle in the order of the father, what is before and behind it in that of the mother.
   * S. Hartmann, "A competitive genetic algorithm for resource-constrained project scheduling", Nav. Res. Logist. 45, 1998.
   */
  cross(mother: Int32Array, father: Int32Array, child: Int32Array): void {
    const size = child.length;
    const one = Math.floor(this.#random() * size);
    const other = Math.floor(this.#random() * size);
    const from = Math.min(one, other);
    const to = Math.max(one, other);
    const isTaken = this.#isTaken.fill(0);
    let place = 0;
    for (; place < from; place++) {
      const task = mother[place] as number;
      child[place] = task;
      isTaken[task] = 1;
    }
    for (let index = 0; place < to; index++) {
      const task = father[index] as number;
      if (isTaken[task] === 1) continue;
      child[place++] = task;
      isTaken[task] = 1;
    }
    for (let index = from; place < size; index++) {
      const task = mother[index] as number;
      if (isTaken[task] === 0) child[place++] = task;
    }
  }

  /** Swaps each pair of neighbours with this chance, where neither depends on the other. */
  mutate(list: Int32Array, chance: number): void {
    const { beforeOffsets, before } = this.#model.forward;
    for (let place = 1; place < list.length; place++) {
      if (this.#random() >= chance) continue;
      const first = list[place - 1] as number;
      const second = list[place] as number;
      const end = beforeOffsets[second + 1] as number;
      let edge = beforeOffsets[second] as number;
      while (edge < end && before[edge] !== first) edge++;
      if (edge < end) continue;
      list[place - 1] = second;
      list[place] = first;
    }
  }

  #countMissing(task: number): number {
    const { beforeOffsets } = this.#model.forward;
    const missing = (beforeOffsets[task + 1] as number) - (beforeOffsets[task] as number);
    this.#missing[task] = missing;
    return missing;
  }

  #countDown(task: number): number {
    const left = (this.#missing[task] as number) - 1;
    this.#missing[task] = left;
    return left;
  }
}
