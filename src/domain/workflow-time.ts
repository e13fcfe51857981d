// Owns the time scale of a workflow: how a definition of recorded hours is run in seconds, its proportions kept.
// Scales what the built-in tasks spend (core.burn, core.sleep) and the estimates; limits and retry delays stay.

import { RuntimeError } from './runtime-error.ts';
import type { StepDefinition, WorkflowDefinition } from './workflow-definition.ts';

/**
 * The definition with all built-in work and estimates multiplied; a duration that is a reference stays as it is.
 * @throws RuntimeError ARGUMENT_INVALID when the factor is negative or no finite number.
 */
export function scaleDefinitionTime(definition: WorkflowDefinition, factor: number): WorkflowDefinition {
  if (!(Number.isFinite(factor) && factor >= 0)) {
    throw new RuntimeError('ARGUMENT_INVALID', `time scale must be a number from 0, not ${factor}`);
  }
  if (factor === 1) return definition;
  return Object.freeze({
    ...definition,
    steps: Object.freeze(definition.steps.map((step) => scaleStepTime(step, factor))),
  });
}

function scaleStepTime(step: StepDefinition, factor: number): StepDefinition {
  const estimatedSeconds = step.estimatedSeconds === null ? null : step.estimatedSeconds * factor;
  const key = step.module === 'core' ? durationKeyOf(step.action) : undefined;
  const duration = key === undefined ? undefined : step.parameters[key];
  if (key === undefined || typeof duration !== 'number') return Object.freeze({ ...step, estimatedSeconds });
  return Object.freeze({ ...step, estimatedSeconds, parameters: { ...step.parameters, [key]: duration * factor } });
}

function durationKeyOf(action: string): 'ms' | 'duration' | undefined {
  if (action === 'burn') return 'ms';
  return action === 'sleep' ? 'duration' : undefined;
}
