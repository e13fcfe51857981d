// The manager of workflows: what it knows, the questions about groups that need no engine, groups run without a workflow.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createWorkflowSteps,
  DAGValidationError,
  WorkflowDAG,
  WorkflowExecution,
  WorkflowManager,
  WorkflowStatus,
  WorkflowStep,
} from '../../src/index.ts';
import { createGate, createTestEngine } from './support.ts';

const noop = (name: string, dependencies: string[] = []) => ({ name, module: 'core', action: 'noop', dependencies });
const fails = (name: string) => ({ name, module: 'core', action: 'fail', parameters: { message: 'x' } });

describe('workflows', () => {
  it('are made of steps, listed by name, given back as defined', async () => {
    const { engine } = await createTestEngine();
    const { workflows } = engine;
    expect(workflows).toBeInstanceOf(WorkflowManager);
    const steps = createWorkflowSteps([
      noop('a'),
      { ...noop('b', ['a']), maxRetries: 2, timeoutMs: 1_500, priority: 'high' },
    ]);
    expect(steps[0]).toBeInstanceOf(WorkflowStep);
    workflows.createWorkflow('zeta', steps);
    workflows.createWorkflow('alpha', [noop('only')]);
    expect(workflows.listWorkflows()).toEqual(['alpha', 'zeta']);
    expect(
      workflows
        .getWorkflow('zeta')
        ?.steps.map(({ name, priority, timeoutMs, retry }) => [name, priority, timeoutMs, retry.maxAttempts]),
    ).toEqual([
      ['a', 2, null, 1],
      ['b', 1, 1_500, 3],
    ]);
    expect(workflows.getWorkflow('nobody')).toBeUndefined();
    const execution = await workflows.executeWorkflow('zeta');
    expect(execution).toBeInstanceOf(WorkflowExecution);
    expect(execution.status).toBe(WorkflowStatus.COMPLETED);
  });

  it('of a name that is taken, and bad ones, are refused with every fault', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [noop('a')]);
    expect(() => engine.workflows.createWorkflow('w', [noop('b')])).toThrow(/exists already/);
    let thrown: unknown;
    try {
      engine.workflows.createWorkflow('bad', [noop('a', ['zzz']), noop('a'), { ...noop('c'), priority: 'urgent' }]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'WORKFLOW_INVALID' });
    const faults = JSON.stringify(Reflect.get(Object(thrown), 'details'));
    for (const word of ['zzz', 'urgent', 'steps[1]']) expect(faults).toContain(word);
    expect(engine.workflows.listWorkflows()).toEqual(['w']);
  });

  it('are not changed by what the caller does with parameters of a run under way', async () => {
    const { engine } = await createTestEngine();
    const gate = createGate(engine);
    engine.workflows.createWorkflow('w', [
      { name: 'first', ...gate.task('first') },
      {
        name: 'second',
        module: 'core',
        action: 'echo',
        parameters: { message: '{{params.who.name}}' },
        dependencies: ['first'],
      },
    ]);
    const params = { who: { name: 'as given' } };
    const run = engine.startWorkflow('w', params, undefined, { runId: 'mine' });
    await gate.entered('first');
    params.who.name = 'changed';
    gate.open('first');
    expect((await run.result()).outputs.second).toBe('as given');
    expect(engine.startWorkflow('w', { who: { name: 'as given' } }, undefined, { runId: 'mine' })).toBe(run);
  });

  it('that cannot be loaded are told of, each with file, line and fault, and stop no other', async () => {
    const workflowsDir = mkdtempSync(join(tmpdir(), 'yardmaster-test-'));
    writeFileSync(join(workflowsDir, 'good.json'), JSON.stringify({ steps: [noop('a')] }));
    writeFileSync(join(workflowsDir, 'torn.json'), '{\n  "steps": [\n    {"name": }\n  ]\n}');
    writeFileSync(join(workflowsDir, 'ring.json'), JSON.stringify({ steps: [noop('a', ['b']), noop('b', ['a'])] }));
    writeFileSync(join(workflowsDir, 'note.txt'), 'no workflow');
    const { engine } = await createTestEngine({ workflowsDir });
    expect(engine.workflows.listWorkflows()).toEqual(['good']);
    const errors = engine.workflows.loadErrors.map(({ file, line, faults }) => ({
      file: file.slice(file.lastIndexOf('/') + 1),
      line,
      codes: faults.map(({ code }) => code),
    }));
    expect(errors).toEqual([
      { file: 'ring.json', line: 1, codes: ['DAG_CYCLE'] },
      { file: 'torn.json', line: 3, codes: ['WORKFLOW_JSON'] },
    ]);
    expect((await engine.executeWorkflow('good')).status).toBe('completed');
  });
});

