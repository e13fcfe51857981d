// Owns what there is to see of a run: the laid out graph, and of each task the state, attempts and progress of now,
// counted by column so that far zoom never walks over tasks. Changes come as whole columns and are compared here:
// what did not change costs no repaint.

import { type RunDocument, TASK_STATES } from '../../wire.ts';
import type { GraphColumns } from './graph-columns.ts';
import { columnBounds, columnCount, columnOfTasks, type GraphLayout } from './graph-layout.ts';
import { SpatialGrid } from './spatial-grid.ts';

/** Columns of a tally: one a state. */
export const STATES = TASK_STATES.length;

type Tasks = RunDocument['tasks'];

export class Scene {
  readonly graph: GraphColumns;
  readonly layout: GraphLayout;
  readonly names: readonly string[];
  readonly grid: SpatialGrid;
  /** Left, top, right, bottom of each column. */
  readonly bounds: Float32Array;
  readonly columnOf: Uint32Array;
  readonly states: Uint8Array;
  readonly attempts: Uint32Array;
  /** -1 = it says nothing of it. */
  readonly progress: Float32Array;
  /** Tasks by column and state: `tally[column × STATES + state]`. */
  readonly tally: Uint32Array;
  /** 1 for a column with a task of the critical path. */
  readonly isCriticalColumn: Uint8Array;
  readonly isCriticalTask: Uint8Array;
  /** Rows of the graph's edges that are steps of the critical path. */
  readonly criticalRows: readonly number[];
  readonly #actions: readonly number[];
  readonly #actionNames: readonly string[];

  constructor(graph: GraphColumns, layout: GraphLayout, tasks: Tasks) {
    this.graph = graph;
    this.layout = layout;
    this.names = tasks.names;
    this.grid = new SpatialGrid(layout);
    this.bounds = columnBounds(layout);
    this.columnOf = columnOfTasks(layout);
    this.states = new Uint8Array(graph.size);
    this.attempts = new Uint32Array(graph.size);
    this.progress = new Float32Array(graph.size).fill(-1);
    this.tally = new Uint32Array(columnCount(layout) * STATES);
    this.isCriticalColumn = new Uint8Array(columnCount(layout));
    this.isCriticalTask = new Uint8Array(graph.size);
    for (const task of graph.criticalPath) this.isCriticalTask[task] = 1;
    this.criticalRows = Array.from(graph.dependencies.keys()).filter((row) => graph.isCriticalEdge[row] === 1);
    for (const task of graph.criticalPath) this.isCriticalColumn[this.columnOf[task] ?? 0] = 1;
    this.#actions = tasks.actions;
    this.#actionNames = tasks.actionNames;
    for (const column of this.columnOf) this.tally[column * STATES] = (this.tally[column * STATES] ?? 0) + 1;
    this.update(tasks);
  }

  /** Takes over what tasks are at now; true = something of it is another than before. */
  update(tasks: Pick<Tasks, 'states' | 'attempts' | 'progress'>): boolean {
    let isChanged = false;
    for (let task = 0; task < this.graph.size; task++) {
      const code = tasks.states[task] ?? 0;
      const state = code < STATES ? code : 0;
      const attempts = tasks.attempts[task] ?? 0;
      const progress = Math.fround(tasks.progress[task] ?? -1);
      if (this.states[task] !== state) this.#move(task, state);
      else if (this.attempts[task] === attempts && this.progress[task] === progress) continue;
      this.attempts[task] = attempts;
      this.progress[task] = progress;
      isChanged = true;
    }
    return isChanged;
  }

  /** Whether the levels are wrapped, so that the picture is read as text is. */
  get isWrapped(): boolean {
    return (this.layout.columnBands.at(-1) ?? 0) > 0;
  }

  /** `module.action` of a task. */
  actionOf(task: number): string {
    return this.#actionNames[this.#actions[task] ?? -1] ?? '';
  }

  #move(task: number, state: number): void {
    const row = (this.columnOf[task] ?? 0) * STATES;
    const before = row + (this.states[task] ?? 0);
    this.tally[before] = (this.tally[before] ?? 0) - 1;
    this.tally[row + state] = (this.tally[row + state] ?? 0) + 1;
    this.states[task] = state;
  }
}
