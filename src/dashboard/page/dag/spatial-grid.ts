// Owns the question which boxes lie in a rectangle or under a point, for tens of thousands of boxes in a fraction of a
// millisecond. All boxes are of one size: each is kept by its corner in one cell, and questions are widened by a box.

import type { GraphLayout, Rect } from './graph-layout.ts';
import { type Grouping, groupedBy } from './grouping.ts';

/** Cells are this many boxes wide and high: some ten boxes each. */
const CELL_BOXES_WIDE = 2;
const CELL_BOXES_HIGH = 5;

export class SpatialGrid {
  readonly #layout: GraphLayout;
  readonly #cellWidth: number;
  readonly #cellHeight: number;
  readonly #columns: number;
  readonly #rows: number;
  /** Tasks by cell. */
  readonly #cells: Grouping;

  constructor(layout: GraphLayout) {
    this.#layout = layout;
    this.#cellWidth = layout.box.width * CELL_BOXES_WIDE;
    this.#cellHeight = layout.box.height * CELL_BOXES_HIGH;
    this.#columns = Math.max(1, Math.ceil(layout.width / this.#cellWidth));
    this.#rows = Math.max(1, Math.ceil(layout.height / this.#cellHeight));
    const cells = Uint32Array.from({ length: layout.x.length }, (_, task) => this.#cellOf(task));
    this.#cells = groupedBy(cells, this.#columns * this.#rows);
  }

  /** Appends the tasks whose boxes touch the rectangle. */
  query(rect: Rect, found: number[]): void {
    const { x, y, box } = this.#layout;
    const right = rect.x + rect.width;
    const bottom = rect.y + rect.height;
    const toColumn = this.#columnAt(right);
    const toRow = this.#rowAt(bottom);
    for (let row = this.#rowAt(rect.y - box.height); row <= toRow; row++) {
      for (let column = this.#columnAt(rect.x - box.width); column <= toColumn; column++) {
        const cell = row * this.#columns + column;
        const end = this.#cells.offsets[cell + 1] ?? 0;
        for (let place = this.#cells.offsets[cell] ?? end; place < end; place++) {
          const task = this.#cells.rows[place] ?? 0;
          const left = x[task] ?? 0;
          const top = y[task] ?? 0;
          if (left <= right && left + box.width >= rect.x && top <= bottom && top + box.height >= rect.y)
            found.push(task);
        }
      }
    }
  }

  /** The task whose box holds the point; -1 = none does. */
  taskAt(pointX: number, pointY: number): number {
    const found: number[] = [];
    this.query({ x: pointX, y: pointY, width: 0, height: 0 }, found);
    return found.at(-1) ?? -1;
  }

  #cellOf(task: number): number {
    return this.#rowAt(this.#layout.y[task] ?? 0) * this.#columns + this.#columnAt(this.#layout.x[task] ?? 0);
  }

  #columnAt(x: number): number {
    return Math.min(this.#columns - 1, Math.max(0, Math.floor(x / this.#cellWidth)));
  }

  #rowAt(y: number): number {
    return Math.min(this.#rows - 1, Math.max(0, Math.floor(y / this.#cellHeight)));
  }
}
