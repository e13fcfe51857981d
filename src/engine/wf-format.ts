// Owns the reading of WfFormat, the JSON of recorded scientific workflows (WfCommons): each task becomes a step that
// spends its recorded runtime on a CPU. 1.5 and later: structure in `specification`, runtimes in `execution`, joined by
// id. Up to 1.4: one list, tasks naming each other by name or by id. Fields that say nothing about graph or time are left alone.
// Format: https://github.com/wfcommons/WfFormat.

import { formatJsonPath, type JsonPathSegment } from '../domain/json-path.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { DEFAULT_RETRY_POLICY } from '../domain/retry-policy.ts';
import { TaskPriority } from '../domain/statuses.ts';
import type { StepDefinition, WorkflowDefinition, WorkflowFault } from '../domain/workflow-definition.ts';
import { WORKFLOW_LIMITS } from '../domain/workflow-schema.ts';

export type WfFormatReading =
  | {
      readonly kind: 'sound';
      readonly definition: WorkflowDefinition;
      /** Where the tasks stand in the file: for faults that are found later. */
      readonly tasksPath: string;
    }
  | { readonly kind: 'faulty'; readonly faults: readonly WorkflowFault[] };

type Place = readonly JsonPathSegment[];

interface Task {
  readonly id: string | null;
  readonly name: string | null;
  readonly parents: readonly unknown[];
  readonly children: readonly unknown[];
  readonly raw: Readonly<Record<string, unknown>>;
  readonly at: Place;
}

const RUNTIME_FIELDS = ['runtimeInSeconds', 'runtime'] as const;

/** Whether a JSON value has the shape of a WfFormat file: a `workflow` object, and no steps of our own. */
export function isWfFormat(value: unknown): boolean {
  return isRecord(value) && !Object.hasOwn(value, 'steps') && isRecord(value.workflow);
}

/** Reads a WfFormat document, 1.0 to 1.6, into a workflow of `core.burn` steps. */
export function readWfFormat(value: unknown, defaultName: string): WfFormatReading {
  return new WfFormatReader(isRecord(value) ? value : {}).read(defaultName);
}

class WfFormatReader {
  readonly #file: Readonly<Record<string, unknown>>;
  readonly #faults: WorkflowFault[] = [];

  constructor(file: Readonly<Record<string, unknown>>) {
    this.#file = file;
  }

  read(defaultName: string): WfFormatReading {
    const workflow = isRecord(this.#file.workflow) ? this.#file.workflow : {};
    const { specification, execution } = workflow;
    const isSplit = this.#isSplit();
    const at: Place = isSplit ? ['workflow', 'specification', 'tasks'] : ['workflow', this.#listName(workflow)];
    const tasks = this.#readTasks(isSplit ? this.#memberOf(specification, 'tasks') : workflow[String(at[1])], at);
    const names = this.#nameSteps(tasks);
    const runtimes = isSplit ? this.#readExecution(execution) : null;
    const dependencies = this.#readDependencies(tasks, names);
    const steps = tasks.map((task, index) => {
      const seconds = runtimes === null ? this.#runtimeOf(task.raw, task.at) : runtimes.get(task.id ?? '');
      return burnStep(names[index] ?? '', dependencies[index] ?? [], seconds ?? 0);
    });
    if (this.#faults.length > 0) return { kind: 'faulty', faults: this.#faults };
    return { kind: 'sound', definition: this.#definition(steps, defaultName), tasksPath: formatJsonPath(at) };
  }

  #definition(steps: readonly StepDefinition[], defaultName: string): WorkflowDefinition {
    const { name, description, schemaVersion } = this.#file;
    return Object.freeze({
      name: typeof name === 'string' && /\S/.test(name) ? name : defaultName,
      description: typeof description === 'string' ? description : '',
      version: typeof schemaVersion === 'string' ? `WfFormat ${schemaVersion}` : 'WfFormat',
      mode: null,
      maxParallel: null,
      timeoutMs: null,
      parameters: {},
      resources: Object.freeze([]),
      steps: Object.freeze([...steps]),
    });
  }

  // Up to 1.2 the list was called `jobs`.
  #listName(workflow: Readonly<Record<string, unknown>>): string {
    return workflow.tasks === undefined && workflow.jobs !== undefined ? 'jobs' : 'tasks';
  }

  // From 1.5 on structure and execution stand apart, and tasks refer to each other by id instead of by name.
  #isSplit(): boolean {
    return this.#memberOf(this.#file.workflow, 'specification') !== undefined;
  }

  #memberOf(value: unknown, key: string): unknown {
    return isRecord(value) ? value[key] : undefined;
  }

  #readTasks(list: unknown, at: Place): Task[] {
    if (!Array.isArray(list) || list.length === 0) {
      this.#fault('WORKFLOW_SCHEMA', 'must be a list of at least one task', at);
      return [];
    }
    return list.flatMap((raw: unknown, index): Task[] => {
      const place = [...at, index];
      if (!isRecord(raw)) {
        this.#fault('WORKFLOW_SCHEMA', 'a task must be an object with a name or an id', place);
        return [];
      }
      const id = this.#nameAt(raw, 'id', place);
      const name = this.#nameAt(raw, 'name', place);
      if (raw.id === undefined && raw.name === undefined) {
        this.#fault('WORKFLOW_SCHEMA', 'a task must have a name or an id', place);
      }
      const parents = this.#listAt(raw, 'parents', place);
      return [{ id, name, parents, children: this.#listAt(raw, 'children', place), raw, at: place }];
    });
  }

  #nameAt(raw: Readonly<Record<string, unknown>>, key: string, at: Place): string | null {
    const value = raw[key];
    if (value === undefined) return null;
    if (typeof value === 'string' && /^(?!\s*$)(?!__proto__$)[^\p{Cc}]*$/u.test(value)) return value;
    this.#fault('WORKFLOW_SCHEMA', `${key} must be a name without control characters`, [...at, key]);
    return null;
  }

