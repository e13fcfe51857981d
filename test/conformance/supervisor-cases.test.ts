// Runs the numbered list of OTP's supervisor behaviours (A start, B validation, C administration, D restart types,
// E strategies, F intensity, G shutdown) through the adapter, each as a test of its own, and prints one table of them.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type AdapterSpec, type ExitReason, SupervisorFault } from '../support/supervisor-adapter.ts';
import {
  addDynamic,
  check,
  counted,
  dynamic,
  handles,
  invalid,
  outcomes,
  refusedWith,
  running,
  shown,
  specsOf,
  started,
  tableOfCases,
} from './supervisor-case-table.ts';

const LIST = fileURLToPath(new URL('../../../shared/corpora/supervisor-cases.md', import.meta.url));
const LAST_CASE = 81;
const FOREVER = Number.POSITIVE_INFINITY;
const MANY = { intensity: 1_000, periodMs: 3_600_000 };
const RESTARTS = ['permanent', 'transient', 'temporary'] as const;
const EXITS: readonly ExitReason[] = ['normal', 'shutdown', { shutdown: 'x' }, 'error', 'kill'];

/** Where this supervisor knowingly does something else, with the reason that OTP's own semantics give. */
const DEVIATIONS: Readonly<Record<number, string>> = {};

afterAll(() => {
  process.stdout.write(`\n${tableOfCases(DEVIATIONS)}\n`);
});

describe('A: defaults and start', () => {
  check(1, 'flags left out are one_for_one, one restart in 5 s, never', async (adapter) => {
    const [first, second] = [
      await started(adapter, {}, specsOf(adapter, 'a', 'b')),
      await started(adapter, {}, specsOf(adapter, 'c')),
    ];
    const b = first.handle('b');
    await adapter.exit(first.handle('a'), 'error');
    expect(first.handle('b')).toBe(b);
    await adapter.advance(5_001);
    await adapter.exit(first.handle('a'), 'error');
    counted(first, 2, 2, 0, 2);
    await adapter.exit(second.handle('c'), 'error');
    await adapter.advance(4_999);
    await adapter.exit(second.handle('c'), 'error');
    expect(await second.done).toBe('shutdown');
    const significant = adapter.spec('s', { restart: 'temporary', significant: true });
    refusedWith(await first.startChild(significant), 'invalid');
  });

  check(2, 'spec defaults of a worker', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a'));
    const defaults = { id: 'a', restart: 'permanent', significant: false, type: 'worker', shutdown: 5_000 };
    expect(sup.getSpec('a')).toMatchObject(defaults);
  });

  check(3, 'a supervisor child has no limit to end', async (adapter) => {
    const sup = await started(adapter, {}, [adapter.spec('a', { type: 'supervisor' })]);
    expect(sup.getSpec('a')).toMatchObject({ type: 'supervisor', shutdown: 'infinity' });
  });

  check(4, 'the spec of nobody is not_found', async (adapter) => {
    refusedWith((await started(adapter, {}, [])).getSpec('x'), 'not_found');
  });

  check(5, 'children start in order, all before start returns', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a', 'b', 'c'));
    expect(adapter.log).toEqual(['start a', 'start b', 'start c']);
    counted(sup, 3, 3, 0, 3);
  });

  check(6, 'one failing start undoes those before it, last first', async (adapter) => {
    adapter.failNextStarts('c', 1);
    refusedWith(await adapter.start({}, specsOf(adapter, 'a', 'b', 'c', 'd')), 'start_failed');
    expect(adapter.log).toEqual(['start a', 'start b', 'stop b shutdown', 'stop a shutdown']);
  });

  check(7, 'no children: starts, and stops with shutdown', async (adapter) => {
    const sup = await started(adapter, {}, []);
    expect(await sup.stop()).toBe('shutdown');
    expect(await sup.done).toBe('shutdown');
  });

  check(8, 'an init that throws or gives nonsense is an error', async (adapter) => {
    const throwing = (): never => {
      throw new Error('no specs today');
    };
    refusedWith(await adapter.start({}, throwing), 'start_failed');
    refusedWith(await adapter.start({}, () => 'nonsense'), 'invalid');
    expect([adapter.log, adapter.pending]).toEqual([[], 0]);
  });

  check(9, 'ignore keeps the spec, but not of a temporary child', async (adapter) => {
    const ignoring = (id: string, restart: string): AdapterSpec => adapter.spec(id, { restart, start: () => 'ignore' });
    const sup = await started(adapter, {}, [adapter.spec('a'), ignoring('p', 'permanent'), ignoring('t', 'temporary')]);
    counted(sup, 2, 1, 0, 2);
    expect(await sup.startChild(ignoring('r', 'transient'))).toBe('none');
    expect(await sup.startChild(ignoring('u', 'temporary'))).toBe('none');
    counted(sup, 3, 1, 0, 3);
  });

  check(10, 'ignore from a template adds nothing', async (adapter) => {
    for (const restart of RESTARTS) {
      const sup = await dynamic(adapter, { restart, start: () => 'ignore' });
      expect(await sup.startChild()).toBe('none');
      expect(sup.which()).toEqual([]);
      counted(sup, 1, 0, 0, 0);
      expect(await sup.stop()).toBe('shutdown');
    }
  });
});

