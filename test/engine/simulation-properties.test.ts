// What holds for every simulated run: it could be carried out, is never below its bound, leaves no thread idle that has
// work, and its slack is real: all tasks at their latest at once still make a schedule of the same length.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ExecutionMode } from '../../src/domain/statuses.ts';
import type { SimulationReport } from '../../src/engine/simulation/simulation-report.ts';
import { type CheckedTask, scheduleFaults } from '../support/schedule-checker.ts';
import { simulate, step } from './simulated-workflows.ts';

const RESOURCES = [
  { id: 'r0', type: 'custom', capacity: 3 },
  { id: 'r1', type: 'custom', capacity: 1, granularity: 0.5 },
  { id: 'q', type: 'api_quota', capacity: 2, period: 4 },
] as const;

const PRIORITIES = ['critical', 'high', 'normal', 'low', 'background'];

interface RandomTask extends CheckedTask {
  readonly priority: string;
}

function taskOf(index: number, isShared: boolean): fc.Arbitrary<RandomTask> {
  const earlier = Array.from({ length: index }, (_, other) => `t${other}`);
  const shared = fc.record({
    resources: fc.record(
      { r0: fc.constantFrom(1, 2, 3), r1: fc.constantFrom(0.5, 1), q: fc.constantFrom(1, 2) },
      { requiredKeys: [] },
    ),
    concurrency: fc.option(fc.constantFrom({ key: 'k', limit: 2 }, { key: 'l', limit: 1 }), { freq: 4 }),
  });
  return fc
    .record({
      duration: fc.constantFrom(0, 0.1, 0.2, 0.3, 1, 1.5, 2, 7),
      dependencies: fc.subarray(earlier, { maxLength: Math.min(3, index) }),
      priority: fc.constantFrom(...PRIORITIES),
      shared: isShared ? shared : fc.constant({ resources: {}, concurrency: null }),
    })
    .map(({ shared: { resources, concurrency }, ...rest }) => ({ name: `t${index}`, ...rest, resources, concurrency }));
}

function runs(isShared: boolean) {
  return fc.integer({ min: 1, max: 14 }).chain((size) =>
    fc.record({
      tasks: fc.tuple(...Array.from({ length: size }, (_, index) => taskOf(index, isShared))) as fc.Arbitrary<
        RandomTask[]
      >,
      workers: fc.integer({ min: 1, max: 5 }),
      maxParallel: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      mode: fc.constantFrom(...Object.values(ExecutionMode)),
      planBudgetMs: fc.constantFrom(0, 2),
    }),
  );
}

function documentOf(tasks: readonly RandomTask[]) {
  return {
    resources: RESOURCES,
    steps: tasks.map(({ name, duration, dependencies, resources, concurrency, priority }) =>
      step(name, duration, dependencies, { resources, priority, ...(concurrency ? { concurrency } : {}) }),
    ),
  };
}

const CAPACITIES = { r0: { capacity: 3 }, r1: { capacity: 1 }, q: { capacity: 2, period: 4 } };

it('could be carried out, and is no shorter than its bound', () => {
  fc.assert(
    fc.property(runs(true), ({ tasks, ...request }) => {
      const report = simulate(documentOf(tasks), request);
      const maxParallel = request.mode === 'sequential' ? 1 : request.maxParallel;
      const surroundings = {
        threads: request.workers,
        resources: CAPACITIES,
        ...(maxParallel === undefined ? {} : { maxParallel }),
      };
      expect(scheduleFaults(tasks, report.tasks, surroundings)).toEqual([]);
      expect(report.makespanSeconds).toBeGreaterThanOrEqual(report.lowerBoundSeconds);
      expect(report.makespanSeconds).toBe(Math.max(...report.tasks.map(({ end }) => end)));
      expect(report.lowerBoundSeconds).toBeGreaterThanOrEqual(report.criticalPathSeconds);
      expect(report.utilization).toBeLessThanOrEqual(1);
      for (const { utilization, peak, capacity } of report.resources) {
        expect(utilization).toBeLessThanOrEqual(1);
        expect(peak).toBeLessThanOrEqual(capacity);
      }
    }),
    { numRuns: 300 },
  );
});

it('leaves every task as much slack as it says, all at once', () => {
  fc.assert(
    fc.property(runs(true), ({ tasks, ...request }) => {
      const report = simulate(documentOf(tasks), request);
      const latest = report.tasks.map(({ name, start, end, slack }) => ({
        name,
        start: start + slack,
        end: end + slack,
      }));
      const maxParallel = request.mode === 'sequential' ? 1 : request.maxParallel;
      const surroundings = {
        threads: request.workers,
        resources: CAPACITIES,
        areThreadsAlike: true,
        ...(maxParallel === undefined ? {} : { maxParallel }),
      };
      const placed = latest.map((entry) => ({ ...entry, thread: null }));
      expect(scheduleFaults(tasks, placed, surroundings)).toEqual([]);
      expect(Math.max(...latest.map(({ end }) => end))).toBeCloseTo(report.makespanSeconds, 5);
      expect(Math.min(...report.tasks.map(({ slack }) => slack))).toBe(0);
    }),
    { numRuns: 300 },
  );
});

it('lets no thread idle in mode parallel while a task is ready', () => {
  fc.assert(
    fc.property(runs(false), ({ tasks, workers }) => {
      const report = simulate(documentOf(tasks), { workers, mode: ExecutionMode.PARALLEL });
      for (const task of tasks) expect(idleWhileReady(task, report, workers)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

it('has a chain without slack from the beginning to the end where only threads and dependencies count', () => {
  fc.assert(
    fc.property(runs(false), ({ tasks, workers }) => {
      const report = simulate(documentOf(tasks), { workers, mode: ExecutionMode.PARALLEL });
      const critical = report.tasks.filter(({ slack }) => slack === 0);
      let reached = report.makespanSeconds;
      for (let more = true; more && reached > 0; ) {
        const before = critical.find(({ start, end }) => Math.abs(end - reached) < 1e-6 && start < end);
        more = before !== undefined;
        reached = before?.start ?? reached;
      }
      expect(reached).toBe(0);
    }),
    { numRuns: 200 },
  );
});

/** Moments between a task's readiness and its start at which fewer threads were busy than there are. */
function idleWhileReady(task: CheckedTask, { tasks }: SimulationReport, workers: number): number[] {
  const placed = new Map(tasks.map((entry) => [entry.name, entry]));
  const start = placed.get(task.name)?.start ?? 0;
  const ready = Math.max(0, ...task.dependencies.map((name) => placed.get(name)?.end ?? 0));
  const moments = [ready, ...tasks.map(({ end }) => end)].filter((at) => at >= ready && at < start - 1e-6);
  return moments.filter(
    (at) => tasks.filter(({ start: from, end }) => from <= at + 1e-9 && end > at + 1e-9).length < workers,
  );
}
