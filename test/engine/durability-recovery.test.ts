// Bounded recovery, by the numbers of durability.test.ts: a run that takes its process down again and again is left
// alone in the end, until someone releases it.

import { existsSync, writeFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import type { EngineConfig } from '../../src/engine/engine-config.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import type { WorkflowStepOptions } from '../../src/engine/workflow-step.ts';
import { createScene, type Scene } from './lives.ts';

const LIMIT = 5;
const config = { maxRecoveries: LIMIT };

function hangs({ file, open }: Scene) {
  return [{ name: 'hang', module: 'lives', action: 'hangs', parameters: { file, open } }];
}

/** Another life, once it has taken up what was left: a turn later, so that programs can register handlers before. */
async function takenUp(scene: Scene, steps: readonly WorkflowStepOptions[], config: EngineConfig) {
  const engine = await scene.engine(steps, config);
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return engine;
}

it('D11: after the first life and 5 recoveries a run is parked, its id refused, and a resume counts from 0 again', async () => {
  const scene = createScene();
  const steps = hangs(scene);
  await scene.killed({ config, steps, runs: [{ runId: 'run-1', params: {} }] });
  for (let recovery = 1; recovery <= LIMIT; recovery += 1) await scene.killed({ config, steps });
  expect(scene.began()).toHaveLength(1 + LIMIT);

  const engine = await takenUp(scene, steps, config);
  expect(engine.unfinishedRuns()).toEqual([]);
  const parked = engine.listRuns({ kind: 'workflow', open: false }).find(({ runId }) => runId === 'run-1');
  expect(parked).toMatchObject({ status: 'failed', recoveries: LIMIT, parked: { code: 'RUN_RECOVERY_LIMIT' } });
  expect(() => engine.startWorkflow('w', {}, undefined, { runId: 'run-1' })).toThrow(
    expect.objectContaining({ code: 'RUN_RECOVERY_LIMIT' }),
  );
  expect(scene.began()).toHaveLength(1 + LIMIT);

  writeFileSync(scene.open, '');
  const execution = await engine.resumeRun('run-1').result();
  expect(execution.status).toBe('completed');
  expect(engine.listRuns().find(({ runId }) => runId === 'run-1')).toMatchObject({ recoveries: 0, parked: null });
  expect(scene.began().at(-1)).toBe(`hang#${LIMIT + 2}`);
}, 120_000);

it('D11: a program that asks for its run by id in every life does not get around the bound', async () => {
  const scene = createScene();
  const life = { config: { maxRecoveries: 2 }, steps: hangs(scene), runs: [{ runId: 'run-1', params: {} }] };
  for (let lives = 1; lives <= 3; lives += 1) await scene.killed(life);
  const engine = await OrchestrationEngine.create({ ...scene.config, ...life.config });
  onTestFinished(() => engine.shutdown({ drainMs: 0 }));
  engine.workflows.createWorkflow('w', life.steps);
  expect(() => engine.startWorkflow('w', {}, undefined, { runId: 'run-1' })).toThrow(
    expect.objectContaining({ code: 'RUN_RECOVERY_LIMIT' }),
  );
  expect(scene.began()).toEqual(['hang#1', 'hang#2', 'hang#3']);
}, 120_000);

it('D11: a parked run stays parked over restarts; a shutdown in good order is no recovery', async () => {
  const scene = createScene();
  const steps = hangs(scene);
  const never = { maxRecoveries: 0 };
  for (let life = 1; life <= 3; life += 1) {
    const engine = await scene.engine(steps, never);
    const handle = engine.startWorkflow('w', {}, undefined, { runId: 'run-1' });
    handle.result().catch(() => {});
    await engine.shutdown({ drainMs: 0 });
  }
  await scene.killed({ config: never, steps });
  for (let life = 1; life <= 2; life += 1) {
    const engine = await takenUp(scene, steps, never);
    expect(engine.listRuns().find(({ runId }) => runId === 'run-1')?.parked).toMatchObject({
      code: 'RUN_RECOVERY_LIMIT',
    });
    await engine.shutdown();
  }
  expect(existsSync(scene.open)).toBe(false);
}, 120_000);

it('D12: runs that wait for their place are recovered as well, and bounded like others from when they have begun', async () => {
  const scene = createScene();
  const steps = hangs(scene);
  const once = { maxRecoveries: 1 };
  const runs = ['run-1', 'run-2'].map((runId) => ({ runId, params: {} }));
  await scene.killed({ config: once, steps, runs, oneAtATime: true });
  await scene.killed({ config: once, steps });
  // Only the first had a place so far; now it is parked, and the second has its turn: as often as the first.
  await scene.killed({ config: once, steps });
  await scene.killed({ config: once, steps });
  expect(scene.began()).toEqual(['hang#1', 'hang#2', 'hang#1', 'hang#2']);

  const engine = await takenUp(scene, steps, once);
  const records = engine.listRuns().filter(({ workflow }) => workflow === 'w');
  expect(records.map(({ runId, recoveries, parked }) => [runId, recoveries, parked?.code])).toEqual([
    ['run-2', 1, 'RUN_RECOVERY_LIMIT'],
    ['run-1', 1, 'RUN_RECOVERY_LIMIT'],
  ]);
  writeFileSync(scene.open, '');
  const ends = await Promise.all(['run-1', 'run-2'].map((runId) => engine.resumeRun(runId).result()));
  expect(ends.map(({ runId, status }) => [runId, status])).toEqual([
    ['run-1', 'completed'],
    ['run-2', 'completed'],
  ]);
  expect(scene.began()).toEqual(['hang#1', 'hang#2', 'hang#1', 'hang#2', 'hang#3', 'hang#3']);
}, 120_000);
