// Owns what becomes of a sound definition before it runs: its graph (declared dependencies, references and run_if
// together), its compiled parameters and conditions. Linear in steps and edges; every fault is reported, none thrown.
// It knows nothing of tasks folders or resources: whether those exist is asked in workflow-requirements.ts.

import { buildTaskGraph, type GraphFault, type TaskGraph } from '../dag/task-graph.ts';
import { formatJsonPath, type JsonPathSegment } from '../domain/json-path.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { type CompiledParameters, compileParameters } from '../domain/step-references.ts';
import type { StepDefinition, WorkflowDefinition, WorkflowFault } from '../domain/workflow-definition.ts';
import type { StepOutline } from '../domain/workflow-document.ts';
import { compileRunCondition, type RunCondition } from '../scheduling/run-condition.ts';

/** A workflow ready to run. All lists are by position of the step. */
export interface CompiledWorkflow {
  readonly definition: WorkflowDefinition;
  readonly steps: readonly StepDefinition[];
  /** Edges: declared dependencies, steps referred to in parameters, steps named in run_if. */
  readonly graph: TaskGraph;
  /** null where there is nothing to put in place. */
  readonly parameters: readonly (CompiledParameters | null)[];
  /** null = always. */
  readonly conditions: readonly (RunCondition | null)[];
}

export type WorkflowCompilation =
  | { readonly kind: 'compiled'; readonly workflow: CompiledWorkflow }
  | { readonly kind: 'faulty'; readonly faults: readonly WorkflowFault[] };

/** Compiles a definition, or lists all that is wrong between its steps. */
export function compileWorkflow(definition: WorkflowDefinition): WorkflowCompilation {
  const compiler = new StepCompiler(definition.steps);
  const graph = compiler.compile();
  if (graph === null) return { kind: 'faulty', faults: compiler.faults };
  const { parameters, conditions } = compiler;
  return { kind: 'compiled', workflow: { definition, steps: definition.steps, graph, parameters, conditions } };
}

/** What is wrong between the steps of a document that has other faults too; steps without a name are left out. */
export function findGraphFaults(outlines: readonly (StepOutline | null)[]): WorkflowFault[] {
  const compiler = new StepCompiler(outlines);
  compiler.compile();
  return compiler.faults;
}

class StepCompiler {
  readonly faults: WorkflowFault[] = [];
  readonly parameters: (CompiledParameters | null)[] = [];
  readonly conditions: (RunCondition | null)[] = [];
  readonly #steps: readonly (StepOutline | null)[];
  /** The first step of each name. */
  readonly #positions = new Map<string, number>();
  readonly #names: ReadonlySet<string>;
  readonly #near: NearNames;
  readonly #isStep = (name: string): boolean => this.#positions.has(name);

  constructor(steps: readonly (StepOutline | null)[]) {
    this.#steps = steps;
    for (const [index, step] of steps.entries()) {
      if (step === null) continue;
      const first = this.#positions.get(step.name);
      if (first === undefined) this.#positions.set(step.name, index);
      else this.#faultOfDuplicate(step.name, first, index);
    }
    this.#names = new Set(this.#positions.keys());
    this.#near = new NearNames(this.#names);
  }

  /** The graph, or null when there are faults. */
  compile(): TaskGraph | null {
    const rows: { name: string; dependencies: string[] }[] = [];
    for (const [index, step] of this.#steps.entries()) {
      const dependencies = step === null ? [] : this.#dependenciesOf(step, index);
      if (step !== null && this.#positions.get(step.name) === index) rows.push({ name: step.name, dependencies });
    }
    const built = buildTaskGraph(rows);
    if (built.kind === 'faulty') for (const fault of built.faults) this.faults.push(this.#locate(fault));
    return built.kind === 'built' && this.faults.length === 0 ? built.graph : null;
  }

  // Only edges that can stand go on to the graph, so that what it still finds are rings.
  #dependenciesOf(step: StepOutline, index: number): string[] {
    const names: string[] = [];
    for (const [position, name] of step.dependencies.entries()) {
      if (name === null) continue;
      const at = ['steps', index, 'dependencies', position];
      if (name === step.name) this.#faultOfSelf(step.name, at);
      else if (this.#isStep(name)) names.push(name);
      else this.#fault('DEPENDENCY_MISSING', this.#unknownDependency(step.name, name), at);
    }
    const parameters = this.#compileParameters(step, index);
    const condition = this.#compileCondition(step, index);
    this.parameters.push(parameters);
    this.conditions.push(condition);
    for (const { kind, name, at } of parameters?.references ?? []) {
      if (kind === 'params') continue;
      if (name === step.name) this.#faultOfSelf(step.name, ['steps', index, 'parameters', ...at]);
      else names.push(name);
    }
    for (const name of condition?.referencedSteps ?? []) {
      if (name === step.name) this.#faultOfSelf(step.name, ['steps', index, 'run_if']);
      else names.push(name);
    }
    return names;
  }

  #compileParameters(step: StepOutline, index: number): CompiledParameters | null {
    const compiled = compileParameters(step.parameters, this.#isStep);
    if (compiled.kind === 'compiled') return compiled.parameters;
    for (const { message, at, unknownStep } of compiled.faults) {
      const hint = unknownStep === undefined ? '' : suggestion(this.#near.nearest(unknownStep));
      const path = ['steps', index, 'parameters', ...at];
      this.#fault('REFERENCE_INVALID', `step ${quoteName(step.name)}: ${message}${hint}`, path);
    }
    return null;
  }

  #compileCondition(step: StepOutline, index: number): RunCondition | null {
    if (step.runIf === null) return null;
    const compiled = compileRunCondition(step.runIf, this.#names, this.#near);
    if (compiled.kind === 'compiled') return compiled;
    const message = `step ${quoteName(step.name)}: ${compiled.message}`;
    this.#fault('EXPRESSION_INVALID', message, ['steps', index, 'run_if']);
    return null;
  }

  #unknownDependency(step: string, name: string): string {
    const hint = suggestion(this.#near.nearest(name));
    return `step ${quoteName(step)} depends on ${quoteName(name)}, which the workflow does not have${hint}; add that step or correct the name`;
  }

  #faultOfDuplicate(name: string, first: number, index: number): void {
    const message = `two steps are named ${quoteName(name)}, $.steps[${first}] and $.steps[${index}]; give each a name of its own`;
    this.#fault('TASK_DUPLICATE', message, ['steps', index, 'name']);
  }

  #faultOfSelf(name: string, at: readonly JsonPathSegment[]): void {
    this.#fault('DEPENDENCY_SELF', `step ${quoteName(name)} depends on itself; remove that dependency`, at);
  }

  // At the declared dependency that is part of the ring, where there is one: that is the line to correct.
  #locate({ code, message, task, dependency }: GraphFault): WorkflowFault {
    const index = this.#positions.get(task) ?? 0;
    const position = this.#steps[index]?.dependencies.indexOf(dependency ?? '') ?? -1;
    const at: JsonPathSegment[] = ['steps', index];
    if (position !== -1) at.push('dependencies', position);
    return { code, message: message.replace(/^(\d+) tasks/, '$1 steps'), path: formatJsonPath(at) };
  }

  #fault(code: string, message: string, at: readonly JsonPathSegment[]): void {
    this.faults.push({ code, message, path: formatJsonPath(at) });
  }
}
