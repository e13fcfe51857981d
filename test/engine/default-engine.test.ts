// The one engine behind the package's functions: made on first use, shared, made anew after a shutdown.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  executeTask,
  executeWorkflow,
  getOrchestrationEngine,
  getResourceManager,
  getTaskOrchestrator,
  getWorkflowManager,
} from '../../src/index.ts';

const home = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'yardmaster-test-'));
const configFile = join(folder, 'config/default.json');
const goodConfig = JSON.stringify({ dataDir: ':memory:', maxWorkers: 1 });

// The default engine takes its settings from the current folder.
beforeAll(() => {
  mkdirSync(join(folder, 'config'));
  writeFileSync(configFile, goodConfig);
  process.chdir(folder);
});
afterEach(async () => {
  writeFileSync(configFile, goodConfig);
  await (await getOrchestrationEngine()).shutdown({ drainMs: 0 });
});
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

describe('the default engine', () => {
  it('is one, whoever asks first, and its parts are its parts', async () => {
    const [a, b, workflows, tasks, resources] = await Promise.all([
      getOrchestrationEngine(),
      getOrchestrationEngine(),
      getWorkflowManager(),
      getTaskOrchestrator(),
      getResourceManager(),
    ]);
    expect(b).toBe(a);
    expect([workflows, tasks, resources]).toEqual([a.workflows, a.tasks, a.resources]);
    expect(workflows).toBe(a.workflows);
    expect(tasks).toBe(a.tasks);
    expect(resources).toBe(a.resources);
    expect(a.getSystemStatus().threads).toHaveLength(1);
  });

  it('runs a task and a workflow', async () => {
    const result = await executeTask({ module: 'core', action: 'echo', parameters: { message: 'hi' } });
    expect(result).toMatchObject({ status: 'completed', output: 'hi' });
    (await getWorkflowManager()).createWorkflow('w', [
      { name: 'a', module: 'core', action: 'echo', parameters: { message: '{{params.x}}' } },
    ]);
    expect((await executeWorkflow('w', { x: 7 })).outputs.a).toBe(7);
    await expect(executeWorkflow('nobody')).rejects.toMatchObject({ code: 'WORKFLOW_NOT_FOUND' });
    await expect(executeTask({ module: '', action: 'x' })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
  });

  it('after a shutdown is a new one, and one only, however many ask at once', async () => {
    const first = await getOrchestrationEngine();
    await first.shutdown({ drainMs: 0 });
    const engines = await Promise.all([1, 2, 3].map(() => getOrchestrationEngine()));
    expect(engines[0]).not.toBe(first);
    expect(new Set(engines).size).toBe(1);
  });

  it('that could not be made is tried again by the next who asks', async () => {
    await (await getOrchestrationEngine()).shutdown({ drainMs: 0 });
    writeFileSync(configFile, '{ "maxWorkers": 0 }');
    await expect(getOrchestrationEngine()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    writeFileSync(configFile, goodConfig);
    expect((await getOrchestrationEngine()).getHealthStatus().status).toBe('healthy');
  });
});
