// Building graphs: edges both ways, every fault at once, cycles against brute force on random digraphs.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTaskGraph, type GraphFault } from '../../src/dag/task-graph.ts';
import { acyclicTasks, anyTasks, graphOf, isRing } from './random-graphs.ts';

function faultsOf(tasks: readonly { name: string; dependencies?: readonly string[] }[]): GraphFault[] {
  const built = buildTaskGraph(tasks);
  return built.kind === 'built' ? [] : built.faults;
}

describe('buildTaskGraph', () => {
  it('gives edges both ways by position', () => {
    const graph = graphOf([{ name: 'c', dependencies: ['b', 'a'] }, { name: 'a' }, { name: 'b', dependencies: ['a'] }]);
    expect(graph.names).toEqual(['c', 'a', 'b']);
    expect([...graph.dependencyOffsets]).toEqual([0, 2, 2, 3]);
    expect([...graph.dependencies]).toEqual([2, 1, 1]);
    expect([...graph.dependentOffsets]).toEqual([0, 0, 2, 3]);
    expect([...graph.dependents]).toEqual([0, 2, 0]);
    expect(['c', 'a', 'b', 'x', '__proto__'].map((name) => graph.indexOf(name))).toEqual([0, 1, 2, -1, -1]);
  });

  it('takes an empty list', () => {
    const graph = graphOf([]);
    expect(graph.size).toBe(0);
    expect([...graph.dependencyOffsets]).toEqual([0]);
  });

  it('counts a dependency listed twice once', () => {
    expect([...graphOf([{ name: 'a' }, { name: 'b', dependencies: ['a', 'a', 'a'] }]).dependencies]).toEqual([0]);
  });

  it('lists every fault at once, cycles beside others', () => {
    const faults = faultsOf([
      { name: 'fetch', dependencies: ['ftech', 'fetch', 'nowhere', 'nowhere'] },
      { name: 'a', dependencies: ['b'] },
      { name: 'b', dependencies: ['a', 'fetch'] },
      { name: 'fetch', dependencies: ['gone'] },
      { name: 'p', dependencies: ['q'] },
      { name: 'q', dependencies: ['r', 'p'] },
      { name: 'r', dependencies: ['p'] },
    ]);
    expect(faults.map(({ code, task, dependency, cycle }) => [code, task, dependency, cycle])).toEqual([
      ['TASK_DUPLICATE', 'fetch', undefined, undefined],
      ['DEPENDENCY_MISSING', 'fetch', 'ftech', undefined],
      ['DEPENDENCY_SELF', 'fetch', 'fetch', ['fetch']],
      ['DEPENDENCY_MISSING', 'fetch', 'nowhere', undefined],
      ['DEPENDENCY_MISSING', 'fetch', 'gone', undefined],
      ['DAG_CYCLE', 'a', 'b', ['a', 'b']],
      ['DAG_CYCLE', 'p', 'q', ['p', 'q']],
    ]);
  });

  it('names the near task where one is close, and none where none is', () => {
    const [near, far] = faultsOf([{ name: 'fetch' }, { name: 'x', dependencies: ['Fetsh', 'unrelated'] }]);
    expect(near?.message).toContain('did you mean "fetch"?');
    expect(far?.message).not.toContain('did you mean');
  });

  it('does not look for a cycle through the second of two tasks with one name', () => {
    const faults = faultsOf([{ name: 'a' }, { name: 'b', dependencies: ['a'] }, { name: 'a', dependencies: ['b'] }]);
    expect(faults.map((fault) => fault.code)).toEqual(['TASK_DUPLICATE']);
  });

  it('keeps messages short for a long ring while the cycle has all names', () => {
    const size = 5_000;
    const [fault] = faultsOf(
      Array.from({ length: size }, (_, index) => ({ name: `t${index}`, dependencies: [`t${(index + 1) % size}`] })),
    );
    expect(fault?.cycle).toHaveLength(size);
    expect(fault?.message.length).toBeLessThan(400);
  });

  it('suggests within a budget when a hundred thousand names are wrong', () => {
    const tasks = Array.from({ length: 100_000 }, (_, index) => ({ name: `t${index}`, dependencies: [`u${index}`] }));
    expect(faultsOf(tasks)).toHaveLength(100_000);
  });

  it('builds exactly the lists that have no path from a task to itself', () => {
    fc.assert(
      fc.property(anyTasks, (tasks) => {
        const faults = faultsOf(tasks);
        expect(faults.length > 0).toBe(tasks.some((task) => reaches(tasks, task.name, task.name)));
        for (const fault of faults) expect(isRing(tasks, fault.cycle ?? [])).toBe(true);
      }),
    );
  });

  it('reports each group of mutually dependent tasks exactly once, by a shortest ring through its first task', () => {
    fc.assert(
      fc.property(anyTasks, (tasks) => {
        const rings = faultsOf(tasks).filter((fault) => fault.code === 'DAG_CYCLE');
        const mutual = (one: string, other: string) => reaches(tasks, one, other) && reaches(tasks, other, one);
        const groups = tasks
          .map((task) =>
            tasks.filter((other) => other !== task && mutual(task.name, other.name)).map(({ name }) => name),
          )
          .flatMap((others, index) =>
            others.length === 0 ? [] : [[tasks[index]?.name ?? '', ...others].sort().join()],
          );
        expect(rings).toHaveLength(new Set(groups).size);
        for (const { task, cycle = [] } of rings) {
          const position = (name: string) => tasks.findIndex((candidate) => candidate.name === name);
          expect(position(task)).toBe(
            Math.min(...tasks.filter((t) => mutual(t.name, task)).map((t) => position(t.name))),
          );
          expect(cycle).toHaveLength(shortestRing(tasks, task));
        }
      }),
    );
  });

  it('has the same edges forwards and backwards', () => {
    fc.assert(
      fc.property(acyclicTasks, (tasks) => {
        const graph = graphOf(tasks);
        const listed = tasks.flatMap((task) => [...new Set(task.dependencies)].map((from) => `${from} → ${task.name}`));
        expect(edges(graph.names, graph.dependencyOffsets, graph.dependencies, true)).toEqual(listed.sort());
        expect(edges(graph.names, graph.dependentOffsets, graph.dependents, false)).toEqual(listed.sort());
      }),
    );
  });
});

