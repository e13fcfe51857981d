// Owns the order in which a simulated run's tasks go: asked of the engine's own planning of runs.

import type { ExecutionMode } from '../../domain/statuses.ts';
import type { PreparedRequest } from '../../resources/capacity-request.ts';
import { levelOf } from '../../scheduling/mode-level.ts';
import { PlanCourse } from '../../scheduling/plan-course.ts';
import type { PlanningEffort } from '../../scheduling/planning/planning-problem.ts';
import type { ConcurrencyClaim, Pool } from '../../scheduling/ready-task.ts';
import { orderRun, type PlanSummary } from '../run-ordering.ts';
import type { CompiledWorkflow } from '../workflow-compiler.ts';
import type { SimulatedCapacity } from './simulated-capacity.ts';
import type { StepDuration } from './step-durations.ts';

export interface SimulatedOrderInput {
  readonly workflow: CompiledWorkflow;
  readonly mode: ExecutionMode;
  readonly durations: readonly StepDuration[];
  readonly requests: readonly (PreparedRequest | null)[];
  readonly concurrency: readonly (ConcurrencyClaim | null)[];
  readonly pools: readonly Pool[];
  readonly slots: readonly number[];
  readonly maxParallel: number;
  readonly capacity: SimulatedCapacity;
  readonly effort: PlanningEffort;
}

export interface SimulatedOrder {
  levelOf(index: number): number;
  orderOf(index: number): number;
  readonly course: PlanCourse | null;
  readonly plan: (PlanSummary & { readonly budgetMs: number }) | null;
}

/** The order of a run that starts now, as the engine would make it. */
export function orderSimulatedRun(input: SimulatedOrderInput): SimulatedOrder {
  const { workflow, mode, durations, effort, capacity } = input;
  const levels = Uint8Array.from(workflow.steps, ({ priority }) => levelOf(mode, priority));
  const order = orderRun({
    graph: workflow.graph,
    mode,
    levels,
    seconds: Float64Array.from(durations, ({ seconds }) => seconds),
    isKnown: (index) => durations[index]?.isKnown === true,
    requests: input.requests,
    concurrency: input.concurrency,
    pools: input.pools,
    slots: input.slots,
    maxParallel: input.maxParallel,
    capacityUnits: (index) => capacity.guard.capacityUnits(index),
    budgetMs: effort.budgetMs,
    now: effort.now,
    random: effort.random,
    standing: null,
  });
  return {
    levelOf: (index) => levels[index] ?? 0,
    orderOf: (index) => order.orders[index] ?? 0,
    course: order.course === null ? null : new PlanCourse(order.course),
    plan: order.plan === null ? null : { ...order.plan, budgetMs: effort.budgetMs },
  };
}
