// Owns any number of min-heaps over the same tasks, where a task is in at most one of them: two links a task, no more.
// Why: lines of waiting tasks come and go by the thousand, and all of them together take two typed arrays.
// It must never be given a task that is in a heap already.

/** What stands for an empty heap. */
export const EMPTY = -1;

/**
 * Skew heaps, O(log n) amortised: D. D. Sleator, R. E. Tarjan, "Self-adjusting heaps", SIAM J. Comput. 15(1), 1986. A heap is
 * the number of its first task; every change gives the new one. Equal keys come out in no promised order.
 */
export class LinkedHeaps {
  readonly #left: Int32Array;
  readonly #right: Int32Array;

  constructor(size: number) {
    this.#left = new Int32Array(size).fill(EMPTY);
    this.#right = new Int32Array(size).fill(EMPTY);
  }

  /** The heap with a task more. */
  push(keys: Float64Array, heap: number, task: number): number {
    this.#left[task] = EMPTY;
    this.#right[task] = EMPTY;
    return this.#merge(keys, heap, task);
  }

  /** The heap without its first task. */
  pop(keys: Float64Array, heap: number): number {
    return this.#merge(keys, this.#left[heap] as number, this.#right[heap] as number);
  }

  // Top down: along the right spines, swapping the children of every task that is passed.
  #merge(keys: Float64Array, one: number, other: number): number {
    if (one === EMPTY) return other;
    if (other === EMPTY) return one;
    const left = this.#left;
    const right = this.#right;
    const isOneFirst = (keys[one] as number) <= (keys[other] as number);
    const top = isOneFirst ? one : other;
    let rest = isOneFirst ? other : one;
    let parent = top;
    for (;;) {
      const spine = right[parent] as number;
      right[parent] = left[parent] as number;
      if (spine === EMPTY) {
        left[parent] = rest;
        return top;
      }
      if ((keys[spine] as number) <= (keys[rest] as number)) {
        left[parent] = spine;
        parent = spine;
      } else {
        left[parent] = rest;
        parent = rest;
        rest = spine;
      }
    }
  }
}
