// Single tasks on real threads: order, dependencies, cancellation, waiting, what is kept and what is told.

import { describe, expect, it } from 'vitest';
import { createTask, executeTask, TaskOrchestrator, TaskResource, TaskStatus } from '../../src/index.ts';
import { createGate, createTestEngine, seen } from './support.ts';

const noop = { module: 'core', action: 'noop' } as const;
const echo = (message: unknown) => ({ module: 'core', action: 'echo', parameters: { message: message as string } });

describe('submitted tasks', () => {
  it('start in strict order of priority, first in first out within a level', async () => {
    const { engine, order } = await createTestEngine({ maxWorkers: 1 });
    engine.tasks.stopBackgroundProcessing();
    const submitted: string[] = [];
    const levels = ['low', 'background', 'critical', 'normal', 'high'] as const;
    for (let round = 0; round < 4; round++) {
      for (const priority of levels)
        submitted.push(engine.submitTask({ ...noop, name: `${priority}-${round}`, priority }));
    }
    engine.tasks.startBackgroundProcessing();
    await Promise.all(submitted.map((id) => engine.waitForTask(id)));
    const expected = ['critical', 'high', 'normal', 'low', 'background'].flatMap((level) =>
      [0, 1, 2, 3].map((round) => `${level}-${round}`),
    );
    expect(order('task.started')).toEqual(expected);
  });

  it('that come later but are better go before those that wait for the thread', async () => {
    const test = await createTestEngine({ maxWorkers: 1 });
    const { engine, order } = test;
    engine.submitTask({ module: 'core', action: 'burn', parameters: { ms: 80 }, name: 'busy' });
    await seen(test, (event) => event.type === 'task.started');
    const ids = [1, 2, 3].map((n) => engine.submitTask({ ...noop, name: `low-${n}`, priority: 'low' }));
    await new Promise((resolve) => setImmediate(resolve));
    ids.push(engine.submitTask({ ...noop, name: 'critical', priority: 'critical' }));
    await Promise.all(ids.map((id) => engine.waitForTask(id)));
    expect(order('task.completed')).toEqual(['busy', 'critical', 'low-1', 'low-2', 'low-3']);
  });

  it('keep the parameters that were given, whatever the caller does with the object afterwards', async () => {
    const { engine } = await createTestEngine();
    const parameters = { message: { n: 0 } };
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      parameters.message.n = n;
      ids.push(engine.submitTask({ module: 'core', action: 'echo', parameters }));
    }
    const results = await Promise.all(ids.map((id) => engine.waitForTask(id)));
    expect(results.map(({ output }) => output)).toEqual([0, 1, 2, 3, 4].map((n) => ({ n })));
  });

  it('say how they stand and how they ended, with times', async () => {
    const { engine } = await createTestEngine();
    const gate = createGate(engine);
    const id = engine.submitTask({ ...gate.task('held'), name: 'held' });
    expect(engine.tasks.getTaskResult(id)).toBeNull();
    await gate.entered('held');
    expect(engine.tasks.getTaskStatus(id)).toBe(TaskStatus.RUNNING);
    expect(engine.tasks.getTask(id)).toMatchObject({ name: 'held', status: 'running', attempts: 1, completedAt: null });
    gate.open('held', { said: 'done' });
    const result = await engine.waitForTask(id);
    expect(result).toMatchObject({
      taskId: id,
      status: 'completed',
      output: { said: 'done' },
      error: null,
      attempts: 1,
    });
    expect(result.success).toBe(true);
    expect(result.durationMs).toBeGreaterThanOrEqual(0);
    const times = [result.submittedAt, result.startedAt, result.completedAt].map((at) => Date.parse(at ?? ''));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(engine.tasks.getTaskResult(id)).toEqual(result);
    expect(engine.tasks.listTasks('completed')).toEqual([result]);
    expect(engine.tasks.listTasks('failed')).toEqual([]);
  });

  it('that fail give the error and no output', async () => {
    const { engine } = await createTestEngine();
    const id = engine.submitTask({
      module: 'core',
      action: 'fail',
      parameters: { message: 'no luck' },
      maxRetries: 1,
      retry: { initialIntervalMs: 1 },
    });
    const result = await engine.waitForTask(id);
    expect(result).toMatchObject({
      status: 'failed',
      output: null,
      attempts: 2,
      error: { code: 'TASK_FAILED', message: 'no luck' },
    });
    expect(result.success).toBe(false);
  });

  it('hold what they ask for while they run, and only then', async () => {
    const { engine } = await createTestEngine();
    engine.resources.registerResource('gpu', 'custom', 3);
    const gate = createGate(engine);
    const resources = [new TaskResource({ resourceId: 'gpu', amount: 2 })];
    const [a, b] = ['a', 'b'].map((name) => engine.submitTask({ ...gate.task(name), resources }));
    await gate.entered('a');
    expect(engine.resources.getUsage('gpu')).toMatchObject({ current: 2, available: 1 });
    expect(engine.getSystemStatus().waitingForCapacity).toBe(1);
    gate.open('a');
    await engine.waitForTask(String(a));
    await gate.entered('b');
    gate.open('b');
    await engine.waitForTask(String(b));
    expect(engine.resources.getUsage('gpu')).toMatchObject({ current: 0, peak: 2, waiting: 0 });
  });

  it.each([
    ['no module', { module: '', action: 'x' }, 'ARGUMENT_INVALID'],
    ['a priority that is none', { ...noop, priority: 9 }, 'ARGUMENT_INVALID'],
    ['a time-out that is none', { ...noop, timeoutMs: Number.NaN }, 'ARGUMENT_INVALID'],
    ['a total time-out that is none', { ...noop, totalTimeoutMs: 0 }, 'ARGUMENT_INVALID'],
    ['a heartbeat time-out that is none', { ...noop, heartbeatTimeoutMs: -1 }, 'ARGUMENT_INVALID'],
    ['no attempt at all', { ...noop, retry: { maxAttempts: 0 } }, 'ARGUMENT_INVALID'],
    ['codes that are none', { ...noop, retry: { nonRetryable: [1] } }, 'ARGUMENT_INVALID'],
    ['a code instead of a list of codes', { ...noop, retry: { nonRetryable: 'TASK_FAILED' } }, 'ARGUMENT_INVALID'],
    ['a dependency that is no id', { ...noop, dependencies: [7] }, 'ARGUMENT_INVALID'],
    ['an empty id', { ...noop, taskId: '' }, 'ARGUMENT_INVALID'],
    ['an id of two lines', { ...noop, taskId: 'a\nb' }, 'ARGUMENT_INVALID'],
    ['a fraction of a retry', { ...noop, maxRetries: 0.5 }, 'ARGUMENT_INVALID'],
    ['a backoff below 1', { ...noop, retry: { backoff: 0.5 } }, 'ARGUMENT_INVALID'],
    ['an unknown resource', { ...noop, resources: { warp: 1 } }, 'RESOURCE_NOT_FOUND'],
    ['more than there is', { ...noop, resources: { one: 2 } }, 'RESOURCE_CAPACITY_EXCEEDED'],
    ['a negative amount', { ...noop, resources: { one: -1 } }, 'RESOURCE_AMOUNT_INVALID'],
    ['an unknown dependency', { ...noop, dependencies: ['nobody'] }, 'DEPENDENCY_MISSING'],
    ['parameters that are no JSON', { ...noop, parameters: { f: () => 1 } }, 'PARAMETER_INVALID'],
  ])('are refused at once with %s', async (_name, task, code) => {
    const { engine } = await createTestEngine();
    engine.resources.registerResource('one', 'custom', 1);
    let thrown: unknown;
    try {
      engine.submitTask(task as Parameters<typeof engine.submitTask>[0]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ name: 'RuntimeError', code });
    expect(engine.tasks.getExecutionStats().submitted).toBe(0);
  });
});

