// Deadlocks of task bodies on real threads and on the main loop: found, named, broken, and none seen where there is none.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createTestFolder } from '../support/test-folder.ts';
import { createTestEngine, seen, type TestEngine } from './support.ts';

function gateFile(): string {
  return join(createTestFolder(), 'open');
}

function taking(name: string, order: readonly string[], gate: string, rest: object = {}) {
  const retry = { maxAttempts: 3, initialIntervalMs: 1 };
  return { name, module: 'taking', action: 'inOrder', parameters: { order: [...order], gate }, retry, ...rest };
}

/** Opens the gate when so many tasks hold their first resource. */
async function openWhenHeld(made: TestEngine, gate: string, count: number): Promise<void> {
  await vi.waitFor(
    () => {
      const held = new Set(made.events.filter(({ type }) => type === 'task.progress').map(({ task }) => task));
      expect(held.size).toBe(count);
    },
    { timeout: 10_000 },
  );
  writeFileSync(gate, '');
}

function attemptsOf({ events }: TestEngine, type: 'task.started' | 'task.retrying'): number {
  return events.filter((event) => event.type === type).length;
}

test('two tasks on two threads that take A then B and B then A: one is refused and tried again, both complete', async () => {
  const made = await createTestEngine();
  const { engine } = made;
  for (const id of ['A', 'B']) engine.resources.registerResource(id, 'custom', 1);
  const gate = gateFile();
  engine.workflows.createWorkflow('w', [taking('first', ['A', 'B'], gate), taking('second', ['B', 'A'], gate)]);
  const run = engine.startWorkflow('w');
  await openWhenHeld(made, gate, 2);
  await vi.waitFor(() => expect(engine.findDeadlocks()).toHaveLength(1), { timeout: 900, interval: 5 });
  const [deadlock] = engine.findDeadlocks();
  expect(deadlock?.tasks.map(({ task }) => task).sort()).toEqual(['first', 'second']);
  expect(deadlock?.cycle.map(({ task, resourceId }) => [task?.task, resourceId])).toHaveLength(2);
  const told = await seen(made, ({ type }) => type === 'resource.deadlock');
  expect(told).toMatchObject({ runId: run.runId, task: deadlock?.latest.task, data: { refused: deadlock?.latest } });
  const execution = await run.result();
  expect(execution.status).toBe('completed');
  const [retried, ...others] = made.events.filter(({ type }) => type === 'task.retrying');
  expect(retried).toMatchObject({
    task: deadlock?.latest.task,
    data: {
      error: {
        code: 'RESOURCE_DEADLOCK',
        message: expect.stringContaining(deadlock?.message ?? ''),
        details: { cycle: deadlock?.cycle },
      },
    },
  });
  expect([others, attemptsOf(made, 'task.started')]).toEqual([[], 3]);
  expect(engine.findDeadlocks()).toEqual([]);
  for (const id of ['A', 'B']) expect(engine.resources.getUsage(id).current).toBe(0);
});

test('three tasks in a ring: one is refused, all complete', async () => {
  const made = await createTestEngine({ maxWorkers: 3 });
  const { engine } = made;
  for (const id of ['A', 'B', 'C']) engine.resources.registerResource(id, 'custom', 1);
  const gate = gateFile();
  const orders = { one: ['A', 'B'], two: ['B', 'C'], three: ['C', 'A'] };
  engine.workflows.createWorkflow(
    'w',
    Object.entries(orders).map(([name, order]) => taking(name, order, gate)),
  );
  const run = engine.startWorkflow('w');
  await openWhenHeld(made, gate, 3);
  const { data } = await seen(made, ({ type }) => type === 'resource.deadlock');
  expect(data.cycle).toHaveLength(3);
  expect((await run.result()).tasks).toMatchObject({ completed: 3 });
  expect(attemptsOf(made, 'task.retrying')).toBe(1);
});

test('what a step declares counts as held', async () => {
  const made = await createTestEngine();
  const { engine } = made;
  for (const id of ['A', 'B']) engine.resources.registerResource(id, 'custom', 1);
  const gate = gateFile();
  // It holds A from before its start, and takes nothing before the gate is open.
  const declaring = taking('declaring', ['', 'B'], gate, { resources: { A: 1 } });
  engine.workflows.createWorkflow('w', [declaring, taking('taking', ['B', 'A'], gate)]);
  const run = engine.startWorkflow('w');
  await openWhenHeld(made, gate, 2);
  await seen(made, ({ type }) => type === 'resource.deadlock');
  expect((await run.result()).status).toBe('completed');
});

test('resources of several units: a ring that the end of a third task opens is no deadlock', async () => {
  const made = await createTestEngine({ maxWorkers: 3 });
  const { engine } = made;
  engine.resources.registerResource('A', 'custom', 2);
  engine.resources.registerResource('B', 'custom', 1);
  const [gate, last] = [gateFile(), gateFile()];
  engine.workflows.createWorkflow('w', [
    taking('one', ['A', 'B'], gate),
    taking('two', ['B', 'A'], gate),
    taking('third', ['A'], last),
  ]);
  const run = engine.startWorkflow('w');
  await openWhenHeld(made, gate, 3);
  const waiting = () => ['A', 'B'].map((id) => engine.resources.getUsage(id).waiting);
  await vi.waitFor(() => expect(waiting()).toEqual([1, 1]), { timeout: 5_000 });
  expect(engine.findDeadlocks()).toEqual([]);
  writeFileSync(last, '');
  expect((await run.result()).status).toBe('completed');
  expect([attemptsOf(made, 'task.retrying'), made.order('resource.deadlock')]).toEqual([0, []]);
});

test('a body on the main loop and one in a thread', async () => {
  const made = await createTestEngine();
  const { engine } = made;
  for (const id of ['A', 'B']) engine.resources.registerResource(id, 'custom', 1);
  const gate = gateFile();
  const opened = Promise.withResolvers<void>();
  engine.registerInlineTask('loop', 'take', async (_parameters, { resources, progress }) => {
    await resources.allocate({ B: 1 });
    progress(0.5, 'holds the first');
    await opened.promise;
    await resources.allocate({ A: 1 });
    return null;
  });
  const retry = { maxAttempts: 3, initialIntervalMs: 1 };
  const inline = { name: 'inline', module: 'loop', action: 'take', retry };
  engine.workflows.createWorkflow('w', [taking('threaded', ['A', 'B'], gate), inline]);
  const run = engine.startWorkflow('w');
  await openWhenHeld(made, gate, 2);
  opened.resolve();
  const { data } = await seen(made, ({ type }) => type === 'resource.deadlock');
  expect(data.tasks).toHaveLength(2);
  expect((await run.result()).status).toBe('completed');
});