function edges(names: readonly string[], offsets: Int32Array, targets: Int32Array, backwards: boolean): string[] {
  return names
    .flatMap((name, node) =>
      Array.from(targets.subarray(offsets[node], offsets[node + 1]), (target) =>
        backwards ? `${names[target]} → ${name}` : `${name} → ${names[target]}`,
      ),
    )
    .sort();
}

function stepsFrom(
  tasks: readonly { name: string; dependencies: readonly string[] }[],
  from: string,
): Map<string, number> {
  const steps = new Map<string, number>();
  let front = [from];
  for (let distance = 1; front.length > 0; distance++) {
    const next = front.flatMap((name) => tasks.find((task) => task.name === name)?.dependencies ?? []);
    front = next.filter((name) => !steps.has(name));
    for (const name of front) steps.set(name, distance);
  }
  return steps;
}

function reaches(
  tasks: readonly { name: string; dependencies: readonly string[] }[],
  from: string,
  to: string,
): boolean {
  return stepsFrom(tasks, from).has(to);
}

/** Length of the shortest ring through a task that is not the task alone. */
function shortestRing(tasks: readonly { name: string; dependencies: readonly string[] }[], through: string): number {
  const proper = tasks.map((task) => ({
    ...task,
    dependencies: task.dependencies.filter((name) => name !== task.name),
  }));
  return stepsFrom(proper, through).get(through) ?? Number.NaN;
}
