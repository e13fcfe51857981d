// Children of one template (simple_one_for_one) beyond the numbered cases: arguments, names, many of them, awkward moments.

import { describe, expect, it } from 'vitest';
import { type AnyActorRef, createMachine, fromPromise } from 'xstate';
import { type ActorSupervisor, startSupervisor, supervisorOf } from '../../src/actors/supervisor.ts';
import type { ChildSpec } from '../../src/actors/supervisor-child-spec.ts';
import type { SupervisorFlags } from '../../src/actors/supervisor-flags.ts';
import { createSupervisorLogic } from '../../src/actors/supervisor-logic.ts';
import { ControlledChildren } from '../support/controlled-children.ts';
import { ManualTimers } from '../support/manual-timers.ts';

const idle = createMachine({});

function setUp(template: Partial<ChildSpec> = {}, flags: Partial<SupervisorFlags> = {}) {
  const timers = new ManualTimers();
  const children = new ControlledChildren(timers);
  const supervisor = startSupervisor(
    { strategy: 'simple_one_for_one', intensity: 1_000, ...flags },
    [{ ...children.spec('job'), ...template }],
    { clock: timers, timers },
  );
  return { timers, children, supervisor };
}

const counts = (supervisor: ActorSupervisor): number[] => Object.values(supervisor.countChildren());

function present(ref: AnyActorRef | undefined): AnyActorRef {
  return ref ?? expect.unreachable();
}

