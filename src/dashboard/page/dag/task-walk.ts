// Owns where the arrow keys lead in a graph: along dependencies to the left and to the right, through a level up and
// down, in the order in which the layout shows it.

import { dependenciesOf, dependentsOfTask, type GraphColumns } from './graph-columns.ts';
import type { GraphLayout } from './graph-layout.ts';

/** A step of the walk, named after what it leads to. */
export type WalkStep =
  | 'dependency'
  | 'dependent'
  | 'before'
  | 'after'
  | 'page-before'
  | 'page-after'
  | 'first'
  | 'last';

/** Tasks that a page of the keyboard skips. */
const PAGE_TASKS = 10;

export class TaskWalk {
  readonly #graph: GraphColumns;
  readonly #layout: GraphLayout;
  /** Place in the layout's order, by task. */
  readonly #places: Uint32Array;
  /** Level l is at the places `#levels[l] … #levels[l + 1]`. */
  readonly #levels: Uint32Array;

  constructor(graph: GraphColumns, layout: GraphLayout) {
    this.#graph = graph;
    this.#layout = layout;
    this.#places = new Uint32Array(graph.size);
    layout.order.forEach((task, place) => {
      this.#places[task] = place;
    });
    this.#levels = new Uint32Array(graph.levelCount + 1);
    layout.columnLevels.forEach((level, column) => {
      this.#levels[level + 1] = layout.columnOffsets[column + 1] ?? 0;
    });
  }

  /** Where a walk begins. */
  get start(): number {
    return this.#layout.order[0] ?? -1;
  }

  /** The task after a step; the same where there is none. */
  step(task: number, step: WalkStep): number {
    const { order } = this.#layout;
    const place = this.#places[task] ?? 0;
    const { from, to } = this.#levelAround(task);
    const within = (target: number) => order[Math.min(to - 1, Math.max(from, target))] ?? task;
    switch (step) {
      case 'dependency':
        return this.#nearest(dependenciesOf(this.#graph, task), task);
      case 'dependent':
        return this.#nearest(dependentsOfTask(this.#graph, task), task);
      case 'before':
        return within(place - 1);
      case 'after':
        return within(place + 1);
      case 'page-before':
        return within(place - PAGE_TASKS);
      case 'page-after':
        return within(place + PAGE_TASKS);
      case 'first':
        return order[0] ?? task;
      case 'last':
        return order.at(-1) ?? task;
    }
  }

  /** Tasks of the same level around one, at most `reach` on either side, and where they stand in it, from 1. */
  around(
    task: number,
    reach: number,
  ): { readonly tasks: readonly number[]; readonly first: number; readonly size: number } {
    const { from, to } = this.#levelAround(task);
    const place = this.#places[task] ?? from;
    const start = Math.max(from, place - reach);
    const tasks = Array.from(this.#layout.order.subarray(start, Math.min(to, place + reach + 1)));
    return { tasks, first: start - from + 1, size: to - from };
  }

  #levelAround(task: number): { from: number; to: number } {
    const level = this.#graph.levels[task] ?? 0;
    return { from: this.#levels[level] ?? 0, to: this.#levels[level + 1] ?? 0 };
  }

  /** Of several ways the one that goes least up or down on the picture. */
  #nearest(tasks: Uint32Array, from: number): number {
    const { y } = this.#layout;
    let best = from;
    let least = Infinity;
    for (const task of tasks) {
      const distance = Math.abs((y[task] ?? 0) - (y[from] ?? 0));
      if (distance >= least) continue;
      best = task;
      least = distance;
    }
    return best;
  }
}
