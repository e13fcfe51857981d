// Makes the actors of runs and sessions end with an error for real, in engines with and without a data folder, and looks
// at what users see: the same handle and result, bodies that run again once, events, health, and a contained end when it
// happens too often.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Actor, type AnyActorRef } from 'xstate';
import type { RuntimeEvent } from '../../src/domain/events.ts';
import { createWorkflowDefinition } from '../../src/engine/workflow-steps.ts';
import { crashActor } from '../support/actor-crash.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { createGate, createTestEngine, seen, type TestEngine } from './support.ts';

/** An engine whose actors a test can reach and crash. */
async function createCrashable(config: Parameters<typeof createTestEngine>[0] = {}) {
  const actors: AnyActorRef[] = [];
  const test = await createTestEngine({
    taskMachine: 'compiled',
    ...config,
    inspect: ({ type, actorRef }) => {
      if (type === '@xstate.actor' && actorRef instanceof Actor) actors.push(actorRef);
    },
  });
  const named = (prefix: string) => actors.filter(({ id }) => id.startsWith(prefix));
  return {
    ...test,
    gate: createGate(test.engine),
    /** The newest actor whose id begins so ends with an error. */
    crash: (prefix: string) => crashActor(named(prefix).at(-1), prefix),
    /** The same for the oldest. */
    crashFirst: (prefix: string) => crashActor(named(prefix)[0], prefix),
  };
}

/** Where an engine keeps its journal. */
const STORES = [
  ['in memory', () => ':memory:'],
  ['with a data folder', createTestFolder],
] as const;

function told(test: Pick<TestEngine, 'events'>, type: RuntimeEvent['type']) {
  return test.events.filter((event) => event.type === type);
}

/** a, then b (held by a gate), then c. */
function threeSteps(test: Awaited<ReturnType<typeof createCrashable>>, gate = 'b') {
  return [
    { name: 'a', module: 'core', action: 'echo', parameters: { message: 'hi' } },
    { name: 'b', ...test.gate.task(gate), dependencies: ['a'] },
    { name: 'c', module: 'core', action: 'echo', parameters: { message: { ref: 'b' } }, dependencies: ['b'] },
  ];
}

