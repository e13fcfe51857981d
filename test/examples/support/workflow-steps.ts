// Owns running the steps of the source-inventory workflow file in dependency order within one process: the file's own
// references, the modules it names, real artifacts. Must never know a step by name: what runs is what the file says.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject, JsonValue } from '../../../src/domain/json-value.ts';
import { findUnrecordable } from '../../../src/domain/json-value.ts';
import { compileParameters } from '../../../src/domain/step-references.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';
import type { WorkflowDefinition } from '../../../src/domain/workflow-definition.ts';
import { readWorkflowDocument } from '../../../src/domain/workflow-document.ts';
import { createContext, type InProcessContext } from './in-process-context.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const WORKFLOW_FILE = join(ROOT, 'config/workflows/production/source-inventory.json');
const TASKS_FOLDER = join(ROOT, 'examples/tasks');

type Action = (parameters: JsonObject, context: TaskContext) => Promise<JsonObject>;

export interface StepRun {
  readonly outputs: ReadonlyMap<string, JsonObject>;
  readonly contexts: ReadonlyMap<string, InProcessContext>;
}

export interface RunOptions {
  readonly params: JsonObject;
  readonly artifacts: string;
  /** Called before each step. */
  readonly beforeStep?: (name: string) => void;
}

/** The workflow file as the engine reads it. */
export function readInventoryWorkflow(): WorkflowDefinition {
  const document = readWorkflowDocument(JSON.parse(readFileSync(WORKFLOW_FILE, 'utf8')), 'source-inventory');
  if (document.kind === 'sound') return document.definition;
  throw new Error(document.faults.map(({ path, message }) => `${path}: ${message}`).join('\n'));
}

/** The steps that each step needs: declared ones and those its references name. */
export function dependenciesOf(workflow: WorkflowDefinition): Map<string, Set<string>> {
  const names = new Set(workflow.steps.map((step) => step.name));
  return new Map(
    workflow.steps.map((step) => {
      const compilation = compileParameters(step.parameters, (name) => names.has(name));
      if (compilation.kind === 'faulty') throw new Error(compilation.faults.map((fault) => fault.message).join('\n'));
      return [step.name, new Set([...step.dependencies, ...(compilation.parameters?.steps ?? [])])];
    }),
  );
}

/** Loads an action as the thread's loader does: by file, by exported name. */
export async function loadAction(module: string, action: string): Promise<Action> {
  const loaded: unknown = await import(join(TASKS_FOLDER, `${module}.ts`));
  const found = typeof loaded === 'object' && loaded !== null ? Reflect.get(loaded, action) : undefined;
  if (typeof found !== 'function') throw new Error(`module '${module}' has no action '${action}'`);
  return async (parameters, context) => {
    const output: unknown = await found(parameters, context);
    const fault = findUnrecordable(output);
    if (fault !== undefined) throw new Error(`'${module}' gave a result that cannot be recorded: ${fault}`);
    // What crosses a thread is a clone.
    return structuredClone(output) as JsonObject;
  };
}

/** Runs every step of the workflow, each as soon as its dependencies are there. */
export async function runInventory(options: RunOptions): Promise<StepRun> {
  const workflow = readInventoryWorkflow();
  const params = { ...workflow.parameters, ...options.params };
  const dependencies = dependenciesOf(workflow);
  const outputs = new Map<string, JsonObject>();
  const contexts = new Map<string, InProcessContext>();
  const waiting = new Set(workflow.steps);
  while (waiting.size > 0) {
    const ready = [...waiting].filter((step) =>
      [...(dependencies.get(step.name) ?? [])].every((name) => outputs.has(name)),
    );
    if (ready.length === 0) throw new Error(`no step can start: ${[...waiting].map((step) => step.name).join(', ')}`);
    for (const step of ready) {
      options.beforeStep?.(step.name);
      const context = createContext(step.name, options.artifacts);
      const action = await loadAction(step.module, step.action);
      outputs.set(step.name, await action(resolved(step.parameters, params, outputs, workflow), context));
      contexts.set(step.name, context);
      waiting.delete(step);
    }
  }
  return { outputs, contexts };
}

function resolved(
  parameters: JsonObject,
  params: JsonObject,
  outputs: ReadonlyMap<string, JsonObject>,
  workflow: WorkflowDefinition,
): JsonObject {
  const names = new Set(workflow.steps.map((step) => step.name));
  const compilation = compileParameters(parameters, (name) => names.has(name));
  if (compilation.kind === 'faulty') throw new Error(compilation.faults.map((fault) => fault.message).join('\n'));
  return compilation.parameters?.resolve(params, (step) => outputs.get(step)) ?? parameters;
}

/** A member of a step's output. */
export function member(run: StepRun, step: string, key: string): JsonValue {
  const value = run.outputs.get(step)?.[key];
  if (value === undefined) throw new Error(`step '${step}' has no '${key}' in its output`);
  return value;
}
