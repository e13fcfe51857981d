// Walks every machine that the compiler takes at random in both forms at once, interpreted by XState and compiled to a
// table: after every event, known, unknown or with wrong contents, snapshots, effects, outputs and persisted forms are
// equal. Also: what the compiler refuses, and why.

import { describe, expect, it } from 'vitest';
import { type Actor, type AnyStateMachine, assign, createActor, type EventObject, setup } from 'xstate';
import { compileMachine } from '../../src/machines/machine-compiler.ts';
import { taskMachine } from '../../src/machines/task-machine.ts';
import { MACHINE_CASES, type MachineCase, taskCase } from './machine-catalogue.ts';
import { nameOf, transitionsOf } from './machine-walk.ts';

/** Of the task machine; each of the others, which have fewer states, takes a part of it. */
const TASK_STEPS = 120_000;
const OTHER_STEPS = 25_000;
const LONGEST_WALK = 40;
/** How often an event has something wrong in the place of one of its fields, or is one that nobody knows. */
const WRONG_SHARE = 0.08;

/** Machines of this project that are not compiled, with the reason that the compiler gives. */
const REFUSED: Readonly<Record<string, string>> = {
  dispatcher: 'actions or transitions of the root',
};

const error = (code: string, retryable: boolean) => ({ name: 'RuntimeError', message: code, code, retryable });

/** A linear congruential generator, so that a failing walk can be repeated. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

type Random = () => number;

function pick<T>(random: Random, list: readonly T[]): T {
  // The lists here are never empty.
  return list[Math.floor(random() * list.length)] as T;
}

/** A known event, now and then spoilt, or an unknown one. */
function drawEvent(random: Random, events: readonly EventObject[]): EventObject {
  const event = pick(random, events);
  if (random() >= WRONG_SHARE) return event;
  const fields = Object.keys(event).filter((key) => key !== 'type');
  if (random() < 0.3 || fields.length === 0)
    return { type: pick(random, ['nobody.knows-this', '', 'xstate.init', 'toString']) };
  return { ...event, [pick(random, fields)]: pick(random, [undefined, null, 0, 'text', [], {}]) };
}

function inputOf(given: MachineCase, walk: number, random: Random): unknown {
  if (given !== taskCase) return given.input;
  return {
    key: walk,
    attempts: random() < 0.2 ? 2 : 0,
    maxAttempts: 1 + Math.floor(random() * 4),
    timeoutMs: random() < 0.5 ? null : 500,
    nonRetryable: random() < 0.5 ? ['NEVER_AGAIN'] : ['TASK_TIMEOUT'],
  };
}

function start(
  form: 'interpreted' | 'compiled',
  given: MachineCase,
  input: unknown,
  log: string[],
): Actor<AnyStateMachine> {
  const note = (name: string) => (args: { context: object; event: { type: string } }) =>
    void log.push(`${name} ${args.event.type} ${JSON.stringify(args.context)}`);
  const machine = given.machine.provide({
    actions: Object.fromEntries(given.effects.map((name) => [name, note(name)])),
  });
  const actor = createActor(form === 'compiled' ? (compileMachine(machine) as AnyStateMachine) : machine, { input });
  actor.subscribe({
    complete: () => log.push(`done ${JSON.stringify(actor.getSnapshot().output)}`),
    error: () => log.push('error'),
  });
  return actor.start();
}

// XState says in words of its own which guard threw; that it threw is what both must tell.
const face = (actor: Actor<AnyStateMachine>) => {
  const { status, value, context, output, error: failure, tags } = actor.getSnapshot();
  return { status, value, context, output, hasFailed: failure !== undefined, tags: [...tags] };
};

/** One walk in both forms; gives its steps, and notes the transitions it took. */
function walkBoth(given: MachineCase, walk: number, random: Random, taken: Set<string>): number {
  const input = inputOf(given, walk, random);
  const logs: [string[], string[]] = [[], []];
  const interpreted = start('interpreted', given, input, logs[0]);
  const compiled = start('compiled', given, input, logs[1]);
  let length = 0;
  for (; length < LONGEST_WALK && interpreted.getSnapshot().status === 'active'; length++) {
    const event = drawEvent(random, given.events);
    const before = interpreted.getSnapshot();
    if (!isThrown(() => before.can(event))) {
      expect(compiled.getSnapshot().can(event)).toBe(before.can(event));
      for (const transition of given.machine.getTransitionData(before, event))
        taken.add(nameOf(String(before.value), transition));
    }
    interpreted.send(event);
    compiled.send(event);
    const expected = face(interpreted);
    const actual = face(compiled);
    if (JSON.stringify(actual) !== JSON.stringify(expected)) {
      expect({ walk, length, event, ...actual }).toEqual({ walk, length, event, ...expected });
    }
  }
  expect(logs[1]).toEqual(logs[0]);
  expect({ ...compiled.getPersistedSnapshot(), error: null }).toEqual({
    ...interpreted.getPersistedSnapshot(),
    error: null,
  });
  for (const state of Object.keys(given.machine.root.states)) {
    expect(compiled.getSnapshot().matches(state)).toBe(interpreted.getSnapshot().matches(state));
  }
  interpreted.stop();
  compiled.stop();
  expect(face(compiled)).toEqual(face(interpreted));
  return length;
}

