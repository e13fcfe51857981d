// Numbers in brackets are the cases of the OTP behaviour list, parts E (strategies) and F (restart intensity).

import { describe, expect, it } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { type ActorSupervisor, startSupervisor } from '../../src/actors/supervisor.ts';
import type { ChildSpec } from '../../src/actors/supervisor-child-spec.ts';
import type { SupervisorFlags } from '../../src/actors/supervisor-flags.ts';
import type { RuntimeEvent } from '../../src/domain/events.ts';
import { EventBus } from '../../src/engine/event-bus.ts';
import { ControlledChildren } from '../support/controlled-children.ts';
import { ManualTimers } from '../support/manual-timers.ts';

function setUp(flags: Partial<SupervisorFlags>, ids: readonly string[], more: Record<string, Partial<ChildSpec>> = {}) {
  const timers = new ManualTimers();
  const children = new ControlledChildren(timers);
  const bus = new EventBus(timers);
  const events: RuntimeEvent[] = [];
  bus.on('*', (event) => events.push(event));
  const specs = ids.map((id) => children.spec(id, more[id]));
  const supervisor = startSupervisor(flags, specs, { clock: timers, timers, events: bus, id: 'top' });
  children.takeLog();
  const refs = (): (AnyActorRef | undefined)[] => ids.map((id) => supervisor.child(id));
  const crash = (id: string): void => children.exit(supervisor.child(id), 'error');
  return { timers, children, supervisor, events, refs, crash };
}

const counts = (supervisor: ActorSupervisor): number[] => Object.values(supervisor.countChildren());
const names = (supervisor: ActorSupervisor): string[] => supervisor.whichChildren().map(({ id }) => id ?? '');
const MANY: Partial<SupervisorFlags> = { intensity: 10, periodMs: 3_600_000 };

describe('one_for_one', () => {
  it('restarts the crashed child alone [52]', () => {
    const { supervisor, children, refs, crash } = setUp(MANY, ['a', 'b']);
    const [a, b] = refs();
    crash('a');
    expect(supervisor.child('a')).not.toBe(a);
    expect(supervisor.child('b')).toBe(b);
    expect(children.log).toEqual(['exit a error', 'start a']);
  });

  it('tells what it restarted, and why', () => {
    const { events, crash } = setUp(MANY, ['a', 'b']);
    crash('b');
    const about = {
      supervisor: 'top',
      strategy: 'one_for_one',
      child: 'b',
      restart: 'permanent',
      reason: 'error',
      livedMs: 0,
      intensity: 10,
      error: { message: 'b crashed', code: 'ACTOR_CRASHED' },
    };
    expect(events).toMatchObject([
      { type: 'supervisor.child-crashed', data: { ...about, context: 'child_terminated', restarts: 0 } },
      { type: 'supervisor.restarted', data: { ...about, restarts: 1, children: ['b'], affected: 1 } },
    ]);
  });
});

describe('one_for_all', () => {
  const flags = { ...MANY, strategy: 'one_for_all' } as const;

  it('stops the others in reverse order and starts all anew in order [53]', async () => {
    const { supervisor, children, timers, refs, crash } = setUp(flags, ['a', 'b', 'c']);
    const before = refs();
    crash('b');
    await timers.advanceAsync(0);
    expect(children.log).toEqual([
      'exit b error',
      'stop c shutdown',
      'stop a shutdown',
      'start a',
      'start b',
      'start c',
    ]);
    for (const [index, ref] of refs().entries()) expect(ref).not.toBe(before[index]);
    for (const ref of before) expect(ref?.getSnapshot().status).not.toBe('active');
    expect(counts(supervisor)).toEqual([3, 3, 0, 3]);
  });

  it('tries all again when a sibling does not start, the new one of the crashed child included [60]', async () => {
    const { children, timers, refs, crash } = setUp(flags, ['a', 'b']);
    children.failNextStarts('b', 1);
    crash('a');
    await timers.advanceAsync(0);
    expect(children.log).toEqual([
      'exit a error',
      'stop b shutdown',
      'start a',
      'fail b',
      'stop a shutdown',
      'start a',
      'start b',
    ]);
    expect(refs().every((ref) => ref?.getSnapshot().status === 'active')).toBe(true);
  });
});

