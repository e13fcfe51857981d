// Numbers in brackets are the cases of the OTP behaviour list (A start, C administration, D restart types, G shutdown).

import { describe, expect, it } from 'vitest';
import { createActor, createMachine, fromPromise } from 'xstate';
import { type ActorSupervisor, startSupervisor, supervisorOf } from '../../src/actors/supervisor.ts';
import type { ChildSpec } from '../../src/actors/supervisor-child-spec.ts';
import { SupervisorStartError } from '../../src/actors/supervisor-errors.ts';
import type { SupervisorFlags } from '../../src/actors/supervisor-flags.ts';
import { createSupervisorLogic } from '../../src/actors/supervisor-logic.ts';
import { startSupervisor as startOnRealTime } from '../../src/engine/start-supervisor.ts';
import { ControlledChildren } from '../support/controlled-children.ts';
import { ManualTimers } from '../support/manual-timers.ts';
import { collectUncaughtErrors } from '../support/uncaught-errors.ts';

interface Fixture {
  readonly timers: ManualTimers;
  readonly children: ControlledChildren;
  start(specs: readonly ChildSpec[], flags?: Partial<SupervisorFlags>): ActorSupervisor;
}

function setUp(): Fixture {
  const timers = new ManualTimers();
  const children = new ControlledChildren(timers);
  return {
    timers,
    children,
    start: (specs, flags = {}) => startSupervisor(flags, specs, { clock: timers, timers }),
  };
}

function thrownBy(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return expect.unreachable();
}

const refused = (reason: string) => ({ code: 'SUPERVISOR_CHILD', details: { reason } });
const counts = (supervisor: ActorSupervisor): number[] => Object.values(supervisor.countChildren());

describe('supervisor start', () => {
  it('fills in the defaults of a worker and of a supervisor [2, 3]', () => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('w'), children.spec('s', { type: 'supervisor' })]);
    expect(supervisor.getChildSpec('w')).toMatchObject({
      id: 'w',
      restart: 'permanent',
      significant: false,
      type: 'worker',
      shutdownMs: 5_000,
    });
    expect(supervisor.getChildSpec('s')).toMatchObject({ type: 'supervisor', shutdownMs: 'infinity' });
    expect(() => supervisor.getChildSpec('x')).toThrow(expect.objectContaining(refusedShape('not_found')));
  });

  it('starts children in order and returns when all have started [5]', () => {
    const { children, start } = setUp();
    const supervisor = start(['a', 'b', 'c'].map((id) => children.spec(id)));
    expect(children.log).toEqual(['start a', 'start b', 'start c']);
    expect(supervisor.whichChildren()).toEqual(
      ['a', 'b', 'c'].map((id) => ({ id, child: supervisor.child(id), type: 'worker' })),
    );
    expect(supervisor.child('a')?.getSnapshot().status).toBe('active');
  });

  it('stops those before a child that does not start, last first, and fails [6]', async () => {
    const { children, start } = setUp();
    children.failNextStarts('c', 1);
    const uncaught = await collectUncaughtErrors(() => {
      expect(() => start(['a', 'b', 'c', 'd'].map((id) => children.spec(id)))).toThrow(
        expect.objectContaining({
          code: 'SUPERVISOR_START_FAILED',
          message: expect.stringMatching(/child 'c' did not start: c cannot start/),
        }),
      );
    });
    expect(children.log).toEqual(['start a', 'start b', 'fail c', 'stop b shutdown', 'stop a shutdown']);
    expect(uncaught).toEqual([]);
  });

  it('fails alike when the logic itself throws in its start or makes no sense [6, 8]', () => {
    const { children, start } = setUp();
    const throwing = createMachine({
      entry: () => {
        throw new Error('entry failed');
      },
    });
    // What a caller without types could write.
    const untyped = (given: unknown): ChildSpec['start'] => Reflect.get({ given: () => given } as object, 'given');
    const bad: [string, ChildSpec['start']][] = [
      ['entry failed', () => ({ logic: throwing })],
      ['it must give', untyped({ logic: 'none' })],
      ['a promise', untyped(Promise.resolve({}))],
    ];
    for (const [message, begin] of bad) {
      expect(() => start([children.spec('a'), { id: 'bad', start: begin }])).toThrow(message);
      expect(children.takeLog()).toEqual(['start a', 'stop a shutdown']);
    }
  });

  it('tells when the children before a failed one are gone, if they take their time [6]', async () => {
    const { children, timers, start } = setUp();
    children.hangOnStop('a', 300);
    children.failNextStarts('b', 1);
    const failure = thrownBy(() => start([children.spec('a'), children.spec('b')]));
    expect(failure).toBeInstanceOf(SupervisorStartError);
    expect(children.log).toEqual(['start a', 'fail b']);
    await timers.advanceAsync(300);
    await (failure instanceof SupervisorStartError ? failure.stopped : expect.unreachable());
    expect(children.log).toEqual(['start a', 'fail b', 'exit a normal']);
    expect(timers.pending).toBe(0);
  });

  it('starts and stops without children [7]', async () => {
    const supervisor = setUp().start([]);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    expect(await supervisor.stop()).toEqual({ reason: 'shutdown', cause: 'stopped' });
    expect(await supervisor.done).toEqual({ reason: 'shutdown', cause: 'stopped' });
  });

  it('keeps the spec of a child that answers ignore, unless it is temporary [9]', async () => {
    const { children, start } = setUp();
    for (const id of ['p', 't']) children.ignoreStarts(id);
    const supervisor = start([children.spec('a'), children.spec('p'), children.spec('t', { restart: 'temporary' })]);
    expect(counts(supervisor)).toEqual([2, 1, 0, 2]);
    expect(supervisor.whichChildren()[1]).toEqual({ id: 'p', child: undefined, type: 'worker' });
    expect(await supervisor.startChild(children.spec('t', { restart: 'temporary' }))).toBeUndefined();
    expect(counts(supervisor)).toEqual([2, 1, 0, 2]);
  });
});

