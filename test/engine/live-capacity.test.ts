// Capacity that is changed while a workflow runs: from the next start on the change holds, and every task comes through.

import { describe, expect, it } from 'vitest';
import type { RuntimeEvent, WorkflowRun } from '../../src/index.ts';
import { createGate, createTestEngine, type Gate, seen, type TestEngine } from './support.ts';

const TASKS = 40;

const names = Array.from({ length: TASKS }, (_, index) => `t${index}`);

function running({ events }: TestEngine): string[] {
  const open = new Set<string>();
  for (const { type, task = '' } of events) {
    if (type === 'task.started') open.add(task);
    if (type === 'task.completed') open.delete(task);
  }
  return [...open];
}

/** A run of 40 tasks that each hold one of `x` until the test ends them. */
class Forty {
  readonly made: TestEngine;
  readonly run: WorkflowRun;
  capacity = 4;
  /** Starts with more in use than was in force. */
  readonly broken: string[] = [];
  readonly #gate: Gate;

  constructor(made: TestEngine) {
    const { engine } = made;
    this.made = made;
    this.#gate = createGate(engine);
    engine.resources.registerResource('x', 'custom', this.capacity);
    const steps = names.map((name) => ({ ...this.#gate.task(name), name, resources: { x: 1 } }));
    engine.workflows.createWorkflow('forty', steps);
    engine.registerEventHandler('task.started', ({ task }) => {
      const { current } = engine.resources.getUsage('x');
      if (current > this.capacity) this.broken.push(`${task} started with ${current} of ${this.capacity} in use`);
    });
    this.run = engine.startWorkflow('forty');
  }

  change(to: number): void {
    this.capacity = to;
    this.made.engine.resources.setCapacity('x', to);
  }

  async running(): Promise<number> {
    await turns();
    return running(this.made).length;
  }

  /** Ends one task after the other; how many run after each, once the engine has had its say about what follows. */
  async end(count: number): Promise<number[]> {
    const left: number[] = [];
    for (let ended = 0; ended < count; ended++) {
      const [task = ''] = running(this.made);
      this.#gate.open(task);
      await seen(this.made, (event) => event.type === 'task.completed' && event.task === task);
      left.push(await this.running());
    }
    return left;
  }

  async finish(): Promise<void> {
    for (const name of names) this.#gate.open(name);
    expect(await this.run.result()).toMatchObject({ status: 'completed', tasks: { completed: TASKS } });
    expect(this.broken).toEqual([]);
    expect(this.made.order('task.started')).toHaveLength(TASKS);
    expect(this.made.engine.resources.getUsage('x')).toMatchObject({ current: 0, waiting: 0 });
  }
}

describe('capacity changed while a workflow runs', () => {
  it('holds from the next start on: 4, then 1, then 6', async () => {
    const forty = new Forty(await createTestEngine());
    expect(await forty.running()).toBe(4);
    forty.change(1);
    expect(await forty.running()).toBe(4);
    expect(await forty.end(5)).toEqual([3, 2, 1, 1, 1]);
    forty.change(6);
    expect(await forty.running()).toBe(6);
    expect(await forty.end(2)).toEqual([6, 6]);
    await forty.finish();
  });

  it('starts nothing in maintenance, and goes on when it is back, with what there is then', async () => {
    const forty = new Forty(await createTestEngine());
    const { resources } = forty.made.engine;
    expect(await forty.running()).toBe(4);
    resources.setStatus('x', 'maintenance');
    expect(await forty.end(1)).toEqual([3]);
    forty.change(2);
    resources.setStatus('x', 'available');
    expect(await forty.end(2)).toEqual([2, 2]);
    resources.setStatus('x', 'offline');
    expect(await forty.end(2)).toEqual([1, 0]);
    forty.change(6);
    expect(await forty.running()).toBe(0);
    resources.setStatus('x', 'available');
    expect(await forty.running()).toBe(6);
    await forty.finish();
  });

  it('never lets threads hold more than is in force, whenever it is changed', async () => {
    const { engine } = await createTestEngine();
    engine.resources.registerResource('x', 'custom', 2);
    engine.workflows.createWorkflow(
      'burning',
      names.map((name, index) => ({
        name,
        module: 'core',
        action: 'burn',
        parameters: { ms: 2 },
        resources: { x: 1 + (index % 2) },
      })),
    );
    let capacity = 2;
    let changes = 0;
    const broken: unknown[] = [];
    engine.registerEventHandler('resource.allocated', ({ resourceId }) => {
      const { current } = engine.resources.getUsage('x');
      if (resourceId === 'x' && current > capacity) broken.push({ current, capacity });
    });
    // 1 is less than every second task asks for: these wait until there are 2 again, and the others pass them.
    const sizes = [1, 2, 3, 1, 4, 2];
    engine.registerEventHandler('task.completed', (_event: RuntimeEvent) => {
      changes += 1;
      if (changes % 3 !== 0) return;
      capacity = sizes[(changes / 3) % sizes.length] ?? 2;
      engine.resources.setCapacity('x', capacity);
    });
    const run = engine.startWorkflow('burning');
    const done = run.result();
    // At the end the wide ones may be left alone with too little.
    while (run.status === 'running') {
      await Promise.race([done, turns()]);
      const { current, waiting } = engine.resources.getUsage('x');
      if (current > 0 || waiting === 0) continue;
      capacity = 2;
      engine.resources.setCapacity('x', capacity);
    }
    expect(await done).toMatchObject({ status: 'completed', tasks: { completed: TASKS } });
    expect(broken).toEqual([]);
    expect(changes).toBe(TASKS);
  });
});

/** Enough turns of the event loop for all that follows from what happened. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
