// Owns sorting of tasks by a key: stable, without allocation per call, without calling a comparison.
// Stable matters: what goes in as an order that respects dependencies comes out as one, as far as the keys allow.

/** Runs of this length are sorted by insertion. */
const RUN = 12;

/** A merge sort with its own scratch space. J. von Neumann 1945; D. E. Knuth, TAOCP 3, 5.2.4. */
export class TaskSorter {
  readonly #spare: Int32Array;

  constructor(size: number) {
    this.#spare = new Int32Array(size);
  }

  /** Sorts a whole list by ascending key in place; equal keys stay in the order they came. */
  sort(list: Int32Array, keys: Float64Array): void {
    const size = list.length;
    if (isSorted(list, keys)) return;
    for (let start = 0; start < size; start += RUN) insert(list, keys, start, Math.min(start + RUN, size));
    let source = list;
    let target = this.#spare;
    for (let width = RUN; width < size; width *= 2) {
      for (let start = 0; start < size; start += 2 * width) {
        merge(source, target, keys, start, Math.min(start + width, size), Math.min(start + 2 * width, size));
      }
      [source, target] = [target, source];
    }
    if (source !== list) list.set(source);
  }
}

function isSorted(list: Int32Array, keys: Float64Array): boolean {
  for (let place = 1; place < list.length; place++) {
    if ((keys[list[place - 1] as number] as number) > (keys[list[place] as number] as number)) return false;
  }
  return true;
}

function insert(list: Int32Array, keys: Float64Array, start: number, end: number): void {
  for (let place = start + 1; place < end; place++) {
    const task = list[place] as number;
    const key = keys[task] as number;
    let hole = place;
    while (hole > start && (keys[list[hole - 1] as number] as number) > key) {
      list[hole] = list[hole - 1] as number;
      hole--;
    }
    list[hole] = task;
  }
}

function merge(
  source: Int32Array,
  target: Int32Array,
  keys: Float64Array,
  start: number,
  middle: number,
  end: number,
): void {
  let left = start;
  let right = middle;
  for (let place = start; place < end; place++) {
    const takesLeft =
      left < middle &&
      (right >= end || (keys[source[left] as number] as number) <= (keys[source[right] as number] as number));
    target[place] = source[takesLeft ? left++ : right++] as number;
  }
}
