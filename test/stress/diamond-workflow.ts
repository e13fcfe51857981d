// Owns the workflows of the tests that crash: diamonds in a row, whose tasks fail at chosen attempts and whose outputs
// follow from their inputs alone, so that every life of a run must come to the same end.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowStepOptions } from '../../src/engine/workflow-step.ts';

export const EFFECT_TASKS = fileURLToPath(new URL('fixtures/tasks', import.meta.url));

/** By the number of the task in its layer: none, the first, the second, and the first two attempts fail. */
const FAILING: readonly (readonly number[])[] = [[], [1], [], [2], [1, 2]];

/**
 * Layers of tasks of which each depends on the whole layer before: `[1, 3, 1]` is one diamond. `maxRetries` of each is
 * just what its failures need, so that a crash that used up an attempt would fail the run.
 */
export function diamonds(widths: readonly number[], ms: number): WorkflowStepOptions[] {
  let before: string[] = [];
  return widths.flatMap((width, layer) => {
    const names = Array.from({ length: width }, (_, index) => `t${layer}-${index}`);
    const steps = names.map((name, index) =>
      createStep(name, before, FAILING[(layer + index) % FAILING.length] ?? [], ms),
    );
    before = names;
    return steps;
  });
}

function createStep(
  name: string,
  before: readonly string[],
  failAt: readonly number[],
  ms: number,
): WorkflowStepOptions {
  return {
    name,
    module: 'effects',
    action: 'work',
    parameters: {
      folder: '{{params.folder}}',
      failAt: [...failAt],
      inputs: before.map((dependency) => `{{${dependency}.output.digest}}`),
      ms,
    },
    dependencies: [...before],
    maxRetries: failAt.length,
    retry: { initialIntervalMs: 3, jitter: 0 },
  };
}

/** Makes the folder that bodies note their doings in. */
export function createEffectFolder(folder: string): string {
  mkdirSync(join(folder, 'effects'), { recursive: true });
  return folder;
}

export interface Execution {
  readonly task: string;
  readonly attempt: number;
  readonly what: 'began' | 'ended';
}

/** What bodies have noted so far, in order; a line that a kill cut short is left out. */
export function readExecutions(folder: string): Execution[] {
  let text: string;
  try {
    text = readFileSync(join(folder, 'executions.log'), 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [, task = '', attempt, what] = /^(\S+) (\d+) (began|ended)$/.exec(line) ?? [];
    return what === 'began' || what === 'ended' ? [{ task, attempt: Number(attempt), what }] : [];
  });
}

/** The run of the test that kills processes. */
export const KILLED_RUN = 'run-killed';
/** 60 tasks. */
export const KILLED_WIDTHS: readonly number[] = [1, 7, 1, 9, 1, 8, 1, 11, 1, 9, 1, 9, 1];
