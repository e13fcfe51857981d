// The task machine's own promises, on every path of the walk and on random ones.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { type TaskEvent, taskMachine } from '../../src/machines/task-machine.ts';
import { type Replay, reachability, replay, walk } from './machine-walk.ts';
import { TASK_EVENTS, taskWalk } from './task-walk.ts';

const ENDED = ['completed', 'failed', 'cancelled'];
const WITH_ATTEMPT = ['running', 'expiring', 'cancelling'];

type TaskReplay = Replay<typeof taskMachine>;

/** Every path of the walk, then many random ones that go round more often. */
function everyPath(check: (path: TaskReplay) => void): void {
  for (const maxAttempts of [1, 2]) for (const path of walk(taskWalk(maxAttempts))) check(path);
  const events = fc.array(fc.constantFrom(...TASK_EVENTS), { maxLength: 40, size: 'max' });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), events, (maxAttempts, sent) =>
      check(replay(taskWalk(maxAttempts), sent)),
    ),
    { numRuns: 700 },
  );
}

function effectsUpTo(path: TaskReplay, step: number, ...names: string[]): string[] {
  return path.effects.slice(0, path.effectsAt[step]).filter((name) => names.includes(name));
}

/** How often a path has gone from one state to another. */
function passages(path: TaskReplay, step: number, from: string, to: string): number {
  return path.states.slice(1, step + 1).filter((state, i) => state === to && path.states[i] === from).length;
}

/** How often an event has come in a state. */
function eventsIn(path: TaskReplay, type: TaskEvent['type'], state: string): number {
  return path.events.filter((event, i) => event.type === type && path.states[i] === state).length;
}

const ERROR = { name: 'Error', message: 'x', code: 'TASK_FAILED', retryable: true, details: {} };
const FAILED: TaskEvent = { type: 'attempt.failed', error: ERROR };

