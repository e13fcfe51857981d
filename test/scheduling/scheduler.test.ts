// The scheduler against a slow reference that knows every rule (scheduler-model.ts), in random histories; and by name
// the cases in which a scheduler usually goes wrong.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionMode } from '../../src/domain/statuses.ts';
import { Lane, type LaneGroup } from '../../src/scheduling/lane.ts';
import type { Pool, ReadyTask } from '../../src/scheduling/ready-task.ts';
import { Scheduler } from '../../src/scheduling/scheduler.ts';
import { type AmountRequest, MemoryCapacity, requestOf } from './memory-capacity.ts';
import { ModelTask, type ModelTaskFacts, SchedulerModel } from './scheduler-model.ts';

const CAPACITIES = [1, 3, 4];

type Step =
  | { readonly do: 'enqueue'; readonly lane: number; readonly facts: ModelTaskFacts }
  | { readonly do: 'next'; readonly pool: Pool }
  | { readonly do: 'drain' }
  | { readonly do: 'finish' | 'retry'; readonly which: number }
  | { readonly do: 'remove'; readonly which: number }
  | { readonly do: 'pause' | 'resume'; readonly lane: number }
  | { readonly do: 'outside' };

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
  { weight: 1, arbitrary: fc.record({ do: fc.constant('outside' as const) }) },
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
    case 'outside':
      toggleOutsideHold(model);
      break;
  }
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

/** Lets everything run to its end: whatever can run must. */
function runToEnd(model: SchedulerModel): void {
  for (const lane of model.lanes) model.scheduler.setPaused(lane, false);
  if (model.capacity.heldBy(OUTSIDE) > 0) toggleOutsideHold(model);
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
      { numRuns: 1_500 },
    );
  });
});

