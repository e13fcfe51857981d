// Tests the dashboard's view of a live engine: frames against documents, tasks, actions, and what it costs while nobody
// looks.

import { describe, expect, it, onTestFinished } from 'vitest';
import type { Interest, SourceListener } from '../../src/dashboard/dashboard-source.ts';
import { LiveSource } from '../../src/dashboard/live-source.ts';
import * as wire from '../../src/dashboard/wire.ts';
import type { EngineConfig } from '../../src/engine/engine-config.ts';
import type { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { coreStep } from '../cli/work-folder.ts';
import { createGate, createTestEngine, type Gate, seen } from '../engine/support.ts';
import { essenceOf, FramedRun, fatefulSteps, registerFates } from './run-pictures.ts';

const NOTHING: Interest = { runs: false, system: false, tree: false, run: null };
const DEAF: SourceListener = { runs: () => {}, run: () => {}, task: () => {}, system: () => {}, tree: () => {} };
const PAGE = { skip: 0, limit: 50 };

async function liveSource(config: EngineConfig = {}) {
  const test = await createTestEngine(config);
  const timers = new SystemTimers({ unref: true });
  const source = new LiveSource(test.engine, { timers, place: 'here', version: '1.2.3' });
  onTestFinished(async () => {
    await source.close();
    timers.close();
  });
  return { test, engine: test.engine, source };
}

async function pictureOf(source: LiveSource, runId: string): Promise<FramedRun> {
  const run = wire.runDocument.parse(await source.run(runId));
  return new FramedRun(run, wire.timelineDocument.parse(await source.timeline(runId)));
}

/** A workflow whose second task talks, fails once and goes on when the gate of the first opens. */
function talkativeFlow(engine: OrchestrationEngine): Gate {
  const gate = createGate(engine);
  engine.registerInlineTask('talk', 'talks', async (_input, context) => {
    context.log('warn', `attempt ${context.attempt}`, { n: context.attempt });
    context.progress(0.25, 'a quarter');
    if (context.attempt === 1) throw new Error('not yet');
    return { said: 'it' };
  });
  engine.workflows.createWorkflow('flow', [
    { name: 'first', ...gate.task('first') },
    {
      name: 'talks',
      module: 'talk',
      action: 'talks',
      parameters: { of: 'it' },
      dependencies: ['first'],
      maxRetries: 1,
      retry: { initialIntervalMs: 20 },
    },
  ]);
  return gate;
}

describe('the frames of a run', () => {
  it.each([21, 22, 23])('make of its document what the document is at the end (seed %i)', async (seed) => {
    const { engine, source } = await liveSource();
    registerFates(engine);
    engine.workflows.createWorkflow('fates', fatefulSteps(seed, 80));
    const run = engine.startWorkflow('fates');
    const interest = { ...NOTHING, run: { runId: run.runId, timeline: true, task: null } };
    let page: FramedRun | undefined;
    const sizes: number[] = [];
    const stop = source.listen(interest, {
      ...DEAF,
      run: (frame) => {
        sizes.push(frame.tasks.length / 4);
        page?.take(wire.runFrame.parse(frame));
      },
    });
    page = await pictureOf(source, run.runId);
    await run.result();
    await expect.poll(() => page?.run.summary.standing).toBe('completed');
    const end = await pictureOf(source, run.runId);
    expect(page.gaps).toBe(0);
    expect(essenceOf(page.run, page.timeline)).toEqual(essenceOf(end.run, end.timeline));
    expect(page.run.version).toBe(end.run.version);
    // Each task once a frame, however often it changed.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(80);
    stop();
  });

  it('show a gap after one that was lost, so that the page asks again', async () => {
    const { engine, source } = await liveSource();
    const gate = createGate(engine);
    const names = ['a', 'b', 'c'];
    engine.workflows.createWorkflow(
      'row',
      names.map((name, index) => ({ name, ...gate.task(name), dependencies: names.slice(index - 1, index) })),
    );
    const run = engine.startWorkflow('row');
    const frames: wire.RunFrame[] = [];
    source.listen(
      { ...NOTHING, run: { runId: run.runId, timeline: false, task: null } },
      { ...DEAF, run: (frame) => frames.push(frame) },
    );
    const page = await pictureOf(source, run.runId);
    for (const name of names) {
      await gate.entered(name);
      const before = frames.length;
      gate.open(name);
      await expect.poll(() => frames.length).toBeGreaterThan(before);
    }
    await run.result();
    await expect.poll(() => frames.at(-1)?.summary.standing).toBe('completed');
    const last = frames.at(-1);
    if (last === undefined) throw new Error('no frame');
    page.take(last);
    expect(page.gaps).toBe(1);
    const again = await pictureOf(source, run.runId);
    again.take(last);
    expect(again.gaps).toBe(0);
  });

  it('are one for all who look at the same run, and come to nobody else', async () => {
    const { engine, source } = await liveSource();
    engine.workflows.createWorkflow('one', [coreStep('only', 'sleep', { parameters: { duration: 0.3 } })]);
    const run = engine.startWorkflow('one');
    const other = engine.startWorkflow('one');
    const heard: wire.RunFrame[][] = [[], [], []];
    const watch = (index: number, runId: string) =>
      source.listen(
        { ...NOTHING, run: { runId, timeline: true, task: null } },
        { ...DEAF, run: (frame) => heard[index]?.push(frame) },
      );
    watch(0, run.runId);
    watch(1, run.runId);
    watch(2, other.runId);
    await Promise.all([run.result(), other.result()]);
    await expect.poll(() => heard.map((frames) => frames.at(-1)?.summary.standing)).toEqual(Array(3).fill('completed'));
    expect(heard[0]?.map((frame) => frame === heard[1]?.[heard[0]?.indexOf(frame) ?? -1])).not.toContain(false);
    expect(heard[2]?.every(({ runId }) => runId === other.runId)).toBe(true);
  });
});

describe('the list of runs', () => {
  it('is live, counted by standing, filtered and searched', async () => {
    const { engine, source } = await liveSource();
    const gate = createGate(engine);
    engine.workflows.createWorkflow('good', [coreStep('only', 'noop')]);
    engine.workflows.createWorkflow('bad', [
      coreStep('only', 'fail', { parameters: { message: 'no' }, maxRetries: 0 }),
    ]);
    engine.workflows.createWorkflow('long', [{ name: 'held', ...gate.task('held') }]);
    await engine.executeWorkflow('good');
    await engine.executeWorkflow('bad');
    const rows: wire.RunsFrame[] = [];
    source.listen({ ...NOTHING, runs: true }, { ...DEAF, runs: (frame) => rows.push(wire.runsFrame.parse(frame)) });
    const before = wire.runsPage.parse(await source.runs(PAGE));
    expect(before.runs.map(({ workflow, standing, ends }) => [workflow, standing, ends?.completed])).toEqual([
      ['bad', 'failed', 0],
      ['good', 'completed', 1],
    ]);
    const run = engine.startWorkflow('long');
    await gate.entered('held');
    await expect.poll(() => rows.at(-1)?.counts).toEqual({ failed: 1, completed: 1, running: 1 });
    expect(rows.at(-1)?.changed.map(({ runId }) => runId)).toEqual([run.runId]);
    const page = await source.runs({ ...PAGE, standing: 'running', search: run.runId.slice(4).toUpperCase() });
    expect([page.total, page.runs.map(({ workflow }) => workflow)]).toEqual([1, ['long']]);
    expect((await source.runs({ ...PAGE, search: 'nothing' })).total).toBe(0);
    expect((await source.runs({ skip: 1, limit: 1 })).runs.map(({ workflow }) => workflow)).toEqual(['bad']);
    gate.open('held');
    await run.result();
    await expect.poll(() => rows.at(-1)?.counts).toEqual({ failed: 1, completed: 2 });
  });

  it('has single tasks as runs of one step', async () => {
    const { engine, source } = await liveSource();
    const rows: wire.RunSummary[] = [];
    source.listen({ ...NOTHING, runs: true }, { ...DEAF, runs: ({ changed }) => rows.push(...changed) });
    await source.runs(PAGE);
    const id = engine.submitTask({ module: 'core', action: 'echo', parameters: { message: 'hi' }, name: 'greets' });
    await engine.waitForTask(id);
    await expect.poll(() => rows.findLast(({ runId }) => runId === id)?.standing).toBe('completed');
    const page = await source.runs({ ...PAGE, kind: 'task' });
    expect(page.runs.map(({ runId, kind, workflow }) => [runId, kind, workflow])).toEqual([[id, 'task', 'greets']]);
    const run = wire.runDocument.parse(await source.run(id));
    expect([run.tasks.names, run.tasks.states, run.hasDefinition]).toEqual([['greets'], [6], true]);
    const task = wire.taskDocument.parse(await source.task(id, 'greets'));
    expect([task.output?.text, task.action, task.statechart.current]).toEqual(['"hi"', 'echo', 'completed']);
  });
});

describe('the document of a task', () => {
  it('tells attempts, logs, progress, why it waits, and the way of its statechart', async () => {
    const { test, engine, source } = await liveSource({ maxWorkers: 1 });
    const gate = talkativeFlow(engine);
    const run = engine.startWorkflow('flow');
    await gate.entered('first');
    const blocked = wire.taskDocument.parse(await source.task(run.runId, 'talks'));
    expect(blocked.waiting?.kind).toBe('dependency');
    expect([blocked.state, blocked.statechart.current, blocked.statechart.path]).toEqual(['blocked', null, []]);
    const told: wire.TaskDocument[] = [];
    source.listen(
      { ...NOTHING, run: { runId: run.runId, timeline: false, task: 'talks' } },
      { ...DEAF, task: (document) => told.push(wire.taskDocument.parse(document)) },
    );
    const first = wire.taskDocument.parse(await source.task(run.runId, 'first'));
    expect([first.state, first.statechart.current]).toEqual(['running', 'running']);
    gate.open('first');
    await run.result();
    await expect.poll(() => told.at(-1)?.state).toBe('completed');
    const asked = wire.taskDocument.parse(await source.task(run.runId, 'talks'));
    for (const document of [told.at(-1), asked]) {
      expect(document?.attempts.map(({ outcome, threadId, error }) => [outcome, threadId, error?.message])).toEqual([
        ['failed', 0, 'not yet'],
        ['completed', 0, undefined],
      ]);
      expect(document?.statechart.path.map(({ event, state }) => [event, state])).toEqual([
        [null, 'ready'],
        ['task.start', 'running'],
        ['attempt.failed', 'retrying'],
        ['task.retry-due', 'ready'],
        ['task.start', 'running'],
        ['attempt.completed', 'completed'],
      ]);
      expect(document?.output?.text).toContain('"said": "it"');
      expect(document?.input?.text).toContain('"of": "it"');
      expect(document?.logs.lines.map(({ kind }) => kind)).toEqual([
        'warn',
        'progress',
        'retrying',
        'warn',
        'progress',
        'ended',
      ]);
    }
    expect(test.order('task.completed')).toEqual(['first', 'talks']);
  });

  it('shows an expiring task as running, and its machine as expiring', async () => {
    const { engine, source } = await liveSource({ cancelGraceMs: 1_500, maxWorkers: 1 });
    engine.workflows.createWorkflow('stuck', [
      { name: 'loop', module: 'bodies', action: 'spins', timeoutMs: 100, maxRetries: 0 },
    ]);
    const run = engine.startWorkflow('stuck');
    const states: (string | null)[] = [];
    source.listen(
      { ...NOTHING, run: { runId: run.runId, timeline: false, task: 'loop' } },
      { ...DEAF, task: ({ state, statechart }) => states.push(`${state} ${statechart.current}`) },
    );
    await run.result();
    await expect.poll(() => states.at(-1)).toBe('failed failed');
    expect(states).toContain('running expiring');
    const { statechart, attempts } = wire.taskDocument.parse(await source.task(run.runId, 'loop'));
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['killed']);
    expect(statechart.path.map(({ state }) => state)).toEqual(['ready', 'running', 'expiring', 'failed']);
  });

  it('cuts what is long and passes what looks like a page as it is', async () => {
    const { engine, source } = await liveSource();
    const name = '<img src=x onerror=alert(1)>';
    engine.registerInlineTask('big', 'big', async () => ({
      html: '<script>alert(1)</script>',
      fill: 'x'.repeat(300_000),
    }));
    engine.workflows.createWorkflow('html', [{ name, module: 'big', action: 'big' }]);
    const { runId } = await engine.executeWorkflow('html');
    const task = wire.taskDocument.parse(await source.task(runId, name));
    expect(task.name).toBe(name);
    expect(task.output?.text).toContain('<script>alert(1)</script>');
    expect([task.output?.isCut, task.output?.text.length]).toEqual([true, 100_000]);
    expect(task.output?.characters).toBeGreaterThan(300_000);
    expect((await source.run(runId))?.tasks.names).toEqual([name]);
  });

  it('is there for no run and no task that does not exist', async () => {
    const { engine, source } = await liveSource();
    engine.workflows.createWorkflow('one', [coreStep('only', 'noop')]);
    const { runId } = await engine.executeWorkflow('one');
    expect(await source.task(runId, 'other')).toBeUndefined();
    expect(await source.task('run-none', 'only')).toBeUndefined();
    expect(await source.run('run-none')).toBeUndefined();
    expect(await source.timeline('run-none')).toBeUndefined();
    expect(await source.plan('run-none')).toBeUndefined();
    const stop = source.listen({ ...NOTHING, run: { runId: 'run-none', timeline: true, task: 'x' } }, DEAF);
    stop();
    stop();
  });
});