describe('a task', () => {
  it('starts and ends attempts strictly in turn, and has one open exactly while a body may run', () => {
    everyPath((path) => {
      for (const [step, state] of path.states.entries()) {
        const calls = effectsUpTo(path, step, 'startAttempt', 'endAttempt');
        expect(calls).toEqual(calls.map((_, i) => (i % 2 === 0 ? 'startAttempt' : 'endAttempt')));
        expect(calls.length % 2).toBe(WITH_ATTEMPT.includes(state) ? 1 : 0);
      }
    });
  });

  it('stands in the queue exactly while it is ready, and has a retry scheduled exactly while it is retrying', () => {
    everyPath((path) => {
      for (const [step, state] of path.states.entries()) {
        const count = (name: string) => effectsUpTo(path, step, name).length;
        expect(count('enqueue') - count('dequeue') - count('startAttempt')).toBe(state === 'ready' ? 1 : 0);
        const resumed = passages(path, step, 'retrying', 'ready');
        expect(count('scheduleRetry') - count('unscheduleRetry') - resumed).toBe(state === 'retrying' ? 1 : 0);
      }
    });
  });

  it('asks a body to stop only while one may run', () => {
    everyPath((path) => {
      for (const [step, state] of path.states.entries()) {
        const before = path.effectsAt[step - 1] ?? 0;
        const stops = path.effects.slice(before, path.effectsAt[step]).includes('stopAttempt');
        expect(stops && !['expiring', 'cancelling'].includes(state)).toBe(false);
      }
    });
  });

  it('makes no more attempts than it may, and says at its end how it ended', () => {
    everyPath((path) => {
      const { context, status, output } = path.final;
      const returned = eventsIn(path, 'attempt.returned', 'running') + eventsIn(path, 'attempt.returned', 'expiring');
      expect(context.attempt).toBeLessThanOrEqual(context.maxAttempts);
      expect(effectsUpTo(path, path.states.length - 1, 'startAttempt')).toHaveLength(context.attempt + returned);
      const state = path.states.at(-1) ?? '';
      expect(status === 'done').toBe(ENDED.includes(state));
      if (status !== 'done') return;
      expect(output).toMatchObject({ kind: state, attempts: context.attempt });
      if (state === 'completed') expect(output).toMatchObject({ output: { n: 1 }, error: null });
      else expect(output?.output).toBeNull();
      if (state === 'failed') expect(output?.error).not.toBeNull();
    });
  });

  it('makes room for one more attempt each time its thread is taken away, and only then', () => {
    for (const maxAttempts of [1, 2]) {
      for (const path of walk(taskWalk(maxAttempts))) {
        const taken = eventsIn(path, 'attempt.stopped', 'running');
        expect(path.final.context.maxAttempts).toBe(maxAttempts + taken);
      }
    }
    const lost: TaskEvent[] = [{ type: 'task.start' }, { type: 'attempt.stopped' }];
    const failed: TaskEvent[] = [{ type: 'task.start' }, FAILED];
    expect(replay(taskWalk(1), [...lost, ...lost, ...failed]).final.output).toMatchObject({ attempts: 3 });
    expect(replay(taskWalk(2), [...lost, ...failed]).states.at(-1)).toBe('retrying');
    expect(replay(taskWalk(Number.MAX_SAFE_INTEGER), lost).final.context.maxAttempts).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('counts on from the attempts of an earlier life', () => {
    const path = replay(taskWalk(4, [], 3), [{ type: 'task.start' }, FAILED]);
    expect(path.final.output).toMatchObject({ kind: 'failed', attempts: 4 });
    expect(replay(taskWalk(5, [], 3), [{ type: 'task.start' }, FAILED]).states.at(-1)).toBe('retrying');
  });

  it('once cancelled ends as cancelled and never completes, from every state', () => {
    const cancelledFrom = new Set<string>();
    everyPath((path) => {
      const at = path.events.findIndex(
        ({ type }, i) => type === 'task.cancel' && !ENDED.includes(path.states[i] ?? ''),
      );
      if (at < 0) return;
      cancelledFrom.add(path.states[at] ?? '');
      for (const state of path.states.slice(at + 1)) expect(state).toBeOneOf(['cancelling', 'cancelled']);
      expect(path.final.context.reason).toBe('enough');
    });
    expect([...cancelledFrom].sort()).toEqual(['expiring', 'ready', 'retrying', 'running']);
    expect([...(reachability(taskWalk(2)).get('cancelling') ?? [])].sort()).toEqual(['cancelled', 'cancelling']);
  });

  it('whose deadline has passed does not complete by that attempt, whatever the body does in its grace', () => {
    everyPath((path) => {
      for (const [i, event] of path.events.entries()) {
        if (path.states[i] !== 'expiring' || !event.type.startsWith('attempt.')) continue;
        // Given back by the executor: it had not begun.
        if (event.type === 'attempt.returned') continue;
        expect(path.states[i + 1]).toBeOneOf(['retrying', 'failed']);
      }
    });
  });

  it('whose whole time is up begins no attempt any more and fails with that, unless it is cancelled', () => {
    const expiredIn = new Set<string>();
    everyPath((path) => {
      const at = path.events.findIndex(
        ({ type }, i) => type === 'task.expire' && ![...ENDED, 'cancelling'].includes(path.states[i] ?? ''),
      );
      if (at < 0) return;
      expiredIn.add(path.states[at] ?? '');
      expect(effectsUpTo(path, path.states.length - 1, 'startAttempt')).toEqual(effectsUpTo(path, at, 'startAttempt'));
      const end = path.states.at(-1) ?? '';
      expect(end).toBeOneOf(['expiring', 'failed', 'cancelling', 'cancelled']);
      if (end === 'failed') expect(path.final.output?.error).toMatchObject({ code: 'TASK_TOTAL_TIMEOUT' });
    });
    expect([...expiredIn].sort()).toEqual(['expiring', 'ready', 'retrying', 'running']);
  });

  it('tells with its whole time-out what its last attempt died of', () => {
    const total: TaskEvent = { type: 'task.expire', totalTimeoutMs: 500 };
    const path = replay(taskWalk(5), [{ type: 'task.start' }, FAILED, total, total]);
    expect(path.final.output?.error).toEqual({
      name: 'RuntimeError',
      message: 'the task could not be done within its total time-out of 500 ms (1 attempt)',
      code: 'TASK_TOTAL_TIMEOUT',
      retryable: false,
      details: { attempts: 1, totalTimeoutMs: 500 },
      cause: expect.objectContaining({ code: 'TASK_FAILED' }),
    });
    const deadline: TaskEvent[] = [{ type: 'task.start' }, { type: 'task.deadline' }, total];
    expect(replay(taskWalk(5), [...deadline, { type: 'attempt.stopped' }]).final.output?.error).toMatchObject({
      code: 'TASK_TOTAL_TIMEOUT',
      cause: { code: 'TASK_TIMEOUT' },
    });
    expect(replay(taskWalk(5), [total]).final.output?.error).not.toHaveProperty('cause');
  });

  it('that is silent is tried again, unless its policy says no', () => {
    const missed: TaskEvent = { type: 'task.heartbeat-missed', heartbeatTimeoutMs: 20 };
    const events: TaskEvent[] = [{ type: 'task.start' }, missed, { type: 'attempt.stopped' }];
    const path = replay(taskWalk(2), events);
    expect([path.states.at(-2), path.states.at(-1)]).toEqual(['expiring', 'retrying']);
    expect(path.final.context.error).toMatchObject({
      code: 'TASK_HEARTBEAT_TIMEOUT',
      details: { attempt: 1, heartbeatTimeoutMs: 20 },
    });
    expect(replay(taskWalk(1), events).states.at(-1)).toBe('failed');
    expect(replay(taskWalk(2, ['TASK_HEARTBEAT_TIMEOUT']), events).states.at(-1)).toBe('failed');
  });

  it('taken up again while it waited for its retry waits once more before its next attempt', () => {
    const postpone: TaskEvent = { type: 'task.postpone', error: { ...ERROR, code: 'EARLIER' } };
    const path = replay(taskWalk(3, [], 1), [postpone, { type: 'task.start' }, { type: 'task.retry-due' }]);
    expect(path.states).toEqual(['ready', 'retrying', 'retrying', 'ready']);
    expect(path.effects).toEqual(['enqueue', 'dequeue', 'scheduleRetry', 'enqueue']);
    expect(path.final.context.error?.code).toBe('EARLIER');
  });

  it.each([
    ['a code', 'NEVER_AGAIN'],
    ['a name', 'NeverAgain'],
  ])('is not tried again for %s that is not retryable', (_name, word) => {
    const events: TaskEvent[] = [
      { type: 'task.start' },
      { type: 'attempt.failed', error: { name: word, message: 'x', code: word, retryable: true, details: {} } },
    ];
    expect(replay(taskWalk(5), events).states.at(-1)).toBe('failed');
    expect(replay(taskWalk(5, []), events).states.at(-1)).toBe('retrying');
  });

  it('is not tried again after a time-out where time-outs are not retryable', () => {
    const events: TaskEvent[] = [{ type: 'task.start' }, { type: 'task.deadline' }, { type: 'attempt.stopped' }];
    const path = replay(taskWalk(5, ['TASK_TIMEOUT']), events);
    expect(path.states.at(-1)).toBe('failed');
    expect(path.final.output?.error).toMatchObject({ code: 'TASK_TIMEOUT', details: { attempt: 1, timeoutMs: 50 } });
    expect(replay(taskWalk(5), events).states.at(-1)).toBe('retrying');
  });

  it('gives the context as plain JSON in every state', () => {
    for (const { final } of walk(taskWalk(2))) {
      expect(JSON.parse(JSON.stringify(final.context))).toEqual(final.context);
    }
  });

  it('survives effects that throw nothing and events after its end', () => {
    const actor = createActor(taskMachine, { input: taskWalk(1).input });
    actor.start();
    for (const event of TASK_EVENTS) actor.send(event);
    expect(actor.getSnapshot().status).toBe('done');
    for (const event of TASK_EVENTS) actor.send(event);
    expect(actor.getSnapshot().value).toBe('cancelled');
  });
});
