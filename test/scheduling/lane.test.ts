// One lane alone: its classes, the order of its ready tasks, and its limits.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionMode } from '../../src/domain/statuses.ts';
import { Lane, type LaneGroup } from '../../src/scheduling/lane.ts';
import { compareReady, type Pool } from '../../src/scheduling/ready-task.ts';
import { WaitLine } from '../../src/scheduling/wait-line.ts';
import { type AmountRequest, requestOf } from './memory-capacity.ts';
import { ModelTask, type ModelTaskFacts } from './scheduler-model.ts';

const NO_LIMIT: LaneGroup = { limit: Number.POSITIVE_INFINITY, inFlight: 0 };
const REQUESTS = [null, requestOf([0, 1]), requestOf([0, 2]), requestOf([0, 1], [3, 1])];

function createLane(mode: ExecutionMode = 'resource_aware', limit = Number.POSITIVE_INFINITY, group = NO_LIMIT) {
  return new Lane<AmountRequest>({ mode, limit, group: { ...group } });
}

function queue(lane: Lane<AmountRequest>, sequence: number, facts: ModelTaskFacts = {}): ModelTask {
  const task = new ModelTask(sequence, lane, facts);
  task.state = 'queued';
  task.sequence = sequence;
  task.urgency = task.level;
  lane.push(task);
  return task;
}

/** Takes what the lane gives for a pool, until it has no more. */
function takeAll(lane: Lane<AmountRequest>, pool: Pool): unknown[] {
  const got: unknown[] = [];
  for (let head = lane.head(pool); head !== undefined; head = lane.head(pool)) {
    got.push(head);
    if (head.group !== null) lane.shift(head.group);
  }
  return got;
}

const facts = fc.record({
  pool: fc.constantFrom<Pool>(0, 1),
  level: fc.nat(4),
  order: fc.integer({ min: -3, max: 3 }),
  request: fc.constantFrom(...REQUESTS),
  concurrency: fc.constantFrom(null, { key: 'a', limit: 1 }),
  isTakenBack: fc.boolean(),
});

describe('a lane', () => {
  it('gives its tasks by level, order and arrival over all classes, each pool its own, and none that was taken back', () => {
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 60 }), (given) => {
        const lane = createLane();
        const tasks = given.map((fact, i) => queue(lane, i + 1, fact));
        const left = tasks.filter((_, i) => given[i]?.isTakenBack !== true);
        for (const task of tasks) if (!left.includes(task)) lane.drop(task);
        expect(new Set(lane.queued())).toEqual(new Set(left));
        for (const pool of [0, 1] as const) {
          expect(takeAll(lane, pool)).toEqual(left.filter((task) => task.pool === pool).sort(compareReady));
        }
        expect([...lane.queued()]).toEqual([]);
      }),
    );
  });

  it('gives them in their new order after they were given other places', () => {
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 40 }), fc.integer({ min: 1, max: 97 }), (given, seed) => {
        const lane = createLane();
        const tasks = given.map((fact, i) => queue(lane, i + 1, fact));
        lane.reorder((index) => (index * seed) % 11);
        for (const pool of [0, 1] as const) {
          expect(takeAll(lane, pool)).toEqual(tasks.filter((task) => task.pool === pool).sort(compareReady));
        }
      }),
    );
  });

  it('puts a task that comes back with other keys where these belong', () => {
    const lane = createLane();
    const [a, b, c] = [1, 2, 3].map((n) => queue(lane, n, { order: n, request: requestOf([0, 1]) }));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three tasks');
    lane.drop(a);
    a.sequence = 9;
    a.order = 9;
    lane.push(a);
    expect(takeAll(lane, 0)).toEqual([b, c, a]);
  });

  it('passes over a class that waits in a line, and comes back to it when that is offered', () => {
    const lane = createLane();
    const narrow = queue(lane, 1, { request: requestOf([0, 1]) });
    const plain = queue(lane, 2);
    const { group } = narrow;
    if (group === null) throw new Error('a queued task is in a class');
    new WaitLine<AmountRequest>(0, null).add(group, 2);
    expect(lane.head(0)).toBe(plain);
    group.line = null;
    lane.offer(group);
    expect(lane.head(0)).toBe(narrow);
  });
});

describe('the limits of a lane', () => {
  it.each([
    ['inFlight', { inFlight: 3 }, false],
    ['its group', { group: 4 }, false],
    ['a pause', { paused: true }, false],
    ['nothing', { inFlight: 2, group: 3 }, true],
  ] as const)('with limit 3 in a group of 4: held back by %s', (_name, state, expected) => {
    const lane = createLane('parallel', 3, { limit: 4, inFlight: 0 });
    const { group } = queue(lane, 1);
    if ('inFlight' in state) lane.inFlight = state.inFlight;
    if ('group' in state) lane.group.inFlight = state.group;
    if ('paused' in state) lane.paused = state.paused;
    expect(lane.mayStart()).toBe(expected);
    expect(lane.mayPop(0)).toBe(expected);
    expect(group !== null && lane.couldStart(group)).toBe(expected);
  });

  it('that is sequential are one task whatever is said, and it gives only the first over both pools', () => {
    const lane = createLane('sequential', 8);
    expect(lane.limit).toBe(1);
    const later = queue(lane, 1, { pool: 0, order: 5, request: requestOf([0, 1]) });
    const first = queue(lane, 2, { pool: 1, order: 4, request: requestOf([0, 1]) });
    if (later.group === null || first.group === null) throw new Error('queued tasks are in classes');
    expect([lane.mayPop(0), lane.mayPop(1)]).toEqual([false, true]);
    expect([lane.hasTurn(later.group), lane.hasTurn(first.group)]).toEqual([false, true]);
    // It waits for capacity: nothing passes it.
    lane.waiting.add(first.group);
    new WaitLine<AmountRequest>(0, null).add(first.group, 2);
    expect([lane.mayPop(0), lane.mayPop(1)]).toEqual([false, false]);
    expect([lane.hasTurn(later.group), lane.hasTurn(first.group)]).toEqual([false, true]);
  });
});
