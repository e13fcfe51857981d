// Owns the checked task graph: names to indices, edges both ways in compact rows, and every fault of a bad one.
// Why: the engine counts in-degrees down and walks edges by index; a graph that exists is known to be sound and acyclic.
// Must never throw for a bad graph (faults are a result), recurse, or stop at the first fault.

import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { type Adjacency, at, transpose } from './adjacency.ts';
import { findCycles } from './graph-cycles.ts';
import { type TaskRows, TaskTable } from './task-table.ts';

/** A task as far as the graph is concerned. */
export interface TaskDependencies {
  readonly name: string;
  readonly dependencies?: readonly string[] | undefined;
}

/**
 * A sound, acyclic graph. An index is the position of the task in the list it was built from.
 * The arrays belong to the graph: read them, never write.
 */
export interface TaskGraph {
  readonly size: number;
  readonly names: readonly string[];
  /** `dependencies[dependencyOffsets[i]]` … `[dependencyOffsets[i + 1] - 1]`: direct ones, each once, as declared. */
  readonly dependencyOffsets: Int32Array;
  readonly dependencies: Int32Array;
  /** The same for what depends directly on a task, in ascending order. */
  readonly dependentOffsets: Int32Array;
  readonly dependents: Int32Array;
  /** −1 for a name that no task has. */
  indexOf(name: string): number;
}

/** One thing wrong with a list of tasks. */
export interface GraphFault {
  readonly code: 'TASK_DUPLICATE' | 'DEPENDENCY_MISSING' | 'DEPENDENCY_SELF' | 'DAG_CYCLE';
  readonly message: string;
  readonly task: string;
  readonly dependency?: string;
  /**
   * Of DAG_CYCLE and DEPENDENCY_SELF: a real cycle; each task depends on the next one, the last on the first.
   * The first is not repeated at the end.
   */
  readonly cycle?: readonly string[];
}

export type BuiltTaskGraph =
  | { readonly kind: 'built'; readonly graph: TaskGraph }
  | { readonly kind: 'faulty'; readonly faults: GraphFault[] };

/** Names of a cycle that its message spells out; `cycle` has all. */
const NAMES_IN_MESSAGE = 10;

/**
 * The graph of a list of tasks, or all its faults: repeated names, dependencies in the order of the tasks, then one cycle for every group of tasks
 * that depend on each other. Linear in tasks and dependencies; a dependency listed twice counts once.
 */
export function buildTaskGraph(tasks: readonly TaskDependencies[]): BuiltTaskGraph {
  const table = new TaskTable();
  for (const task of tasks) table.add(task.name, task.dependencies ?? []);
  return graphOfTable(table);
}

/** The same for a table, which may grow afterwards: the graph is of the tasks that it holds now. */
export function graphOfTable(table: TaskTable): BuiltTaskGraph {
  const rows = table.rows();
  const names = rows.idOfPosition.map((id) => rows.nameOfId[id] ?? '');
  const faults = duplicateFaults(rows);
  const adjacency = resolveDependencies(rows, names, faults);
  for (const cycle of findCycles(adjacency)) faults.push(cycleFault(cycle.map((node) => names[node] ?? '')));
  if (faults.length > 0) return { kind: 'faulty', faults };
  const reversed = transpose(adjacency);
  const graph: TaskGraph = {
    size: names.length,
    names,
    dependencyOffsets: adjacency.offsets,
    dependencies: adjacency.targets,
    dependentOffsets: reversed.offsets,
    dependents: reversed.targets,
    indexOf: (name) => rows.positionOfId[table.idOf(name)] ?? -1,
  };
  return { kind: 'built', graph };
}

function duplicateFaults({ idOfPosition, positionOfId, nameOfId }: TaskRows): GraphFault[] {
  const counts = new Map<number, number>();
  for (let position = 0; position < idOfPosition.length; position++) {
    const id = idOfPosition[position] as number;
    if (positionOfId[id] !== position) counts.set(id, (counts.get(id) ?? 1) + 1);
  }
  return Array.from(counts, ([id, count]) => duplicateFault(nameOfId[id] ?? '', count));
}

/**
 * Edges by position from each task to what it depends on; what cannot be an edge becomes a fault. Edges lead to the
 * first task of a name alone, so a second one can be in no cycle: once it is renamed nothing depends on it.
 */
function resolveDependencies(rows: TaskRows, names: readonly string[], faults: GraphFault[]): Adjacency {
  const { positionOfId, nameOfId, ids } = rows;
  const size = names.length;
  const offsets = new Int32Array(size + 1);
  const targets = new Int32Array(ids.length);
  const lastListedBy = new Int32Array(positionOfId.length).fill(-1);
  const near = new NearNames(names);
  let edges = 0;
  for (let position = 0; position < size; position++) {
    const own = rows.idOfPosition[position] as number;
    const end = at(rows.offsets, position + 1);
    for (let entry = at(rows.offsets, position); entry < end; entry++) {
      const id = at(ids, entry);
      if (lastListedBy[id] === position) continue;
      lastListedBy[id] = position;
      const target = at(positionOfId, id);
      if (target === -1) faults.push(missingFault(names[position] ?? '', nameOfId[id] ?? '', near));
      else if (id === own) faults.push(selfFault(names[position] ?? ''));
      else targets[edges++] = target;
    }
    offsets[position + 1] = edges;
  }
  return { size, offsets, targets: edges === targets.length ? targets : targets.slice(0, edges) };
}

function duplicateFault(task: string, count: number): GraphFault {
  const message = `${count} tasks are named ${quoteName(task)}; give each a name of its own`;
  return { code: 'TASK_DUPLICATE', message, task };
}

function missingFault(task: string, dependency: string, near: NearNames): GraphFault {
  const hint = suggestion(near.nearest(dependency));
  const message = `task ${quoteName(task)} depends on ${quoteName(dependency)}, which does not exist${hint}; add that task or correct the name`;
  return { code: 'DEPENDENCY_MISSING', message, task, dependency };
}

function selfFault(task: string): GraphFault {
  const message = `task ${quoteName(task)} depends on itself; remove that dependency`;
  return { code: 'DEPENDENCY_SELF', message, task, dependency: task, cycle: [task] };
}

function cycleFault(cycle: readonly string[]): GraphFault {
  const [task = '', dependency = task] = cycle;
  const shown = cycle.slice(0, NAMES_IN_MESSAGE).map(quoteName);
  if (cycle.length > NAMES_IN_MESSAGE) shown.push(`… ${cycle.length - NAMES_IN_MESSAGE} more …`);
  const ring = [...shown, quoteName(task)].join(' → ');
  const message = `${cycle.length} tasks depend on each other in a ring: ${ring} (each depends on the next); remove one of these dependencies`;
  return { code: 'DAG_CYCLE', message, task, dependency, cycle };
}