describe.each(STORES)('the workflow actor of a run crashes, %s', (_name, dataDir) => {
  it('goes on from the journal under the same handle: what had completed stays, what was under way begins again', async () => {
    const test = await createCrashable({ dataDir: dataDir() });
    const { engine, gate } = test;
    engine.workflows.createWorkflow('w', threeSteps(test));
    const run = engine.startWorkflow('w');
    await gate.entered('b');
    test.crash('workflow:');
    expect(run.status).toBe('running');
    expect(run.hasEnded).toBe(false);
    await seen(test, ({ type }) => type === 'workflow.recovered');
    gate.open('b', 'done');
    const execution = await run.result();
    expect(execution).toMatchObject({ status: 'completed', tasks: { completed: 3 }, outputs: { b: 'done' } });
    expect(run.status).toBe('completed');
    expect(engine.getRun(run.runId)).toBe(run);
    const started = told(test, 'task.started').map(({ task, data }) => `${task} ${data.attempt}`);
    expect(started).toEqual(['a 1', 'b 1', 'b 2', 'c 1']);
    expect(told(test, 'workflow.started')).toHaveLength(1);
    expect(told(test, 'workflow.completed')).toHaveLength(1);
    expect(told(test, 'supervisor.child-crashed')).toHaveLength(1);
    expect(told(test, 'supervisor.restarted')).toMatchObject([
      { runId: run.runId, data: { child: 'workflow', restarts: 1, error: { message: 'injected fault in workflow:' } } },
    ]);
    const health = engine.getHealthStatus();
    expect(health).toMatchObject({ status: 'degraded', metrics: { actorRestarts: 1 } });
    expect(health.components.sessions?.detail).toMatch(/restarted 0\.\d s ago after: injected fault in workflow:/);
    expect(engine.getRunHistory(run.runId)?.tasks.get('b')).toMatchObject({ interruptions: 1, status: 'completed' });
    expect(engine.getRunHistory(run.runId)?.record.recoveries).toBe(0);
    expect(engine.getSystemStatus()).toMatchObject({ running: 0, workflows: { completed: 1, running: 0 } });
  });

  it('catches up with what was asked of it meanwhile: a pause, a cancelled step, its end', async () => {
    const test = await createCrashable({ dataDir: dataDir() });
    const { engine, gate } = test;
    engine.workflows.createWorkflow('w', threeSteps(test));
    const paused = engine.startWorkflow('w');
    await gate.entered('b');
    test.crash('workflow:');
    paused.pause();
    expect(paused.cancelTask('c', 'not needed')).toBe(true);
    await seen(test, ({ type }) => type === 'workflow.paused');
    expect(paused.status).toBe('paused');
    paused.resume();
    gate.open('b');
    expect(await paused.result()).toMatchObject({ status: 'cancelled', tasks: { completed: 2, cancelled: 1 } });
    const cancelled = engine.startWorkflow('w');
    await seen(test, ({ type, runId, task }) => type === 'task.started' && runId === cancelled.runId && task === 'a');
    test.crash('workflow:');
    cancelled.cancel('changed my mind');
    expect(await cancelled.result()).toMatchObject({ status: 'cancelled', reason: 'changed my mind' });
  });

  it('fails with the reason when it crashes too often, and nothing else does', async () => {
    const test = await createCrashable({ dataDir: dataDir() });
    const { engine, gate } = test;
    engine.workflows.createWorkflow('sound', threeSteps(test, 'sound'));
    engine.workflows.createWorkflow('broken', threeSteps(test, 'broken'));
    const session = engine.createSession('both');
    const sound = engine.startWorkflow('sound', {}, session.sessionId);
    const broken = engine.startWorkflow('broken', {}, session.sessionId);
    await Promise.all([gate.entered('sound'), gate.entered('broken')]);
    for (let crash = 1; crash <= 4; crash++) {
      test.crash('workflow:');
      if (crash < 4) await seen(test, ({ type, data }) => type === 'supervisor.restarted' && data.restarts === crash);
    }
    const failed = await broken.result();
    const reason = 'injected fault in workflow:';
    expect(failed).toMatchObject({ status: 'failed', reason, tasks: { completed: 1, cancelled: 2 } });
    expect(told(test, 'workflow.failed')).toMatchObject([{ data: { reason: 'injected fault in workflow:' } }]);
    expect(told(test, 'supervisor.gave-up')).toMatchObject([{ runId: broken.runId, data: { intensity: 3 } }]);
    expect(engine.isClosed).toBe(false);
    gate.open('sound');
    expect((await sound.result()).status).toBe('completed');
    await engine.closeSession(session.sessionId);
    expect(session.status).toBe('completed');
  });
});

