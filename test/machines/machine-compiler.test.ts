// Walks the task machine at random in both forms at once, interpreted by XState and compiled to a table: after every event
// snapshots, effects, outputs and persisted forms are equal. Also: what the compiler refuses.

import { describe, expect, it } from 'vitest';
import { type Actor, assign, createActor, setup } from 'xstate';
import { compileMachine } from '../../src/machines/machine-compiler.ts';
import { type TaskEvent, type TaskMachineInput, taskMachine } from '../../src/machines/task-machine.ts';

const STEPS = 120_000;
const EFFECTS = [
  'enqueue',
  'dequeue',
  'startAttempt',
  'endAttempt',
  'stopAttempt',
  'scheduleRetry',
  'unscheduleRetry',
] as const;

const error = (code: string, retryable: boolean) => ({ name: 'RuntimeError', message: code, code, retryable });
const EVENTS: readonly TaskEvent[] = [
  { type: 'task.start' },
  { type: 'task.start' },
  { type: 'task.cancel', reason: 'enough' },
  { type: 'task.deadline' },
  { type: 'task.heartbeat-missed', heartbeatTimeoutMs: 100 },
  { type: 'task.expire', totalTimeoutMs: 5_000 },
  { type: 'task.postpone', error: error('TASK_FAILED', true) },
  { type: 'task.retry-due' },
  { type: 'task.retry-due' },
  { type: 'attempt.completed', output: { n: 1 } },
  { type: 'attempt.failed', error: error('TASK_FAILED', true) },
  { type: 'attempt.failed', error: error('FATAL', true) },
  { type: 'attempt.failed', error: error('TASK_FAILED', false) },
  { type: 'attempt.stopped' },
  { type: 'attempt.returned' },
];

/** A linear congruential generator, so that a failing walk can be repeated. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

type Logic = typeof taskMachine;

function start(form: 'interpreted' | 'compiled', input: TaskMachineInput, log: string[]): Actor<Logic> {
  const note = (name: string) => (args: { context: object; event: { type: string } }) =>
    void log.push(`${name} ${args.event.type} ${JSON.stringify(args.context)}`);
  const machine = taskMachine.provide({
    actions: Object.fromEntries(EFFECTS.map((name) => [name, note(name)])),
  });
  const actor = createActor(form === 'compiled' ? (compileMachine(machine) as Logic) : machine, { input });
  actor.subscribe({ complete: () => log.push(`done ${JSON.stringify(actor.getSnapshot().output)}`) });
  return actor.start();
}

const face = (actor: Actor<Logic>) => {
  const { status, value, context, output, error: failure, tags } = actor.getSnapshot();
  return { status, value, context, output, failure, tags: [...tags] };
};

describe('the compiled task machine', () => {
  it(`equals the interpreted one over ${STEPS} random steps`, () => {
    const random = createRandom(20_261_122);
    const visited = new Set<string>();
    let steps = 0;
    for (let walk = 0; steps < STEPS; walk++) {
      const input = {
        key: walk,
        attempts: random() < 0.2 ? 2 : 0,
        maxAttempts: 1 + Math.floor(random() * 4),
        timeoutMs: random() < 0.5 ? null : 500,
        nonRetryable: random() < 0.5 ? ['FATAL'] : ['TASK_TIMEOUT'],
      };
      const logs: [string[], string[]] = [[], []];
      const interpreted = start('interpreted', input, logs[0]);
      const compiled = start('compiled', input, logs[1]);
      for (let length = 0; length < 40 && interpreted.getSnapshot().status === 'active'; length++) {
        const event = EVENTS[Math.floor(random() * EVENTS.length)] as TaskEvent;
        const before = interpreted.getSnapshot().value;
        expect(compiled.getSnapshot().can(event)).toBe(interpreted.getSnapshot().can(event));
        interpreted.send(event);
        compiled.send(event);
        steps++;
        visited.add(`${before} ${event.type} ${interpreted.getSnapshot().value}`);
        const expected = face(interpreted);
        const actual = face(compiled);
        if (JSON.stringify(actual) !== JSON.stringify(expected)) {
          expect({ walk, length, event, ...actual }).toEqual({ walk, length, event, ...expected });
        }
      }
      expect(logs[1]).toEqual(logs[0]);
      expect(compiled.getPersistedSnapshot()).toEqual(interpreted.getPersistedSnapshot());
      expect(compiled.getSnapshot().matches('completed')).toBe(interpreted.getSnapshot().matches('completed'));
      interpreted.stop();
      compiled.stop();
      expect(face(compiled)).toEqual(face(interpreted));
    }
    // Every transition of the machine was walked.
    const reached = new Set([...visited].map((step) => step.split(' ').slice(0, 2).join(' ')));
    for (const [name, state] of Object.entries(taskMachine.root.states)) {
      for (const type of state.transitions.keys()) expect(reached).toContain(`${name} ${type}`);
    }
  });

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
