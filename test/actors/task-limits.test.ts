// Time limits of a task over virtual time: the whole task's time-out, and silence of an attempt.

import { describe, expect, it } from 'vitest';
import { RuntimeHarness, type StepFacts, specOf, turn } from './runtime-harness.ts';

function submit(harness: RuntimeHarness, name: string, facts: StepFacts) {
  return harness.singles.submit(specOf(name, facts), {}, []).taskId;
}

/** Lets time pass in small steps, with a turn of the loop after each. */
async function pass(harness: RuntimeHarness, ms: number, stepMs = 50): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    harness.timers.advance(Math.min(stepMs, ms - passed));
    await turn();
  }
}

describe('the time-out of a whole task', () => {
  it('counts attempts and the waits between them, from the start of the first', async () => {
    const harness = new RuntimeHarness();
    submit(harness, 'before', {});
    const id = submit(harness, 'a', { totalTimeoutMs: 2_500, maxAttempts: 9, retry: { backoff: 1 } });
    await turn();
    // It waits for its turn: its time has not begun.
    await pass(harness, 10_000, 500);
    harness.executor.complete('before');
    await turn();
    await pass(harness, 400);
    harness.executor.fail('a');
    await pass(harness, 1_000);
    expect(harness.executor.running).toEqual(['a']);
    await pass(harness, 1_050);
    expect(harness.executor.stops).toEqual([]);
    await pass(harness, 50);
    expect(harness.executor.stops).toHaveLength(1);
    expect(harness.singles.get(id)?.status).toBe('running');
    harness.executor.stopped('a');
    expect(harness.singles.get(id)).toMatchObject({
      status: 'failed',
      attempts: 2,
      error: {
        code: 'TASK_TOTAL_TIMEOUT',
        details: { attempts: 2, totalTimeoutMs: 2_500 },
        cause: { code: 'TASK_FAILED' },
      },
    });
    expect(harness.timers.pending).toBe(0);
  });

  it('is written with every attempt as one and the same time', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', { totalTimeoutMs: 60_000, maxAttempts: 3, timeoutMs: 5_000 });
    await turn();
    const startedMs = harness.timers.now();
    harness.executor.fail('a');
    await pass(harness, 1_000, 500);
    harness.executor.complete('a');
    const started = harness.facts(id).filter((fact) => fact.type === 'task.started');
    expect(started).toMatchObject([
      { attempt: 1, deadlineMs: startedMs + 5_000, expiresAtMs: startedMs + 60_000 },
      { attempt: 2, deadlineMs: startedMs + 6_000, expiresAtMs: startedMs + 60_000 },
    ]);
  });

  it('fails a task at once whose next attempt would be due after it, with the last error as the cause', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', { totalTimeoutMs: 1_000, maxAttempts: 5 });
    await turn();
    await pass(harness, 100);
    harness.executor.fail('a', 'NETWORK_DOWN');
    expect(harness.singles.get(id)).toMatchObject({
      status: 'failed',
      error: { code: 'TASK_TOTAL_TIMEOUT', retryable: false, cause: { code: 'NETWORK_DOWN' } },
    });
    expect(harness.facts(id).map(({ type }) => type)).not.toContain('task.retry-scheduled');
    expect(harness.heard('task.retrying')).toEqual([]);
    expect(harness.timers.pending).toBe(0);
  });

  it('ends a task that waits in the queue for its next attempt, and lets those behind it go', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', { totalTimeoutMs: 3_000, maxAttempts: 2 });
    await turn();
    harness.executor.fail('a');
    submit(harness, 'long', {});
    await turn();
    await pass(harness, 2_900);
    expect(harness.singles.get(id)?.status).toBe('ready');
    await pass(harness, 200);
    expect(harness.singles.get(id)).toMatchObject({ status: 'failed', attempts: 1 });
    expect(harness.scheduler.inFlight).toBe(1);
    harness.executor.complete('long');
    expect(harness.executor.started).toHaveLength(2);
  });

  it('has not begun for an attempt that is given back before it began', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', { totalTimeoutMs: 1_000 });
    await turn();
    harness.gate.send({ type: 'dispatch.hold' });
    harness.executor.giveBack('a');
    expect(harness.timers.pending).toBe(0);
    await pass(harness, 5_000, 500);
    harness.gate.send({ type: 'dispatch.resume' });
    await turn();
    await pass(harness, 900);
    harness.executor.complete('a', 'in time');
    expect(harness.singles.get(id)).toMatchObject({ status: 'completed', output: 'in time' });
  });

  it('gives way to a cancellation that came first', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', { totalTimeoutMs: 1_000 });
    await turn();
    harness.singles.cancel(id, 'enough');
    await pass(harness, 2_000, 500);
    harness.executor.stopped('a');
    expect(harness.singles.get(id)).toMatchObject({ status: 'cancelled', reason: 'enough' });
    expect(harness.timers.pending).toBe(0);
  });
});

