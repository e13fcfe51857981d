// Owns the binary min-heap behind the ready queue and the timers: an array, no nodes, no handles.
// Why an own one: both need a comparison of their own, O(log n) push and pop, and no allocation per element.
// It must never break ties by itself: equal elements come out in no promised order, so a caller that needs
// first-in-first-out puts a sequence number into its comparison.

/** Below zero when `a` comes out before `b`; must be a total order and must not change while both are inside. */
export type Compare<T> = (a: T, b: T) => number;

/** A priority queue; the element that compares lowest is at the top. Unbounded: its owner holds the bound. */
export class BinaryHeap<T> {
  readonly #compare: Compare<T>;
  #items: T[] = [];

  constructor(compare: Compare<T>) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The element that `pop` would give, left in place. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds an element in O(log n). */
  push(item: T): void {
    this.#items.push(item);
    this.#siftUp(this.#items.length - 1, item);
  }

  /** Takes the lowest element out in O(log n); undefined when there is none. */
  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    // The array is non-empty after the pop exactly if `last` was not the top itself.
    if (last !== undefined && items.length > 0) this.#siftDown(0, last);
    return top;
  }

  /** Lets go of every element. */
  clear(): void {
    this.#items = [];
  }

  /** Drops every element that `keep` refuses, in O(n): how a caller with lazy deletion sheds its dead entries. */
  retain(keep: (item: T) => boolean): void {
    this.#items = this.#items.filter(keep);
    this.#heapify();
  }

  /** The elements in no particular order; the heap must not be changed meanwhile. */
  values(): IterableIterator<T> {
    return this.#items.values();
  }

  // Bottom-up construction, O(n): R. W. Floyd, "Algorithm 245: Treesort 3", CACM 7(12), 1964.
  #heapify(): void {
    for (let index = (this.#items.length >> 1) - 1; index >= 0; index--) {
      const item = this.#items[index];
      if (item !== undefined) this.#siftDown(index, item);
    }
  }

  // Both sifts move a hole instead of swapping: one write a level.
  #siftUp(start: number, item: T): void {
    const items = this.#items;
    let hole = start;
    while (hole > 0) {
      const parentIndex = (hole - 1) >> 1;
      const parent = items[parentIndex];
      if (parent === undefined || this.#compare(item, parent) >= 0) break;
      items[hole] = parent;
      hole = parentIndex;
    }
    items[hole] = item;
  }

  #siftDown(start: number, item: T): void {
    const items = this.#items;
    const size = items.length;
    const firstLeaf = size >> 1;
    let hole = start;
    while (hole < firstLeaf) {
      let childIndex = 2 * hole + 1;
      let child = items[childIndex];
      const right = items[childIndex + 1];
      if (child === undefined) break;
      if (right !== undefined && this.#compare(right, child) < 0) {
        childIndex++;
        child = right;
      }
      if (this.#compare(item, child) <= 0) break;
      items[hole] = child;
      hole = childIndex;
    }
    items[hole] = item;
  }
}
