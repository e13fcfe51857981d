// Owns what of a run does not change while it goes on: its tasks in file order, their actions, priorities, edges, levels
// and expected durations, as the columns that cross to the page. Without a definition on record tasks are added as they
// are heard of, and have no edges.

import { criticalPath } from '../dag/critical-path.ts';
import type { TaskGraph } from '../dag/task-graph.ts';
import { executionLevels } from '../dag/topological-order.ts';
import { TaskPriority } from '../domain/statuses.ts';
import type { StepDefinition, WorkflowDefinition } from '../domain/workflow-definition.ts';
import { compileWorkflow } from '../engine/workflow-compiler.ts';
import type { RunDocument } from './wire.ts';

/** Tasks that are heard of without a definition; further ones are passed over. */
const MOST_UNDEFINED_TASKS = 100_000;
const DEFAULT_SECONDS = 1;

/** One task when there is no definition to take it from. */
export interface LooseTask {
  readonly name: string;
  /** `module.action`; null = not known. */
  readonly action: string | null;
  readonly priority: number;
}

/** Seconds that a step is expected to take, where that is known. */
export type ExpectedSeconds = (step: StepDefinition) => number | undefined;

/** What is known of a workflow beyond its definition. */
export interface KnownOfWorkflow {
  readonly expected?: ExpectedSeconds;
  /** Its graph, where it has been made already. */
  readonly graph?: TaskGraph | undefined;
}

type StaticColumns = Pick<
  RunDocument['tasks'],
  'names' | 'actions' | 'actionNames' | 'offsets' | 'dependencies' | 'levels' | 'priorities'
>;

export class RunShape {
  readonly hasDefinition: boolean;
  readonly names: string[] = [];
  /** null = no edges are known. */
  readonly graph: TaskGraph | null;
  readonly definition: WorkflowDefinition | null;
  readonly #indexes = new Map<string, number>();
  readonly #actions: number[] = [];
  readonly #actionNames: string[] = [];
  readonly #actionIndexes = new Map<string, number>();
  readonly #priorities: number[] = [];
  readonly #levels: number[] = [];
  readonly #seconds: number[] = [];
  #offsets: number[] | undefined;
  #dependencies: number[] | undefined;

  private constructor(definition: WorkflowDefinition | null, graph: TaskGraph | null, hasDefinition: boolean) {
    this.definition = definition;
    this.graph = graph;
    this.hasDefinition = hasDefinition;
  }

  /** Of a workflow's run. A definition on record was checked when it was run, so it compiles. */
  static ofWorkflow(definition: WorkflowDefinition, known: KnownOfWorkflow = {}): RunShape {
    const { expected = () => undefined, graph = graphOf(definition) } = known;
    const shape = new RunShape(definition, graph, true);
    for (const step of definition.steps) {
      shape.#add({ name: step.name, action: `${step.module}.${step.action}`, priority: step.priority });
      shape.#seconds.push(expected(step) ?? step.estimatedSeconds ?? DEFAULT_SECONDS);
    }
    if (graph !== null) for (const [task, level] of executionLevels(graph).entries()) shape.#levels[task] = level;
    return shape;
  }

  /** Of a single task, or of a run whose definition is not on record any more. */
  static ofTasks(tasks: readonly LooseTask[], hasDefinition: boolean): RunShape {
    const shape = new RunShape(null, null, hasDefinition);
    for (const task of tasks) shape.#add(task);
    return shape;
  }

  get size(): number {
    return this.names.length;
  }

  /** −1 for a name that the run does not have. Without a definition such a name becomes a task. */
  indexOf(name: string): number {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    if (this.definition !== null || this.size >= MOST_UNDEFINED_TASKS) return -1;
    return this.#add({ name, action: null, priority: TaskPriority.NORMAL });
  }

  /** Whether the run has a task of that name; adds none. */
  has(name: string): boolean {
    return this.#indexes.has(name);
  }

  /** How many direct dependencies a task has. */
  dependencyCount(task: number): number {
    const { graph } = this;
    return graph === null ? 0 : (graph.dependencyOffsets[task + 1] ?? 0) - (graph.dependencyOffsets[task] ?? 0);
  }

  /** Indexes of direct dependencies. */
  dependenciesOf(task: number): number[] {
    return this.graph === null ? [] : rowOf(this.graph.dependencyOffsets, this.graph.dependencies, task);
  }

  /** Indexes of tasks that depend on this one directly. */
  dependentsOf(task: number): number[] {
    return this.graph === null ? [] : rowOf(this.graph.dependentOffsets, this.graph.dependents, task);
  }

  step(task: number): StepDefinition | undefined {
    return this.definition?.steps[task];
  }

  /** The heaviest chain, by what tasks took where that is known, else by what they are expected to take. */
  criticalPath(tookMs: (task: number) => number | undefined): number[] {
    const { graph } = this;
    if (graph === null) return [];
    const weights = Float64Array.from(this.names, (_, task) => {
      const took = tookMs(task);
      return took === undefined ? Math.max(0, this.#seconds[task] ?? 0) : Math.max(0, took) / 1_000;
    });
    return criticalPath(graph, weights).path;
  }

  /** Fresh arrays where the shape may still grow; else the shape's own, which nobody changes. */
  columns(): StaticColumns {
    this.#offsets ??= this.graph === null ? undefined : Array.from(this.graph.dependencyOffsets);
    this.#dependencies ??= this.graph === null ? undefined : Array.from(this.graph.dependencies);
    return {
      names: this.definition === null ? [...this.names] : this.names,
      actions: this.definition === null ? [...this.#actions] : this.#actions,
      actionNames: this.#actionNames,
      offsets: this.#offsets ?? this.names.map(() => 0).concat(0),
      dependencies: this.#dependencies ?? [],
      levels: this.definition === null ? [...this.#levels] : this.#levels,
      priorities: this.definition === null ? [...this.#priorities] : this.#priorities,
    };
  }

  #add({ name, action, priority }: LooseTask): number {
    const index = this.names.push(name) - 1;
    const actionName = action ?? '';
    let actionIndex = this.#actionIndexes.get(actionName);
    if (actionIndex === undefined) {
      actionIndex = this.#actionNames.push(actionName) - 1;
      this.#actionIndexes.set(actionName, actionIndex);
    }
    this.#indexes.set(name, index);
    this.#actions.push(actionIndex);
    this.#priorities.push(priority);
    this.#levels.push(0);
    return index;
  }
}

function graphOf(definition: WorkflowDefinition): TaskGraph | null {
  const compilation = compileWorkflow(definition);
  return compilation.kind === 'compiled' ? compilation.workflow.graph : null;
}

function rowOf(offsets: Int32Array, targets: Int32Array, row: number): number[] {
  return Array.from(targets.subarray(offsets[row] ?? 0, offsets[row + 1] ?? 0));
}