function refusedShape(reason: string) {
  return { code: 'SUPERVISOR_CHILD', details: expect.objectContaining({ reason }) };
}

describe('supervisor administration', () => {
  it('adds a child and refuses its id while it is there [30, 31]', async () => {
    const { children, start } = setUp();
    const supervisor = start([]);
    const ref = await supervisor.startChild(children.spec('a'));
    expect(supervisor.child('a')).toBe(ref);
    await expect(supervisor.startChild(children.spec('a'))).rejects.toMatchObject({
      code: 'SUPERVISOR_CHILD',
      details: { reason: 'already_started', child: ref },
    });
    expect(supervisor.child('a')).toBe(ref);
    await supervisor.terminateChild('a');
    await expect(supervisor.startChild(children.spec('a'))).rejects.toMatchObject(refused('already_present'));
  });

  it('terminates a child for good, keeps its spec, and may be asked twice [32, 33, 34]', async () => {
    const { children, timers, start } = setUp();
    const supervisor = start([children.spec('a')]);
    await supervisor.terminateChild('a');
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
    await supervisor.terminateChild('a');
    await timers.advanceAsync(60_000);
    expect(children.log).toEqual(['start a', 'stop a shutdown']);
    await expect(supervisor.terminateChild('x')).rejects.toMatchObject(refused('not_found'));
  });

  it('restarts a stopped child only [35, 36, 37]', async () => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('a')]);
    const before = supervisor.child('a');
    await expect(supervisor.restartChild('a')).rejects.toMatchObject(refused('running'));
    await supervisor.terminateChild('a');
    const after = await supervisor.restartChild('a');
    expect(after).toBe(supervisor.child('a'));
    expect(after).not.toBe(before);
    await expect(supervisor.restartChild('x')).rejects.toMatchObject(refused('not_found'));
  });

  it('gives the fault of a child that does not start by request, and keeps or drops its spec as it was', async () => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('a')]);
    await supervisor.terminateChild('a');
    children.failNextStarts('a', 1);
    children.failNextStarts('b', 1);
    await expect(supervisor.restartChild('a')).rejects.toMatchObject({ code: 'SUPERVISOR_START_FAILED' });
    await expect(supervisor.startChild(children.spec('b'))).rejects.toMatchObject({ code: 'SUPERVISOR_START_FAILED' });
    expect(supervisor.whichChildren()).toEqual([{ id: 'a', child: undefined, type: 'worker' }]);
    await supervisor.restartChild('a');
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it('deletes a stopped child only [38, 39, 40]', async () => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('a')]);
    await expect(supervisor.deleteChild('a')).rejects.toMatchObject(refused('running'));
    await supervisor.terminateChild('a');
    await supervisor.deleteChild('a');
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
    await expect(supervisor.deleteChild('a')).rejects.toMatchObject(refused('not_found'));
  });

  it('answers while a child is in a restart loop, and terminateChild ends the loop [41, 62]', async () => {
    const { children, timers, start } = setUp();
    const supervisor = start([children.spec('a')], { intensity: 1_000, periodMs: 60_000 });
    children.failNextStarts('a', Number.POSITIVE_INFINITY);
    children.exit(supervisor.child('a'), 'error');
    expect(supervisor.whichChildren()).toEqual([{ id: 'a', child: 'restarting', type: 'worker' }]);
    expect(counts(supervisor)).toEqual([1, 0, 0, 1]);
    await expect(supervisor.restartChild('a')).rejects.toMatchObject(refused('restarting'));
    await expect(supervisor.deleteChild('a')).rejects.toMatchObject(refused('restarting'));
    await expect(supervisor.startChild(children.spec('a'))).rejects.toMatchObject(refused('already_present'));
    expect(timers.pending).toBe(1);
    await supervisor.terminateChild('a');
    expect(timers.pending).toBe(0);
    expect(supervisor.whichChildren()).toEqual([{ id: 'a', child: undefined, type: 'worker' }]);
  });

  it('can be stopped between two tries of a failing restart [62]', async () => {
    const { children, timers, start } = setUp();
    const supervisor = start([children.spec('a'), children.spec('b')], { intensity: 1_000 });
    children.failNextStarts('a', Number.POSITIVE_INFINITY);
    children.exit(supervisor.child('a'), 'error');
    await supervisor.stop();
    expect(children.log).toEqual(['start a', 'start b', 'exit a error', 'fail a', 'stop b shutdown']);
    expect(timers.pending).toBe(0);
  });

  it('drops the spec of a temporary child with its end, so that its id is free [42]', async () => {
    const { children, start } = setUp();
    const supervisor = start([]);
    for (const how of ['normal', 'shutdown', 'error'] as const) {
      const ref = await supervisor.startChild(children.spec('a', { restart: 'temporary' }));
      children.exit(ref, how);
      expect(supervisor.whichChildren()).toEqual([]);
    }
    await supervisor.startChild(children.spec('a', { restart: 'temporary' }));
    await supervisor.terminateChild('a');
    expect(supervisor.whichChildren()).toEqual([]);
  });

  it('refuses every request after its end, and hangs on none [45]', async () => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('a')]);
    await supervisor.stop();
    const requests = [
      supervisor.startChild(children.spec('b')),
      supervisor.terminateChild('a'),
      supervisor.restartChild('a'),
      supervisor.deleteChild('a'),
    ];
    for (const request of requests) await expect(request).rejects.toMatchObject(refused('noproc'));
    const noproc = expect.objectContaining(refusedShape('noproc'));
    expect(() => supervisor.whichChildren()).toThrow(noproc);
    expect(() => supervisor.countChildren()).toThrow(noproc);
    expect(() => supervisor.getChildSpec('a')).toThrow(noproc);
    await supervisor.stop();
  });

  it('counts a thousand children, by type, and none after all are gone [46]', async () => {
    const { children, start } = setUp();
    const supervisor = start([], { intensity: 0 });
    for (let index = 0; index < 500; index++) {
      void supervisor.startChild(children.spec(`w${index}`, { restart: 'temporary' }));
      void supervisor.startChild(children.spec(`s${index}`, { restart: 'temporary', type: 'supervisor' }));
    }
    expect(counts(supervisor)).toEqual([1_000, 1_000, 500, 500]);
    for (const { id = '' } of supervisor.whichChildren()) children.exit(supervisor.child(id), 'error');
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
  });
});

