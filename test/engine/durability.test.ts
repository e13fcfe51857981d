// Facts of durable execution, by their numbers in the collection that tests of other engines were restated in: what is
// recorded is not done again, what was under way is. Engines on real data folders; a crash is a process that is killed.
// Where the original fact is about something that is not here (messages between workflows, child workflows), the name of
// the test says what stands for it. Bounded recovery (D11, D12) is in durability-recovery.test.ts.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WorkflowStepOptions } from '../../src/engine/workflow-step.ts';
import { createScene, type Scene } from './lives.ts';

const RUN = { runId: 'run-1' };

/** A step that notes each of its executions. */
function notes({ file }: Scene, name: string, more: Partial<WorkflowStepOptions> = {}): WorkflowStepOptions {
  return { name, module: 'lives', action: 'notes', ...more, parameters: { file, ...more.parameters } };
}

/** A step that hangs until the scene is opened. */
function hangs({ file, open }: Scene, name = 'hang', more: Partial<WorkflowStepOptions> = {}): WorkflowStepOptions {
  return { name, module: 'lives', action: 'hangs', ...more, parameters: { file, open, ...more.parameters } };
}

describe('the same run id again', () => {
  it('D1: gives the first result, in this life and the next, and runs no step again; a new id runs anew', async () => {
    const scene = createScene();
    const steps = [
      notes(scene, 'a'),
      notes(scene, 'b', { dependencies: ['a'], parameters: { value: '{{a.output.idempotencyKey}}' } }),
    ];
    const first = await scene.engine(steps);
    const execution = await first.startWorkflow('w', {}, undefined, RUN).result();
    expect(execution.outputs.b).toMatchObject({ value: 'run-1/a' });
    expect((await first.startWorkflow('w', {}, undefined, RUN).result()).outputs).toEqual(execution.outputs);
    expect(scene.began()).toEqual(['a#1', 'b#1']);
    await first.shutdown();

    const second = await scene.engine(steps);
    const again = await second.startWorkflow('w', {}, undefined, RUN).result();
    expect(again.toJSON()).toEqual(execution.toJSON());
    expect(scene.began()).toEqual(['a#1', 'b#1']);
    await second.startWorkflow('w', {}, undefined, { runId: 'run-2' }).result();
    expect(scene.began()).toEqual(['a#1', 'b#1', 'a#1', 'b#1']);
  });

  it('D1: with another workflow or other parameters is refused, in this life and the next', async () => {
    const scene = createScene();
    const refused = expect.objectContaining({ code: 'RUN_EXISTS' });
    for (let life = 1; life <= 2; life += 1) {
      const engine = await scene.engine([notes(scene, 'a')]);
      engine.workflows.createWorkflow('other', [notes(scene, 'a')]);
      await engine.startWorkflow('w', { x: 1 }, undefined, RUN).result();
      expect(() => engine.startWorkflow('other', { x: 1 }, undefined, RUN)).toThrow(refused);
      expect(() => engine.startWorkflow('w', { x: 2 }, undefined, RUN)).toThrow(refused);
      await engine.shutdown();
    }
    expect(scene.began()).toEqual(['a#1']);
  });

  it('D2, D13: of a run that failed gives the same error with its code, and the step is not run again', async () => {
    const scene = createScene();
    const steps = [
      notes(scene, 'before'),
      { name: 'order', module: 'lives', action: 'fails', parameters: { file: scene.file }, dependencies: ['before'] },
      notes(scene, 'after', { dependencies: ['order'] }),
    ];
    const first = await scene.engine(steps);
    const failed = await first.startWorkflow('w', {}, undefined, RUN).result();
    await first.shutdown();
    const second = await scene.engine(steps);
    const again = await second.startWorkflow('w', {}, undefined, RUN).result();
    expect(again.toJSON()).toEqual(failed.toJSON());
    expect(again).toMatchObject({ status: 'failed', skipped: { after: { code: 'UPSTREAM_FAILED' } } });
    expect(again.errors.order).toMatchObject({
      name: 'OrderError',
      message: 'no lamp is left',
      code: 'OUT_OF_STOCK',
      details: { item: 'lamp', left: 0 },
      cause: { name: 'RangeError', message: '0 is less than 1' },
    });
    expect(second.getRunHistory('run-1')?.tasks.get('order')?.error).toEqual(failed.errors.order);
    expect(scene.began()).toEqual(['before#1', 'order#1']);
  });

  it('D9 (no messages here: a start stands for one): twice at once makes one run, also after a crash', async () => {
    const scene = createScene();
    const steps = [notes(scene, 'a'), hangs(scene, 'hang', { dependencies: ['a'] })];
    await scene.killed({
      steps,
      runs: [
        { ...RUN, params: {} },
        { ...RUN, params: {} },
      ],
    });
    writeFileSync(scene.open, '');
    const engine = await scene.engine(steps);
    const handles = [1, 2].map(() => engine.startWorkflow('w', {}, undefined, RUN));
    const [one, two] = await Promise.all(handles.map((handle) => handle.result()));
    expect(one?.toJSON()).toEqual(two?.toJSON());
    expect(scene.began()).toEqual(['a#1', 'hang#1', 'hang#2']);
    expect(engine.listRuns().filter(({ workflow }) => workflow === 'w')).toHaveLength(1);
  });

  it('D10: replays what a step saw although the world has changed since; a new id sees the change', async () => {
    const scene = createScene();
    const look = join(scene.folder, 'world');
    const parameters = { file: scene.file, look };
    const steps = [
      { name: 'look', module: 'lives', action: 'looks', parameters },
      hangs(scene, 'hang', { parameters: { value: '{{look.output}}' } }),
    ];
    writeFileSync(look, 'before');
    await scene.killed({ steps, runs: [{ ...RUN, params: {} }] });
    writeFileSync(look, 'after');
    writeFileSync(scene.open, '');
    const engine = await scene.engine(steps);
    const resumed = await engine.startWorkflow('w', {}, undefined, RUN).result();
    expect(resumed.outputs).toMatchObject({ look: 'before', hang: { value: 'before' } });
    expect((await engine.startWorkflow('w', {}, undefined, RUN).result()).outputs.look).toBe('before');
    const other = await engine.startWorkflow('w', {}, undefined, { runId: 'run-2' }).result();
    expect(other.outputs).toMatchObject({ look: 'after', hang: { value: 'after' } });
  });
});

