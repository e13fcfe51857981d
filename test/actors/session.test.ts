// Sessions over virtual time: limits on runs, resources held, closing, cancelling, deadlines.

import { describe, expect, it } from 'vitest';
import { RuntimeHarness, turn } from './runtime-harness.ts';

describe('a session', () => {
  it('starts with its first run, ends after its last, and starts none while it closes', async () => {
    const harness = new RuntimeHarness();
    const session = harness.createSession();
    expect(session.status).toBe('pending');
    const { ended } = harness.startRun(session, { a: {} });
    expect(session.status).toBe('active');
    await turn();
    session.actor.send({ type: 'session.close' });
    expect(session.status).toBe('active');
    expect(() => harness.startRun(session, { b: {} })).toThrow(/ended or is closing/);
    harness.executor.complete('a');
    await ended;
    await session.closed;
    expect([session.status, session.runCount]).toEqual(['completed', 0]);
    expect(harness.heard('session.started', 'session.closed')).toEqual(['session.started', 'session.closed']);
  });

  it('lets runs wait for a place, in order, also while it closes', async () => {
    const harness = new RuntimeHarness({ slots: 9 });
    const session = harness.createSession({ maxParallelWorkflows: 2 });
    const runs = ['a', 'b', 'c', 'd'].map((name) => harness.startRun(session, { [name]: {} }));
    await turn();
    expect(harness.executor.running).toEqual(['a', 'b']);
    session.actor.send({ type: 'session.close' });
    harness.executor.complete('b');
    await turn();
    expect(harness.executor.running).toEqual(['a', 'c']);
    harness.executor.complete('a');
    harness.executor.complete('c');
    await turn();
    harness.executor.complete('d');
    await Promise.all(runs.map(({ ended }) => ended));
    await session.closed;
    expect(session.status).toBe('completed');
  });

  it('that never had a run closes at once', async () => {
    const harness = new RuntimeHarness();
    const session = harness.createSession();
    session.actor.send({ type: 'session.close' });
    await session.closed;
    expect(session.status).toBe('completed');
  });

  it('cancelled cancels its runs, those that wait too, and ends when their bodies are gone', async () => {
    const harness = new RuntimeHarness();
    const session = harness.createSession({ maxParallelWorkflows: 1 });
    const [first, second] = ['a', 'b'].map((name) => harness.startRun(session, { [name]: {} }));
    await turn();
    session.actor.send({ type: 'session.cancel', reason: 'enough' });
    await second?.ended;
    expect(session.status).toBe('active');
    harness.executor.stopped('a');
    await session.closed;
    expect([session.status, first?.run.status, second?.run.status]).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(second?.run.reason).toBe('enough');
  });

  it('fails at its deadline, and has none before its first run', async () => {
    const harness = new RuntimeHarness();
    const session = harness.createSession({ timeoutMs: 100 });
    harness.timers.advance(1_000);
    expect(session.status).toBe('pending');
    harness.startRun(session, { a: {} });
    await turn();
    harness.timers.advance(100);
    harness.executor.stopped('a');
    await session.closed;
    expect(session.status).toBe('failed');
    expect(harness.timers.pending).toBe(0);
  });
});

describe('the resources of a session', () => {
  it('are waited for before its first run starts, held until its end, given back once', async () => {
    const harness = new RuntimeHarness();
    const wait = Promise.withResolvers<{ release(): void }>();
    let released = 0;
    const session = harness.createSession({}, () => wait.promise);
    const { run } = harness.startRun(session, { a: {} });
    await turn();
    expect(run.status).toBe('pending');
    wait.resolve({ release: () => void released++ });
    await turn();
    expect(harness.executor.running).toEqual(['a']);
    session.actor.send({ type: 'session.close' });
    expect(released).toBe(0);
    harness.executor.complete('a');
    await session.closed;
    expect(released).toBe(1);
  });

  it('that cannot be had cancel it, and the reason says so', async () => {
    const harness = new RuntimeHarness();
    const session = harness.createSession({}, () => Promise.reject(new Error('no licence left')));
    const { run, ended } = harness.startRun(session, { a: {} });
    await ended;
    await session.closed;
    expect([run.status, session.status]).toEqual(['cancelled', 'cancelled']);
    expect(run.reason).toContain('no licence left');
  });

  it('are not waited for any more once it has ended, and come back if they come all the same', async () => {
    const harness = new RuntimeHarness();
    const wait = Promise.withResolvers<{ release(): void }>();
    const signals: AbortSignal[] = [];
    let released = 0;
    const session = harness.createSession({}, (signal) => {
      signals.push(signal);
      return wait.promise;
    });
    harness.startRun(session, { a: {} });
    session.actor.send({ type: 'session.cancel', reason: 'enough' });
    await session.closed;
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    wait.resolve({ release: () => void released++ });
    await turn();
    expect(released).toBe(1);
    expect(session.status).toBe('cancelled');
  });
});