describe('questions about a group of tasks', () => {
  it('list every fault of its dependencies, or none', async () => {
    const { engine } = await createTestEngine();
    const { workflows } = engine;
    expect(workflows.validateWorkflowDependencies([noop('a'), noop('b', ['a'])])).toEqual([]);
    const faults = workflows.validateWorkflowDependencies([
      noop('a', ['a']),
      noop('b', ['zzz']),
      noop('c', ['d']),
      noop('d', ['c']),
    ]);
    expect(faults).toHaveLength(3);
    const all = faults.join('\n');
    for (const word of ["'a'", 'zzz', "'c'", "'d'"]) expect(all.replaceAll('"', "'")).toContain(word);
    expect(workflows.validateWorkflowDependencies([noop('x'), noop('x')]).join()).toContain('x');
  });

  it('give levels and a graph', async () => {
    const { engine } = await createTestEngine();
    const tasks = [noop('c', ['a', 'b']), noop('a'), noop('b'), noop('d', ['a'])];
    expect(engine.workflows.getWorkflowExecutionOrder(tasks)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    const dag = engine.workflows.createWorkflowDag(tasks);
    expect(dag).toBeInstanceOf(WorkflowDAG);
    expect(dag.getDependentTasks('a').sort()).toEqual(['c', 'd']);
    expect(() => engine.workflows.getWorkflowExecutionOrder([noop('a', ['b']), noop('b', ['a'])])).toThrow(
      DAGValidationError,
    );
    expect(engine.workflows.getWorkflowExecutionOrder([])).toEqual([]);
  });
});

describe('executeParallelWorkflow', () => {
  it.each([
    ['completed', [noop('a'), noop('b', ['a'])], { totalTasks: 2, completedTasks: 2, failedTasks: 0 }],
    [
      'partial_failure',
      [noop('a'), fails('b'), noop('c', ['b'])],
      { totalTasks: 3, completedTasks: 1, failedTasks: 1 },
    ],
    ['failed', [fails('a'), noop('b', ['a'])], { totalTasks: 2, completedTasks: 0, failedTasks: 1 }],
  ])('says %s', async (status, tasks, counts) => {
    const { engine } = await createTestEngine();
    const result = await engine.workflows.executeParallelWorkflow({ tasks });
    expect(result).toMatchObject({ status, ...counts });
    expect(Object.keys(result.taskResults)).toEqual(tasks.map(({ name }) => name));
  });

  it('takes dependencies beside the tasks and runs no more at once than it may', async () => {
    const { engine, events } = await createTestEngine({ maxWorkers: 4 });
    const tasks = Array.from({ length: 8 }, (_, n) => ({
      name: `t${n}`,
      module: 'core',
      action: 'burn',
      parameters: { ms: 10 },
    }));
    const result = await engine.workflows.executeParallelWorkflow({
      tasks,
      dependencies: { t0: ['t7'] },
      maxParallel: 2,
    });
    expect(result.status).toBe('completed');
    let running = 0;
    let most = 0;
    for (const { type } of events) {
      if (type === 'task.started') most = Math.max(most, ++running);
      if (type === 'task.completed') running--;
    }
    expect(most).toBe(2);
    const ended = events.filter(({ type }) => type === 'task.completed').map(({ task }) => task);
    expect(ended.indexOf('t0')).toBeGreaterThan(ended.indexOf('t7'));
  });

  it('ends at its time-out', async () => {
    const { engine } = await createTestEngine();
    const result = await engine.workflows.executeParallelWorkflow({
      tasks: [noop('a'), { name: 'b', module: 'bodies', action: 'spins' }],
      timeoutMs: 120,
    });
    expect(result).toMatchObject({ status: 'partial_failure', completedTasks: 1 });
    expect(result.taskResults.b?.status).toBe('timeout');
  });

  it.each([
    ['maxParallel', { maxParallel: 0 }],
    ['maxParallel', { maxParallel: 1.5 }],
    ['timeoutMs', { timeoutMs: -1 }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
  ])('refuses a bad %s', async (name, more) => {
    const { engine } = await createTestEngine();
    const pending = engine.workflows.executeParallelWorkflow({ tasks: [noop('a')], ...more });
    await expect(pending).rejects.toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringContaining(name) });
  });
});

describe('figures', () => {
  it('of a run are those of the moment, and the last ones after its end', async () => {
    const { engine } = await createTestEngine();
    const gate = createGate(engine);
    engine.workflows.createWorkflow('w', [{ name: 'a', ...gate.task('a') }, noop('b', ['a'])]);
    const run = engine.startWorkflow('w');
    await gate.entered('a');
    const status = () => engine.workflows.getExecutionStatus(run.runId);
    expect(status()).toEqual({
      runId: run.runId,
      workflow: 'w',
      status: 'running',
      tasks: { total: 2, completed: 0, failed: 0, skipped: 0, cancelled: 0 },
    });
    gate.open('a');
    await run.result();
    expect(status()).toMatchObject({ status: 'completed', tasks: { total: 2, completed: 2 } });
    expect(() => engine.workflows.getExecutionStatus('nobody')).toThrow(/no run 'nobody'/);
  });

  it('of all runs are kept by workflow', async () => {
    const { engine } = await createTestEngine();
    const gate = createGate(engine);
    engine.workflows.createWorkflow('good', [noop('a')]);
    engine.workflows.createWorkflow('bad', [fails('a')]);
    engine.workflows.createWorkflow('held', [{ name: 'a', ...gate.task('a') }]);
    expect(engine.workflows.getPerformanceSummary()).toEqual({});
    for (const name of ['good', 'good', 'bad']) await engine.executeWorkflow(name);
    const run = engine.startWorkflow('held');
    await gate.entered('a');
    run.cancel();
    await run.result();
    const summary = engine.workflows.getPerformanceSummary();
    expect(summary.good).toMatchObject({ runs: 2, completed: 2, failed: 0, cancelled: 0 });
    expect(summary.bad).toMatchObject({ runs: 1, completed: 0, failed: 1, cancelled: 0 });
    expect(summary.held).toMatchObject({ runs: 1, completed: 0, failed: 0, cancelled: 1 });
    expect(summary.good?.averageDurationMs).toBe((summary.good?.totalDurationMs ?? 0) / 2);
  });

  it('given out are a copy: changing them changes nothing', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [noop('a')]);
    await engine.executeWorkflow('w');
    const summary = engine.workflows.getPerformanceSummary();
    Reflect.set(summary.w ?? {}, 'runs', 99);
    expect(engine.workflows.getPerformanceSummary().w?.runs).toBe(1);
  });
});
