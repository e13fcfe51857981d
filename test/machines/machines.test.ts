// Every machine in src/machines walked by graph search and replayed on actors whose effects only record: all transitions,
// the number and order of effects. live-walk.test.ts does the same with the real effects.

import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine, EventObject } from 'xstate';
import {
  dispatcherCase,
  effectsOf,
  journalCase,
  MACHINE_CASES,
  MACHINES_FOLDER,
  type MachineCase,
  machineFiles,
  projectCase,
  resourceManagerCase,
  sessionCase,
  workerPoolCase,
  workflowCase,
} from './machine-catalogue.ts';
import { finalStatesOf, type Replay, reachability, replay, statesOf, transitionsOf, walk } from './machine-walk.ts';

/** How often an effect has run when a state is reached; checked after the start and after each event. */
type Law = (count: (effect: string) => number, state: string, events: readonly { readonly type: string }[]) => void;

const isEnded = (state: string) => ['completed', 'failed', 'cancelled'].includes(state);

/** By machine; test/machines/task-machine.test.ts has those of the task machine, the gate's is below. */
const LAWS: ReadonlyMap<MachineCase, Law> = new Map<MachineCase, Law>([
  [
    workflowCase,
    (count, state) => {
      expect(count('startTasks')).toBeLessThanOrEqual(1);
      expect(count('cancelTasks')).toBeLessThanOrEqual(1);
      for (const [on, off, held] of [
        ['pauseTasks', 'resumeTasks', 'paused'],
        ['holdStart', 'releaseStart', 'held'],
      ] as const) {
        expect(count(on) - count(off)).toBeLessThanOrEqual(1);
        if (state === held) expect(count(on) - count(off)).toBe(1);
        if (state === 'running' || state === 'pending') expect(count(on) - count(off)).toBe(0);
      }
      expect(count('reportCompleted')).toBe(state === 'completed' ? 1 : 0);
      expect(count('reportFailed')).toBe(state === 'failed' ? 1 : 0);
      expect(count('reportCancelled')).toBe(state === 'cancelled' ? 1 : 0);
    },
  ],
  [
    sessionCase,
    (count, state) => {
      for (const effect of ['reportStarted', 'awaitRuns', 'cancelRuns']) expect(count(effect)).toBeLessThanOrEqual(1);
      expect(count('reportClosed')).toBe(isEnded(state) ? 1 : 0);
      if (state === 'active') expect([count('awaitRuns'), count('cancelRuns')]).toEqual([0, 0]);
    },
  ],
  [
    workerPoolCase,
    (count, state) => {
      expect(count('startThreads')).toBe(1);
      expect(count('stopThreads')).toBe(state === 'stopping' || state === 'stopped' ? 1 : 0);
    },
  ],
  [
    journalCase,
    (count, state) => {
      expect(count('closeStore')).toBeLessThanOrEqual(1);
      if (state === 'closed') expect(count('closeStore')).toBe(1);
      if (state === 'open') expect(count('closeStore')).toBe(0);
    },
  ],
  [
    projectCase,
    (count, state, events) => {
      // As many as it was entered anew, and none more: each entry is one line of a project's history.
      const entered = (name: string) => count(`record${name.charAt(0).toUpperCase()}${name.slice(1)}`);
      for (const end of ['completed', 'failed', 'archived']) {
        expect(entered(end)).toBeLessThanOrEqual(1);
        if (state === end) expect(entered(end)).toBe(1);
      }
      if (state === 'planning') expect(entered('active')).toBe(0);
      expect(entered('paused')).toBeLessThanOrEqual(entered('active'));
      expect(entered('completed') + entered('failed')).toBeLessThanOrEqual(1);
      const archiving = events.filter(({ type }) => type === 'project.archive' || type === 'project.shelve');
      if (archiving.length === 0) expect(entered('archived')).toBe(0);
    },
  ],
  [
    resourceManagerCase,
    (count, state, events) => {
      const closedAt = events.findIndex(({ type }) => type === 'resource.close');
      const exits = events.slice(0, closedAt < 0 ? undefined : closedAt).filter(({ type }) => type.endsWith('exited'));
      expect(count('reclaim')).toBe(exits.length);
      expect(count('closeGuard')).toBe(state === 'closed' ? 1 : 0);
    },
  ],
]);

