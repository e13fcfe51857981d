// Steps made in code must pass the same checks as a file's, in either spelling, and be named back as they were written.

import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import type { WorkflowFault } from '../../src/domain/workflow-definition.ts';
import { createWorkflowDefinition, type LooseStep } from '../../src/engine/workflow-steps.ts';

const STEP = { name: 'a', module: 'core', action: 'noop' };

function faultsOf(name: string, steps: readonly LooseStep[]): WorkflowFault[] {
  try {
    createWorkflowDefinition(name, steps);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    expect(error.code).toBe('WORKFLOW_INVALID');
    return error.details.faults as WorkflowFault[];
  }
  return [];
}

const pathsOf = (...steps: LooseStep[]) => faultsOf('w', steps).map(({ path }) => path);

describe('steps made in code', () => {
  it('may be written as in a file or in camelCase', () => {
    const snake = { timeout: 1.5, max_retries: 2, run_if: 'params.go', estimated_seconds: 3 };
    const camel = { timeoutMs: 1_500, maxRetries: 2, runIf: 'params.go', estimatedSeconds: 3 };
    const retry = { initial_interval: 0.25, max_interval: 4, non_retryable: ['E'] };
    const camelRetry = { initialIntervalMs: 250, maxIntervalMs: 4_000, nonRetryable: ['E'] };
    const one = createWorkflowDefinition('w', [{ ...STEP, ...snake, retry }]);
    expect(createWorkflowDefinition('w', [{ ...STEP, ...camel, retry: camelRetry }])).toEqual(one);
    expect(one.steps[0]).toMatchObject({ timeoutMs: 1_500, runIf: 'params.go', estimatedSeconds: 3 });
    expect(one.steps[0]?.retry).toMatchObject({ maxAttempts: 3, initialIntervalMs: 250, maxIntervalMs: 4_000 });
  });

  it('may give a whole retry policy and leave fields undefined', () => {
    const [step] = createWorkflowDefinition('w', [{ ...STEP, timeout: undefined, retry: { maxAttempts: 4 } }]).steps;
    expect(step).toMatchObject({ timeoutMs: null, retry: { maxAttempts: 4 } });
  });

  it('may be tried without end, and have all time limits', () => {
    const limits = { heartbeatTimeoutMs: 500, timeoutMs: 2_000, totalTimeoutMs: 60_000 };
    const endless = { maxAttempts: Number.POSITIVE_INFINITY };
    const [step] = createWorkflowDefinition('w', [{ ...STEP, ...limits, retry: endless }]).steps;
    expect(step).toMatchObject({ ...limits, retry: endless });
    expect(faultsOf('w', [{ ...STEP, ...limits, totalTimeoutMs: 1_000 }])).toMatchObject([
      { path: '$.steps[0].timeoutMs' },
    ]);
  });

  it('are copied: later changes of the objects given do not reach the definition', () => {
    const parameters = { list: [1] };
    const definition = createWorkflowDefinition('w', [{ ...STEP, parameters }]);
    parameters.list.push(2);
    expect(definition.steps[0]?.parameters).toEqual({ list: [1] });
  });

  it('with faults are refused with all of them, at the fields as written', () => {
    expect(
      pathsOf(
        { ...STEP, timeoutMs: 0, maxRetries: -1, runIf: '1 +', retry: { initialIntervalMs: 0, nonRetryable: [3] } },
        { ...STEP, dependencies: ['nope'] },
      ).sort(),
    ).toEqual([
      '$.steps[0].maxRetries',
      '$.steps[0].retry.initialIntervalMs',
      '$.steps[0].retry.nonRetryable[0]',
      '$.steps[0].runIf',
      '$.steps[0].timeoutMs',
      '$.steps[1].dependencies[0]',
      '$.steps[1].name',
    ]);
  });

  it('must not give a field in both spellings', () => {
    expect(pathsOf({ ...STEP, timeout: 1, timeoutMs: 1_000 })).toEqual(['$.steps[0].timeoutMs']);
    expect(pathsOf({ ...STEP, retry: { max_attempts: 2, maxAttempts: 2 } })).toEqual(['$.steps[0].retry.maxAttempts']);
  });

  it('may tell retries and attempts together only when they say the same', () => {
    expect(pathsOf({ ...STEP, maxRetries: 1, retry: { maxAttempts: 2 } })).toEqual([]);
    expect(pathsOf({ ...STEP, maxRetries: 1, retry: { maxAttempts: 3 } })).toEqual(['$.steps[0].retry.maxAttempts']);
  });

  it('must be plain data', () => {
    const ring: Record<string, unknown> = {};
    ring.self = ring;
    expect(pathsOf({ ...STEP, parameters: { f: () => 1 } })).toEqual(['$.steps[0].parameters']);
    expect(pathsOf({ ...STEP, parameters: ring })).toEqual(['$.steps[0].parameters']);
    expect(pathsOf({ ...STEP, parameters: { n: Number.NaN } })).toEqual(['$.steps[0].parameters']);
  });

  it('need a name and at least one step', () => {
    expect(faultsOf('', [STEP]).map(({ path }) => path)).toEqual(['$.name']);
    expect(faultsOf('w', []).map(({ path }) => path)).toEqual(['$.steps']);
  });

  it('say how many faults there are', () => {
    expect(() => createWorkflowDefinition('w', [{ ...STEP, timeout: -1, prio: 1 }])).toThrow(
      /workflow "w" has 2 faults: /,
    );
    expect(() => createWorkflowDefinition('w', [STEP, STEP])).toThrow(
      /workflow "w" has a fault: \$\.steps\[1\]\.name: two/,
    );
  });
});
