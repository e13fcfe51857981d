// Exit reasons: what ends of XState actors are taken as, ends from outside, and children or surroundings that misbehave.

import { describe, expect, it } from 'vitest';
import { type AnyActorRef, createMachine, fromPromise } from 'xstate';
import { type ActorSupervisor, startSupervisor, supervisorOf } from '../../src/actors/supervisor.ts';
import type { ChildSpec } from '../../src/actors/supervisor-child-spec.ts';
import { exitOfError, isAbnormal, PlannedShutdown } from '../../src/actors/supervisor-exit.ts';
import type { SupervisorFlags } from '../../src/actors/supervisor-flags.ts';
import { createSupervisorLogic } from '../../src/actors/supervisor-logic.ts';
import type { RuntimeEventType } from '../../src/domain/events.ts';
import { ControlledChildren } from '../support/controlled-children.ts';
import { ManualTimers } from '../support/manual-timers.ts';
import { collectUncaughtErrors } from '../support/uncaught-errors.ts';

function setUp(specs: (children: ControlledChildren) => ChildSpec[], flags: Partial<SupervisorFlags> = {}) {
  const timers = new ManualTimers();
  const children = new ControlledChildren(timers);
  const events: { type: RuntimeEventType; data: Readonly<Record<string, unknown>> }[] = [];
  const sink = {
    wants: () => true,
    emit: (type: RuntimeEventType, _subject: unknown, data = {}) => void events.push({ type, data }),
  };
  const environment = { clock: timers, timers, events: sink, id: 'top' };
  const supervisor = startSupervisor({ intensity: 100, ...flags }, specs(children), environment);
  children.takeLog();
  return { timers, children, supervisor, events };
}

function nestedLogic(specs: () => ChildSpec[]): ReturnType<typeof createSupervisorLogic> {
  const timers = new ManualTimers();
  return createSupervisorLogic({}, specs, { clock: timers, timers });
}

const counts = (supervisor: ActorSupervisor): number[] => Object.values(supervisor.countChildren());

/** An actor that throws what it is sent. */
const thrower = createMachine({
  types: {} as { events: { type: 'throw'; thrown: unknown } },
  on: {
    throw: {
      actions: ({ event }) => {
        throw event.thrown;
      },
    },
  },
});

const throwing = (id: string, more: Partial<ChildSpec> = {}): ChildSpec => ({
  id,
  ...more,
  start: () => ({ logic: thrower }),
});

describe('a planned shutdown', () => {
  it('is no abnormal end; its reason is the detail', () => {
    expect(exitOfError(new PlannedShutdown())).toEqual({ kind: 'shutdown' });
    expect(exitOfError(new PlannedShutdown('done for today'))).toEqual({ kind: 'shutdown', detail: 'done for today' });
    expect(isAbnormal(exitOfError(new PlannedShutdown('x')))).toBe(false);
    for (const error of [new Error('x'), 'x', undefined, null, {}]) {
      expect(exitOfError(error)).toEqual({ kind: 'error', error });
    }
  });

  it('is recognised when it comes from another copy of the package', () => {
    const foreign = Object.assign(new Error('elsewhere'), {
      reason: 'x',
      [Symbol.for('yardmaster.PlannedShutdown')]: true,
    });
    expect(exitOfError(foreign)).toEqual({ kind: 'shutdown', detail: 'x' });
  });

  it('of a rejected promise ends a significant child, and the supervisor with it', async () => {
    const logic = fromPromise(async () => {
      throw new PlannedShutdown({ processed: 7 });
    });
    const spec = { id: 'batch', restart: 'transient', significant: true, start: () => ({ logic }) } as const;
    const { supervisor, events } = setUp(() => [spec], { autoShutdown: 'any_significant' });
    expect(await supervisor.done).toEqual({ reason: 'shutdown', cause: 'auto_shutdown' });
    expect(events).toEqual([]);
  });

  it('restarts a permanent child, and the report has the reason', () => {
    const { supervisor, events } = setUp(() => [throwing('a')]);
    supervisor.child('a')?.send({ type: 'throw', thrown: new PlannedShutdown({ moved: true }) });
    expect(supervisor.child('a')?.getSnapshot().status).toBe('active');
    expect(events).toMatchObject([
      { type: 'supervisor.restarted', data: { reason: 'shutdown', detail: { moved: true }, restarts: 1 } },
    ]);
  });

  it('in its start is a start that failed', () => {
    const logic = createMachine({
      entry: () => {
        throw new PlannedShutdown('not today');
      },
    });
    expect(() => setUp(() => [{ id: 'a', start: () => ({ logic }) }])).toThrow(
      /did not start: planned shutdown: not today/,
    );
  });
});

