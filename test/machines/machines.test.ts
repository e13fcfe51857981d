// Every machine walked by graph search and replayed on real actors: all transitions, any event in any state, the number
// and order of effects, and the drawing in its file.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine, EventFromLogic } from 'xstate';
import { dispatcherMachine } from '../../src/machines/dispatcher-machine.ts';
import { journalMachine } from '../../src/machines/journal-machine.ts';
import { resourceManagerMachine } from '../../src/machines/resource-manager-machine.ts';
import { sessionMachine } from '../../src/machines/session-machine.ts';
import { workerPoolMachine } from '../../src/machines/worker-pool-machine.ts';
import { workflowMachine } from '../../src/machines/workflow-machine.ts';
import {
  diagramOf,
  finalStatesOf,
  type Replay,
  reachability,
  replay,
  statesOf,
  transitionsOf,
  type WalkOptions,
  walk,
} from './machine-walk.ts';
import { taskWalk } from './task-walk.ts';

/** How often an effect has run when a state is reached; checked after the start and after each event. */
type Law = (count: (effect: string) => number, state: string, events: readonly { readonly type: string }[]) => void;

interface Case<TMachine extends AnyStateMachine> extends WalkOptions<TMachine> {
  readonly file: string;
  readonly law: Law;
}

function define<TMachine extends AnyStateMachine>(given: Case<TMachine>): Case<TMachine> {
  return given;
}

const isEnded = (state: string) => ['completed', 'failed', 'cancelled'].includes(state);

const task = define({ ...taskWalk(2), file: 'task-machine.ts', law: () => {} });

const workflow = define({
  file: 'workflow-machine.ts',
  machine: workflowMachine,
  input: { runId: 'run' },
  events: [
    { type: 'run.start' },
    { type: 'run.pause' },
    { type: 'run.resume' },
    { type: 'run.cancel', reason: 'enough' },
    { type: 'run.deadline' },
    { type: 'run.tasks-ended', failed: 0, cancelled: 0 },
    { type: 'run.tasks-ended', failed: 0, cancelled: 1 },
    { type: 'run.tasks-ended', failed: 2, cancelled: 0 },
  ],
  effects: [
    'startTasks',
    'pauseTasks',
    'resumeTasks',
    'cancelTasks',
    'reportCompleted',
    'reportFailed',
    'reportCancelled',
  ],
  law: (count, state) => {
    expect(count('startTasks')).toBeLessThanOrEqual(1);
    expect(count('cancelTasks')).toBeLessThanOrEqual(1);
    expect(count('pauseTasks') - count('resumeTasks')).toBeLessThanOrEqual(1);
    if (state === 'paused') expect(count('pauseTasks') - count('resumeTasks')).toBe(1);
    if (state === 'running') expect(count('pauseTasks') - count('resumeTasks')).toBe(0);
    expect(count('reportCompleted')).toBe(state === 'completed' ? 1 : 0);
    expect(count('reportFailed')).toBe(state === 'failed' ? 1 : 0);
    expect(count('reportCancelled')).toBe(state === 'cancelled' ? 1 : 0);
  },
});

const session = define({
  file: 'session-machine.ts',
  machine: sessionMachine,
  input: { sessionId: 'session' },
  events: [
    { type: 'session.start' },
    { type: 'session.close' },
    { type: 'session.cancel', reason: 'enough' },
    { type: 'session.deadline' },
    { type: 'session.runs-ended' },
  ],
  effects: ['reportStarted', 'awaitRuns', 'cancelRuns', 'reportClosed'],
  law: (count, state) => {
    for (const effect of ['reportStarted', 'awaitRuns', 'cancelRuns']) expect(count(effect)).toBeLessThanOrEqual(1);
    expect(count('reportClosed')).toBe(isEnded(state) ? 1 : 0);
    if (state === 'active') expect([count('awaitRuns'), count('cancelRuns')]).toEqual([0, 0]);
  },
});

const workerPool = define({
  file: 'worker-pool-machine.ts',
  machine: workerPoolMachine,
  input: undefined,
  events: [
    { type: 'pool.started' },
    { type: 'pool.failed', reason: 'no thread' },
    { type: 'pool.thread-exited' },
    { type: 'pool.complete' },
    { type: 'pool.died', reason: 'all gone' },
    { type: 'pool.stop' },
    { type: 'pool.stopped' },
  ],
  effects: ['startThreads', 'stopThreads'],
  law: (count, state) => {
    expect(count('startThreads')).toBe(1);
    expect(count('stopThreads')).toBe(state === 'stopping' || state === 'stopped' ? 1 : 0);
  },
});

const journal = define({
  file: 'journal-machine.ts',
  machine: journalMachine,
  input: undefined,
  events: [{ type: 'journal.close' }, { type: 'journal.closed' }, { type: 'journal.failed', reason: 'disk full' }],
  effects: ['closeStore'],
  law: (count, state) => {
    expect(count('closeStore')).toBeLessThanOrEqual(1);
    if (state === 'closed') expect(count('closeStore')).toBe(1);
    if (state === 'open') expect(count('closeStore')).toBe(0);
  },
});

