// Owns what is asked of a workflow before it is kept or run over MCP: whether it may start programs, whether its modules,
// resources and parameters are there. The shell asks the same before `run`, so that what fails then are the tasks alone.

import type { TaskGraph } from '../dag/task-graph.ts';
import { executionLevels, levelGroups } from '../dag/topological-order.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowFault } from '../domain/workflow-definition.ts';
import { readWorkflowDocument } from '../domain/workflow-document.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { type CompiledWorkflow, compileWorkflow, findGraphFaults } from '../engine/workflow-compiler.ts';
import {
  findMissingParameters,
  findResourceFaults,
  findUnknownModules,
  findUnusedParameters,
} from '../engine/workflow-requirements.ts';

/** What the built-in module exports: what an agent can use without a file. */
export const CORE_ACTIONS =
  'core has noop, echo {message}, sleep {duration}, burn {ms}, fail {message, times?}, command';

/** Run parameters that are compared with what the steps take, and those that are told. */
const MOST_PARAMETERS = 1_000;
const MOST_UNUSED = 20;

interface NamedWork {
  readonly name: string;
  readonly module: string;
  readonly action: string;
}

/** Refuses work that starts programs of this machine, unless it is allowed. @throws RuntimeError MCP_COMMAND_REFUSED */
export function refuseCommands(work: Iterable<NamedWork>, allowCommands: boolean): void {
  if (allowCommands) return;
  const refused = [...work].filter(({ module, action }) => module === 'core' && action === 'command');
  if (refused.length === 0) return;
  const names = refused.slice(0, 5).map(({ name }) => quoteName(name));
  const more = refused.length > names.length ? ` and ${refused.length - names.length} more` : '';
  throw new RuntimeError(
    'MCP_COMMAND_REFUSED',
    `${names.join(', ')}${more}: core.command starts programs of this machine, which is not allowed over MCP; use other actions, or ask the person who runs the server to set "mcp": {"allowCommands": true} in its configuration (config/default.json)`,
    { details: { steps: refused.slice(0, 50).map(({ name }) => name) } },
  );
}

/** A workflow of the engine. @throws RuntimeError WORKFLOW_NOT_FOUND */
export function requireWorkflow(engine: OrchestrationEngine, name: string): CompiledWorkflow {
  if (engine.workflows.getWorkflow(name) !== undefined) return engine.workflows.getCompiled(name);
  const names = engine.workflows.listWorkflows();
  const hint = suggestion(new NearNames(names).nearest(name));
  const there = names.length === 0 ? 'there is none yet: create_workflow makes one' : 'list_workflows names all';
  throw new RuntimeError('WORKFLOW_NOT_FOUND', `no workflow ${quoteName(name)}${hint}; ${there}`, {
    details: { workflow: name },
  });
}

/** The error for an id that no workflow run has. */
export function noSuchRun(engine: OrchestrationEngine, id: string): RuntimeError {
  const recent = engine.listRuns({ kind: 'workflow', limit: 200 }).map(({ runId: known }) => known);
  const hint = suggestion(new NearNames(recent).nearest(id));
  return new RuntimeError('RUN_NOT_FOUND', `no workflow run ${quoteName(id)}${hint}; list_runs gives the ids`, {
    details: { runId: id.slice(0, 400) },
  });
}

/** Reads and compiles a document of the workflow file format, without keeping it. @throws RuntimeError WORKFLOW_INVALID */
export function compileDocument(document: JsonObject): CompiledWorkflow {
  const reading = readWorkflowDocument(document, '');
  if (reading.kind === 'faulty') {
    throw invalidWorkflow(document, [...reading.faults, ...findGraphFaults(reading.outlines)]);
  }
  const compiled = compileWorkflow(reading.definition);
  if (compiled.kind === 'faulty') throw invalidWorkflow(document, compiled.faults);
  return compiled.workflow;
}

/** Steps whose module no tasks folder has. */
export function unknownModules(engine: OrchestrationEngine, { definition }: CompiledWorkflow): WorkflowFault[] {
  return findUnknownModules(definition, (module) => knowsModule(engine, module));
}

/** A name that leads outside the tasks folders counts as not known. */
export function knowsModule(engine: OrchestrationEngine, module: string): boolean {
  try {
    return engine.knowsModule(module);
  } catch (error) {
    if (isRuntimeError(error)) return false;
    throw error;
  }
}

/** Requests of steps that can never be granted. */
export function resourceFaults(engine: OrchestrationEngine, { definition }: CompiledWorkflow): WorkflowFault[] {
  const capacities = new Map(
    engine.resources.listResources().map(({ resourceId, capacity }) => [resourceId, capacity]),
  );
  return findResourceFaults(definition, (id) => capacities.get(id) ?? null);
}

/** What keeps a run from starting. @throws RuntimeError with the code of the first fault, all of them listed */
export function requireRunnable(engine: OrchestrationEngine, workflow: CompiledWorkflow, parameters: JsonObject): void {
  const faults = [
    ...unknownModules(engine, workflow),
    ...resourceFaults(engine, workflow),
    ...findMissingParameters(workflow, parameters),
  ];
  const [first] = faults;
  if (first === undefined) return;
  const shown = faults.slice(0, 5).map(({ path, message }) => `${path}: ${message}`);
  const more = faults.length > shown.length ? `; and ${faults.length - shown.length} more` : '';
  const name = quoteName(workflow.definition.name);
  throw new RuntimeError(first.code, `workflow ${name} was not started: ${shown.join('; ')}${more}`, {
    details: { workflow: workflow.definition.name, faults },
  });
}

/** Run parameters that no step takes, as sentences; of very many the first are looked at. */
export function unusedParameters(workflow: CompiledWorkflow, parameters: JsonObject): string[] {
  const names = Object.keys(parameters).slice(0, MOST_PARAMETERS);
  const unused = findUnusedParameters(workflow, names).map(({ message }) => message);
  const more = unused.length - MOST_UNUSED;
  return more > 0 ? [...unused.slice(0, MOST_UNUSED), `and ${more} more parameters that no step takes`] : unused;
}

/** What a kept workflow lacks as things stand, as sentences; none of it keeps it from being kept. */
export function standingFaults(engine: OrchestrationEngine, workflow: CompiledWorkflow): string[] {
  return [...unknownModules(engine, workflow), ...resourceFaults(engine, workflow)].map(({ message }) => message);
}

/** Sentences on the run parameters that have to be given, since the workflow has no defaults for them. */
export function neededParameters(workflow: CompiledWorkflow): string[] {
  return findMissingParameters(workflow, {}).map(({ message }) => message);
}

/** Names by level, at most so many names in all; undefined when there are more. */
export function namedLevels(graph: TaskGraph, limit: number): string[][] | undefined {
  if (graph.size > limit) return undefined;
  return levelGroups(graph, executionLevels(graph)).map((group) =>
    Array.from(group, (index) => graph.names[index] ?? ''),
  );
}

function invalidWorkflow(document: JsonObject, faults: readonly WorkflowFault[]): RuntimeError {
  const name = quoteName(String(document.name));
  const shown = faults.slice(0, 20).map(({ path, message }) => `${path}: ${message}`);
  const more = faults.length > shown.length ? `; and ${faults.length - shown.length} more` : '';
  return new RuntimeError('WORKFLOW_INVALID', `workflow ${name} was not kept: ${shown.join('; ')}${more}`, {
    details: { workflow: String(document.name).slice(0, 256), faults },
  });
}