describe('B: validation', () => {
  const specFault = (number: number, title: string, spec: unknown, fault: RegExp): void =>
    check(number, title, (adapter) => invalid(adapter, {}, [adapter.spec('first'), spec], fault));
  const flagFault = (number: number, title: string, flags: unknown, fault: RegExp): void =>
    check(number, title, (adapter) => invalid(adapter, flags, [adapter.spec('a')], fault));
  const start = (): string => 'child';

  specFault(11, 'no id', { start }, /missing id/);
  specFault(12, 'no start', { id: 'a' }, /missing start/);
  specFault(13, 'a spec that is no object', 'a', /invalid child spec/);
  check(14, 'keys that nobody knows are let pass', async (adapter) => {
    const sup = await started(adapter, { colour: 'red' }, [{ ...adapter.spec('a'), colour: 'red' }]);
    counted(sup, 1, 1, 0, 1);
  });
  specFault(15, 'a start that cannot be called', { id: 'a', start: 'begin' }, /invalid start/);
  specFault(16, 'a restart type nobody knows', { id: 'a', start, restart: 'prmanent' }, /invalid restart type/);
  check(17, 'a negative shutdown; the good ones', async (adapter) => {
    await invalid(adapter, {}, [adapter.spec('a', { shutdown: -10 })], /invalid shutdown/);
    for (const shutdown of [0, 1, 60_000, 'infinity', 'brutal_kill']) {
      const sup = await started(adapter, {}, [adapter.spec('a', { shutdown })]);
      expect(sup.getSpec('a')).toMatchObject({ shutdown });
    }
  });
  specFault(18, 'a type nobody knows', { id: 'a', start, type: 'wrker' }, /invalid type/);
  specFault(19, 'significant that is no boolean', { id: 'a', start, significant: 'maybe' }, /invalid significant/);
  specFault(20, 'one id twice', { id: 'first', start }, /duplicate id/);
  check(21, 'simple_one_for_one takes exactly one spec', async (adapter) => {
    const flags = { strategy: 'simple_one_for_one' };
    await invalid(adapter, flags, [], /exactly one/);
    await invalid(adapter, flags, specsOf(adapter, 'a', 'b'), /exactly one/);
  });
  flagFault(22, 'a strategy nobody knows', { strategy: 'one_for_two' }, /invalid strategy/);
  flagFault(23, 'intensity without limit', { intensity: FOREVER }, /invalid intensity/);
  flagFault(24, 'period 0', { periodMs: 0 }, /invalid period/);
  flagFault(25, 'period without limit', { periodMs: FOREVER }, /invalid period/);
  flagFault(26, 'an autoShutdown nobody knows', { autoShutdown: 'sometimes' }, /invalid autoShutdown/);
  flagFault(27, 'flags that are no object', ['one_for_one', 1, 5], /invalid type/);

  check(28, 'significant where autoShutdown is never', async (adapter) => {
    const significant = adapter.spec('s', { restart: 'transient', significant: true });
    await invalid(adapter, { autoShutdown: 'never' }, [significant], /significant/);
    const sup = await started(adapter, {}, []);
    refusedWith(await sup.startChild(significant), 'invalid');
    counted(sup, 0, 0, 0, 0);
  });
  check(29, 'permanent and significant', async (adapter) => {
    const both = adapter.spec('s', { restart: 'permanent', significant: true });
    for (const autoShutdown of ['never', 'any_significant', 'all_significant']) {
      await invalid(adapter, { autoShutdown }, [both], /permanent child cannot be significant/);
    }
  });
});

