// Owns which value a step's parameter has at the start of a run: the step's own, a run parameter's, or a reference's.
// Run parameters take the place of the step's parameters of the same name; they never add a parameter to a step.

import type { JsonObject } from './json-value.ts';
import type { TaskStatus } from './statuses.ts';
import type { CompiledParameters } from './step-references.ts';

export interface ParameterSources {
  /** Defaults that the workflow declares, for `{{params.x}}`. */
  readonly workflowParameters: JsonObject;
  /** Given for this run. */
  readonly runParameters: JsonObject;
  readonly outputOf: (step: string) => unknown;
  readonly statusOf?: (step: string) => TaskStatus;
}

/** What `{{params.x}}` and `run_if` see: the run's parameters over the workflow's defaults. */
export function paramsInForce(workflowParameters: JsonObject, runParameters: JsonObject): JsonObject {
  return { ...workflowParameters, ...runParameters };
}

/**
 * The parameters that a step starts with. A run parameter of the same name replaces the step's value as it is,
 * braces in it included; every other value has its references put in place. Nested parts may be shared with the definition.
 * @throws RuntimeError REFERENCE_INVALID when a reference finds nothing.
 */
export function effectiveParameters(
  stepParameters: JsonObject,
  compiled: CompiledParameters | null,
  { workflowParameters, runParameters, outputOf, statusOf }: ParameterSources,
): JsonObject {
  const isGiven = (key: string) => Object.hasOwn(runParameters, key) && runParameters[key] !== undefined;
  const given = Object.entries(runParameters).filter(
    ([key, value]) => value !== undefined && Object.hasOwn(stepParameters, key),
  );
  const own =
    compiled === null
      ? stepParameters
      : compiled.resolve(paramsInForce(workflowParameters, runParameters), outputOf, {
          leaveOut: isGiven,
          ...(statusOf === undefined ? {} : { statusOf }),
        });
  return { ...own, ...Object.fromEntries(given) };
}

/** The run parameters that a step's references need and nobody gives, each once. */
export function missingParams(compiled: CompiledParameters, workflowParameters: JsonObject, runParameters: JsonObject) {
  const isGiven = (name: string) =>
    (Object.hasOwn(runParameters, name) && runParameters[name] !== undefined) ||
    Object.hasOwn(workflowParameters, name);
  const replaced = (key: string | number | undefined) =>
    typeof key === 'string' && Object.hasOwn(runParameters, key) && runParameters[key] !== undefined;
  return compiled.references.filter(({ kind, name, at }) => kind === 'params' && !replaced(at[0]) && !isGiven(name));
}
