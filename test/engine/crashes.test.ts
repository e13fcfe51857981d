// Makes actors of the tree end with an error for real and looks at what users see: restarts, runs that go on, a clean
// end when it happens too often.

import { describe, expect, it } from 'vitest';
import type { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { createTestEngine, seen } from './support.ts';

/** Makes an actor of the engine's tree end with an error: an event that throws when it is read. */
function crashActor(engine: OrchestrationEngine, id: string): void {
  engine.supervisor.child(id)?.send({
    get type(): string {
      throw new Error(`injected fault in ${id}`);
    },
  });
}

const burn = (name: string, ms: number, dependencies: string[] = []) => ({
  name,
  module: 'core',
  action: 'burn',
  parameters: { ms },
  dependencies,
});

describe.each(['dispatcher', 'worker-pool', 'resource-manager'])('a crash of the %s', (part) => {
  it('is restarted and told; the run goes on to its end', async () => {
    const test = await createTestEngine();
    const { engine, events } = test;
    engine.workflows.createWorkflow('w', [burn('a', 150), burn('b', 20, ['a']), burn('c', 20, ['b'])]);
    const run = engine.startWorkflow('w');
    await seen(test, (event) => event.type === 'task.started');
    crashActor(engine, part);
    expect(await run.result()).toMatchObject({ status: 'completed', tasks: { completed: 3 } });
    expect(events.filter((event) => event.type === 'supervisor.restarted')).toHaveLength(1);
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
    for (let crash = 0; crash < 4; crash++) crashActor(engine, 'dispatcher');
    expect((await run.result()).status).toBe('cancelled');
    await engine.shutdown();
    expect(events.some((event) => event.type === 'supervisor.gave-up')).toBe(true);
    expect(engine.getHealthStatus().status).toBe('unhealthy');
  });
});