// A guard may throw over wrong contents; what follows from that is compared with everything else.
function isThrown(action: () => unknown): boolean {
  try {
    action();
    return false;
  } catch {
    return true;
  }
}

const compiledCases = MACHINE_CASES.filter(({ machine }) => REFUSED[machine.id] === undefined);

describe.each(compiledCases.map((each) => [each.machine.id, each] as const))(
  'the compiled %s machine',
  (_id, given) => {
    const wanted = given === taskCase ? TASK_STEPS : OTHER_STEPS;

    it(`equals the interpreted one over ${wanted} random steps`, { timeout: 120_000 }, () => {
      const random = createRandom(20_261_122);
      const taken = new Set<string>();
      let steps = 0;
      for (let walk = 0; steps < wanted; walk++) steps += walkBoth(given, walk, random, taken);
      process.stdout.write(`${given.machine.id}: ${steps} random steps in both forms\n`);
      expect([...taken].sort()).toEqual(transitionsOf(given.machine).sort());
    });
  },
);

describe('the compiled task machine', () => {
  it('makes its effects in the right order around a send to itself', () => {
    const order: string[] = [];
    const machine = taskMachine.provide({
      actions: {
        startAttempt: ({ self }) => {
          order.push('start');
          self.send({ type: 'attempt.failed', error: error('X', false) });
          order.push('sent');
        },
        endAttempt: () => void order.push('end'),
      },
    });
    const input = { key: 1, attempts: 0, maxAttempts: 1, timeoutMs: null, nonRetryable: [] };
    const actor = createActor(compileMachine(machine), { input }).start();
    actor.send({ type: 'task.start' });
    expect(order).toEqual(['start', 'sent', 'end']);
    expect(actor.getSnapshot().value).toBe('failed');
  });
});

describe('compileMachine', () => {
  it('takes every machine of this project but those refused for a reason', () => {
    for (const { machine } of MACHINE_CASES) {
      const reason = REFUSED[machine.id];
      if (reason === undefined) expect(() => compileMachine(machine)).not.toThrow();
      else
        expect(() => compileMachine(machine)).toThrow(`machine '${machine.id}' cannot be compiled: ${reason} is not`);
    }
    expect(compiledCases).toContain(taskCase);
  });

  const refuses = (name: string, machine: Parameters<typeof compileMachine>[0]) =>
    it(`refuses ${name}`, () => expect(() => compileMachine(machine)).toThrow(/cannot be compiled/));

  refuses(
    'nested states',
    setup({}).createMachine({ initial: 'a', states: { a: { initial: 'b', states: { b: {} } } } }),
  );
  refuses(
    'a delayed transition',
    setup({}).createMachine({ initial: 'a', states: { a: { after: { 10: 'b' } }, b: {} } }),
  );
  refuses('an eventless transition', setup({}).createMachine({ initial: 'a', states: { a: { always: 'b' }, b: {} } }));
  refuses('a wildcard', setup({}).createMachine({ initial: 'a', states: { a: { on: { '*': 'b' } }, b: {} } }));
  refuses(
    'exit actions',
    setup({ actions: { x: () => {} } }).createMachine({ initial: 'a', states: { a: { exit: 'x' } } }),
  );
  refuses('root transitions', setup({}).createMachine({ initial: 'a', on: { e: '.b' }, states: { a: {}, b: {} } }));
  refuses(
    'unnamed actions',
    setup({}).createMachine({ initial: 'a', states: { a: { on: { e: { actions: () => {} } } } } }),
  );
  refuses(
    'an assign on entering the first state',
    setup({ actions: { x: assign({}) } }).createMachine({ initial: 'a', states: { a: { entry: 'x' } } }),
  );
});
