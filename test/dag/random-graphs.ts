// Owns the random task lists of the DAG tests: any digraph, acyclic ones, and checks by brute force.

import fc from 'fast-check';
import { buildTaskGraph, type TaskGraph } from '../../src/dag/task-graph.ts';

export interface ListedTask {
  readonly name: string;
  readonly dependencies: readonly string[];
}

/** Names that trip up code which keeps them in plain objects, splits text or builds ids from them. */
const NAMES = ['__proto__', 'constructor', 'a', 'b', 'a b', '"', 'x\ny', '', '日本', '7', '07', 'end', 'toString', '-'];

/** Any list of tasks with different names, cycles and self-dependencies included. */
export const anyTasks: fc.Arbitrary<ListedTask[]> = fc
  .shuffledSubarray(NAMES, { minLength: 1, maxLength: 9 })
  .chain((names) =>
    fc
      .tuple(...names.map(() => fc.array(fc.constantFrom(...names), { maxLength: 3 })))
      .map((lists) => names.map((name, index) => ({ name, dependencies: lists[index] ?? [] }))),
  );

/** Acyclic lists: in some order, not that of the list, each task depends on earlier ones only. */
export const acyclicTasks: fc.Arbitrary<ListedTask[]> = fc
  .shuffledSubarray(NAMES, { minLength: 1 })
  .chain((names) =>
    fc
      .tuple(
        fc.tuple(
          ...names.map((_, index) =>
            index === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...names.slice(0, index)), { maxLength: 4 }),
          ),
        ),
        fc.shuffledSubarray(names, { minLength: names.length, maxLength: names.length }),
      )
      .map(([lists, listed]) => listed.map((name) => ({ name, dependencies: lists[names.indexOf(name)] ?? [] }))),
  );

export function graphOf(tasks: readonly { name: string; dependencies?: readonly string[] }[]): TaskGraph {
  const built = buildTaskGraph(tasks);
  if (built.kind === 'faulty') throw new Error(built.faults.map((fault) => fault.message).join('\n'));
  return built.graph;
}

/** Every path along dependencies that ends with a task, by walking all of them. */
export function pathsTo(tasks: readonly ListedTask[], name: string): string[][] {
  const task = tasks.find((candidate) => candidate.name === name);
  const before = (task?.dependencies ?? []).flatMap((dependency) => pathsTo(tasks, dependency));
  return [[name], ...before.map((path) => [...path, name])];
}

/** Whether each task of a ring is listed to depend on the next, the last on the first, and none comes twice. */
export function isRing(tasks: readonly ListedTask[], cycle: readonly string[]): boolean {
  return (
    cycle.length > 0 &&
    new Set(cycle).size === cycle.length &&
    cycle.every((name, index) => {
      const next = cycle[(index + 1) % cycle.length] ?? name;
      return tasks.find((task) => task.name === name)?.dependencies.includes(next) === true;
    })
  );
}