describe('the folder of machines', () => {
  it('has no machine that is not walked here', async () => {
    expect(MACHINE_CASES.map(({ file }) => file).sort()).toEqual(machineFiles());
    for (const { file, machine } of MACHINE_CASES) {
      const module: Record<string, unknown> = await import(/* @vite-ignore */ join(MACHINES_FOLDER, file));
      const machines = Object.values(module).filter((each) => typeof each === 'object' && each && 'root' in each);
      expect(machines, file).toEqual([machine]);
    }
  });
});

describe.each(MACHINE_CASES.map((each) => [each.machine.id, each] as const))('the %s machine', (_id, given) => {
  const { machine, events, effects } = given;
  const walked: readonly Replay<AnyStateMachine>[] = [...walk(given)];

  it('takes every transition', () => {
    const all = transitionsOf(machine);
    const taken = new Set(walked.flatMap((path) => [...path.taken]));
    const states = new Set(walked.flatMap((path) => path.states));
    process.stdout.write(
      `${machine.id}: ${taken.size} of ${all.length} transitions, ${states.size} of ${statesOf(machine).length} states, ${walked.length} paths\n`,
    );
    expect([...taken].sort()).toEqual(all.sort());
    expect([...states].sort()).toEqual(statesOf(machine).sort());
  });

  it('can end from every state', () => {
    const finals = finalStatesOf(machine);
    for (const [state, targets] of reachability(given)) {
      const ends = finals.filter((end) => end === state || targets.has(end));
      expect(ends.length, `from ${state}`).toBeGreaterThan(0);
    }
  });

  it('keeps the law of its effects on every path and on random ones', { timeout: 120_000 }, () => {
    const law = LAWS.get(given) ?? (() => {});
    const check = (path: Replay<AnyStateMachine>) => {
      expect(path.status).not.toBe('error');
      for (const [step, state] of path.states.entries()) {
        const so = path.effects.slice(0, path.effectsAt[step]);
        law((effect) => so.filter((name) => name === effect).length, state, path.events.slice(0, step));
      }
    };
    for (const path of walked) check(path);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 25 }), (sent: EventObject[]) => {
        check(replay(given, sent));
      }),
      { numRuns: 300 },
    );
    expect(new Set(walked.flatMap((path) => path.effects))).toEqual(new Set(effectsOf(machine)));
    expect(effects.length).toBeGreaterThan(0);
  });
});

describe('the gate of the dispatcher', () => {
  it('is open exactly while it dispatches', () => {
    for (const path of walk(dispatcherCase)) {
      for (const [step, state] of path.states.entries()) {
        const gates = path.effects.slice(0, path.effectsAt[step]).filter((effect) => effect.endsWith('Gate'));
        expect(gates.at(-1)).toBe(state === 'dispatching' ? 'openGate' : 'closeGate');
      }
    }
  });
});

describe('a cancelled run or session', () => {
  it('never completes: after cancel it ends as cancelled, or as failed if its deadline had passed', () => {
    for (const { machine, input, events, effects, cancel, deadline } of [
      { ...workflowCase, cancel: 'run.cancel', deadline: 'run.deadline' },
      { ...sessionCase, cancel: 'session.cancel', deadline: 'session.deadline' },
    ]) {
      for (const path of walk({ machine, input, events, effects })) {
        const at = path.events.findIndex(({ type }) => type === cancel);
        const before = path.states[at] ?? '';
        if (at < 0 || isEnded(before)) continue;
        const end = path.states.at(-1) ?? '';
        const isTimedOut = path.events.slice(0, at).some(({ type }) => type === deadline);
        expect(isEnded(end) ? end : 'open').toBeOneOf(
          isTimedOut ? ['failed', 'open', 'cancelled'] : ['cancelled', 'open'],
        );
      }
    }
  });
});
