// Owns what documents say of a workflow, taken from its file: steps in order with all their dependencies, resources,
// parameters, limits, and its graph. Data only; the words around it are in workflow-sections.ts.

import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toMermaid } from '../dag/graph-notation.ts';
import type { TaskGraph } from '../dag/task-graph.ts';
import { topologicalOrder } from '../dag/topological-order.ts';
import type { JsonValue } from '../domain/json-value.ts';
import { quoteName } from '../domain/near-name.ts';
import type { StepDefinition, WorkflowDefinition } from '../domain/workflow-definition.ts';
import type { CompiledWorkflow } from '../engine/workflow-compiler.ts';
import { readWorkflowFile } from '../engine/workflow-files.ts';
import { WORKFLOW_FOLDER } from './project-store.ts';

/** Larger graphs are not drawn, and longer lists are cut: nobody reads them in a document. */
export const OUTLINE_LIMITS = Object.freeze({ drawnSteps: 100, listedSteps: 200, workflows: 500 });

/** A step with every step that it waits for, declared or by reference. */
export interface WorkflowStepOutline {
  readonly step: StepDefinition;
  readonly dependencies: readonly string[];
}

/** A parameter of a run. */
export interface RunParameterOutline {
  readonly name: string;
  /** Undefined: it must be given. */
  readonly defaultValue?: JsonValue;
}

/** A workflow of a project. */
export interface WorkflowOutline {
  /** Relative to the project, with `/`. */
  readonly file: string;
  readonly definition: WorkflowDefinition;
  /** What a command in the project's folder takes for it: its name, or its file where the name would be taken for a path. */
  readonly target: string;
  /** In an order in which they can run. */
  readonly steps: readonly WorkflowStepOutline[];
  readonly parameters: readonly RunParameterOutline[];
  /** Steps that no other waits for. */
  readonly lastSteps: readonly string[];
  /** Null for a graph that is too large to read. */
  readonly mermaid: string | null;
}

/** The workflow files of a project. */
export interface ProjectWorkflows {
  readonly workflows: readonly WorkflowOutline[];
  /** Files that give no workflow. */
  readonly faulty: readonly { readonly file: string; readonly reason: string }[];
}

/** Reads a project's workflow files, in the order of their names; of two workflows of one name the first counts. */
export async function outlineWorkflows(projectFolder: string): Promise<ProjectWorkflows> {
  const workflows = new Map<string, WorkflowOutline>();
  const faulty: { file: string; reason: string }[] = [];
  for (const name of await workflowFilesIn(join(projectFolder, WORKFLOW_FOLDER))) {
    const file = `${WORKFLOW_FOLDER}/${name}`;
    const load = await readWorkflowFile(join(projectFolder, file));
    if (load.kind === 'faulty') {
      const [first] = load.faults;
      const line = first?.line === undefined ? '' : `line ${first.line}: `;
      // A document holds no absolute path: it would differ from place to place.
      const reason = (first?.message ?? 'it has faults').replaceAll(load.file, 'it').replaceAll(projectFolder, '.');
      faulty.push({ file, reason: `${line}${reason}` });
      continue;
    }
    const earlier = workflows.get(load.definition.name);
    if (earlier === undefined) {
      const target = (await isTakenForFile(projectFolder, file, load.definition.name)) ? file : load.definition.name;
      workflows.set(load.definition.name, { ...outlineWorkflow(file, load.workflow), target });
    } else {
      const reason = `${earlier.file} has a workflow named ${quoteName(load.definition.name)} already`;
      faulty.push({ file, reason });
    }
  }
  return { workflows: [...workflows.values()], faulty };
}

function outlineWorkflow(file: string, workflow: CompiledWorkflow): Omit<WorkflowOutline, 'target'> {
  const { definition, graph } = workflow;
  const steps = Array.from(topologicalOrder(graph), (index) => stepAt(workflow, index)).flat();
  const isLast = (index: number) => graph.dependentOffsets[index] === graph.dependentOffsets[index + 1];
  return {
    file,
    definition,
    steps,
    parameters: runParameters(workflow),
    lastSteps: graph.names.filter((_, index) => isLast(index)),
    mermaid: graph.size <= OUTLINE_LIMITS.drawnSteps ? toMermaid(graph) : null,
  };
}

function stepAt({ steps, graph }: CompiledWorkflow, index: number): WorkflowStepOutline[] {
  const step = steps[index];
  return step === undefined ? [] : [{ step, dependencies: dependenciesOf(graph, index) }];
}

function dependenciesOf(graph: TaskGraph, index: number): string[] {
  const row = graph.dependencies.subarray(graph.dependencyOffsets[index], graph.dependencyOffsets[index + 1]);
  return Array.from(row, (dependency) => graph.names[dependency] ?? '');
}

// First those that must be given: what `{{params.x}}` reads and the workflow has no value for.
function runParameters({ definition, parameters }: CompiledWorkflow): RunParameterOutline[] {
  const names = new Set<string>();
  for (const compiled of parameters) {
    for (const { kind, name } of compiled?.references ?? []) if (kind === 'params') names.add(name);
  }
  const required = [...names].filter((name) => !Object.hasOwn(definition.parameters, name)).sort();
  const given = Object.entries(definition.parameters).map(([name, defaultValue]) => ({ name, defaultValue }));
  return [...required.map((name) => ({ name })), ...given];
}

// A command takes what looks like a path, or is there and no folder, for a file; and before it looks for a workflow of that
// name it takes the workflow file that is named so, whose own name may be another one.
async function isTakenForFile(projectFolder: string, file: string, name: string): Promise<boolean> {
  if (/[/\\\0]|\.json$/i.test(name)) return true;
  const entryAt = (path: string) => lstat(join(projectFolder, path)).catch(() => undefined);
  if ((await entryAt(name))?.isDirectory() === false) return true;
  const namesake = `${WORKFLOW_FOLDER}/${name}.json`;
  return namesake !== file && (await entryAt(namesake)) !== undefined;
}

async function workflowFilesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.toLowerCase().endsWith('.json'))
      .sort()
      .slice(0, OUTLINE_LIMITS.workflows);
  } catch {
    // A folder that is not there, or cannot be listed, gives the engine no workflow either.
    return [];
  }
}
