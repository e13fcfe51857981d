// Owns what the tests of simulations share: workflows written as documents, simulated on the same path as the command.

import type { SimulationFacts, SimulationRequest } from '../../src/engine/simulation/engine-simulation.ts';
import { simulateOnEngine } from '../../src/engine/simulation/engine-simulation.ts';
import type { SimulationReport } from '../../src/engine/simulation/simulation-report.ts';
import type { CompiledWorkflow } from '../../src/engine/workflow-compiler.ts';
import { parseWorkflowText } from '../../src/engine/workflow-files.ts';

/** A step of a document; modules that nobody has. */
export function step(
  name: string,
  seconds: number | null,
  dependencies: readonly string[] = [],
  rest: Readonly<Record<string, unknown>> = {},
) {
  return {
    name,
    module: 'nobody/has-it',
    action: 'run',
    dependencies,
    ...(seconds === null ? {} : { estimated_seconds: seconds }),
    ...rest,
  };
}

/** The compiled workflow of a document. */
export function workflowOf(document: unknown): CompiledWorkflow {
  const load = parseWorkflowText(JSON.stringify(document), { file: 'simulated.json', stem: 'simulated' });
  if (load.kind === 'faulty') throw new Error(JSON.stringify(load.faults));
  return load.workflow;
}

/** The report of a document on the settings of an engine that nobody has configured. */
export function simulate(
  document: unknown,
  request: SimulationRequest = {},
  facts: SimulationFacts = {},
): SimulationReport {
  return simulateOnEngine(
    workflowOf(document),
    {
      maxWorkers: 2,
      defaultMode: 'resource_aware',
      resources: [],
      maxInlineTasks: 64,
      ageingMs: 30_000,
      planBudgetMs: 20,
    },
    request,
    facts,
  );
}

/** Start times by task. */
export function startsOf({ tasks }: SimulationReport): Record<string, number> {
  return Object.fromEntries(tasks.map(({ name, start }) => [name, start]));
}
