// Tests plans against proven optima (STG, PSPLIB) and a plain list scheduler (recorded executions). What is asserted runs by a
// counted clock, so it is the same on every machine; what is printed beside it was measured.

import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildTaskGraph } from '../../../src/dag/task-graph.ts';
import { readWfFormat } from '../../../src/engine/wf-format.ts';
import { planSchedule } from '../../../src/scheduling/planning/planner.ts';
import type { PlanningEffort } from '../../../src/scheduling/planning/planning-problem.ts';
import { corpusFiles } from '../../engine/workflow-corpus.ts';
import { CORPORA_NOTE, corpusText, HAS_CORPORA, readProjects, readTaskGraphs } from './planning-corpora.ts';
import {
  breachesOf,
  countedEffort,
  type ListedTask,
  plainListMakespan,
  plainRanks,
  problemOf,
  realEffort,
} from './planning-problems.ts';
import { PROVEN_OPTIMA } from './proven-optima.ts';

const WORKERS = [2, 4, 8, 16];
/** Recorded wrongly, says the corpus. */
const LEFT_OUT = 'rand0009 4';
/** About 20 ms of a fast machine: some hundred lists, each scheduled three times. */
const counted = () => countedEffort(20, 0.015);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const worst = (values: readonly number[]) => Math.max(...values);
const optimal = (values: readonly number[]) => values.filter((value) => value < 1 + 1e-9).length;
const summary = (values: readonly number[]) =>
  `mean ${mean(values).toFixed(5)} worst ${worst(values).toFixed(4)} optimal ${optimal(values)}/${values.length}`;

/** No schedule on identical workers is shorter: all work of the tasks with at least this head and this tail lies between. */
function energyBound(tasks: readonly ListedTask[], workers: number): number {
  const tails = plainRanks(tasks).map((rank, task) => rank - (tasks[task]?.seconds ?? 0));
  const heads: number[] = [];
  for (const { after } of tasks) {
    heads.push(Math.max(0, ...after.map((other) => (heads[other] ?? 0) + (tasks[other]?.seconds ?? 0))));
  }
  let bound = worst(plainRanks(tasks));
  for (const head of new Set(heads)) {
    for (const tail of new Set(tails)) {
      let work = 0;
      tasks.forEach(({ seconds }, task) => {
        if ((heads[task] ?? 0) >= head && (tails[task] ?? 0) >= tail) work += seconds;
      });
      if (work > 0) bound = Math.max(bound, head + Math.ceil(work / workers) + tail);
    }
  }
  return bound;
}

describe.skipIf(!HAS_CORPORA)(`plans of the Standard Task Graph Set${CORPORA_NOTE}`, () => {
  const graphs = HAS_CORPORA ? readTaskGraphs() : [];

  it('are within 1.003 of the optimum on average and none above 1.05, where the optimum can exist', () => {
    const ratios: number[] = [];
    const lines: string[] = [];
    let refuted = 0;
    for (const workers of WORKERS) {
      const recorded: number[] = [];
      const corrected: number[] = [];
      const workConserving: number[] = [];
      for (const { name, tasks, optima } of graphs) {
        if (`${name} ${workers}` === LEFT_OUT) continue;
        const capacities = [workers];
        const plan = planSchedule(problemOf(tasks, capacities), counted());
        expect(breachesOf(tasks, capacities, plan)).toEqual([]);
        const claimed = optima[workers] ?? Number.NaN;
        const optimum = Math.max(claimed, PROVEN_OPTIMA[name]?.[workers] ?? 0, energyBound(tasks, workers));
        if (optimum > claimed) refuted++;
        expect(plan.makespan).toBeGreaterThanOrEqual(optimum);
        expect(plan.lowerBound).toBeLessThanOrEqual(plan.makespan);
        recorded.push(plan.makespan / claimed);
        corrected.push(plan.makespan / optimum);
        workConserving.push(plan.workConserving.makespan / optimum);
      }
      ratios.push(...corrected);
      lines.push(
        `P ${workers}: ${summary(corrected)}; never idling: ${summary(workConserving)}; as recorded: ${summary(recorded)}`,
      );
    }
    console.info([...lines, `all: ${summary(ratios)}; recorded optima that cannot exist: ${refuted}`].join('\n'));
    expect(ratios).toHaveLength(719);
    expect(mean(ratios)).toBeLessThanOrEqual(1.003);
    expect(worst(ratios)).toBeLessThanOrEqual(1.05);
  });

  it('compare with proven optima that are indeed above what was recorded', () => {
    for (const { name, optima } of graphs) {
      for (const [workers, proven] of Object.entries(PROVEN_OPTIMA[name] ?? {})) {
        expect(proven).toBeGreaterThan(optima[workers] ?? Number.NaN);
      }
    }
  });
});

