// The dispatch loop over scripted executors: slots, gate, two pools, idleness.

import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { requestOf } from '../scheduling/memory-capacity.ts';
import { RuntimeHarness, specOf, turn } from './runtime-harness.ts';

function submit(harness: RuntimeHarness, name: string, facts: Parameters<typeof specOf>[1] = {}) {
  return harness.singles.submit(specOf(name, facts), {}, []).taskId;
}

describe('the dispatcher', () => {
  it('starts as many as there are slots, at the end of the turn, the next when one ends', async () => {
    const harness = new RuntimeHarness({ slots: 2 });
    for (const name of ['a', 'b', 'c']) submit(harness, name);
    expect(harness.executor.running).toEqual([]);
    await turn();
    expect(harness.executor.running).toEqual(['a', 'b']);
    harness.executor.complete('a');
    expect(harness.executor.running).toEqual(['b', 'c']);
  });

  it('lets tasks that become ready in one turn compete by priority, not by who came first', async () => {
    const harness = new RuntimeHarness();
    submit(harness, 'low', { priority: 3 });
    submit(harness, 'high', { priority: 1 });
    await turn();
    expect(harness.executor.running).toEqual(['high']);
  });

  it('starts nothing while held or draining, lets run what runs, goes on when resumed', async () => {
    const harness = new RuntimeHarness({ slots: 2 });
    submit(harness, 'a');
    await turn();
    harness.gate.send({ type: 'dispatch.hold' });
    submit(harness, 'b');
    await turn();
    harness.executor.complete('a');
    expect(harness.executor.running).toEqual([]);
    harness.gate.send({ type: 'dispatch.resume' });
    await turn();
    expect(harness.executor.running).toEqual(['b']);
    harness.gate.send({ type: 'dispatch.drain' });
    submit(harness, 'c');
    harness.executor.complete('b');
    harness.gate.send({ type: 'dispatch.resume' });
    await turn();
    expect(harness.executor.running).toEqual([]);
  });

  it('asks before each start whether it may, lets run what runs, and goes on when woken', async () => {
    let room = 1;
    const harness: RuntimeHarness = new RuntimeHarness({
      slots: 3,
      mayStart: () => harness.executor.started.length < room,
    });
    for (const name of ['a', 'b', 'c']) submit(harness, name);
    await turn();
    expect(harness.executor.running).toEqual(['a']);
    harness.executor.complete('a');
    await turn();
    expect(harness.executor.running).toEqual([]);
    room = 9;
    harness.runner.wake();
    await turn();
    expect(harness.executor.running).toEqual(['b', 'c']);
  });

  it('ends with an error when the loop throws, not the process; another in its place goes on', async () => {
    let isBroken = true;
    const harness: RuntimeHarness = new RuntimeHarness({
      slots: 2,
      mayStart: () => {
        if (isBroken) throw new Error('the loop is broken');
        return true;
      },
    });
    const errors: unknown[] = [];
    harness.gate.subscribe({ error: (error) => errors.push(error) });
    submit(harness, 'a');
    await turn();
    expect(errors).toMatchObject([{ message: 'the loop is broken' }]);
    expect(harness.gate.getSnapshot().status).toBe('error');
    isBroken = false;
    submit(harness, 'b');
    await turn();
    expect(harness.executor.running).toEqual([]);
    createActor(harness.dispatcher.createLogic()).start();
    await turn();
    expect(harness.executor.running).toEqual(['a', 'b']);
  });

  it('fills each pool by itself', async () => {
    const harness = new RuntimeHarness({ slots: 1, inlineSlots: 2 });
    for (const name of ['t1', 't2']) submit(harness, name, { pool: 0 });
    for (const name of ['i1', 'i2', 'i3']) submit(harness, name, { pool: 1 });
    await turn();
    expect([harness.executor.running, harness.inline.running]).toEqual([['t1'], ['i1', 'i2']]);
  });

  it('goes back to the first pool when a start in the second made room in a line', async () => {
    const harness = new RuntimeHarness({ slots: 1, inlineSlots: 1, capacities: [2, 1] });
    submit(harness, 'holder', { pool: 0, request: requestOf([1, 1]) });
    await turn();
    submit(harness, 'inline', { pool: 1, request: requestOf([0, 1], [1, 1]) });
    await turn();
    submit(harness, 'thread', { pool: 0, request: requestOf([0, 1]) });
    await turn();
    harness.executor.complete('holder');
    expect([harness.executor.running, harness.inline.running]).toEqual([['thread'], ['inline']]);
  });

  it('is idle when no attempt is under way, and says so to all who wait', async () => {
    const harness = new RuntimeHarness({ slots: 2 });
    await harness.dispatcher.idle();
    submit(harness, 'a');
    submit(harness, 'b');
    await turn();
    const heard: string[] = [];
    void harness.dispatcher.idle().then(() => heard.push('first'));
    void harness.dispatcher.idle().then(() => heard.push('second'));
    harness.executor.complete('a');
    await turn();
    expect(heard).toEqual([]);
    harness.executor.fail('b');
    await turn();
    expect(heard).toEqual(['first', 'second']);
  });

  it('starts what waited when an executor comes, and nothing when it goes', async () => {
    const harness = new RuntimeHarness();
    harness.dispatcher.setExecutor(0, undefined);
    submit(harness, 'a');
    await turn();
    expect(harness.executor.running).toEqual([]);
    harness.dispatcher.setExecutor(0, harness.executor);
    await turn();
    expect(harness.executor.running).toEqual(['a']);
  });
});
