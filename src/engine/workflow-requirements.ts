// Owns what a sound workflow needs from outside before it can run: task modules, resources, run parameters.
// Lists every fault with its JSON path; asks through functions, so that it depends on no registry.

import { keyReferences } from '../domain/concurrency-limit.ts';
import { formatJsonPath, type JsonPathSegment } from '../domain/json-path.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { missingParams } from '../domain/step-parameters.ts';
import type { WorkflowDefinition, WorkflowFault } from '../domain/workflow-definition.ts';
import { isWholeMultiple } from '../domain/workflow-document.ts';
import type { CompiledWorkflow } from './workflow-compiler.ts';

/** The steps whose module no tasks folder has; `knownModules` is for suggestions only. */
export function findUnknownModules(
  definition: WorkflowDefinition,
  isKnown: (module: string) => boolean,
  knownModules: Iterable<string> = [],
): WorkflowFault[] {
  const near = new NearNames([...knownModules]);
  const answers = new Map<string, boolean>();
  const faults: WorkflowFault[] = [];
  for (const [index, { name, module }] of definition.steps.entries()) {
    const known = answers.get(module) ?? isKnown(module);
    answers.set(module, known);
    if (known) continue;
    const hint = suggestion(near.nearest(module));
    const message = `step ${quoteName(name)} needs module ${quoteName(module)}, which no tasks folder has${hint}; add ${JSON.stringify(`${module}.ts`)} to a tasks folder, or name the folder that has it`;
    faults.push(fault('STEP_MODULE_UNKNOWN', message, ['steps', index, 'module']));
  }
  return faults;
}

/**
 * The requests that can never be granted. `capacityOf` tells the capacity of a registered resource, null for an
 * unknown one; resources that the workflow declares itself count as well.
 */
export function findResourceFaults(
  definition: WorkflowDefinition,
  capacityOf: (id: string) => number | null,
): WorkflowFault[] {
  const declared = new Map(definition.resources.map((resource) => [resource.id, resource]));
  const near = new NearNames([...declared.keys()]);
  const faults: WorkflowFault[] = [];
  for (const [index, step] of definition.steps.entries()) {
    for (const [id, amount] of Object.entries(step.resources)) {
      const at = ['steps', index, 'resources', id];
      const request = `step ${quoteName(step.name)} asks for ${amount} of ${quoteName(id)}`;
      const own = declared.get(id);
      const capacity = capacityOf(id) ?? own?.capacity ?? null;
      if (!(Number.isFinite(amount) && amount > 0)) {
        faults.push(fault('RESOURCE_AMOUNT_INVALID', `${request}; an amount must be above 0`, at));
      } else if (capacity === null) {
        const hint = suggestion(near.nearest(id));
        const message = `${request}, which is not registered${hint}; declare it under "resources" or register it`;
        faults.push(fault('RESOURCE_NOT_FOUND', message, at));
      } else if (amount > capacity) {
        const message = `${request}, which has ${capacity} in all; ask for less or raise its capacity`;
        faults.push(fault('RESOURCE_CAPACITY_EXCEEDED', message, at));
      } else if (own !== undefined && !isWholeMultiple(amount, own.granularity)) {
        const message = `${request}; an amount must be a whole multiple of its granularity ${own.granularity}`;
        faults.push(fault('RESOURCE_AMOUNT_INVALID', message, at));
      }
    }
  }
  return faults;
}

/** The run parameters that references need and neither the run nor the workflow's defaults give, each once. */
export function findMissingParameters(workflow: CompiledWorkflow, runParameters: JsonObject): WorkflowFault[] {
  const faults = new Map<string, WorkflowFault>();
  for (const [index, compiled] of workflow.parameters.entries()) {
    if (compiled === null) continue;
    for (const { name, text, at } of missingParams(compiled, workflow.definition.parameters, runParameters)) {
      if (faults.has(name)) continue;
      const step = quoteName(workflow.steps[index]?.name ?? '');
      const message = `run parameter ${quoteName(name)} is not given; step ${step} needs it for ${quoteName(text)}`;
      faults.set(name, fault('PARAMETER_INVALID', message, ['steps', index, 'parameters', ...at]));
    }
  }
  const isGiven = (name: string) =>
    (Object.hasOwn(runParameters, name) && runParameters[name] !== undefined) ||
    Object.hasOwn(workflow.definition.parameters, name);
  for (const { step, index, name, text } of keyParameters(workflow.definition)) {
    if (isGiven(name) || faults.has(name)) continue;
    const message = `run parameter ${quoteName(name)} is not given; the concurrency key of step ${quoteName(step)} needs it for ${quoteName(text)}`;
    faults.set(name, fault('PARAMETER_INVALID', message, ['steps', index, 'concurrency', 'key']));
  }
  return [...faults.values()];
}

function* keyParameters({ steps }: WorkflowDefinition) {
  for (const [index, { name: step, concurrency }] of steps.entries()) {
    if (concurrency === null || !concurrency.key.includes('{{')) continue;
    for (const { name, text } of keyReferences(concurrency.key)) yield { step, index, name, text };
  }
}

/** The run parameters that nothing in the workflow takes: most likely misspelt. */
export function findUnusedParameters({ definition, parameters }: CompiledWorkflow, names: string[]): WorkflowFault[] {
  const taken = new Set(Object.keys(definition.parameters));
  for (const step of definition.steps) for (const key of Object.keys(step.parameters)) taken.add(key);
  for (const compiled of parameters) {
    for (const { kind, name } of compiled?.references ?? []) if (kind === 'params') taken.add(name);
  }
  for (const { name } of keyParameters(definition)) taken.add(name);
  const conditions = definition.steps.flatMap(({ runIf }) => (runIf === null ? [] : [runIf])).join('\n');
  const near = new NearNames([...taken]);
  return names
    .filter((name) => !taken.has(name) && !conditions.includes(name))
    .map((name) => {
      const hint = suggestion(near.nearest(name));
      const message = `no step takes the run parameter ${quoteName(name)}${hint}; the run goes on without it`;
      return fault('PARAMETER_INVALID', message, []);
    });
}

function fault(code: string, message: string, at: readonly JsonPathSegment[]): WorkflowFault {
  return { code, message, path: formatJsonPath(at) };
}
