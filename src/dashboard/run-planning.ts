// Owns the plan behind a run's timeline: how the run would go in simulation, on the threads and capacities that there are,
// with what its own tasks took where that is known. It starts nothing and writes nothing.

import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ExecutionMode } from '../domain/statuses.ts';
import type { WorkflowDefinition } from '../domain/workflow-definition.ts';
import { IN_MEMORY, type ResourceConfig, resolveConfig } from '../engine/engine-config.ts';
import { endOfTask, type RunHistory } from '../engine/run-archive.ts';
import { simulateOnEngine } from '../engine/simulation/engine-simulation.ts';
import { estimatedDurations, recordedCourse, type StepDuration } from '../engine/simulation/step-durations.ts';
import { type CompiledWorkflow, compileWorkflow } from '../engine/workflow-compiler.ts';
import type { PlanDocument } from './wire.ts';

/** Whoever looks at a timeline does not wait longer for the plan behind it. */
const BUDGET_MS = 50;

/** What a run would go on. */
export interface PlanFrame extends Pick<RunHistory, 'record' | 'tasks'> {
  readonly definition: WorkflowDefinition | undefined;
  readonly mode: string;
  readonly maxParallel: number | null;
  readonly parameters: unknown;
  /** Seconds by step, from earlier runs. */
  readonly durations: ReadonlyMap<string, number>;
  /** Default: those that an engine on this machine has. */
  readonly threads?: number | undefined;
  readonly resources?: readonly ResourceConfig[] | undefined;
}

/** What of a plan is in a run's history. */
export function planFrameOf({ record, tasks, origin }: RunHistory) {
  const isRun = origin.type === 'run.created';
  return {
    record,
    tasks,
    mode: isRun ? origin.mode : 'parallel',
    maxParallel: isRun ? origin.maxParallel : null,
    parameters: origin.parameters,
  };
}

/** @throws RuntimeError WORKFLOW_NOT_FOUND without a definition, RESOURCE_* for capacities that do not go together */
export function planOf(frame: PlanFrame): PlanDocument {
  const { record, definition, durations, threads, resources = [], maxParallel } = frame;
  const compilation = definition === undefined ? undefined : compileWorkflow(definition);
  if (compilation?.kind !== 'compiled') {
    throw new RuntimeError(
      'WORKFLOW_NOT_FOUND',
      record.kind === 'task'
        ? `'${record.workflow}' is a single task: there is nothing to plan`
        : `the definition of run '${record.runId}' is not on record any more, so it cannot be simulated`,
      { details: { runId: record.runId } },
    );
  }
  const { workflow } = compilation;
  const settings = resolveConfig({ dataDir: IN_MEMORY });
  const course = recordedCourse(workflow, frame);
  const isEnded = record.endedAtMs !== null;
  const parameters = isJsonObject(frame.parameters) ? frame.parameters : {};
  const report = simulateOnEngine(
    workflow,
    { ...settings, maxWorkers: threads ?? settings.maxWorkers, resources },
    {
      mode: modeOf(frame.mode),
      planBudgetMs: BUDGET_MS,
      ...(maxParallel === null ? {} : { maxParallel }),
    },
    isEnded
      ? { ...course, parameters }
      : { durations: knownDurations(workflow, frame, durations), ended: course.ended, parameters },
  );
  const rows = report.tasks.map(({ start, end, slack, thread }, index): PlanDocument['rows'][number] => [
    index,
    thread ?? -1,
    start * 1_000,
    end * 1_000,
    slack * 1_000,
  ]);
  return {
    makespanMs: report.makespanSeconds * 1_000,
    lowerBoundMs: report.lowerBoundSeconds * 1_000,
    note: noteOf(isEnded, report.estimates.unknown, report.workers),
    rows,
  };
}

function modeOf(word: string): ExecutionMode {
  return Object.values(ExecutionMode).find((mode) => mode === word) ?? ExecutionMode.RESOURCE_AWARE;
}

// What a run was started with is JSON.
function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What this run has shown goes before what others took, and both before estimates. */
function knownDurations(
  workflow: CompiledWorkflow,
  history: PlanFrame,
  recorded: ReadonlyMap<string, number>,
): StepDuration[] {
  const estimates = estimatedDurations(workflow, recorded);
  const own = recordedCourse(workflow, history).durations;
  return estimates.map((estimate, index) => {
    const task = history.tasks.get(workflow.steps[index]?.name ?? '');
    const hasRun = task !== undefined && endOfTask(task) === 'completed' && task.adoptedFrom === null;
    return hasRun ? (own[index] ?? estimate) : estimate;
  });
}

function noteOf(isEnded: boolean, guessed: number, threads: number): string {
  const on = threads === 1 ? 'on 1 thread' : `on ${threads} threads`;
  if (isEnded) return `simulated ${on} with what each task took in this run`;
  const guesses = guessed === 0 ? '' : `; ${guessed} tasks of which nothing is known count as 1 s`;
  return `simulated ${on} with what tasks took so far, in earlier runs or by estimate${guesses}`;
}
