// Checks the heap against sorting, with random pushes, pops and retentions.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BinaryHeap } from '../../src/scheduling/binary-heap.ts';

const ascending = (a: number, b: number): number => a - b;

function drain<T>(heap: BinaryHeap<T>): T[] {
  const drained: T[] = [];
  while (heap.size > 0) {
    const item = heap.pop();
    if (item !== undefined) drained.push(item);
  }
  return drained;
}

describe('BinaryHeap', () => {
  it('is empty at first and gives undefined', () => {
    const heap = new BinaryHeap<number>(ascending);
    expect(heap.size).toBe(0);
    expect(heap.peek()).toBeUndefined();
    expect(heap.pop()).toBeUndefined();
    expect(heap.size).toBe(0);
  });

  it('gives any sequence back in order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (numbers) => {
        const heap = new BinaryHeap<number>(ascending);
        for (const number of numbers) heap.push(number);
        expect(heap.size).toBe(numbers.length);
        expect(drain(heap)).toEqual([...numbers].sort(ascending));
      }),
    );
  });

  it('agrees with a sorted array under any mix of push, pop, retain and clear', () => {
    const operation = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('push' as const), value: fc.integer({ max: 50, min: 0 }) }),
      },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('pop' as const), value: fc.constant(0) }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('retain' as const), value: fc.integer({ min: 2, max: 4 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), value: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const heap = new BinaryHeap<number>(ascending);
        let model: number[] = [];
        for (const { kind, value } of operations) {
          if (kind === 'push') {
            heap.push(value);
            model = [...model, value].sort(ascending);
          } else if (kind === 'pop') {
            expect(heap.pop()).toBe(model.shift());
          } else if (kind === 'retain') {
            heap.retain((item) => item % value !== 0);
            model = model.filter((item) => item % value !== 0);
          } else {
            heap.clear();
            model = [];
          }
          expect(heap.size).toBe(model.length);
          expect(heap.peek()).toBe(model[0]);
          expect([...heap.values()].sort(ascending)).toEqual(model);
        }
      }),
    );
  });

  it('is first-in-first-out where the comparison carries a sequence number', () => {
    const heap = new BinaryHeap<{ rank: number; sequence: number }>(
      (a, b) => a.rank - b.rank || a.sequence - b.sequence,
    );
    for (let sequence = 0; sequence < 100; sequence++) heap.push({ rank: sequence % 3, sequence });
    const drained = drain(heap);
    for (const rank of [0, 1, 2]) {
      const sequences = drained.filter((item) => item.rank === rank).map((item) => item.sequence);
      expect(sequences).toEqual([...sequences].sort(ascending));
    }
  });
});
