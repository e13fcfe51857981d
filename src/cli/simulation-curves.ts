// Owns how much of each resource a simulated run holds over time, as steps: for drawing. Pure.

import type { SimulatedResourceReport, SimulationReport } from '../engine/simulation/simulation-report.ts';
import type { CompiledWorkflow } from '../engine/workflow-compiler.ts';

/** From `seconds` on, so much is in use; up to the next step. */
export interface UseStep {
  readonly seconds: number;
  readonly amount: number;
}

export interface UseCurve {
  readonly resource: SimulatedResourceReport;
  readonly steps: readonly UseStep[];
}

/** Sums of amounts such as 0.1 are shown without what binary fractions add to them. */
const DECIMALS = 1e6;

/** A curve for each resource of the report. */
export function useCurves(report: SimulationReport, { steps }: CompiledWorkflow): UseCurve[] {
  const changes = new Map<string, { readonly at: number; readonly by: number }[]>();
  const byId = new Map(report.resources.map((resource) => [resource.id, resource]));
  for (const id of byId.keys()) changes.set(id, []);
  for (const [index, task] of report.tasks.entries()) {
    if (task.thread === null && task.inlinePlace === null) continue;
    for (const [id, amount] of Object.entries(steps[index]?.resources ?? {})) {
      const refill = byId.get(id)?.refillSeconds ?? null;
      changes.get(id)?.push({ at: task.start, by: amount });
      changes.get(id)?.push({ at: refill === null ? task.end : task.start + refill, by: -amount });
    }
  }
  return report.resources.map((resource) => ({
    resource,
    steps: stepsOf(changes.get(resource.id) ?? [], report.makespanSeconds),
  }));
}

function stepsOf(changes: { readonly at: number; readonly by: number }[], end: number): UseStep[] {
  changes.sort((a, b) => a.at - b.at);
  const steps: { seconds: number; amount: number }[] = [{ seconds: 0, amount: 0 }];
  for (const { at, by } of changes) {
    if (at > end) break;
    const last = steps.at(-1);
    const amount = Math.round(((last?.amount ?? 0) + by) * DECIMALS) / DECIMALS;
    // What happens at one moment is one step.
    if (last !== undefined && at - last.seconds < 1 / DECIMALS) last.amount = amount;
    else steps.push({ seconds: at, amount });
  }
  return steps;
}