describe('the heartbeat time-out', () => {
  const silent = { heartbeatTimeoutMs: 400, maxAttempts: 2 };

  it('ends an attempt that has been silent for so long, and the next one has its own', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', silent);
    await turn();
    await pass(harness, 350);
    expect(harness.executor.stops).toEqual([]);
    await pass(harness, 50);
    expect(harness.executor.stops).toEqual([{ attemptKey: 1, graceMs: 250 }]);
    harness.executor.stopped('a');
    expect(harness.singles.get(id)?.status).toBe('retrying');
    expect(harness.facts(id).at(-1)).toMatchObject({
      type: 'task.retry-scheduled',
      error: { code: 'TASK_HEARTBEAT_TIMEOUT', details: { attempt: 1, heartbeatTimeoutMs: 400 } },
    });
    await pass(harness, 1_000);
    await pass(harness, 350);
    harness.executor.complete('a', 'second');
    expect(harness.singles.get(id)).toMatchObject({ status: 'completed', attempts: 2 });
    expect(harness.timers.pending).toBe(0);
  });

  it('never ends an attempt that beats more often, however long it takes', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', silent);
    await turn();
    for (let beats = 0; beats < 100; beats++) {
      await pass(harness, 390, 130);
      harness.executor.beat('a');
    }
    expect(harness.executor.stops).toEqual([]);
    // Silence counts from the last beat, and is at most a quarter longer than the time-out.
    await pass(harness, 399, 133);
    expect(harness.executor.stops).toEqual([]);
    await pass(harness, 101);
    expect(harness.executor.stops).toHaveLength(1);
    harness.executor.stopped('a');
    expect(harness.singles.get(id)?.status).toBe('retrying');
  });

  it('costs a body one look, not its life, when the main thread was busy or the process stopped', async () => {
    const harness = new RuntimeHarness();
    submit(harness, 'a', silent);
    await turn();
    // The looks of an hour fall into one: real timers that are late fire once.
    harness.timers.jump(3_600_000);
    await turn();
    expect(harness.executor.stops).toEqual([]);
    harness.executor.complete('a');
    expect(harness.timers.pending).toBe(0);
  });

  it('does not count before the attempt has begun', async () => {
    const harness = new RuntimeHarness();
    harness.executor.isBegun = false;
    submit(harness, 'a', silent);
    await turn();
    await pass(harness, 4_000, 100);
    expect(harness.executor.stops).toEqual([]);
    harness.executor.isBegun = true;
    await pass(harness, 450);
    expect(harness.executor.stops).toEqual([]);
    await pass(harness, 100);
    expect(harness.executor.stops).toHaveLength(1);
  });

  it('is no more once the attempt is asked to stop', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', { ...silent, timeoutMs: 500 });
    await turn();
    harness.singles.cancel(id, 'enough');
    expect(harness.timers.pending).toBe(0);
    await pass(harness, 2_000);
    expect(harness.executor.stops).toHaveLength(1);
    harness.executor.stopped('a');
    expect(harness.singles.get(id)?.status).toBe('cancelled');
  });

  it('shares its attempts with every other way to fail', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', silent);
    await turn();
    harness.executor.fail('a');
    await pass(harness, 1_000);
    await pass(harness, 400);
    harness.executor.stopped('a');
    expect(harness.singles.get(id)).toMatchObject({ status: 'failed', error: { code: 'TASK_HEARTBEAT_TIMEOUT' } });
  });
});

describe('a task without limits', () => {
  it('has no timer', async () => {
    const harness = new RuntimeHarness();
    submit(harness, 'a', {});
    await turn();
    expect(harness.executor.running).toEqual(['a']);
    expect(harness.timers.pending).toBe(0);
  });
});