describe('actions', () => {
  it('do what they say, and say why they cannot', async () => {
    const { engine, source } = await liveSource();
    const gate = createGate(engine);
    engine.workflows.createWorkflow('flow', [
      { name: 'a', ...gate.task('a') },
      { name: 'b', ...gate.task('b'), required: false },
      coreStep('c', 'noop', { dependencies: ['a'] }),
    ]);
    const run = engine.startWorkflow('flow');
    const { runId } = run;
    await Promise.all([gate.entered('a'), gate.entered('b')]);
    await source.act({ kind: 'pause', runId });
    expect((await source.run(runId))?.summary.standing).toBe('paused');
    await source.act({ kind: 'resume', runId });
    expect(run.status).toBe('running');
    await expect(source.act({ kind: 'cancel-task', runId, task: 'nobody' })).rejects.toThrow(/no task 'nobody'/);
    await source.act({ kind: 'cancel-task', runId, task: 'b' });
    await expect(source.act({ kind: 'rerun', runId, fromFailed: true })).rejects.toMatchObject({
      code: 'RUN_NOT_ENDED',
    });
    await source.act({ kind: 'cancel', runId, reason: 'seen enough' });
    await run.result();
    expect((await source.run(runId))?.summary).toMatchObject({ standing: 'cancelled', reason: 'seen enough' });
    await expect(source.act({ kind: 'pause', runId })).rejects.toMatchObject({ code: 'RUN_ENDED' });
    await expect(source.act({ kind: 'cancel', runId: 'run-none' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    const again = await source.act({ kind: 'rerun', runId, fromFailed: true });
    expect(engine.getRun(again.runId ?? '')?.workflow).toBe('flow');
    expect((await source.run(again.runId ?? ''))?.summary.rerunOf).toBe(runId);
    engine.getRun(again.runId ?? '')?.cancel();
    await engine.getRun(again.runId ?? '')?.result();
  });

  it('change capacities, and refuse those that make no sense', async () => {
    const { engine, source } = await liveSource({ resources: [{ id: 'disks', type: 'storage', capacity: 2 }] });
    await source.act({ kind: 'set-capacity', resourceId: 'disks', capacity: 5 });
    expect(engine.resources.getUsage('disks').capacity).toBe(5);
    const system = wire.systemDocument.parse(await source.system());
    expect(system.resources.find(({ id }) => id === 'disks')?.capacity).toBe(5);
    await expect(source.act({ kind: 'set-capacity', resourceId: 'none', capacity: 1 })).rejects.toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
    await expect(source.act({ kind: 'set-capacity', resourceId: 'disks', capacity: -1 })).rejects.toMatchObject({
      code: 'RESOURCE_AMOUNT_INVALID',
    });
  });

  it('cancel single tasks, and refuse what these cannot do', async () => {
    const { engine, source } = await liveSource();
    const gate = createGate(engine);
    const runId = engine.submitTask({ ...gate.task('alone'), name: 'alone' });
    await gate.entered('alone');
    await expect(source.act({ kind: 'pause', runId })).rejects.toThrow(/single task/);
    await source.act({ kind: 'cancel', runId });
    expect((await engine.waitForTask(runId)).status).toBe('cancelled');
    await expect(source.act({ kind: 'cancel', runId })).rejects.toMatchObject({ code: 'RUN_ENDED' });
  });
});

describe('while nobody listens', () => {
  it('hears nothing of tasks, and once again when the last has left', async () => {
    const { test, engine, source } = await liveSource();
    engine.workflows.createWorkflow('one', [coreStep('only', 'noop')]);
    for (let round = 0; round < 200; round++) {
      source.listen(
        { runs: true, system: true, tree: true, run: { runId: `run-${round}`, timeline: true, task: 't' } },
        DEAF,
      )();
    }
    const { runId } = await engine.executeWorkflow('one');
    await seen(test, ({ type }) => type === 'workflow.completed');
    // A picture that is kept would be the same object; one that is read anew has the whole record.
    expect((await source.run(runId))?.summary.standing).toBe('completed');
    expect((await source.run(runId))?.version).not.toBe((await source.run(runId))?.version);
  });

  it('says that the engine has gone', async () => {
    const { engine, source } = await liveSource();
    expect(source.welcome()).toMatchObject({ source: 'live', place: 'here', version: '1.2.3', enginePid: process.pid });
    await engine.shutdown({ drainMs: 0 });
    expect(source.welcome()).toMatchObject({ actions: [], enginePid: null });
    expect((await source.tree()).absent).toMatch(/shut down/);
    expect((await source.system()).absent).toMatch(/shut down/);
    await expect(source.act({ kind: 'rerun', runId: 'x', fromFailed: false })).rejects.toMatchObject({
      code: 'ENGINE_CLOSED',
    });
  });
});