describe('a wake-up is not lost', () => {
  it('when the task that others wait behind is taken back', () => {
    const model = new SchedulerModel([4]);
    const [a, b] = [model.addLane(), model.addLane()];
    const first = model.enqueue(b, { request: requestOf([0, 1]) });
    expect(model.drain()).toEqual([first]);
    const wide = model.enqueue(a, { request: requestOf([0, 4]) });
    expect(model.drain()).toEqual([]);
    const second = model.enqueue(b, { request: requestOf([0, 1]) });
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

  it('when the lane of the task that others wait behind is paused, and it keeps its place for the time after', () => {
    const model = new SchedulerModel([4]);
    const [a, b] = [model.addLane(), model.addLane()];
    const first = model.enqueue(b, { request: requestOf([0, 1]) });
    model.drain();
    const wide = model.enqueue(a, { request: requestOf([0, 4]) });
    model.drain();
    const [second, third] = [1, 2].map(() => model.enqueue(b, { request: requestOf([0, 1]) }));
    expect(model.drain()).toEqual([]);
    model.scheduler.setPaused(a, true);
    expect(model.drain()).toEqual([second, third]);
    const late = model.enqueue(b, { request: requestOf([0, 2]) });
    expect(model.drain()).toEqual([]);
    model.scheduler.setPaused(a, false);
    expect(model.drain()).toEqual([]);
    for (const task of [first, second, third]) if (task !== undefined) model.finish(task);
    expect(model.drain()).toEqual([wide]);
    model.finish(wide);
    expect(model.drain()).toEqual([late]);
  });

  it('when a task of one pool starts that tasks of the other pool wait behind', () => {
    const model = new SchedulerModel([2, 1]);
    const lane = model.addLane();
    const holder = model.enqueue(lane, { request: requestOf([1, 1]) });
    model.drain();
    const inThread = model.enqueue(lane, { pool: 0, request: requestOf([0, 1], [1, 1]) });
    model.drain();
    const inline = model.enqueue(lane, { pool: 1, request: requestOf([0, 1]) });
    expect(model.drain()).toEqual([]);
    model.finish(holder);
    expect(model.next(1)).toBeUndefined();
    expect(model.next(0)).toBe(inThread);
    expect(model.next(1)).toBe(inline);
  });

  it('when capacity comes back that no task of the scheduler held', () => {
    const model = new SchedulerModel([1]);
    const outside = requestOf([0, 1]);
    model.capacity.tryGrant(outside);
    const task = model.enqueue(model.addLane(), { request: requestOf([0, 1]) });
    expect(model.drain()).toEqual([]);
    model.capacity.giveBack(outside);
    model.scheduler.capacityFreed();
    expect(model.drain()).toEqual([task]);
  });

  it('when a follower has to take the place of a leader that was taken back', () => {
    const model = new SchedulerModel([1]);
    const [a, b] = [model.addLane(), model.addLane()];
    const holder = model.enqueue(b, { request: requestOf([0, 1]) });
    model.drain();
    const [leader, follower, last] = [1, 2, 3].map(() => model.enqueue(a, { request: requestOf([0, 1]) }));
    model.drain();
    expect([leader?.state, follower?.state, last?.state]).toEqual(['parked', 'following', 'following']);
    if (leader !== undefined) model.scheduler.remove(leader);
    if (last !== undefined) model.scheduler.remove(last);
    model.drain();
    expect(follower?.state).toBe('parked');
    model.finish(holder);
    expect(model.drain()).toEqual([follower]);
  });
});

describe('a task that comes back to the line', () => {
  it('behind a better one of its own lane follows that one, and has no place of its own any more', () => {
    const model = new SchedulerModel([1]);
    const [other, lane] = [model.addLane(), model.addLane('resource_aware')];
    const holder = model.enqueue(other, { request: requestOf([0, 1]) });
    model.drain();
    const first = model.enqueue(lane, { order: 5, request: requestOf([0, 1]) });
    model.drain();
    model.scheduler.setPaused(lane, true);
    model.drain();
    const better = model.enqueue(lane, { order: 1, request: requestOf([0, 1]) });
    model.scheduler.setPaused(lane, false);
    model.drain();
    expect([better.state, first.state, first.parkedAt]).toEqual(['parked', 'following', 0]);
    model.finish(holder);
    expect(model.drain()).toEqual([better]);
  });

  it('for its next attempt takes its place anew, behind those that came meanwhile', () => {
    const model = new SchedulerModel([1]);
    const [a, b] = [model.addLane(), model.addLane()];
    const holder = model.enqueue(b, { request: requestOf([0, 1]) });
    model.drain();
    const retried = model.enqueue(a, { request: requestOf([0, 1]) });
    model.drain();
    model.finish(holder);
    expect(model.drain()).toEqual([retried]);
    const waiting = model.enqueue(b, { request: requestOf([0, 1]) });
    model.drain();
    model.finish(retried);
    model.requeue(retried);
    expect(model.drain()).toEqual([waiting]);
  });
});

describe('a wide request', () => {
  it('is not starved by a stream of narrow ones: nothing that comes after it starts before it', () => {
    const model = new SchedulerModel([4]);
    const lanes = [1, 2, 3].map(() => model.addLane());
    const narrow = (n: number) => {
      const lane = lanes[n % lanes.length];
      return lane === undefined ? undefined : model.enqueue(lane, { request: requestOf([0, 1]) });
    };
    for (let n = 0; n < 8; n++) narrow(n);
    model.drain();
    const wide = model.enqueue(model.addLane(), { request: requestOf([0, 4]) });
    const startedBefore = model.tasks.filter(({ starts }) => starts > 0).length;
    let finished = 0;
    for (let n = 0; n < 200 && wide.state !== 'started'; n++) {
      narrow(n);
      const task = model.running[0];
      if (task !== undefined) model.finish(task);
      finished++;
      model.drain();
    }
    expect(wide.state).toBe('started');
    // Four hold capacity when it comes; each lane has at most one in line before it.
    expect(finished).toBeLessThanOrEqual(startedBefore + lanes.length);
  });

  it('of a worse level does not hold up a better one', () => {
    const model = new SchedulerModel([4]);
    const lane = model.addLane('priority');
    model.enqueue(lane, { level: 2, request: requestOf([0, 1]) });
    model.drain();
    const wide = model.enqueue(lane, { level: 3, request: requestOf([0, 4]) });
    model.drain();
    const urgent = model.enqueue(lane, { level: 0, request: requestOf([0, 3]) });
    expect(model.drain()).toEqual([urgent]);
    expect(wide.state).toBe('parked');
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

  it('take turns in the line of a resource', () => {
    const model = new SchedulerModel([1]);
    const lanes = [model.addLane(), model.addLane()];
    for (const lane of lanes) for (let n = 0; n < 4; n++) model.enqueue(lane, { request: requestOf([0, 1]) });
    const turns: number[] = [];
    model.drain();
    while (model.running.length > 0) {
      const task = model.running[0];
      if (task === undefined) break;
      turns.push(model.lanes.indexOf(task.lane));
      model.finish(task);
      model.drain();
    }
    expect(turns).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
  });
});

describe('a limit', () => {
  it('of a lane or of its group is a limit for both pools together', () => {
    const model = new SchedulerModel([]);
    const group: LaneGroup = { limit: 3, inFlight: 0 };
    const lanes = [model.addLane('parallel', 2, group), model.addLane('parallel', 2, group)];
    for (const lane of lanes) for (const pool of [0, 1, 0, 1] as const) model.enqueue(lane, { pool });
    expect(model.drain()).toHaveLength(3);
    const task = model.running[0];
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

describe('sequential', () => {
  it('keeps its order over both pools, one at a time, and passes nothing that waits for capacity', () => {
    const model = new SchedulerModel([1]);
    const outside = requestOf([0, 1]);
    model.capacity.tryGrant(outside);
    const lane = model.addLane('sequential');
    const facts: ModelTaskFacts[] = [
      { order: 3, pool: 0 },
      { order: 1, pool: 1, request: requestOf([0, 1]) },
      { order: 0, pool: 0 },
      { order: 2, pool: 1 },
    ];
    for (const fact of facts) model.enqueue(lane, fact);
    const order: number[] = [];
    for (let turn = 0; turn < 12 && order.length < 4; turn++) {
      const started = model.drain();
      expect(started.length).toBeLessThanOrEqual(1);
      for (const task of started) {
        order.push(task.order);
        model.finish(task);
      }
      if (started.length > 0 || model.capacity.heldBy(outside) === 0) continue;
      expect(order).toEqual([0]);
      model.capacity.giveBack(outside);
      model.scheduler.capacityFreed();
    }
    expect(order).toEqual([0, 1, 2, 3]);
  });
});

describe('broken rules are refused', () => {
  it('a task twice, the end of one that did not start, a lane with tasks in flight', () => {
    const model = new SchedulerModel([]);
    const lane = model.addLane();
    const task = model.enqueue(lane);
    expect(() => model.scheduler.enqueue(task)).toThrow(/only an idle task/);
    expect(() => model.scheduler.finished(task)).toThrow(/only a started task/);
    model.drain();
    expect(model.scheduler.remove(task)).toBe(false);
    expect(() => model.scheduler.enqueue(task)).toThrow(/only an idle task/);
    expect(() => model.scheduler.removeLane(lane)).toThrow(/in flight/);
    model.finish(task);
    expect(() => model.scheduler.finished(task)).toThrow(/only a started task/);
  });

  it('a removed lane gives nothing, even when a task is put into it', () => {
    const model = new SchedulerModel([]);
    const lane = model.addLane();
    model.scheduler.removeLane(lane);
    model.scheduler.enqueue(new ModelTask(0, lane, {}));
    expect(model.scheduler.next(0)).toBeUndefined();
  });
});

describe('the cost of a decision', () => {
  const kinds = {
    'no capacity asked for': { request: () => null, limit: Number.POSITIVE_INFINITY },
    'half want a resource of one': {
      request: (n: number, size: number) => (n < size / 2 ? requestOf([0, 1]) : null),
      limit: Number.POSITIVE_INFINITY,
    },
    'half want a resource of one, and the lane has a limit': {
      request: (n: number, size: number) => (n < size / 2 ? requestOf([0, 1]) : null),
      limit: 2,
    },
  };

  it.each(Object.entries(kinds))('does not grow with the tasks that wait: %s', (name, { request, limit }) => {
    const costs = [1_000, 1_000, 100_000].map((size) => {
      const capacity = new MemoryCapacity([1]);
      const scheduler = new Scheduler<AmountRequest>(capacity);
      const lane = new Lane<AmountRequest>({
        mode: 'resource_aware',
        limit,
        group: { limit: Number.POSITIVE_INFINITY, inFlight: 0 },
      });
      scheduler.addLane(lane);
      for (let n = 0; n < size; n++) {
        scheduler.enqueue(new ModelTask(n, lane, { order: (n * 7_919) % size, request: request(n, size) }));
      }
      const { decisions, ended, micros } = runWithSlots(scheduler, 4);
      expect(ended).toBe(size);
      // What is asserted is work, not time: each task is tried, granted, parked a bounded number of times.
      expect(capacity.tries).toBeLessThanOrEqual(6 * size);
      return { size, microsPerDecision: Number((micros / decisions).toFixed(2)) };
    });
    process.stdout.write(`scheduler, ${name}: ${JSON.stringify(costs.slice(1))}\n`);
  });
});

/** Fills the slots, ends the task without capacity first, until nothing is left. */
function runWithSlots(scheduler: Scheduler<AmountRequest>, slots: number) {
  const running: ReadyTask<AmountRequest>[] = [];
  let decisions = 0;
  let ended = 0;
  const startedAtMs = performance.now();
  for (;;) {
    while (running.length < slots) {
      decisions++;
      const task = scheduler.next(0);
      if (task === undefined) break;
      running.push(task);
    }
    if (running.length === 0) break;
    const free = running.findIndex((task) => task.request === null);
    for (const task of running.splice(Math.max(0, free), 1)) scheduler.finished(task);
    ended++;
  }
  return { decisions, ended, micros: (performance.now() - startedAtMs) * 1_000 };
}
