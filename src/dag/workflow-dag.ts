// Owns WorkflowDAG: the public, growing form of a task graph. It collects tasks, checks them as a whole, and answers
// questions by name. Why a class over `buildTaskGraph`: tasks may be added in any order, so faults wait for `validate`.
// Must never answer from a graph that is faulty or older than the last change.

import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { criticalPath, upwardRanks } from './critical-path.ts';
import { dagErrorOf } from './dag-errors.ts';
import { toDot, toMermaid } from './graph-notation.ts';
import { ancestorsOf, descendantsOf } from './reachability.ts';
import { type BuiltTaskGraph, graphOfTable, type TaskDependencies, type TaskGraph } from './task-graph.ts';
import { TaskTable } from './task-table.ts';
import { executionLevels, levelGroups, topologicalOrder } from './topological-order.ts';

/** A task given to a DAG; fields beyond name and dependencies are allowed and not kept. */
export type DagTask = TaskDependencies | (TaskDependencies & { readonly [field: string]: unknown });

/** Tasks as a list, or as a record of dependencies by name (whose integer-like names come first, as JavaScript has it). */
export type DagTasks = readonly DagTask[] | Readonly<Record<string, readonly string[]>>;

/**
 * A graph of named tasks and their dependencies. Faults are reported by `validate` and by every question, all at once.
 * Results follow the order in which tasks were added, never the order of dependencies or of hashing.
 * @example
 * const dag = new WorkflowDAG({ fetch: [], parse: ['fetch'], report: ['parse'] });
 * dag.getExecutionLevels(); // [['fetch'], ['parse'], ['report']]
 */
export class WorkflowDAG {
  readonly #table = new TaskTable();
  #built: BuiltTaskGraph | undefined;
  #levels: Int32Array | undefined;
  #order: Int32Array | undefined;

  /** @throws ARGUMENT_INVALID for anything that is not a list of tasks or a record of name lists */
  constructor(tasks: DagTasks = []) {
    for (const task of taskList(tasks)) this.#add(task);
  }

  /** How many tasks were added. */
  get size(): number {
    return this.#table.size;
  }

  has(name: string): boolean {
    return this.#table.positionOf(name) !== -1;
  }

  /** Adds a task; what it depends on may be added later. @throws ARGUMENT_INVALID */
  addTask(name: string, dependencies?: readonly string[]): this;
  addTask(task: DagTask): this;
  addTask(task: string | DagTask, dependencies?: readonly string[]): this {
    this.#add(typeof task === 'string' ? { name: task, dependencies } : task);
    return this;
  }

  /** Makes a task wait for another one, which may be added later. @throws TASK_NOT_FOUND, ARGUMENT_INVALID */
  addDependency(task: string, dependsOn: string): this {
    if (typeof dependsOn !== 'string') throw invalid('addDependency', 'the name of a task as second argument');
    const position = this.#table.positionOf(task);
    if (position === -1) throw this.#notFound(task);
    this.#table.addDependency(position, dependsOn);
    this.#forget();
    return this;
  }

  /** Checks everything. @throws DAG_INVALID (DAGValidationError), DAG_CYCLE (CycleDetectedError); both list all faults */
  validate(): void {
    this.graph();
  }

