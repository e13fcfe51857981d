// Bodies that block their thread for capacity, through the engine: served in turn, cancelled, timed out, refused and ended.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTestFolder } from '../support/test-folder.ts';
import { createTestEngine, seen, type TestEngine } from './support.ts';

const step = (action: string, parameters: Record<string, unknown> = { id: 'pot' }, more: object = {}) => ({
  name: action,
  module: 'blocking',
  action,
  parameters,
  ...more,
});

/** An engine whose resource `pot` of 2 is taken, and the way to give it back. */
async function createScene(config: Parameters<typeof createTestEngine>[0] = {}) {
  const made = await createTestEngine({ cancelGraceMs: 20_000, ...config });
  const { engine } = made;
  engine.resources.registerResource('pot', 'custom', 2);
  engine.resources.registerResource('own', 'custom', 1);
  const held = engine.resources.allocate('pot', 'main', 2);
  const giveBack = (): void => {
    if (held !== null) engine.resources.release(held);
  };
  return { ...made, giveBack };
}

/** Resolves when a body has said that it blocks (which reaches us while it does) and stands in line. */
async function blocked(made: TestEngine, waiting = 1): Promise<void> {
  await seen(made, ({ type, data }) => type === 'task.log' && data.message === 'blocks now');
  await expect.poll(() => made.engine.resources.getUsage('pot').waiting).toBe(waiting);
}

function expectIdle({ engine }: TestEngine, ...ids: string[]): void {
  for (const id of ids) {
    expect(engine.resources.getUsage(id)).toMatchObject({ current: 0, waiting: 0, allocationCount: 0 });
  }
}

test('a blocked body is served in its turn, what it said before is heard, and it counts as alive', async () => {
  const made = await createScene();
  const { engine, giveBack, events } = made;
  engine.workflows.createWorkflow('w', [step('waits', { id: 'pot', amount: 2 }, { heartbeatTimeoutMs: 120 })]);
  const run = engine.startWorkflow('w');
  await blocked(made);
  const untilMs = performance.now() + 400;
  while (performance.now() < untilMs) await new Promise((resolve) => setImmediate(resolve));
  giveBack();
  const execution = await run.result();
  expect(execution).toMatchObject({ status: 'completed' });
  expect(Number(Object(execution.outputs.waits).waitedMs)).toBeGreaterThan(300);
  expect(events.filter(({ type }) => type === 'task.retrying' || type === 'worker.killed')).toEqual([]);
  expectIdle(made, 'pot');
});

test('its own limit ends the wait with RESOURCE_TIMEOUT, no earlier', async () => {
  const made = await createScene();
  const { engine, giveBack } = made;
  engine.workflows.createWorkflow('w', [step('waits', { id: 'pot', limitMs: 60 })]);
  const execution = await engine.executeWorkflow('w');
  expect(execution.errors.waits).toMatchObject({ code: 'RESOURCE_TIMEOUT', details: { timeoutMs: 60 } });
  giveBack();
  expectIdle(made, 'pot');
});

test('a cancel wakes it at once: the task is cancelled, and its thread lives on', async () => {
  const made = await createScene();
  const { engine, giveBack, events } = made;
  engine.workflows.createWorkflow('w', [step('waits')]);
  const run = engine.startWorkflow('w');
  await blocked(made);
  run.cancel('enough');
  expect(await run.result()).toMatchObject({ status: 'cancelled' });
  expect(events.filter(({ type }) => type === 'worker.killed')).toEqual([]);
  giveBack();
  expectIdle(made, 'pot');
  engine.workflows.createWorkflow('again', [step('waits')]);
  expect(await engine.executeWorkflow('again')).toMatchObject({ status: 'completed' });
});

test("the task's time-out wakes it at once too", async () => {
  const made = await createScene();
  const { engine, giveBack, events } = made;
  engine.workflows.createWorkflow('w', [step('waits', { id: 'pot' }, { timeoutMs: 80 })]);
  const execution = await engine.executeWorkflow('w');
  expect(execution.errors.waits).toMatchObject({ code: 'TASK_TIMEOUT' });
  expect(events.filter(({ type }) => type === 'worker.killed')).toEqual([]);
  giveBack();
  expectIdle(made, 'pot');
});

