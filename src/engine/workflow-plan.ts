// Owns the step from a compiled workflow to the plan that a run follows: priorities and ranks as order keys, resource
// requests prepared against the guard, references and conditions bound to the run that asks.

import type { RunPlan, RunView } from '../actors/run-plan.ts';
import { resolveConcurrency } from '../domain/concurrency-limit.ts';
import type { JsonObject } from '../domain/json-value.ts';
import type { ExecutionMode } from '../domain/statuses.ts';
import { effectiveParameters, paramsInForce } from '../domain/step-parameters.ts';
import type { StepDefinition } from '../domain/workflow-definition.ts';
import type { PreparedRequest } from '../resources/capacity-request.ts';
import { levelOf } from '../scheduling/mode-level.ts';
import type { Pool } from '../scheduling/ready-task.ts';
import { RunEstimates } from '../scheduling/run-estimates.ts';
import { RunGuide } from './run-guide.ts';
import type { RunOrderInput } from './run-ordering.ts';
import type { CompiledWorkflow } from './workflow-compiler.ts';

export interface PlanSurroundings
  extends Pick<RunOrderInput, 'slots' | 'maxParallel' | 'capacityUnits' | 'budgetMs' | 'now' | 'random'> {
  readonly mode: ExecutionMode;
  readonly runParameters: JsonObject;
  /** Seconds that a step took in earlier runs. */
  readonly recorded: ReadonlyMap<string, number>;
  /** @throws RuntimeError RESOURCE_* */
  prepare(request: Readonly<Record<string, number>>): PreparedRequest;
  poolOf(step: StepDefinition): Pool;
}

/** A plan whose guide tells what the run's tasks took. */
export interface GuidedPlan extends RunPlan {
  readonly guide: RunGuide;
}

/** The plan of one run. @throws RuntimeError RESOURCE_* for a request that can never be granted */
export function createRunPlan(workflow: CompiledWorkflow, surroundings: PlanSurroundings): GuidedPlan {
  const { graph, definition } = workflow;
  const { runParameters } = surroundings;
  const params = paramsInForce(definition.parameters, runParameters);
  const tasks = taskSpecs(workflow, surroundings, params);
  return {
    workflow: definition.name,
    rows: graph,
    tasks,
    guide: guideOf(workflow, tasks, surroundings),
    parametersOf(index, view) {
      const step = workflow.steps[index];
      if (step === undefined) return {};
      return effectiveParameters(step.parameters, workflow.parameters[index] ?? null, {
        workflowParameters: definition.parameters,
        runParameters,
        outputOf: (name) => view.outputOf(graph.indexOf(name)),
        statusOf: (name) => view.statusOf(graph.indexOf(name)),
      });
    },
    conditionHolds(index, view) {
      const condition = workflow.conditions[index];
      if (condition === null || condition === undefined) return true;
      return condition.evaluate({ params, steps: stepsView(condition.referencedSteps, workflow, view) });
    },
    isRequired: (index) => workflow.steps[index]?.required ?? true,
    indexOf: (name) => graph.indexOf(name),
  };
}

function taskSpecs({ steps }: CompiledWorkflow, surroundings: PlanSurroundings, params: JsonObject) {
  const { mode } = surroundings;
  return steps.map((step) => ({
    name: step.name,
    module: step.module,
    action: step.action,
    timeoutMs: step.timeoutMs,
    totalTimeoutMs: step.totalTimeoutMs,
    heartbeatTimeoutMs: step.heartbeatTimeoutMs,
    retry: step.retry,
    request: isEmpty(step.resources) ? null : surroundings.prepare(step.resources),
    pool: surroundings.poolOf(step),
    level: levelOf(mode, step.priority),
    // The guide knows.
    order: 0,
    concurrency: resolveConcurrency(step, params),
    expectedMs: Number.POSITIVE_INFINITY,
  }));
}

function guideOf(
  { steps, graph }: CompiledWorkflow,
  tasks: ReturnType<typeof taskSpecs>,
  surroundings: PlanSurroundings,
): RunGuide {
  const { mode, slots, maxParallel, capacityUnits, budgetMs, now, random, recorded } = surroundings;
  const kinds = new Set<string>();
  const estimates = new RunEstimates(
    steps.map(({ name, module, action, estimatedSeconds: given }) => {
      const kind = `${module}.${action}`;
      kinds.add(kind);
      return { given, recorded: recorded.get(name), kind };
    }),
  );
  const facts = {
    graph,
    mode,
    levels: Uint8Array.from(tasks, ({ level }) => level),
    requests: tasks.map(({ request }) => request),
    concurrency: tasks.map(({ concurrency }) => concurrency),
    pools: tasks.map(({ pool }) => pool),
    hasSeveralKinds: kinds.size > 1,
    slots,
    maxParallel,
    capacityUnits,
    budgetMs,
    now,
    random,
  };
  return new RunGuide(facts, estimates);
}

function stepsView(names: readonly string[], { graph }: CompiledWorkflow, view: RunView) {
  const steps: Record<string, { output: unknown; status: string }> = Object.create(null);
  for (const name of names) {
    const index = graph.indexOf(name);
    steps[name] = { output: view.outputOf(index), status: view.statusOf(index) };
  }
  return steps;
}

function isEmpty(record: Readonly<Record<string, number>>): boolean {
  for (const _ in record) return false;
  return true;
}