describe('supervisor restart types (one_for_one, intensity 2 in 3,600 s)', () => {
  const exits = ['normal', 'shutdown', 'error'] as const;

  it.each(exits)('restarts a permanent child after %s [48]', (how) => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('a')], { intensity: 2, periodMs: 3_600_000 });
    const before = supervisor.child('a');
    children.exit(before, how);
    expect(supervisor.child('a')).toBeDefined();
    expect(supervisor.child('a')).not.toBe(before);
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it.each(exits)('restarts a transient child only after an error, here %s [49]', (how) => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('a', { restart: 'transient' })], { intensity: 2, periodMs: 3_600_000 });
    children.exit(supervisor.child('a'), how);
    expect(counts(supervisor)).toEqual([1, how === 'error' ? 1 : 0, 0, 1]);
  });

  it.each(exits)('never restarts a temporary child, here after %s [50]', (how) => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('a', { restart: 'temporary' })], { intensity: 2, periodMs: 3_600_000 });
    children.exit(supervisor.child('a'), how);
    expect(counts(supervisor)).toEqual([0, 0, 0, 0]);
  });

  it('takes no intensity for an end without a restart [51]', async () => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('keeper')], { intensity: 0 });
    for (let index = 0; index < 5; index++) {
      children.exit(await supervisor.startChild(children.spec('t', { restart: 'temporary' })), 'error');
      children.exit(await supervisor.startChild(children.spec(`n${index}`, { restart: 'transient' })), 'normal');
    }
    expect(supervisor.child('keeper')?.getSnapshot().status).toBe('active');
  });

  it('lets a child that is done as soon as it starts be restarted on turns of its own, up to the intensity', async () => {
    const { timers, start } = setUp();
    const instant = createMachine({ initial: 'end', states: { end: { type: 'final' } } });
    let starts = 0;
    const begin = (): ReturnType<ChildSpec['start']> => {
      starts++;
      return { logic: instant };
    };
    const supervisor = start([{ id: 'instant', start: begin }], { intensity: 5 });
    expect(starts).toBe(1);
    await timers.advanceAsync(0);
    expect(starts).toBe(6);
    expect(await supervisor.done).toMatchObject({ reason: 'shutdown', cause: 'intensity' });
  });
});

