// Owns the simulation as an engine or the shell asks for it: a workflow, the settings in force, and a few what-ifs.

import { RuntimeError } from '../../domain/runtime-error.ts';
import { ExecutionMode } from '../../domain/statuses.ts';
import { seededRandom } from '../../scheduling/seeded-random.ts';
import type { ResolvedConfig } from '../engine-config.ts';
import { engineResources } from '../engine-resources.ts';
import type { CompiledWorkflow } from '../workflow-compiler.ts';
import { processorTimeMs } from './processor-time.ts';
import type { SimulationReport } from './simulation-report.ts';
import { estimatedDurations } from './step-durations.ts';
import { type SimulationOptions, simulateWorkflow } from './workflow-simulation.ts';

/** What may be other than it is. */
export interface SimulationRequest {
  /** Threads, 1 to 10,000; default: those of the engine. */
  readonly workers?: number | undefined;
  /** Default: the workflow's, else the engine's. */
  readonly mode?: ExecutionMode | undefined;
  /** Tasks at once; default: the workflow's. */
  readonly maxParallel?: number | undefined;
  /** Capacities by resource id. */
  readonly set?: Readonly<Record<string, number>> | undefined;
  /** Milliseconds of planning, 0 = none; default: the engine's. */
  readonly planBudgetMs?: number | undefined;
}

/** The settings of an engine that a simulation goes by. */
export type SimulationSettings = Pick<
  ResolvedConfig,
  'maxWorkers' | 'defaultMode' | 'resources' | 'maxInlineTasks' | 'ageingMs' | 'planBudgetMs'
>;

/** More than one machine has, for questions of "what if". */
const MOST_WORKERS = 10_000;
const MOST_PARALLEL = 1_000_000;
const LONGEST_BUDGET_MS = 600_000;

/** What the simulation needs beyond the request; each has a default. */
export type SimulationFacts = Partial<
  Pick<SimulationOptions, 'durations' | 'ends' | 'ended' | 'parameters' | 'poolOf'>
>;

/**
 * How a run of the workflow would go on an engine with these settings.
 * @throws RuntimeError ARGUMENT_INVALID for a figure out of its range; RESOURCE_* for amounts that do not go together
 */
export function simulateOnEngine(
  workflow: CompiledWorkflow,
  settings: SimulationSettings,
  request: SimulationRequest = {},
  facts: SimulationFacts = {},
): SimulationReport {
  const { definition } = workflow;
  const { durations = estimatedDurations(workflow), ...rest } = facts;
  return simulateWorkflow(workflow, {
    threads: whole('workers', request.workers ?? settings.maxWorkers, 1, MOST_WORKERS),
    inlinePlaces: settings.maxInlineTasks,
    ageingMs: settings.ageingMs,
    mode: modeOf(request.mode ?? definition.mode ?? settings.defaultMode),
    maxParallel:
      request.maxParallel === undefined
        ? definition.maxParallel
        : whole('maxParallel', request.maxParallel, 1, MOST_PARALLEL),
    resources: engineResources(settings.resources),
    setAmounts: request.set ?? {},
    durations,
    planBudgetMs: budgetOf(request.planBudgetMs ?? settings.planBudgetMs),
    now: processorTimeMs,
    // The same question has the same answer, as far as the budget allows.
    random: seededRandom(1),
    ...rest,
  });
}

function modeOf(mode: ExecutionMode): ExecutionMode {
  const modes = Object.values(ExecutionMode);
  if (modes.includes(mode)) return mode;
  throw new RuntimeError('ARGUMENT_INVALID', `mode ${JSON.stringify(mode)} is none; use one of ${modes.join(', ')}`);
}

function whole(what: string, value: number, minimum: number, maximum: number): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `${what} of a simulation must be a whole number from ${minimum} to ${maximum}, not ${value}`,
  );
}

function budgetOf(budgetMs: number): number {
  if (budgetMs >= 0 && budgetMs <= LONGEST_BUDGET_MS) return budgetMs;
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `planBudgetMs of a simulation must be milliseconds from 0 to ${LONGEST_BUDGET_MS}, not ${budgetMs}`,
  );
}