describe('an id', () => {
  it('that is made names the task, unless its name would make a bad id', async () => {
    const { engine } = await createTestEngine();
    const ids = ['good', 'two\nlines', 'half \ud800', 'x'.repeat(101)].map((name) =>
      engine.submitTask({ ...noop, name }),
    );
    expect(ids.map((id) => id.slice(id.indexOf('/')))).toEqual(['/good#1', '/task#2', '/task#3', '/task#4']);
    for (const id of ids) expect((await engine.waitForTask(id)).status).toBe('completed');
  });

  it('of the caller is taken once, whatever else is said of the task', async () => {
    const { engine, order } = await createTestEngine();
    const task = createTask({ ...echo({ n: 1 }), taskId: 'mine', totalTimeoutMs: 60_000, heartbeatTimeoutMs: 60_000 });
    expect([engine.submitTask(task), engine.submitTask({ ...echo({ n: 1 }), taskId: 'mine' })]).toEqual([
      'mine',
      'mine',
    ]);
    await engine.waitForTask('mine');
    expect(engine.submitTask(task)).toBe('mine');
    expect(() => engine.submitTask({ ...echo({ n: 2 }), taskId: 'mine' })).toThrow(/other parameters/);
    expect(() => engine.submitTask({ ...noop, taskId: 'mine' })).toThrow(/it is 'core.echo' \(core.echo\)/);
    await engine.tasks.flush();
    expect(order('task.started')).toEqual(['core.echo']);
  });
});