describe('supervisor shutdown', () => {
  it('ends children in reverse order, one after another [56]', async () => {
    const { children, timers, start } = setUp();
    for (const id of ['b', 'c']) children.hangOnStop(id, 100);
    const supervisor = start(['a', 'b', 'c', 'd'].map((id) => children.spec(id)));
    children.takeLog();
    const stopped = supervisor.stop();
    expect(children.takeLog()).toEqual(['stop d shutdown']);
    await timers.advanceAsync(100);
    expect(children.takeLog()).toEqual(['exit c normal']);
    await timers.advanceAsync(100);
    expect(children.takeLog()).toEqual(['exit b normal', 'stop a shutdown']);
    expect(await stopped).toEqual({ reason: 'shutdown', cause: 'stopped' });
    expect(timers.pending).toBe(0);
  });

  it('lets a child end in its time, and kills one that hangs; its sibling ends in order all the same [74, 75]', async () => {
    const { children, timers, start } = setUp();
    children.hangOnStop('slow', 900);
    children.hangOnStop('hung', Number.POSITIVE_INFINITY);
    const supervisor = start([
      children.spec('sibling'),
      children.spec('slow', { shutdownMs: 1_000 }),
      children.spec('hung', { shutdownMs: 1_000 }),
    ]);
    children.takeLog();
    const stopped = supervisor.stop();
    await timers.advanceAsync(999);
    expect(children.takeLog()).toEqual([]);
    await timers.advanceAsync(1);
    expect(children.takeLog()).toEqual(['stop hung killed']);
    await timers.advanceAsync(900);
    expect(children.takeLog()).toEqual(['exit slow normal', 'stop sibling shutdown']);
    await stopped;
  });

  it('gives a brutal_kill child no time [76]', async () => {
    const { children, timers, start } = setUp();
    children.hangOnStop('a', 10);
    const supervisor = start([children.spec('a', { shutdownMs: 'brutal_kill' })]);
    await supervisor.stop();
    expect(children.log).toEqual(['start a', 'stop a killed']);
    expect(timers.pending).toBe(0);
  });

  it('waits without limit for infinity, of workers too [77]', async () => {
    const { children, timers, start } = setUp();
    children.hangOnStop('a', 10_000_000);
    const supervisor = start([children.spec('a', { shutdownMs: 'infinity' })]);
    const stopped = supervisor.stop();
    await timers.advanceAsync(9_999_999);
    expect(children.log).toEqual(['start a']);
    await timers.advanceAsync(1);
    await stopped;
    expect(children.log).toEqual(['start a', 'exit a normal']);
  });

  it.each(['permanent', 'transient', 'temporary'] as const)(
    'is not disturbed by a %s child that ends by itself meanwhile [80]',
    async (restart) => {
      for (const how of ['normal', 'shutdown', 'error'] as const) {
        const { children, timers, start } = setUp();
        children.hangOnStop('slow', 100);
        const supervisor = start([children.spec('a'), children.spec('leaver', { restart }), children.spec('slow')]);
        const leaver = supervisor.child('leaver');
        const stopped = supervisor.stop();
        const uncaught = await collectUncaughtErrors(() => children.exit(leaver, how));
        children.takeLog();
        await timers.advanceAsync(100);
        expect(await stopped).toEqual({ reason: 'shutdown', cause: 'stopped' });
        expect(children.log).toEqual(['exit slow normal', 'stop a shutdown']);
        expect(uncaught).toEqual([]);
      }
    },
  );

  it('takes a child that crashes when asked to end as ended', async () => {
    const { children, timers, start } = setUp();
    children.hangOnStop('a', Number.POSITIVE_INFINITY);
    const supervisor = start([children.spec('a')]);
    const ref = supervisor.child('a');
    const stopped = supervisor.stop();
    children.exit(ref, 'error');
    expect(await stopped).toEqual({ reason: 'shutdown', cause: 'stopped' });
    expect(timers.pending).toBe(0);
  });

  it('holds requests back while a child takes its time to end, then answers them', async () => {
    const { children, timers, start } = setUp();
    children.hangOnStop('a', 100);
    const supervisor = start([children.spec('a')]);
    const order: string[] = [];
    const terminated = supervisor.terminateChild('a').then(() => order.push('terminated'));
    const started = supervisor.startChild(children.spec('b')).then(() => order.push('started'));
    await timers.advanceAsync(50);
    expect(order).toEqual([]);
    await timers.advanceAsync(50);
    await Promise.all([terminated, started]);
    expect(order).toEqual(['terminated', 'started']);
    expect(counts(supervisor)).toEqual([2, 1, 0, 2]);
  });

  it('stops everything at once when its own actor is stopped, a child that hangs included', async () => {
    const { children, timers, start } = setUp();
    children.hangOnStop('a', Number.POSITIVE_INFINITY);
    const supervisor = start([children.spec('a'), children.spec('b')]);
    children.takeLog();
    if (!('stop' in supervisor.ref) || typeof supervisor.ref.stop !== 'function') return expect.unreachable();
    supervisor.ref.stop();
    expect(children.log).toEqual(['stop b shutdown', 'stop a killed']);
    expect(await supervisor.done).toEqual({ reason: 'shutdown', cause: 'stopped' });
    expect(timers.pending).toBe(0);
  });

  it('stops thousands of children without deep recursion', async () => {
    const { children, start } = setUp();
    const supervisor = start(Array.from({ length: 20_000 }, (_, index) => children.spec(`c${index}`)));
    children.takeLog();
    await supervisor.stop();
    expect(children.log).toHaveLength(20_000);
    expect(children.log[0]).toBe('stop c19999 shutdown');
  });
});

