// The scheduler against a slow reference that knows every rule (scheduler-model.ts), in random histories; its lanes and
// limits by name, and the work that it does.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionMode } from '../../src/domain/statuses.ts';
import { Lane, type LaneGroup } from '../../src/scheduling/lane.ts';
import type { ConcurrencyClaim, Pool, ReadyTask } from '../../src/scheduling/ready-task.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import { type AmountRequest, MemoryCapacity, requestOf } from './memory-capacity.ts';
import { ModelTask, type ModelTaskFacts, SchedulerModel } from './scheduler-model.ts';

const CAPACITIES = [1, 3, 4];
const AGEING_MS = 40;

type Step =
  | { readonly do: 'enqueue'; readonly lane: number; readonly facts: ModelTaskFacts }
  | { readonly do: 'next'; readonly pool: Pool }
  | { readonly do: 'drain' | 'outside' }
  | { readonly do: 'finish' | 'retry' | 'remove'; readonly which: number }
  | { readonly do: 'pause' | 'resume'; readonly lane: number }
  | { readonly do: 'resize'; readonly resource: number; readonly total: number }
  | { readonly do: 'close' | 'open'; readonly resource: number }
  | { readonly do: 'wait'; readonly byMs: number }
  | { readonly do: 'reorder'; readonly lane: number; readonly seed: number };

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
const claims: fc.Arbitrary<ConcurrencyClaim | null> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.record({ key: fc.constantFrom('a', 'b'), limit: fc.constantFrom(1, 2) }) },
);
const facts: fc.Arbitrary<ModelTaskFacts> = fc.record({
  pool: fc.oneof({ weight: 3, arbitrary: fc.constant<Pool>(0) }, { weight: 1, arbitrary: fc.constant<Pool>(1) }),
  level: fc.oneof({ weight: 2, arbitrary: fc.constant(2) }, { weight: 1, arbitrary: fc.nat(4) }),
  order: fc.nat(3),
  request: requests,
  concurrency: claims,
  expectedMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(30)),
});

const lane = fc.nat(9);
const which = fc.nat(9);
const resource = fc.nat(CAPACITIES.length - 1);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('enqueue' as const), lane, facts }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('next' as const), pool: fc.constantFrom<Pool>(0, 1) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('drain' as const) }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'retry' as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const), lane }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('outside' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize' as const), resource, total: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'open' as const), resource }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), byMs: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reorder' as const), lane, seed: fc.nat(97) }) },
);

/** Many who want the same, of one level and with nothing else to disturb them: long lines, and who passes whom in them. */
const crowdFacts: fc.Arbitrary<ModelTaskFacts> = fc.record({
  pool: fc.constant<Pool>(0),
  order: fc.nat(1),
  request: requests,
  expectedMs: fc.constantFrom(Number.POSITIVE_INFINITY, 5, 10),
});
const crowdSteps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('enqueue' as const), lane: fc.nat(3), facts: crowdFacts }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('drain' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('finish' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), byMs: fc.nat(10) }) },
);

/** Lanes that keep an order, over both pools, and tasks that come when others of their lane wait already. */
const orderedFacts: fc.Arbitrary<ModelTaskFacts> = fc.record({
  pool: fc.constantFrom<Pool>(0, 1),
  order: fc.nat(9),
  request: fc.constantFrom(null, requestOf([0, 1]), requestOf([1, 2]), requestOf([0, 1], [1, 2])),
});
const orderedSteps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('enqueue' as const), lane: fc.nat(2), facts: orderedFacts }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('drain' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'retry' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('outside' as const) }) },
);

type LaneFacts = readonly { readonly mode: ExecutionMode; readonly limit: number; readonly group: number }[];

const limits = fc.constantFrom(1, 2, Number.POSITIVE_INFINITY);
const modes = fc.constantFrom<ExecutionMode>('sequential', 'parallel', 'priority', 'resource_aware');
const laneFacts: fc.Arbitrary<LaneFacts> = fc.array(fc.record({ mode: modes, limit: limits, group: fc.nat(2) }), {
  minLength: 1,
  maxLength: 4,
});
const sequentialLanes = fc.constantFrom(1, 2, 3).map((count): LaneFacts => {
  return Array.from({ length: count }, (_, group) => ({ mode: 'sequential' as const, limit: 1, group }));
});
const groupLimits = fc.tuple(limits, limits, limits);

function createModel(lanes: LaneFacts, groups: readonly number[], ageingMs: number | undefined): SchedulerModel {
  const model = new SchedulerModel(CAPACITIES, ageingMs === undefined ? {} : { ageingMs });
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
  const { scheduler, capacity } = model;
  switch (step.do) {
    case 'next':
      model.next(step.pool);
      break;
    case 'drain':
      model.drain();
      break;
    case 'finish':
    case 'retry':
      end(model, step.which, step.do === 'retry');
      break;
    case 'remove':
      takeBack(model, step.which);
      break;
    case 'outside':
      toggleOutsideHold(model);
      break;
    case 'resize':
      capacity.resize(step.resource, step.total);
      scheduler.capacityFreed();
      break;
    case 'close':
    case 'open':
      capacity.setClosed(step.resource, step.do === 'close');
      scheduler.capacityFreed();
      break;
    case 'wait':
      model.nowMs += step.byMs;
      break;
    default:
      performOnLane(model, step);
  }
}

