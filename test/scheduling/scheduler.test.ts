// The scheduler against a slow reference that knows every rule (scheduler-model.ts), in random histories; and by name
// the cases in which a scheduler usually goes wrong.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionMode } from '../../src/domain/statuses.ts';
import type { LaneGroup } from '../../src/scheduling/lane.ts';
import type { Pool } from '../../src/scheduling/ready-task.ts';
import { type AmountRequest, requestOf } from './memory-capacity.ts';
import { type ModelTaskFacts, SchedulerModel } from './scheduler-model.ts';

const CAPACITIES = [1, 3, 4];

type Step =
  | { readonly do: 'enqueue'; readonly lane: number; readonly facts: ModelTaskFacts }
  | { readonly do: 'next'; readonly pool: Pool }
  | { readonly do: 'drain' }
  | { readonly do: 'finish' | 'retry'; readonly which: number }
  | { readonly do: 'remove'; readonly which: number }
  | { readonly do: 'pause' | 'resume'; readonly lane: number };

const requests: fc.Arbitrary<AmountRequest | null> = fc.oneof(
  fc.constant(null),
  fc
    .uniqueArray(fc.nat(CAPACITIES.length - 1), { minLength: 1, maxLength: 3 })
    .chain((indices) =>
      fc
        .tuple(...indices.map((index) => fc.integer({ min: 1, max: CAPACITIES[index] ?? 1 })))
        .map((amounts) => requestOf(...indices.map((index, i) => [index, amounts[i] ?? 1] as const))),
    ),
);

const pools = fc.constantFrom<Pool>(0, 1);
const facts: fc.Arbitrary<ModelTaskFacts> = fc.record({
  pool: fc.oneof({ weight: 3, arbitrary: fc.constant<Pool>(0) }, { weight: 1, arbitrary: fc.constant<Pool>(1) }),
  level: fc.oneof({ weight: 2, arbitrary: fc.constant(2) }, { weight: 1, arbitrary: fc.nat(4) }),
  order: fc.nat(3),
  request: requests,
});
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('enqueue' as const), lane: fc.nat(9), facts }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('next' as const), pool: pools }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drain' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'retry' as const), which: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const), lane: fc.nat(9) }) },
);

const limits = fc.constantFrom(1, 2, Number.POSITIVE_INFINITY);
const modes = fc.constantFrom<ExecutionMode>('sequential', 'parallel', 'priority', 'resource_aware');
const laneFacts = fc.array(fc.record({ mode: modes, limit: limits, group: fc.nat(2) }), { minLength: 1, maxLength: 4 });
const groupLimits = fc.tuple(limits, limits, limits);

function createModel(lanes: readonly { mode: ExecutionMode; limit: number; group: number }[], groups: number[]) {
  const model = new SchedulerModel(CAPACITIES);
  const made: LaneGroup[] = groups.map((limit) => ({ limit, inFlight: 0 }));
  for (const { mode, limit, group } of lanes) model.addLane(mode, limit, made[group]);
  return model;
}

/** What a mode makes of the keys: parallel and priority know no order but arrival, two modes no level. */
function keysOf(mode: ExecutionMode, given: ModelTaskFacts): ModelTaskFacts {
  return {
    ...given,
    level: mode === 'sequential' || mode === 'parallel' ? 2 : (given.level ?? 2),
    order: mode === 'sequential' || mode === 'resource_aware' ? (given.order ?? 0) : 0,
  };
}

function perform(model: SchedulerModel, step: Step): void {
  switch (step.do) {
    case 'enqueue': {
      const lane = model.lanes[step.lane % model.lanes.length];
      if (lane !== undefined) model.enqueue(lane, keysOf(lane.mode, step.facts));
      break;
    }
    case 'next':
      model.next(step.pool);
      break;
    case 'drain':
      model.drain();
      break;
    case 'finish':
    case 'retry': {
      const task = pick(model.running, step.which);
      if (task === undefined) break;
      model.finish(task);
      if (step.do === 'retry') model.requeue(task);
      break;
    }
    case 'remove': {
      const task = pick(model.waiting(), step.which);
      if (task === undefined) break;
      expect(model.scheduler.remove(task)).toBe(true);
      expect(model.scheduler.remove(task)).toBe(false);
      task.enqueues--;
      break;
    }
    case 'pause':
    case 'resume': {
      const lane = model.lanes[step.lane % model.lanes.length];
      if (lane !== undefined) model.scheduler.setPaused(lane, step.do === 'pause');
      break;
    }
  }
}

function pick<T>(from: readonly T[], which: number): T | undefined {
  return from[which % Math.max(1, from.length)];
}

/** Lets everything run to its end: whatever can run must. */
function runToEnd(model: SchedulerModel): void {
  for (const lane of model.lanes) model.scheduler.setPaused(lane, false);
  for (let turn = 0; turn <= model.tasks.length * 2 + 2; turn++) {
    model.drain();
    const task = model.running[0];
    if (task === undefined) break;
    model.finish(task);
  }
  expect(model.waiting().map(({ number }) => number)).toEqual([]);
  expect(model.running).toEqual([]);
  for (const task of model.tasks) expect(task.starts, `starts of task ${task.number}`).toBe(task.enqueues);
  expect(model.capacity.free).toEqual(CAPACITIES);
  expect(model.capacity.marked).toBe(0);
  for (const lane of model.lanes) model.scheduler.removeLane(lane);
  expect(model.scheduler.queueDepth).toEqual([0, 0, 0, 0, 0]);
}

describe('in any history', () => {
  it('keeps capacity, limits, levels and lines, wakes whoever may start, starts each task once', () => {
    fc.assert(
      fc.property(laneFacts, groupLimits, fc.array(steps, { maxLength: 60, size: 'max' }), (lanes, groups, history) => {
        const model = createModel(lanes, groups);
        for (const step of history) perform(model, step);
        runToEnd(model);
      }),
      { numRuns: Number(process.env.FC_RUNS ?? 1_500) },
    );
  });
});

describe('a wake-up is not lost', () => {
  it('when the task that others wait behind is taken back', () => {
    const model = new SchedulerModel([4]);
    const [a, b] = [model.addLane(), model.addLane()];
    const narrow = () => model.enqueue(b, { request: requestOf([0, 1]) });
    const first = narrow();
    expect(model.drain()).toEqual([first]);
    const wide = model.enqueue(a, { request: requestOf([0, 4]) });
    expect(model.drain()).toEqual([]);
    const second = narrow();
    expect(model.drain()).toEqual([]);
    expect([wide.state, second.state]).toEqual(['parked', 'parked']);
    model.scheduler.remove(wide);
    expect(model.drain()).toEqual([second]);
  });

  it('when the group of the task that others wait behind becomes full', () => {
    const model = new SchedulerModel([4]);
    const group: LaneGroup = { limit: 2, inFlight: 0 };
    const [a, b, other] = [model.addLane('parallel', 9, group), model.addLane('parallel', 9, group), model.addLane()];
    const first = model.enqueue(a, { request: requestOf([0, 1]) });
    expect(model.drain()).toEqual([first]);
    const wide = model.enqueue(a, { request: requestOf([0, 4]) });
    expect(model.drain()).toEqual([]);
    const narrow = model.enqueue(other, { request: requestOf([0, 1]) });
    expect(model.drain()).toEqual([]);
    const filler = model.enqueue(b);
    expect(model.drain()).toEqual([filler, narrow]);
    expect(wide.state).toBe('queued');
  });
});