describe('exitChild', () => {
  it('kill ends a child at once, as an abnormal end', () => {
    const { supervisor, children, events, timers } = setUp((made) => {
      made.hangOnStop('a', Number.POSITIVE_INFINITY);
      return [made.spec('a', { restart: 'transient' })];
    });
    const before = supervisor.child('a');
    timers.advance(250);
    supervisor.exitChild('a', 'kill');
    expect(children.log).toEqual(['stop a killed', 'start a']);
    expect(supervisor.child('a')).not.toBe(before);
    expect(events).toMatchObject([
      { type: 'supervisor.child-crashed', data: { reason: 'killed', context: 'child_terminated', livedMs: 250 } },
      { type: 'supervisor.restarted', data: { reason: 'killed', children: ['a'], livedMs: 250 } },
    ]);
  });

  it('shutdown asks, and the end is a shutdown of its own', async () => {
    const { supervisor, children, timers, events } = setUp((made) => {
      made.hangOnStop('a', 100);
      return [made.spec('a', { restart: 'transient' }), made.spec('p')];
    });
    supervisor.exitChild('a', 'shutdown');
    expect(children.takeLog()).toEqual([]);
    await timers.advanceAsync(100);
    expect(children.takeLog()).toEqual(['exit a normal']);
    expect(supervisor.child('a')).toBeUndefined();
    supervisor.exitChild('p', 'shutdown');
    expect(children.takeLog()).toEqual(['stop p shutdown', 'start p']);
    children.hangOnStop('p', 100);
    supervisor.exitChild('p', 'kill');
    supervisor.exitChild('p', 'shutdown');
    await timers.advanceAsync(100);
    expect(children.takeLog()).toEqual(['stop p shutdown', 'start p', 'exit p normal', 'start p']);
    const restarts = events.filter(({ type }) => type === 'supervisor.restarted');
    expect(restarts.map(({ data }) => [data.child, data.reason])).toEqual([
      ['p', 'shutdown'],
      ['p', 'killed'],
      ['p', 'shutdown'],
    ]);
  });

  it('is harmless for an actor that has ended, and refused for one of somebody else', async () => {
    const { supervisor, children } = setUp((made) => [made.spec('a')]);
    const other = setUp((made) => [made.spec('x')]).supervisor.child('x');
    const old = supervisor.child('a');
    children.exit(old, 'error');
    const current = supervisor.child('a');
    if (old === undefined || other === undefined) return expect.unreachable();
    supervisor.exitChild(old, 'kill');
    expect(supervisor.child('a')).toBe(current);
    expect(() => supervisor.exitChild(other, 'kill')).toThrow(/there is no child 'x'/);
    expect(() => supervisor.exitChild('nobody', 'kill')).toThrow(/there is no child 'nobody'/);
    await supervisor.stop();
    expect(() => supervisor.exitChild('a', 'kill')).toThrow(/has ended/);
  });

  it('kill reaches a child that its supervisor is waiting for', async () => {
    const { supervisor, children } = setUp((made) => {
      made.hangOnStop('a', Number.POSITIVE_INFINITY);
      return [made.spec('a', { shutdownMs: 'infinity' })];
    });
    const stopped = supervisor.stop();
    supervisor.exitChild('a', 'kill');
    expect(await stopped).toEqual({ reason: 'shutdown', cause: 'stopped' });
    expect(children.log).toEqual(['stop a killed']);
  });
});

