// Tests the dashboard's view of a data folder: what is on record, an engine in another hand, and one that is borrowed.

import { describe, expect, it, onTestFinished } from 'vitest';
import type { Interest, SourceListener } from '../../src/dashboard/dashboard-source.ts';
import { RecordSource } from '../../src/dashboard/record-source.ts';
import * as wire from '../../src/dashboard/wire.ts';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { coreStep, workFolder } from '../cli/work-folder.ts';
import { essenceOf, FramedRun, fatefulSteps, registerFates } from './run-pictures.ts';

const NOTHING: Interest = { runs: false, system: false, tree: false, run: null };
const DEAF: SourceListener = { runs: () => {}, run: () => {}, task: () => {}, system: () => {}, tree: () => {} };
const PAGE = { skip: 0, limit: 50 };
const PATIENT = { timeout: 10_000 };

function folderOf() {
  const dataDir = workFolder({});
  const start = async (): Promise<OrchestrationEngine> => {
    const engine = await OrchestrationEngine.create({
      dataDir,
      maxWorkers: 1,
      workflowsDir: dataDir,
      tasksDirs: [dataDir],
      resume: 'manual',
      cancelGraceMs: 50,
    });
    registerFates(engine);
    onTestFinished(() => engine.shutdown({ drainMs: 0 }));
    return engine;
  };
  const open = (withEngine = true): RecordSource => {
    const timers = new SystemTimers({ unref: true });
    const source = new RecordSource(dataDir, { timers, ...(withEngine ? { engineFor: start } : {}) });
    onTestFinished(async () => {
      await source.close();
      timers.close();
    });
    return source;
  };
  return { dataDir, start, open };
}

async function pictureOf(source: RecordSource, runId: string): Promise<FramedRun> {
  const run = wire.runDocument.parse(await source.run(runId));
  return new FramedRun(run, wire.timelineDocument.parse(await source.timeline(runId)));
}

describe('a data folder', () => {
  it('without a journal is empty, says what to do, and fills by itself', async () => {
    const { dataDir, start, open } = folderOf();
    const source = open(false);
    expect(await source.runs(PAGE)).toEqual({ runs: [], total: 0, counts: {} });
    expect(wire.systemDocument.parse(await source.system()).absent).toMatch(/yardmaster run … --dashboard/);
    expect(wire.treeDocument.parse(await source.tree()).absent).toMatch(/yardmaster run … --dashboard/);
    expect(source.welcome()).toMatchObject({ source: 'record', place: dataDir, actions: [], enginePid: null });
    const rows: wire.RunsFrame[] = [];
    source.listen({ ...NOTHING, runs: true }, { ...DEAF, runs: (frame) => rows.push(wire.runsFrame.parse(frame)) });
    const engine = await start();
    engine.workflows.createWorkflow('one', [coreStep('only', 'noop')]);
    const { runId } = await engine.executeWorkflow('one');
    await expect.poll(() => rows.at(-1)?.counts, PATIENT).toEqual({ completed: 1 });
    expect(rows.at(-1)?.changed.map((row) => [row.runId, row.ends?.completed])).toEqual([[runId, 1]]);
  });

  it('shows the runs of an engine elsewhere as they go, to the same end', async () => {
    const { start, open } = folderOf();
    const source = open();
    const engine = await start();
    engine.workflows.createWorkflow('fates', fatefulSteps(31, 60));
    const run = engine.startWorkflow('fates');
    run.pause();
    let page: FramedRun | undefined;
    let frames = 0;
    source.listen(
      { ...NOTHING, run: { runId: run.runId, timeline: true, task: null } },
      {
        ...DEAF,
        run: (frame) => {
          frames++;
          page?.take(wire.runFrame.parse(frame));
        },
      },
    );
    await expect.poll(() => source.run(run.runId), PATIENT).toBeDefined();
    page = await pictureOf(source, run.runId);
    run.resume();
    await run.result();
    await expect.poll(() => page?.run.summary.standing, PATIENT).toBe('completed');
    const end = await pictureOf(source, run.runId);
    expect([page.gaps, frames > 0]).toEqual([0, true]);
    expect(essenceOf(page.run, page.timeline)).toEqual(essenceOf(end.run, end.timeline));
    const [task = ''] = end.run.tasks.names;
    expect(wire.taskDocument.parse(await source.task(run.runId, task)).logs.since).toBeNull();
    expect(wire.planDocument.parse(await source.plan(run.runId)).rows).toHaveLength(60);
  });

  it('passes what people ask for to the engine that holds it, and says who has it where that is not taken', async () => {
    const { start, open } = folderOf();
    const source = open();
    const engine = await start();
    engine.workflows.createWorkflow('long', [
      coreStep('burns', 'burn', { parameters: { ms: 60_000 } }),
      coreStep('after', 'noop', { dependencies: ['burns'] }),
    ]);
    const run = engine.startWorkflow('long');
    const { runId } = run;
    await expect.poll(() => engine.getRunHistory(runId)?.tasks.get('burns')?.status).toBe('running');
    expect(source.welcome()).toMatchObject({
      actions: ['cancel', 'pause', 'resume', 'release'],
      enginePid: process.pid,
    });
    await expect.poll(async () => (await source.task(runId, 'after'))?.waiting?.kind, PATIENT).toBe('dependency');
    await source.act({ kind: 'pause', runId });
    expect(run.status).toBe('paused');
    await source.act({ kind: 'resume', runId });
    for (const action of [
      { kind: 'rerun', runId, fromFailed: true },
      { kind: 'set-capacity', resourceId: 'sys-compute', capacity: 1 },
    ] as const) {
      await expect(source.act(action)).rejects.toMatchObject({
        code: 'DATA_DIR_LOCKED',
        message: expect.stringContaining(`process ${process.pid}`),
      });
    }
    await source.act({ kind: 'cancel', runId, reason: 'seen enough' });
    await run.result();
    await expect(source.act({ kind: 'cancel', runId })).rejects.toMatchObject({ code: 'RUN_ENDED' });
    await engine.shutdown({ drainMs: 0 });
    expect((await source.run(runId))?.summary).toMatchObject({ standing: 'cancelled', reason: 'seen enough' });
  });
});