describe('a run that crashes', () => {
  it('keeps its time-out: the time goes on', async () => {
    const test = await createCrashable();
    const { engine, gate } = test;
    engine.workflows.addDefinition({ ...createWorkflowDefinition('w', threeSteps(test)), timeoutMs: 400 });
    const run = engine.startWorkflow('w');
    await gate.entered('b');
    test.crash('workflow:');
    expect(await run.result()).toMatchObject({ status: 'failed', timedOut: true });
  });

  it('has its killed bodies gone before they run again, capacity given back and taken once', async () => {
    const test = await createCrashable({ resources: [{ id: 'licence', type: 'custom', capacity: 1 }] });
    const { engine } = test;
    const log = join(createTestFolder(), 'log');
    engine.workflows.createWorkflow('w', [
      { name: 'a', module: 'trail', action: 'leave', parameters: { file: log, ms: 300 }, resources: { licence: 1 } },
    ]);
    const run = engine.startWorkflow('w');
    await seen(test, ({ type }) => type === 'task.started');
    await seen(test, ({ type }) => type === 'task.progress');
    test.crash('workflow:');
    expect((await run.result()).status).toBe('completed');
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual(['begin 1', 'begin 2', 'end 2']);
    expect(engine.resources.getUsage('licence')).toMatchObject({ current: 0, peak: 1 });
  });

  it('is left to the next engine when this one is shut down meanwhile', async () => {
    const dataDir = createTestFolder();
    const first = await createCrashable({ dataDir });
    first.engine.workflows.createWorkflow('w', threeSteps(first));
    const run = first.engine.startWorkflow('w');
    await first.gate.entered('b');
    const broken = run.result().catch((error: unknown) => error);
    first.crash('workflow:');
    await first.engine.shutdown({ drainMs: 0 });
    expect(await broken).toMatchObject({ code: 'ENGINE_CLOSED' });
    const second = await createCrashable({ dataDir });
    second.gate.open('b', 'at last');
    const again = second.engine.getRun(run.runId) ?? second.engine.resumeRun(run.runId);
    expect(await again.result()).toMatchObject({ status: 'completed', outputs: { b: 'at last' } });
  });

  it('in memory and without its facts, fails instead of hanging', async () => {
    const test = await createCrashable();
    const { engine, gate } = test;
    engine.workflows.createWorkflow('w', threeSteps(test));
    const run = engine.startWorkflow('w');
    await gate.entered('b');
    // The store in memory keeps 10,000 facts.
    const steps = Array.from({ length: 5_100 }, (_, index) => ({ name: `s${index}`, ...test.gate.task('free') }));
    gate.open('free');
    engine.workflows.createWorkflow('many', steps);
    await engine.executeWorkflow('many');
    test.crashFirst('workflow:');
    const failed = await run.result();
    expect(failed.status).toBe('failed');
    expect(told(test, 'workflow.failed')[0]?.data.reason).toMatch(/injected fault.*cannot be taken up again/);
  });
});

describe('the actor of a session crashes', () => {
  it('is started anew with its runs, limits, capacity and time; nobody who holds on to it notices', async () => {
    const test = await createCrashable({ resources: [{ id: 'licence', type: 'custom', capacity: 2 }] });
    const { engine, gate } = test;
    engine.workflows.createWorkflow('w', threeSteps(test));
    const session = engine.createSession('s', undefined, {
      maxParallelWorkflows: 1,
      resourceRequirements: { licence: 2 },
    });
    const runs = [1, 2, 3].map(() => engine.startWorkflow('w', {}, session.sessionId));
    await gate.entered('b');
    expect(engine.resources.getUsage('licence').current).toBe(2);
    const startedAt = session.startedAt;
    test.crash('session:');
    expect(session.status).toBe('active');
    await seen(test, ({ type }) => type === 'workflow.recovered');
    expect(engine.resources.getUsage('licence').current).toBe(2);
    expect(engine.getSystemStatus().workflows).toMatchObject({ running: 1, pending: 2 });
    gate.open('b');
    const closed = engine.closeSession(session.sessionId);
    for (const run of runs) expect((await run.result()).status).toBe('completed');
    await closed;
    expect(session.status).toBe('completed');
    expect(session.startedAt).toBe(startedAt);
    expect(engine.resources.getUsage('licence')).toMatchObject({ current: 0, peak: 2 });
    expect(told(test, 'session.started')).toHaveLength(1);
    expect(told(test, 'session.closed')).toHaveLength(1);
    expect(told(test, 'supervisor.restarted')).toMatchObject([
      { sessionId: session.sessionId, data: { child: 'session' } },
    ]);
  });

  it.each(['closing', 'cancelling'])('goes on %s where it was', async (state) => {
    const test = await createCrashable();
    const { engine, gate } = test;
    engine.workflows.createWorkflow('w', threeSteps(test));
    const session = engine.createSession('s');
    const run = engine.startWorkflow('w', {}, session.sessionId);
    await gate.entered('b');
    if (state === 'closing') {
      const closed = engine.closeSession(session.sessionId);
      test.crash('session:');
      expect(() => engine.startWorkflow('w', {}, session.sessionId)).toThrow(/SESSION_CLOSED|has ended or is closing/);
      gate.open('b');
      await closed;
      expect((await run.result()).status).toBe('completed');
      expect(session.status).toBe('completed');
    } else {
      const shutdown = engine.shutdown();
      test.crash('session:');
      await shutdown;
      expect((await run.result()).status).toBe('cancelled');
      expect(session.status).toBe('cancelled');
    }
  });

  it('fails with its runs cancelled when it crashes too often; the engine goes on', async () => {
    const test = await createCrashable();
    const { engine, gate } = test;
    engine.workflows.createWorkflow('w', threeSteps(test));
    const session = engine.createSession('s');
    const run = engine.startWorkflow('w', {}, session.sessionId);
    await gate.entered('b');
    for (let crash = 0; crash < 4; crash++) test.crash('session:');
    expect((await run.result()).status).toBe('cancelled');
    await seen(test, ({ type }) => type === 'session.closed');
    expect(session.status).toBe('failed');
    gate.open('b');
    expect((await engine.executeWorkflow('w')).status).toBe('completed');
  });

  it('the registry of all sessions too: the root supervisor starts it anew, and they go on', async () => {
    const test = await createCrashable();
    const { engine, gate } = test;
    engine.workflows.createWorkflow('w', threeSteps(test));
    const runs = ['x', 'y'].map((name) => engine.startWorkflow('w', {}, engine.createSession(name).sessionId));
    await gate.entered('b');
    test.crash('sessions');
    await seen(test, ({ type }) => type === 'workflow.recovered');
    gate.open('b');
    for (const run of runs) expect((await run.result()).status).toBe('completed');
    expect((await engine.executeWorkflow('w')).status).toBe('completed');
    expect(told(test, 'supervisor.restarted')).toMatchObject([{ data: { child: 'sessions' } }]);
  });
});

