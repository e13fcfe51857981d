// The order of a run: by mode, by rank, by plan; and a guide that learns from what tasks really take.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTaskGraph, type TaskDependencies, type TaskGraph } from '../../src/dag/task-graph.ts';
import { RunGuide } from '../../src/engine/run-guide.ts';
import { orderRun, type RunOrderInput } from '../../src/engine/run-ordering.ts';
import { simulateDispatch } from '../../src/engine/simulation/dispatch-simulation.ts';
import { VirtualTime } from '../../src/engine/simulation/virtual-time.ts';
import type { PreparedRequest } from '../../src/resources/capacity-request.ts';
import { PlanCourse } from '../../src/scheduling/plan-course.ts';
import { RunEstimates } from '../../src/scheduling/run-estimates.ts';
import { UnitCapacity } from '../../src/scheduling/unit-capacity.ts';

function graphOf(tasks: readonly TaskDependencies[]): TaskGraph {
  const built = buildTaskGraph(tasks);
  if (built.kind === 'faulty') throw new Error(built.faults[0]?.message);
  return built.graph;
}

/** Units of one resource, the one with index 0. */
function requestOf(units: number): PreparedRequest | null {
  return units === 0 ? null : { ids: ['r'], indices: [0], units: [units], quotas: null };
}

interface Facts {
  readonly graph: TaskGraph;
  readonly seconds: readonly number[];
  readonly units?: readonly number[];
  readonly slots?: number;
  readonly capacity?: number;
}

/** Time that passes with each look at it: the same number of schedules on every machine. */
function countedClock(stepMs = 0.02): () => number {
  let nowMs = 0;
  return () => (nowMs += stepMs);
}

function inputOf({ graph, seconds, units = [], slots = 2, capacity = 4 }: Facts): RunOrderInput {
  let state = 1;
  return {
    graph,
    mode: 'resource_aware',
    levels: new Uint8Array(graph.size).fill(2),
    seconds: Float64Array.from(seconds),
    isKnown: () => true,
    requests: graph.names.map((_, task) => requestOf(units[task] ?? 0)),
    concurrency: graph.names.map(() => null),
    pools: graph.names.map(() => 0 as const),
    slots: [slots, 1],
    maxParallel: Number.POSITIVE_INFINITY,
    capacityUnits: () => capacity,
    budgetMs: 20,
    now: countedClock(),
    random: () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    },
    standing: null,
  };
}

/** What the scheduler makes of an order. */
function makespanOf(input: RunOrderInput, order: ReturnType<typeof orderRun>): number {
  const trace = simulateDispatch({
    rows: input.graph,
    tasks: input.graph.names.map((_, task) => ({
      level: 2,
      order: order.orders[task] ?? 0,
      pool: 0 as const,
      request: input.requests[task] ?? null,
      concurrency: null,
      expectedMs: (input.seconds[task] ?? 0) * 1_000,
    })),
    durationsMs: input.seconds.map((seconds) => seconds * 1_000),
    mode: 'resource_aware',
    maxParallel: Number.POSITIVE_INFINITY,
    slots: input.slots,
    guard: new UnitCapacity([input.capacityUnits(0)]),
    time: new VirtualTime(),
    course: order.course === null ? null : new PlanCourse(order.course),
  });
  return trace.makespanMs / 1_000;
}

const problems: fc.Arbitrary<Facts> = fc.integer({ min: 2, max: 14 }).chain((size) =>
  fc
    .record({
      needs: fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }),
      seconds: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: size, maxLength: size }),
      units: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: size, maxLength: size }),
      slots: fc.integer({ min: 1, max: 4 }),
    })
    .map(({ needs, ...facts }) => ({
      ...facts,
      graph: graphOf(
        needs.map((list, task) => ({
          name: `t${task}`,
          dependencies: [...new Set(list.filter((other) => other < task))].map((other) => `t${other}`),
        })),
      ),
    })),
);

