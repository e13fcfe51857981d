// What callers in plain JavaScript get wrong must end in an error with a code that names the argument, and must leave the
// engine as it was.

import { describe, expect, it } from 'vitest';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { OrchestrationSession } from '../../src/engine/orchestration-session.ts';
import { ParallelExecutor } from '../../src/engine/parallel-executor.ts';
import { createTask } from '../../src/engine/task.ts';
import { createWorkflowSteps } from '../../src/engine/workflow-step.ts';
import { createTestEngine } from './support.ts';

const NOOP = { name: 'a', module: 'core', action: 'noop' };
const invalid = expect.objectContaining({ code: 'ARGUMENT_INVALID' });

/** Calls a function with what its types forbid. */
function misuse(owner: object, name: string, ...args: unknown[]): unknown {
  const method: unknown = Reflect.get(owner, name);
  if (typeof method !== 'function') throw new Error(`no method ${name}`);
  return Reflect.apply(method, owner, args);
}

/** The error of a call, thrown or rejected. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a task', () => {
  it.each([
    undefined,
    null,
    'core.noop',
    { ...NOOP, parameters: 'x' },
    { ...NOOP, parameters: null, dependencies: 'a' },
    { ...NOOP, parameters: [1] },
    { ...NOOP, retry: 'twice' },
    { ...NOOP, resources: [null] },
    { ...NOOP, resources: 'desk' },
  ])('%j is refused', (task) => {
    expect(() => misuse({ createTask }, 'createTask', task)).toThrow(invalid);
  });
});

describe('steps and groups', () => {
  it.each([undefined, 'steps', [null], {}])('steps given as %j are refused', (steps) => {
    expect(() => misuse({ createWorkflowSteps }, 'createWorkflowSteps', steps)).toThrow(invalid);
  });

  it('that are no lists of objects are refused by a parallel executor, which works on', async () => {
    expect(() => Reflect.construct(ParallelExecutor, [null])).toThrow(invalid);
    await using executor = new ParallelExecutor({ maxWorkers: 1 });
    for (const tasks of [undefined, 'a', [null]]) {
      expect(await errorOf(() => misuse(executor, 'executeTasks', tasks)), String(tasks)).toEqual(invalid);
    }
    expect(await errorOf(() => executor.executeTasks([NOOP], {}, { timeoutMs: Number.NaN }))).toEqual(invalid);
    expect(await executor.executeTasks([NOOP])).toMatchObject({ a: { status: 'completed' } });
  });

  it('an executor that cannot start says why at each call and shuts down without an error', async () => {
    const executor = new ParallelExecutor({ maxWorkers: -1 });
    for (const _ of [1, 2]) {
      expect(await errorOf(() => executor.executeTasks([NOOP]))).toMatchObject({ code: 'CONFIG_INVALID' });
    }
    await executor.shutdown();
  });
});

it.each(['', 'nope', '[1]'])('a session from the text %j is refused', (text) => {
  expect(() => OrchestrationSession.fromJSON(text)).toThrow(invalid);
});

describe('an engine', () => {
  it('refuses names, ids and allocations that are none', async () => {
    const { engine } = await createTestEngine();
    for (const name of [undefined, null, {}, 5]) {
      expect(await errorOf(() => misuse(engine, 'executeWorkflow', name))).toEqual(invalid);
      expect(() => misuse(engine.resources, 'allocate', 'sys-compute', name)).toThrow(invalid);
      expect(() => misuse(engine.resources, 'release', name)).toThrow(/no allocation/);
    }
    engine.workflows.createWorkflow('flow', [NOOP]);
    expect(() => misuse(engine, 'createSession', 'session', undefined, null)).toThrow(invalid);
    for (const given of [[1], 'x']) {
      expect(await errorOf(() => misuse(engine, 'executeWorkflow', 'flow', given))).toEqual(invalid);
      expect(() => misuse(engine, 'createSession', 'session', undefined, given)).toThrow(invalid);
    }
    for (const runId of ['', ' ', 'a\nb', '\u001b[31m', 'x'.repeat(201)]) {
      expect(() => engine.startWorkflow('flow', {}, undefined, { runId })).toThrow(invalid);
    }
    const run = engine.startWorkflow('flow', {}, undefined, { runId: 'nightly/2026-01-01 №1' });
    expect(await run.result()).toMatchObject({ runId: 'nightly/2026-01-01 №1', status: 'completed' });
    expect(engine.resources.getUsage('sys-compute').current).toBe(0);
  });

  it('goes on when it is told to shut down within a time that is none, and can be shut down afterwards', async () => {
    const { engine } = await createTestEngine();
    for (const drainMs of [Number.NaN, -1, '5', {}]) {
      expect(await errorOf(() => misuse(engine, 'shutdown', { drainMs }))).toEqual(invalid);
    }
    expect(await engine.waitForTask(engine.submitTask(NOOP))).toMatchObject({ status: 'completed' });
    await engine.shutdown({ drainMs: Number.POSITIVE_INFINITY });
    expect(engine.getHealthStatus().status).toBe('unhealthy');
  });

  it('whose workflows folder is a file is not created, and leaves no thread behind', async () => {
    const before = process
      .getActiveResourcesInfo()
      .filter((name) => name === 'Worker' || name === 'MessagePort').length;
    const failed = errorOf(() =>
      OrchestrationEngine.create({ dataDir: ':memory:', maxWorkers: 2, workflowsDir: import.meta.filename }),
    );
    expect(await failed).toMatchObject({ code: 'FILE_UNREADABLE' });
    const after = process.getActiveResourcesInfo().filter((name) => name === 'Worker' || name === 'MessagePort').length;
    expect(after).toBe(before);
  });
});