describe('dynamic children', () => {
  it('are started, and started again, with their own arguments', async () => {
    const given: unknown[][] = [];
    const crashing = createMachine({
      on: {
        crash: {
          actions: () => {
            throw new Error('crash');
          },
        },
      },
    });
    const start = (...args: unknown[]): ReturnType<ChildSpec['start']> => {
      given.push(args);
      return { logic: crashing };
    };
    const { supervisor } = setUp({ start });
    await supervisor.startChild('first', 1);
    const second = await supervisor.startChild('second', { two: 2 });
    present(second).send({ type: 'crash' });
    expect(given).toEqual([
      ['first', 1],
      ['second', { two: 2 }],
      ['second', { two: 2 }],
    ]);
  });

  it('have actors named after the template, each one its own, kept over a restart', async () => {
    const { supervisor, children } = setUp();
    const refs = [await supervisor.startChild(), await supervisor.startChild()].map(present);
    expect(refs.map(({ id }) => id)).toEqual(['job:1', 'job:2']);
    children.exit(refs[1], 'error');
    expect(supervisor.child('job:2')).not.toBe(refs[1]);
    expect(supervisor.child('job:2')?.getSnapshot().status).toBe('active');
    expect(supervisor.child('job')).toBeUndefined();
  });

  it('that ended leave nothing behind', async () => {
    const { supervisor, children } = setUp({ restart: 'transient' });
    for (let index = 0; index < 100; index++) children.exit(await supervisor.startChild(), 'normal');
    expect(counts(supervisor)).toEqual([1, 0, 0, 0]);
    expect(supervisor.whichChildren()).toEqual([]);
  });

  it('do not start: the fault is given, nothing is kept', async () => {
    const { supervisor, children } = setUp();
    children.failNextStarts('job', 1);
    await expect(supervisor.startChild()).rejects.toMatchObject({ code: 'SUPERVISOR_START_FAILED' });
    expect(counts(supervisor)).toEqual([1, 0, 0, 0]);
    await supervisor.startChild();
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it('may be ended while they are in a restart loop, by the actor that they lost', async () => {
    const { supervisor, children, timers } = setUp();
    const ref = present(await supervisor.startChild());
    children.failNextStarts('job', Number.POSITIVE_INFINITY);
    children.exit(ref, 'error');
    expect(supervisor.whichChildren()).toEqual([{ id: undefined, child: 'restarting', type: 'worker' }]);
    await supervisor.terminateChild(ref);
    expect(supervisor.whichChildren()).toEqual([]);
    expect(timers.pending).toBe(0);
  });

  it('that answer ignore in a restart are gone', async () => {
    let starts = 0;
    const start = (): ReturnType<ChildSpec['start']> => (starts++ === 0 ? { logic: idle } : 'ignore');
    const { supervisor } = setUp({ start });
    supervisor.exitChild(present(await supervisor.startChild()), 'kill');
    expect(starts).toBe(2);
    expect(counts(supervisor)).toEqual([1, 0, 0, 0]);
  });

  it('end their supervisor when the last significant one has ended', async () => {
    const significant = { restart: 'transient', significant: true } as const;
    const { supervisor, children } = setUp(significant, { autoShutdown: 'all_significant' });
    const refs = [await supervisor.startChild(), await supervisor.startChild()];
    children.exit(refs[0], 'normal');
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
    children.exit(refs[1], 'normal');
    expect(await supervisor.done).toEqual({ reason: 'shutdown', cause: 'auto_shutdown' });
  });

  it('give their template for its id and for one of them, not for others', async () => {
    const { supervisor } = setUp({ restart: 'temporary' });
    const ref = present(await supervisor.startChild());
    for (const target of ['job', ref]) {
      expect(supervisor.getChildSpec(target)).toMatchObject({ id: 'job', restart: 'temporary' });
    }
    await supervisor.terminateChild(ref);
    for (const target of ['other', ref]) {
      expect(() => supervisor.getChildSpec(target)).toThrow(expect.objectContaining({ code: 'SUPERVISOR_CHILD' }));
    }
  });

  it('may be supervisors themselves', async () => {
    const { supervisor, children, timers } = setUp({
      type: 'supervisor',
      start: (name) => ({
        logic: createSupervisorLogic({}, [children.spec(String(name))], { clock: timers, timers }),
      }),
    });
    const inner = supervisorOf(await supervisor.startChild('x'));
    await supervisor.startChild('y');
    expect(counts(inner)).toEqual([1, 1, 0, 1]);
    expect(counts(supervisor)).toEqual([1, 2, 2, 0]);
    await supervisor.stop();
    expect(children.log).toEqual(['start x', 'start y', 'stop x shutdown', 'stop y shutdown']);
  });

  it('end side by side by the ten thousand, those that hang at one limit', async () => {
    const { supervisor, children, timers } = setUp({ shutdownMs: 1_000 });
    children.hangOnStop('job', 500);
    for (let index = 0; index < 9_990; index++) void supervisor.startChild();
    children.hangOnStop('job', Number.POSITIVE_INFINITY);
    for (let index = 0; index < 10; index++) void supervisor.startChild();
    children.takeLog();
    const stopped = supervisor.stop();
    await timers.advanceAsync(500);
    expect(children.takeLog()).toHaveLength(9_990);
    await timers.advanceAsync(499);
    expect(children.takeLog()).toEqual([]);
    await timers.advanceAsync(1);
    expect(children.takeLog()).toEqual(Array.from({ length: 10 }, () => 'stop job killed'));
    expect(await stopped).toEqual({ reason: 'shutdown', cause: 'stopped' });
    expect(timers.pending).toBe(0);
  });

  it('stop at once with the actor of their supervisor', async () => {
    const { supervisor, children } = setUp();
    children.hangOnStop('job', Number.POSITIVE_INFINITY);
    for (let index = 0; index < 3; index++) void supervisor.startChild();
    children.takeLog();
    Reflect.apply(Reflect.get(supervisor.ref, 'stop'), supervisor.ref, []);
    expect(children.log).toHaveLength(3);
    await supervisor.done;
    await expect(supervisor.startChild()).rejects.toMatchObject({ details: { reason: 'noproc' } });
  });
});

describe('startChildNow', () => {
  it('gives the actor itself, under every strategy', () => {
    const { supervisor } = setUp();
    expect(supervisor.startChildNow('a')).toBe(supervisor.child('job:1'));
    const timers = new ManualTimers();
    const children = new ControlledChildren(timers);
    for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one'] as const) {
      const listed = startSupervisor({ strategy }, [children.spec('first')], { clock: timers, timers });
      expect(listed.startChildNow(children.spec('late'))).toBe(listed.child('late'));
      expect(listed.child('late')?.getSnapshot().status).toBe('active');
      expect(() => listed.startChildNow(children.spec('late'))).toThrow(/running already/);
    }
  });

  it('overtakes requests that wait, where siblings do not matter, and is refused as busy where they do', async () => {
    for (const strategy of ['one_for_one', 'rest_for_one'] as const) {
      const timers = new ManualTimers();
      const children = new ControlledChildren(timers);
      children.hangOnStop('slow', 100);
      const supervisor = startSupervisor({ strategy }, [children.spec('slow')], { clock: timers, timers });
      const terminated = supervisor.terminateChild('slow');
      if (strategy === 'one_for_one') expect(supervisor.startChildNow(children.spec('b'))).toBeDefined();
      else expect(() => supervisor.startChildNow(children.spec('b'))).toThrow(/startChild, which waits/);
      await timers.advanceAsync(100);
      await terminated;
      expect(counts(supervisor)).toEqual(strategy === 'one_for_one' ? [2, 1, 0, 2] : [1, 0, 0, 1]);
    }
  });

  it('leaves no actor behind when the child’s own start ends the supervisor', async () => {
    let made: AnyActorRef | undefined;
    const suicidal = createMachine({
      entry: ({ self }) => {
        made = self;
        Reflect.apply(Reflect.get(supervisor.ref, 'stop'), supervisor.ref, []);
      },
    });
    const { supervisor } = setUp({ start: () => ({ logic: suicidal }) });
    expect(() => supervisor.startChildNow()).toThrow(expect.objectContaining({ code: 'SUPERVISOR_START_FAILED' }));
    expect(made?.getSnapshot().status).toBe('stopped');
    await supervisor.done;
  });
});

describe('a crash among many', () => {
  it('of promise actors, each restarted by itself', async () => {
    let runs = 0;
    const start = (...[fails]: unknown[]): ReturnType<ChildSpec['start']> => ({
      logic: fromPromise(async () => {
        runs++;
        if (fails === true && runs < 200) throw new Error('again');
      }),
    });
    const { supervisor, timers } = setUp({ start, restart: 'transient' });
    for (let index = 0; index < 100; index++) void supervisor.startChild(index % 2 === 0);
    while (supervisor.countChildren().workers > 0) await timers.advanceAsync(1);
    expect(runs).toBeGreaterThanOrEqual(200);
  });
});
