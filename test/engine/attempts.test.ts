// Runs on real threads that die for real: time-outs, retries, cancellation, bodies that misbehave.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { createTestEngine, seen } from './support.ts';

const body = (action: string, more: object = {}) => ({ name: action, module: 'bodies', action, ...more });

describe('an attempt', () => {
  it('keeps name, code, details, cause and stack of a custom error', async () => {
    const { engine, events } = await createTestEngine();
    engine.workflows.createWorkflow('w', [body('throwsCustom')]);
    const { errors } = await engine.executeWorkflow('w');
    const expected = {
      name: 'PaymentError',
      message: 'the card was declined',
      code: 'CARD_DECLINED',
      details: { card: '4242', retryAfterSeconds: 30 },
      cause: { name: 'TypeError', message: 'issuer unreachable' },
    };
    expect(errors.throwsCustom).toMatchObject(expected);
    expect(errors.throwsCustom?.stack).toContain('bodies.ts');
    expect(events.find((event) => event.type === 'task.failed')?.data.error).toMatchObject(expected);
  });

  it.each([
    ['exits', 'THREAD_EXITED'],
    ['throwsLater', 'TASK_UNCAUGHT'],
    ['fillsHeap', 'THREAD_OUT_OF_MEMORY'],
    ['returnsFunction', 'TASK_RESULT_INVALID'],
    ['nothingOfTheKind', 'ACTION_NOT_FOUND'],
  ])('that %s fails alone with %s; the engine and its other tasks live', async (action, code) => {
    const { engine } = await createTestEngine({ threadHeapMb: 64 });
    engine.workflows.createWorkflow('w', [
      body(action),
      ...[1, 2, 3, 4].map((n) => ({ name: `t${n}`, module: 'core', action: 'burn', parameters: { ms: 30 } })),
    ]);
    const execution = await engine.executeWorkflow('w');
    expect(execution.errors[action]?.code).toBe(code);
    expect(execution.tasks).toMatchObject({ completed: 4, failed: 1 });
    const again = await engine.waitForTask(
      engine.submitTask({ module: 'core', action: 'echo', parameters: { message: 1 } }),
    );
    expect(again).toMatchObject({ status: 'completed', output: 1 });
    // Degraded while the replacement starts, then whole again.
    await vi.waitFor(() => expect(engine.getHealthStatus().status).toBe('healthy'), { timeout: 10_000 });
  });

  it('of an unknown module fails without a retry, naming where it was looked for', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [{ name: 'a', module: 'no/such', action: 'x', maxRetries: 3 }]);
    const { errors } = await engine.executeWorkflow('w');
    expect(errors.a).toMatchObject({ code: 'MODULE_NOT_FOUND' });
    expect(errors.a?.message).toContain('no/such');
  });
});

describe('retries', () => {
  it('repeat a failed attempt until it succeeds, under the same idempotency key', async () => {
    const { engine, events } = await createTestEngine();
    engine.workflows.createWorkflow('w', [
      {
        name: 'flaky',
        module: 'core',
        action: 'fail',
        parameters: { message: 'not yet', times: 2 },
        maxRetries: 3,
        retry: { initialIntervalMs: 5, backoff: 1 },
      },
    ]);
    const execution = await engine.executeWorkflow('w');
    expect(execution.status).toBe('completed');
    expect(events.filter((event) => event.type === 'task.retrying').map((event) => event.data.attempt)).toEqual([1, 2]);
    expect(events.find((event) => event.type === 'task.completed')?.data.attempt).toBe(3);
  });

  it('stop after the last attempt and at codes that are not retryable', async () => {
    const { engine, order } = await createTestEngine();
    const retry = { initialIntervalMs: 1, backoff: 1 };
    engine.workflows.createWorkflow('w', [
      { name: 'thrice', module: 'core', action: 'fail', parameters: { message: 'x' }, maxRetries: 2, retry },
      body('throwsCustom', { maxRetries: 5, retry: { ...retry, nonRetryable: ['CARD_DECLINED'] } }),
    ]);
    const execution = await engine.executeWorkflow('w');
    expect(execution.tasks.failed).toBe(2);
    const started = order('task.started');
    expect(started.filter((name) => name === 'thrice')).toHaveLength(3);
    expect(started.filter((name) => name === 'throwsCustom')).toHaveLength(1);
  });

  it('wait for their turn without holding a thread or capacity', async () => {
    const test = await createTestEngine({ maxWorkers: 1 });
    const { engine } = test;
    engine.resources.registerResource('slot', 'custom', 1);
    engine.workflows.createWorkflow('w', [
      {
        name: 'later',
        module: 'core',
        action: 'fail',
        parameters: { message: 'x' },
        resources: { slot: 1 },
        maxRetries: 1,
        retry: { initialIntervalMs: 60_000, jitter: false },
      },
      { name: 'other', module: 'core', action: 'noop', dependencies: [] },
    ]);
    const run = engine.startWorkflow('w');
    await seen(test, (event) => event.type === 'task.retrying');
    expect(run.taskStatus('later')).toBe('retrying');
    expect(engine.resources.getUsage('slot').current).toBe(0);
    run.cancel();
    expect((await run.result()).status).toBe('cancelled');
  });
});

