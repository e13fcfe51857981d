// Tests planning as a whole: what a plan promises, on random problems and on the odd ones.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSchedule } from '../../../src/scheduling/planning/planner.ts';
import type { Plan } from '../../../src/scheduling/planning/planning-problem.ts';
import {
  breachesOf,
  countedEffort,
  type ListedTask,
  plainListMakespan,
  plainRanks,
  problemOf,
  realEffort,
} from './planning-problems.ts';

interface Case {
  readonly tasks: readonly ListedTask[];
  readonly capacities: readonly number[];
}

const CAPACITIES = [3, 1, 0.3, Number.POSITIVE_INFINITY];
const WHOLE = [0, 1, 2, 3, 7];
const DECIMAL = [0, 0.013, 0.1, 0.2, 0.3, 0.7, 37.5, 1 / 3];

const anyNeeds = fc.record(
  {
    0: fc.integer({ min: 0, max: 3 }),
    1: fc.constantFrom(0.1, 0.2, 1),
    2: fc.constantFrom(0.1, 0.2, 0.3),
    3: fc.constant(9),
  },
  { requiredKeys: [] },
);

function anyCase(seconds: readonly number[], levels: readonly number[]): fc.Arbitrary<Case> {
  return fc
    .array(
      fc.record({
        seconds: fc.constantFrom(...seconds),
        needs: anyNeeds,
        level: fc.constantFrom(...levels),
        links: fc.array(fc.nat(), { maxLength: 3 }),
      }),
      { maxLength: 14 },
    )
    .map((drafts) => ({
      capacities: CAPACITIES,
      tasks: drafts.map(({ links, ...task }, index) => ({
        ...task,
        after: index === 0 ? [] : [...new Set(links.map((link) => link % index))],
      })),
    }));
}

function plan({ tasks, capacities }: Case, budgetMs = 20, seed = 7): Plan {
  return planSchedule(problemOf(tasks, capacities), countedEffort(budgetMs, 0.1, seed));
}

const breaches = (given: Case, made: Plan) => breachesOf(given.tasks, given.capacities, made);