describe.skipIf(!HAS_CORPORA)(`plans of PSPLIB j30${CORPORA_NOTE}`, () => {
  const projects = HAS_CORPORA ? readProjects() : [];

  function planAll(effort: () => PlanningEffort) {
    const plans = projects.map((project) => ({
      ...project,
      plan: planSchedule(problemOf(project.tasks, project.capacities), effort()),
    }));
    for (const { tasks, capacities, plan, optimum } of plans) {
      expect(breachesOf(tasks, capacities, plan)).toEqual([]);
      expect(plan.makespan).toBeGreaterThanOrEqual(optimum);
      expect(plan.lowerBound).toBeLessThanOrEqual(optimum);
    }
    return {
      ratios: plans.map(({ plan, optimum }) => plan.makespan / optimum),
      workConserving: plans.map(({ plan, optimum }) => plan.workConserving.makespan / optimum),
      spentMs: plans.map(({ plan }) => plan.spentMs),
      schedules: plans.map(({ plan }) => plan.schedules),
    };
  }

  const line = (label: string, { ratios, workConserving, spentMs, schedules }: ReturnType<typeof planAll>) =>
    `${label}: ${summary(ratios)}; never idling: ${summary(workConserving)}; ${mean(schedules).toFixed(0)} schedules, ` +
    `mean ${mean(spentMs).toFixed(2)} ms, worst ${worst(spentMs).toFixed(1)} ms`;

  it('are feasible at every instant and within 1.01 of the optimum on average', () => {
    const results = planAll(counted);
    console.info(line('counted effort', results));
    expect(results.ratios).toHaveLength(240);
    expect(mean(results.ratios)).toBeLessThanOrEqual(1.005);
    expect(worst(results.ratios)).toBeLessThanOrEqual(1.1);
  });

  it('are feasible at any budget of real time, better with more of it', () => {
    const budgets = process.env.YARDMASTER_PLANNING_CURVE === undefined ? [0, 5, 20] : [0, 5, 20, 100];
    const results = budgets.map((budgetMs) => planAll(() => realEffort(budgetMs)));
    console.info(results.map((result, index) => line(`${budgets[index]} ms`, result)).join('\n'));
    const [plain, , planned] = results.map(({ ratios }) => mean(ratios));
    expect(planned).toBeLessThan(plain ?? 0);
  });
});

describe.skipIf(!HAS_CORPORA)(`plans of recorded executions${CORPORA_NOTE}`, () => {
  it('are no longer than what a critical-path list scheduler makes', () => {
    const lines: string[] = [];
    for (const file of corpusFiles('wf')) {
      const tasks = executionOf(basename(file));
      for (const workers of [4, 16]) {
        const capacities = [workers];
        const plan = planSchedule(problemOf(tasks, capacities), counted());
        expect(breachesOf(tasks, capacities, plan)).toEqual([]);
        const ranks = plainRanks(tasks);
        const list = ranks.map((_, task) => task).sort((one, other) => (ranks[other] ?? 0) - (ranks[one] ?? 0));
        const plain = plainListMakespan(tasks, capacities, list);
        const ratio = (makespan: number) => (makespan / plan.lowerBound).toFixed(5);
        lines.push(
          `${basename(file)} P ${workers}: plan ${ratio(plan.makespan)} never idling ${ratio(plan.workConserving.makespan)} list ${ratio(plain)}`,
        );
        expect(plan.makespan).toBeLessThanOrEqual(plain * (1 + 1e-9));
        expect(plan.workConserving.makespan).toBeLessThanOrEqual(plain * (1 + 1e-9));
      }
    }
    console.info(lines.join('\n'));
    expect(lines.length).toBeGreaterThan(0);
  });
});

/** The tasks of a WfFormat file, each behind its dependencies. */
function executionOf(file: string): ListedTask[] {
  const reading = readWfFormat(JSON.parse(corpusText(`wf/${file}`)), file);
  if (reading.kind !== 'sound') throw new Error(JSON.stringify(reading.faults));
  const { steps } = reading.definition;
  const built = buildTaskGraph(steps.map(({ name, dependencies }) => ({ name, dependencies })));
  if (built.kind !== 'built') throw new Error(JSON.stringify(built.faults));
  const places = new Map<number, number>();
  const sorted: ListedTask[] = [];
  const place = (task: number): number => {
    const known = places.get(task);
    if (known !== undefined) return known;
    const { dependencyOffsets, dependencies } = built.graph;
    const after = Array.from(dependencies.subarray(dependencyOffsets[task], dependencyOffsets[task + 1]), place);
    places.set(task, sorted.length);
    sorted.push({ seconds: steps[task]?.estimatedSeconds ?? 0, after, needs: { 0: 1 } });
    return sorted.length - 1;
  };
  for (let task = 0; task < built.graph.size; task++) place(task);
  return sorted;
}
