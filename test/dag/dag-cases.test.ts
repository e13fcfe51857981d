// Known answers from other projects (CPython graphlib, networkx, petgraph), read from outside the project.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CycleDetectedError, DAGValidationError } from '../../src/dag/dag-errors.ts';
import { buildTaskGraph } from '../../src/dag/task-graph.ts';
import { WorkflowDAG } from '../../src/dag/workflow-dag.ts';
import { isRing, type ListedTask } from './random-graphs.ts';

const names = z.array(z.string());
const expectation = z.strictObject({
  acyclic: z.boolean(),
  nodes: z.number(),
  distinctEdges: z.number(),
  levels: z.array(names).optional(),
  levelsDerived: z.array(names).optional(),
  allOrders: z.array(names).optional(),
  ancestors: z.record(z.string(), names).optional(),
  descendants: z.record(z.string(), names).optional(),
  transitiveClosure: z.array(z.tuple([z.string(), z.string()])).optional(),
  longestPath: names.optional(),
  longestPathEdges: z.number().optional(),
  cyclicNodes: names.optional(),
  sccNontrivial: z.array(names).optional(),
  sccs: z.array(names).optional(),
  selfLoops: names.optional(),
  simpleCycles: z.array(names).optional(),
  // What follows describes the case or asks for what Yardmaster does not have; see the skipped tests below.
  implicitNodes: z.boolean().optional(),
  duplicateEdges: z.boolean().optional(),
  neverRunnable: names.optional(),
  orderCount: z.number().optional(),
  simpleCycleCount: z.number().optional(),
});
const dependencies = z.record(z.string(), names);
const corpus = z.object({
  cases: z.array(z.object({ id: z.string(), dependencies, expect: expectation })),
  incremental: z.array(z.object({ dependencies })),
  countsCheck: z.object({ n: z.array(z.number()), dags: z.array(z.number()) }),
});
type Expectation = z.infer<typeof expectation>;

const path = fileURLToPath(new URL('../../../shared/corpora/dag-cases.json', import.meta.url));
const missing = !existsSync(path);
const { cases, incremental, countsCheck } = missing
  ? { cases: [], incremental: [], countsCheck: { n: [], dags: [] } }
  : corpus.parse(JSON.parse(readFileSync(path, 'utf8')));

/** In the corpus a dependency may be a task that is not declared. Here every task is. */
function declareAll(listed: Readonly<Record<string, readonly string[]>>): ListedTask[] {
  const all = new Set([...Object.keys(listed), ...Object.values(listed).flat()]);
  return Array.from(all, (name) => ({ name, dependencies: listed[name] ?? [] }));
}

function sorted(list: readonly string[]): string[] {
  return [...list].sort();
}

describe.skipIf(missing)('known graphs (skipped without ../shared/corpora/dag-cases.json)', () => {
  it('are the 68 of the corpus', () => {
    expect(cases).toHaveLength(68);
  });

  for (const { id, dependencies: listed, expect: expected } of cases) {
    it(`${id}: ${expected.acyclic ? 'levels, orders, paths' : 'a real cycle of each group'}`, () => {
      const tasks = declareAll(listed);
      expect(tasks).toHaveLength(expected.nodes);
      if (expected.acyclic) checkAcyclic(tasks, expected);
      else checkCyclic(tasks, expected);
    });
  }

  // What the corpus tells of ready() and done() is about counting down, which is the engine's; counts of all orders and of
  // all cycles are exponential and no part of this DAG.
  it('incremental: the order in which its tasks become ready is that of the levels', () => {
    const [first] = incremental;
    const levels = new WorkflowDAG(declareAll(first?.dependencies ?? {})).getExecutionLevels();
    expect(levels).toEqual([['3', '4'], ['2'], ['1']]);
  });

  it('the same input gives the same order on every run', () => {
    for (const { dependencies: listed, expect: expected } of cases) {
      const tasks = declareAll(listed);
      const reversedLists = tasks.map((task) => ({ ...task, dependencies: [...task.dependencies].reverse() }));
      if (!expected.acyclic) continue;
      const order = new WorkflowDAG(tasks).topologicalSort();
      expect(new WorkflowDAG(tasks).topologicalSort()).toEqual(order);
      expect(new WorkflowDAG(reversedLists).topologicalSort()).toEqual(order);
    }
  });

  it('among all digraphs of up to four nodes as many are acyclic as there are labelled DAGs', () => {
    expect(countsCheck.n).toEqual([0, 1, 2, 3, 4]);
    expect(countsCheck.n.map(countAcyclic)).toEqual(countsCheck.dags);
  });
});

