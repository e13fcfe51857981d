// The messages for Stately's inspector, held against the package whose words they are: its types, its converter, its
// receiver.

import { createBrowserReceiver, createInspector, type StatelyInspectionEvent } from '@statelyai/inspect';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ActorTrace } from '../../src/inspect/actor-trace.ts';
import { statechartOf } from '../../src/inspect/statechart.ts';
import { STATELY_VERSION, type StatelyMessage, StatelyProtocol } from '../../src/inspect/stately-protocol.ts';
import { createTestEngine, type TestEngine } from '../engine/support.ts';
import { FakeViewer } from './fake-viewer.ts';
import { ACTOR_TASKS, endingsOf, runTwenty } from './traced-run.ts';

function collectMessages({ engine }: TestEngine): StatelyMessage[] {
  const trace = new ActorTrace(engine);
  const protocol = new StatelyProtocol(trace.startedAtMs);
  const messages: StatelyMessage[] = [];
  const stop = trace.subscribe((entry) => {
    const message = protocol.message(entry);
    if (message !== undefined) messages.push(message);
  });
  onTestFinished(stop);
  return messages;
}

/** A window as a page in a frame has it: the package's receiver passes on what its own validator takes for a message. */
function receiverWindow() {
  const listeners: ((event: { data: unknown }) => void)[] = [];
  const posted: unknown[] = [];
  const self = { name: 'self' };
  return {
    self,
    top: { name: 'top' },
    parent: { postMessage: (message: unknown) => posted.push(message) },
    addEventListener: (_: string, listener: (event: { data: unknown }) => void) => listeners.push(listener),
    post: (data: unknown) => {
      for (const listener of listeners) listener({ data });
    },
    posted,
  };
}

describe.each(['compiled', 'interpreted'] as const)('the messages of a %s run', (taskMachine) => {
  it('let a viewer that knows nothing else rebuild every state, through the receiver of the package', async () => {
    const test = await createTestEngine({ taskMachine });
    const messages = collectMessages(test);
    const history = await runTwenty(test);
    const window = receiverWindow();
    const receiver = createBrowserReceiver({ window });
    const viewer = new FakeViewer();
    receiver.subscribe((message) => viewer.take(message));
    expect(window.posted).toEqual([{ type: '@statelyai.connected' }]);
    // By type: what is not a message of the package does not compile.
    for (const message of messages satisfies readonly StatelyInspectionEvent[]) {
      window.post(JSON.parse(JSON.stringify(message)));
    }
    expect(viewer.messages).toHaveLength(messages.length);
    expect(viewer.taskStates()).toEqual(endingsOf(history));
    const tasks = [...viewer.actors.values()].filter(({ machine }) => machine === 'task');
    expect(tasks).toHaveLength(ACTOR_TASKS);
    for (const { initial } of tasks) expect(initial).toMatchObject({ status: 'active', value: 'ready' });
    const workflow = [...viewer.actors.values()].find(({ machine }) => machine === 'workflow');
    expect(workflow).toMatchObject({ initial: { value: 'pending' }, last: { status: 'done', value: 'failed' } });
  });

  it('have the same words as those of the converter of the package, for the same actors', async () => {
    const theirs: StatelyInspectionEvent[] = [];
    const inspector = createInspector({ send: (message) => theirs.push(message) });
    const test = await createTestEngine({ taskMachine, inspect: (event) => inspector.inspect.next?.(event) });
    const ours = collectMessages(test);
    await runTwenty(test);
    // It converts a turn later.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const words = (all: readonly object[]) =>
      new Set(all.map((message) => `${Reflect.get(message, 'type')}: ${Object.keys(message).sort().join(' ')}`));
    expect(words(ours)).toEqual(words(theirs));
    const actorsOf = (all: readonly (StatelyInspectionEvent | StatelyMessage)[]) =>
      new Map(
        all.flatMap((message) => {
          if (message.type !== '@xstate.actor') return [];
          const { sessionId, rootId, parentId, definition } = message;
          const { id, states, initial } = JSON.parse(definition ?? '{}');
          return [[sessionId, { rootId, parentId, id, initial, states, _version: message._version }]];
        }),
      );
    const expected = actorsOf(theirs);
    const actual = actorsOf(ours);
    // Actors that had ended before ours began to look are theirs alone.
    for (const [sessionId, actor] of actual) expect(actor).toEqual(expected.get(sessionId));
    expect(actual.size).toBeGreaterThan(ACTOR_TASKS);
  });
});

describe('a message', () => {
  const actor = (id: string, parent: string | null, machine: string | null) =>
    ({
      kind: 'actor',
      seq: 1,
      t: 0.6,
      id,
      name: `${id}:1`,
      parent,
      machine,
      late: false,
      snapshot: { status: 'active', value: 'ready', context: {} },
    }) as const;

  it('of an actor brings its definition each time, made from one text', () => {
    const protocol = new StatelyProtocol(1_000);
    const { definition } = statechartOf('task');
    protocol.message({
      kind: 'definition',
      seq: 1,
      t: 0,
      machine: 'task',
      definition: JSON.parse(JSON.stringify(definition)),
    });
    const messages = ['a', 'b'].map((id) => protocol.message(actor(id, null, 'task')));
    const texts = messages.map((message) => (message?.type === '@xstate.actor' ? message.definition : ''));
    expect(texts[0]).toBe(texts[1]);
    expect(JSON.parse(texts[0] ?? '')).toEqual(definition);
    expect(messages[0]).toMatchObject({ createdAt: '1001', _version: STATELY_VERSION, rootId: 'a' });
  });

  it('names the root of the tree, and says of what is no machine only what there is', () => {
    const protocol = new StatelyProtocol(0);
    protocol.message(actor('root', null, null));
    protocol.message(actor('middle', 'root', null));
    expect(protocol.message(actor('leaf', 'middle', 'task'))).toMatchObject({ rootId: 'root', parentId: 'middle' });
    const message = protocol.message(actor('other', 'root', null));
    expect(message).toMatchObject({ definition: '{"id":"other:1"}', snapshot: { status: 'active' } });
    expect(Object.keys(Object(message).snapshot)).not.toContain('value');
  });

  it('of a snapshot has the event that led to it, whole', () => {
    const protocol = new StatelyProtocol(0);
    protocol.message(actor('a', null, 'task'));
    const event = { type: 'task.cancel', reason: 'why not' };
    protocol.message({ kind: 'event', seq: 2, t: 1, actor: 'a', source: null, event });
    const snapshot = { status: 'active', value: 'cancelling', context: {} } as const;
    expect(
      protocol.message({ kind: 'snapshot', seq: 3, t: 1, actor: 'a', event: 'task.cancel', snapshot }),
    ).toMatchObject({
      event,
      snapshot: { value: 'cancelling' },
    });
  });
});