describe('rest_for_one', () => {
  const flags = { ...MANY, strategy: 'rest_for_one' } as const;

  it('restarts the crashed child and those after it [54]', async () => {
    const { timers, refs, crash } = setUp(flags, ['a', 'b', 'c']);
    const before = refs();
    crash('b');
    await timers.advanceAsync(0);
    const after = refs();
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
    expect(after[2]).not.toBe(before[2]);
  });

  it('stops in reverse order and starts in order [55]', async () => {
    const { children, timers, crash } = setUp(flags, ['a', 'b', 'c', 'd', 'e']);
    crash('c');
    await timers.advanceAsync(0);
    expect(children.log).toEqual([
      'exit c error',
      'stop e shutdown',
      'stop d shutdown',
      'start c',
      'start d',
      'start e',
    ]);
  });

  it('waits for those that take their time to end before it starts anything', async () => {
    const timers = new ManualTimers();
    const children = new ControlledChildren(timers);
    children.hangOnStop('c', 100);
    const specs = ['a', 'b', 'c'].map((id) => children.spec(id));
    const supervisor = startSupervisor(flags, specs, { clock: timers, timers });
    children.takeLog();
    children.exit(supervisor.child('b'), 'error');
    await timers.advanceAsync(99);
    expect(children.log).toEqual(['exit b error']);
    await timers.advanceAsync(1);
    expect(children.log).toEqual(['exit b error', 'exit c normal', 'start b', 'start c']);
  });

  it('tries only the later child again when that one does not start [61]', async () => {
    const { children, timers, supervisor, crash } = setUp(flags, ['a', 'b']);
    children.failNextStarts('b', 2);
    crash('a');
    await timers.advanceAsync(0);
    expect(children.log).toEqual(['exit a error', 'stop b shutdown', 'start a', 'fail b', 'fail b', 'start b']);
    expect(counts(supervisor)).toEqual([2, 2, 0, 2]);
  });

  it('shows a middle child in its restart loop, and those after it as stopped [63]', async () => {
    const { children, supervisor, crash } = setUp(flags, ['a', 'b', 'c']);
    children.failNextStarts('b', Number.POSITIVE_INFINITY);
    crash('b');
    await Promise.resolve();
    expect(supervisor.whichChildren()).toEqual([
      { id: 'a', child: supervisor.child('a'), type: 'worker' },
      { id: 'b', child: 'restarting', type: 'worker' },
      { id: 'c', child: undefined, type: 'worker' },
    ]);
    expect(supervisor.child('a')).toBeDefined();
    expect(counts(supervisor)).toEqual([3, 1, 0, 3]);
  });
});

describe('what comes while siblings are being stopped', () => {
  it('an end of a child that is replaced with them is dealt with', async () => {
    const { timers, children, supervisor, crash } = setUp({ ...MANY, strategy: 'one_for_all' }, ['a', 'b', 'slow']);
    children.hangOnStop('slow', 100);
    await supervisor.terminateChild('slow');
    await supervisor.restartChild('slow');
    children.takeLog();
    crash('a');
    crash('b');
    await timers.advanceAsync(100);
    const stops = ['exit a error', 'exit b error', 'exit slow normal'];
    expect(children.takeLog()).toEqual([...stops, 'start a', 'start b', 'start slow']);
    await timers.advanceAsync(1_000);
    expect(children.log).toEqual([]);
    expect(counts(supervisor)).toEqual([3, 3, 0, 3]);
  });

  it('the end of the supervisor’s own actor ends the restart: nothing is started any more', async () => {
    const { timers, children, supervisor, crash } = setUp({ ...MANY, strategy: 'one_for_all' }, ['a', 'slow']);
    children.hangOnStop('slow', 100);
    await supervisor.terminateChild('slow');
    await supervisor.restartChild('slow');
    children.takeLog();
    crash('a');
    Reflect.apply(Reflect.get(supervisor.ref, 'stop'), supervisor.ref, []);
    await timers.advanceAsync(100);
    expect(await supervisor.done).toEqual({ reason: 'shutdown', cause: 'stopped' });
    expect(children.log).toEqual(['exit a error', 'stop slow killed']);
  });

  it('a try of a failing restart that comes too late starts nothing', async () => {
    const { timers, children, supervisor, crash } = setUp(MANY, ['a', 'slow']);
    children.hangOnStop('slow', 100);
    await supervisor.terminateChild('slow');
    await supervisor.restartChild('slow');
    children.failNextStarts('a', 1);
    const requests = [supervisor.terminateChild('slow')];
    crash('a');
    requests.push(
      supervisor.restartChild('a').then(
        () => undefined,
        () => undefined,
      ),
    );
    await timers.advanceAsync(100);
    await Promise.all(requests);
    expect(counts(supervisor)).toEqual([2, 1, 0, 2]);
    children.failNextStarts('a', 1);
    crash('a');
    await supervisor.restartChild('slow');
    requests.push(supervisor.terminateChild('slow'), supervisor.terminateChild('a'));
    children.takeLog();
    await timers.advanceAsync(100);
    await Promise.all(requests);
    expect(children.log).toEqual(['exit slow normal']);
    expect(supervisor.child('a')).toBeUndefined();
  });
});

describe('temporary siblings', () => {
  it.each(['one_for_all', 'rest_for_one'] as const)('stopped by %s do not come back [57]', async (strategy) => {
    const more = { t: { restart: 'temporary' } } as const;
    const { supervisor, children, timers, crash } = setUp({ ...MANY, strategy }, ['a', 't'], more);
    crash('a');
    await timers.advanceAsync(0);
    expect(children.log).toEqual(['exit a error', 'stop t shutdown', 'start a']);
    expect(names(supervisor)).toEqual(['a']);
    expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
  });
});