function checkAcyclic(tasks: readonly ListedTask[], expected: Expectation): void {
  const dag = new WorkflowDAG(tasks);
  expect(dag.graph().dependencies).toHaveLength(expected.distinctEdges);
  expect(dag.graph().dependents).toHaveLength(expected.distinctEdges);
  const order = dag.topologicalSort();
  for (const task of tasks) {
    for (const dependency of task.dependencies)
      expect(order.indexOf(dependency)).toBeLessThan(order.indexOf(task.name));
  }
  const levels = expected.levels ?? expected.levelsDerived;
  if (levels !== undefined) expect(dag.getExecutionLevels().map(sorted)).toEqual(levels.map(sorted));
  if (expected.allOrders !== undefined) expect(expected.allOrders).toContainEqual(order);
  for (const [name, ancestors] of Object.entries(expected.ancestors ?? {})) {
    expect(sorted(dag.getTaskDependencies(name))).toEqual(sorted(ancestors));
  }
  for (const [name, descendants] of Object.entries(expected.descendants ?? {})) {
    expect(sorted(dag.getDependentTasks(name))).toEqual(sorted(descendants));
  }
  if (expected.transitiveClosure !== undefined) {
    const pairs = order.flatMap((name) => dag.getTaskDependencies(name).map((ancestor) => `${ancestor} ${name}`));
    expect(sorted(pairs)).toEqual(sorted(expected.transitiveClosure.map((pair) => pair.join(' '))));
  }
  if (expected.longestPath !== undefined) expect(dag.criticalPath().path).toEqual(expected.longestPath);
  if (expected.longestPathEdges !== undefined) expect(dag.criticalPath().length).toBe(expected.longestPathEdges + 1);
}

function checkCyclic(tasks: readonly ListedTask[], expected: Expectation): void {
  const error = errorOf(() => new WorkflowDAG(tasks).validate());
  expect(error).toBeInstanceOf(CycleDetectedError);
  expect(error).toBeInstanceOf(DAGValidationError);
  expect(error.code).toBe('DAG_CYCLE');
  expect(isRing(tasks, error.cycle)).toBe(true);
  const cyclic = new Set(expected.cyclicNodes);
  const selfLoops = tasks.filter((task) => task.dependencies.includes(task.name)).map((task) => task.name);
  const self = error.faults.filter((fault) => fault.code === 'DEPENDENCY_SELF');
  expect(sorted(self.map((fault) => fault.task))).toEqual(sorted(selfLoops));
  if (expected.selfLoops !== undefined) expect(sorted(selfLoops)).toEqual(sorted(expected.selfLoops));
  const rings = error.faults.filter((fault) => fault.code === 'DAG_CYCLE').map((fault) => fault.cycle ?? []);
  for (const ring of rings) {
    expect(isRing(tasks, ring)).toBe(true);
    expect(ring.every((name) => cyclic.has(name))).toBe(true);
  }
  const groups = expected.sccNontrivial ?? expected.sccs?.filter((group) => group.length > 1);
  if (groups !== undefined) {
    expect(rings).toHaveLength(groups.length);
    for (const group of groups)
      expect(rings.filter((ring) => ring.every((name) => group.includes(name)))).toHaveLength(1);
  }
  if (expected.simpleCycles !== undefined)
    expect(expected.simpleCycles.map(sorted)).toContainEqual(sorted(error.cycle));
}

function errorOf(run: () => void): CycleDetectedError {
  try {
    run();
  } catch (error) {
    if (error instanceof CycleDetectedError) return error;
    throw error;
  }
  throw new Error('no cycle was found');
}

function countAcyclic(size: number): number {
  const all = Array.from({ length: size }, (_, node) => `n${node}`);
  let acyclic = 0;
  for (let bits = 0; bits < 2 ** (size * size); bits++) {
    const tasks = all.map((name, row) => ({
      name,
      dependencies: all.filter((_, column) => ((bits >> (row * size + column)) & 1) === 1),
    }));
    if (buildTaskGraph(tasks).kind === 'built') acyclic++;
  }
  return acyclic;
}
