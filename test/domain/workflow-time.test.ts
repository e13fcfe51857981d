// A time scale must multiply built-in work and estimates, and nothing else.

import { expect, it } from 'vitest';
import type { WorkflowDefinition } from '../../src/domain/workflow-definition.ts';
import { readWorkflowDocument } from '../../src/domain/workflow-document.ts';
import { scaleDefinitionTime } from '../../src/domain/workflow-time.ts';

function definitionOf(steps: readonly Record<string, unknown>[]): WorkflowDefinition {
  const document = readWorkflowDocument({ steps }, 'timed');
  if (document.kind === 'faulty') throw new Error(JSON.stringify(document.faults));
  return document.definition;
}

const definition = definitionOf([
  {
    name: 'burn',
    module: 'core',
    action: 'burn',
    parameters: { ms: 2_000, seed: 3 },
    estimated_seconds: 2,
    timeout: 9,
    total_timeout: 90,
    heartbeat_timeout: 3,
  },
  { name: 'sleep', module: 'core', action: 'sleep', parameters: { duration: 4 }, retry: { initial_interval: 5 } },
  { name: 'given', module: 'core', action: 'burn', parameters: { ms: '{{params.ms}}' } },
  { name: 'own', module: 'mine', action: 'burn', parameters: { ms: 8 }, estimated_seconds: 10 },
]);

it('multiplies what core.burn and core.sleep spend, and all estimates', () => {
  const steps = scaleDefinitionTime(definition, 0.5).steps;
  expect(steps.map(({ parameters }) => parameters)).toEqual([
    { ms: 1_000, seed: 3 },
    { duration: 2 },
    { ms: '{{params.ms}}' },
    { ms: 8 },
  ]);
  expect(steps.map(({ estimatedSeconds }) => estimatedSeconds)).toEqual([1, null, null, 5]);
});

it('leaves limits, delays and the definition given as they are', () => {
  const steps = scaleDefinitionTime(definition, 0.5).steps;
  expect(steps[0]).toMatchObject({ timeoutMs: 9_000, totalTimeoutMs: 90_000, heartbeatTimeoutMs: 3_000 });
  expect(steps[1]?.retry.initialIntervalMs).toBe(5_000);
  expect(definition.steps[0]?.parameters.ms).toBe(2_000);
  expect(scaleDefinitionTime(definition, 1)).toBe(definition);
});

it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (factor) => {
  expect(() => scaleDefinitionTime(definition, factor)).toThrow(/time scale must be a number from 0/);
});
