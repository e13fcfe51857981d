// Owns the compact form of a directed graph: compressed sparse rows, two Int32Arrays for all its edges.
// Why: a million nodes as objects with arrays cost gigabytes and cache misses; here an edge costs four bytes.
// Must never hold names or know what an edge means.

/** The targets of node `n` are `targets[offsets[n]]` up to, not including, `targets[offsets[n + 1]]`. */
export interface Adjacency {
  readonly size: number;
  /** `size + 1` entries, never falling. */
  readonly offsets: Int32Array;
  readonly targets: Int32Array;
}

/** The entry at an index that the caller knows to be inside; keeps the walks free of casts. */
export function at(array: Int32Array, index: number): number {
  return array[index] as number;
}

/** The same edges the other way round; the targets of each node come in ascending order. */
export function transpose({ size, offsets, targets }: Adjacency): Adjacency {
  const reversedOffsets = new Int32Array(size + 1);
  for (let edge = 0; edge < targets.length; edge++) {
    const slot = at(targets, edge) + 1;
    reversedOffsets[slot] = at(reversedOffsets, slot) + 1;
  }
  for (let node = 0; node < size; node++) {
    reversedOffsets[node + 1] = at(reversedOffsets, node + 1) + at(reversedOffsets, node);
  }
  const cursor = reversedOffsets.slice(0, size);
  const reversedTargets = new Int32Array(targets.length);
  for (let node = 0; node < size; node++) {
    const end = at(offsets, node + 1);
    for (let edge = at(offsets, node); edge < end; edge++) {
      const target = at(targets, edge);
      const slot = at(cursor, target);
      reversedTargets[slot] = node;
      cursor[target] = slot + 1;
    }
  }
  return { size, offsets: reversedOffsets, targets: reversedTargets };
}