describe('reports', () => {
  it('say which starts failed in a restart loop, and why the supervisor gave up', async () => {
    const { supervisor, children, events, timers } = setUp((made) => [made.spec('a'), made.spec('b')], {
      intensity: 2,
      strategy: 'one_for_all',
    });
    children.failNextStarts('b', Number.POSITIVE_INFINITY);
    children.exit(supervisor.child('a'), 'error');
    await timers.advanceAsync(1);
    await supervisor.done;
    const [crash, failed, again, gaveUp] = events;
    expect(events).toHaveLength(4);
    expect(crash?.data).toMatchObject({
      child: 'a',
      context: 'child_terminated',
      restarts: 0,
      strategy: 'one_for_all',
    });
    expect(failed?.data).toMatchObject({ child: 'b', context: 'start_error', restarts: 1, livedMs: 0 });
    expect(again?.data).toMatchObject({ child: 'b', context: 'start_error', restarts: 2 });
    expect(gaveUp).toMatchObject({
      type: 'supervisor.gave-up',
      data: {
        child: 'b',
        children: ['a', 'b'],
        affected: 2,
        restarts: 3,
        intensity: 2,
        error: { message: 'b cannot start' },
      },
    });
  });

  it('say who had to be killed in a stop, but not who was to be', async () => {
    const { supervisor, events, timers } = setUp((made) => {
      for (const id of ['slow', 'brutal']) made.hangOnStop(id, Number.POSITIVE_INFINITY);
      return [made.spec('slow', { shutdownMs: 50 }), made.spec('brutal', { shutdownMs: 'brutal_kill' })];
    });
    const stopped = supervisor.stop();
    await timers.advanceAsync(50);
    await stopped;
    expect(events).toMatchObject([
      {
        type: 'supervisor.child-crashed',
        data: { child: 'slow', context: 'shutdown_error', reason: 'killed', livedMs: 50 },
      },
    ]);
    expect(events).toHaveLength(1);
  });

  it('name a bounded number of children', () => {
    const { supervisor, children, events } = setUp(
      (made) => Array.from({ length: 250 }, (_, index) => made.spec(`c${index}`)),
      { strategy: 'one_for_all', intensity: 0 },
    );
    children.exit(supervisor.child('c0'), 'error');
    const gaveUp = events.find(({ type }) => type === 'supervisor.gave-up');
    expect(gaveUp?.data.affected).toBe(250);
    expect(gaveUp?.data.children).toHaveLength(100);
  });

  it('carry reasons that are no JSON by name', () => {
    const ring: Record<string, unknown> = {};
    ring.self = ring;
    const { supervisor, events } = setUp(() => [throwing('a')]);
    for (const reason of [ring, 7n, new Error('why')]) {
      supervisor.child('a')?.send({ type: 'throw', thrown: new PlannedShutdown(reason) });
    }
    expect(events.map(({ data }) => data.detail)).toMatchObject(['[object Object]', '7', { message: 'why' }]);
  });
});

describe('children that cannot be heard', () => {
  const unlink = (ref: AnyActorRef | undefined): void => void Reflect.set(ref ?? {}, '_parent', undefined);
  const silence = (ref: AnyActorRef | undefined): void => {
    const observers: unknown = Reflect.get(ref ?? {}, 'observers');
    if (!(observers instanceof Set)) throw new Error('XState has renamed its observers');
    observers.clear();
  };

  it.each([
    ['broke the link', unlink],
    ['lost their observers', silence],
  ])('because they %s are stopped all the same, before their sibling', async (_how, mute) => {
    for (const shutdownMs of [50, 'infinity', 'brutal_kill'] as const) {
      const { supervisor, children, timers } = setUp((made) => [made.spec('a'), made.spec('mute', { shutdownMs })]);
      mute(supervisor.child('mute'));
      const stopped = supervisor.stop();
      await timers.advanceAsync(0);
      expect(await stopped).toEqual({ reason: 'shutdown', cause: 'stopped' });
      expect(children.log).toEqual(['stop mute shutdown', 'stop a shutdown']);
      expect(timers.pending).toBe(0);
    }
  });

  it('and ended meanwhile are not waited for, however long they may take', async () => {
    const { supervisor, children } = setUp((made) => {
      made.hangOnStop('mute', 10);
      return [made.spec('mute', { shutdownMs: 'infinity' })];
    });
    const ref = supervisor.child('mute');
    unlink(ref);
    silence(ref);
    const uncaught = await collectUncaughtErrors(() => children.exit(ref, 'error'));
    await supervisor.stop();
    // A root of its own now, its error is nobody's: XState throws it at the process.
    expect(uncaught).toHaveLength(1);
  });

  it('for want of observers only are restarted by what reaches the mailbox', () => {
    const { supervisor, children } = setUp((made) => [made.spec('a')]);
    const before = supervisor.child('a');
    silence(before);
    children.exit(before, 'normal');
    expect(supervisor.child('a')).not.toBe(before);
  });
});