describe('time-outs', () => {
  it('end a busy loop that never looks, and the next attempt has the time to itself again', async () => {
    const { engine, events } = await createTestEngine({ cancelGraceMs: 0 });
    engine.workflows.createWorkflow('w', [
      body('spins', { timeoutMs: 80, maxRetries: 1, retry: { initialIntervalMs: 1 } }),
      { name: 'beside', module: 'core', action: 'burn', parameters: { ms: 200 } },
    ]);
    const execution = await engine.executeWorkflow('w');
    expect(execution.errors.spins).toMatchObject({ code: 'TASK_TIMEOUT', details: { attempt: 2, timeoutMs: 80 } });
    expect(execution.tasks).toMatchObject({ completed: 1, failed: 1 });
    expect(events.filter((event) => event.type === 'worker.killed')).toHaveLength(2);
  });

  it('are seen by a body that polls its signal; its thread lives', async () => {
    const { engine, events } = await createTestEngine({ cancelGraceMs: 2_000 });
    engine.workflows.createWorkflow('w', [body('pollsSignal', { timeoutMs: 50 })]);
    const execution = await engine.executeWorkflow('w');
    expect(execution.errors.pollsSignal?.code).toBe('TASK_TIMEOUT');
    expect(events.filter((event) => event.type === 'worker.killed')).toEqual([]);
  });
});

describe('cancelling a task', () => {
  it('ends a busy loop: true at once, capacity back exactly once, the next task runs', async () => {
    const test = await createTestEngine({ maxWorkers: 1, cancelGraceMs: 0 });
    const { engine, events } = test;
    engine.resources.registerResource('gpu', 'custom', 1);
    const spinning = engine.submitTask({ module: 'bodies', action: 'spins', resources: { gpu: 1 } });
    const next = engine.submitTask({
      module: 'core',
      action: 'echo',
      parameters: { message: 'next' },
      resources: { gpu: 1 },
    });
    await seen(test, (event) => event.type === 'task.started');
    expect(engine.tasks.cancelTask(spinning)).toBe(true);
    expect(engine.tasks.getTaskStatus(spinning)).toBe('cancelling');
    expect(await engine.waitForTask(spinning)).toMatchObject({ status: 'cancelled', output: null });
    expect(await engine.waitForTask(next)).toMatchObject({ status: 'completed', output: 'next' });
    expect(engine.tasks.cancelTask(spinning)).toBe(false);
    expect(engine.tasks.cancelTask(next)).toBe(false);
    expect(engine.resources.getUsage('gpu')).toMatchObject({ current: 0, peak: 1, waiting: 0 });
    expect(events.filter((event) => event.type === 'resource.released' && event.resourceId === 'gpu')).toHaveLength(2);
    expect(events.filter((event) => event.type === 'worker.killed')).toHaveLength(1);
  });

  it('gives back what the body took itself when its thread dies with it', async () => {
    const test = await createTestEngine({ maxWorkers: 1, cancelGraceMs: 0 });
    const { engine } = test;
    engine.resources.registerResource('pot', 'custom', 5);
    const id = engine.submitTask({
      module: 'bodies',
      action: 'holdsAndSpins',
      parameters: { resource: 'pot', amount: 3 },
    });
    await seen(test, (event) => event.type === 'task.progress');
    expect(engine.resources.getUsage('pot').current).toBe(3);
    engine.tasks.cancelTask(id);
    await engine.waitForTask(id);
    expect(engine.resources.getUsage('pot')).toMatchObject({ current: 0, available: 5 });
  });

  it('before its start leaves no trace of it: its body never runs', async () => {
    const test = await createTestEngine({ maxWorkers: 1 });
    const { engine } = test;
    const file = join(mkdtempSync(join(tmpdir(), 'yardmaster-test-')), 'marks');
    const parameters = { file, text: 'ran' };
    const busy = engine.submitTask({ module: 'core', action: 'burn', parameters: { ms: 50 } });
    const cancelled = engine.submitTask({ module: 'bodies', action: 'marks', parameters });
    const last = engine.submitTask({ module: 'bodies', action: 'marks', parameters: { file, text: 'last' } });
    expect(engine.tasks.cancelTask(cancelled)).toBe(true);
    await Promise.all([busy, cancelled, last].map((id) => engine.waitForTask(id)));
    expect(readFileSync(file, 'utf8')).toBe('last\n');
  });
});

describe('after shutdown', () => {
  it('nothing is left: no thread, timer, file or unhandled rejection; the process ends by itself', async () => {
    const program = fileURLToPath(new URL('fixtures/shutdown-process.ts', import.meta.url));
    // Ended with a signal by the time-out, which would show in the code, if anything kept it alive.
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000 });
    const { resources, ...said } = JSON.parse(stdout);
    expect(said).toEqual({ status: 'cancelled', waiting: 'RESOURCE_CLOSED', rejections: [] });
    expect(resources.filter((kind: string) => /Worker|Timeout|MessagePort|ChildProcess|FSEvent/.test(kind))).toEqual(
      [],
    );
  });

  it('refuses work and says that it is not healthy', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('w', [body('exits')]);
    await engine.shutdown();
    expect(() => engine.startWorkflow('w')).toThrow(/shut down/);
    expect(engine.getHealthStatus().status).toBe('unhealthy');
  });
});
