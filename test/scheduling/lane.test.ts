// One lane alone: the order of its ready tasks, its limits, and the followers of those that wait for capacity.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionMode } from '../../src/domain/statuses.ts';
import { Lane, type LaneGroup } from '../../src/scheduling/lane.ts';
import { compareReady, type Pool } from '../../src/scheduling/ready-task.ts';
import { type AmountRequest, requestOf } from './memory-capacity.ts';
import { ModelTask } from './scheduler-model.ts';

const NO_LIMIT: LaneGroup = { limit: Number.POSITIVE_INFINITY, inFlight: 0 };

function createLane(mode: ExecutionMode = 'resource_aware', limit = Number.POSITIVE_INFINITY, group = NO_LIMIT) {
  return new Lane<AmountRequest>({ mode, limit, group: { ...group } });
}

function queue(
  lane: Lane<AmountRequest>,
  sequence: number,
  facts: { pool?: Pool; level?: number; order?: number } = {},
) {
  const task = new ModelTask(sequence, lane, facts);
  task.state = 'queued';
  task.sequence = sequence;
  lane.push(task);
  return task;
}

describe('a lane', () => {
  it('gives its tasks by level, order and arrival, each pool its own, and none that was taken back', () => {
    const facts = fc.record({
      pool: fc.constantFrom<Pool>(0, 1),
      level: fc.nat(4),
      order: fc.integer({ min: -3, max: 3 }),
      isTakenBack: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 40 }), (given) => {
        const lane = createLane();
        const tasks = given.map((fact, i) => queue(lane, i + 1, fact));
        for (const [i, task] of tasks.entries()) if (given[i]?.isTakenBack) task.state = 'idle';
        for (const pool of [0, 1] as const) {
          const expected = tasks.filter((task) => task.pool === pool && task.state === 'queued').sort(compareReady);
          const got: unknown[] = [];
          for (let head = lane.head(pool); head !== undefined; head = lane.head(pool)) {
            expect(lane.pop(pool)).toBe(head);
            got.push(head);
          }
          expect(got).toEqual(expected);
          expect(lane.pop(pool)).toBeUndefined();
        }
      }),
    );
  });

  it.each([
    ['inFlight', { inFlight: 3 }, false],
    ['its group', { group: 4 }, false],
    ['a pause', { paused: true }, false],
    ['nothing', { inFlight: 2, group: 3 }, true],
  ] as const)('with limit 3 in a group of 4 is held back by %s', (_name, state, expected) => {
    const lane = createLane('parallel', 3, { limit: 4, inFlight: 0 });
    queue(lane, 1);
    if ('inFlight' in state) lane.inFlight = state.inFlight;
    if ('group' in state) lane.group.inFlight = state.group;
    if ('paused' in state) lane.paused = state.paused;
    expect(lane.mayStart()).toBe(expected);
    expect(lane.mayPop(0)).toBe(expected);
  });

  it('that is sequential has the limit 1 whatever is said, and gives only the first over both pools', () => {
    const lane = createLane('sequential', 8);
    expect(lane.limit).toBe(1);
    queue(lane, 1, { pool: 0, order: 5 });
    queue(lane, 2, { pool: 1, order: 4 });
    expect([lane.mayPop(0), lane.mayPop(1)]).toEqual([false, true]);
    lane.parked = 1;
    expect([lane.mayPop(0), lane.mayPop(1)]).toEqual([false, false]);
  });
});

describe('followers', () => {
  const request = requestOf([0, 1], [2, 1]);
  const make = (
    lane: Lane<AmountRequest>,
    number: number,
    facts: { level?: number; pool?: Pool; order?: number } = {},
  ) => {
    const task = new ModelTask(number, lane, { ...facts, request: requestOf([2, 3], [0, 7]) });
    task.sequence = number;
    return task;
  };

  it('are those of the same pool and resources, with a claim no better than that of a parked task', () => {
    const lane = createLane();
    const leader = make(lane, 1, { level: 2 });
    expect(lane.followers.isLed(make(lane, 2))).toBe(false);
    lane.followers.lead(leader);
    expect(lane.followers.isLed(make(lane, 2, { level: 2 }))).toBe(true);
    expect(lane.followers.isLed(make(lane, 3, { level: 4 }))).toBe(true);
    expect(lane.followers.isLed(make(lane, 4, { level: 1 }))).toBe(false);
    expect(lane.followers.isLed(make(lane, 5, { pool: 1 }))).toBe(false);
    expect(lane.followers.isLed(new ModelTask(6, lane, { request: requestOf([0, 1]) }))).toBe(false);
    expect(lane.followers.isLed(new ModelTask(7, lane, { request: null }))).toBe(false);
    lane.followers.unlead(leader);
    expect(lane.followers.isLed(make(lane, 2, { level: 2 }))).toBe(false);
  });

  it('come out in the order of the lane, one for each that waits no more; those taken back do not', () => {
    const lane = createLane();
    const leader = make(lane, 1);
    lane.followers.lead(leader);
    const tasks = [make(lane, 2, { order: 3 }), make(lane, 3, { order: 1 }), make(lane, 4, { order: 2 })];
    for (const task of tasks) lane.followers.follow(task);
    const [last, gone, first] = tasks;
    if (gone !== undefined) gone.state = 'idle';
    lane.followers.unlead(leader);
    expect(lane.followers.release(new ModelTask(9, lane, { request: requestOf([1, 1]) }))).toBeUndefined();
    expect(lane.followers.release(leader)).toBe(first);
    expect(first?.state).toBe('queued');
    expect(lane.followers.release(leader)).toBe(last);
    expect(lane.followers.release(leader)).toBeUndefined();
    expect(request.indices).toEqual(leader.request?.indices);
  });
});
