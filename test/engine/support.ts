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

/** Inline tasks that wait until the test lets them go on. */
export interface Gate {
  /** The task of that name, to submit or to use as a step. */
  task(name: string): {
    readonly module: string;
    readonly action: string;
    readonly parameters: { readonly gate: string };
  };
  /** Resolves when its body has begun. */
  entered(name: string): Promise<void>;
  /** Lets it end with a result. */
  open(name: string, result?: unknown): void;
}

/** Bodies on the main loop under the test's control: no test has to guess how long something takes. */
export function createGate(engine: OrchestrationEngine): Gate {
  const entries = new Map<string, PromiseWithResolvers<void>>();
  const exits = new Map<string, PromiseWithResolvers<unknown>>();
  const entry = (name: string) => getOrMake(entries, name);
  const exit = (name: string) => getOrMake(exits, name);
  engine.registerInlineTask('gate', 'wait', async ({ gate }, context) => {
    entry(String(gate)).resolve();
    const aborted = Promise.withResolvers<never>();
    context.signal.addEventListener('abort', () => aborted.reject(new Error('told to stop')), { once: true });
    return await Promise.race([exit(String(gate)).promise, aborted.promise]);
  });
  return {
    task: (gate) => ({ module: 'gate', action: 'wait', parameters: { gate } }),
    entered: (name) => entry(name).promise,
    open: (name, result = null) => exit(name).resolve(result),
  };
}

function getOrMake<T>(all: Map<string, PromiseWithResolvers<T>>, name: string): PromiseWithResolvers<T> {
  const made = all.get(name) ?? Promise.withResolvers<T>();
  all.set(name, made);
  return made;
}
