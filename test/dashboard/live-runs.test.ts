// Tests the pictures of the runs of a live engine: whether they are made of events, of the record, or of both, they agree.

import { describe, expect, it } from 'vitest';
import { LiveRuns } from '../../src/dashboard/live-runs.ts';
import type { RunModel } from '../../src/dashboard/run-model.ts';
import { PictureVersions } from '../../src/dashboard/run-reading.ts';
import type { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { coreStep } from '../cli/work-folder.ts';
import { createGate, createTestEngine, seen } from '../engine/support.ts';
import { essenceOf, fatefulSteps, registerFates, timesOf } from './run-pictures.ts';

const SLACK_MS = 60;

function picturesOf(engine: OrchestrationEngine): LiveRuns {
  const runs = new LiveRuns(engine, Date.now, new PictureVersions(), () => {});
  runs.listen();
  return runs;
}

function modelOf(runs: LiveRuns, runId: string): RunModel {
  const model = runs.model(runId);
  if (model === undefined) throw new Error(`no picture of ${runId}`);
  return model;
}

function essence(model: RunModel) {
  return essenceOf(model.document(), model.timeline(Number.POSITIVE_INFINITY));
}

describe('the picture of a live run', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'is the same from events, from the record and from both (seed %i)',
    async (seed) => {
      const { engine } = await createTestEngine();
      registerFates(engine);
      engine.workflows.createWorkflow('fates', fatefulSteps(seed, 60));
      const run = engine.startWorkflow('fates');
      const early = picturesOf(engine);
      modelOf(early, run.runId);
      const late: LiveRuns[] = [];
      const ends = { count: 0 };
      const stop = engine.registerEventHandler('task.completed', () => {
        ends.count++;
        if (ends.count % 7 !== 0) return;
        // A turn later, as a page asks: never in the middle of an event.
        setImmediate(() => {
          const runs = picturesOf(engine);
          modelOf(runs, run.runId);
          late.push(runs);
        });
      });
      if (seed % 2 === 0) run.pause();
      if (seed % 2 === 0) setTimeout(() => run.resume(), 5);
      if (seed % 3 === 0) setTimeout(() => run.cancel('enough'), 40);
      await run.result();
      stop();
      const recorded = modelOf(picturesOf(engine), run.runId);
      const expected = essence(recorded);
      for (const runs of [early, ...late]) expect(essence(modelOf(runs, run.runId))).toEqual(expected);
      expect(late.length).toBeGreaterThan(0);
      const told = timesOf(modelOf(early, run.runId).timeline(Number.POSITIVE_INFINITY));
      for (const [bar, [start, end]] of timesOf(recorded.timeline(Number.POSITIVE_INFINITY))) {
        expect(Math.abs((told.get(bar)?.[0] ?? 0) - start)).toBeLessThan(SLACK_MS);
        expect(Math.abs((told.get(bar)?.[1] ?? 0) - end)).toBeLessThan(SLACK_MS);
      }
    },
  );

  it('shows an attempt whose thread was terminated as killed, on its thread', async () => {
    const { engine } = await createTestEngine({ maxWorkers: 1 });
    engine.workflows.createWorkflow('stuck', [
      { name: 'loop', module: 'bodies', action: 'spins', timeoutMs: 100, maxRetries: 0 },
    ]);
    const run = engine.startWorkflow('stuck');
    const early = picturesOf(engine);
    modelOf(early, run.runId);
    await run.result();
    const told = essence(modelOf(early, run.runId));
    expect(told.bars).toEqual([expect.stringMatching(/^loop 1 killed thread \d+$/)]);
    expect(essence(modelOf(picturesOf(engine), run.runId))).toEqual(told);
  });

  it('puts a running attempt on the lane of its thread', async () => {
    const test = await createTestEngine({ maxWorkers: 1 });
    const { engine } = test;
    engine.workflows.createWorkflow('long', [coreStep('burns', 'burn', { parameters: { ms: 60_000 } })]);
    const run = engine.startWorkflow('long');
    const runs = picturesOf(engine);
    const model = modelOf(runs, run.runId);
    await seen(test, ({ type }) => type === 'task.started');
    await expect.poll(() => engine.getSystemStatus().threads[0]?.subject?.task).toBe('burns');
    runs.place(model);
    const { lanes, bars } = model.timeline(Date.now());
    expect(lanes).toEqual([{ label: expect.stringMatching(/^thread \d+$/), kind: 'thread' }]);
    expect(bars).toHaveLength(1);
    expect(bars[0]?.[6]).toBe(-1);
    run.cancel();
    await run.result();
  });

  it('tells pending, blocked, ready, running, retrying and cancelling tasks apart', async () => {
    const { engine } = await createTestEngine({ maxWorkers: 1 });
    registerFates(engine);
    const gate = createGate(engine);
    const slow = { initialIntervalMs: 60_000 };
    engine.workflows.createWorkflow('states', [
      { name: 'open', ...gate.task('open') },
      { name: 'again', module: 'fates', action: 'stumble', parameters: { times: 9 }, maxRetries: 1, retry: slow },
      { name: 'after', module: 'core', action: 'noop', dependencies: ['open'] },
      coreStep('loop', 'burn', { parameters: { ms: 60_000 } }),
      coreStep('waits', 'noop', { priority: 'low' }),
    ]);
    const run = engine.startWorkflow('states');
    const runs = picturesOf(engine);
    const stateOf = (name: string) => {
      const model = modelOf(runs, run.runId);
      return model.stateOf(model.shape.indexOf(name));
    };
    await gate.entered('open');
    await expect.poll(() => stateOf('again')).toBe('retrying');
    expect(['open', 'after', 'loop', 'waits'].map(stateOf)).toEqual(['running', 'blocked', 'running', 'ready']);
    expect(run.cancelTask('loop')).toBe(true);
    expect(stateOf('loop')).toBe('cancelling');
    run.cancel();
    await run.result();
  });

  it('shows where the tasks of a run stand whose first facts are forgotten', async () => {
    const { engine } = await createTestEngine();
    const gate = createGate(engine);
    engine.registerInlineTask('fates', 'nothing', async () => null);
    const row = Array.from({ length: 5_200 }, (_, index) => ({
      name: `t${index}`,
      module: 'fates',
      action: 'nothing',
      dependencies: index === 0 ? [] : [`t${index - 1}`],
    }));
    const last = { name: 'last', ...gate.task('last'), dependencies: ['t5199'] };
    engine.workflows.createWorkflow('long', [...row, last, coreStep('end', 'noop', { dependencies: ['last'] })]);
    const run = engine.startWorkflow('long');
    await gate.entered('last');
    expect(engine.getRunHistory(run.runId)).toBeUndefined();
    const runs = picturesOf(engine);
    const stateOf = (name: string) => {
      const model = modelOf(runs, run.runId);
      return model.stateOf(model.shape.indexOf(name));
    };
    expect(['t0', 't5199', 'last', 'end'].map(stateOf)).toEqual(['completed', 'completed', 'running', 'blocked']);
    gate.open('last');
    await run.result();
    expect(['last', 'end'].map(stateOf)).toEqual(['completed', 'completed']);
    expect(modelOf(runs, run.runId).standing).toBe('completed');
  });

  it('is not kept, nor are events heard, while nobody listens', async () => {
    const { engine } = await createTestEngine();
    const heard: string[] = [];
    const runs = new LiveRuns(engine, Date.now, new PictureVersions(), (runId) => heard.push(runId));
    engine.workflows.createWorkflow('one', [coreStep('only', 'noop')]);
    const { runId } = await engine.executeWorkflow('one');
    expect(runs.isListening).toBe(false);
    expect(heard).toEqual([]);
    expect(runs.model(runId)).not.toBe(runs.model(runId));
    runs.listen();
    expect(runs.model(runId)).toBe(runs.model(runId));
    runs.rest();
    await engine.executeWorkflow('one');
    expect(heard).toEqual([]);
  });

  it('keeps the twenty that were looked at last, and versions go on where they are made anew', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('one', [coreStep('only', 'noop')]);
    const runs = picturesOf(engine);
    const runIds: string[] = [];
    for (let index = 0; index < 21; index++) runIds.push((await engine.executeWorkflow('one')).runId);
    const models = runIds.map((runId) => modelOf(runs, runId));
    expect(modelOf(runs, runIds[20] ?? '')).toBe(models[20]);
    const anew = modelOf(runs, runIds[0] ?? '');
    expect(anew).not.toBe(models[0]);
    expect(anew.version).toBeGreaterThan(Math.max(...models.map(({ version }) => version)));
  });
});
