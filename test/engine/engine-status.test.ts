// What an engine says of itself, in the middle of things and at the end; and the tasks and handlers a program brings.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, OrchestrationEngine, RuntimeError, type RuntimeEvent } from '../../src/index.ts';
import { createGate, createTestEngine, type Gate, seen, type TestEngine } from './support.ts';

const noop = (name: string, dependencies: string[] = []) => ({ name, module: 'core', action: 'noop', dependencies });

/** Resolves when so many threads are up: an engine is there with its first. */
async function threadsUp({ engine }: TestEngine, count: number): Promise<void> {
  while (engine.getSystemStatus().threads.length < count) {
    await new Promise<void>((resolve) => {
      const stop = engine.registerEventHandler('worker.started', () => {
        stop();
        resolve();
      });
    });
  }
}

describe('getHealthStatus', () => {
  it('is healthy, degraded while a person holds the dispatcher, healthy again, unhealthy after shutdown', async () => {
    const test = await createTestEngine();
    const { engine } = test;
    await threadsUp(test, 2);
    const health = engine.getHealthStatus();
    expect(health.status).toBe('healthy');
    expect(Object.keys(health.components)).toEqual([
      'journal',
      'resource-manager',
      'worker-pool',
      'dispatcher',
      'sessions',
    ]);
    expect(Object.values(health.components).map(({ status }) => status)).toEqual(Array(5).fill('healthy'));
    engine.tasks.stopBackgroundProcessing();
    expect(engine.getHealthStatus()).toMatchObject({
      status: 'degraded',
      components: { dispatcher: { status: 'degraded', detail: 'held' } },
    });
    engine.tasks.startBackgroundProcessing();
    expect(engine.getHealthStatus().status).toBe('healthy');
    await engine.shutdown({ drainMs: 0 });
    const after = engine.getHealthStatus();
    expect(after.status).toBe('unhealthy');
    expect(Object.values(after.components).map(({ status }) => status)).toEqual(Array(5).fill('unhealthy'));
    expect(after.metrics).toMatchObject({ threadsAlive: 0, runningTasks: 0, queuedTasks: 0 });
  });

  it('is not healthy while a thread is missing, and says how many there are', async () => {
    const test = await createTestEngine({ cancelGraceMs: 0 });
    const { engine } = test;
    await threadsUp(test, 2);
    const id = engine.submitTask({ module: 'bodies', action: 'spins' });
    await seen(test, ({ type }) => type === 'task.started');
    const killed = seen(test, ({ type }) => type === 'worker.killed');
    const states: unknown[] = [];
    engine.registerEventHandler('worker.killed', () => states.push(engine.getHealthStatus().components['worker-pool']));
    engine.tasks.cancelTask(id);
    await killed;
    expect(states).toEqual([{ status: 'degraded', detail: '1 of 2 threads' }]);
    await engine.waitForTask(id);
  });
});

/** A workflow that stands in the middle once its step 'running' has begun: one done, one waits for capacity, one blocked. */
function createHalfwayWorkflow({ engine }: TestEngine, gate: Gate): void {
  engine.resources.registerResource('gpu', 'custom', 1);
  const resources = { gpu: 1 };
  engine.workflows.createWorkflow('w', [
    { name: 'done', ...gate.task('done') },
    { name: 'running', ...gate.task('running'), dependencies: ['done'], resources },
    { name: 'for-gpu', ...gate.task('for-gpu'), dependencies: ['done'], resources },
    noop('blocked', ['running']),
  ]);
}

