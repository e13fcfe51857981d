// Owns the layout of graphs too large for elkjs: levels from left to right, each a block of columns, tasks in them by
// barycentre. Levels stay whole; where one is very wide its block has several columns, and where there are very many
// levels they wrap into bands, as text wraps into lines. Linear but for the sort; deterministic.

import type { GraphColumns } from './graph-columns.ts';
import type { BoxSize, GraphLayout } from './graph-layout.ts';
import { type LevelOrder, orderLevels } from './level-order.ts';

const ROW_GAP = 14;
const COLUMN_GAP = 22;
const LEVEL_GAP = 72;
const BAND_GAP = 88;
/** A strip this many times longer than the view is shaped is wrapped into bands. */
const STRIP = 3;

interface Placement {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly columnOffsets: number[];
  readonly columnLevels: number[];
  readonly columnBands: number[];
}

/** Places every task; no two boxes touch, and a dependency stands before its dependents (further left, or a band above). `aspect`: width to height of the view. */
export function layOutLevels(graph: GraphColumns, box: BoxSize, aspect: number): GraphLayout {
  const levels = orderLevels(graph);
  const sizes = Array.from({ length: graph.levelCount }, (_, level) => sizeOf(levels, level));
  const maxRows = rowsFor(sizes, box, aspect);
  const bands = bandsOf(sizes, maxRows, box, aspect);
  const placement: Placement = {
    x: new Float32Array(graph.size),
    y: new Float32Array(graph.size),
    columnOffsets: [0],
    columnLevels: [],
    columnBands: [],
  };
  let width = 0;
  let top = 0;
  bands.forEach((band, index) => {
    const rows = band.reduce((most, level) => Math.max(most, shapeOf(sizes[level] ?? 0, maxRows).rows), 0);
    const height = heightOf(rows, box);
    let left = 0;
    for (const level of band) {
      placeLevel(levels, level, maxRows, box, { left, top, height, band: index }, placement);
      left += widthOf(shapeOf(sizes[level] ?? 0, maxRows).columns, box) + LEVEL_GAP;
    }
    width = Math.max(width, left - LEVEL_GAP);
    top += height + BAND_GAP;
  });
  return {
    box,
    width,
    height: Math.max(0, top - BAND_GAP),
    x: placement.x,
    y: placement.y,
    order: levels.order,
    columnOffsets: Uint32Array.from(placement.columnOffsets),
    columnLevels: Uint32Array.from(placement.columnLevels),
    columnBands: Uint32Array.from(placement.columnBands),
    routes: null,
  };
}

function sizeOf({ offsets }: LevelOrder, level: number): number {
  return (offsets[level + 1] ?? 0) - (offsets[level] ?? 0);
}

/** Columns and rows of a level: as many columns as it needs, all of about the same length. */
function shapeOf(size: number, maxRows: number): { columns: number; rows: number } {
  const columns = Math.max(1, Math.ceil(size / maxRows));
  return { columns, rows: Math.ceil(size / columns) };
}

function widthOf(columns: number, box: BoxSize): number {
  return columns * (box.width + COLUMN_GAP) - COLUMN_GAP;
}

function heightOf(rows: number, box: BoxSize): number {
  return rows * (box.height + ROW_GAP) - ROW_GAP;
}

function lengthOf(sizes: readonly number[], maxRows: number, box: BoxSize): number {
  return sizes.reduce((sum, size) => sum + widthOf(shapeOf(size, maxRows).columns, box) + LEVEL_GAP, -LEVEL_GAP);
}

/** The longest a column may be, so that the whole comes closest to the shape of the view. */
function rowsFor(sizes: readonly number[], box: BoxSize, aspect: number): number {
  const widest = sizes.reduce((most, size) => Math.max(most, size), 1);
  let best = widest;
  let bestFault = Infinity;
  for (let rows = widest; rows >= 1; rows = Math.min(rows - 1, Math.floor(rows * 0.85))) {
    const fault = Math.abs(Math.log(lengthOf(sizes, rows, box) / heightOf(rows, box) / aspect));
    if (fault < bestFault) {
      best = rows;
      bestFault = fault;
    }
  }
  return best;
}

function bandsOf(sizes: readonly number[], maxRows: number, box: BoxSize, aspect: number): number[][] {
  const widest = sizes.reduce((most, size) => Math.max(most, size), 1);
  const height = heightOf(Math.min(maxRows, widest), box);
  const length = lengthOf(sizes, maxRows, box);
  const all = sizes.map((_, level) => level);
  if (sizes.length < 2 || length / height <= STRIP * aspect) return [all];
  const limit = Math.sqrt(aspect * length * (height + BAND_GAP));
  const bands: number[][] = [];
  let left = Infinity;
  for (const level of all) {
    const width = widthOf(shapeOf(sizes[level] ?? 0, maxRows).columns, box);
    if (left + width > limit) {
      bands.push([]);
      left = 0;
    }
    bands.at(-1)?.push(level);
    left += width + LEVEL_GAP;
  }
  return bands;
}

function placeLevel(
  levels: LevelOrder,
  level: number,
  maxRows: number,
  box: BoxSize,
  at: { left: number; top: number; height: number; band: number },
  placement: Placement,
): void {
  const start = levels.offsets[level] ?? 0;
  const size = sizeOf(levels, level);
  const { columns, rows } = shapeOf(size, maxRows);
  for (let column = 0; column < columns; column++) {
    const from = column * rows;
    const to = Math.min(size, from + rows);
    if (from >= to) break;
    const x = at.left + column * (box.width + COLUMN_GAP);
    const y = at.top + (at.height - heightOf(rows, box)) / 2;
    for (let place = from; place < to; place++) {
      const task = levels.order[start + place] ?? 0;
      placement.x[task] = x;
      placement.y[task] = y + (place - from) * (box.height + ROW_GAP);
    }
    placement.columnOffsets.push(start + to);
    placement.columnLevels.push(level);
    placement.columnBands.push(at.band);
  }
}