const resourceManager = define({
  file: 'resource-manager-machine.ts',
  machine: resourceManagerMachine,
  input: undefined,
  events: [{ type: 'resource.thread-exited', threadId: 7 }, { type: 'resource.close' }],
  effects: ['reclaim', 'closeGuard'],
  law: (count, state, events) => {
    const closedAt = events.findIndex(({ type }) => type === 'resource.close');
    const exits = events.slice(0, closedAt < 0 ? undefined : closedAt).filter(({ type }) => type.endsWith('exited'));
    expect(count('reclaim')).toBe(exits.length);
    expect(count('closeGuard')).toBe(state === 'closed' ? 1 : 0);
  },
});

const dispatcher = define({
  file: 'dispatcher-machine.ts',
  machine: dispatcherMachine,
  input: undefined,
  events: [
    { type: 'dispatch.hold' },
    { type: 'dispatch.resume' },
    { type: 'dispatch.drain' },
    { type: 'dispatch.stop' },
  ],
  effects: ['openGate', 'closeGate'],
  law: () => {},
});

function suite<TMachine extends AnyStateMachine>(given: Case<TMachine>): void {
  const { machine, events, effects, law, file } = given;
  const walked: readonly Replay<TMachine>[] = [...walk(given)];

  it('takes every transition', () => {
    const all = transitionsOf(machine);
    const taken = new Set(walked.flatMap((path) => [...path.taken]).filter((name) => all.includes(name)));
    const missed = all.filter((name) => !taken.has(name));
    const states = new Set(walked.flatMap((path) => path.states));
    process.stdout.write(
      `${machine.id}: ${taken.size} of ${all.length} transitions, ${states.size} of ${statesOf(machine).length} states, ${walked.length} paths\n`,
    );
    expect(missed).toEqual([]);
    expect([...states].sort()).toEqual(statesOf(machine).sort());
  });

  it('survives any event in any state: no guard, assign or action throws', () => {
    for (const { status, events: sent } of walked) {
      expect(status, `after ${sent.map(({ type }) => type).join(', ')}`).not.toBe('error');
    }
  });

  it('changes nothing on an event that its state does not handle', () => {
    for (const path of walked) {
      const before = path.states.at(-2) ?? '';
      const event = path.events.at(-1);
      const handles = machine.root.states[before]?.transitions.has(event?.type ?? '') === true;
      if (handles) continue;
      expect(path.states.at(-1)).toBe(before);
      expect(path.effectsAt.at(-1)).toBe(path.effectsAt.at(-2));
    }
  });

  it('can end from every state', () => {
    const finals = finalStatesOf(machine);
    for (const [state, targets] of reachability(given)) {
      const ends = finals.filter((end) => end === state || targets.has(end));
      expect(ends.length, `from ${state}`).toBeGreaterThan(0);
    }
  });

  it('keeps the law of its effects on every path and on random ones', () => {
    const check = (path: Replay<TMachine>) => {
      for (const [step, state] of path.states.entries()) {
        const so = path.effects.slice(0, path.effectsAt[step]);
        law((effect) => so.filter((name) => name === effect).length, state, path.events.slice(0, step));
      }
    };
    for (const path of walked) check(path);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 25 }), (sent: EventFromLogic<TMachine>[]) => {
        check(replay(given, sent));
      }),
      { numRuns: 300 },
    );
    expect(new Set(walked.flatMap((path) => path.effects))).toEqual(new Set(effects));
  });

  it('is drawn in its file with every state and every event, and with no other event', () => {
    const drawing = diagramOf(file);
    const words = new Set(drawing.match(/[a-z]+(?:-[a-z]+)*/g));
    const eventWords = new Set(events.map(({ type }) => type.slice(type.lastIndexOf('.') + 1)));
    expect([...statesOf(machine), ...eventWords].filter((word) => !words.has(word))).toEqual([]);
    const drawn = [...drawing.matchAll(/──([a-z, -]+)──▶/g)].flatMap(([, label]) => (label ?? '').split(/, ?/));
    expect(drawn.filter((word) => !eventWords.has(word))).toEqual([]);
    expect(drawn.length).toBeGreaterThan(0);
  });
}

describe('task machine', () => suite(task));
describe('workflow machine', () => suite(workflow));
describe('session machine', () => suite(session));
describe('worker pool machine', () => suite(workerPool));
describe('journal machine', () => suite(journal));
describe('resource manager machine', () => suite(resourceManager));

describe('dispatcher machine', () => {
  suite(dispatcher);

  it('has its gate open exactly while it dispatches', () => {
    for (const path of walk(dispatcher)) {
      for (const [step, state] of path.states.entries()) {
        const gate = path.effects.slice(0, path.effectsAt[step]).at(-1);
        expect(gate).toBe(state === 'dispatching' ? 'openGate' : 'closeGate');
      }
    }
  });
});

describe('a cancelled run or session', () => {
  it('never completes: after cancel it ends as cancelled, or as failed if its deadline had passed', () => {
    for (const { machine, input, events, effects, cancel, deadline } of [
      { ...workflow, cancel: 'run.cancel', deadline: 'run.deadline' },
      { ...session, cancel: 'session.cancel', deadline: 'session.deadline' },
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
