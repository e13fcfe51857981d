// Per-key concurrency on a running engine: one count for a key over runs and single tasks, each held to its own limit.

import { describe, expect, it } from 'vitest';
import { createScene } from './lives.ts';
import { createGate, createTestEngine, seen } from './support.ts';

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a concurrency key', () => {
  it('limits the steps of all runs whose parameters give the same key, and no others', async () => {
    const made = await createTestEngine();
    const { engine } = made;
    const gate = createGate(engine);
    for (const workflow of ['w', 'v']) {
      engine.workflows.createWorkflow(
        workflow,
        [1, 2, 3].map((n) => ({
          ...gate.task(`${workflow}${n}`),
          name: `${workflow}${n}`,
          concurrency: { key: 'db-{{params.tenant}}', limit: 2 },
        })),
      );
    }
    const north = engine.startWorkflow('w', { tenant: 'north' });
    await turns();
    expect(made.order('task.started')).toEqual(['w1', 'w2']);
    const same = engine.startWorkflow('v', { tenant: 'north' });
    await turns();
    expect(made.order('task.started')).toEqual(['w1', 'w2']);
    gate.open('w1');
    await gate.entered('w3');
    gate.open('w2');
    await gate.entered('v1');
    await turns();
    expect(made.order('task.started')).toEqual(['w1', 'w2', 'w3', 'v1']);
    const other = engine.startWorkflow('v', { tenant: 'south' });
    await turns();
    expect(made.order('task.started')).toHaveLength(6);
    for (const name of ['w3', 'v1', 'v2', 'v3']) gate.open(name);
    for (const run of [north, same, other]) expect((await run.result()).status).toBe('completed');
  });

  it('counts single tasks with the steps of runs, each held to the limit that it names', async () => {
    const made = await createTestEngine();
    const { engine } = made;
    const gate = createGate(engine);
    const step = { ...gate.task('step'), name: 'step', concurrency: { key: 'k', limit: 5 } };
    engine.workflows.createWorkflow('w', [step]);
    const run = engine.startWorkflow('w');
    await gate.entered('step');
    const narrow = engine.submitTask({ ...gate.task('narrow'), name: 'narrow', concurrency: { key: 'k', limit: 1 } });
    const wide = engine.submitTask({ ...gate.task('wide'), name: 'wide', concurrency: { key: 'k', limit: 2 } });
    await gate.entered('wide');
    await turns();
    expect(engine.tasks.getTaskStatus(narrow)).not.toBe('running');
    gate.open('step');
    await run.result();
    await turns();
    expect(engine.tasks.getTaskStatus(narrow)).not.toBe('running');
    gate.open('wide');
    await gate.entered('narrow');
    gate.open('narrow');
    expect((await engine.waitForTask(narrow)).status).toBe('completed');
    expect((await engine.waitForTask(wide)).status).toBe('completed');
  });

  it('is free again between attempts, and after a failure or a cancel', async () => {
    const made = await createTestEngine();
    const { engine } = made;
    const gate = createGate(engine);
    const concurrency = { key: 'k', limit: 1 };
    const failing = engine.submitTask({
      module: 'core',
      action: 'fail',
      parameters: { message: 'no luck' },
      concurrency,
      retry: { maxAttempts: 2, initialIntervalMs: 30_000, jitter: 0 },
    });
    await seen(made, ({ type, taskId }) => type === 'task.retrying' && taskId === failing);
    const next = engine.submitTask({ ...gate.task('next'), name: 'next', concurrency });
    await gate.entered('next');
    const last = engine.submitTask({ ...gate.task('last'), name: 'last', concurrency });
    engine.tasks.cancelTask(next);
    await gate.entered('last');
    gate.open('last');
    expect((await engine.waitForTask(last)).status).toBe('completed');
    engine.tasks.cancelTask(failing);
  });

  it('and the estimate of a single task hold in the next life of the engine', async () => {
    const scene = createScene();
    const first = await scene.engine([]);
    first.tasks.stopBackgroundProcessing();
    const ids = ['a', 'b', 'c'].map((taskId) =>
      first.submitTask({
        taskId,
        module: 'mine',
        action: 'act',
        ...(taskId === 'c' ? {} : { concurrency: { key: 'k', limit: 1 }, estimatedMs: 40 }),
      }),
    );
    await first.tasks.flush();
    await first.shutdown({ drainMs: 0 });
    const second = await scene.engine([]);
    const words = ids.map((id) => second.getRunHistory(id)?.origin);
    expect(words).toMatchObject([
      { concurrency: { key: 'k', limit: 1 }, estimatedMs: 40 },
      { concurrency: { key: 'k', limit: 1 }, estimatedMs: 40 },
      {},
    ]);
    expect(words[2]).not.toHaveProperty('concurrency');
    let open = 0;
    let most = 0;
    second.registerInlineTask('mine', 'act', async (_, { taskName, runId }) => {
      if (runId !== 'c') most = Math.max(most, ++open);
      await turns();
      if (runId !== 'c') open -= 1;
      return taskName;
    });
    for (const id of ids) expect((await second.waitForTask(id)).status).toBe('completed');
    expect(most).toBe(1);
  });

  it('that a parameter cannot give refuses the run before it begins', async () => {
    const { engine } = await createTestEngine();
    const concurrency = { key: '{{params.tenant}}', limit: 1 };
    engine.workflows.createWorkflow('w', [{ name: 'a', module: 'core', action: 'noop', concurrency }]);
    const refusal = (message: RegExp) =>
      expect.objectContaining({ code: 'PARAMETER_INVALID', message: expect.stringMatching(message) });
    expect(() => engine.startWorkflow('w')).toThrow(refusal(/"tenant" is not given/));
    expect(() => engine.startWorkflow('w', { tenant: {} })).toThrow(refusal(/"tenant" must be text/));
    expect((await engine.executeWorkflow('w', { tenant: 'x' })).status).toBe('completed');
  });

  it.each([
    [{ concurrency: { key: '', limit: 1 } }, /concurrency key/],
    [{ concurrency: { key: 'a\nb', limit: 1 } }, /concurrency key/],
    [{ concurrency: { key: 'k', limit: 0 } }, /concurrency limit/],
    [{ concurrency: { key: 'k', limit: 1.5 } }, /concurrency limit/],
    [{ estimatedMs: -1 }, /estimatedMs/],
    [{ estimatedMs: Number.NaN }, /estimatedMs/],
  ])('of a single task must be sound: %j is refused', async (options, message) => {
    const { engine } = await createTestEngine();
    const submit = () => engine.submitTask({ module: 'core', action: 'noop', ...options });
    expect(submit).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID', message: expect.stringMatching(message) }),
    );
  });
});
