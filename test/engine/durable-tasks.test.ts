// Single tasks on a data folder: what a crash or a shutdown leaves goes on in the next engine, results outlive the process,
// and an id given twice does nothing twice.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import type { TaskOptions } from '../../src/engine/task.ts';
import type { KilledTasks } from './fixtures/killed-tasks.ts';
import { createScene, killWhenReady, type Scene } from './lives.ts';
import { TASKS_DIR } from './support.ts';

/** A task whose id is its name. */
function task({ file, open }: Scene, name: string, action: string, more: Partial<TaskOptions> = {}): TaskOptions {
  const parameters = { file, open, ...more.parameters };
  return { module: 'lives', action, name, taskId: name, ...more, parameters };
}

/** A process that submits and is killed when a task has begun. */
async function killedIn(scene: Scene, tasks: readonly TaskOptions[], until: string): Promise<void> {
  const config: Record<string, unknown> = {
    dataDir: join(scene.folder, 'data'),
    maxWorkers: 2,
    tasksDirs: [TASKS_DIR],
  };
  const program: KilledTasks = { config, tasks: [...tasks], until };
  await killWhenReady('killed-tasks.ts', program);
}

/** Resolves once a task has begun its body. */
function begun(engine: OrchestrationEngine, name: string): Promise<void> {
  return new Promise((resolve) => {
    const stop = engine.registerEventHandler('task.progress', (event) => {
      if (event.task !== name) return;
      stop();
      resolve();
    });
  });
}

describe('after a kill', () => {
  it('what has ended stays ended, what ran is tried again, what waited goes on', async () => {
    const scene = createScene();
    const tasks = [
      task(scene, 'a', 'notes', { parameters: { value: 1 } }),
      task(scene, 'hang', 'hangs', { dependencies: ['a'], priority: 'high', resources: { 'sys-compute': 1 } }),
      task(scene, 'behind', 'notes', { dependencies: ['hang', 'a'] }),
      task(scene, 'bad', 'fails', { dependencies: ['a'], priority: 'critical' }),
      task(scene, 'skipped', 'notes', { dependencies: ['bad'] }),
    ];
    await killedIn(scene, tasks, 'hang');
    writeFileSync(scene.open, '');
    const engine = await scene.engine([]);
    const ids = tasks.map((each) => engine.submitTask(each));
    expect(ids).toEqual(['a', 'hang', 'behind', 'bad', 'skipped']);
    const results = await Promise.all(ids.map((id) => engine.waitForTask(id)));
    expect(results.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['completed', 1],
      ['completed', 2],
      ['completed', 1],
      ['failed', 1],
      ['skipped', 0],
    ]);
    expect(results[0]?.output).toEqual({ value: 1, runId: 'a', idempotencyKey: 'a' });
    expect(results[1]?.output).toMatchObject({ runId: 'hang', idempotencyKey: 'hang' });
    expect(results[3]?.error).toMatchObject({ code: 'OUT_OF_STOCK', details: { item: 'lamp', left: 0 } });
    expect(scene.began().sort()).toEqual(['a#1', 'bad#1', 'behind#1', 'hang#1', 'hang#2']);
    expect(engine.getRunHistory('hang')?.tasks.get('hang')?.attempts).toMatchObject([
      { attempt: 1, outcome: 'interrupted' },
      { attempt: 2, outcome: 'completed' },
    ]);
  });

  it('results are told by the next process as by the first', async () => {
    const scene = createScene();
    const first = await scene.engine([]);
    const ids = [
      task(scene, 'a', 'notes'),
      task(scene, 'b', 'fails', { maxRetries: 1, retry: { initialIntervalMs: 1 } }),
    ].map((each) => first.submitTask(each));
    const made = first.submitTask({ module: 'core', action: 'echo', parameters: { message: [1, null] } });
    const told = await Promise.all([...ids, made].map((id) => first.waitForTask(id)));
    await first.shutdown();
    const second = await scene.engine([]);
    for (const result of told) {
      expect(second.tasks.getTaskResult(result.taskId)).toEqual(result);
      expect(await second.waitForTask(result.taskId)).toEqual(result);
      expect(second.tasks.getTaskStatus(result.taskId)).toBe(result.status);
      expect(second.tasks.cancelTask(result.taskId)).toBe(false);
    }
    expect(second.tasks.listTasks()).toEqual([]);
    expect(second.tasks.getTask('nobody')).toBeUndefined();
    expect(
      await second.waitForTask(second.submitTask({ module: 'core', action: 'noop', dependencies: [made] })),
    ).toMatchObject({
      status: 'completed',
    });
  });
});