describe.each(STORES)('the registry of single tasks crashes, %s', (_name, dataDir) => {
  it('each task goes on from its facts: results stay, what was under way begins again, dependents follow', async () => {
    const test = await createCrashable({ dataDir: dataDir() });
    const { engine, gate } = test;
    const done = engine.submitTask({ name: 'done', module: 'core', action: 'echo', parameters: { message: 'hi' } });
    await engine.waitForTask(done);
    const held = engine.submitTask({ name: 'held', ...gate.task('held') });
    const doomed = engine.submitTask({ name: 'doomed', ...gate.task('doomed') });
    const after = engine.submitTask({
      name: 'after',
      module: 'core',
      action: 'echo',
      parameters: { message: 'ho' },
      dependencies: [held],
    });
    await Promise.all([gate.entered('held'), gate.entered('doomed')]);
    test.crash('single-tasks');
    await seen(test, ({ type }) => type === 'supervisor.restarted');
    expect(engine.tasks.cancelTask(doomed)).toBe(true);
    gate.open('held', 'at last');
    expect(await engine.waitForTask(held)).toMatchObject({ status: 'completed', output: 'at last', attempts: 2 });
    expect(await engine.waitForTask(after)).toMatchObject({ status: 'completed', attempts: 1 });
    expect(await engine.waitForTask(doomed)).toMatchObject({ status: 'cancelled' });
    expect(engine.getSystemStatus()).toMatchObject({ running: 0, tasks: { completed: 3, cancelled: 1 } });
  });

  it('too often: the engine ends, and nobody waits for ever', async () => {
    const test = await createCrashable({ dataDir: dataDir() });
    const { engine, gate } = test;
    const held = engine.submitTask({ name: 'held', ...gate.task('held') });
    const after = engine.submitTask({ name: 'after', ...gate.task('held'), dependencies: [held] });
    await gate.entered('held');
    const ends = Promise.allSettled([engine.waitForTask(held), engine.waitForTask(after)]);
    for (let crash = 0; crash < 4; crash++) test.crash('single-tasks');
    for (const end of await ends) {
      if (end.status === 'fulfilled') expect(end.value.status).toBe('cancelled');
      else expect(end.reason).toMatchObject({ code: 'ENGINE_CLOSED' });
    }
    await engine.shutdown();
    expect(engine.getHealthStatus().components['worker-pool']?.detail).toContain("'single-tasks' crashed once more");
  });
});