function performOnLane(model: SchedulerModel, step: Extract<Step, { lane: number }>): void {
  const chosen = model.lanes[step.lane % model.lanes.length];
  if (chosen === undefined) return;
  if (step.do === 'enqueue') model.enqueue(chosen, keysOf(chosen.mode, step.facts));
  else if (step.do !== 'reorder') model.scheduler.setPaused(chosen, step.do === 'pause');
  else if (chosen.mode === 'sequential' || chosen.mode === 'resource_aware') {
    model.scheduler.reorder(chosen, (index) => (index * step.seed) % 7, chosen.course, model.nowMs);
  }
}

function end(model: SchedulerModel, which: number, isRetried: boolean): void {
  const task = pick(model.running, which);
  if (task === undefined) return;
  model.finish(task);
  if (isRetried) model.requeue(task);
}

function takeBack(model: SchedulerModel, which: number): void {
  const task = pick(model.waiting(), which);
  if (task === undefined) return;
  expect(model.scheduler.remove(task)).toBe(true);
  expect(model.scheduler.remove(task)).toBe(false);
  task.enqueues--;
}

const OUTSIDE = requestOf([0, 1], [1, 2]);

/** Somebody who is no task of the scheduler takes capacity, or gives it back. */
function toggleOutsideHold({ capacity, scheduler }: SchedulerModel): void {
  if (capacity.heldBy(OUTSIDE) === 0) {
    capacity.tryGrant(OUTSIDE);
    return;
  }
  capacity.giveBack(OUTSIDE);
  scheduler.capacityFreed();
}

function pick<T>(from: readonly T[], which: number): T | undefined {
  return from[which % Math.max(1, from.length)];
}

/** Undoes what keeps tasks from starting, and lets everything run: then each task has run as often as it was queued. */
function runToEnd(model: SchedulerModel): void {
  if (model.capacity.heldBy(OUTSIDE) > 0) toggleOutsideHold(model);
  for (const [resource, total] of CAPACITIES.entries()) {
    model.capacity.resize(resource, total);
    model.capacity.setClosed(resource, false);
  }
  model.scheduler.capacityFreed();
  for (const each of model.lanes) model.scheduler.setPaused(each, false);
  for (let rounds = 0; model.waiting().length + model.running.length > 0; rounds++) {
    expect(rounds, 'a task waits for ever').toBeLessThan(1_000);
    model.drain();
    const [task] = model.running;
    expect(task, 'nothing runs, and yet something waits').toBeDefined();
    if (task !== undefined) model.finish(task);
  }
  expect(model.tasks.every((task) => task.starts === task.enqueues)).toBe(true);
  expect(model.capacity.held).toBe(0);
  expect(model.capacity.marked).toBe(0);
  expect(model.capacity.free).toEqual(CAPACITIES);
  for (const each of model.lanes) model.scheduler.removeLane(each);
}

const RUNS = Number(process.env.YARDMASTER_HISTORIES ?? 1_500);

