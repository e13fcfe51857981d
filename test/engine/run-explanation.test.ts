// Explanations on a running engine: for every way to wait the reason that holds at the moment of the question, through the
// API and as an event.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WaitExplanation } from '../../src/domain/wait-reason.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { createGate, createTestEngine, seen } from './support.ts';

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function reasons(explanations: readonly WaitExplanation[]): Record<string, unknown> {
  return Object.fromEntries(explanations.map(({ task, reason }) => [task, reason]));
}

const codeOf = (deed: () => unknown): unknown => {
  try {
    return deed();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
};

describe('a task of a run', () => {
  it('waits for the dependencies that have not completed, and says no more than twenty of them', async () => {
    const made = await createTestEngine();
    const { engine } = made;
    const gate = createGate(engine);
    const roots = Array.from({ length: 30 }, (_, n) => `root${n}`);
    engine.workflows.createWorkflow('w', [
      ...roots.map((name) => ({ ...gate.task(name), name })),
      { ...gate.task('all'), name: 'all', dependencies: roots },
      { ...gate.task('behind'), name: 'behind', dependencies: ['all'] },
    ]);
    const run = engine.startWorkflow('w');
    await gate.entered('root29');
    gate.open('root0');
    await seen(made, ({ type }) => type === 'task.completed');
    const [all, behind] = run.explain();
    expect(all).toEqual({
      runId: run.runId,
      task: 'all',
      taskId: `${run.runId}/all`,
      sinceMs: null,
      reason: { kind: 'dependency', tasks: roots.slice(1, 21), more: 9 },
      message: 'waits for "root1", "root2", "root3", "root4" and 25 more',
    });
    expect(behind?.reason).toEqual({ kind: 'dependency', tasks: ['all'], more: 0 });
    expect(run.explain({ step: 'behind' })).toEqual([behind]);
    expect(run.explain({ step: 'root1' })).toEqual([]);
    expect(codeOf(() => run.explain({ step: 'nothing' }))).toBe('TASK_NOT_FOUND');
  });

  it('waits for units of a resource that is short, kept, out of service or too small', async () => {
    const { engine } = await createTestEngine();
    const gate = createGate(engine);
    engine.resources.registerResource('gpu', 'compute', 4);
    const step = (name: string, gpu: number) => ({ ...gate.task(name), name, resources: { gpu } });
    engine.workflows.createWorkflow('w', [step('runs', 3), step('wide', 4), step('small', 1)]);
    const before = Date.now();
    const run = engine.startWorkflow('w');
    await gate.entered('runs');
    await turns();
    const base = { kind: 'resource', resourceId: 'gpu', available: 1, capacity: 4 };
    expect(reasons(run.explain())).toEqual({
      wide: { ...base, needs: 4, state: 'available', reservedFor: null },
      small: { ...base, needs: 1, state: 'available', reservedFor: 'wide' },
    });
    const [wide, small] = run.explain();
    expect(small?.message).toBe('needs 1 of "gpu", 1 of 4 is free and kept for "wide"');
    expect(wide?.sinceMs).toBeGreaterThanOrEqual(before);
    expect(wide?.sinceMs).toBeLessThanOrEqual(Date.now());
    engine.resources.setStatus('gpu', 'maintenance');
    expect(reasons(run.explain())).toMatchObject({ wide: { state: 'maintenance' }, small: { state: 'maintenance' } });
    engine.resources.setStatus('gpu', 'available');
    engine.resources.setCapacity('gpu', 3);
    await turns();
    expect(reasons(run.explain())).toMatchObject({ wide: { state: 'too-small', capacity: 3, available: 0 } });
    expect(run.explain({ step: 'wide' })[0]?.message).toBe('needs 4 of "gpu", whose whole capacity is 3 now');
  });

  it('waits for the refill of a quota, and says when that is', async () => {
    const { engine } = await createTestEngine();
    const gate = createGate(engine);
    engine.resources.registerResource('api', 'api_quota', 2, { refill: { periodMs: 60_000 } });
    const step = (name: string) => ({ ...gate.task(name), name, resources: { api: 2 } });
    engine.workflows.createWorkflow('w', [step('first'), step('second')]);
    const before = Date.now();
    const run = engine.startWorkflow('w');
    await gate.entered('first');
    gate.open('first');
    await turns();
    const [second, ...others] = run.explain();
    expect(others).toEqual([]);
    const { reason } = second ?? {};
    expect(reason).toMatchObject({ kind: 'quota', resourceId: 'api', needs: 2, available: 0, capacity: 2 });
    const refillAtMs = reason?.kind === 'quota' ? (reason.refillAtMs ?? 0) : 0;
    expect(refillAtMs).toBeGreaterThanOrEqual(before + 60_000);
    expect(refillAtMs).toBeLessThanOrEqual(Date.now() + 60_100);
    expect(second?.message).toMatch(/^quota "api" refills at \d\d:\d\d:\d\d \(needs 2, has 0 of 2\)$/);
  });

  it('waits for its turn: on a free place, in a sequential run, under the limits of run, session and key', async () => {
    const { engine } = await createTestEngine({ maxInlineTasks: 2 });
    const gate = createGate(engine);
    const step = (name: string, rest: object = {}) => ({ ...gate.task(name), name, ...rest });
    const names = ['a', 'b', 'c'];
    engine.workflows.createWorkflow(
      'three',
      names.map((name) => step(name)),
    );
    engine.workflows.createWorkflow(
      'keyed',
      names.map((name) => step(name, { concurrency: { key: 'db', limit: 1 } })),
    );
    const end = async (run: { cancel(): void; result(): Promise<unknown> }) => {
      run.cancel();
      await run.result();
      await turns();
    };
    const explained = async (workflow: string, options: object, sessionId?: string) => {
      const run = engine.startWorkflow(workflow, {}, sessionId, options);
      await turns();
      const found = reasons(run.explain());
      await end(run);
      return found;
    };
    expect(await explained('three', { mode: 'parallel' })).toEqual({ c: { kind: 'slot', level: 2, ahead: 0 } });
    expect(await explained('three', { mode: 'sequential' })).toMatchObject({
      b: { kind: 'sequential' },
      c: { kind: 'sequential' },
    });
    const limit = { limit: 1, running: 1 };
    expect(await explained('three', { maxParallel: 1 })).toEqual({
      b: { kind: 'run-limit', ...limit },
      c: { kind: 'run-limit', ...limit },
    });
    const session = engine.createSession('s', 'parallel', { maxParallelTasks: 1 });
    expect(await explained('three', {}, session.sessionId)).toMatchObject({ b: { kind: 'session-limit', ...limit } });
    expect(await explained('keyed', {})).toMatchObject({ c: { kind: 'concurrency', key: 'db', ...limit } });
  });

  it('waits for its next attempt', async () => {
    const made = await createTestEngine();
    made.engine.registerInlineTask('t', 'fail', () => Promise.reject(new Error('not yet')));
    const retry = { maxAttempts: 2, initialIntervalMs: 60_000, maxIntervalMs: 60_000, jitter: 0 };
    made.engine.workflows.createWorkflow('w', [{ name: 'flaky', module: 't', action: 'fail', retry }]);
    const run = made.engine.startWorkflow('w');
    await seen(made, ({ type }) => type === 'task.retrying');
    const [flaky] = run.explain();
    expect(flaky).toMatchObject({ task: 'flaky', sinceMs: null, reason: { kind: 'retry', attempt: 2 } });
    const dueMs = flaky?.reason.kind === 'retry' ? flaky.reason.dueMs : 0;
    expect(dueMs - Date.now()).toBeGreaterThan(1_000);
  });

  it('waits with all others while its run is paused, has no place yet, or nothing is started', async () => {
    const { engine } = await createTestEngine({ maxInlineTasks: 1 });
    const gate = createGate(engine);
    engine.workflows.createWorkflow('w', [
      { ...gate.task('a'), name: 'a' },
      { ...gate.task('b'), name: 'b' },
      { ...gate.task('c'), name: 'c', dependencies: ['a'] },
    ]);
    const session = engine.createSession('s', 'parallel', { maxParallelWorkflows: 1 });
    const first = engine.startWorkflow('w', {}, session.sessionId);
    const second = engine.startWorkflow('w', {}, session.sessionId);
    await gate.entered('a');
    const pending = { kind: 'run-pending' };
    expect(reasons(second.explain())).toEqual({ a: pending, b: pending, c: pending });
    first.pause();
    const paused = { kind: 'run-paused' };
    expect(reasons(first.explain())).toEqual({ b: paused, c: paused });
    first.resume();
    engine.tasks.stopBackgroundProcessing();
    const stopped = { kind: 'dispatch-stopped' };
    expect(reasons(first.explain())).toEqual({ b: stopped, c: stopped });
    engine.tasks.startBackgroundProcessing();
    expect(reasons(first.explain())).toMatchObject({ b: { kind: 'slot' }, c: { kind: 'dependency' } });
    first.cancel();
    second.cancel();
    await first.result();
    expect(first.explain()).toEqual([]);
  });

  it('is explained in file order, ready ones first, and no more of them than asked for', async () => {
    const { engine } = await createTestEngine({ maxInlineTasks: 1 });
    const gate = createGate(engine);
    const first = { ...gate.task('first'), name: 'first' };
    const steps = Array.from({ length: 300 }, (_, n) => ({ ...gate.task(`t${n}`), name: `t${n}` }));
    const blocked = { ...gate.task('blocked'), name: 'blocked', dependencies: ['first'] };
    engine.workflows.createWorkflow('w', [blocked, first, ...steps]);
    const run = engine.startWorkflow('w', {}, undefined, { mode: 'parallel' });
    await gate.entered('first');
    await turns();
    const names = (limit?: number) =>
      run
        .explain({ withinMs: Number.POSITIVE_INFINITY, ...(limit === undefined ? {} : { limit }) })
        .map(({ task }) => task);
    expect(names()).toEqual(steps.slice(0, 200).map(({ name }) => name));
    expect(names(3)).toEqual(['t0', 't1', 't2']);
    expect(names(1_000).at(-1)).toBe('blocked');
    expect(run.explain({ limit: 1_000, withinMs: 0 }).length).toBeLessThan(301);
    expect(run.explain({ step: 't7' })[0]?.reason).toEqual({ kind: 'slot', level: 2, ahead: 7 });
  });
});

describe('other tasks', () => {
  it('that are submitted by themselves are explained by their id', async () => {
    const { engine } = await createTestEngine({ maxInlineTasks: 1 });
    const gate = createGate(engine);
    const first = engine.submitTask({ ...gate.task('first'), name: 'first' });
    await gate.entered('first');
    const second = engine.submitTask({ ...gate.task('second'), name: 'second' });
    const third = engine.submitTask({ ...gate.task('third'), name: 'third', dependencies: [first, second] });
    await turns();
    expect(engine.tasks.explain(first)).toBeNull();
    expect(engine.tasks.explain(second)).toMatchObject({ taskId: second, reason: { kind: 'slot', ahead: 0 } });
    expect(engine.tasks.explain(third)).toMatchObject({
      task: 'third',
      reason: { kind: 'dependency', tasks: [first, second], more: 0 },
    });
    expect(engine.explain(second)).toEqual([engine.tasks.explain(second)]);
    expect(codeOf(() => engine.tasks.explain('nothing'))).toBe('TASK_NOT_FOUND');
    expect(codeOf(() => engine.explain('nothing'))).toBe('RUN_NOT_FOUND');
  });

  it('of a run that was not taken up say why not', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'yardmaster-explain-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
    const config = { dataDir, maxWorkers: 1, workflowsDir: '/nonexistent-workflows' };
    const first = await OrchestrationEngine.create(config);
    const gate = createGate(first);
    first.workflows.createWorkflow('w', [
      { ...gate.task('a'), name: 'a' },
      { ...gate.task('b'), name: 'b', dependencies: ['a'] },
    ]);
    const { runId } = first.startWorkflow('w');
    gate.open('a');
    await gate.entered('b');
    await first.shutdown({ drainMs: 0 });
    const second = await OrchestrationEngine.create(config);
    onTestFinished(() => second.shutdown({ drainMs: 0 }));
    await turns();
    const [held, ...others] = second.explain(runId);
    expect(others).toEqual([]);
    expect(held).toMatchObject({ runId, task: 'b', reason: { kind: 'run-held' } });
    expect(held?.message).toMatch(/^the engine has not taken the run up: .*gate/);
  });
});