describe('a crash', () => {
  it('D3: does not make a finished sleep of 2 s be slept again', async () => {
    const scene = createScene();
    const steps = [
      { name: 'nap', module: 'core', action: 'sleep', parameters: { duration: 2 } },
      hangs(scene, 'hang', { dependencies: ['nap'] }),
    ];
    await scene.killed({ steps, runs: [{ ...RUN, params: {} }] });
    writeFileSync(scene.open, '');
    const engine = await scene.engine(steps, { resume: 'manual' });
    const startedAtMs = performance.now();
    const execution = await engine.resumeRun('run-1').result();
    expect(execution.status).toBe('completed');
    // Far below the sleep; how far depends on what else this machine does.
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
    expect(engine.getRunHistory('run-1')?.tasks.get('nap')?.attempts).toHaveLength(1);
  }, 60_000);

  it('D4 (nothing is received here: a time-out stands for it): does not make a step that timed out wait again', async () => {
    const scene = createScene();
    // One thread: the second has its turn when the time of the first is up.
    const config = { maxWorkers: 1 };
    const steps = [
      { name: 'wait', module: 'core', action: 'sleep', parameters: { duration: 60 }, timeoutMs: 300, required: false },
      hangs(scene),
    ];
    await scene.killed({ config, steps, runs: [{ ...RUN, params: {} }] });
    writeFileSync(scene.open, '');
    const engine = await scene.engine(steps, config);
    const execution = await engine.startWorkflow('w', {}, undefined, RUN).result();
    expect(execution).toMatchObject({ status: 'completed', errors: { wait: { code: 'TASK_TIMEOUT' } } });
    expect(engine.getRunHistory('run-1')?.tasks.get('wait')?.attempts).toHaveLength(1);
  }, 60_000);

  it('D5: leaves exactly the pending run to be recovered, with the same input and context, and one result for all', async () => {
    const scene = createScene();
    const steps = [hangs(scene, 'hang', { parameters: { value: '{{params.who}}' } })];
    const done = await scene.engine([notes(scene, 'a')]);
    await done.startWorkflow('w', {}, undefined, { runId: 'run-0' }).result();
    await done.shutdown();
    await scene.killed({ steps, runs: [{ ...RUN, params: { who: 'me' } }] });
    writeFileSync(scene.open, '');

    const engine = await scene.engine(steps, { resume: 'manual' });
    expect(engine.unfinishedRuns()).toMatchObject([{ ...RUN, workflow: 'w', status: 'running', isSuspended: false }]);
    expect(scene.began()).toEqual(['a#1', 'hang#1']);
    const [one, two] = await Promise.all([1, 2].map(() => engine.resumeRun('run-1').result()));
    expect(one?.outputs.hang).toEqual({ value: 'me', runId: 'run-1', idempotencyKey: 'run-1/hang' });
    expect(two?.toJSON()).toEqual(one?.toJSON());
    expect(engine.unfinishedRuns()).toEqual([]);
    expect(scene.began()).toEqual(['a#1', 'hang#1', 'hang#2']);
  });

  it('D6: runs no finished step again, and the one in progress once more, as the next attempt', async () => {
    const scene = createScene();
    const steps = [
      notes(scene, 'a'),
      notes(scene, 'b', { dependencies: ['a'], parameters: { value: '{{a.output.value}}' } }),
      hangs(scene, 'hang', { dependencies: ['b'] }),
      notes(scene, 'c', { dependencies: ['hang'], parameters: { value: '{{b.output.value}}' } }),
    ];
    await scene.killed({ steps, runs: [{ ...RUN, params: { value: 7 } }] });
    expect(scene.began()).toEqual(['a#1', 'b#1', 'hang#1']);
    writeFileSync(scene.open, '');
    const engine = await scene.engine(steps);
    const execution = await engine.startWorkflow('w', { value: 7 }, undefined, RUN).result();
    expect(execution).toMatchObject({ status: 'completed', tasks: { completed: 4 } });
    expect(scene.began()).toEqual(['a#1', 'b#1', 'hang#1', 'hang#2', 'c#1']);
    const hang = engine.getRunHistory('run-1')?.tasks.get('hang');
    expect(hang?.attempts.map(({ outcome }) => outcome)).toEqual(['interrupted', 'completed']);
    expect(hang?.interruptions).toBe(1);
  });

  it('D7 (no child workflows here): keeps the key of a step, by which what it makes outside is found again', async () => {
    const scene = createScene();
    const steps = [hangs(scene)];
    await scene.killed({ steps, runs: [{ ...RUN, params: {} }] });
    await scene.killed({ steps });
    writeFileSync(scene.open, '');
    const engine = await scene.engine(steps);
    const execution = await engine.startWorkflow('w', {}, undefined, RUN).result();
    expect(execution.outputs.hang).toMatchObject({ idempotencyKey: 'run-1/hang' });
    expect(scene.began()).toEqual(['hang#1', 'hang#2', 'hang#3']);
  });
});
