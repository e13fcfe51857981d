// Tests the three ways to make a schedule of a list against each other and against a plain one.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deadline } from '../../../src/scheduling/planning/deadline.ts';
import { listSchedule } from '../../../src/scheduling/planning/linear-pass.ts';
import { ParallelGenerator } from '../../../src/scheduling/planning/parallel-generation.ts';
import { modelOf } from '../../../src/scheduling/planning/planning-model.ts';
import { SerialGenerator } from '../../../src/scheduling/planning/serial-generation.ts';
import { seededRandom } from '../../../src/scheduling/seeded-random.ts';
import { type ListedTask, plainListMakespan, problemOf } from './planning-problems.ts';

const endless = new Deadline(() => 0, 1);

/** Whole seconds, three resources, a few running tasks; `keys` is one resource for each of many tasks, as concurrency keys are. */
function randomTasks(seed: number, size: number, keys: number): ListedTask[] {
  const random = seededRandom(seed);
  const below = (end: number) => Math.floor(random() * end);
  return Array.from({ length: size }, (_, task) => {
    const isRunning = task < 3 && random() < 0.5;
    const after = isRunning || task < 4 ? [] : [...new Set([below(task), below(task)])].filter(() => random() < 0.6);
    const needs: Record<number, number> = { 0: 1, [3 + below(keys)]: 1 };
    if (random() < 0.5) needs[1] = 1 + below(6);
    if (random() < 0.3) needs[2] = 0.1 * (1 + below(9));
    return { seconds: random() < 0.1 ? 0 : 1 + below(8), after, needs: isRunning ? { 0: 1 } : needs, isRunning };
  });
}

function shuffled(size: number, seed: number): Int32Array {
  const random = seededRandom(seed);
  const list = Int32Array.from({ length: size }, (_, index) => index);
  for (let last = size - 1; last > 0; last--) {
    const drawn = Math.floor(random() * (last + 1));
    [list[last], list[drawn]] = [list[drawn] ?? 0, list[last] ?? 0];
  }
  return list;
}

const seeds = fc.integer({ min: 0, max: 1e9 });
const KEYS = 6;
const capacities = [4, 7, 1, ...Array.from({ length: KEYS }, () => 2)];

describe('the linear pass', () => {
  it('makes the schedule that parallel generation makes, start by start', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 150 }), (seed, size) => {
        const model = modelOf(problemOf(randomTasks(seed, size, KEYS), capacities));
        const list = shuffled(size, seed);
        const parallel = new ParallelGenerator(model, endless);
        const makespan = parallel.generate(model.forward, list);
        const linear = listSchedule(model, list);
        expect(linear.makespan).toBe(makespan);
        expect(linear.starts).toEqual(parallel.starts);
        expect(linear.sequence).toEqual(parallel.sequence);
      }),
      { numRuns: 300 },
    );
  });

  it('makes the makespan of a plain list scheduler, and so does the order in which it started', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 25 }), (seed, size) => {
        const tasks = randomTasks(seed, size, KEYS);
        const model = modelOf(problemOf(tasks, capacities));
        const list = shuffled(size, seed);
        const { makespan, sequence } = listSchedule(model, list);
        const seconds = (makespan * model.grid.numerator) / model.grid.denominator;
        expect(seconds).toBe(plainListMakespan(tasks, capacities, list));
        expect(listSchedule(model, sequence).makespan).toBe(makespan);
      }),
      { numRuns: 200 },
    );
  });
});

describe('serial generation', () => {
  it('is no longer after being justified both ways', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 60 }), (seed, size) => {
        const tasks = randomTasks(seed, size, KEYS).map(withLength);
        const model = modelOf(problemOf(tasks, capacities));
        const serial = new SerialGenerator(model, endless);
        const first = serial.generate(model.forward, model.topological);
        const byEnd = orderOf(serial.ends, Array.from(model.topological).reverse(), -1);
        const backward = serial.generate(model.backward, Int32Array.from(byEnd));
        const byStart = orderOf(serial.ends, byEnd.reverse(), -1);
        const second = serial.generate(model.forward, Int32Array.from(byStart));
        expect(backward).toBeLessThanOrEqual(first);
        expect(second).toBeLessThanOrEqual(backward);
      }),
      { numRuns: 200 },
    );
  });
});

/** What takes no time asks for what is free behind it, which is not the same backward. */
function withLength(task: ListedTask): ListedTask {
  return { ...task, seconds: Math.max(task.seconds, 1), isRunning: false };
}

function orderOf(keys: Float64Array, list: readonly number[], sign: number): number[] {
  return [...list].sort((one, other) => sign * ((keys[one] ?? 0) - (keys[other] ?? 0)));
}