describe('nested supervisors', () => {
  function nest(fixture: Fixture, flags: Partial<SupervisorFlags>, more: Partial<ChildSpec> = {}): ActorSupervisor {
    const { children, timers, start } = fixture;
    const inner = (): ReturnType<ChildSpec['start']> => ({
      logic: createSupervisorLogic(flags, [children.spec('x'), children.spec('y')], { clock: timers, timers }),
    });
    return start([children.spec('a'), { id: 'inner', type: 'supervisor', ...more, start: inner }], { intensity: 10 });
  }

  it('are asked to end in order, with the time their children need', async () => {
    const fixture = setUp();
    const { children, timers } = fixture;
    children.hangOnStop('x', 100);
    const supervisor = nest(fixture, {});
    expect(children.takeLog()).toEqual(['start a', 'start x', 'start y']);
    const stopped = supervisor.stop();
    expect(children.takeLog()).toEqual(['stop y shutdown']);
    await timers.advanceAsync(100);
    await stopped;
    expect(children.takeLog()).toEqual(['exit x normal', 'stop a shutdown']);
  });

  it('are found by their ref and administered like others', async () => {
    const fixture = setUp();
    const inner = supervisorOf(nest(fixture, {}).child('inner'));
    await inner.terminateChild('x');
    expect(counts(inner)).toEqual([2, 1, 0, 2]);
    expect(() => supervisorOf(inner.child('y'))).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
  });

  it('that give up are restarted when permanent, and not when transient [73]', async () => {
    for (const restart of ['permanent', 'transient'] as const) {
      const fixture = setUp();
      const supervisor = nest(fixture, { intensity: 0 }, { restart });
      const before = supervisor.child('inner');
      const inner = supervisorOf(before);
      fixture.children.takeLog();
      fixture.children.exit(inner.child('x'), 'error');
      expect(await inner.done).toMatchObject({ reason: 'shutdown', cause: 'intensity' });
      const restarted = restart === 'permanent' ? ['start x', 'start y'] : [];
      expect(fixture.children.log).toEqual(['exit x error', 'stop y shutdown', ...restarted]);
      expect(supervisor.child('inner') === undefined).toBe(restart === 'transient');
      expect(supervisor.child('inner')).not.toBe(before);
    }
  });

  it('restart a steadily crashing child up to about the product of their intensities [72]', async () => {
    const { children, timers, start } = setUp();
    const inner = (): ReturnType<ChildSpec['start']> => ({
      logic: createSupervisorLogic({ intensity: 10 }, [children.spec('x')], { clock: timers, timers }),
    });
    const supervisor = start([{ id: 'inner', type: 'supervisor', start: inner }], { intensity: 10 });
    let crashes = 0;
    for (let ref = supervisor.child('inner'); ref !== undefined; ref = supervisor.child('inner')) {
      children.exit(supervisorOf(ref).child('x'), 'error');
      crashes++;
    }
    expect(await supervisor.done).toMatchObject({ cause: 'intensity' });
    expect(crashes).toBe(121);
  });

  it('that do not start make the outer one fail to start', () => {
    const fixture = setUp();
    fixture.children.failNextStarts('y', 1);
    expect(() => nest(fixture, {})).toThrow(/child 'inner' did not start: .*child 'y' did not start: y cannot start/);
    expect(fixture.children.log).toEqual(['start a', 'start x', 'fail y', 'stop x shutdown', 'stop a shutdown']);
  });
});