describe('a plan', () => {
  it.each([
    ['whole seconds', WHOLE, [2]],
    ['decimal seconds', DECIMAL, [2]],
    ['mixed levels', DECIMAL, [0, 2, 4]],
  ] as const)(
    'of %s is feasible, between its lower bound and the sum, and no longer than the plain list',
    (_, seconds, levels) => {
      fc.assert(
        fc.property(anyCase(seconds, levels), (given) => {
          const made = plan(given);
          const base = plan(given, 0);
          const sum = given.tasks.reduce((total, task) => total + task.seconds, 0);
          expect(breaches(given, made)).toEqual([]);
          expect(breaches(given, base)).toEqual([]);
          expect(made.lowerBound).toBeLessThanOrEqual(made.makespan);
          expect(made.makespan).toBeLessThanOrEqual(sum * (1 + 1e-9));
          expect(made.makespan).toBeLessThanOrEqual(base.makespan);
          expect(made.workConserving.makespan).toBeLessThanOrEqual(base.makespan);
          expect(made.makespan).toBeLessThanOrEqual(made.workConserving.makespan);
        }),
        { numRuns: 300 },
      );
    },
  );

  it.each([
    ['one level', [2]],
    ['mixed levels', [0, 2, 4]],
  ] as const)('of %s has a list that a dispatcher which never idles turns into the promised makespan', (_, levels) => {
    fc.assert(
      fc.property(anyCase(WHOLE, levels), (given) => {
        const made = plan(given);
        const { order, makespan } = made.workConserving;
        expect(plainListMakespan(given.tasks, given.capacities, order)).toBe(makespan);
        if (made.nonDelay) expect(plainListMakespan(given.tasks, given.capacities, made.order)).toBe(made.makespan);
        else expect(made.makespan).toBeLessThan(makespan);
        if (levels.length > 1) expect(made.nonDelay).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('without a budget is one list schedule by level and upward rank', () => {
    fc.assert(
      fc.property(anyCase(WHOLE, [1, 2]), (given) => {
        const made = plan(given, 0);
        const ranks = plainRanks(given.tasks);
        expect(Array.from(made.ranks)).toEqual(ranks);
        expect(made.schedules).toBe(1);
        expect(plainListMakespan(given.tasks, given.capacities, made.order)).toBe(made.makespan);
      }),
      { numRuns: 200 },
    );
  });

  it('is the same for the same clock and the same chance', () => {
    fc.assert(
      fc.property(anyCase(DECIMAL, [2]), fc.integer(), (given, seed) => {
        expect(plan(given, 10, seed)).toEqual(plan(given, 10, seed));
      }),
      { numRuns: 50 },
    );
  });

  it('lets running tasks start at once and hold what they have, even when a capacity has shrunk below that', () => {
    fc.assert(
      fc.property(anyCase(WHOLE, [2]), fc.integer({ min: 1, max: 3 }), (given, count) => {
        const tasks = given.tasks.map((task, index) =>
          index < count ? { ...task, after: [], needs: { 0: 2 }, isRunning: true } : task,
        );
        const made = plan({ ...given, tasks });
        const overloads = breaches({ ...given, tasks }, made).filter((breach) => !breach.endsWith('at 0'));
        expect(overloads).toEqual([]);
        const held = tasks.filter((task) => task.isRunning && task.seconds > 0).length * 2;
        tasks.forEach((task, index) => {
          if (made.starts[index] === 0 && !task.isRunning && task.seconds > 0 && task.needs[0]) {
            expect(held + task.needs[0]).toBeLessThanOrEqual(3);
          }
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe('planning', () => {
  it('of nothing is an empty plan', () => {
    expect(plan({ tasks: [], capacities: [4] })).toMatchObject({ makespan: 0, lowerBound: 0, nonDelay: true });
  });

  it('of one task starts it at once', () => {
    const made = plan({ tasks: [{ seconds: 37.5, after: [], needs: {} }], capacities: [] });
    expect(made).toMatchObject({ makespan: 37.5, lowerBound: 37.5, schedules: 1 });
    expect(Array.from(made.starts)).toEqual([0]);
  });

  it('idles on purpose where that is shorter, says so, and gives the best list that does not idle beside it', () => {
    // A dispatcher that never idles starts the second task at 0 beside the first; the third, which needs both units, waits for it.
    const chain: ListedTask[] = [
      { seconds: 1, after: [], needs: { 0: 1 } },
      { seconds: 5, after: [], needs: { 0: 1 } },
      { seconds: 5, after: [0], needs: { 0: 2 } },
      { seconds: 5, after: [2], needs: { 0: 1 } },
    ];
    const made = plan({ tasks: chain, capacities: [2] });
    expect(made.makespan).toBe(11);
    expect(made.nonDelay).toBe(false);
    expect(made.starts[1]).toBeGreaterThan(0);
    expect(made.workConserving.makespan).toBe(15);
    expect(plainListMakespan(chain, [2], made.workConserving.order)).toBe(15);
  });

  it('fits three times 0.1 s beside 0.3 s, and 0.1 of a unit ten times into one', () => {
    const thirds = [1, 2, 3].map(
      (index): ListedTask => ({ seconds: 0.1, after: index === 1 ? [] : [index - 2], needs: { 0: 1 } }),
    );
    const beside = plan({
      tasks: [...thirds, { seconds: 0.3, after: [], needs: { 0: 1 } }, { seconds: 1, after: [2, 3], needs: { 0: 2 } }],
      capacities: [2],
    });
    expect(beside.makespan).toBeCloseTo(1.3, 9);
    const tenth: ListedTask = { seconds: 2, after: [], needs: { 0: 0.1 } };
    expect(plan({ tasks: Array.from({ length: 10 }, () => tenth), capacities: [1] }).makespan).toBe(2);
    expect(plan({ tasks: Array.from({ length: 11 }, () => tenth), capacities: [1] }).makespan).toBe(4);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a duration of %d', (seconds) => {
    expect(() => plan({ tasks: [{ seconds, after: [], needs: {} }], capacities: [] })).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    );
  });

  it('stops at the first look at the clock behind the end of the budget', () => {
    const tasks = Array.from(
      { length: 40 },
      (_, index): ListedTask => ({
        seconds: 1 + ((index * 7) % 11),
        after: index < 5 ? [] : [index - 5],
        needs: { 0: 1 + (index % 3), 1: 1 + ((index * 5) % 4) },
      }),
    );
    for (const budgetMs of [1, 5, 20]) {
      const effort = countedEffort(budgetMs, 0.01);
      const made = planSchedule(problemOf(tasks, [5, 6]), effort);
      expect(made.makespan).toBeGreaterThan(made.lowerBound);
      expect(made.spentMs).toBeLessThanOrEqual(budgetMs + 0.1);
      expect(made.spentMs).toBeGreaterThan(budgetMs * 0.9);
    }
  });

  it('asks the clock within a schedule too, so that a large problem cannot overrun', () => {
    const tasks = Array.from(
      { length: 3_000 },
      (_, index): ListedTask => ({
        seconds: 1 + ((index * 7) % 11),
        after: index < 50 ? [] : [index - 50],
        needs: { 0: 1 + (index % 3), 1: 1 + ((index * 5) % 4) },
      }),
    );
    // A look a millisecond: three looks are far less than one schedule of 3,000 tasks takes.
    const effort = countedEffort(4, 1);
    const made = planSchedule(problemOf(tasks, [5, 6]), effort);
    expect(effort.readings()).toBeLessThan(9);
    expect(made.schedules).toBe(1);
  });

  it('of 100,000 tasks and 300,000 edges is one pass well under a second, longest path and all', () => {
    const made = planSchedule(wideProblem(100_000), realEffort(20));
    expect(made.schedules).toBe(1);
    expect(made.makespan / made.lowerBound).toBeLessThan(1.01);
    console.info(`100,000 tasks: ${made.spentMs.toFixed(0)} ms`);
    expect(made.spentMs).toBeLessThan(3_000);
  });
});

/** Tasks with three dependencies among the thousand before them, and 16 threads. */
function wideProblem(size: number) {
  const dependencies = Int32Array.from({ length: 3 * size }, (_, edge) => {
    const task = Math.floor(edge / 3);
    return Math.max(0, task - 1 - ((task * (7 + 12 * (edge % 3))) % 1_000));
  });
  const lists = Array.from({ length: size }, (_, task): number[] =>
    task === 0 ? [] : [...new Set(dependencies.subarray(3 * task, 3 * task + 3))],
  );
  const dependents = lists.map((): number[] => []);
  lists.forEach((list, task) => {
    for (const dependency of list) dependents[dependency]?.push(task);
  });
  const offsets = (rows: readonly number[][]) => {
    let total = 0;
    return Int32Array.from([0, ...rows.map((row) => (total += row.length))]);
  };
  return {
    size,
    dependencyOffsets: offsets(lists),
    dependencies: Int32Array.from(lists.flat()),
    dependentOffsets: offsets(dependents),
    dependents: Int32Array.from(dependents.flat()),
    durations: Float64Array.from({ length: size }, (_, task) => 0.01 + ((task * 7_919) % 1_000) / 100),
    levels: new Uint8Array(size),
    capacities: Float64Array.of(16),
    requestOffsets: Int32Array.from({ length: size + 1 }, (_, task) => task),
    requestResources: new Int32Array(size),
    requestUnits: new Float64Array(size).fill(1),
    running: null,
  };
}