describe('the order of a run', () => {
  const chainAndOne = graphOf([{ name: 'one' }, { name: 'a' }, { name: 'b', dependencies: ['a'] }]);

  it('is topological in mode sequential, none in parallel and priority, by longest rest in resource_aware', () => {
    const input = { ...inputOf({ graph: chainAndOne, seconds: [3, 2, 2] }), budgetMs: 0 };
    expect([...orderRun({ ...input, mode: 'sequential' }).orders]).toEqual([0, 1, 2]);
    for (const mode of ['parallel', 'priority'] as const) {
      expect([...orderRun({ ...input, mode }).orders]).toEqual([0, 0, 0]);
    }
    const { orders, ranks, plan } = orderRun(input);
    expect([...ranks]).toEqual([3, 4, 2]);
    expect([...orders]).toEqual([-3, -4, -2]);
    expect(plan).toBeNull();
  });

  it('is not planned when most durations are guesses, nor longer than a hundredth of the run', () => {
    const input = inputOf({ graph: chainAndOne, seconds: [3, 2, 2] });
    expect(orderRun({ ...input, isKnown: () => false }).plan).toBeNull();
    const short = inputOf({ graph: chainAndOne, seconds: [0.03, 0.02, 0.02] });
    const plan = orderRun(short).plan;
    // A hundredth of 40 ms.
    expect(plan?.spentMs ?? 0).toBeLessThan(2);
  });

  it('is that of ranks when a plan could not be carried through', () => {
    const input = inputOf({ graph: chainAndOne, seconds: [3, 2, 2] });
    const { orders, plan } = orderRun({ ...input, pools: [1, 0, 0], slots: [2, 0] });
    expect(plan).toBeNull();
    expect([...orders]).toEqual([-3, -4, -2]);
  });

  it('never comes out longer than plain ranks, and is as long as it says', () => {
    fc.assert(
      fc.property(problems, (facts) => {
        const input = inputOf(facts);
        const planned = orderRun(input);
        const byRank = orderRun({ ...input, budgetMs: 0 });
        const makespan = makespanOf(input, planned);
        expect(makespan).toBeLessThanOrEqual(makespanOf(input, byRank) + 1e-6);
        if (planned.plan === null) return;
        expect(planned.plan.makespanSeconds).toBeCloseTo(makespan, 6);
        expect(planned.plan.lowerBoundSeconds).toBeLessThanOrEqual(makespan + 1e-6);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps a task back where that is shorter than never to idle', () => {
    // `blocker` could start at once, but would take what `key` needs a second later, and all the rest waits for that.
    const graph = graphOf([
      { name: 'first' },
      { name: 'blocker' },
      { name: 'key', dependencies: ['first'] },
      { name: 'rest', dependencies: ['key'] },
    ]);
    const input = inputOf({ graph, seconds: [1, 10, 1, 10], units: [1, 2, 4, 2], slots: 4 });
    const { plan, course } = orderRun(input);
    expect(plan).toMatchObject({ makespanSeconds: 12, rankSeconds: 21 });
    expect(plan?.held).toBeGreaterThan(0);
    expect(course?.isHeld[1]).toBe(1);
  });
});

describe('a guide', () => {
  const graph = graphOf(['a1', 'a2', 'a3', 'a4', 'b1', 'b2'].map((name) => ({ name })));
  const create = (nowMs: () => number) => {
    const kinds = ['a', 'a', 'a', 'a', 'b', 'b'];
    const estimates = new RunEstimates(
      kinds.map((kind) => ({ given: kind === 'a' ? 1 : 5, recorded: undefined, kind })),
    );
    const { seconds: _, isKnown: __, standing: ___, ...facts } = inputOf({ graph, seconds: [] });
    return new RunGuide({ ...facts, budgetMs: 0, now: nowMs, hasSeveralKinds: true }, estimates);
  };
  const standing = (ended: readonly number[]) => ({
    isEnded: (index: number) => ended.includes(index),
    runningSeconds: () => null,
  });

  it('orders again when a kind takes much longer than believed', () => {
    let nowMs = 0;
    const guide = create(() => nowMs);
    expect(guide.orderOf(4)).toBeLessThan(guide.orderOf(3));
    nowMs = 20_000;
    expect(guide.completed(0, 20, standing([0]))).toBe(true);
    expect(guide.expectedMs(3)).toBeCloseTo(20_000, -3);
    expect(guide.orderOf(3)).toBeLessThan(guide.orderOf(4));
    expect([...guide.recorded()]).toEqual([[0, 20]]);
  });

  it('leaves the order alone while estimates are about right', () => {
    let nowMs = 0;
    const guide = create(() => nowMs);
    for (const [index, seconds] of [1.1, 0.9, 1.05].entries()) {
      nowMs += seconds * 1_000;
      expect(guide.completed(index, seconds, standing([index]))).toBe(false);
    }
  });

  it('of a run that is taken up again counts only what is left', () => {
    const guide = create(() => 0);
    guide.resumed(standing([0, 1, 2, 4]));
    expect(guide.completed(3, 1, standing([0, 1, 2, 3, 4]))).toBe(false);
    expect([...guide.recorded()]).toEqual([[3, 1]]);
  });
});
