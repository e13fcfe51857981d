// Attempts over virtual time: retries, deadlines, cancellation, capacity given back once, late and unknown outcomes.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldRun } from '../../src/journal/run-history.ts';
import { requestOf } from '../scheduling/memory-capacity.ts';
import { RuntimeHarness, specOf, turn } from './runtime-harness.ts';

function submit(harness: RuntimeHarness, name: string, facts: Parameters<typeof specOf>[1] = {}) {
  return harness.singles.submit(specOf(name, facts), {}, []).taskId;
}

describe('a failed attempt', () => {
  it('is repeated after its delay, with the same idempotency key and the next number', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a', { maxAttempts: 3 });
    await turn();
    harness.executor.fail('a');
    expect(harness.singles.get(id)?.status).toBe('retrying');
    harness.timers.advance(999);
    await turn();
    expect(harness.executor.running).toEqual([]);
    harness.timers.advance(1);
    await turn();
    harness.executor.fail('a');
    harness.timers.advance(2_000);
    await turn();
    harness.executor.complete('a', 'third time');
    const { started } = harness.executor;
    expect(started.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(new Set(started.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(new Set(started.map(({ attemptKey }) => attemptKey)).size).toBe(3);
    expect(harness.singles.get(id)).toMatchObject({
      status: 'completed',
      output: 'third time',
      attempts: 3,
      error: null,
    });
    expect(harness.timers.pending).toBe(0);
  });

  it('holds neither slot nor capacity while it waits for the next', async () => {
    const harness = new RuntimeHarness({ capacities: [1] });
    submit(harness, 'a', { maxAttempts: 2, request: requestOf([0, 1]) });
    submit(harness, 'b', { request: requestOf([0, 1]) });
    await turn();
    harness.executor.fail('a');
    expect(harness.executor.running).toEqual(['b']);
    expect(harness.capacity.held).toBe(1);
  });

  it('whose parameters cannot be made fails without reaching an executor', async () => {
    const harness = new RuntimeHarness();
    const session = harness.createSession();
    const { run, ended } = harness.startRun(session, {
      a: {
        parameters: () => {
          throw new Error('reference finds nothing');
        },
      },
    });
    await ended;
    expect(run.errorOf(0)).toMatchObject({ code: 'REFERENCE_INVALID', message: 'reference finds nothing' });
    expect(harness.executor.started).toEqual([]);
    expect(harness.scheduler.inFlight).toBe(0);
  });
});

describe('a deadline', () => {
  it('stops the body with the grace, and the slot comes back only when it is gone', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'slow', { timeoutMs: 50 });
    submit(harness, 'next');
    await turn();
    harness.timers.advance(49);
    expect(harness.executor.stops).toEqual([]);
    harness.timers.advance(1);
    expect(harness.executor.stops).toEqual([{ attemptKey: 1, graceMs: 250 }]);
    expect(harness.singles.get(id)?.status).toBe('running');
    expect(harness.executor.running).toEqual(['slow']);
    harness.executor.stopped('slow');
    expect(harness.singles.get(id)).toMatchObject({ status: 'failed', error: { code: 'TASK_TIMEOUT' } });
    expect(harness.executor.running).toEqual(['next']);
  });

  it('is taken back with the end of the attempt, and each attempt has its own', async () => {
    const harness = new RuntimeHarness();
    submit(harness, 'a', { timeoutMs: 1_500, maxAttempts: 2 });
    await turn();
    harness.timers.advance(1_400);
    harness.executor.fail('a');
    harness.timers.advance(1_000);
    await turn();
    harness.timers.advance(1_499);
    expect(harness.executor.stops).toEqual([]);
    harness.executor.complete('a');
    expect(harness.timers.pending).toBe(0);
  });
});

describe('cancel', () => {
  it('of a running attempt gives capacity back when the body is gone, once', async () => {
    const harness = new RuntimeHarness({ capacities: [1] });
    const id = submit(harness, 'a', { request: requestOf([0, 1]) });
    await turn();
    expect(harness.singles.cancel(id, 'enough')).toBe(true);
    expect(harness.singles.cancel(id, 'again')).toBe(true);
    expect(harness.capacity.held).toBe(1);
    expect(harness.singles.get(id)?.status).toBe('cancelling');
    harness.executor.complete('a', 'too late');
    expect(harness.capacity.held).toBe(0);
    expect(harness.singles.get(id)).toMatchObject({ status: 'cancelled', reason: 'enough', output: null });
  });

  it('of a task that waits for capacity lets those behind it go at once', async () => {
    const harness = new RuntimeHarness({ slots: 3, capacities: [4] });
    submit(harness, 'first', { request: requestOf([0, 1]) });
    await turn();
    const wide = submit(harness, 'wide', { request: requestOf([0, 4]) });
    await turn();
    submit(harness, 'narrow', { request: requestOf([0, 2]) });
    await turn();
    expect(harness.executor.running).toEqual(['first']);
    harness.singles.cancel(wide, 'not needed');
    await turn();
    expect(harness.executor.running).toEqual(['first', 'narrow']);
  });
});