  #listAt(raw: Readonly<Record<string, unknown>>, key: string, at: Place): readonly unknown[] {
    const value = raw[key];
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.#fault('WORKFLOW_SCHEMA', `${key} must be a list of tasks`, [...at, key]);
    return [];
  }

  // Ids where the format splits structure and execution, else names, unless some name is used twice.
  #nameSteps(tasks: readonly Task[]): string[] {
    const areNamesUnique = new Set(tasks.map(({ name }) => name)).size === tasks.length;
    const byId = this.#isSplit() || !areNamesUnique;
    const seen = new Set<string>();
    return tasks.map(({ id, name, at }) => {
      const step = (byId ? (id ?? name) : (name ?? id)) ?? '';
      if (seen.has(step) && step !== '') {
        const field = byId && id !== null ? 'id' : 'name';
        const message = `two tasks have the ${field} ${quoteName(step)}; give each an id of its own`;
        this.#fault('TASK_DUPLICATE', message, [...at, field]);
      }
      seen.add(step);
      return step;
    });
  }

  #readExecution(execution: unknown): Map<string, number> {
    const runtimes = new Map<string, number>();
    const at: Place = ['workflow', 'execution', 'tasks'];
    const list = this.#memberOf(execution, 'tasks');
    if (list !== undefined && !Array.isArray(list)) this.#fault('WORKFLOW_SCHEMA', 'must be a list of tasks', at);
    for (const [index, raw] of (Array.isArray(list) ? list : []).entries()) {
      const place = [...at, index];
      if (!isRecord(raw)) this.#fault('WORKFLOW_SCHEMA', 'a task must be an object with an id', place);
      else if (typeof raw.id !== 'string') this.#fault('WORKFLOW_SCHEMA', 'id must be a string', [...place, 'id']);
      else runtimes.set(raw.id, this.#runtimeOf(raw, place));
    }
    return runtimes;
  }

  #runtimeOf(raw: Readonly<Record<string, unknown>>, at: Place): number {
    const key = RUNTIME_FIELDS.find((field) => raw[field] !== undefined && raw[field] !== null);
    if (key === undefined) return 0;
    const seconds = raw[key];
    if (typeof seconds === 'number' && seconds >= 0 && seconds <= WORKFLOW_LIMITS.seconds) return seconds;
    this.#fault('WORKFLOW_SCHEMA', `${key} must be a number of seconds from 0, at most 10^9`, [...at, key]);
    return 0;
  }

  // An edge counts whether the parent names the child, the child the parent, or both.
  #readDependencies(tasks: readonly Task[], names: readonly string[]): string[][] {
    const target = this.#targets(tasks);
    const sets = tasks.map(() => new Set<string>());
    for (const [index, task] of tasks.entries()) {
      for (const [position, parent] of task.parents.entries()) {
        const found = target(parent, [...task.at, 'parents', position]);
        if (found !== null) sets[index]?.add(names[found] ?? '');
      }
      for (const [position, child] of task.children.entries()) {
        const found = target(child, [...task.at, 'children', position]);
        if (found !== null) sets[found]?.add(names[index] ?? '');
      }
    }
    return sets.map((set) => [...set]);
  }

  #targets(tasks: readonly Task[]): (reference: unknown, at: Place) => number | null {
    const byId = new Map<string, number>();
    const byName = new Map<string, number | 'several'>();
    for (const [index, { id, name }] of tasks.entries()) {
      if (id !== null && !byId.has(id)) byId.set(id, index);
      if (name !== null) byName.set(name, byName.has(name) ? 'several' : index);
    }
    const near = new NearNames([...byId.keys(), ...byName.keys()]);
    return (reference, at) => {
      if (typeof reference !== 'string') {
        this.#fault('WORKFLOW_SCHEMA', 'must be the id or the name of a task', at);
        return null;
      }
      const named = byName.get(reference);
      const unique = named === 'several' ? undefined : named;
      const found = this.#isSplit() ? (byId.get(reference) ?? unique) : (unique ?? byId.get(reference));
      if (found !== undefined) return found;
      const message =
        named === 'several'
          ? `${quoteName(reference)} is the name of several tasks; use the id of one`
          : `no task is named ${quoteName(reference)}${suggestion(near.nearest(reference))}; add it or correct the name`;
      this.#fault('DEPENDENCY_MISSING', message, at);
      return null;
    };
  }

  #fault(code: string, message: string, at: Place): void {
    this.#faults.push({ code, message, path: formatJsonPath(at) });
  }
}

function burnStep(name: string, dependencies: readonly string[], seconds: number): StepDefinition {
  return Object.freeze({
    name,
    module: 'core',
    action: 'burn',
    parameters: { ms: seconds * 1_000 },
    dependencies: Object.freeze(dependencies),
    timeoutMs: null,
    totalTimeoutMs: null,
    heartbeatTimeoutMs: null,
    retry: DEFAULT_RETRY_POLICY,
    priority: TaskPriority.NORMAL,
    resources: {},
    concurrency: null,
    runIf: null,
    required: true,
    estimatedSeconds: seconds,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