describe('a shutdown with tasks open', () => {
  it('refuses those who wait, and the next engine goes on', async () => {
    const scene = createScene();
    const first = await scene.engine([]);
    const hang = task(scene, 'hang', 'hangs');
    const hasBegun = begun(first, 'hang');
    first.submitTask(hang);
    first.submitTask(task(scene, 'behind', 'notes', { dependencies: ['hang'] }));
    const waits = Promise.allSettled([
      first.waitForTask('hang'),
      first.waitForTask('behind'),
      first.tasks.waitForCompletion(),
    ]);
    await hasBegun;
    await first.shutdown({ drainMs: 0 });
    for (const wait of await waits)
      expect(wait).toMatchObject({ status: 'rejected', reason: { code: 'ENGINE_CLOSED' } });
    await expect(first.waitForTask('behind')).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    await expect(first.tasks.waitForCompletion(50)).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });

    writeFileSync(scene.open, '');
    const second = await scene.engine([]);
    expect(await second.waitForTask('behind')).toMatchObject({ status: 'completed' });
    expect(await second.tasks.waitForCompletion(20_000)).toBe(true);
    expect(second.listRuns({ kind: 'task' })).toMatchObject([
      { runId: 'behind', recoveries: 0 },
      { runId: 'hang', recoveries: 0 },
    ]);
    expect(scene.began()).toEqual(['hang#1', 'hang#2', 'behind#1']);
  });

  it('lets a task that needs a module or a resource of the program wait until it is there', async () => {
    const scene = createScene();
    const first = await scene.engine([]);
    const entered = Promise.withResolvers<void>();
    first.registerInlineTask('mine', 'act', () => {
      entered.resolve();
      return new Promise(() => {});
    });
    const retry = { maxAttempts: Number.POSITIVE_INFINITY, maxIntervalMs: Number.POSITIVE_INFINITY };
    first.submitTask({ taskId: 'mine', module: 'mine', action: 'act', retry });
    await entered.promise;
    await first.shutdown({ drainMs: 0 });
    const second = await scene.engine([]);
    const held = new Promise((resolve) => {
      second.registerEventHandler('workflow.held', ({ runId }) => resolve(runId));
    });
    expect(await held).toBe('mine');
    expect(second.tasks.getTaskResult('mine')).toBeNull();
    const result = second.waitForTask('mine');
    second.registerInlineTask('mine', 'act', (_, { attempt }) => attempt);
    expect(await result).toMatchObject({ status: 'completed', output: 2, attempts: 2 });
  });
});

describe('an id given twice', () => {
  it('is one submission, in one life and across lives; other work under it is refused', async () => {
    const scene = createScene();
    const work = task(scene, 'once', 'notes', { parameters: { value: { deep: [1] } } });
    const first = await scene.engine([]);
    expect([first.submitTask(work), first.submitTask({ ...work, priority: 'low', maxRetries: 3 })]).toEqual([
      'once',
      'once',
    ]);
    await first.waitForTask('once');
    expect(first.submitTask(work)).toBe('once');
    await first.shutdown();
    const second = await scene.engine([]);
    expect(second.submitTask(work)).toBe('once');
    expect((await second.waitForTask('once')).output).toMatchObject({ value: { deep: [1] } });
    expect(scene.began()).toEqual(['once#1']);
    for (const other of [{ parameters: {} }, { action: 'hangs' }]) {
      expect(() => second.submitTask({ ...work, ...other })).toThrow(expect.objectContaining({ code: 'TASK_EXISTS' }));
    }
    second.workflows.createWorkflow('w', [{ name: 's', module: 'core', action: 'noop' }]);
    await second.startWorkflow('w', {}, undefined, { runId: 'a-run' }).result();
    expect(() => second.submitTask({ ...work, taskId: 'a-run' })).toThrow(/a workflow run has it/);
    expect(() => second.startWorkflow('w', {}, undefined, { runId: 'once' })).toThrow(
      expect.objectContaining({ code: 'RUN_EXISTS' }),
    );
  });
});

describe('flush', () => {
  it('resolves when submissions are durable: a kill right after it loses none', async () => {
    const scene = createScene();
    const tasks = Array.from({ length: 200 }, (_, n) => task(scene, `n${n}`, 'notes', { dependencies: ['hang'] }));
    await killedIn(scene, [task(scene, 'hang', 'hangs'), ...tasks], 'hang');
    writeFileSync(scene.open, '');
    const engine = await scene.engine([]);
    await engine.tasks.waitForCompletion();
    expect(engine.tasks.getExecutionStats()).toMatchObject({ open: 0, completed: 201 });
    const results = await Promise.all(tasks.map(({ taskId }) => engine.waitForTask(String(taskId))));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['completed']));
    expect(scene.began().filter((line) => !line.startsWith('hang'))).toHaveLength(200);
  });
});
