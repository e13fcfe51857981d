// Owns the order of tasks within their levels: near what they depend on and what depends on them, so that arrows are
// short and cross little. The barycentre method (Sugiyama, Tagawa, Toda 1981), a fixed number of sweeps, no chance in it.

import type { GraphColumns } from './graph-columns.ts';
import { groupedBy } from './grouping.ts';

/** Tasks level by level: level l is `order[offsets[l] … offsets[l + 1]]`. */
export interface LevelOrder {
  readonly order: Uint32Array;
  readonly offsets: Uint32Array;
}

/** Down and up again this many times; more of it changes little. */
const SWEEPS = 3;

/** Orders each level by the mean place of its neighbours; equal graphs give equal orders. */
export function orderLevels(graph: GraphColumns): LevelOrder {
  const { rows: order, offsets } = groupedBy(graph.levels, graph.levelCount);
  // Place within its level, 0 … 1, so that levels of different sizes compare.
  const places = new Float64Array(graph.size);
  for (let level = 0; level < graph.levelCount; level++) rememberPlaces(order, offsets, level, places);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let level = graph.levelCount - 2; sweep > 0 && level >= 0; level--) {
      sortLevel(order, offsets, level, places, graph.dependentOffsets, graph.dependents);
    }
    for (let level = 1; level < graph.levelCount; level++) {
      sortLevel(order, offsets, level, places, graph.offsets, graph.dependencies);
    }
  }
  return { order, offsets };
}

function rememberPlaces(order: Uint32Array, offsets: Uint32Array, level: number, places: Float64Array): void {
  const start = offsets[level] ?? 0;
  const end = offsets[level + 1] ?? start;
  for (let at = start; at < end; at++) places[order[at] ?? 0] = (at - start + 0.5) / (end - start);
}

/** Sorts by mean neighbour place; the place so far decides between equals, and stands for those without neighbours. */
function sortLevel(
  order: Uint32Array,
  offsets: Uint32Array,
  level: number,
  places: Float64Array,
  neighbourOffsets: Uint32Array,
  neighbours: Uint32Array,
): void {
  const start = offsets[level] ?? 0;
  const before = order.slice(start, offsets[level + 1] ?? start);
  const count = before.length;
  if (count < 2) return;
  // Key and place in one double, so that the sort is of plain numbers: much faster than a comparing function.
  const steps = Math.floor(2 ** 52 / count) - 1;
  const keys = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const task = before[at] ?? 0;
    const from = neighbourOffsets[task] ?? 0;
    const to = neighbourOffsets[task + 1] ?? from;
    let sum = 0;
    for (let row = from; row < to; row++) sum += places[neighbours[row] ?? 0] ?? 0;
    const mean = to > from ? sum / (to - from) : (places[task] ?? 0);
    keys[at] = Math.floor(mean * steps) * count + at;
  }
  keys.sort();
  for (let at = 0; at < count; at++) order[start + at] = before[(keys[at] ?? 0) % count] ?? 0;
  rememberPlaces(order, offsets, level, places);
}
