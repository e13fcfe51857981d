// Owns the checked task graph: names to indices, edges both ways in compact rows, and every fault of a bad one.
// Why: the engine counts in-degrees down and walks edges by index; a graph that exists is known to be sound and acyclic.
// Must never throw for a bad graph (faults are a result), recurse, or stop at the first fault.

import { type Adjacency, transpose } from './adjacency.ts';
import { findCycles } from './graph-cycles.ts';
import { NearNames, quoteName, suggestion } from './near-name.ts';

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
 * The graph of a list of tasks, or all its faults: in the order of the tasks, then one cycle for every group of tasks
 * that depend on each other. Linear in tasks and dependencies; a dependency listed twice counts once.
 */
export function buildTaskGraph(tasks: readonly TaskDependencies[]): BuiltTaskGraph {
  const faults: GraphFault[] = [];
  const index = indexNames(tasks);
  const adjacency = resolveDependencies(tasks, index, faults);
  const { names, indexByName } = index;
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
    indexOf: (name) => indexByName.get(name) ?? -1,
  };
  return { kind: 'built', graph };
}

interface NameIndex {
  /** Each name once, in order of first appearance. */
  readonly names: readonly string[];
  readonly indexByName: ReadonlyMap<string, number>;
  /** How often a name appears, of those that appear more than once. */
  readonly repeated: ReadonlyMap<string, number>;
}

function indexNames(tasks: readonly TaskDependencies[]): NameIndex {
  const names: string[] = [];
  const indexByName = new Map<string, number>();
  const repeated = new Map<string, number>();
  for (const { name } of tasks) {
    if (indexByName.has(name)) {
      repeated.set(name, (repeated.get(name) ?? 1) + 1);
    } else {
      indexByName.set(name, names.length);
      names.push(name);
    }
  }
  return { names, indexByName, repeated };
}

/**
 * Edges from each task to what it depends on; what cannot be an edge becomes a fault. A second task of a name is
 * checked but adds no edges: once it is renamed nothing depends on it, so it can be in no cycle.
 */
function resolveDependencies(tasks: readonly TaskDependencies[], index: NameIndex, faults: GraphFault[]): Adjacency {
  const size = index.names.length;
  let listed = 0;
  for (const task of tasks) listed += task.dependencies?.length ?? 0;
  const offsets = new Int32Array(size + 1);
  const targets = new Int32Array(listed);
  const lastListedBy = new Int32Array(size);
  const near = new NearNames(index.names);
  let edges = 0;
  let node = 0;
  for (let position = 0; position < tasks.length; position++) {
    const task = tasks[position];
    if (task === undefined) continue;
    const isFirst = task.name === index.names[node];
    const start = edges;
    let missing: Set<string> | undefined;
    if (isFirst) {
      const count = index.repeated.size === 0 ? undefined : index.repeated.get(task.name);
      if (count !== undefined) faults.push(duplicateFault(task.name, count));
    }
    for (const dependency of task.dependencies ?? []) {
      const target = index.indexByName.get(dependency);
      if (target === undefined) {
        missing ??= new Set();
        if (!missing.has(dependency)) faults.push(missingFault(task.name, dependency, near));
        missing.add(dependency);
      } else if (lastListedBy[target] !== position + 1) {
        lastListedBy[target] = position + 1;
        if (dependency === task.name) faults.push(selfFault(task.name));
        else targets[edges++] = target;
      }
    }
    if (isFirst) offsets[++node] = edges;
    else edges = start;
  }
  return { size, offsets, targets: edges === listed ? targets : targets.slice(0, edges) };
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
