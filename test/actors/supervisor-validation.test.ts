// Numbers in brackets are the cases of the OTP behaviour list, part B (and A for defaults).

import { describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { startSupervisor } from '../../src/actors/supervisor.ts';
import { parseChildSpec } from '../../src/actors/supervisor-child-spec.ts';
import { parseSupervisorFlags } from '../../src/actors/supervisor-flags.ts';
import { ManualTimers } from '../support/manual-timers.ts';

const logic = createMachine({});
let starts = 0;
const good = {
  id: 'good',
  start: () => {
    starts++;
    return { logic };
  },
};

/** The fault of flags or specs as a caller without types could give them; nothing may have been started. */
function faultOf(flags: unknown, specs: unknown): string {
  const timers = new ManualTimers();
  starts = 0;
  try {
    Reflect.apply(startSupervisor, undefined, [flags, specs, { clock: timers, timers }]);
  } catch (error) {
    expect(error).toMatchObject({ code: 'SUPERVISOR_SPEC_INVALID' });
    expect(starts).toBe(0);
    return error instanceof Error ? error.message : '';
  }
  return 'no fault';
}

describe('supervisor flags', () => {
  it('default to one_for_one, one restart in 5 s, no automatic shutdown [1]', () => {
    expect(parseSupervisorFlags({})).toEqual({
      strategy: 'one_for_one',
      intensity: 1,
      periodMs: 5_000,
      autoShutdown: 'never',
    });
  });

  it.each([
    [22, { strategy: 'one_for_two' }, /invalid strategy: 'one_for_two'/],
    [23, { intensity: Number.POSITIVE_INFINITY }, /invalid intensity: Infinity/],
    [23, { intensity: 'infinity' }, /invalid intensity/],
    [23, { intensity: -1 }, /invalid intensity/],
    [24, { periodMs: 0 }, /invalid periodMs: 0/],
    [25, { periodMs: Number.POSITIVE_INFINITY }, /invalid periodMs: Infinity/],
    [25, { periodMs: Number.NaN }, /invalid periodMs/],
    [26, { autoShutdown: 'sometimes' }, /invalid autoShutdown: 'sometimes'/],
    [27, 'one_for_one', /invalid type/],
    [27, null, /invalid type/],
    [27, ['one_for_one', 1, 5], /invalid type/],
  ])('are refused by name [%i] %j', (_case, flags, message) => {
    expect(faultOf(flags, [good])).toMatch(message);
  });

  it('name every fault at once', () => {
    expect(faultOf({ strategy: 1, intensity: 0.5, periodMs: '5' }, [])).toMatch(/strategy.*intensity.*periodMs/);
  });

  it('may have keys that nobody knows [14]', () => {
    expect(faultOf({ colour: 'red' }, [{ ...good, colour: 'red' }])).toBe('no fault');
  });
});

describe('child specs', () => {
  it.each([
    [11, { start: good.start }, /missing id/],
    [12, { id: 'a' }, /missing start/],
    [13, 'child', /invalid child spec/],
    [13, null, /invalid child spec/],
    [15, { id: 'a', start: 'go' }, /invalid start: 'go'/],
    [16, { ...good, restart: 'prmanent' }, /invalid restart type: 'prmanent'/],
    [17, { ...good, shutdownMs: -10 }, /invalid shutdown: -10/],
    [17, { ...good, shutdownMs: 'later' }, /invalid shutdown/],
    [17, { ...good, shutdownMs: Number.NaN }, /invalid shutdown/],
    [18, { ...good, type: 'wrker' }, /invalid type: 'wrker'/],
    [19, { ...good, restart: 'transient', significant: 'maybe' }, /invalid significant: 'maybe'/],
  ])('are refused by name [%i] %o', (_case, spec, message) => {
    expect(faultOf({}, [{ ...good, id: 'first' }, spec])).toMatch(message);
  });

  it.each([0, 1, 5_000, 'infinity', 'brutal_kill'])('may give %s for shutdown [17]', (shutdownMs) => {
    expect(parseChildSpec({ ...good, shutdownMs }, 'never').shutdownMs).toBe(shutdownMs);
  });

  it('must not share an id [20]', () => {
    expect(faultOf({}, [good, { ...good }])).toMatch(/duplicate id: 'good'/);
  });

  it('must be a list', () => {
    expect(faultOf({}, { good })).toMatch(/invalid type/);
  });

  it('are significant only where somebody asks, at the start and later [28]', async () => {
    const significant = { ...good, restart: 'transient', significant: true } as const;
    expect(faultOf({ autoShutdown: 'never' }, [significant])).toMatch(/significant/);
    expect(faultOf({ autoShutdown: 'any_significant' }, [significant])).toBe('no fault');
    const timers = new ManualTimers();
    const supervisor = startSupervisor({}, [], { clock: timers, timers });
    await expect(supervisor.startChild(significant)).rejects.toMatchObject({ code: 'SUPERVISOR_SPEC_INVALID' });
    expect(supervisor.whichChildren()).toEqual([]);
  });

  it.each(['never', 'any_significant', 'all_significant'])('are never permanent and significant [29] %s', (mode) => {
    const faults = faultOf({ autoShutdown: mode }, [{ ...good, restart: 'permanent', significant: true }]);
    expect(faults).toMatch(/permanent child cannot be significant/);
  });
});