describe('C: administration', () => {
  check(30, 'adding a running child again gives the running one', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a'));
    const a = sup.handle('a');
    const answer = await sup.startChild(adapter.spec('a'));
    refusedWith(answer, 'already_started');
    expect(answer).toMatchObject({ child: a });
    expect(sup.handle('a')).toBe(a);
    counted(sup, 1, 1, 0, 1);
  });

  check(31, 'adding a stopped child again is refused', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a'));
    await sup.terminateChild('a');
    refusedWith(await sup.startChild(adapter.spec('a')), 'already_present');
  });

  check(32, 'a terminated child stays down, its spec stays', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a'));
    expect(await sup.terminateChild('a')).toBe('ok');
    await adapter.advance(60_000);
    expect(adapter.log).toEqual(['start a', 'stop a shutdown']);
    counted(sup, 1, 0, 0, 1);
  });

  check(33, 'terminating twice is fine', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a'));
    expect([await sup.terminateChild('a'), await sup.terminateChild('a')]).toEqual(['ok', 'ok']);
  });

  check(34, 'terminating nobody is not_found', async (adapter) => {
    refusedWith(await (await started(adapter, {}, [])).terminateChild('x'), 'not_found');
  });

  check(35, 'a stopped child is restarted by request', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a'));
    const before = sup.handle('a');
    await sup.terminateChild('a');
    const after = running(await sup.restartChild('a'));
    expect(after).not.toBe(before);
    expect([after.alive, before.alive]).toEqual([true, false]);
  });

  check(36, 'a running child is not restarted by request', async (adapter) => {
    refusedWith(await (await started(adapter, {}, specsOf(adapter, 'a'))).restartChild('a'), 'running');
  });

  check(37, 'restarting nobody is not_found', async (adapter) => {
    refusedWith(await (await started(adapter, {}, [])).restartChild('x'), 'not_found');
  });

  check(38, 'a running child is not deleted', async (adapter) => {
    refusedWith(await (await started(adapter, {}, specsOf(adapter, 'a'))).deleteChild('a'), 'running');
  });

  check(39, 'a stopped child is deleted with its spec', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a'));
    await sup.terminateChild('a');
    expect(await sup.deleteChild('a')).toBe('ok');
    counted(sup, 0, 0, 0, 0);
  });

  check(40, 'deleting nobody is not_found', async (adapter) => {
    refusedWith(await (await started(adapter, {}, [])).deleteChild('x'), 'not_found');
  });

  check(41, 'requests about a child in a restart loop', async (adapter) => {
    const sup = await started(adapter, MANY, specsOf(adapter, 'a'));
    adapter.failNextStarts('a', FOREVER);
    await adapter.exit(sup.handle('a'), 'error');
    expect(shown(sup)).toEqual(['restarting']);
    counted(sup, 1, 0, 0, 1);
    refusedWith(await sup.restartChild('a'), 'restarting');
    refusedWith(await sup.deleteChild('a'), 'restarting');
    refusedWith(await sup.startChild(adapter.spec('a')), 'already_present');
    expect(await sup.terminateChild('a')).toBe('ok');
    const tries = adapter.failedStarts('a');
    await adapter.advance(1_000);
    expect(adapter.failedStarts('a')).toBe(tries);
    expect(shown(sup)).toEqual(['none']);
  });

  check(42, 'the spec of a temporary child goes with any end', async (adapter) => {
    const sup = await started(adapter, {}, []);
    for (const how of EXITS) {
      await adapter.exit(running(await sup.startChild(adapter.spec('t', { restart: 'temporary' }))), how);
      expect(sup.which()).toEqual([]);
    }
    running(await sup.startChild(adapter.spec('t', { restart: 'temporary' })));
    await sup.terminateChild('t');
    expect(sup.which()).toEqual([]);
  });

  check(43, 'a permanent child ended by request keeps its spec', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a'));
    await sup.terminateChild('a');
    refusedWith(await sup.startChild(adapter.spec('a')), 'already_present');
    running(await sup.restartChild('a'));
  });

  check(44, 'dynamic children are named by their actors', async (adapter) => {
    const sup = await dynamic(adapter);
    const [first, second] = await addDynamic(sup, 2);
    const foreign = (await started(adapter, {}, specsOf(adapter, 'x'))).handle('x');
    expect(sup.which()).toMatchObject([{ id: undefined }, { id: undefined }]);
    expect(await sup.terminateChild(running(first))).toBe('ok');
    expect(await sup.terminateChild(running(first))).toBe('ok');
    expect([first?.alive, second?.alive]).toEqual([false, true]);
    refusedWith(await sup.terminateChild(foreign), 'not_found');
    expect(foreign.alive).toBe(true);
    for (const answer of [await sup.terminateChild('d'), await sup.restartChild('d'), await sup.deleteChild('d')]) {
      refusedWith(answer, 'simple_one_for_one');
    }
    counted(sup, 1, 1, 0, 1);
  });

  check(45, 'requests to a supervisor that is gone', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a'));
    await sup.stop();
    const answers = [
      await sup.startChild(adapter.spec('b')),
      await sup.terminateChild('a'),
      await sup.restartChild('a'),
      await sup.deleteChild('a'),
      sup.which(),
      sup.counts(),
      sup.getSpec('a'),
    ];
    for (const answer of answers) refusedWith(answer, 'noproc');
  });

  check(46, 'counts of a thousand dynamic children', async (adapter) => {
    const workers = await dynamic(adapter, { restart: 'temporary' });
    const added = await addDynamic(workers, 1_000);
    counted(workers, 1, 1_000, 0, 1_000);
    const supervisors = await dynamic(adapter, { restart: 'temporary', type: 'supervisor' });
    await addDynamic(supervisors, 1_000);
    counted(supervisors, 1, 1_000, 1_000, 0);
    await Promise.all(added.map((child) => adapter.exit(child, 'kill')));
    counted(workers, 1, 0, 0, 0);
  });

  check(47, 'counts while dynamic children are in a restart loop', async (adapter) => {
    const sup = await dynamic(adapter);
    const [, second, third] = await addDynamic(sup, 3);
    adapter.failNextStarts('d', FOREVER);
    await adapter.exit(running(second), 'error');
    await adapter.exit(running(third), 'kill');
    counted(sup, 1, 1, 0, 3);
    adapter.failNextStarts('d', 0);
    await adapter.advance(1);
    counted(sup, 1, 3, 0, 3);
  });
});

