// The parts of a simulation by themselves: time that stands still until it is moved, and a dispatch that cannot go on.

import { describe, expect, it } from 'vitest';
import { type DispatchProblem, simulateDispatch } from '../../src/engine/simulation/dispatch-simulation.ts';
import { VirtualTime } from '../../src/engine/simulation/virtual-time.ts';
import { UnitCapacity } from '../../src/scheduling/unit-capacity.ts';
import { graphOf } from '../dag/random-graphs.ts';

function problem(overrides: Partial<DispatchProblem> = {}): DispatchProblem {
  const graph = graphOf([{ name: 'a' }, { name: 'b', dependencies: ['a'] }, { name: 'c' }]);
  return {
    rows: graph,
    tasks: graph.names.map(() => ({
      level: 2,
      order: 0,
      pool: 0,
      request: null,
      concurrency: null,
      expectedMs: Number.POSITIVE_INFINITY,
    })),
    durationsMs: Float64Array.of(10, 20, 40),
    mode: 'parallel',
    maxParallel: Number.POSITIVE_INFINITY,
    slots: [2, 0],
    guard: new UnitCapacity([1]),
    time: new VirtualTime(),
    course: null,
    nameOf: (index) => graph.names[index] ?? '',
    ...overrides,
  };
}

describe('virtual time', () => {
  it('fires timers in order of their time, then of their making, at exactly their time', () => {
    const time = new VirtualTime();
    const start = time.now();
    const fired: string[] = [];
    time.schedule(start + 20, () => fired.push(`late ${time.now() - start}`));
    time.schedule(start + 10, () => fired.push(`first ${time.now() - start}`));
    time.schedule(start + 10, () => fired.push(`second ${time.now() - start}`));
    time.cancel(time.schedule(start + 15, () => fired.push('cancelled')));
    expect(time.nextTimerMs()).toBe(start + 10);
    expect(time.moveTo(start + 9)).toBe(false);
    expect(fired).toEqual([]);
    expect(time.moveTo(start + 30)).toBe(true);
    expect(fired).toEqual(['first 10', 'second 10', 'late 20']);
    expect(time.now()).toBe(start + 30);
    expect(time.nextTimerMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('never goes back, and fires what a timer schedules for the same stretch', () => {
    const time = new VirtualTime();
    const start = time.now();
    const fired: number[] = [];
    time.schedule(start + 1, () => time.schedule(start + 2, () => fired.push(time.now() - start)));
    time.moveTo(start + 5);
    time.moveTo(start);
    expect(fired).toEqual([2]);
    expect(time.monotonicMs()).toBe(start + 5);
  });
});

describe('a simulated dispatch', () => {
  it('starts what is ready, follows ends, and tells who ran where in which order', () => {
    const trace = simulateDispatch(problem());
    expect([...trace.startsMs]).toEqual([0, 10, 0]);
    expect([...trace.endsMs]).toEqual([10, 30, 40]);
    expect([...trace.slots]).toEqual([0, 0, 1]);
    expect([...trace.order]).toEqual([0, 2, 1]);
    expect(trace.makespanMs).toBe(40);
    expect(trace.decisions).toBeGreaterThanOrEqual(3);
  });

  it('counts from where its time stands', () => {
    const time = new VirtualTime();
    time.moveTo(5_000);
    expect(simulateDispatch(problem({ time })).makespanMs).toBe(40);
    expect(time.now()).toBe(5_040);
  });

  it('says which tasks can never start, and does not look for ever', () => {
    expect(() => simulateDispatch(problem({ slots: [0, 4] }))).toThrowError(
      expect.objectContaining({
        code: 'SIMULATION_STUCK',
        message: expect.stringMatching(/3 tasks are left; "a", "c" are ready/),
      }),
    );
    const request = { ids: ['r'], indices: [0], units: [2], quotas: null };
    const base = problem();
    const tasks = base.tasks.map((task, index) => (index === 1 ? { ...task, request } : task));
    expect(() => simulateDispatch({ ...base, tasks })).toThrowError(
      expect.objectContaining({
        code: 'SIMULATION_STUCK',
        message: expect.stringMatching(/1 tasks? (is|are) left; "b" is ready/),
      }),
    );
  });

  it('runs a hundred thousand tasks without a deep stack or a quadratic step', () => {
    const size = 100_000;
    const graph = graphOf(
      Array.from({ length: size }, (_, index) => ({
        name: `t${index}`,
        dependencies: index < 64 ? [] : [`t${index - 64}`],
      })),
    );
    const base = problem();
    const [task] = base.tasks;
    const began = performance.now();
    const trace = simulateDispatch({
      ...base,
      rows: graph,
      tasks: graph.names.map((_, index) => ({
        ...task,
        level: 2,
        order: index,
        pool: 0 as const,
        request: null,
        concurrency: null,
        expectedMs: 5,
      })),
      durationsMs: new Float64Array(size).fill(5),
      slots: [8, 0],
    });
    expect(trace.makespanMs).toBe((size / 8) * 5);
    // 3 µs each where nothing else runs; a quadratic step would take minutes.
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
