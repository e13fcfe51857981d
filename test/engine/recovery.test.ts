// What an engine takes up from the journal and how: steering that happened before, runs that cannot go on yet, reruns, and
// what is forgotten. Lives end by a shutdown here; those that are killed are in durability.test.ts and in stress/.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { RuntimeEvent } from '../../src/domain/events.ts';
import type { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import type { WorkflowStepOptions } from '../../src/engine/workflow-step.ts';
import { openSqliteJournal } from '../../src/journal/stores/sqlite.ts';
import { openRequestSender } from '../../src/journal/stores/sqlite-requests.ts';
import { madeRun } from '../conformance/facts.ts';
import { createScene, type Scene } from './lives.ts';

const RUN = { runId: 'run-1' };

function step({ file, open }: Scene, name: string, action: string, more: Partial<WorkflowStepOptions> = {}) {
  return { name, module: 'lives', action, ...more, parameters: { file, open, ...more.parameters } };
}

/** Resolves once an event of a type has come. */
function eventOf(engine: OrchestrationEngine, type: RuntimeEvent['type']): Promise<RuntimeEvent> {
  return new Promise((resolve) => {
    const stop = engine.registerEventHandler(type, (event) => {
      stop();
      resolve(event);
    });
  });
}

/** Resolves once a body has begun on its thread: an attempt that was only sent to one need not have. */
async function begun(scene: Scene): Promise<void> {
  await vi.waitFor(() => expect(scene.began()).not.toEqual([]), { timeout: 20_000 });
}

describe('a run of an earlier life', () => {
  it('rejects the result with what becomes of it, and ends for the next engine', async () => {
    const scene = createScene();
    const steps = [step(scene, 'a', 'notes'), step(scene, 'b', 'hangs', { dependencies: ['a'] })];
    const first = await scene.engine(steps);
    const run = first.startWorkflow('w', {}, undefined, RUN);
    await eventOf(first, 'task.completed');
    const result = expect(run.result()).rejects.toMatchObject({
      code: 'ENGINE_CLOSED',
      message: /goes on with the next/,
    });
    await first.shutdown({ drainMs: 0 });
    await result;
    expect(run.status).toBe('paused');
    expect(run.snapshot()).toMatchObject({ status: 'paused', tasks: { completed: 1 } });

    writeFileSync(scene.open, '');
    const second = await scene.engine(steps);
    expect(await second.startWorkflow('w', {}, undefined, RUN).result()).toMatchObject({ status: 'completed' });
    expect(scene.began()).toEqual(['a#1', 'b#1', 'b#2']);
    expect(second.getRunHistory('run-1')?.tasks.get('b')?.attempts).toMatchObject([
      { attempt: 1, outcome: 'interrupted' },
      { attempt: 2, outcome: 'completed' },
    ]);
    expect(second.listRuns()).toMatchObject([{ runId: 'run-1', status: 'completed', recoveries: 0 }]);
  });

  it('stays paused until it is resumed, and says so', async () => {
    const scene = createScene();
    const steps = [step(scene, 'a', 'notes'), step(scene, 'b', 'notes', { dependencies: ['a'] })];
    const first = await scene.engine(steps);
    const run = first.startWorkflow('w', {}, undefined, RUN);
    run.pause();
    await first.shutdown({ drainMs: 5_000 });

    const second = await scene.engine(steps);
    // It is taken up a turn after the engine was made.
    await new Promise((resolve) => setImmediate(resolve));
    expect(second.unfinishedRuns()).toMatchObject([{ runId: 'run-1', status: 'paused' }]);
    const again = second.resumeRun('run-1');
    expect(await again.result()).toMatchObject({ status: 'completed' });
    const facts = second.getRunHistory('run-1')?.moments.map(({ type }) => type);
    expect(facts).toEqual(['paused', 'suspended', 'recovered', 'resumed']);
  });

  it('waits with `resume: manual` until it is asked for', async () => {
    const scene = createScene();
    const steps = [step(scene, 'a', 'hangs')];
    const first = await scene.engine(steps);
    first.startWorkflow('w', {}, undefined, RUN);
    await begun(scene);
    await first.shutdown({ drainMs: 0 });

    writeFileSync(scene.open, '');
    const second = await scene.engine(steps, { resume: 'manual' });
    expect(second.unfinishedRuns()).toMatchObject([{ runId: 'run-1', status: 'running', isSuspended: true }]);
    expect(second.getRun('run-1')).toBeUndefined();
    expect(await second.resumeRun('run-1').result()).toMatchObject({ status: 'completed' });
    expect(() => second.resumeRun('run-1')).toThrow(expect.objectContaining({ code: 'RUN_ENDED' }));
    expect(() => second.resumeRun('nobody')).toThrow(expect.objectContaining({ code: 'RUN_NOT_FOUND' }));
  });

  it('ends as cancelled when that was asked for, and its tasks do not run again', async () => {
    const scene = createScene();
    const steps = [step(scene, 'a', 'hangs'), step(scene, 'b', 'notes', { dependencies: ['a'] })];
    const first = await scene.engine(steps, { cancelGraceMs: 60_000 });
    const run = first.startWorkflow('w', {}, undefined, RUN);
    await begun(scene);
    run.cancel('enough');
    await first.shutdown({ drainMs: 0 });

    const second = await scene.engine(steps);
    const ended = await eventOf(second, 'workflow.cancelled');
    expect(ended.data).toMatchObject({ reason: 'enough', tasks: { cancelled: 2 } });
    expect(scene.began()).toEqual(['a#1']);
  });

  it('does not run a step again whose cancellation was asked for', async () => {
    const scene = createScene();
    const steps = [step(scene, 'a', 'hangs', { required: false }), step(scene, 'b', 'notes')];
    const first = await scene.engine(steps, { cancelGraceMs: 60_000, maxWorkers: 1 });
    const run = first.startWorkflow('w', {}, undefined, RUN);
    await begun(scene);
    run.cancelTask('a', 'not needed');
    await first.shutdown({ drainMs: 0 });

    const second = await scene.engine(steps);
    const execution = await second.startWorkflow('w', {}, undefined, RUN).result();
    expect(execution).toMatchObject({ status: 'completed', tasks: { cancelled: 1, completed: 1 } });
    expect(scene.began()).toEqual(['a#1', 'b#1']);
  });

  it('keeps its deadline: the time in which no engine was there counts', async () => {
    const scene = createScene();
    const steps = [step(scene, 'a', 'hangs')];
    const first = await scene.engine([]);
    first.workflows.addDefinition({ ...definitionOf(first, steps), timeoutMs: 1_500 });
    first.startWorkflow('timed', {}, undefined, RUN);
    await begun(scene);
    await first.shutdown({ drainMs: 0 });

    const second = await scene.engine([]);
    const ended = await eventOf(second, 'workflow.failed');
    expect(second.getRunHistory('run-1')?.record).toMatchObject({ status: 'failed', timedOut: true });
    expect(Number(ended.data.durationMs)).toBeGreaterThanOrEqual(1_500);
    expect(Number(ended.data.durationMs)).toBeLessThan(3_000);
  });

  it('keeps its place in a session: limits, the session id, and its end', async () => {
    const scene = createScene();
    const steps = [step(scene, 'a', 'hangs')];
    const first = await scene.engine(steps);
    const { sessionId } = first.createSession('s', 'parallel', { maxParallelWorkflows: 1 });
    for (const runId of ['run-1', 'run-2']) first.startWorkflow('w', {}, sessionId, { runId });
    await begun(scene);
    await first.shutdown({ drainMs: 0 });
    expect(scene.began()).toEqual(['a#1']);

    writeFileSync(scene.open, '');
    const second = await scene.engine(steps);
    const runs = ['run-1', 'run-2'].map((runId) => second.startWorkflow('w', {}, undefined, { runId }));
    for (const run of runs) expect(await run.result()).toMatchObject({ status: 'completed', sessionId });
    expect(second.getSession(sessionId)).toMatchObject({ maxParallelWorkflows: 1, status: 'completed' });
    const [one, two] = runs.map(({ runId }) => second.getRunHistory(runId)?.record);
    expect(two?.startedAtMs ?? 0).toBeGreaterThanOrEqual(one?.endedAtMs ?? Number.POSITIVE_INFINITY);
  });
});

function definitionOf(engine: OrchestrationEngine, steps: readonly WorkflowStepOptions[]) {
  return { ...engine.workflows.createWorkflow('timed', steps) };
}

describe('a run that cannot go on yet', () => {
  it('is held until its inline task is registered, then goes on', async () => {
    const scene = createScene();
    const steps = [{ name: 'a', module: 'mine', action: 'work' }];
    const first = await scene.engine(steps);
    first.registerInlineTask('mine', 'work', () => new Promise(() => {}));
    first.startWorkflow('w', {}, undefined, RUN);
    await eventOf(first, 'task.started');
    await first.shutdown({ drainMs: 0 });

    const second = await scene.engine(steps);
    const held = await eventOf(second, 'workflow.held');
    expect(held).toMatchObject({
      runId: 'run-1',
      data: { error: { code: 'MODULE_NOT_FOUND', message: /mine\.work/ } },
    });
    expect(second.heldBecause('run-1')?.code).toBe('MODULE_NOT_FOUND');
    expect(second.unfinishedRuns()).toHaveLength(1);
    const ended = eventOf(second, 'workflow.completed');
    second.registerInlineTask('mine', 'work', () => 'done');
    await ended;
    expect(second.heldBecause('run-1')).toBeUndefined();
    expect((await second.getRun('run-1')?.result())?.outputs).toEqual({ a: 'done' });
  });

  it('is held when a resource is not there, and loses nothing', async () => {
    const scene = createScene();
    const steps = [step(scene, 'a', 'hangs', { resources: { gpu: 2 } })];
    const resources = [{ id: 'gpu', type: 'custom', capacity: 2 }] as const;
    const first = await scene.engine(steps, { resources });
    first.startWorkflow('w', {}, undefined, RUN);
    await begun(scene);
    await first.shutdown({ drainMs: 0 });

    const second = await scene.engine([]);
    expect((await eventOf(second, 'workflow.held')).data).toMatchObject({ error: { code: 'RESOURCE_NOT_FOUND' } });
    expect(() => second.resumeRun('run-1')).toThrow(expect.objectContaining({ code: 'RESOURCE_NOT_FOUND' }));
    expect(second.getRunHistory('run-1')?.moments.map(({ type }) => type)).toEqual(['suspended']);
    await second.shutdown();

    writeFileSync(scene.open, '');
    const third = await scene.engine([], { resources });
    expect(await third.resumeRun('run-1').result()).toMatchObject({ status: 'completed' });
    expect(scene.began()).toEqual(['a#1', 'a#2']);
  });
});

describe('a rerun', () => {
  async function failedRun(scene: Scene, engine: OrchestrationEngine): Promise<void> {
    const execution = await engine.startWorkflow('w', {}, undefined, RUN).result();
    expect(execution).toMatchObject({ status: 'failed', tasks: { completed: 2, failed: 1, skipped: 1 } });
    expect(scene.began().sort()).toEqual(['a#1', 'b#1', 'c#1']);
  }

  function steps(scene: Scene) {
    return [
      step(scene, 'a', 'notes', { parameters: { value: 'first' } }),
      step(scene, 'b', 'looks', { parameters: { look: join(scene.folder, 'world') }, dependencies: ['a'] }),
      step(scene, 'c', 'notes'),
      step(scene, 'd', 'notes', { parameters: { value: '{{b.output}} {{a.output.value}}' }, dependencies: ['c'] }),
    ];
  }

  it('from the failed steps takes the outputs of the others over, in the next life too', async () => {
    const scene = createScene();
    const first = await scene.engine(steps(scene));
    await failedRun(scene, first);
    await first.shutdown();

    writeFileSync(join(scene.folder, 'world'), 'seen');
    const second = await scene.engine([]);
    const execution = await second.rerun('run-1', { from: 'failed', runId: 'again' }).result();
    expect(execution).toMatchObject({ runId: 'again', status: 'completed', tasks: { completed: 4 } });
    expect(execution.outputs.d).toMatchObject({ value: 'seen first' });
    expect(scene.began().sort()).toEqual(['a#1', 'b#1', 'b#1', 'c#1', 'd#1']);
    expect(second.getRunHistory('again')?.tasks.get('a')).toMatchObject({ adoptedFrom: 'run-1', attempts: [] });
    expect(second.listRuns().map(({ runId, rerunOf }) => [runId, rerunOf])).toEqual([
      ['again', 'run-1'],
      ['run-1', null],
    ]);
    expect(await second.rerun('run-1', { from: 'failed', runId: 'again' }).result()).toEqual(execution);
  });

  it('from a step does it and all behind it again; from the start everything', async () => {
    const scene = createScene();
    writeFileSync(join(scene.folder, 'world'), 'one');
    const engine = await scene.engine(steps(scene));
    await engine.startWorkflow('w', {}, undefined, RUN).result();
    writeFileSync(join(scene.folder, 'world'), 'two');
    const partly = await engine.rerun('run-1', { from: { step: 'b' } }).result();
    expect(partly.outputs).toMatchObject({ b: 'two', d: { value: 'two first' } });
    expect(scene.began().sort()).toEqual(['a#1', 'b#1', 'b#1', 'c#1', 'd#1', 'd#1']);
    await engine.rerun('run-1').result();
    expect(scene.began()).toHaveLength(10);
  });

  it('refuses what is unknown, has not ended, or has no such step', async () => {
    const scene = createScene();
    const engine = await scene.engine([step(scene, 'a', 'hangs')]);
    expect(() => engine.rerun('nobody')).toThrow(expect.objectContaining({ code: 'RUN_NOT_FOUND' }));
    const run = engine.startWorkflow('w', {}, undefined, RUN);
    await eventOf(engine, 'task.started');
    expect(() => engine.rerun('run-1')).toThrow(expect.objectContaining({ code: 'RUN_NOT_ENDED' }));
    run.cancel();
    await run.result();
    expect(() => engine.rerun('run-1', { from: { step: 'aa' } })).toThrow(/no step "aa" \(did you mean "a"/);
  });
});

describe('what is on record', () => {
  it('goes with its artifacts when it is older than an age', async () => {
    const scene = createScene();
    const engine = await scene.engine([{ name: 'a', module: 'mine', action: 'keep' }]);
    engine.registerInlineTask('mine', 'keep', (_parameters, context) => context.artifact('bytes', context.runId));
    const results = [];
    for (const runId of ['run-1', 'run-2']) {
      results.push(await engine.startWorkflow('w', {}, undefined, { runId }).result());
    }
    const paths = results.map(({ outputs }) => String(Object(outputs.a).path));
    expect(paths.map((path) => existsSync(path))).toEqual([true, true]);
    const endedMs = engine.listRuns().map(({ endedAtMs }) => endedAtMs ?? 0);
    expect(await engine.pruneRuns({ olderThanMs: 3_600_000 })).toEqual({ runs: 0, artifacts: 0 });
    while (Date.now() <= Math.max(...endedMs) + 1) await new Promise((resolve) => setImmediate(resolve));
    expect(await engine.pruneRuns({ olderThanMs: 1 })).toEqual({ runs: 2, artifacts: 2 });
    expect(engine.listRuns()).toEqual([]);
    expect(paths.map((path) => existsSync(path))).toEqual([false, false]);
  });

  it('of a torn journal is told and not touched: a run without its making', async () => {
    const scene = createScene();
    const dataDir = join(scene.folder, 'data');
    const clock = { now: () => 1, monotonicMs: () => 1 };
    const journal = await openSqliteJournal({ dataDir, durability: 'full', clock });
    // Of a definition that is kept nowhere.
    for (const fact of madeRun('lost', 'workflow', 1)) await journal.durable(journal.append(fact));
    await journal.close();
    const engine = await scene.engine([]);
    expect((await eventOf(engine, 'workflow.held')).data).toMatchObject({ error: { code: 'JOURNAL_CORRUPT' } });
    expect(engine.unfinishedRuns()).toHaveLength(1);
  });
});

describe('a request of another process', () => {
  it('cancels, pauses and resumes a run; what cannot be done is answered with the reason', async () => {
    const scene = createScene();
    const engine = await scene.engine([step(scene, 'a', 'hangs')]);
    const run = engine.startWorkflow('w', {}, undefined, RUN);
    await eventOf(engine, 'task.started');
    const sender = openRequestSender(join(scene.folder, 'data'), Date);
    const ask = async (kind: 'cancel' | 'pause' | 'resume', runId: string) => {
      const id = sender.send({ kind, runId, reason: 'because' });
      return await vi.waitFor(() => sender.outcome(id) ?? expect.fail('no answer yet'), { timeout: 5_000 });
    };
    const paused = eventOf(engine, 'workflow.paused');
    expect(await ask('pause', 'run-1')).toMatchObject({ status: 'done' });
    await paused;
    const resumed = eventOf(engine, 'workflow.resumed');
    expect(await ask('resume', 'run-1')).toMatchObject({ status: 'done' });
    await resumed;
    expect(await ask('cancel', 'nobody')).toMatchObject({ status: 'refused', error: { code: 'RUN_NOT_FOUND' } });
    expect(await ask('cancel', 'run-1')).toMatchObject({ status: 'done' });
    expect(await run.result()).toMatchObject({ status: 'cancelled', reason: 'because' });
    expect(await ask('cancel', 'run-1')).toMatchObject({ status: 'refused', error: { code: 'RUN_ENDED' } });
    sender.close();
  });
});