describe('D: restart types', () => {
  const flags = { intensity: 2, periodMs: 3_600_000 };
  const restartType = (
    number: number,
    restart: string,
    after: (how: ExitReason, abnormal: boolean) => number[],
  ): void =>
    check(number, `a ${restart} child after each exit reason`, async (adapter) => {
      for (const how of EXITS) {
        const sup = await started(adapter, flags, [adapter.spec('a', { restart })]);
        const before = sup.handle('a');
        await adapter.exit(before, how);
        counted(sup, ...after(how, how === 'error' || how === 'kill'));
        expect(before.alive).toBe(false);
        expect(handles(sup)).not.toContain(before);
      }
    });

  restartType(48, 'permanent', () => [1, 1, 0, 1]);
  restartType(49, 'transient', (_how, abnormal) => [1, abnormal ? 1 : 0, 0, 1]);
  restartType(50, 'temporary', () => [0, 0, 0, 0]);

  check(51, 'an end without a restart uses up no intensity', async (adapter) => {
    const sup = await started(adapter, { intensity: 0 }, specsOf(adapter, 'keeper'));
    for (const how of EXITS) {
      await adapter.exit(running(await sup.startChild(adapter.spec('t', { restart: 'temporary' }))), how);
    }
    await adapter.exit(running(await sup.startChild(adapter.spec('n', { restart: 'transient' }))), 'shutdown');
    counted(sup, 2, 1, 0, 2);
  });
});

