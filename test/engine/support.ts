// Owns what the engine's tests share: an engine with the test task modules, its events kept.

import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { RuntimeEvent } from '../../src/domain/events.ts';
import type { EngineConfig } from '../../src/engine/engine-config.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';

export const TASKS_DIR = fileURLToPath(new URL('fixtures/tasks', import.meta.url));

export interface TestEngine {
  readonly engine: OrchestrationEngine;
  readonly events: RuntimeEvent[];
  /** Names of the tasks in the order of an event type. */
  order(type: RuntimeEvent['type']): string[];
}

/** An engine that keeps nothing, shut down after the test. */
export async function createTestEngine(config: EngineConfig = {}): Promise<TestEngine> {
  const engine = await OrchestrationEngine.create({
    dataDir: ':memory:',
    maxWorkers: 2,
    workflowsDir: '/nonexistent-workflows',
    tasksDirs: [TASKS_DIR],
    cancelGraceMs: 50,
    ...config,
  });
  onTestFinished(() => engine.shutdown({ drainMs: 0 }));
  const events: RuntimeEvent[] = [];
  engine.registerEventHandler('*', (event) => events.push(event));
  return {
    engine,
    events,
    order: (type) => events.filter((event) => event.type === type).map((event) => event.task ?? ''),
  };
}

/** Resolves with the first event that matches, past or coming. */
export function seen({ engine, events }: TestEngine, matches: (event: RuntimeEvent) => boolean): Promise<RuntimeEvent> {
  const past = events.find(matches);
  if (past !== undefined) return Promise.resolve(past);
  return new Promise((resolve) => {
    const stop = engine.registerEventHandler('*', (event) => {
      if (!matches(event)) return;
      stop();
      resolve(event);
    });
  });
}