describe('getSystemStatus', () => {
  it('is true in the middle of a run', async () => {
    const test = await createTestEngine({ maxInlineTasks: 2 });
    const { engine } = test;
    await threadsUp(test, 2);
    const gate = createGate(engine);
    createHalfwayWorkflow(test, gate);
    const session = engine.createSession('s', 'parallel');
    engine.createSession('idle');
    const run = engine.startWorkflow('w', {}, session.sessionId);
    await gate.entered('done');
    gate.open('done');
    await gate.entered('running');
    engine.tasks.stopBackgroundProcessing();
    engine.submitTask({ ...noop('single'), priority: 'background' });
    const status = engine.getSystemStatus();
    expect(status).toMatchObject({
      sessions: { total: 2, active: 2 },
      workflows: { defined: 1, running: 1, completed: 0, pending: 0 },
      tasks: { completed: 1, running: 1, ready: 2, blocked: 1, pending: 0, failed: 0 },
      queueDepth: { critical: 0, high: 0, normal: 1, low: 0, background: 1 },
      waitingForCapacity: 1,
      running: 1,
    });
    expect(status.resources.find(({ resourceId }) => resourceId === 'gpu')).toMatchObject({
      current: 1,
      waiting: 1,
      utilization: 1,
    });
    expect(status.threads.map(({ state }) => state)).toEqual(['idle', 'idle']);
    expect(status.memory.rssBytes).toBeGreaterThan(status.memory.heapUsedBytes / 2);
    expect(Object.values(status.tasks).reduce((sum, count) => sum + count, 0)).toBe(5);
    engine.tasks.startBackgroundProcessing();
    gate.open('running');
    gate.open('for-gpu');
    await run.result();
    await engine.tasks.waitForCompletion();
    expect(engine.getSystemStatus()).toMatchObject({
      workflows: { running: 0, completed: 1 },
      tasks: { completed: 5, running: 0, ready: 0, blocked: 0 },
      queueDepth: { normal: 0, background: 0 },
      running: 0,
    });
  });

  it('shows which thread works on what', async () => {
    const test = await createTestEngine({ cancelGraceMs: 0 });
    const { engine } = test;
    await threadsUp(test, 2);
    const id = engine.submitTask({ module: 'bodies', action: 'spins' });
    await seen(test, ({ type }) => type === 'task.started');
    const { threads } = engine.getSystemStatus();
    expect(threads.map(({ state }) => state).sort()).toEqual(['busy', 'idle']);
    const busy = threads.find(({ state }) => state === 'busy');
    expect(busy?.attemptKey).toEqual(expect.any(Number));
    expect(busy?.subject).toEqual({ runId: expect.any(String), task: expect.any(String), taskId: expect.any(String) });
    expect(threads.find(({ state }) => state === 'idle')?.subject).toBeNull();
    engine.tasks.cancelTask(id);
    await engine.waitForTask(id);
  });

  it('can be asked after a shutdown', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [noop('a')]);
    await engine.executeWorkflow('w');
    await engine.shutdown({ drainMs: 0 });
    expect(engine.getSystemStatus()).toMatchObject({
      workflows: { completed: 1 },
      tasks: { completed: 1 },
      threads: [],
      sessions: { active: 0 },
    });
    expect(engine.isClosed).toBe(true);
    expect(() => engine.createSession('late')).toThrow(RuntimeError);
    expect(() => engine.registerInlineTask('m', 'a', () => 1)).toThrow(/shut down/);
    expect(() => engine.registerTaskModule('m', 'file:///x.ts')).toThrow(/shut down/);
    await engine.shutdown();
  });
});

describe('registerInlineTask', () => {
  it('runs a function on the main loop as a step, with parameters, context and resources', async () => {
    const { engine } = await createTestEngine();
    engine.resources.registerResource('pot', 'custom', 2);
    let inside = 0;
    engine.registerInlineTask('io', 'read', async ({ n }, context) => {
      context.progress(0.5);
      const allocation = context.resources.tryAllocate({ pot: 2 });
      inside = engine.resources.getUsage('pot').current;
      return { n: Number(n) + 1, allocation: allocation !== null, task: context.taskName };
    });
    engine.workflows.createWorkflow('w', [{ name: 'read', module: 'io', action: 'read', parameters: { n: 41 } }]);
    const { outputs } = await engine.executeWorkflow('w');
    expect(outputs.read).toEqual({ n: 42, allocation: true, task: 'read' });
    expect(inside).toBe(2);
    expect(engine.resources.getUsage('pot').current).toBe(0);
    expect(engine.knowsModule('io')).toBe(true);
  });

  it('that throws fails its task alone, with code and details', async () => {
    const { engine } = await createTestEngine();
    engine.registerInlineTask('io', 'bad', () => {
      throw Object.assign(new Error('no such table'), { code: 'NO_TABLE', details: { table: 't' } });
    });
    const result = await engine.waitForTask(engine.submitTask({ module: 'io', action: 'bad' }));
    expect(result.error).toMatchObject({ message: 'no such table', code: 'NO_TABLE', details: { table: 't' } });
  });
});