describe('E: strategies', () => {
  check(52, 'one_for_one replaces the crashed child alone', async (adapter) => {
    const sup = await started(adapter, MANY, specsOf(adapter, 'a', 'b'));
    const [a, b] = handles(sup);
    await adapter.exit(running(a), 'error');
    expect(sup.handle('a')).not.toBe(a);
    expect(sup.handle('b')).toBe(b);
  });

  check(53, 'one_for_all replaces all', async (adapter) => {
    const sup = await started(adapter, { ...MANY, strategy: 'one_for_all' }, specsOf(adapter, 'a', 'b'));
    const before = handles(sup);
    await adapter.exit(sup.handle('a'), 'error');
    expect(adapter.log.slice(2)).toEqual(['stop a error', 'stop b shutdown', 'start a', 'start b']);
    expect(before.map(({ alive }) => alive)).toEqual([false, false]);
    counted(sup, 2, 2, 0, 2);
  });

  check(54, 'rest_for_one replaces it and those after it', async (adapter) => {
    const sup = await started(adapter, { ...MANY, strategy: 'rest_for_one' }, specsOf(adapter, 'a', 'b', 'c'));
    const [a, b, c] = handles(sup);
    await adapter.exit(running(b), 'error');
    expect(sup.handle('a')).toBe(a);
    expect([b?.alive, c?.alive]).toEqual([false, false]);
    counted(sup, 3, 3, 0, 3);
  });

  check(55, 'rest_for_one stops backwards and starts forwards', async (adapter) => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const sup = await started(adapter, { ...MANY, strategy: 'rest_for_one' }, specsOf(adapter, ...ids));
    adapter.takeLog();
    await adapter.exit(sup.handle('c'), 'error');
    const stops = ['stop c error', 'stop e shutdown', 'stop d shutdown'];
    expect(adapter.log).toEqual([...stops, 'start c', 'start d', 'start e']);
  });

  check(56, 'a stop goes backwards, one child after another', async (adapter) => {
    const sup = await started(adapter, {}, specsOf(adapter, 'a', 'b', 'c'));
    adapter.takeLog();
    adapter.hangOnStop(100);
    const stopped = sup.stop();
    for (const id of ['c', 'b', 'a']) {
      await adapter.advance(99);
      expect(adapter.takeLog()).toEqual([]);
      await adapter.advance(1);
      expect(adapter.takeLog()).toEqual([`stop ${id} shutdown`]);
    }
    expect(await stopped).toBe('shutdown');
  });

  check(57, 'a temporary bystander does not come back', async (adapter) => {
    for (const strategy of ['one_for_all', 'rest_for_one']) {
      const specs = [adapter.spec('a'), adapter.spec('t', { restart: 'temporary' })];
      const sup = await started(adapter, { ...MANY, strategy }, specs);
      await adapter.exit(sup.handle('a'), 'error');
      expect(sup.which()).toMatchObject([{ id: 'a' }]);
      counted(sup, 1, 1, 0, 1);
    }
  });

  check(58, 'one of two dynamic children crashes', async (adapter) => {
    const sup = await dynamic(adapter);
    const [first, second] = await addDynamic(sup, 2);
    await adapter.exit(running(first), 'error');
    expect([first?.alive, second?.alive]).toEqual([false, true]);
    counted(sup, 1, 2, 0, 2);
  });

  check(59, 'restarts that fail use up the intensity of all', async (adapter) => {
    for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one']) {
      const isSimple = strategy === 'simple_one_for_one';
      const specs = isSimple ? specsOf(adapter, 'd') : specsOf(adapter, 'healthy', 'd');
      const sup = await started(adapter, { ...MANY, strategy, intensity: 4 }, specs);
      const [healthy, crashing] = isSimple ? await addDynamic(sup, 2) : handles(sup);
      const failedBefore = adapter.failedStarts('d');
      adapter.failNextStarts('d', FOREVER);
      await adapter.exit(running(crashing), 'error');
      await adapter.advance(1);
      expect(await sup.done).toBe('shutdown');
      expect(healthy?.alive).toBe(false);
      expect(adapter.failedStarts('d') - failedBefore).toBe(4);
      adapter.failNextStarts('d', 0);
    }
  });

  check(60, 'one_for_all: a sibling that does not start takes the new one along', async (adapter) => {
    const sup = await started(adapter, { ...MANY, strategy: 'one_for_all' }, specsOf(adapter, 'a', 'b'));
    adapter.takeLog();
    adapter.failNextStarts('b', 1);
    await adapter.exit(sup.handle('a'), 'error');
    await adapter.advance(1);
    const tries = ['start a', 'stop a shutdown', 'start a', 'start b'];
    expect(adapter.log).toEqual(['stop a error', 'stop b shutdown', ...tries]);
    counted(sup, 2, 2, 0, 2);
  });

  check(61, 'rest_for_one: only the later child is tried again', async (adapter) => {
    const sup = await started(adapter, { ...MANY, strategy: 'rest_for_one' }, specsOf(adapter, 'a', 'b'));
    adapter.takeLog();
    adapter.failNextStarts('b', 1);
    await adapter.exit(sup.handle('a'), 'error');
    await adapter.advance(1);
    expect(adapter.log).toEqual(['stop a error', 'stop b shutdown', 'start a', 'start b']);
    counted(sup, 2, 2, 0, 2);
  });

  check(62, 'between two tries it answers, and can be stopped', async (adapter) => {
    for (const strategy of ['one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one']) {
      const isSimple = strategy === 'simple_one_for_one';
      const sup = await started(adapter, { ...MANY, strategy }, specsOf(adapter, 'd'));
      const child = isSimple ? running(await sup.startChild()) : sup.handle('d');
      adapter.failNextStarts('d', FOREVER);
      await adapter.exit(child, 'error');
      expect(shown(sup)).toEqual(['restarting']);
      counted(sup, 1, 0, 0, 1);
      expect(await sup.stop()).toBe('shutdown');
      expect(adapter.pending).toBe(0);
      adapter.failNextStarts('d', 0);
    }
  });

  check(63, 'rest_for_one: the middle one in a restart loop', async (adapter) => {
    const sup = await started(adapter, { ...MANY, strategy: 'rest_for_one' }, specsOf(adapter, 'a', 'b', 'c'));
    adapter.failNextStarts('b', FOREVER);
    await adapter.exit(sup.handle('b'), 'error');
    expect(shown(sup)).toEqual(['running', 'restarting', 'none']);
    counted(sup, 3, 1, 0, 3);
  });

  check(64, 'a start with extra information is restarted alike', async (adapter) => {
    let starts = 0;
    const spec = adapter.spec('a', { start: () => ({ info: `start ${++starts}` }) });
    const listed = await started(adapter, MANY, [spec]);
    await adapter.exit(listed.handle('a'), 'error');
    expect(listed.real.whichChildren()).toMatchObject([{ id: 'a', info: 'start 2' }]);
    const simple = await dynamic(adapter, spec);
    await adapter.exit(running(await simple.startChild()), 'error');
    expect(simple.real.whichChildren()).toMatchObject([{ id: undefined, info: 'start 4' }]);
    counted(simple, 1, 1, 0, 1);
  });
});

