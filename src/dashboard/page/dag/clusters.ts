// Owns what one sees from afar instead of tasks: clusters, each a level, a part of a wide one, or several narrow ones,
// such that every cluster is large enough on the screen to be read; and the bundles of arrows between them.
// A cluster is a run of columns, so that its counts are sums of what the scene counts by column.

import { columnCount, type GraphLayout, type Rect } from './graph-layout.ts';
import { type Scene, STATES } from './scene.ts';

export interface Cluster extends Rect {
  /** Columns from … before `toColumn`. */
  readonly fromColumn: number;
  readonly toColumn: number;
  readonly fromLevel: number;
  /** The last, not the one after. */
  readonly toLevel: number;
  readonly size: number;
}

/** Arrows from tasks of one cluster to tasks of another. */
export interface Bundle {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

interface Run {
  readonly from: number;
  readonly to: number;
}

const MIN_WIDTH_PX = 84;
const MAX_WIDTH_PX = 240;
const MIN_HEIGHT_PX = 44;
const MAX_SQUARE = 700;

/** The clusters of a layout, for a scale; in the order of its columns, every column in exactly one. */
export function clustersOf(layout: GraphLayout, bounds: Float32Array, scale: number): Cluster[] {
  const bands = runsBy(layout.columnBands, { from: 0, to: columnCount(layout) });
  const pitch = layout.height / Math.max(1, bands.length);
  const merged = Math.ceil(MIN_HEIGHT_PX / scale / Math.max(1, pitch));
  const runs =
    bands.length > 1 && merged > 1
      ? groupsOf(bands, merged)
      : bands.flatMap((band) => runsOfBand(layout, bounds, band, MIN_WIDTH_PX / scale, MAX_WIDTH_PX / scale));
  return runs.map((run) => clusterOf(layout, bounds, run));
}

/** Tasks of a cluster by state. */
export function countsOf(cluster: Cluster, tally: Uint32Array): Uint32Array {
  const counts = new Uint32Array(STATES);
  for (let column = cluster.fromColumn; column < cluster.toColumn; column++) {
    for (let state = 0; state < STATES; state++) {
      counts[state] = (counts[state] ?? 0) + (tally[column * STATES + state] ?? 0);
    }
  }
  return counts;
}

/** The arrows between clusters, the thickest first. */
export function bundlesOf(scene: Pick<Scene, 'graph' | 'columnOf' | 'layout'>, clusters: readonly Cluster[]): Bundle[] {
  const clusterOfColumn = new Uint32Array(columnCount(scene.layout));
  clusters.forEach((cluster, index) => {
    clusterOfColumn.fill(index, cluster.fromColumn, cluster.toColumn);
  });
  const { dependencies, targets } = scene.graph;
  const clusterOf = scene.columnOf.map((column) => clusterOfColumn[column] ?? 0);
  const size = clusters.length;
  // A square of counters is much faster than a map, and only very many clusters make it too large.
  const counts = size <= MAX_SQUARE ? new Uint32Array(size * size) : new Map<number, number>();
  for (let row = 0; row < dependencies.length; row++) {
    const from = clusterOf[dependencies[row] ?? 0] ?? 0;
    const to = clusterOf[targets[row] ?? 0] ?? 0;
    if (from === to) continue;
    const key = from * size + to;
    if (counts instanceof Map) counts.set(key, (counts.get(key) ?? 0) + 1);
    else counts[key] = (counts[key] ?? 0) + 1;
  }
  const bundles: Bundle[] = [];
  for (const [key, count] of counts.entries()) {
    if (count > 0) bundles.push({ from: Math.floor(key / size), to: key % size, count });
  }
  return bundles.sort((left, right) => right.count - left.count || left.from - right.from || left.to - right.to);
}

function clusterOf(layout: GraphLayout, bounds: Float32Array, { from, to }: Run): Cluster {
  const { left, top, right, bottom } = boundsOf(bounds, { from, to });
  return {
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    fromColumn: from,
    toColumn: to,
    fromLevel: layout.columnLevels[from] ?? 0,
    toLevel: layout.columnLevels[to - 1] ?? 0,
    size: (layout.columnOffsets[to] ?? 0) - (layout.columnOffsets[from] ?? 0),
  };
}

function boundsOf(bounds: Float32Array, { from, to }: Run) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let column = from; column < to; column++) {
    left = Math.min(left, bounds[column * 4] ?? left);
    top = Math.min(top, bounds[column * 4 + 1] ?? top);
    right = Math.max(right, bounds[column * 4 + 2] ?? right);
    bottom = Math.max(bottom, bounds[column * 4 + 3] ?? bottom);
  }
  return { left, top, right, bottom };
}

/** Runs of equal values. */
function runsBy(values: Uint32Array, { from, to }: Run): Run[] {
  const runs: Run[] = [];
  let start = from;
  for (let at = from + 1; at <= to; at++) {
    if (at < to && values[at] === values[start]) continue;
    runs.push({ from: start, to: at });
    start = at;
  }
  return from < to ? runs : [];
}

/** At least so many runs together, all groups of about the same size. */
function groupsOf(runs: readonly Run[], least: number): Run[] {
  return partsOf({ from: 0, to: runs.length }, Math.floor(runs.length / least)).map(({ from, to }) => ({
    from: runs[from]?.from ?? 0,
    to: runs[to - 1]?.to ?? 0,
  }));
}

/** Levels of a band: narrow neighbours together, wide ones in parts. */
function runsOfBand(layout: GraphLayout, bounds: Float32Array, band: Run, minWidth: number, maxWidth: number): Run[] {
  const widthOf = (run: Run) => {
    const { left, right } = boundsOf(bounds, run);
    return right - left;
  };
  const runs: Run[] = [];
  // Where the narrow levels that wait for more of them begin; -1 = none waits.
  let narrowFrom = -1;
  for (const level of runsBy(layout.columnLevels, band)) {
    const width = widthOf(level);
    const isWide = width >= minWidth;
    if (isWide && narrowFrom >= 0) runs.push({ from: narrowFrom, to: level.from });
    if (isWide) runs.push(...partsOf(level, Math.round(width / maxWidth)));
    else if (narrowFrom < 0) narrowFrom = level.from;
    if (!isWide && widthOf({ from: narrowFrom, to: level.to }) < minWidth) continue;
    if (!isWide) runs.push({ from: narrowFrom, to: level.to });
    narrowFrom = -1;
  }
  if (narrowFrom >= 0) runs.push({ from: narrowFrom, to: band.to });
  return runs;
}

function partsOf({ from, to }: Run, parts: number): Run[] {
  const count = Math.min(to - from, Math.max(1, parts));
  const at = (part: number) => from + Math.floor(((to - from) * part) / count);
  return Array.from({ length: count }, (_, part) => ({ from: at(part), to: at(part + 1) }));
}