describe('surroundings that fail', () => {
  it('timers that take no more wake-ups end the supervisor, with its children and the reason', async () => {
    const timers = new ManualTimers();
    const children = new ControlledChildren(timers);
    const broken = {
      schedule: () => {
        throw new Error('closed');
      },
      cancel: () => {},
    };
    const specs = [children.spec('a'), children.spec('b')];
    const supervisor = startSupervisor({ intensity: 5 }, specs, { clock: timers, timers: broken });
    children.failNextStarts('a', 1);
    const uncaught = await collectUncaughtErrors(() => children.exit(supervisor.child('a'), 'error'));
    expect(await supervisor.done).toMatchObject({ reason: 'error', cause: 'failed', error: { message: 'closed' } });
    expect(children.log.at(-1)).toBe('stop b shutdown');
    expect(uncaught).toEqual([]);
  });

  it('an inspector that throws keeps no stop from ending', async () => {
    const timers = new ManualTimers();
    const children = new ControlledChildren(timers);
    let isThrowing = false;
    const inspect = (): void => {
      if (isThrowing) throw new Error('no inspection');
    };
    const supervisor = startSupervisor({}, [children.spec('a')], { clock: timers, timers, inspect });
    isThrowing = true;
    const terminated = supervisor.terminateChild('a');
    isThrowing = false;
    await timers.advanceAsync(0);
    await terminated;
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
    expect(await supervisor.stop()).toEqual({ reason: 'shutdown', cause: 'stopped' });
  });
});

describe('specs made by a function', () => {
  it('are made anew at each start of a nested supervisor', async () => {
    const { supervisor, children } = setUp((made) => {
      let round = 0;
      const start: ChildSpec['start'] = () => ({
        logic: nestedLogic(() => [made.spec(`x${++round}`)]),
      });
      return [{ id: 'inner', type: 'supervisor', start }];
    });
    const inner = supervisorOf(supervisor.child('inner'));
    expect(inner.child('x1')).toBeDefined();
    supervisor.exitChild('inner', 'kill');
    expect(children.log).toEqual(['stop x1 shutdown', 'start x2']);
    expect(await inner.done).toEqual({ reason: 'shutdown', cause: 'stopped' });
  });

  it('that throws or makes nonsense is a start that failed', () => {
    const timers = new ManualTimers();
    const start = (specs: unknown): unknown =>
      Reflect.apply(startSupervisor, undefined, [{}, specs, { clock: timers, timers }]);
    const throws = (): never => {
      throw new Error('no specs');
    };
    expect(() => start(throws)).toThrow(expect.objectContaining({ code: 'SUPERVISOR_START_FAILED' }));
    expect(() => start(() => 7)).toThrow(expect.objectContaining({ code: 'SUPERVISOR_SPEC_INVALID' }));
  });
});

describe('the face of a supervisor that is gone', () => {
  it('is done, and refuses requests', async () => {
    const { supervisor, children } = setUp((made) => [
      { id: 'inner', type: 'supervisor', start: () => ({ logic: nestedLogic(() => [made.spec('x')]) }) },
    ]);
    const ref = supervisor.child('inner');
    supervisor.exitChild('inner', 'kill');
    const gone = supervisorOf(ref);
    expect(await gone.done).toEqual({ reason: 'shutdown', cause: 'stopped' });
    await expect(gone.startChild(children.spec('y'))).rejects.toMatchObject({ details: { reason: 'noproc' } });
  });
});