describe('F: restart intensity', () => {
  const strategies = ['one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one'];

  check(65, 'the counter is the supervisor’s', async (adapter) => {
    for (const strategy of strategies) {
      const isSimple = strategy === 'simple_one_for_one';
      const flags = { strategy, intensity: 2, periodMs: 3_600_000 };
      const sup = await started(adapter, flags, isSimple ? specsOf(adapter, 'd') : specsOf(adapter, 'a', 'b'));
      if (isSimple) await addDynamic(sup, 2);
      for (const index of [0, 1]) {
        await adapter.exit(running(handles(sup)[index]), 'error');
        expect(handles(sup)).toHaveLength(2);
      }
      await adapter.exit(running(handles(sup)[1]), 'error');
      expect(await sup.done).toBe('shutdown');
    }
  });

  check(66, 'past it all children stop, and it ends with shutdown', async (adapter) => {
    for (const strategy of strategies) {
      const isSimple = strategy === 'simple_one_for_one';
      const specs = isSimple ? specsOf(adapter, 'd') : specsOf(adapter, 'a', 'b');
      const sup = await started(adapter, { strategy, intensity: 0 }, specs);
      const [first, second] = isSimple ? await addDynamic(sup, 2) : handles(sup);
      await adapter.exit(running(first), 'error');
      expect(await sup.done).toBe('shutdown');
      expect(second?.alive).toBe(false);
      expect(adapter.takeLog().at(-1)).toBe(`stop ${isSimple ? 'd' : 'b'} shutdown`);
    }
  });

  check(67, 'a restart of several children counts once', async (adapter) => {
    for (const strategy of ['one_for_all', 'rest_for_one']) {
      const sup = await started(adapter, { strategy, intensity: 1 }, specsOf(adapter, 'a', 'b', 'c'));
      await adapter.exit(sup.handle('a'), 'error');
      counted(sup, 3, 3, 0, 3);
    }
  });

  check(68, 'each try that fails counts', async (adapter) => {
    const sup = await started(adapter, { intensity: 3, periodMs: 3_600_000 }, specsOf(adapter, 'a'));
    adapter.failNextStarts('a', 2);
    await adapter.exit(sup.handle('a'), 'error');
    await adapter.advance(1);
    counted(sup, 1, 1, 0, 1);
    await adapter.exit(sup.handle('a'), 'error');
    expect(await sup.done).toBe('shutdown');
  });

  check(69, 'intensity 0 bears no crash', async (adapter) => {
    const sup = await started(adapter, { intensity: 0 }, specsOf(adapter, 'a'));
    await adapter.exit(sup.handle('a'), 'error');
    expect(await sup.done).toBe('shutdown');
  });

  check(70, 'old restarts leave the window', async (adapter) => {
    const sup = await started(adapter, { intensity: 1, periodMs: 1_000 }, specsOf(adapter, 'a'));
    for (let crash = 0; crash < 4; crash++) {
      await adapter.exit(sup.handle('a'), 'error');
      counted(sup, 1, 1, 0, 1);
      await adapter.advance(2_100);
    }
  });

  check(71, 'a restart exactly one period old still counts', async (adapter) => {
    for (const [waitMs, survives] of [
      [1_000, false],
      [1_001, true],
    ] as const) {
      const sup = await started(adapter, { intensity: 1, periodMs: 1_000 }, specsOf(adapter, 'a'));
      await adapter.exit(sup.handle('a'), 'error');
      await adapter.advance(waitMs);
      await adapter.exit(sup.handle('a'), 'error');
      expect(!(sup.counts() instanceof SupervisorFault)).toBe(survives);
    }
  });

  check(72, 'two levels bear about the product', async (adapter) => {
    const flags = { intensity: 10, periodMs: 3_600_000 };
    const inner = adapter.spec('inner', {
      type: 'supervisor',
      start: () => adapter.supervisor(flags, [adapter.spec('x')]),
    });
    const sup = await started(adapter, flags, [inner]);
    let crashes = 0;
    for (; !(sup.counts() instanceof SupervisorFault); crashes++) {
      await adapter.exit(sup.handle('inner').supervisor.handle('x'), 'error');
    }
    expect(await sup.done).toBe('shutdown');
    expect(crashes).toBe(121);
  });

  check(73, 'for its parent it has ended with shutdown', async (adapter) => {
    for (const restart of ['permanent', 'transient']) {
      const start = (): unknown => adapter.supervisor({ intensity: 0 }, [adapter.spec('x')]);
      const sup = await started(adapter, MANY, [adapter.spec('inner', { type: 'supervisor', restart, start })]);
      const before = sup.handle('inner');
      await adapter.exit(before.supervisor.handle('x'), 'error');
      expect(shown(sup)).toEqual([restart === 'permanent' ? 'running' : 'none']);
      expect(handles(sup)).not.toContain(before);
    }
  });
});