describe('dependencies between submitted tasks', () => {
  it('block a task until all of them have completed', async () => {
    const { engine, order } = await createTestEngine();
    const gate = createGate(engine);
    const a = engine.submitTask({ ...gate.task('a'), name: 'a' });
    const b = engine.submitTask({ ...gate.task('b'), name: 'b' });
    const c = engine.submitTask({ ...noop, name: 'c', dependencies: [a, b, a] });
    expect(engine.tasks.getTaskStatus(c)).toBe('blocked');
    await gate.entered('a');
    gate.open('a');
    await engine.waitForTask(a);
    expect(engine.tasks.getTaskStatus(c)).toBe('blocked');
    gate.open('b');
    expect((await engine.waitForTask(c)).status).toBe('completed');
    expect(order('task.completed').at(-1)).toBe('c');
    const d = engine.submitTask({ ...noop, dependencies: [a, c] });
    expect((await engine.waitForTask(d)).status).toBe('completed');
  });

  it('that do not complete skip all behind them, also those submitted afterwards', async () => {
    const { engine, events } = await createTestEngine();
    const bad = engine.submitTask({ module: 'core', action: 'fail', parameters: { message: 'x' }, name: 'bad' });
    const behind = engine.submitTask({ ...noop, name: 'behind', dependencies: [bad] });
    const further = engine.submitTask({ ...noop, name: 'further', dependencies: [behind] });
    const results = await Promise.all([behind, further].map((id) => engine.waitForTask(id)));
    expect(results.map(({ status }) => status)).toEqual(['skipped', 'skipped']);
    expect(results.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("'bad' was failed"),
      expect.stringContaining("'behind' was skipped"),
    ]);
    const late = await engine.waitForTask(engine.submitTask({ ...noop, name: 'late', dependencies: [further] }));
    expect(late).toMatchObject({ status: 'skipped', attempts: 0, startedAt: null, durationMs: null });
    expect(events.filter(({ type }) => type === 'task.skipped').map(({ task }) => task)).toEqual([
      'behind',
      'further',
      'late',
    ]);
  });

  it('in a chain of 20,000 tasks all skip without overflow', async () => {
    const { engine } = await createTestEngine();
    const gate = createGate(engine);
    const first = engine.submitTask(gate.task('first'));
    let last = first;
    for (let n = 0; n < 20_000; n++) last = engine.submitTask({ ...noop, dependencies: [last] });
    const end = engine.waitForTask(last);
    expect(engine.tasks.cancelTask(first)).toBe(true);
    expect((await end).status).toBe('skipped');
    expect(engine.tasks.getExecutionStats()).toMatchObject({ skipped: 20_000, open: 0 });
  });
});

describe('cancelTask', () => {
  it('takes back tasks that are blocked, ready, retrying or running, and none that has ended', async () => {
    const test = await createTestEngine({ maxWorkers: 1 });
    const { engine } = test;
    const gate = createGate(engine);
    const running = engine.submitTask({ ...gate.task('running'), name: 'running' });
    const blocked = engine.submitTask({ ...noop, name: 'blocked', dependencies: [running] });
    const retrying = engine.submitTask({
      module: 'core',
      action: 'fail',
      parameters: { message: 'x' },
      maxRetries: 1,
      retry: { initialIntervalMs: 60_000, jitter: 0 },
    });
    await seen(test, (event) => event.type === 'task.retrying');
    await gate.entered('running');
    engine.tasks.stopBackgroundProcessing();
    const ready = engine.submitTask({ ...noop, name: 'ready' });
    const all = [blocked, ready, retrying, running];
    expect(all.map((id) => engine.tasks.getTaskStatus(id))).toEqual(['blocked', 'ready', 'retrying', 'running']);
    expect(all.map((id) => engine.tasks.cancelTask(id, 'changed my mind'))).toEqual([true, true, true, true]);
    const results = await Promise.all(all.map((id) => engine.waitForTask(id)));
    for (const result of results) expect(result).toMatchObject({ status: 'cancelled', reason: 'changed my mind' });
    expect(all.map((id) => engine.tasks.cancelTask(id))).toEqual([false, false, false, false]);
    expect(engine.tasks.cancelTask('nobody')).toBe(false);
    engine.tasks.startBackgroundProcessing();
    expect((await engine.waitForTask(engine.submitTask(echo('alive')))).output).toBe('alive');
  });

  it('never says true for a task that completes, nor false for one that does not, however close the race', async () => {
    const { engine } = await createTestEngine({ maxWorkers: 2 });
    const seenBoth = new Set<boolean>();
    for (let n = 0; n < 60; n++) {
      const id = engine.submitTask(noop);
      for (let turn = 0; turn < n % 12; turn++) await new Promise((resolve) => setImmediate(resolve));
      const said = engine.tasks.cancelTask(id);
      const { status } = await engine.waitForTask(id);
      expect(status).toBe(said ? 'cancelled' : 'completed');
      seenBoth.add(said);
    }
    expect([...seenBoth].sort()).toEqual([false, true]);
  });
});

