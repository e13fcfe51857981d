// Heartbeats and whole-task time-outs on real threads and on the main loop.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTestEngine } from './support.ts';

const body = (action: string, more: object = {}) => ({ name: action, module: 'bodies', action, ...more });
const SOON = { initialIntervalMs: 1, backoff: 1 };

describe('a body that stops calling heartbeat()', () => {
  it('in a busy loop is ended with its thread, tried again, and succeeds', async () => {
    const { engine, events, order } = await createTestEngine({ cancelGraceMs: 20 });
    engine.workflows.createWorkflow('w', [
      body('fallsSilent', { heartbeatTimeoutMs: 200, maxRetries: 2, retry: SOON }),
    ]);
    const execution = await engine.executeWorkflow('w');
    expect(execution).toMatchObject({ status: 'completed', outputs: { fallsSilent: 'done at attempt 2' } });
    expect(events.find(({ type }) => type === 'task.retrying')?.data.error).toMatchObject({
      code: 'TASK_HEARTBEAT_TIMEOUT',
      details: { attempt: 1, heartbeatTimeoutMs: 200 },
    });
    expect(events.filter(({ type }) => type === 'worker.killed')).toHaveLength(1);
    expect(order('task.started')).toEqual(['fallsSilent', 'fallsSilent']);
  });

  it('and may not be tried again fails with TASK_HEARTBEAT_TIMEOUT; those beside it go on', async () => {
    const { engine } = await createTestEngine({ cancelGraceMs: 20 });
    engine.workflows.createWorkflow('w', [
      body('fallsSilent', { heartbeatTimeoutMs: 100 }),
      { name: 'beside', module: 'core', action: 'burn', parameters: { ms: 200 } },
    ]);
    const execution = await engine.executeWorkflow('w');
    expect(execution.errors.fallsSilent?.code).toBe('TASK_HEARTBEAT_TIMEOUT');
    expect(execution.tasks).toMatchObject({ completed: 1, failed: 1 });
  });

  it('on the main loop is asked to end, given up after the grace, and tried again', async () => {
    const { engine } = await createTestEngine({ cancelGraceMs: 20 });
    let isAsked = false;
    engine.registerInlineTask('inline', 'silent', async (_parameters, context) => {
      if (context.attempt > 1) return `done at attempt ${context.attempt}`;
      context.signal.addEventListener('abort', () => {
        isAsked = true;
      });
      return await new Promise<never>(() => {});
    });
    const step = { name: 'a', module: 'inline', action: 'silent', heartbeatTimeoutMs: 60, maxRetries: 1, retry: SOON };
    engine.workflows.createWorkflow('w', [step]);
    const execution = await engine.executeWorkflow('w');
    expect(execution).toMatchObject({ status: 'completed', outputs: { a: 'done at attempt 2' } });
    expect(isAsked).toBe(true);
  });
});

describe('a body that calls heartbeat()', () => {
  it.each(['heartbeat', 'progress'])('or progress() outlives its heartbeat time-out many times, by %s', async (by) => {
    const { engine, order } = await createTestEngine();
    const parameters = { ms: 1_200, by };
    engine.workflows.createWorkflow('w', [body('keepsBeating', { parameters, heartbeatTimeoutMs: 150 })]);
    expect(await engine.executeWorkflow('w')).toMatchObject({ outputs: { keepsBeating: 'still there' } });
    expect(order('task.started')).toHaveLength(1);
  });

  it('on the main loop too', async () => {
    const { engine } = await createTestEngine();
    engine.registerInlineTask('inline', 'beating', async (_parameters, context) => {
      const start = performance.now();
      while (performance.now() - start < 800) {
        context.heartbeat();
        await nextTurn();
      }
      return 'still there';
    });
    engine.workflows.createWorkflow('w', [{ name: 'a', module: 'inline', action: 'beating', heartbeatTimeoutMs: 150 }]);
    expect(await engine.executeWorkflow('w')).toMatchObject({ outputs: { a: 'still there' } });
  });
});

describe('the time-out of a whole task', () => {
  it('ends it in the middle of an attempt, whatever attempts are left', async () => {
    const { engine, order } = await createTestEngine({ cancelGraceMs: 20 });
    engine.workflows.createWorkflow('w', [
      body('spins', { timeoutMs: 150, totalTimeoutMs: 400, maxRetries: 50, retry: SOON }),
    ]);
    const { errors } = await engine.executeWorkflow('w');
    expect(errors.spins).toMatchObject({
      code: 'TASK_TOTAL_TIMEOUT',
      retryable: false,
      cause: { code: 'TASK_TIMEOUT' },
    });
    expect(order('task.started').length).toBeGreaterThan(1);
    expect(errors.spins?.details).toMatchObject({ attempts: order('task.started').length, totalTimeoutMs: 400 });
  });

  it('fails a step at once whose next attempt would come too late', async () => {
    const { engine, order } = await createTestEngine();
    engine.workflows.createWorkflow('w', [
      body('throwsCustom', {
        totalTimeoutMs: 5_000,
        retry: { maxAttempts: Number.POSITIVE_INFINITY, initialIntervalMs: 60_000, jitter: false },
      }),
    ]);
    const { errors } = await engine.executeWorkflow('w');
    expect(errors.throwsCustom).toMatchObject({ code: 'TASK_TOTAL_TIMEOUT', cause: { code: 'CARD_DECLINED' } });
    expect(order('task.retrying')).toEqual([]);
  });
});