describe('task.waiting', () => {
  it('is told once for each new reason other than a place to run', async () => {
    const made = await createTestEngine({ maxInlineTasks: 3 });
    const { engine, events } = made;
    const gate = createGate(engine);
    engine.resources.registerResource('gpu', 'compute', 2);
    const step = (name: string, gpu: number) => ({ ...gate.task(name), name, resources: { gpu } });
    engine.workflows.createWorkflow('w', [step('one', 1), step('two', 1), step('wide', 2)]);
    const run = engine.startWorkflow('w');
    const told = () => events.filter(({ type }) => type === 'task.waiting');
    await gate.entered('two');
    await turns();
    expect(told()).toMatchObject([
      {
        runId: run.runId,
        task: 'wide',
        taskId: `${run.runId}/wide`,
        data: {
          reason: { kind: 'resource', resourceId: 'gpu', needs: 2 },
          message: 'needs 2 of "gpu", none of 2 is free',
        },
      },
    ]);
    gate.open('one');
    await turns();
    expect(told()).toHaveLength(1);
    gate.open('two');
    await gate.entered('wide');
    gate.open('wide');
    expect((await run.result()).status).toBe('completed');
    expect(told()).toHaveLength(1);
  });

  it('is not told of tasks that get what they ask for, nor of those that wait for a place alone', async () => {
    const made = await createTestEngine({ maxInlineTasks: 1 });
    const gate = createGate(made.engine);
    made.engine.workflows.createWorkflow(
      'w',
      ['a', 'b'].map((name) => ({ ...gate.task(name), name })),
    );
    const run = made.engine.startWorkflow('w');
    gate.open('a');
    gate.open('b');
    await run.result();
    expect(made.order('task.waiting')).toEqual([]);
  });
});
