// The lines of tasks that wait for capacity, looked at alone: order, places, marks.

import { describe, expect, it } from 'vitest';
import { Lane } from '../../src/scheduling/lane.ts';
import { Parking } from '../../src/scheduling/parking.ts';
import { type AmountRequest, MemoryCapacity, requestOf } from './memory-capacity.ts';
import { ModelTask, type ModelTaskFacts } from './scheduler-model.ts';

function createParking(capacities: readonly number[]) {
  const capacity = new MemoryCapacity(capacities);
  const parking = new Parking<AmountRequest>(capacity);
  const lane = () =>
    new Lane<AmountRequest>({
      mode: 'priority',
      limit: 1,
      group: { limit: Number.POSITIVE_INFINITY, inFlight: 0 },
    });
  let number = 0;
  const park = (request: AmountRequest, facts: ModelTaskFacts = {}, of = lane()) => {
    const task = new ModelTask(number++, of, { ...facts, request });
    parking.park(task, request);
    return task;
  };
  return { capacity, parking, park, lane };
}

const ALL_LEVELS = 4;

describe('the line of a resource', () => {
  it('is by level, then first come first served, whatever the rank', () => {
    const { parking, park } = createParking([9]);
    const tasks = [
      park(requestOf([0, 1]), { level: 2, order: 9 }),
      park(requestOf([0, 1]), { level: 2, order: 1 }),
      park(requestOf([0, 1]), { level: 1, order: 5 }),
    ];
    const granted = [1, 2, 3].map(() => parking.grant(0, ALL_LEVELS));
    expect(granted).toEqual([tasks[2], tasks[0], tasks[1]]);
    expect(parking.grant(0, ALL_LEVELS)).toBeUndefined();
    expect(parking.size).toBe(0);
  });

  it('blocks who comes later with a claim no better, and nobody at other resources', () => {
    const { parking, park, lane } = createParking([2, 2]);
    park(requestOf([0, 2]), { level: 2 });
    const later = (level: number, index: number) =>
      parking.isBlocked(new ModelTask(9, lane(), { level }), requestOf([index, 1]));
    expect([later(2, 0), later(3, 0), later(1, 0), later(2, 1)]).toEqual([true, true, false, false]);
  });

  it('grants only up to a level and only for the pool that has a slot', () => {
    const { parking, park } = createParking([2, 2]);
    const inline = park(requestOf([0, 1]), { pool: 1, level: 1 });
    const low = park(requestOf([1, 1]), { pool: 0, level: 3 });
    expect(parking.grant(0, 2)).toBeUndefined();
    expect(parking.grant(0, 3)).toBe(low);
    expect(parking.grant(0, 3)).toBeUndefined();
    expect(parking.grant(1, 1)).toBe(inline);
  });

  it('grants who is first at all it wants, and not who is first at one of them only', () => {
    const { capacity, parking, park } = createParking([1, 1]);
    capacity.tryGrant(requestOf([0, 1]));
    const first = park(requestOf([0, 1]));
    const both = park(requestOf([0, 1], [1, 1]));
    const behind = park(requestOf([1, 1]));
    expect(parking.grant(0, ALL_LEVELS)).toBeUndefined();
    parking.leave(first, 'idle');
    expect(parking.grant(0, ALL_LEVELS)).toBeUndefined();
    parking.leave(both, 'idle');
    expect(parking.grant(0, ALL_LEVELS)).toBe(behind);
  });
});

describe('a place in line', () => {
  it('is kept while the lane is at a limit, and lost with the end of the waiting', () => {
    const { parking, park, lane } = createParking([1]);
    const [full, open] = [lane(), lane()];
    const first = park(requestOf([0, 1]), {}, full);
    const second = park(requestOf([0, 1]), {}, open);
    full.inFlight = 1;
    expect(parking.takeIneligibleHeads()).toEqual([first]);
    expect(first.state).toBe('queued');
    full.inFlight = 0;
    expect(first.request !== null && parking.isBlocked(first, first.request)).toBe(false);
    if (first.request !== null) parking.park(first, first.request);
    expect(parking.grant(0, ALL_LEVELS)).toBe(first);
    expect(first.parkedAt).toBe(0);
    expect(parking.grant(0, ALL_LEVELS)).toBeUndefined();
    expect(second.state).toBe('parked');
  });

  it('is held once in each line, however often its lane reaches a limit', () => {
    const { capacity, parking, park, lane } = createParking([1, 1]);
    const holder = requestOf([0, 1], [1, 1]);
    capacity.tryGrant(holder);
    const full = lane();
    park(requestOf([1, 1]));
    const task = park(requestOf([0, 1], [1, 1]), {}, full);
    for (let toggle = 0; toggle < 50; toggle++) {
      full.inFlight = 1;
      expect(parking.takeIneligibleHeads()).toEqual([task]);
      full.inFlight = 0;
      if (task.request !== null) parking.park(task, task.request);
    }
    expect(parking.size).toBe(2);
    capacity.giveBack(holder);
    expect(parking.grant(0, ALL_LEVELS)).not.toBe(task);
    capacity.free[1] = 1;
    expect(parking.grant(0, ALL_LEVELS)).toBe(task);
    expect(parking.grant(0, ALL_LEVELS)).toBeUndefined();
  });

  it('marks the capacity as awaited exactly as long as it is held', () => {
    const { capacity, parking, park } = createParking([1]);
    const [a, b] = [park(requestOf([0, 1])), park(requestOf([0, 1]))];
    expect(capacity.marked).toBe(2);
    expect(parking.grant(0, ALL_LEVELS)).toBe(a);
    expect(capacity.marked).toBe(1);
    parking.leave(b, 'idle');
    expect(capacity.marked).toBe(0);
  });
});
