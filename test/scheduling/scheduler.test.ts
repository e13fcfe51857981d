// The scheduler against a slow reference that knows every rule (scheduler-model.ts), in random histories.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionMode } from '../../src/domain/statuses.ts';
import type { LaneGroup } from '../../src/scheduling/lane.ts';
import type { ConcurrencyClaim, Pool } from '../../src/scheduling/ready-task.ts';
import { type AmountRequest, requestOf } from './memory-capacity.ts';
import { type ModelTaskFacts, SchedulerModel } from './scheduler-model.ts';

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

const limits = fc.constantFrom(1, 2, Number.POSITIVE_INFINITY);
const modes = fc.constantFrom<ExecutionMode>('sequential', 'parallel', 'priority', 'resource_aware');
const laneFacts = fc.array(fc.record({ mode: modes, limit: limits, group: fc.nat(2) }), { minLength: 1, maxLength: 4 });
const groupLimits = fc.tuple(limits, limits, limits);

type LaneFacts = readonly { readonly mode: ExecutionMode; readonly limit: number; readonly group: number }[];

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
    model.scheduler.reorder(chosen, (index) => (index * step.seed) % 7);
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
    ['without ageing', undefined, steps],
    ['with ageing', AGEING_MS, steps],
    ['in a crowd', undefined, crowdSteps],
  ])('%s', (_name, ageingMs, someSteps) => {
    fc.assert(
      fc.property(laneFacts, groupLimits, fc.array(someSteps, { maxLength: 80 }), (lanes, groups, history) => {
        const model = createModel(lanes, groups, ageingMs);
        for (const step of history) perform(model, step);
        runToEnd(model);
      }),
      { numRuns: RUNS },
    );
  });
});
