// Owns the graph of a run as the page computes with it: typed columns, edges both ways, made once for each definition.
// What the server sends is checked here, so that nothing behind this file meets an index that is not there.
// Must never hold what changes while a run goes on: states are the scene's.

import type { RunDocument } from '../../wire.ts';
import { groupedBy } from './grouping.ts';

/** Edges and levels of a task graph; task i depends on `dependencies[offsets[i] … offsets[i + 1]]`. */
export interface GraphColumns {
  readonly size: number;
  readonly offsets: Uint32Array;
  readonly dependencies: Uint32Array;
  /** The task that has the dependency of the same row. */
  readonly targets: Uint32Array;
  readonly dependentOffsets: Uint32Array;
  readonly dependents: Uint32Array;
  readonly levels: Uint32Array;
  readonly levelCount: number;
  /** Tasks on the critical path, in order. */
  readonly criticalPath: Uint32Array;
  /** 1 for a row of `dependencies` that is a step of the critical path. */
  readonly isCriticalEdge: Uint8Array;
}

/** What of a run's tasks makes its graph. */
export type GraphTasks = Pick<RunDocument['tasks'], 'names' | 'offsets' | 'dependencies' | 'levels' | 'criticalPath'>;

/** The columns of a run's tasks; edges to nowhere and to oneself are left out. */
export function graphColumnsOf(tasks: GraphTasks): GraphColumns {
  const size = tasks.names.length;
  const { offsets, dependencies, targets } = edgesOf(tasks, size);
  const { levels, levelCount } = levelsOf(tasks.levels, size);
  const criticalPath = Uint32Array.from(tasks.criticalPath.filter((task) => task < size));
  return {
    size,
    offsets,
    dependencies,
    targets,
    ...dependentsOf(dependencies, targets, size),
    levels,
    levelCount,
    criticalPath,
    isCriticalEdge: criticalEdges(criticalPath, offsets, dependencies),
  };
}

/** The tasks that a task needs. */
export function dependenciesOf(graph: GraphColumns, task: number): Uint32Array {
  return graph.dependencies.subarray(graph.offsets[task] ?? 0, graph.offsets[task + 1] ?? 0);
}

/** The tasks that need a task. */
export function dependentsOfTask(graph: GraphColumns, task: number): Uint32Array {
  return graph.dependents.subarray(graph.dependentOffsets[task] ?? 0, graph.dependentOffsets[task + 1] ?? 0);
}

/** Whether two documents have the same tasks with the same edges. */
export function hasSameGraph(left: GraphTasks, right: GraphTasks): boolean {
  return (
    left.names === right.names ||
    (isSame(left.names, right.names) &&
      isSame(left.offsets, right.offsets) &&
      isSame(left.dependencies, right.dependencies) &&
      isSame(left.levels, right.levels) &&
      isSame(left.criticalPath, right.criticalPath))
  );
}

function isSame<T>(left: readonly T[], right: readonly T[]): boolean {
  return left === right || (left.length === right.length && left.every((value, index) => value === right[index]));
}

function edgesOf(tasks: Pick<GraphTasks, 'offsets' | 'dependencies'>, size: number) {
  const offsets = new Uint32Array(size + 1);
  const rows: number[] = [];
  const owners: number[] = [];
  for (let task = 0; task < size; task++) {
    const end = Math.min(tasks.offsets[task + 1] ?? 0, tasks.dependencies.length);
    for (let at = tasks.offsets[task] ?? end; at < end; at++) {
      const dependency = tasks.dependencies[at];
      if (dependency === undefined || dependency >= size || dependency === task) continue;
      rows.push(dependency);
      owners.push(task);
    }
    offsets[task + 1] = rows.length;
  }
  return { offsets, dependencies: Uint32Array.from(rows), targets: Uint32Array.from(owners) };
}

/** Levels without holes: a level that no task has would be an empty column. */
function levelsOf(given: readonly number[], size: number): { levels: Uint32Array; levelCount: number } {
  const used = new Set<number>();
  for (let task = 0; task < size; task++) used.add(given[task] ?? 0);
  const dense = new Map([...used].sort((left, right) => left - right).map((level, index) => [level, index]));
  const levels = Uint32Array.from({ length: size }, (_, task) => dense.get(given[task] ?? 0) ?? 0);
  return { levels, levelCount: dense.size };
}

function dependentsOf(dependencies: Uint32Array, targets: Uint32Array, size: number) {
  const { offsets, rows } = groupedBy(dependencies, size);
  return { dependentOffsets: offsets, dependents: rows.map((row) => targets[row] ?? 0) };
}

function criticalEdges(path: Uint32Array, offsets: Uint32Array, dependencies: Uint32Array): Uint8Array {
  const marks = new Uint8Array(dependencies.length);
  for (let step = 1; step < path.length; step++) {
    const task = path[step] ?? 0;
    const end = offsets[task + 1] ?? 0;
    for (let row = offsets[task] ?? end; row < end; row++) {
      if (dependencies[row] === path[step - 1]) marks[row] = 1;
    }
  }
  return marks;
}
