// Owns WorkflowDAG: the public, growing form of a task graph. It collects tasks, checks them as a whole, and answers
// questions by name. Why a class over `buildTaskGraph`: tasks may be added in any order, so faults wait for `validate`.
// Must never answer from a graph that is faulty or older than the last change.

import { RuntimeError } from '../domain/runtime-error.ts';
import { criticalPath } from './critical-path.ts';
import { dagErrorOf } from './dag-errors.ts';
import { toDot, toMermaid } from './graph-notation.ts';
import { NearNames, quoteName, suggestion } from './near-name.ts';
import { ancestorsOf, descendantsOf } from './reachability.ts';
import { type BuiltTaskGraph, buildTaskGraph, type TaskDependencies, type TaskGraph } from './task-graph.ts';
import { levelGroups, topologicalOrder } from './topological-order.ts';

/** A task given to a DAG; fields beyond name and dependencies are allowed and not kept. */
export type DagTask = TaskDependencies | (TaskDependencies & { readonly [field: string]: unknown });

/** Tasks as a list, or as a record of dependencies by name (whose integer-like names come first, as JavaScript has it). */
export type DagTasks = readonly DagTask[] | Readonly<Record<string, readonly string[]>>;

interface TaskRecord {
  readonly name: string;
  readonly dependencies: string[];
}

/**
 * A graph of named tasks and their dependencies. Faults are reported by `validate` and by every question, all at once.
 * Results follow the order in which tasks were added, never the order of dependencies or of hashing.
 * @example
 * const dag = new WorkflowDAG({ fetch: [], parse: ['fetch'], report: ['parse'] });
 * dag.getExecutionLevels(); // [['fetch'], ['parse'], ['report']]
 */
export class WorkflowDAG {
  readonly #tasks: TaskRecord[] = [];
  readonly #byName = new Map<string, TaskRecord>();
  #built: BuiltTaskGraph | undefined;
  #order: Int32Array | undefined;

  /** @throws ARGUMENT_INVALID for anything that is not a list of tasks or a record of name lists */
  constructor(tasks: DagTasks = []) {
    for (const task of taskList(tasks)) this.#add(readTask(task));
  }

  /** How many tasks were added. */
  get size(): number {
    return this.#tasks.length;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Adds a task; what it depends on may be added later. @throws ARGUMENT_INVALID */
  addTask(name: string, dependencies?: readonly string[]): this;
  addTask(task: DagTask): this;
  addTask(task: string | DagTask, dependencies?: readonly string[]): this {
    this.#add(readTask(typeof task === 'string' ? { name: task, dependencies } : task));
    return this;
  }

  /** Makes a task wait for another one, which may be added later. @throws TASK_NOT_FOUND, ARGUMENT_INVALID */
  addDependency(task: string, dependsOn: string): this {
    if (typeof dependsOn !== 'string') throw invalid('addDependency', 'the name of a task as second argument');
    const record = this.#byName.get(task);
    if (record === undefined) throw this.#notFound(task);
    record.dependencies.push(dependsOn);
    this.#forget();
    return this;
  }

  /** Checks everything. @throws DAG_INVALID (DAGValidationError), DAG_CYCLE (CycleDetectedError); both list all faults */
  validate(): void {
    this.graph();
  }

  /** The checked graph in compact arrays, for walks by index. @throws as `validate` */
  graph(): TaskGraph {
    this.#built ??= buildTaskGraph(this.#tasks);
    if (this.#built.kind === 'faulty') throw dagErrorOf(this.#built.faults);
    return this.#built.graph;
  }

  /** All names, each after its dependencies: by level, within a level as added. @throws as `validate` */
  topologicalSort(): string[] {
    return this.#namesOf(this.#topologicalOrder());
  }

  /** Names by level: 0 needs nothing, each other level needs something of the level before. @throws as `validate` */
  getExecutionLevels(): string[][] {
    return levelGroups(this.graph()).map((group) => this.#namesOf(group));
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
    const { path, length } = criticalPath(graph, Float64Array.from(graph.names, weight));
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
    return this.#tasks.map(({ name, dependencies }) => ({ name, dependencies: [...dependencies] }));
  }

  #add(task: TaskRecord): void {
    this.#tasks.push(task);
    // A second task of the name is a fault for `validate`; until then the name means the first one.
    if (!this.#byName.has(task.name)) this.#byName.set(task.name, task);
    this.#forget();
  }

  #forget(): void {
    this.#built = undefined;
    this.#order = undefined;
  }

  #topologicalOrder(): Int32Array {
    this.#order ??= topologicalOrder(this.graph());
    return this.#order;
  }

  #indexOf(name: string): number {
    const index = this.graph().indexOf(name);
    if (index === -1) throw this.#notFound(name);
    return index;
  }

  #namesOf(indices: Iterable<number>): string[] {
    const { names } = this.graph();
    return Array.from(indices, (index) => names[index] ?? '');
  }

  #notFound(name: string): RuntimeError {
    const shown = quoteName(String(name));
    const hint = suggestion(new NearNames(this.#byName.keys()).nearest(String(name)));
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
function readTask(task: unknown): TaskRecord {
  const { name, dependencies = [] }: { name?: unknown; dependencies?: unknown } = Object(task);
  if (typeof name !== 'string') throw invalid('a task', `a name that is text, not ${typeof name}`);
  if (!Array.isArray(dependencies)) throw invalid(`task ${quoteName(name)}`, 'a list of names as dependencies');
  const names: string[] = [];
  for (const dependency of dependencies) {
    if (typeof dependency !== 'string') throw invalid(`task ${quoteName(name)}`, 'dependencies that are names');
    names.push(dependency);
  }
  return { name, dependencies: names };
}

function invalid(subject: string, expected: string): RuntimeError {
  return new RuntimeError('ARGUMENT_INVALID', `${subject} needs ${expected}`);
}
