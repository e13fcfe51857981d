// Owns the form in which a laid out graph is handed around: where each box stands, which boxes make a column, and
// arrows where the layout routed them. Plain typed arrays, so that a worker can hand it over without a copy.
// Columns are what far zoom is made of: a column holds tasks of one level, and bands are rows of columns.

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Size of every box, in world units: pixels at scale 1. */
export interface BoxSize {
  readonly width: number;
  readonly height: number;
}

/** Arrows as polylines: edge e runs through `points[2 × offsets[e] … 2 × offsets[e + 1]]` (x, y, x, y …). */
export interface EdgeRoutes {
  readonly offsets: Uint32Array;
  readonly points: Float32Array;
}

export interface GraphLayout {
  readonly box: BoxSize;
  readonly width: number;
  readonly height: number;
  /** Left and top of each task's box. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Tasks column by column, top down. */
  readonly order: Uint32Array;
  /** Column c holds `order[columnOffsets[c] … columnOffsets[c + 1]]`. */
  readonly columnOffsets: Uint32Array;
  readonly columnLevels: Uint32Array;
  readonly columnBands: Uint32Array;
  /** null: arrows are curves from box to box. */
  readonly routes: EdgeRoutes | null;
}

/** How many columns there are. */
export function columnCount(layout: GraphLayout): number {
  return layout.columnLevels.length;
}

/** The box around each column, as four numbers: left, top, right, bottom. */
export function columnBounds(layout: GraphLayout): Float32Array {
  const bounds = new Float32Array(columnCount(layout) * 4);
  for (let column = 0; column < columnCount(layout); column++) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    const end = layout.columnOffsets[column + 1] ?? 0;
    for (let place = layout.columnOffsets[column] ?? end; place < end; place++) {
      const task = layout.order[place] ?? 0;
      const x = layout.x[task] ?? 0;
      const y = layout.y[task] ?? 0;
      left = Math.min(left, x);
      top = Math.min(top, y);
      right = Math.max(right, x + layout.box.width);
      bottom = Math.max(bottom, y + layout.box.height);
    }
    bounds.set([left, top, right, bottom], column * 4);
  }
  return bounds;
}

/** The column that each task stands in. */
export function columnOfTasks(layout: GraphLayout): Uint32Array {
  const columns = new Uint32Array(layout.order.length);
  for (let column = 0; column < columnCount(layout); column++) {
    const end = layout.columnOffsets[column + 1] ?? 0;
    for (let place = layout.columnOffsets[column] ?? end; place < end; place++)
      columns[layout.order[place] ?? 0] = column;
  }
  return columns;
}

const MIN_WIDTH = 132;
const MAX_WIDTH = 240;
/** Average advance of the label's font at its size in a box, and what mark, padding and attempts take. */
const LABEL_PX = 7.5;
const BESIDE_LABEL_PX = 60;

/** One size for all boxes: wide enough for most names, whatever the longest is. */
export function boxSizeFor(names: readonly string[]): BoxSize {
  const lengths = names.map((name) => name.length).sort((left, right) => left - right);
  const usual = lengths[Math.floor(lengths.length * 0.95)] ?? 0;
  const width = Math.round(usual * LABEL_PX + BESIDE_LABEL_PX);
  return { width: Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width)), height: 44 };
}