  /** The checked graph in compact arrays, for walks by index. @throws as `validate` */
  graph(): TaskGraph {
    this.#built ??= graphOfTable(this.#table);
    if (this.#built.kind === 'faulty') throw dagErrorOf(this.#built.faults);
    return this.#built.graph;
  }

  /** All names, each after its dependencies: by level, within a level as added. @throws as `validate` */
  topologicalSort(): string[] {
    return this.#namesOf(this.#topologicalOrder());
  }

  /** Names by level: 0 needs nothing, each other level needs something of the level before. @throws as `validate` */
  getExecutionLevels(): string[][] {
    return levelGroups(this.graph(), this.#executionLevels()).map((group) => this.#namesOf(group));
  }

  /** All direct and indirect dependencies of a task, in topological order. @throws TASK_NOT_FOUND, or as `validate` */
  getTaskDependencies(name: string): string[] {
    return this.#namesOf(ancestorsOf(this.graph(), this.#indexOf(name), this.#topologicalOrder()));
  }

  /** All tasks that need a task directly or indirectly, in topological order. @throws TASK_NOT_FOUND, or as `validate` */
  getDependentTasks(name: string): string[] {
    return this.#namesOf(descendantsOf(this.graph(), this.#indexOf(name), this.#topologicalOrder()));
  }

  /**
   * A heaviest chain of tasks, and its weight.
   * @param weight by name: finite, not negative; default 1 for each task, so that `length` counts tasks
   * @throws ARGUMENT_INVALID, or as `validate`
   */
  criticalPath(weight: (name: string) => number = () => 1): { path: string[]; length: number } {
    const graph = this.graph();
    const weights = new Float64Array(graph.size);
    for (let index = 0; index < weights.length; index++) weights[index] = weight(graph.names[index] ?? '');
    const { path, length } = criticalPath(graph, weights, upwardRanks(graph, weights, this.#topologicalOrder()));
    return { path: this.#namesOf(path), length };
  }

  /** A Mermaid flowchart. @throws as `validate` */
  toMermaid(): string {
    return toMermaid(this.graph());
  }

  /** A Graphviz digraph. @throws as `validate` */
  toDot(): string {
    return toDot(this.graph());
  }

  /** What the constructor takes, faults included: the tasks as added, with their dependencies. */
  toJSON(): { name: string; dependencies: string[] }[] {
    const { nameOfId, idOfPosition, offsets, ids } = this.#table.rows();
    const nameOf = (id: number): string => nameOfId[id] ?? '';
    return idOfPosition.map((id, position) => {
      const dependencies = ids.subarray(offsets[position], offsets[position + 1]);
      return { name: nameOf(id), dependencies: Array.from(dependencies, nameOf) };
    });
  }

  // A second task of a name is a fault for `validate`; until then the name means the first one.
  #add(value: unknown): void {
    const { name, dependencies } = readTask(value);
    this.#table.add(name, dependencies);
    this.#forget();
  }

  #forget(): void {
    this.#built = undefined;
    this.#levels = undefined;
    this.#order = undefined;
  }

  #executionLevels(): Int32Array {
    this.#levels ??= executionLevels(this.graph());
    return this.#levels;
  }

  #topologicalOrder(): Int32Array {
    this.#order ??= topologicalOrder(this.graph(), this.#executionLevels());
    return this.#order;
  }

  #indexOf(name: string): number {
    const index = this.graph().indexOf(name);
    if (index === -1) throw this.#notFound(name);
    return index;
  }

  #namesOf(indices: ArrayLike<number>): string[] {
    const { names } = this.graph();
    const result: string[] = [];
    for (let position = 0; position < indices.length; position++) result.push(names[indices[position] ?? -1] ?? '');
    return result;
  }

  #notFound(name: string): RuntimeError {
    const shown = quoteName(String(name));
    const { nameOfId, idOfPosition } = this.#table.rows();
    const near = new NearNames(idOfPosition.map((id) => nameOfId[id] ?? ''));
    const hint = suggestion(near.nearest(String(name)));
    return new RuntimeError('TASK_NOT_FOUND', `the DAG has no task ${shown}${hint}; add it first or correct the name`, {
      details: { task: name },
    });
  }
}

function* taskList(tasks: DagTasks): Iterable<unknown> {
  if (Array.isArray(tasks)) {
    yield* tasks;
    return;
  }
  const prototype: unknown = typeof tasks === 'object' && tasks !== null ? Object.getPrototypeOf(tasks) : undefined;
  if (prototype !== Object.prototype && prototype !== null) {
    throw invalid('WorkflowDAG', 'a list of {name, dependencies?} or a record of dependencies by name');
  }
  for (const [name, dependencies] of Object.entries(tasks)) yield { name, dependencies };
}

/** Callers without types, and files, reach this: a wrong value is named here instead of failing later. */
function readTask(task: unknown): { name: string; dependencies: readonly string[] } {
  const { name, dependencies = [] }: { name?: unknown; dependencies?: unknown } = Object(task);
  if (typeof name !== 'string') throw invalid('a task', `a name that is text, not ${typeof name}`);
  if (!isNameList(dependencies)) throw invalid(`task ${quoteName(name)}`, 'a list of names as dependencies');
  return { name, dependencies };
}

function isNameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function invalid(subject: string, expected: string): RuntimeError {
  return new RuntimeError('ARGUMENT_INVALID', `${subject} needs ${expected}`);
}
