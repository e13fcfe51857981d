// Events that nobody asked for: those that a state does not handle, unknown ones, and known ones with missing or wrong
// contents, in every reachable snapshot of every machine. The first two change nothing at all; the last never pass unseen.

import { describe, expect, it } from 'vitest';
import { type AnyMachineSnapshot, type AnyStateMachine, createActor, type EventObject } from 'xstate';
import { compileMachine } from '../../src/machines/machine-compiler.ts';
import { RuntimeHarness, specOf, turn } from '../actors/runtime-harness.ts';
import { MACHINE_CASES, type MachineCase } from './machine-catalogue.ts';
import { waysOf } from './machine-walk.ts';

const UNKNOWN: readonly EventObject[] = [
  { type: 'nobody.knows-this' },
  { type: '' },
  { type: 'constructor' },
  { type: '__proto__' },
  { type: 'xstate.done.actor.somebody' },
  { type: 'xstate.after.100.somewhere' },
];

/** What stands in an event's place for what belongs there. */
const RUBBISH: readonly unknown[] = [undefined, null, Number.NaN, 'text', [], {}];

/** Where wrong contents throw: a fault of the engine itself, as these events come from nowhere else. */
const CRASHES: Readonly<Record<string, readonly string[]>> = { task: ['running on attempt.failed'] };

/** An actor at the end of a way, with effects that only record. */
function arrive({ machine, input, effects }: MachineCase, way: readonly EventObject[], isCompiled = false) {
  const recorded: string[] = [];
  const errors: unknown[] = [];
  const actions = Object.fromEntries(effects.map((name) => [name, () => void recorded.push(name)]));
  const provided: AnyStateMachine = machine.provide({ actions });
  const actor = createActor(isCompiled ? (compileMachine(provided) as AnyStateMachine) : provided, { input });
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.start();
  for (const event of way) actor.send(event);
  return { actor, recorded, errors };
}

function isHandled({ machine }: MachineCase, state: string, type: string): boolean {
  return machine.root.transitions.has(type) || machine.root.states[state]?.transitions.has(type) === true;
}

/** An event with each of its fields left out or replaced, and with none at all. */
function spoil(event: EventObject): EventObject[] {
  const fields = Object.keys(event).filter((key) => key !== 'type');
  return [
    { type: event.type },
    ...fields.flatMap((field) => RUBBISH.map((rubbish) => ({ ...event, [field]: rubbish }))),
  ];
}

describe.each(MACHINE_CASES.map((each) => [each.machine.id, each] as const))('the %s machine', (id, given) => {
  const ways = waysOf(given);
  const compiles = (() => {
    try {
      return compileMachine(given.machine) !== undefined;
    } catch {
      return false;
    }
  })();

  it('is left as it was, the very same snapshot, by what its state does not handle', { timeout: 120_000 }, () => {
    let tried = 0;
    for (const isCompiled of compiles ? [false, true] : [false]) {
      for (const way of ways) {
        const { actor, recorded, errors } = arrive(given, way, isCompiled);
        const before: AnyMachineSnapshot = actor.getSnapshot();
        const persisted = JSON.stringify(actor.getPersistedSnapshot());
        const effects = recorded.length;
        if (before.status !== 'active') continue;
        for (const event of [...given.events, ...UNKNOWN]) {
          if (isHandled(given, String(before.value), event.type)) continue;
          expect(before.can(event)).toBe(false);
          actor.send(event);
          expect(actor.getSnapshot(), `${String(before.value)} on ${event.type}`).toBe(before);
          tried += 1;
        }
        expect(JSON.stringify(actor.getPersistedSnapshot())).toBe(persisted);
        expect(recorded.length).toBe(effects);
        expect(errors).toEqual([]);
      }
    }
    expect(tried).toBeGreaterThan(UNKNOWN.length);
  });

  it('takes events with wrong contents, or ends with an error that its parent hears', { timeout: 120_000 }, () => {
    const crashes = new Set<string>();
    let tried = 0;
    for (const way of ways) {
      for (const event of given.events.flatMap(spoil)) {
        const { actor, errors } = arrive(given, way);
        const before: AnyMachineSnapshot = actor.getSnapshot();
        if (before.status !== 'active' || !isHandled(given, String(before.value), event.type)) continue;
        actor.send(event);
        tried += 1;
        const { status } = actor.getSnapshot();
        expect(errors.length).toBe(status === 'error' ? 1 : 0);
        if (status === 'error') crashes.add(`${String(before.value)} on ${event.type}`);
      }
    }
    process.stdout.write(
      `${id}: ${tried} events with wrong contents; crashes in ${[...crashes].join(', ') || 'none'}\n`,
    );
    expect([...crashes].sort()).toEqual(CRASHES[id] ?? []);
  });
});

describe('a child that ended with an error nobody handles', () => {
  const error = new Error('child');

  it('ends the actor above it with that error', () => {
    for (const given of MACHINE_CASES) {
      const { actor, errors } = arrive(given, []);
      actor.send({ type: 'xstate.error.actor.somebody', error, actorId: 'somebody' });
      expect([actor.getSnapshot().status, errors]).toEqual(['error', [error]]);
    }
  });
});

describe('an event of the type *', () => {
  it('ends an interpreted actor with an error that is heard', () => {
    for (const given of MACHINE_CASES) {
      const { actor, errors } = arrive(given, []);
      actor.send({ type: '*' });
      expect([actor.getSnapshot().status, errors.length]).toEqual(['error', 1]);
    }
  });
});

describe('a task of the engine that is sent wrong contents', () => {
  it('fails as crashed, and gives its capacity back when its body is gone', async () => {
    const harness = new RuntimeHarness();
    const { taskId } = harness.singles.submit(specOf('a', { maxAttempts: 2 }), {}, []);
    await turn();
    const [record] = [...harness.runner.attemptsUnderWay()];
    const wrong: object = { type: 'attempt.failed' };
    record?.actor?.send(wrong as never);
    await turn();
    expect(harness.singles.get(taskId)).toMatchObject({ status: 'failed', error: { code: 'ACTOR_CRASHED' } });
    expect(harness.executor.stops).toHaveLength(1);
    expect(harness.scheduler.inFlight).toBe(1);
    harness.executor.stopped('a');
    await turn();
    expect([harness.scheduler.inFlight, harness.runner.liveCount, harness.timers.pending]).toEqual([0, 0, 0]);
    expect(harness.crashes).toEqual([]);
  });
});
