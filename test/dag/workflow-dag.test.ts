// WorkflowDAG as a user meets it: ways to build it, answers by name, its errors, and input that is wrong.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CycleDetectedError, DAGValidationError } from '../../src/dag/dag-errors.ts';
import { WorkflowDAG } from '../../src/dag/workflow-dag.ts';
import { isRuntimeError } from '../../src/domain/runtime-error.ts';
import { anyTasks, isRing } from './random-graphs.ts';

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const DIAMOND = { scan: [], hash: ['scan'], pack: ['scan'], merge: ['hash', 'pack'], report: ['merge'] };

describe('WorkflowDAG', () => {
  it('is built from a list, from a record, or step by step, with the same answers', () => {
    const list = Object.entries(DIAMOND).map(([name, dependencies]) => ({ name, dependencies, module: 'core' }));
    const grown = new WorkflowDAG()
      .addTask({ name: 'scan', action: 'noop' })
      .addTask('hash', ['scan'])
      .addTask('pack')
      .addTask('merge', ['hash'])
      .addTask({ name: 'report', dependencies: ['merge'] })
      .addDependency('pack', 'scan')
      .addDependency('merge', 'pack');
    for (const dag of [new WorkflowDAG(DIAMOND), new WorkflowDAG(list), grown]) {
      expect(dag.size).toBe(5);
      expect(dag.topologicalSort()).toEqual(['scan', 'hash', 'pack', 'merge', 'report']);
      expect(dag.getExecutionLevels()).toEqual([['scan'], ['hash', 'pack'], ['merge'], ['report']]);
      expect(dag.getTaskDependencies('merge')).toEqual(['scan', 'hash', 'pack']);
      expect(dag.getDependentTasks('hash')).toEqual(['merge', 'report']);
      expect(dag.toJSON()).toEqual(new WorkflowDAG(DIAMOND).toJSON());
    }
  });

  it('has a critical path that counts tasks, or weighs them', () => {
    const dag = new WorkflowDAG(DIAMOND);
    expect(dag.criticalPath()).toEqual({ path: ['scan', 'hash', 'merge', 'report'], length: 4 });
    const heavy = dag.criticalPath((name) => (name === 'pack' ? 10 : 1));
    expect(heavy).toEqual({ path: ['scan', 'pack', 'merge', 'report'], length: 13 });
  });

  it('is valid and without answers while empty', () => {
    const dag = new WorkflowDAG();
    dag.validate();
    expect(dag.topologicalSort()).toEqual([]);
    expect(dag.getExecutionLevels()).toEqual([]);
    expect(dag.criticalPath()).toEqual({ path: [], length: 0 });
  });

  it('answers for the tasks of now, not for those of the last question', () => {
    const dag = new WorkflowDAG({ a: [] });
    expect(dag.topologicalSort()).toEqual(['a']);
    const before = dag.graph();
    dag.addTask('b', ['a']).addTask('c');
    dag.addDependency('a', 'c');
    expect(dag.topologicalSort()).toEqual(['c', 'a', 'b']);
    expect(before.indexOf('b')).toBe(-1);
    expect(before.names).toEqual(['a']);
    dag.addDependency('c', 'b');
    expect(() => dag.topologicalSort()).toThrow(CycleDetectedError);
  });

  it('lets a task be mentioned before it is added', () => {
    const dag = new WorkflowDAG().addTask('b', ['a']);
    expect(dag.has('a')).toBe(false);
    expect(() => dag.validate()).toThrow(expect.objectContaining({ code: 'DAG_INVALID' }));
    dag.addTask('a');
    expect(dag.has('a')).toBe(true);
    expect(dag.topologicalSort()).toEqual(['a', 'b']);
  });

  it('is not changed through what it was given or what it gave', () => {
    const dependencies = ['a'];
    const dag = new WorkflowDAG([{ name: 'a' }, { name: 'b', dependencies }]);
    dependencies.push('gone');
    dag.toJSON()[1]?.dependencies.push('gone');
    dag.topologicalSort().pop();
    expect(dag.topologicalSort()).toEqual(['a', 'b']);
  });

  it('throws all faults as one DAGValidationError', () => {
    const dag = new WorkflowDAG([{ name: 'a', dependencies: ['x'] }, { name: 'a' }]);
    const error = thrownBy(() => dag.validate());
    if (!(error instanceof DAGValidationError)) throw error;
    expect(error).not.toBeInstanceOf(CycleDetectedError);
    expect([error.name, error.code, error.retryable, isRuntimeError(error)]).toEqual([
      'DAGValidationError',
      'DAG_INVALID',
      false,
      true,
    ]);
    expect(error.faults.map((fault) => fault.code)).toEqual(['TASK_DUPLICATE', 'DEPENDENCY_MISSING']);
    expect(error.details.faults).toBe(error.faults);
    for (const fault of error.faults) expect(error.message).toContain(fault.message);
  });

  it('throws a CycleDetectedError with the other faults beside it, a ring before a self-dependency', () => {
    const dag = new WorkflowDAG({ s: ['s', 'gone'], a: ['c'], b: ['a'], c: ['b'] });
    const error = thrownBy(() => dag.getExecutionLevels());
    if (!(error instanceof CycleDetectedError)) throw error;
    expect([error.name, error.code, error.cycle]).toEqual(['CycleDetectedError', 'DAG_CYCLE', ['a', 'c', 'b']]);
    expect(error.faults.map((fault) => fault.code)).toEqual(['DEPENDENCY_SELF', 'DEPENDENCY_MISSING', 'DAG_CYCLE']);
  });

  it('takes a self-dependency for a cycle of one', () => {
    const error = thrownBy(() => new WorkflowDAG({ a: ['a'] }).validate());
    expect(error).toBeInstanceOf(CycleDetectedError);
    expect(error).toMatchObject({ cycle: ['a'], faults: [{ code: 'DEPENDENCY_SELF' }] });
  });

  it('shows the first faults of very many and says how many more there are', () => {
    const tasks = Array.from({ length: 1_000 }, (_, index) => ({ name: `t${index}`, dependencies: ['gone'] }));
    const error = thrownBy(() => new WorkflowDAG(tasks).validate());
    expect(error).toMatchObject({
      message: expect.stringMatching(/^the task graph has 1000 faults: .*; and 995 more$/),
    });
  });

  it('every question refuses a faulty graph; counting and writing it out do not', () => {
    const dag = new WorkflowDAG({ a: ['gone'] });
    const questions = [
      () => dag.validate(),
      () => dag.graph(),
      () => dag.topologicalSort(),
      () => dag.getExecutionLevels(),
      () => dag.getTaskDependencies('a'),
      () => dag.getDependentTasks('a'),
      () => dag.criticalPath(),
      () => dag.toMermaid(),
      () => dag.toDot(),
    ];
    for (const question of questions) expect(question).toThrow(DAGValidationError);
    expect(dag.size).toBe(1);
    expect(JSON.stringify(dag)).toBe('[{"name":"a","dependencies":["gone"]}]');
  });

  it('names an unknown task and the nearest known one', () => {
    const dag = new WorkflowDAG(DIAMOND);
    for (const ask of [
      () => dag.getTaskDependencies('reprot'),
      () => dag.getDependentTasks('reprot'),
      () => dag.addDependency('reprot', 'scan'),
    ]) {
      expect(ask).toThrow(expect.objectContaining({ code: 'TASK_NOT_FOUND', details: { task: 'reprot' } }));
      expect(ask).toThrow('did you mean "report"?');
    }
    expect(() => dag.getTaskDependencies('constructor')).toThrow(expect.objectContaining({ code: 'TASK_NOT_FOUND' }));
  });

  it('keeps names that are special elsewhere apart', () => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', '', ' ', '0', '00', 'a\nb', '"', '\\', '日本語'];
    const dag = new WorkflowDAG(names.map((name, index) => ({ name, dependencies: names.slice(0, index) })));
    expect(dag.topologicalSort()).toEqual(names);
    const parsed: Record<string, string[]> = JSON.parse('{"__proto__": [], "b": ["__proto__"]}');
    expect(new WorkflowDAG(parsed).topologicalSort()).toEqual(['__proto__', 'b']);
  });

  it.each([
    ['a number', 7],
    ['null', null],
    ['a map', new Map([['a', []]])],
    ['a list of names', ['a']],
    ['a task without a name', [{ dependencies: [] }]],
    ['a null task', [null]],
    ['dependencies that are text', [{ name: 'a', dependencies: 'b' }]],
    ['dependencies that are not names', { a: [1] }],
  ])('refuses %s', (_, value) => {
    expect(() => Reflect.construct(WorkflowDAG, [value])).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    );
  });

  it('stays as it was when a task is refused', () => {
    const dag = new WorkflowDAG({ a: [] });
    expect(() => Reflect.apply(dag.addTask, dag, ['b', ['a', 1]])).toThrow('a list of names');
    expect(() => Reflect.apply(dag.addDependency, dag, ['a', undefined])).toThrow('the name of a task');
    expect(dag.topologicalSort()).toEqual(['a']);
  });

  it('comes back from its JSON, faulty or not, with the same faults', () => {
    fc.assert(
      fc.property(anyTasks, (tasks) => {
        const dag = new WorkflowDAG(tasks);
        const copy = new WorkflowDAG(JSON.parse(JSON.stringify(dag)));
        expect(copy.toJSON()).toEqual(tasks.map(({ name, dependencies }) => ({ name, dependencies })));
        const outcome = (of: WorkflowDAG) => {
          try {
            return of.topologicalSort();
          } catch (error) {
            if (!(error instanceof CycleDetectedError)) throw error;
            expect(isRing(tasks, error.cycle)).toBe(true);
            return error.faults;
          }
        };
        expect(outcome(copy)).toEqual(outcome(dag));
      }),
    );
  });
});
