// The queue of a supervisor's operations: order, turns, faults, and its cost when it is long.

import { describe, expect, it } from 'vitest';
import { OperationQueue } from '../../src/actors/supervisor-operations.ts';

function setUp() {
  const faults: unknown[] = [];
  const order: string[] = [];
  const queue = new OperationQueue((error) => faults.push(error));
  const note = (name: string) => (): undefined => void order.push(name);
  return { queue, faults, order, note };
}

describe('OperationQueue', () => {
  it('runs an operation at once, and those that it adds after it', () => {
    const { queue, order, note } = setUp();
    queue.add(() => {
      queue.add(note('second'));
      order.push('first');
      return undefined;
    });
    expect(order).toEqual(['first', 'second']);
    expect(queue.busy).toBe(false);
  });

  it('holds the others back while one takes its time', async () => {
    const { queue, order, note } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    queue.add(() => promise);
    queue.add(note('after'));
    expect([order, queue.busy]).toEqual([[], true]);
    resolve();
    await new Promise((settled) => setImmediate(settled));
    expect([order, queue.busy]).toEqual([['after'], false]);
  });

  it('holds all back until it is released', () => {
    const { queue, order, note } = setUp();
    queue.hold();
    queue.add(note('a'));
    queue.add(note('b'));
    expect(order).toEqual([]);
    queue.release();
    expect(order).toEqual(['a', 'b']);
  });

  it('goes on after one that throws or rejects, and reports it', async () => {
    const { queue, faults, order, note } = setUp();
    queue.add(() => {
      throw new Error('thrown');
    });
    queue.add(() => Promise.reject(new Error('rejected')));
    queue.add(note('after'));
    await new Promise((settled) => setImmediate(settled));
    expect(faults).toMatchObject([{ message: 'thrown' }, { message: 'rejected' }]);
    expect(order).toEqual(['after']);
  });

  it('keeps the order of a long queue, over several of its own clean-ups', () => {
    const { queue } = setUp();
    const seen: number[] = [];
    queue.hold();
    for (let index = 0; index < 10_000; index++) queue.add(() => void seen.push(index) as undefined);
    queue.release();
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  });
});