test('one that goes on asking after a cancel is refused each time, ended with its thread, and holds nothing', async () => {
  const made = await createScene({ cancelGraceMs: 100 });
  const { engine, giveBack, events } = made;
  engine.workflows.createWorkflow('w', [step('insists')]);
  const run = engine.startWorkflow('w');
  await blocked(made);
  expect(engine.resources.getUsage('own').current).toBe(1);
  run.cancel('enough');
  expect(await run.result()).toMatchObject({ status: 'cancelled' });
  expect(events.filter(({ type }) => type === 'worker.killed')).toHaveLength(1);
  const refusals = events.filter(({ type, data }) => type === 'task.log' && data.message !== 'blocks now');
  expect(refusals.map(({ data }) => data.message)).toEqual(['refused with TASK_CANCELLED']);
  giveBack();
  expectIdle(made, 'pot', 'own');
});

test('two that block for what the other holds: one is refused and tried again, both complete', async () => {
  const made = await createTestEngine({ cancelGraceMs: 20_000 });
  const { engine, events } = made;
  for (const id of ['A', 'B']) engine.resources.registerResource(id, 'custom', 1);
  const folder = createTestFolder();
  const gate = join(folder, 'open');
  const taking = (name: string, order: readonly string[]) => ({
    ...step('inOrder', { order: [...order], gate }, { retry: { maxAttempts: 3, initialIntervalMs: 1 } }),
    name,
  });
  engine.workflows.createWorkflow('w', [taking('first', ['A', 'B']), taking('second', ['B', 'A'])]);
  const run = engine.startWorkflow('w');
  await expect.poll(() => events.filter(({ type }) => type === 'task.progress').length).toBe(2);
  writeFileSync(gate, '');
  const { data } = await seen(made, ({ type }) => type === 'resource.deadlock');
  expect(await run.result()).toMatchObject({ status: 'completed' });
  const retried = events.filter(({ type }) => type === 'task.retrying');
  expect(retried.map((event) => event.data.error)).toMatchObject([
    { code: 'RESOURCE_DEADLOCK', details: { cycle: data.cycle } },
  ]);
  expectIdle(made, 'A', 'B');
});

test('an asynchronous wait of the same body stands in line before the blocking one, and is had after it', async () => {
  const made = await createScene();
  const { engine, giveBack } = made;
  engine.workflows.createWorkflow('w', [step('both')]);
  const run = engine.startWorkflow('w');
  await blocked(made, 2);
  giveBack();
  expect((await run.result()).outputs).toEqual({ both: 'had both' });
  expectIdle(made, 'pot');
});

test('a shutdown ends a blocked body', async () => {
  const made = await createScene({ cancelGraceMs: 50 });
  const { engine } = made;
  engine.workflows.createWorkflow('w', [step('waits')]);
  const run = engine.startWorkflow('w');
  await blocked(made);
  await engine.shutdown({ drainMs: 0 });
  expect((await run.result()).status).not.toBe('completed');
});

test('on the main loop nothing may block, also when it would not have to wait', async () => {
  const { engine } = await createTestEngine();
  engine.resources.registerResource('pot', 'custom', 2);
  engine.registerInlineTask('inline', 'blocks', (_parameters, { resources }) => resources.allocateSync({ pot: 1 }));
  engine.workflows.createWorkflow('w', [{ name: 'a', module: 'inline', action: 'blocks' }]);
  const execution = await engine.executeWorkflow('w');
  expect(execution.errors.a).toMatchObject({ code: 'RESOURCE_WOULD_BLOCK' });
  expect(engine.resources.getUsage('pot').current).toBe(0);
});

test.each(['allocateSync', 'allocate'])('bodies wait with the priority of their task: %s', async (way) => {
  const made = await createScene({ maxWorkers: 3 });
  const { engine, giveBack } = made;
  const steps = [
    ['low', 'low'],
    ['high', 'high'],
  ].map(([name = '', priority]) => ({ name, module: 'blocking', action: 'takes', parameters: { way }, priority }));
  engine.workflows.createWorkflow('w', [
    ...steps.slice(0, 1),
    { ...steps[1], name: 'high', dependencies: ['first'] },
    { name: 'first', module: 'gate', action: 'wait', parameters: {} },
  ]);
  const first = Promise.withResolvers<void>();
  engine.registerInlineTask('gate', 'wait', () => first.promise.then(() => null));
  const run = engine.startWorkflow('w');
  await blocked(made);
  first.resolve();
  await expect.poll(() => engine.resources.getUsage('pot').waiting).toBe(2);
  giveBack();
  const { status, outputs } = await run.result();
  expect(status).toBe('completed');
  expect(Number(outputs.high)).toBeLessThan(Number(outputs.low));
  expectIdle(made, 'pot');
});
