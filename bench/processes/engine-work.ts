// Owns how benches give the whole engine the same work as a bare pool: many equal steps as one workflow run.
// Only the public names of the package are used, so that what is measured is what users get.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OrchestrationEngine } from '../../src/index.ts';

const TASKS = fileURLToPath(new URL('../tasks', import.meta.url));

/** An engine without workflows of its own; without a data folder it has no journal on disk. */
export function startEngine(threads: number, dataDir = ':memory:'): Promise<OrchestrationEngine> {
  return OrchestrationEngine.create({
    dataDir,
    maxWorkers: threads,
    tasksDirs: [TASKS],
    workflowsDir: mkdtempSync(join(tmpdir(), 'yardmaster-bench-')),
  });
}

/** Defines a workflow of `count` independent steps of one action of `fixed-work`. */
export function defineSteps(
  engine: OrchestrationEngine,
  name: string,
  action: 'noop' | 'mix',
  parameters: readonly Readonly<Record<string, number>>[],
): void {
  const steps = parameters.map((each, index) => ({
    name: `${action}-${index}`,
    module: 'fixed-work',
    action,
    parameters: { ...each },
  }));
  engine.workflows.createWorkflow(name, steps);
}

/** Runs a workflow and gives the outputs of its steps; throws unless the run completed. */
export async function outputsOf(engine: OrchestrationEngine, name: string): Promise<unknown[]> {
  const execution = await engine.executeWorkflow(name);
  if (execution.status !== 'completed') throw new Error(`the run of ${name} ended ${execution.status}`);
  return Object.values(execution.outputs);
}
