// A million tasks: nothing here may recurse, spread an array into arguments or take more than linear time.
// Times are printed, not asserted: they belong to the machine.

import { describe, expect, it } from 'vitest';
import { CycleDetectedError } from '../../src/dag/dag-errors.ts';
import { WorkflowDAG } from '../../src/dag/workflow-dag.ts';

const MILLION = 1_000_000;
const LAST = MILLION - 1;

function tasksOf(
  count: number,
  dependenciesOf: (index: number) => number[],
): { name: string; dependencies: string[] }[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `t${index}`,
    dependencies: dependenciesOf(index).map((dependency) => `t${dependency}`),
  }));
}

it('validates, levels and finds the critical path of 100,000 tasks with 300,000 dependencies', () => {
  let state = 7;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const tasks = tasksOf(100_000, (index) => (index < 3 ? [] : [below(index), below(index), below(index)]));
  const figures: string[] = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    const dag = new WorkflowDAG(tasks);
    const constructed = performance.now();
    dag.validate();
    const levels = dag.getExecutionLevels();
    const { length } = dag.criticalPath();
    const end = performance.now();
    expect(length).toBe(levels.length);
    expect(dag.graph().dependencies.length).toBeGreaterThan(299_000);
    figures.push(
      `${(end - constructed).toFixed(0)} ms (and ${(constructed - start).toFixed(0)} ms to take the tasks in)`,
    );
  }
  process.stdout.write(`validate + levels + critical path, 100 k tasks, 300 k dependencies: ${figures.join(', ')}\n`);
});

describe('a million tasks', () => {
  it('in a chain', () => {
    const dag = new WorkflowDAG(tasksOf(MILLION, (index) => (index === 0 ? [] : [index - 1])));
    expect(dag.getExecutionLevels()).toHaveLength(MILLION);
    expect(dag.criticalPath().length).toBe(MILLION);
    expect(dag.getTaskDependencies(`t${LAST}`)).toHaveLength(LAST);
    expect(dag.getDependentTasks('t0').at(-1)).toBe(`t${LAST}`);
  });

  it('side by side between two', () => {
    const all = Array.from({ length: LAST - 1 }, (_, index) => index + 1);
    const dag = new WorkflowDAG(tasksOf(MILLION, (index) => (index === 0 ? [] : index === LAST ? all : [0])));
    expect(dag.getExecutionLevels().map((level) => level.length)).toEqual([1, MILLION - 2, 1]);
    expect(dag.criticalPath()).toEqual({ path: ['t0', 't1', `t${LAST}`], length: 3 });
  });

  it('or a fifth of that in one ring', () => {
    const size = MILLION / 5;
    const dag = new WorkflowDAG(tasksOf(size, (index) => [(index + 1) % size]));
    let cycle: readonly string[] = [];
    try {
      dag.validate();
    } catch (error) {
      if (error instanceof CycleDetectedError) cycle = error.cycle;
    }
    expect(cycle).toHaveLength(size);
    expect(cycle[1]).toBe('t1');
  });
});