describe('what nobody has in hand', () => {
  async function leftBehind() {
    const { start, open, dataDir } = folderOf();
    const engine = await start();
    engine.workflows.createWorkflow('two', [
      coreStep('first', 'noop'),
      coreStep('burns', 'burn', { parameters: { ms: 60_000 }, dependencies: ['first'] }),
    ]);
    engine.workflows.createWorkflow('bad', [
      coreStep('good', 'noop'),
      coreStep('fails', 'fail', { parameters: { message: 'no' }, maxRetries: 0, dependencies: ['good'] }),
    ]);
    const failed = await engine.executeWorkflow('bad');
    const { runId } = engine.startWorkflow('two');
    await expect.poll(() => engine.getRunHistory(runId)?.tasks.get('burns')?.status).toBe('running');
    await engine.shutdown({ drainMs: 0 });
    return { start, open, dataDir, runId, failed: failed.runId };
  }

  it('stands as suspended, its lost attempts as interrupted', async () => {
    const { open, runId } = await leftBehind();
    const { run, timeline } = await pictureOf(open(), runId);
    expect(run.summary.standing).toBe('suspended');
    expect(essenceOf(run, timeline).bars).toEqual([
      expect.stringMatching(/^burns 1 interrupted packed$/),
      expect.stringMatching(/^first 1 completed thread \d+$/),
    ]);
    expect(timeline.isLive).toBe(false);
  });

  it('is run again by a borrowed engine, which is shown live and given back', async () => {
    const { start, open, failed } = await leftBehind();
    const source = open();
    const systems: wire.SystemFrame[] = [];
    source.listen({ ...NOTHING, system: true }, { ...DEAF, system: (frame) => systems.push(frame) });
    const { runId } = await source.act({ kind: 'rerun', runId: failed, fromFailed: true });
    expect(runId).not.toBeNull();
    expect((await source.tree()).root).not.toBeNull();
    await expect.poll(() => systems.length, PATIENT).toBeGreaterThan(0);
    await expect.poll(async () => (await source.run(runId ?? ''))?.summary.standing, PATIENT).toBe('failed');
    // Given back: another engine may have the folder, and what it did is still there.
    await expect.poll(() => source.welcome().enginePid, PATIENT).toBeNull();
    expect((await source.tree()).root).toBeNull();
    const engine = await start();
    await engine.shutdown({ drainMs: 0 });
    const { run } = await pictureOf(source, runId ?? '');
    expect(run.tasks.names.map((name, index) => `${name} ${wire.TASK_STATES[run.tasks.states[index] ?? -1]}`)).toEqual([
      'good completed',
      'fails failed',
    ]);
    expect(run.summary.rerunOf).toBe(failed);
  });

  it('is cancelled without any of its tasks being started', async () => {
    const { open, runId } = await leftBehind();
    const source = open();
    await source.act({ kind: 'cancel', runId });
    await expect.poll(async () => (await source.run(runId))?.summary.standing, PATIENT).toBe('cancelled');
    expect((await source.task(runId, 'burns'))?.attempts.map(({ outcome }) => outcome)).toEqual(['interrupted']);
  });

  it('goes on when it is resumed, and its page is told to ask again', async () => {
    const { open, runId } = await leftBehind();
    const source = open();
    let page: FramedRun | undefined;
    source.listen(
      { ...NOTHING, run: { runId, timeline: true, task: null } },
      { ...DEAF, run: (frame) => page?.take(frame) },
    );
    page = await pictureOf(source, runId);
    await source.act({ kind: 'resume', runId });
    await expect.poll(() => page?.gaps, PATIENT).toBeGreaterThan(0);
    await expect.poll(async () => (await source.run(runId))?.summary.standing, PATIENT).toBe('running');
    await source.act({ kind: 'cancel', runId });
    await expect.poll(async () => (await source.run(runId))?.summary.standing, PATIENT).toBe('cancelled');
  });

  it('is left alone where no engine may be started, in words that tell what to do', async () => {
    const { open, runId } = await leftBehind();
    const source = open(false);
    await expect(source.act({ kind: 'resume', runId })).rejects.toMatchObject({
      code: 'DASHBOARD_REFUSED',
      message: expect.stringContaining('yardmaster run'),
    });
  });

  it('gives the folder back when the dashboard is closed in the middle', async () => {
    const { start, open, runId } = await leftBehind();
    const source = open();
    await source.act({ kind: 'resume', runId });
    await source.close();
    await source.close();
    const engine = await start();
    expect(engine.getRunHistory(runId)?.record.endedAtMs).toBeNull();
  });
});
