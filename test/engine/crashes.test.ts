// Makes actors of the tree end with an error for real and looks at what users see: restarts, runs that go on, a clean
// end when it happens too often.

import type { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { foldRun } from '../../src/journal/run-history.ts';
import { openJournalReader } from '../../src/journal/stores/sqlite-reader.ts';
import { crashActor } from '../support/actor-crash.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { createTestEngine, seen } from './support.ts';

/** Makes an actor of the engine's tree end with an error. */
function crashPart(engine: OrchestrationEngine, id: string): void {
  crashActor(engine.supervisor.child(id), id);
}

const burn = (name: string, ms: number, dependencies: string[] = []) => ({
  name,
  module: 'core',
  action: 'burn',
  parameters: { ms },
  dependencies,
});

describe.each(['dispatcher', 'worker-pool', 'resource-manager'])('a crash of the %s', (part) => {
  it('is restarted and told; the run goes on to its end, no body interrupted', async () => {
    const test = await createTestEngine();
    const { engine, events } = test;
    engine.workflows.createWorkflow('w', [burn('a', 150), burn('b', 20, ['a']), burn('c', 20, ['b'])]);
    const run = engine.startWorkflow('w');
    await seen(test, (event) => event.type === 'task.started');
    crashPart(engine, part);
    expect(await run.result()).toMatchObject({ status: 'completed', tasks: { completed: 3 } });
    expect(events.filter((event) => event.type === 'supervisor.restarted')).toMatchObject([{ data: { child: part } }]);
    expect(test.order('task.started')).toEqual(['a', 'b', 'c']);
    const { components, metrics } = engine.getHealthStatus();
    expect(components[part]).toMatchObject({ status: 'degraded' });
    expect(components[part]?.detail).toContain(`after: injected fault in ${part}`);
    expect(metrics.actorRestarts).toBe(1);
    expect(engine.resources.getUsage('sys-compute').current).toBe(0);
  });
});

describe('an actor that crashes again and again', () => {
  it('ends the engine with its runs cancelled instead of leaving them hanging', async () => {
    const test = await createTestEngine();
    const { engine, events } = test;
    engine.workflows.createWorkflow('w', [
      { name: 'a', module: 'core', action: 'sleep', parameters: { duration: 60 } },
    ]);
    const run = engine.startWorkflow('w');
    await seen(test, (event) => event.type === 'task.started');
    for (let crash = 0; crash < 4; crash++) crashPart(engine, 'dispatcher');
    expect((await run.result()).status).toBe('cancelled');
    await engine.shutdown();
    expect(events.some((event) => event.type === 'supervisor.gave-up')).toBe(true);
    const { status, components } = engine.getHealthStatus();
    expect(status).toBe('unhealthy');
    const reason =
      "the engine ended itself: 'dispatcher' crashed once more than 3 times within 5000 ms: injected fault in dispatcher";
    expect(components.dispatcher).toEqual({ status: 'unhealthy', detail: reason });
    expect(() => engine.startWorkflow('w')).toThrow(`${reason}; create a new one`);
  });

  it('loses no run: with a data folder it goes on with the next engine, and says so', async () => {
    const dataDir = createTestFolder();
    const first = await createTestEngine({ dataDir });
    first.engine.workflows.createWorkflow('w', [burn('a', 20), burn('b', 400, ['a']), burn('c', 20, ['b'])]);
    const run = first.engine.startWorkflow('w');
    await seen(first, ({ type, task }) => type === 'task.started' && task === 'b');
    for (let crash = 0; crash < 4; crash++) crashPart(first.engine, 'worker-pool');
    await expect(run.result()).rejects.toMatchObject({
      code: 'ACTOR_CRASHED',
      message: expect.stringMatching(/'worker-pool' crashed once more.*goes on with the next engine/),
    });
    await first.engine.shutdown();
    const second = await createTestEngine({ dataDir });
    await seen(second, ({ type }) => type === 'workflow.completed');
    expect(second.order('task.started')).toEqual(['b', 'c']);
    expect(second.engine.getRun(run.runId)?.snapshot()).toMatchObject({ status: 'completed', tasks: { completed: 3 } });
  });
});

describe('the thread that writes the journal', () => {
  it('is replaced when it dies, told, and nothing that was said is lost', async () => {
    const threads: Worker[] = [];
    const listen = (worker: Worker) => void threads.push(worker);
    process.on('worker', listen);
    onTestFinished(() => void process.off('worker', listen));
    const dataDir = createTestFolder();
    const test = await createTestEngine({ dataDir });
    const { engine } = test;
    const echo = { module: 'core', action: 'echo', parameters: { message: 'hi' } };
    const steps = Array.from({ length: 300 }, (_, index) => ({ name: `s${index}`, ...echo }));
    engine.workflows.createWorkflow('w', steps);
    const run = engine.startWorkflow('w');
    await seen(test, ({ type }) => type === 'task.completed');
    // The journal is opened before any other thread is started.
    await threads[0]?.terminate();
    const restarted = await seen(test, ({ type }) => type === 'supervisor.restarted');
    expect(restarted.data).toMatchObject({ child: 'journal-writer', restarts: 1 });
    expect(await run.result()).toMatchObject({ status: 'completed', tasks: { completed: 300 } });
    const { components } = engine.getHealthStatus();
    expect(components.journal?.detail).toMatch(/^open; restarted .* after: /);
    await engine.shutdown();
    const reader = openJournalReader(dataDir);
    onTestFinished(() => reader.close());
    const history = foldRun(reader.read(run.runId));
    expect([...(history?.tasks.values() ?? [])].filter(({ status }) => status === 'completed')).toHaveLength(300);
  });
});
