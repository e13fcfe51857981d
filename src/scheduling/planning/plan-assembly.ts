// Owns the way back from ticks to seconds: a recorded schedule becomes a plan.
// It must never let rounding overlap two tasks that do not overlap on the grid: what ends before another starts, in ticks,
// ends before it in seconds too, as start + duration is computed.

import { type PlanningModel, tailsOf } from './planning-model.ts';
import type { Plan, PlanningProblem } from './planning-problem.ts';
import type { RecordedSchedule, ScheduleRecord } from './schedule-record.ts';
import { TaskSorter } from './task-sorting.ts';
import { secondsAt } from './time-grid.ts';

/** The plan of the shortest schedule on record. @param spentMs asked for last */
export function assemblePlan(
  problem: PlanningProblem,
  model: PlanningModel,
  record: ScheduleRecord,
  spentMs: () => number,
): Plan {
  const { shortest, workConserving } = record;
  const ranks = tailsOf(model.topological, model.forward, problem.durations);
  const timed = timesOf(problem, model, shortest);
  const isSame = workConserving === shortest;
  const alternative = isSame ? timed : timesOf(problem, model, workConserving);
  return {
    starts: timed.starts,
    order: timed.order,
    makespan: timed.makespan,
    nonDelay: shortest.isWorkConserving,
    workConserving: { order: alternative.order, makespan: alternative.makespan },
    lowerBound: Math.min(timed.makespan, boundOf(model, record.bound, ranks)),
    method: shortest.method,
    schedules: record.schedules,
    schedulesToBest: shortest.number,
    ranks,
    spentMs: spentMs(),
  };
}

interface Timed {
  readonly starts: Float64Array;
  readonly order: Int32Array;
  readonly makespan: number;
}

function timesOf(problem: PlanningProblem, model: PlanningModel, schedule: RecordedSchedule): Timed {
  const { durations } = problem;
  const ticks = model.durations;
  const sorter = new TaskSorter(model.size);
  const order = schedule.sequence.slice();
  sorter.sort(order, schedule.starts);
  const ends = schedule.starts.map((start, task) => start + (ticks[task] as number));
  const byEnd = order.slice();
  sorter.sort(byEnd, ends);
  const starts = new Float64Array(model.size);
  let makespan = 0;
  let floor = 0;
  let ended = 0;
  for (let place = 0; place < order.length; place++) {
    const task = order[place] as number;
    const tick = schedule.starts[task] as number;
    // Whatever takes no time has no end to wait for; it starts no later than what comes behind it.
    for (; ended < byEnd.length && (ends[byEnd[ended] as number] as number) <= tick; ended++) {
      const earlier = byEnd[ended] as number;
      if ((ticks[earlier] as number) > 0) {
        floor = Math.max(floor, (starts[earlier] as number) + (durations[earlier] as number));
      }
    }
    const start = Math.max(secondsAt(model.grid, tick), floor);
    starts[task] = start;
    floor = start;
    makespan = Math.max(makespan, start + (durations[task] as number));
  }
  return { starts, order, makespan };
}

// Ticks that were rounded up are taken off again, one a task; the longest path holds in seconds as it is.
function boundOf(model: PlanningModel, boundTicks: number, ranks: Float64Array): number {
  const { grid } = model;
  let longest = 0;
  for (let task = 0; task < ranks.length; task++) longest = Math.max(longest, ranks[task] as number);
  return Math.max(longest, secondsAt(grid, Math.max(0, boundTicks - grid.rounded)));
}