describe('outcomes', () => {
  it('of attempts that are unknown or over change nothing', async () => {
    const harness = new RuntimeHarness();
    const id = submit(harness, 'a');
    await turn();
    harness.executor.complete('a', 1);
    harness.runner.settled(1, { kind: 'completed', output: 2, threadId: 0 });
    harness.runner.settled(99, { kind: 'completed', output: 3, threadId: 0 });
    harness.runner.progress(1, 1, null);
    harness.runner.log(99, 'info', 'x', null);
    expect(harness.singles.get(id)?.output).toBe(1);
    expect(harness.heard('task.progress', 'task.log')).toEqual([]);
  });

  it('that give an attempt back put the task into the queue again, uncounted', async () => {
    const harness = new RuntimeHarness({ capacities: [1] });
    const id = submit(harness, 'a', { request: requestOf([0, 1]) });
    await turn();
    harness.executor.giveBack('a');
    await turn();
    expect(harness.executor.started.map(({ attempt }) => attempt)).toEqual([1, 1]);
    harness.executor.complete('a');
    expect(harness.singles.get(id)).toMatchObject({ status: 'completed', attempts: 1 });
    expect(harness.capacity.held).toBe(0);
  });
});

const moves = fc.oneof(
  fc.record({ do: fc.constant('submit' as const), n: fc.nat(3) }),
  fc.record({
    do: fc.constantFrom('complete' as const, 'fail' as const, 'stopped' as const, 'giveBack' as const, 'beat' as const),
    n: fc.nat(9),
  }),
  fc.record({ do: fc.constant('cancel' as const), n: fc.nat(30) }),
  fc.record({ do: fc.constant('advance' as const), n: fc.integer({ min: 1, max: 3_000 }) }),
  fc.record({ do: fc.constantFrom('hold' as const, 'resume' as const), n: fc.constant(0) }),
);
type Move = typeof moves extends fc.Arbitrary<infer T> ? T : never;

function perform(harness: RuntimeHarness, ids: ReturnType<typeof submit>[], { do: what, n }: Move): void {
  const { executor } = harness;
  switch (what) {
    case 'submit': {
      const request = n === 0 ? {} : { request: requestOf([0, Math.min(n, 2)]) };
      const limits = { timeoutMs: 800, totalTimeoutMs: 2_500, heartbeatTimeoutMs: 400 + 100 * n };
      ids.push(submit(harness, `t${ids.length}`, { maxAttempts: 1 + n, ...limits, ...request }));
      return;
    }
    case 'advance':
      harness.timers.advance(n);
      return;
    case 'hold':
    case 'resume':
      harness.gate.send({ type: `dispatch.${what}` });
      return;
    case 'cancel': {
      const id = ids[n % Math.max(1, ids.length)];
      if (id !== undefined) harness.singles.cancel(id, 'test');
      return;
    }
    default: {
      const running = executor.running[n % Math.max(1, executor.running.length)];
      if (running !== undefined) executor[what](running);
    }
  }
}

async function runToEnd(harness: RuntimeHarness): Promise<void> {
  harness.gate.send({ type: 'dispatch.resume' });
  for (let round = 0; round < 500 && harness.singles.open > 0; round++) {
    await turn();
    for (const name of harness.executor.running) harness.executor.complete(name);
    harness.timers.advance(5_000);
  }
}

describe('in any history', () => {
  it('every task ends once, capacity and timers come back, events and facts agree', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(moves, { maxLength: 40, size: 'max' }), async (history) => {
        const harness = new RuntimeHarness({ slots: 2, capacities: [2] });
        const ids: ReturnType<typeof submit>[] = [];
        for (const move of history) {
          perform(harness, ids, move);
          await Promise.resolve();
        }
        await runToEnd(harness);
        expect(harness.singles.open).toBe(0);
        expect([harness.capacity.held, harness.capacity.marked, harness.timers.pending]).toEqual([0, 0, 0]);
        expect([harness.scheduler.inFlight, harness.runner.liveCount]).toEqual([0, 0]);
        const endings = harness.events.filter(({ type }) => /completed|failed|cancelled/.test(type));
        expect(endings.map(({ taskId }) => taskId).sort()).toEqual([...ids].sort());
        for (const id of ids) {
          const folded = [...(foldRun([...harness.journal.read(id)])?.tasks.values() ?? [])];
          const live = harness.singles.get(id);
          expect(folded).toMatchObject([{ status: live?.status, output: live?.output ?? null, dueMs: null }]);
          expect(folded[0]?.status === 'failed' ? folded[0].error : null).toEqual(live?.error ?? null);
        }
        const { length } = harness.executor.started;
        expect(harness.heard('task.started')).toHaveLength(length);
        const facts = [...harness.journal.read()].filter(({ fact }) => fact.type === 'task.started');
        expect(facts).toHaveLength(length);
      }),
      { numRuns: 300 },
    );
  });
});
