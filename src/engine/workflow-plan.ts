// Owns the step from a compiled workflow to the plan that a run follows: priorities and ranks as order keys, resource
// requests prepared against the guard, references and conditions bound to the run that asks.

import type { RunPlan, RunView } from '../actors/run-plan.ts';
import type { TaskSpec } from '../actors/task-record.ts';
import { upwardRanks } from '../dag/critical-path.ts';
import { topologicalOrder } from '../dag/topological-order.ts';
import type { JsonObject } from '../domain/json-value.ts';
import type { ExecutionMode } from '../domain/statuses.ts';
import { effectiveParameters, paramsInForce } from '../domain/step-parameters.ts';
import type { StepDefinition } from '../domain/workflow-definition.ts';
import type { PreparedRequest } from '../resources/capacity-request.ts';
import { orderKeys } from '../scheduling/mode-order.ts';
import type { Pool } from '../scheduling/ready-task.ts';
import type { CompiledWorkflow } from './workflow-compiler.ts';

/** Weight of a step that says nothing of its duration. */
const DEFAULT_ESTIMATE_SECONDS = 1;

export interface PlanSurroundings {
  readonly mode: ExecutionMode;
  readonly runParameters: JsonObject;
  /** @throws RuntimeError RESOURCE_* */
  prepare(request: Readonly<Record<string, number>>): PreparedRequest;
  poolOf(step: StepDefinition): Pool;
}

/** The plan of one run. @throws RuntimeError RESOURCE_* for a request that can never be granted */
export function createRunPlan(workflow: CompiledWorkflow, surroundings: PlanSurroundings): RunPlan {
  const { graph, definition } = workflow;
  const { runParameters } = surroundings;
  const params = paramsInForce(definition.parameters, runParameters);
  return {
    workflow: definition.name,
    rows: graph,
    tasks: taskSpecs(workflow, surroundings),
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

function taskSpecs({ steps, graph }: CompiledWorkflow, surroundings: PlanSurroundings): TaskSpec[] {
  const { mode } = surroundings;
  const weights = Float64Array.from(steps, (step) => step.estimatedSeconds ?? DEFAULT_ESTIMATE_SECONDS);
  const order = topologicalOrder(graph);
  const places = new Int32Array(order.length);
  for (const [place, index] of order.entries()) places[index] = place;
  const ranks = upwardRanks(graph, weights, order);
  return steps.map((step, index) => ({
    name: step.name,
    module: step.module,
    action: step.action,
    timeoutMs: step.timeoutMs,
    totalTimeoutMs: step.totalTimeoutMs,
    heartbeatTimeoutMs: step.heartbeatTimeoutMs,
    retry: step.retry,
    request: isEmpty(step.resources) ? null : surroundings.prepare(step.resources),
    pool: surroundings.poolOf(step),
    ...orderKeys(mode, {
      priority: step.priority,
      topologicalPlace: places[index] ?? 0,
      upwardRank: ranks[index] ?? 0,
    }),
  }));
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
