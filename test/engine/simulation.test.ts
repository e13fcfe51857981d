// Simulated runs whose course can be worked out by hand: times, bounds, slack, use, what-ifs, and what is refused.

import { describe, expect, it } from 'vitest';
import { isRuntimeError } from '../../src/domain/runtime-error.ts';
import { ExecutionMode } from '../../src/domain/statuses.ts';
import type { SimulationReport } from '../../src/engine/simulation/simulation-report.ts';
import { simulate, startsOf, step } from './simulated-workflows.ts';

function slacksOf({ tasks }: SimulationReport): Record<string, number> {
  return Object.fromEntries(tasks.map(({ name, slack }) => [name, slack]));
}

function failureOf(action: () => unknown): { readonly code: string; readonly message: string } {
  try {
    action();
  } catch (error) {
    if (isRuntimeError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

const DIAMOND = {
  name: 'diamond',
  steps: [step('a', 1), step('b', 3, ['a']), step('c', 2, ['a']), step('d', 1, ['b', 'c'])],
};

describe('a simulated run', () => {
  it('takes as long as its only chain, on however many threads', () => {
    const report = simulate({ steps: [step('a', 2), step('b', 0.5, ['a']), step('c', 1.5, ['b'])] });
    expect(report).toMatchObject({
      makespanSeconds: 4,
      lowerBoundSeconds: 4,
      criticalPath: ['a', 'b', 'c'],
      criticalPathSeconds: 4,
      utilization: 0.5,
      workers: 2,
      mode: 'resource_aware',
      maxParallel: null,
      estimates: { known: 3, unknown: 0 },
    });
    expect(report.tasks).toEqual([
      expect.objectContaining({ name: 'a', start: 0, end: 2, slack: 0, thread: 0, outcome: 'completed' }),
      expect.objectContaining({ name: 'b', start: 2, end: 2.5, slack: 0, thread: 0, guessedSeconds: null }),
      expect.objectContaining({ name: 'c', start: 2.5, end: 4, slack: 0, thread: 0, inlinePlace: null }),
    ]);
  });

  it('runs the sides of a diamond at once where there are two threads, and tells how late the short one may be', () => {
    const two = simulate(DIAMOND, { workers: 2 });
    expect(two).toMatchObject({ makespanSeconds: 5, lowerBoundSeconds: 5, criticalPath: ['a', 'b', 'd'] });
    expect(slacksOf(two)).toEqual({ a: 0, b: 0, c: 1, d: 0 });
    expect(two.utilization).toBe(0.7);
    const one = simulate(DIAMOND, { workers: 1 });
    expect(one).toMatchObject({ makespanSeconds: 7, lowerBoundSeconds: 7, criticalPathSeconds: 5, utilization: 1 });
    expect(slacksOf(one)).toEqual({ a: 0, b: 0, c: 0, d: 0 });
  });

  it('counts a thread that is handed over against slack, not only dependencies', () => {
    // On one of two threads: x then y, beside the long z; nothing depends on anything.
    const report = simulate({ steps: [step('z', 5), step('x', 3), step('y', 1)] });
    expect(startsOf(report)).toEqual({ z: 0, x: 0, y: 3 });
    expect(slacksOf(report)).toEqual({ z: 0, x: 1, y: 1 });
  });

  it('gives each task the lowest free thread, which is the one that was given back', () => {
    const report = simulate({ steps: [step('a', 1), step('b', 3), step('c', 2, ['a']), step('d', 4)] }, { workers: 4 });
    const threads = Object.fromEntries(report.tasks.map(({ name, thread }) => [name, thread]));
    expect(Object.values(threads).toSorted()).toEqual([0, 1, 1, 2]);
    expect(threads.c).toBe(threads.a);
  });

  it('ends tasks at the same moment that do so on paper: 0.1 s and 0.2 s are 0.3 s', () => {
    const steps = [step('a', 0.1), step('b', 0.2, ['a']), step('c', 0.3), step('d', 1, ['b', 'c'])];
    const report = simulate({ steps });
    expect(startsOf(report).d).toBe(0.3);
    expect(slacksOf(report)).toEqual({ a: 0, b: 0, c: 0, d: 0 });
  });

  it('takes no time for tasks that take none', () => {
    const report = simulate({ steps: [step('a', 0), step('b', 0, ['a'])] });
    expect(report).toMatchObject({ makespanSeconds: 0, lowerBoundSeconds: 0, utilization: 0, criticalPathSeconds: 0 });
    expect(slacksOf(report)).toEqual({ a: 0, b: 0 });
  });

  it('counts a step that says nothing of its duration as a second, and says so', () => {
    const report = simulate({ steps: [step('a', null), step('b', 2, ['a'])] });
    expect(report.makespanSeconds).toBe(3);
    expect(report.estimates).toEqual({ known: 1, unknown: 1 });
    expect(report.tasks.map(({ guessedSeconds }) => guessedSeconds)).toEqual([1, null]);
  });

  it('tells times with at most six decimals', () => {
    const report = simulate({ steps: [step('a', 1 / 3), step('b', 2 / 3, ['a'])] });
    expect(report.makespanSeconds).toBe(1);
    for (const { start, end } of report.tasks) {
      for (const time of [start, end]) expect(String(time)).toMatch(/^\d+(\.\d{1,6})?$/);
    }
  });
});

describe('the modes of a simulated run', () => {
  const steps = [
    step('short', 1, [], { priority: 'low' }),
    step('head', 1),
    step('tail', 5, ['head']),
    step('urgent', 2, [], { priority: 'critical' }),
  ];

  it('differ as they do in the engine', () => {
    const order = (mode: ExecutionMode, workers = 1): string[] =>
      simulate({ steps }, { mode, workers })
        .tasks.toSorted((a, b) => a.start - b.start)
        .map(({ name }) => name);
    expect(order(ExecutionMode.PARALLEL)).toEqual(['short', 'head', 'urgent', 'tail']);
    expect(order(ExecutionMode.PRIORITY)).toEqual(['urgent', 'head', 'tail', 'short']);
    expect(order(ExecutionMode.RESOURCE_AWARE)).toEqual(['urgent', 'head', 'tail', 'short']);
    expect(order(ExecutionMode.SEQUENTIAL, 4)).toEqual(['short', 'head', 'urgent', 'tail']);
  });

  it('sequential leaves threads alone and bounds the run by all work', () => {
    const report = simulate({ steps }, { mode: ExecutionMode.SEQUENTIAL, workers: 4 });
    expect(report).toMatchObject({ makespanSeconds: 9, lowerBoundSeconds: 9, plan: null, utilization: 0.25 });
  });

  it('a limit on tasks at once holds and bounds, from the file or from the call', () => {
    const three = [step('a', 2), step('b', 2), step('c', 2)];
    expect(simulate({ max_parallel: 1, steps: three }, { workers: 3 })).toMatchObject({
      makespanSeconds: 6,
      lowerBoundSeconds: 6,
      maxParallel: 1,
    });
    expect(simulate({ max_parallel: 1, steps: three }, { workers: 3, maxParallel: 3 }).makespanSeconds).toBe(2);
  });

  it('the plan is told with its cost, and none is made with a budget of 0', () => {
    const many = Array.from({ length: 12 }, (_, index) => step(`t${index}`, 1 + ((index * 5) % 7)));
    const planned = simulate({ steps: many }, { planBudgetMs: 20 });
    expect(planned.plan).toMatchObject({ budgetMs: 20, makespanSeconds: planned.makespanSeconds });
    expect(planned.plan?.schedules).toBeGreaterThan(0);
    const plain = simulate({ steps: many }, { planBudgetMs: 0 });
    expect(plain.plan).toBeNull();
    expect(planned.makespanSeconds).toBeLessThanOrEqual(plain.makespanSeconds);
  });
});

describe('resources of a simulated run', () => {
  const gpu = (capacity: number, refill = {}) => [{ id: 'gpu', type: 'custom', capacity, ...refill }];
  const steps = [
    step('a', 2, [], { resources: { gpu: 1 } }),
    step('b', 2, [], { resources: { gpu: 1 } }),
    step('c', 3),
  ];

  it('hold tasks back, bound the run, and are told with their use', () => {
    const report = simulate({ resources: gpu(1), steps }, { workers: 3 });
    expect(report).toMatchObject({ makespanSeconds: 4, lowerBoundSeconds: 4 });
    expect(report.resources).toEqual([{ id: 'gpu', capacity: 1, peak: 1, utilization: 1, refillSeconds: null }]);
    expect(slacksOf(report)).toEqual({ a: 0, b: 0, c: 1 });
  });

  it('can be set for a what-if: more of one shortens the run, and nothing else changes', () => {
    const report = simulate({ resources: gpu(1), steps }, { workers: 3, set: { gpu: 2 } });
    expect(report).toMatchObject({ makespanSeconds: 3, lowerBoundSeconds: 3 });
    expect(report.resources).toMatchObject([{ capacity: 2, peak: 2 }]);
    expect(slacksOf(report)).toEqual({ a: 1, b: 1, c: 0 });
  });

  it('of fractions add up: ten tenths are one', () => {
    const tenths = Array.from({ length: 11 }, (_, index) => step(`t${index}`, 1, [], { resources: { gpu: 0.1 } }));
    const report = simulate({ resources: gpu(1, { granularity: 0.1 }), steps: tenths }, { workers: 20 });
    expect(report.makespanSeconds).toBe(2);
    expect(report.resources).toMatchObject([{ capacity: 1, peak: 1, utilization: 0.55 }]);
  });

  it('that refill let no more through than their capacity in any period', () => {
    const quota = [{ id: 'api', type: 'api_quota', capacity: 2, period: 10 }];
    const calls = Array.from({ length: 5 }, (_, index) => step(`t${index}`, 1, [], { resources: { api: 1 } }));
    const report = simulate({ resources: quota, steps: calls }, { workers: 5 });
    expect(Object.values(startsOf(report)).toSorted((a, b) => a - b)).toEqual([0, 0, 10, 10, 20]);
    expect(report).toMatchObject({ makespanSeconds: 21, lowerBoundSeconds: 21 });
    expect(report.resources).toMatchObject([{ id: 'api', peak: 2, refillSeconds: 10 }]);
    // A call may be later by as much as the one that waits for its unit may be.
    expect(Math.max(...report.tasks.filter(({ start }) => start === 0).map(({ slack }) => slack))).toBe(10);
    expect(Math.min(...report.tasks.filter(({ start }) => start === 0).map(({ slack }) => slack))).toBe(0);
  });

  it('of the machine are there as in an engine, those of the configuration in their place', () => {
    const asking = [step('a', 1, [], { resources: { 'sys-memory': 1, 'api-global': 1 } })];
    expect(simulate({ steps: asking }).resources.map(({ id }) => id)).toEqual(['sys-memory', 'api-global']);
  });

  it('by concurrency key hold, also where the key has a parameter that nobody gave', () => {
    const keyed = (key: string) => [1, 2, 3].map((n) => step(`t${n}`, 1, [], { concurrency: { key, limit: 1 } }));
    const report = simulate({ steps: keyed('db') }, { workers: 3 });
    expect(report).toMatchObject({ makespanSeconds: 3, lowerBoundSeconds: 3, utilization: 0.333333 });
    expect(simulate({ steps: keyed('db-{{params.region}}') }, { workers: 3 }).makespanSeconds).toBe(3);
  });
});

describe('ends of a simulated run', () => {
  const steps = [step('a', 1), step('b', 2, ['a']), step('c', 4, ['b']), step('d', 1, ['a'])];

  it('a skipped step takes no time and no thread, and what depends on it is skipped too', () => {
    const report = simulate({ steps }, {}, { ends: (index) => (index === 1 ? 'skipped' : 'completed') });
    expect(report).toMatchObject({ makespanSeconds: 2, lowerBoundSeconds: 2, criticalPathSeconds: 2 });
    expect(report.tasks.map(({ name, outcome, thread }) => [name, outcome, thread])).toEqual([
      ['a', 'completed', 0],
      ['b', 'skipped', null],
      ['c', 'skipped', null],
      ['d', 'completed', 0],
    ]);
    expect(report.tasks[2]).toMatchObject({ start: 1, end: 1 });
  });

  it('a failed step takes its time, and what depends on it is skipped when it has failed', () => {
    const report = simulate({ steps }, {}, { ends: (index) => (index === 1 ? 'failed' : 'completed') });
    expect(report.makespanSeconds).toBe(3);
    expect(report.tasks[1]).toMatchObject({ outcome: 'failed', start: 1, end: 3 });
    expect(report.tasks[2]).toMatchObject({ outcome: 'skipped', start: 3, end: 3, thread: null });
  });

  it('what had ended before takes no part', () => {
    const report = simulate({ steps }, {}, { ended: new Map([[0, 'completed']]) });
    expect(report).toMatchObject({ makespanSeconds: 6, criticalPath: ['b', 'c'] });
    expect(report.tasks[0]).toMatchObject({ outcome: 'completed', start: 0, end: 0, thread: null });
  });
});

describe('a simulation is refused', () => {
  const steps = [step('train', 1, [], { resources: { gpu: 2 } })];
  const document = { resources: [{ id: 'gpu', type: 'custom', capacity: 2 }], steps };

  it('for a resource that is not there, with the one that may be meant', () => {
    const failure = failureOf(() => simulate(document, { set: { gpus: 4 } }));
    expect(failure).toMatchObject({ code: 'RESOURCE_NOT_FOUND', message: expect.stringContaining('"gpu"') });
  });

  it('for less of a resource than a step asks for, naming the step', () => {
    const failure = failureOf(() => simulate(document, { set: { gpu: 1 } }));
    expect(failure).toMatchObject({
      code: 'RESOURCE_CAPACITY_EXCEEDED',
      message: expect.stringMatching(/"train" asks for 2 of "gpu", which has 1/),
    });
  });

  it('for amounts, threads, limits and budgets that are none', () => {
    expect(failureOf(() => simulate(document, { set: { gpu: -1 } })).code).toBe('RESOURCE_AMOUNT_INVALID');
    expect(failureOf(() => simulate(document, { set: { gpu: 2.5 } })).code).toBe('RESOURCE_AMOUNT_INVALID');
    for (const workers of [0, -1, 1.5, Number.NaN, 10_001]) {
      expect(failureOf(() => simulate(document, { workers })).code).toBe('ARGUMENT_INVALID');
    }
    expect(failureOf(() => simulate(document, { maxParallel: 0 })).code).toBe('ARGUMENT_INVALID');
    expect(failureOf(() => simulate(document, { planBudgetMs: Number.NaN })).code).toBe('ARGUMENT_INVALID');
    const mode = 'fast' as ExecutionMode;
    expect(failureOf(() => simulate(document, { mode })).code).toBe('ARGUMENT_INVALID');
  });

  it('for a quota of nothing in a run that needs some', () => {
    const failure = failureOf(() => simulate(document, { set: { gpu: 0 } }));
    expect(failure.code).toBe('RESOURCE_CAPACITY_EXCEEDED');
  });
});