describe('awkward moments', () => {
  it('a child that asks for its own end in the middle of an event ends after it', async () => {
    const { children, start } = setUp();
    const selfish = createMachine({ on: { 'child.leave': { actions: () => void supervisor.terminateChild('self') } } });
    const supervisor: ActorSupervisor = start([{ id: 'self', start: () => ({ logic: selfish }) }, children.spec('b')]);
    const ref = supervisor.child('self');
    ref?.send({ type: 'child.leave' });
    await supervisor.startChild(children.spec('c'));
    expect(ref?.getSnapshot().status).toBe('stopped');
    expect(counts(supervisor)).toEqual([3, 2, 0, 3]);
  });

  it('a child that crashes while later ones are being started is restarted when all have started', () => {
    const { children, start } = setUp();
    let saboteur = true;
    const victim = children.spec('a');
    const beginVictim = (): ReturnType<ChildSpec['start']> => {
      const made = victim.start();
      return made === 'ignore' ? made : { ...made, systemId: 'victim' };
    };
    const supervisor = start([
      { ...victim, start: beginVictim },
      {
        id: 'b',
        start: () => {
          const logic = createMachine({
            entry: ({ self }) => {
              if (saboteur) children.exit(self.system.get('victim'), 'error');
              saboteur = false;
            },
          });
          return { logic };
        },
      },
      children.spec('c'),
    ]);
    expect(saboteur).toBe(false);
    expect(children.log).toEqual(['start a', 'exit a error', 'start c', 'start a']);
    expect(counts(supervisor)).toEqual([3, 3, 0, 3]);
  });

  it('an event sink that throws costs no restart', () => {
    const { children, timers } = setUp();
    const events = {
      wants: () => true,
      emit: () => {
        throw new Error('no audience');
      },
    };
    const supervisor = startSupervisor({ intensity: 5 }, [children.spec('a')], { clock: timers, timers, events });
    for (let index = 0; index < 3; index++) children.exit(supervisor.child('a'), 'error');
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });

  it('events that only look like ends of children change nothing', () => {
    const { children, start } = setUp();
    const supervisor = start([children.spec('a')]);
    const before = supervisor.child('a');
    for (const type of ['xstate.done.actor.a', 'xstate.error.actor.a', 'xstate.done.actor.x', 'hello']) {
      supervisor.ref.send({ type, actorId: type.at(-1) });
    }
    expect(supervisor.child('a')).toBe(before);
  });
});

describe('supervisor on real time', () => {
  it('restarts a promise actor that rejects, until it gives up, with nothing uncaught and no timer left', async () => {
    let runs = 0;
    const failing = fromPromise(async () => {
      runs++;
      throw new Error(`run ${runs} failed`);
    });
    const uncaught = await collectUncaughtErrors(async () => {
      await using supervisor = startOnRealTime({ intensity: 3 }, [{ id: 'p', start: () => ({ logic: failing }) }]);
      expect(await supervisor.done).toMatchObject({ cause: 'intensity', error: { message: 'run 4 failed' } });
    });
    expect(runs).toBe(4);
    expect(uncaught).toEqual([]);
  });

  it('leaves no error of a plain root actor to itself: the watch sees one', async () => {
    const failing = fromPromise(async () => {
      throw new Error('alone');
    });
    const uncaught = await collectUncaughtErrors(() => void createActor(failing).start());
    expect(uncaught).toMatchObject([{ message: 'alone' }]);
  });
});
