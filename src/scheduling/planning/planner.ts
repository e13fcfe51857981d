// Owns planning: from a problem to the best schedule that the effort allows.
// Always one linear pass, which is a plan already; then, where there is a budget and something to gain, a search.
// Pure: clock and chance are given, and the same ones give the same plan.

import { Deadline } from './deadline.ts';
import { listSchedule } from './linear-pass.ts';
import { lowerBoundOf } from './lower-bound.ts';
import { assemblePlan } from './plan-assembly.ts';
import { modelOf, type PlanningModel } from './planning-model.ts';
import type { Plan, PlanningEffort, PlanningProblem } from './planning-problem.ts';
import { latestStart } from './priority-rules.ts';
import { ScheduleRecord } from './schedule-record.ts';
import { searchSchedules } from './schedule-search.ts';
import { TaskSorter } from './task-sorting.ts';

/** Above this a search could make too few schedules in any sensible budget to be worth its time. */
const MOST_TASKS_SEARCHED = 20_000;
/** Part of the time that the linear pass took which is kept back for putting the plan together. */
const KEPT_BACK = 0.5;

/**
 * The best schedule found within the effort. The linear pass is list scheduling by upward rank (HEFT: H. Topcuoglu, S. Hariri,
 * M.-Y. Wu, IEEE Trans. Parallel Distrib. Syst. 13(3), 2002); its time is part of the budget but always taken.
 * @throws ARGUMENT_INVALID for a duration that is negative or not finite
 */
export function planSchedule(problem: PlanningProblem, effort: PlanningEffort): Plan {
  const startedMs = effort.now();
  const model = modelOf(problem);
  const bound = lowerBoundOf(model);
  const base = listSchedule(model, orderByRank(model));
  const record = new ScheduleRecord({ ...base, method: 'critical path', number: 1, isWorkConserving: true }, bound);
  if (effort.budgetMs > 0 && !record.isOptimal && model.size <= MOST_TASKS_SEARCHED) {
    const keptBackMs = Math.min((effort.now() - startedMs) * KEPT_BACK, effort.budgetMs);
    const deadline = new Deadline(effort.now, startedMs + effort.budgetMs - keptBackMs);
    if (!deadline.isPast()) searchSchedules(model, record, deadline, effort.random);
  }
  return assemblePlan(problem, model, record, () => effort.now() - startedMs);
}

/** By level, then the longest path to the end first, then as the topological order has it. */
function orderByRank(model: PlanningModel): Int32Array {
  const order = model.topological.slice();
  const sorter = new TaskSorter(model.size);
  sorter.sort(order, latestStart(model));
  if (model.levels !== null) sorter.sort(order, Float64Array.from(model.levels));
  return order;
}