describe('waiting', () => {
  it('for completion ends true when nothing is open, false when the time has passed', async () => {
    const { engine } = await createTestEngine();
    expect(await engine.tasks.waitForCompletion()).toBe(true);
    const gate = createGate(engine);
    engine.submitTask(gate.task('a'));
    expect(await engine.tasks.waitForCompletion(20)).toBe(false);
    const whole = engine.tasks.waitForCompletion();
    const bounded = engine.tasks.waitForCompletion(20_000);
    await gate.entered('a');
    gate.open('a');
    expect(await Promise.all([whole, bounded])).toEqual([true, true]);
  });

  it('for an unknown task is refused', async () => {
    const { engine } = await createTestEngine();
    await expect(engine.waitForTask('nobody')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    expect(() => engine.tasks.getTaskStatus('nobody')).toThrow(/no task 'nobody'/);
    expect(() => engine.tasks.getTaskResult('nobody')).toThrow(/no task 'nobody'/);
    expect(engine.tasks.getTask('nobody')).toBeUndefined();
  });
});

describe('background processing', () => {
  it('that is stopped starts nothing of the whole engine, lets run what runs, and goes on where it was', async () => {
    const { engine, order } = await createTestEngine();
    const gate = createGate(engine);
    engine.workflows.createWorkflow('w', [{ name: 'step', ...noop }]);
    engine.submitTask({ ...gate.task('a'), name: 'a' });
    await gate.entered('a');
    engine.tasks.stopBackgroundProcessing();
    engine.tasks.stopBackgroundProcessing();
    expect(engine.tasks.isProcessing).toBe(false);
    const run = engine.startWorkflow('w');
    const b = engine.submitTask({ ...noop, name: 'b' });
    gate.open('a');
    expect(await engine.tasks.waitForCompletion(40)).toBe(false);
    expect(order('task.started')).toEqual(['a']);
    expect(order('task.completed')).toEqual(['a']);
    engine.tasks.startBackgroundProcessing();
    expect(engine.tasks.isProcessing).toBe(true);
    expect((await run.result()).status).toBe('completed');
    expect((await engine.waitForTask(b)).status).toBe('completed');
  });

  it('of an engine that was shut down is off, and cannot be switched on', async () => {
    const { engine } = await createTestEngine();
    const { tasks } = engine;
    expect(tasks).toBeInstanceOf(TaskOrchestrator);
    const id = engine.submitTask(echo(1));
    await engine.waitForTask(id);
    await engine.shutdown({ drainMs: 0 });
    expect(tasks.isProcessing).toBe(false);
    expect(() => tasks.stopBackgroundProcessing()).not.toThrow();
    expect(() => tasks.startBackgroundProcessing()).toThrow(/shut down/);
    expect(() => engine.submitTask(noop)).toThrow(/shut down/);
    expect(tasks.getTaskResult(id)).toMatchObject({ status: 'completed', output: 1 });
    expect(await tasks.waitForCompletion(50)).toBe(true);
    expect(tasks.cancelTask(id)).toBe(false);
  });
});

describe('what is kept', () => {
  it('are the figures of all tasks, and the results of the last 10,000 that ended', async () => {
    const { engine } = await createTestEngine();
    const kept = 10_000;
    const first = engine.submitTask({ ...noop, name: 'first' });
    await engine.waitForTask(first);
    engine.tasks.stopBackgroundProcessing();
    const ids = Array.from({ length: kept }, () => engine.submitTask(noop));
    for (const id of ids.slice(1)) engine.tasks.cancelTask(id);
    engine.tasks.startBackgroundProcessing();
    await engine.tasks.waitForCompletion();
    expect(engine.tasks.getExecutionStats()).toEqual({
      submitted: kept + 1,
      open: 0,
      completed: 2,
      failed: 0,
      cancelled: kept - 1,
      skipped: 0,
      successRate: 1,
    });
    expect(engine.tasks.listTasks()).toHaveLength(kept);
    expect(engine.tasks.getTask(first)).toBeUndefined();
    await expect(engine.waitForTask(first)).rejects.toThrow(/never submitted, or it ended too long ago/);
    expect(() => engine.submitTask({ ...noop, dependencies: [first] })).toThrow(/no submitted task/);
  });
});

describe('tasks made in code', () => {
  it('are plain records with their defaults', () => {
    expect(createTask({ module: 'm', action: 'a' })).toEqual({
      taskId: null,
      module: 'm',
      action: 'a',
      name: 'm.a',
      parameters: {},
      priority: 2,
      dependencies: [],
      resources: {},
      concurrency: null,
      estimatedMs: null,
      timeoutMs: null,
      totalTimeoutMs: null,
      heartbeatTimeoutMs: null,
      retry: {},
    });
    expect(typeof executeTask).toBe('function');
  });
});
