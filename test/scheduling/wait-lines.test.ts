// The lines of those who wait, by name: the cases in which a wake-up is usually lost, a place taken or a task starved.
// Each decision is checked against the slow reference as well (scheduler-model.ts).

import { describe, expect, it } from 'vitest';
import type { LaneGroup } from '../../src/scheduling/lane.ts';
import { LOOK_AHEAD } from '../../src/scheduling/wait-lines.ts';
import { type AmountRequest, requestOf } from './memory-capacity.ts';
import { type ModelTask, type ModelTaskFacts, SchedulerModel } from './scheduler-model.ts';

const ONE = requestOf([0, 1]);

/** A task that holds what others will wait for. */
function startOne(model: SchedulerModel, facts: ModelTaskFacts, lane = model.addLane()): ModelTask {
  const task = model.enqueue(lane, facts);
  expect(model.drain()).toEqual([task]);
  return task;
}

describe('a wake-up is not lost', () => {
  it('when the task that others wait behind is taken back', () => {
    const model = new SchedulerModel([4]);
    const [a, b] = [model.addLane(), model.addLane()];
    startOne(model, { request: ONE }, b);
    const wide = model.enqueue(a, { request: requestOf([0, 4]) });
    const second = model.enqueue(b, { request: ONE });
    expect(model.drain()).toEqual([]);
    expect([wide.isInLine, second.isInLine]).toEqual([true, true]);
    model.scheduler.remove(wide);
    expect(model.drain()).toEqual([second]);
  });

  it('when the first of a class is taken back, and those behind it have no claim on what it had reserved', () => {
    const model = new SchedulerModel([4]);
    const [a, b] = [model.addLane('priority'), model.addLane('priority')];
    startOne(model, { request: ONE });
    const urgent = model.enqueue(a, { level: 0, request: requestOf([0, 4]) });
    model.enqueue(a, { level: 4, request: requestOf([0, 4]) });
    const narrow = model.enqueue(b, { level: 2, request: ONE });
    expect(model.drain()).toEqual([]);
    model.scheduler.remove(urgent);
    expect(model.drain()).toEqual([narrow]);
  });

  it('when the group of the task that others wait behind becomes full', () => {
    const model = new SchedulerModel([4]);
    const group: LaneGroup = { limit: 2, inFlight: 0 };
    const [a, b, other] = [model.addLane('parallel', 9, group), model.addLane('parallel', 9, group), model.addLane()];
    startOne(model, { request: ONE }, a);
    const wide = model.enqueue(a, { request: requestOf([0, 4]) });
    expect(model.drain()).toEqual([]);
    const narrow = model.enqueue(other, { request: ONE });
    expect(model.drain()).toEqual([]);
    const filler = model.enqueue(b);
    expect(model.drain()).toEqual([filler, narrow]);
    expect(wide.state).toBe('queued');
  });

  it('when the key of the task that others wait behind is taken by another', () => {
    const model = new SchedulerModel([4]);
    const [a, b, other] = [model.addLane(), model.addLane(), model.addLane()];
    const concurrency = { key: 'k', limit: 1 };
    startOne(model, { request: ONE }, b);
    const wide = model.enqueue(a, { request: requestOf([0, 4]), concurrency });
    const narrow = model.enqueue(other, { request: ONE });
    expect(model.drain()).toEqual([]);
    const holder = model.enqueue(b, { concurrency });
    expect(model.drain()).toEqual([holder, narrow]);
    expect(wide.state).toBe('queued');
  });

  it('when the lane of the task that others wait behind is paused, and it keeps its place for the time after', () => {
    const model = new SchedulerModel([4]);
    const [a, b] = [model.addLane(), model.addLane()];
    const first = startOne(model, { request: ONE }, b);
    const wide = model.enqueue(a, { request: requestOf([0, 4]) });
    model.drain();
    const [second, third] = [1, 2].map(() => model.enqueue(b, { request: ONE }));
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

  it('when the lane of a task that was let to try is paused before it has tried', () => {
    const model = new SchedulerModel([1]);
    const [a, b] = [model.addLane(), model.addLane()];
    const holder = startOne(model, { request: ONE });
    const first = model.enqueue(a, { request: ONE, pool: 1 });
    model.drain();
    const second = model.enqueue(b, { request: ONE });
    model.drain();
    model.finish(holder);
    // The first has the better claim, and its pool was not asked yet.
    expect(model.next(0)).toBeUndefined();
    model.scheduler.setPaused(a, true);
    expect(model.next(0)).toBe(second);
    expect(first.state).toBe('queued');
  });

  it('when one that was let to try lacks something else', () => {
    const model = new SchedulerModel([1, 1]);
    const [a, b] = [model.addLane(), model.addLane()];
    const first = startOne(model, { request: ONE });
    startOne(model, { request: requestOf([1, 1]) });
    const both = model.enqueue(a, { request: requestOf([0, 1], [1, 1]), concurrency: { key: 'k', limit: 1 } });
    model.drain();
    const single = model.enqueue(b, { request: ONE, level: 1 });
    model.drain();
    model.finish(first);
    expect(model.next(0)).toBe(single);
    expect(both.group?.line?.index).toBe(0);
  });

  it('when a task of one pool starts that tasks of the other pool wait behind', () => {
    const model = new SchedulerModel([2, 1]);
    const lane = model.addLane();
    const holder = startOne(model, { request: requestOf([1, 1]) }, lane);
    const inThread = model.enqueue(lane, { pool: 0, request: requestOf([0, 1], [1, 1]) });
    model.drain();
    const inline = model.enqueue(lane, { pool: 1, request: requestOf([0, 2]) });
    expect(model.drain()).toEqual([]);
    model.finish(holder);
    expect(model.drain()).toEqual([inThread]);
    model.finish(inThread);
    expect(model.drain()).toEqual([inline]);
  });

  it('when what one pool was offered in vain is for the other, which was asked before', () => {
    const model = new SchedulerModel([1]);
    const lane = model.addLane('resource_aware');
    const [a, b] = ['a', 'b'].map((key) => ({ key, limit: 1 }));
    const first = model.enqueue(lane, { request: ONE, concurrency: b ?? null });
    const inline = model.enqueue(lane, { request: ONE, pool: 1, concurrency: a ?? null, expectedMs: 1 });
    const second = model.enqueue(lane, { request: ONE, concurrency: b ?? null, expectedMs: 1 });
    expect(model.drain()).toEqual([first]);
    model.finish(first);
    expect(model.drain()).toEqual([second]);
    model.finish(second);
    expect(model.drain()).toEqual([inline]);
  });

  it('when capacity comes back that no task of the scheduler held', () => {
    const model = new SchedulerModel([1]);
    model.capacity.tryGrant(ONE);
    const task = model.enqueue(model.addLane(), { request: ONE });
    expect(model.drain()).toEqual([]);
    model.capacity.giveBack(ONE);
    model.scheduler.capacityFreed();
    expect(model.drain()).toEqual([task]);
  });

  it('when many that their lanes keep from starting wait ahead', () => {
    const model = new SchedulerModel([2]);
    const group: LaneGroup = { limit: 1, inFlight: 0 };
    const holder = startOne(model, { request: requestOf([0, 2]) });
    const full = Array.from({ length: 2 * LOOK_AHEAD }, () => model.addLane('parallel', 1, group));
    for (const lane of full) model.enqueue(lane, { request: ONE });
    model.drain();
    const last = model.enqueue(model.addLane(), { request: requestOf([0, 2]) });
    model.drain();
    const inGroup = model.enqueue(full[0] ?? model.addLane(), {});
    model.drain();
    expect(inGroup.state).toBe('started');
    model.finish(holder);
    expect(model.drain()).toEqual([last]);
  });

  it('when many that no capacity as it is could serve wait ahead; they come when it grows again', () => {
    const model = new SchedulerModel([9]);
    const holder = startOne(model, { request: requestOf([0, 9]) });
    const lanes = Array.from({ length: 2 * LOOK_AHEAD }, () => model.addLane());
    const wide = lanes.map((lane) => model.enqueue(lane, { request: requestOf([0, 9]) }));
    model.drain();
    const narrow = model.enqueue(model.addLane(), { request: ONE });
    model.drain();
    model.capacity.resize(0, 3);
    model.scheduler.capacityFreed();
    model.drain();
    model.finish(holder);
    expect(model.drain()).toEqual([narrow]);
    model.capacity.resize(0, 9);
    model.scheduler.capacityFreed();
    model.finish(narrow);
    for (const task of wide) {
      expect(model.drain()).toEqual([task]);
      model.finish(task);
    }
  });

  it('when many come free at once: all start that fit', () => {
    const model = new SchedulerModel([200]);
    const holder = startOne(model, { request: requestOf([0, 200]) });
    const tasks = Array.from({ length: 150 }, () => model.enqueue(model.addLane(), { request: ONE }));
    model.drain();
    model.finish(holder);
    expect(new Set(model.drain())).toEqual(new Set(tasks));
  });

  it('when one takes the reservation back that another of its line had, while that line is looked at', () => {
    const model = new SchedulerModel([4, 3]);
    const lane = model.addLane('resource_aware');
    const request = requestOf([0, 4], [1, 1]);
    const queue = (order: number, asked: AmountRequest) => model.enqueue(lane, { order, request: asked });
    const [first, second] = [queue(0, request), queue(0, requestOf([0, 1], [1, 1]))];
    const wide = queue(1, request);
    const [other, last] = [queue(0, requestOf([1, 2])), queue(0, requestOf([0, 1], [1, 1]))];
    expect(model.drain()).toEqual([first]);
    model.finish(first);
    expect(model.drain()).toEqual([second, other]);
    model.finish(second);
    model.finish(other);
    expect(model.drain()).toEqual([wide]);
    model.finish(wide);
    expect(model.drain()).toEqual([last]);
  });

  it('when one takes a reservation back while it moves on to the line of what it lacks now', () => {
    const model = new SchedulerModel([4, 3]);
    const lane = model.addLane('resource_aware');
    const queue = (order: number, asked: AmountRequest) => model.enqueue(lane, { order, request: asked });
    const early = queue(1, requestOf([0, 1], [1, 1]));
    const first = queue(0, requestOf([1, 3]));
    const wide = queue(2, requestOf([0, 4]));
    const late = queue(1, requestOf([0, 1], [1, 2]));
    const single = queue(0, requestOf([1, 1]));
    expect(model.drain()).toEqual([first, wide]);
    model.finish(first);
    expect(model.drain()).toEqual([single]);
    model.finish(wide);
    expect(model.drain()).toEqual([early]);
    model.finish(single);
    expect(model.drain()).toEqual([late]);
  });

  it('when a place under a key comes free while a task of the same key waits for capacity', () => {
    const model = new SchedulerModel([1]);
    const concurrency = { key: 'k', limit: 2 };
    const [a, b, c] = [model.addLane(), model.addLane(), model.addLane()];
    startOne(model, { request: ONE });
    const [first, second] = [a, b].map((lane) => model.enqueue(lane, { concurrency }));
    expect(model.drain()).toEqual([first, second]);
    const hungry = model.enqueue(c, { concurrency, request: ONE });
    const plain = model.enqueue(a, { concurrency });
    expect(model.drain()).toEqual([]);
    if (first !== undefined) model.finish(first);
    expect(model.drain()).toEqual([plain]);
    expect(hungry.isInLine).toBe(true);
  });
});

describe('a sequential lane', () => {
  it('does not wait for ever when the next task is of the other pool and comes before one that was woken', () => {
    const model = new SchedulerModel([1]);
    const lane = model.addLane('sequential');
    model.capacity.tryGrant(ONE);
    const later = model.enqueue(lane, { order: 1, pool: 1, request: ONE });
    model.drain();
    const earlier = model.enqueue(lane, { order: 0, pool: 0, request: ONE });
    model.capacity.giveBack(ONE);
    model.scheduler.capacityFreed();
    expect(model.drain()).toEqual([earlier]);
    model.finish(earlier);
    expect(model.drain()).toEqual([later]);
  });

  it('starts one that comes before a task that waits for capacity already', () => {
    const model = new SchedulerModel([1]);
    const lane = model.addLane('sequential');
    model.capacity.tryGrant(ONE);
    const waiting = model.enqueue(lane, { order: 2, request: ONE });
    model.drain();
    expect(waiting.isInLine).toBe(true);
    const earlier = model.enqueue(lane, { order: 1 });
    expect(model.drain()).toEqual([earlier]);
  });

  it('keeps nothing from others for a task whose turn it is not any more', () => {
    const model = new SchedulerModel([1, 1]);
    const lane = model.addLane('sequential');
    const [first, second] = [startOne(model, { request: ONE }), startOne(model, { request: requestOf([1, 1]) })];
    model.enqueue(lane, { order: 1, request: ONE });
    model.drain();
    const other = model.enqueue(model.addLane(), { request: ONE });
    model.drain();
    const earlier = model.enqueue(lane, { order: 0, request: requestOf([1, 1]) });
    model.drain();
    model.finish(first);
    expect(model.drain()).toEqual([other]);
    model.finish(second);
    expect(model.drain()).toEqual([earlier]);
  });

  it('keeps its order over both pools, one at a time, and passes nothing that waits for capacity', () => {
    const model = new SchedulerModel([1]);
    model.capacity.tryGrant(ONE);
    const lane = model.addLane('sequential');
    const facts: ModelTaskFacts[] = [
      { order: 3, pool: 0 },
      { order: 1, pool: 1, request: ONE },
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
      if (started.length > 0 || model.capacity.heldBy(ONE) === 0) continue;
      expect(order).toEqual([0]);
      model.capacity.giveBack(ONE);
      model.scheduler.capacityFreed();
    }
    expect(order).toEqual([0, 1, 2, 3]);
  });
});

describe('a place in line', () => {
  it('is lost with the start: the next attempt comes behind those that came meanwhile', () => {
    const model = new SchedulerModel([1]);
    const [a, b] = [model.addLane(), model.addLane()];
    const holder = startOne(model, { request: ONE }, b);
    const retried = model.enqueue(a, { request: ONE });
    model.drain();
    model.finish(holder);
    expect(model.drain()).toEqual([retried]);
    const waiting = model.enqueue(b, { request: ONE });
    model.drain();
    model.finish(retried);
    model.requeue(retried);
    expect(model.drain()).toEqual([waiting]);
  });

  it('is kept for better ones of the same class that come later', () => {
    const model = new SchedulerModel([1]);
    const lane = model.addLane('resource_aware');
    const holder = startOne(model, { request: ONE });
    const first = model.enqueue(lane, { order: 5, request: ONE });
    model.drain();
    const other = model.enqueue(model.addLane(), { request: ONE });
    model.drain();
    const better = model.enqueue(lane, { order: 1, request: ONE });
    model.drain();
    model.finish(holder);
    expect(model.drain()).toEqual([better]);
    model.finish(better);
    expect(model.drain()).toEqual([other]);
    model.finish(other);
    expect(model.drain()).toEqual([first]);
  });

  it('changes hands between lanes: they take turns', () => {
    const model = new SchedulerModel([1]);
    const lanes = [model.addLane(), model.addLane()];
    for (const lane of lanes) for (let n = 0; n < 4; n++) model.enqueue(lane, { request: ONE });
    const turns: number[] = [];
    for (let [task] = model.drain(); task !== undefined; [task] = model.drain()) {
      turns.push(model.lanes.indexOf(task.lane));
      model.finish(task);
    }
    expect(turns).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
  });
});