describe('in any history, every decision is right, no wake-up is lost and every task runs', () => {
  it.each([
    ['without ageing', undefined, laneFacts, steps],
    ['with ageing', AGEING_MS, laneFacts, steps],
    ['in a crowd', undefined, laneFacts, crowdSteps],
    ['of sequential lanes', undefined, sequentialLanes, orderedSteps],
  ])('%s', (_name, ageingMs, someLanes, someSteps) => {
    fc.assert(
      fc.property(someLanes, groupLimits, fc.array(someSteps, { maxLength: 80 }), (lanes, groups, history) => {
        const model = createModel(lanes, groups, ageingMs);
        for (const step of history) perform(model, step);
        runToEnd(model);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('lanes of a level', () => {
  it('take turns', () => {
    const model = new SchedulerModel([]);
    const lanes = [model.addLane(), model.addLane(), model.addLane()];
    for (const lane of lanes) for (let n = 0; n < 3; n++) model.enqueue(lane);
    const turns: number[] = [];
    for (let task = model.next(0); task !== undefined; task = model.next(0)) turns.push(model.lanes.indexOf(task.lane));
    expect(turns).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  it('take turns although one has many tasks that wait for a resource', () => {
    const model = new SchedulerModel([1]);
    const outside = requestOf([0, 1]);
    model.capacity.tryGrant(outside);
    const [hungry, plain] = [model.addLane(), model.addLane()];
    for (let n = 0; n < 10; n++) model.enqueue(hungry, { request: requestOf([0, 1]) });
    model.drain();
    for (let n = 0; n < 10; n++) model.enqueue(plain);
    model.capacity.giveBack(outside);
    model.scheduler.capacityFreed();
    const turns: number[] = [];
    // One slot.
    for (let task = model.next(0); task !== undefined; task = model.next(0)) {
      turns.push(model.lanes.indexOf(task.lane));
      model.finish(task);
    }
    expect(turns.slice(0, 8).filter((lane) => lane === 1)).toHaveLength(4);
    expect(turns).toHaveLength(20);
  });
});

describe('a limit', () => {
  it('of a lane or of its group is a limit for both pools together', () => {
    const model = new SchedulerModel([]);
    const group: LaneGroup = { limit: 3, inFlight: 0 };
    const lanes = [model.addLane('parallel', 2, group), model.addLane('parallel', 2, group)];
    for (const lane of lanes) for (const pool of [0, 1, 0, 1] as const) model.enqueue(lane, { pool });
    expect(model.drain()).toHaveLength(3);
    const [task] = model.running;
    if (task !== undefined) model.finish(task);
    expect(model.drain()).toHaveLength(1);
  });

  it('wakes every lane of the group when one place comes free', () => {
    const model = new SchedulerModel([]);
    const group: LaneGroup = { limit: 1, inFlight: 0 };
    const [a, b] = [model.addLane('parallel', 9, group), model.addLane('sequential', 9, group)];
    const first = model.enqueue(a);
    model.drain();
    const second = model.enqueue(b);
    expect(model.drain()).toEqual([]);
    model.finish(first);
    expect(model.drain()).toEqual([second]);
  });
});

describe('broken rules are refused', () => {
  it('a task twice, the end of one that did not start, a lane with tasks in flight', () => {
    const model = new SchedulerModel([]);
    const lane = model.addLane();
    const task = model.enqueue(lane);
    expect(() => model.scheduler.enqueue(task, 0)).toThrow(/only an idle task/);
    expect(() => model.scheduler.finished(task, 0)).toThrow(/only a started task/);
    model.drain();
    expect(model.scheduler.remove(task)).toBe(false);
    expect(() => model.scheduler.enqueue(task, 0)).toThrow(/only an idle task/);
    expect(() => model.scheduler.removeLane(lane)).toThrow(/in flight/);
    model.finish(task);
    expect(() => model.scheduler.finished(task, 0)).toThrow(/only a started task/);
  });

  it('a removed lane gives nothing, even when a task is put into it', () => {
    const model = new SchedulerModel([]);
    const lane = model.addLane();
    model.scheduler.removeLane(lane);
    model.scheduler.enqueue(new ModelTask(0, lane, {}), 0);
    expect(model.scheduler.next(0, 0)).toBeUndefined();
  });
});

describe('the work of a decision', () => {
  const NONE = Number.POSITIVE_INFINITY;
  const kinds = {
    'no capacity asked for': { request: () => null, limit: NONE },
    'half want a resource of one': { request: (n: number) => (n % 2 === 0 ? requestOf([0, 1]) : null), limit: NONE },
    'the same, in a lane with a limit': { request: (n: number) => (n % 2 === 0 ? requestOf([0, 1]) : null), limit: 2 },
    'hundreds of classes over three resources': {
      request: (n: number) => requestOf([0, 1], [1, 1 + (n % 17)], [2, 1 + (n % 23)]),
      limit: NONE,
    },
  };

  it.each(Object.entries(kinds))('does not grow with the tasks that wait: %s', (_name, { request, limit }) => {
    const tries = [1_000, 20_000].map((size) => {
      const capacity = new MemoryCapacity([1, 20, 25]);
      const scheduler = new Scheduler<AmountRequest>(capacity);
      const group = { limit: NONE, inFlight: 0 };
      const lane = new Lane<AmountRequest>({ mode: 'resource_aware', limit, group });
      scheduler.addLane(lane);
      for (let n = 0; n < size; n++) {
        scheduler.enqueue(new ModelTask(n, lane, { level: n % 5, order: (n * 7_919) % size, request: request(n) }), 0);
      }
      expect(runWithSlots(scheduler, 4)).toBe(size);
      return capacity.tries / size;
    });
    // What is asserted is work, not time: how often capacity was tried for, a task.
    expect(tries[1] ?? NONE).toBeLessThanOrEqual(Math.max(1, 1.2 * (tries[0] ?? 0)));
    expect(tries[1] ?? NONE).toBeLessThanOrEqual(6);
  });
});

/** Fills the slots, ends the task without capacity first, until nothing is left; how many have run. */
function runWithSlots(scheduler: Scheduler<AmountRequest>, slots: number): number {
  const running: ReadyTask<AmountRequest>[] = [];
  let ended = 0;
  for (;;) {
    for (let task = scheduler.next(0, ended); task !== undefined; task = scheduler.next(0, ended)) {
      running.push(task);
      if (running.length === slots) break;
    }
    if (running.length === 0) return ended;
    const free = running.findIndex((task) => task.request === null);
    for (const task of running.splice(Math.max(0, free), 1)) scheduler.finished(task, ended);
    ended++;
  }
}