describe('registerTaskModule', () => {
  it('makes a file of actions known to threads, before and after they have started', async () => {
    const { engine } = await createTestEngine();
    const file = join(mkdtempSync(join(tmpdir(), 'yardmaster-test-')), 'own.mjs');
    writeFileSync(file, 'export const twice = ({ n }) => 2 * n;\n');
    engine.registerTaskModule('own', pathToFileURL(file));
    const result = await engine.waitForTask(
      engine.submitTask({ module: 'own', action: 'twice', parameters: { n: 21 } }),
    );
    expect(result).toMatchObject({ status: 'completed', output: 42 });
    expect(engine.knowsModule('own')).toBe(true);
    const missing = await engine.waitForTask(engine.submitTask({ module: 'own', action: 'thrice' }));
    expect(missing.error).toMatchObject({ code: 'ACTION_NOT_FOUND', message: expect.stringContaining('twice') });
  });

  it.each(['own.mjs', 'https://example.org/x.mjs', ''])('refuses %j: it needs a file URL', async (url) => {
    const { engine } = await createTestEngine();
    expect(() => engine.registerTaskModule('own', url)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
  });
});

describe('registerEventHandler', () => {
  it('that throws stops nothing, and is reported to the others', async () => {
    const { engine, events } = await createTestEngine();
    engine.workflows.createWorkflow('w', [noop('a'), noop('b', ['a'])]);
    engine.registerEventHandler('task.completed', function broken() {
      throw new Error('handler fault');
    });
    expect((await engine.executeWorkflow('w')).status).toBe('completed');
    const reports = events.filter(({ type }) => type === 'handler.failed');
    expect(reports.map(({ data }) => data)).toMatchObject([
      { handler: 'broken', eventType: 'task.completed', error: { message: 'handler fault' } },
      { handler: 'broken', eventType: 'task.completed' },
    ]);
  });

  it('hears one kind or all, until it is taken back; unknown kinds are refused', async () => {
    const { engine } = await createTestEngine();
    const heard: RuntimeEvent[] = [];
    const stop = engine.registerEventHandler('task.completed', (event) => heard.push(event));
    await engine.waitForTask(engine.submitTask(noop('a')));
    stop();
    stop();
    await engine.waitForTask(engine.submitTask(noop('b')));
    expect(heard.map(({ task, type }) => [task, type])).toEqual([['a', 'task.completed']]);
    expect(heard[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(() => engine.registerEventHandler('task.finished' as 'task.completed', () => {})).toThrow(
      /no event is named/,
    );
    expect(EVENT_TYPES).toContain('worker.killed');
  });

  it('may itself steer the engine', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [noop('a'), noop('b', ['a']), noop('c', ['b'])]);
    const run = engine.startWorkflow('w');
    engine.registerEventHandler('task.completed', ({ task }) => {
      if (task === 'a') run.cancel('from a handler');
    });
    expect(await run.result()).toMatchObject({ status: 'cancelled', tasks: { completed: 1, cancelled: 2 } });
  });
});

describe('two engines', () => {
  it('can be made and ended at once', async () => {
    const engines = await Promise.all(
      [1, 2].map(() => OrchestrationEngine.create({ dataDir: ':memory:', maxWorkers: 1 })),
    );
    const results = await Promise.all(engines.map((engine) => engine.waitForTask(engine.submitTask(noop('a')))));
    expect(results.map(({ status }) => status)).toEqual(['completed', 'completed']);
    await Promise.all(engines.map((engine) => engine.shutdown()));
  });
});