describe('G: shutdown', () => {
  check(74, 'a child that ends in its time', async (adapter) => {
    const sup = await started(adapter, {}, [adapter.spec('a', { shutdown: 1_000 })]);
    adapter.hangOnStop(999);
    const stopped = sup.stop();
    await adapter.advance(999);
    await stopped;
    expect(adapter.log).toEqual(['start a', 'stop a shutdown']);
  });

  check(75, 'one that hangs is killed at its limit, its sibling ends in order', async (adapter) => {
    const sup = await started(adapter, {}, [adapter.spec('sibling'), adapter.spec('a', { shutdown: 1_000 })]);
    sup.handle('a').hangOnStop(FOREVER);
    adapter.takeLog();
    const stopped = sup.stop();
    await adapter.advance(999);
    expect(adapter.takeLog()).toEqual([]);
    await adapter.advance(1);
    await stopped;
    expect(adapter.log).toEqual(['stop a killed', 'stop sibling shutdown']);
  });

  check(76, 'brutal_kill gives no time at all', async (adapter) => {
    const sup = await started(adapter, {}, [adapter.spec('a', { shutdown: 'brutal_kill' })]);
    await sup.stop();
    expect(adapter.log).toEqual(['start a', 'stop a killed']);
  });

  check(77, 'infinity waits, for workers and supervisors', async (adapter) => {
    for (const type of ['worker', 'supervisor']) {
      const sup = await started(adapter, {}, [adapter.spec('a', { shutdown: 'infinity', type })]);
      adapter.hangOnStop(100_000_000);
      adapter.takeLog();
      const stopped = sup.stop();
      await adapter.advance(99_999_999);
      expect(adapter.log).toEqual([]);
      await adapter.advance(1);
      await stopped;
      expect(adapter.log).toEqual(['stop a shutdown']);
    }
  });

  check(78, 'dynamic children end side by side', async (adapter) => {
    const sup = await dynamic(adapter, { shutdown: 2_000 });
    const children = await addDynamic(sup, 3);
    for (const [index, ms] of [1_000, 5_000, 1_000].entries()) children[index]?.hangOnStop(ms);
    adapter.takeLog();
    let ended = false;
    const stopped = sup.stop().then(() => {
      ended = true;
    });
    await adapter.advance(1_000);
    expect(adapter.log).toEqual(['stop d shutdown', 'stop d shutdown']);
    await adapter.advance(999);
    expect(ended).toBe(false);
    await adapter.advance(1);
    await stopped;
    expect(adapter.log.at(-1)).toBe('stop d killed');
  });

  check(79, 'ten dynamic children under brutal_kill', async (adapter) => {
    const sup = await dynamic(adapter, { shutdown: 'brutal_kill' });
    await addDynamic(sup, 10);
    adapter.takeLog();
    expect(await sup.stop()).toBe('shutdown');
    expect(adapter.log).toEqual(Array.from({ length: 10 }, () => 'stop d killed'));
  });

  check(80, 'ends by themselves while it stops disturb nothing', async (adapter) => {
    for (const restart of RESTARTS) {
      for (const how of EXITS) {
        const specs = [adapter.spec('a', { restart }), adapter.spec('leaver', { restart }), adapter.spec('slow')];
        const listed = await started(adapter, MANY, specs);
        const simple = await dynamic(adapter, { restart, shutdown: 1_000 });
        const [leaver, slow] = await addDynamic(simple, 2);
        for (const child of [listed.handle('slow'), running(leaver), running(slow)]) child.hangOnStop(100);
        const stopped = [listed.stop(), simple.stop()];
        adapter.takeLog();
        await adapter.exit(listed.handle('leaver'), how);
        await adapter.exit(running(leaver), how);
        await adapter.advance(100);
        expect(await Promise.all(stopped)).toEqual(['shutdown', 'shutdown']);
        expect(adapter.log.filter((line) => line.startsWith('start'))).toEqual([]);
        expect(adapter.log.at(-1)).toBe('stop a shutdown');
        expect(adapter.pending).toBe(0);
      }
    }
  });

  check(81, 'a child that cut its link does not hang the stop', async (adapter) => {
    for (const shutdown of [1_000, 'infinity', 'brutal_kill'] as const) {
      const sup = await started(adapter, {}, [adapter.spec('a'), adapter.spec('loose', { shutdown })]);
      const loose = sup.handle('loose');
      adapter.unlink(loose);
      if (shutdown === 1_000) loose.hangOnStop(FOREVER);
      if (shutdown === 'infinity') await adapter.exit(loose, 'error');
      const stopped = sup.stop();
      await adapter.advance(1_000);
      expect(await stopped).toBe('shutdown');
      expect([loose.alive, adapter.pending]).toEqual([false, 0]);
    }
  });
});

describe('the list', () => {
  it('is covered from the first number to the last', () => {
    const numbers = [...outcomes.keys()].sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: LAST_CASE }, (_, index) => index + 1));
  });

  const missing = !existsSync(LIST);
  it.skipIf(missing)(`ends where this file ends${missing ? ' (skipped: ../shared/corpora is not there)' : ''}`, () => {
    const numbers = [...readFileSync(LIST, 'utf8').matchAll(/(?:^|\. |\| )(\d+)(?:\.| \|)/gm)].map((match) =>
      Number(match[1]),
    );
    expect(Math.max(...numbers.filter((number) => number < 1_000))).toBe(LAST_CASE);
  });
});