describe('restart intensity', () => {
  it.each(['one_for_one', 'one_for_all', 'rest_for_one'] as const)(
    'is the supervisor’s, not a child’s: %s [65, 66, 67]',
    async (strategy) => {
      const { supervisor, timers, children, events, crash } = setUp({ strategy, intensity: 2 }, ['a', 'b']);
      for (const id of ['a', 'b']) {
        crash(id);
        await timers.advanceAsync(0);
        expect(counts(supervisor)).toEqual([2, 2, 0, 2]);
      }
      children.takeLog();
      crash('b');
      expect(await supervisor.done).toMatchObject({
        reason: 'shutdown',
        cause: 'intensity',
        error: { message: 'b crashed' },
      });
      expect(children.log).toEqual(['exit b error', 'stop a shutdown']);
      expect(events.at(-1)).toMatchObject({
        type: 'supervisor.gave-up',
        data: { supervisor: 'top', child: 'b', intensity: 2, periodMs: 5_000, restarts: 3 },
      });
      expect(timers.pending).toBe(0);
    },
  );

  it.each(['one_for_one', 'one_for_all', 'rest_for_one'] as const)(
    'is used up by restarts that fail; the healthy sibling ends too: %s [59, 68]',
    async (strategy) => {
      const { supervisor, timers, children, crash } = setUp({ strategy, intensity: 4 }, ['healthy', 'a']);
      const healthy = supervisor.child('healthy');
      children.failNextStarts('a', Number.POSITIVE_INFINITY);
      crash('a');
      await timers.advanceAsync(0);
      expect(await supervisor.done).toMatchObject({ cause: 'intensity' });
      expect(children.log.filter((line) => line === 'fail a')).toHaveLength(4);
      expect(healthy?.getSnapshot().status).toBe('stopped');
      expect(timers.pending).toBe(0);
    },
  );

  it('of 0 ends the supervisor at the first crash [69]', async () => {
    const { supervisor, crash } = setUp({ intensity: 0 }, ['a']);
    crash('a');
    expect(await supervisor.done).toMatchObject({ cause: 'intensity' });
  });

  it('forgets old restarts: a crash every 2.1 s at 1 in 1 s is borne for ever [70]', () => {
    const { supervisor, timers, crash } = setUp({ intensity: 1, periodMs: 1_000 }, ['a']);
    for (let index = 0; index < 4; index++) {
      crash('a');
      expect(counts(supervisor)).toEqual([1, 1, 0, 1]);
      timers.advance(2_100);
    }
  });
});

describe('automatic shutdown', () => {
  const more = {
    s1: { restart: 'transient', significant: true },
    s2: { restart: 'temporary', significant: true },
  } as const;

  it('any_significant: the end of one significant child ends the supervisor', async () => {
    const { supervisor, children } = setUp({ autoShutdown: 'any_significant' }, ['a', 's1', 's2'], more);
    children.exit(supervisor.child('s2'), 'error');
    expect(await supervisor.done).toEqual({ reason: 'shutdown', cause: 'auto_shutdown' });
    expect(children.log).toEqual(['exit s2 error', 'stop s1 shutdown', 'stop a shutdown']);
  });

  it('all_significant: only the end of the last significant child does', async () => {
    const { supervisor, children } = setUp({ autoShutdown: 'all_significant' }, ['a', 's1', 's2'], more);
    children.exit(supervisor.child('s1'), 'normal');
    expect(names(supervisor)).toEqual(['a', 's1', 's2']);
    children.exit(supervisor.child('s2'), 'normal');
    expect(await supervisor.done).toEqual({ reason: 'shutdown', cause: 'auto_shutdown' });
  });

  it('counts a significant child in a restart loop as one that is left', async () => {
    const flags = { ...MANY, autoShutdown: 'all_significant' } as const;
    const { supervisor, children, timers } = setUp(flags, ['a', 's1', 's2'], more);
    children.failNextStarts('s1', 1);
    children.exit(supervisor.child('s1'), 'error');
    children.exit(supervisor.child('s2'), 'normal');
    expect(counts(supervisor)).toEqual([2, 1, 0, 2]);
    await timers.advanceAsync(0);
    children.exit(supervisor.child('s1'), 'normal');
    expect(await supervisor.done).toMatchObject({ cause: 'auto_shutdown' });
  });

  it('is not set off by a restart, nor by a child that was terminated by request', async () => {
    const { supervisor, children } = setUp({ ...MANY, autoShutdown: 'any_significant' }, ['a', 's1'], more);
    children.exit(supervisor.child('s1'), 'error');
    await supervisor.terminateChild('s1');
    expect(counts(supervisor)).toEqual([2, 1, 0, 2]);
  });
});
