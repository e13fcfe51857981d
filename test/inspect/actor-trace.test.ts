// The trace of an engine: causal order, first states, whose an actor is, and what a listener can and cannot do.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ActorTrace } from '../../src/inspect/actor-trace.ts';
import { statechartOf } from '../../src/inspect/statechart.ts';
import { type ActorTraceEntry, actorTraceEntry } from '../../src/inspect/trace-entries.ts';
import type { TraceFilter } from '../../src/inspect/trace-subscription.ts';
import { createTestEngine, seen } from '../engine/support.ts';
import { crashActor } from '../support/actor-crash.ts';
import { ACTOR_TASKS, endingsOf, runTwenty } from './traced-run.ts';

type Of<Kind extends ActorTraceEntry['kind']> = Extract<ActorTraceEntry, { kind: Kind }>;

function ofKind<Kind extends ActorTraceEntry['kind']>(entries: readonly ActorTraceEntry[], kind: Kind): Of<Kind>[] {
  return entries.filter((entry): entry is Of<Kind> => entry.kind === kind);
}

/** Everything that must hold of the order of any trace that nobody filtered. */
function requireCausal(entries: readonly ActorTraceEntry[]): void {
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
  const machines = new Set<string>();
  const living = new Map<string, string[]>();
  let lastT = 0;
  for (const entry of entries) {
    expect(entry.t).toBeGreaterThanOrEqual(lastT);
    lastT = entry.t;
    switch (entry.kind) {
      case 'definition':
        expect(machines).not.toContain(entry.machine);
        machines.add(entry.machine);
        break;
      case 'actor':
        expect(living).not.toContain(entry.id);
        if (entry.parent !== null) expect(living.keys()).toContain(entry.parent);
        if (entry.machine !== null) expect(machines).toContain(entry.machine);
        living.set(entry.id, []);
        break;
      case 'event':
        expect(living.keys()).toContain(entry.actor);
        living.get(entry.actor)?.push(entry.event.type);
        break;
      case 'snapshot': {
        const sent = living.get(entry.actor);
        if (sent === undefined) throw new Error(`a snapshot of ${entry.actor}, which does not live`);
        const index = sent.indexOf(entry.event);
        // XState stops an actor without an event that an inspector could see.
        if (entry.event !== 'xstate.stop') expect(index).toBeGreaterThanOrEqual(0);
        sent.splice(index, index < 0 ? 0 : 1);
        break;
      }
      case 'end':
        expect(living.delete(entry.actor)).toBe(true);
        break;
      default:
        expect(living.keys()).toContain(entry.actor);
    }
  }
}

function collect(trace: ActorTrace, filter?: TraceFilter): ActorTraceEntry[] {
  const entries: ActorTraceEntry[] = [];
  onTestFinished(trace.subscribe((entry) => entries.push(entry), filter));
  return entries;
}

function ofIds(entries: readonly ActorTraceEntry[]): (string | null)[] {
  return [
    ...new Set(entries.map((entry) => (entry.kind === 'definition' ? null : 'id' in entry ? entry.id : entry.actor))),
  ];
}

describe.each(['compiled', 'interpreted'] as const)('the trace of a %s run', (taskMachine) => {
  it('tells each actor in its initial state, in causal order, to its end', async () => {
    const test = await createTestEngine({ taskMachine });
    const trace = new ActorTrace(test.engine);
    const entries: ActorTraceEntry[] = [];
    const stop = trace.subscribe((entry) => entries.push(entry));
    const history = await runTwenty(test);
    stop();
    requireCausal(entries);
    for (const entry of entries) expect(actorTraceEntry.parse(JSON.parse(JSON.stringify(entry)))).toEqual(entry);

    const born = ofKind(entries, 'actor').filter(({ late }) => !late);
    for (const { machine, snapshot } of born.filter(({ machine }) => machine !== null)) {
      expect(snapshot).toMatchObject({ status: 'active', value: statechartOf(machine ?? '').initial });
    }
    const { runId } = history.record;
    const tasks = born.filter(({ machine }) => machine === 'task');
    expect(tasks).toHaveLength(ACTOR_TASKS);
    expect(tasks.every((each) => each.runId === runId && each.sessionId === history.record.sessionId)).toBe(true);
    expect(born.filter(({ machine }) => machine === 'workflow')).toMatchObject([{ runId }]);

    const last = new Map<string, unknown>();
    for (const { task, snapshot } of ofKind(entries, 'snapshot'))
      if (task !== undefined) last.set(task, snapshot.value);
    expect(Object.fromEntries(last)).toEqual(endingsOf(history));
    expect(new Set(Object.values(endingsOf(history)))).toEqual(new Set(['completed', 'failed', 'cancelled']));
    expect(new Set(ofKind(entries, 'definition').map(({ machine }) => machine))).toEqual(
      new Set(['journal', 'resource-manager', 'worker-pool', 'dispatcher', 'session', 'workflow', 'task']),
    );
    expect(ofKind(entries, 'definition').find(({ machine }) => machine === 'task')?.definition).toEqual(
      statechartOf('task').definition,
    );
  });

  it('can be joined in the middle, left, and joined again', async () => {
    const test = await createTestEngine({ taskMachine });
    const trace = new ActorTrace(test.engine);
    const entries: ActorTraceEntry[] = [];
    let stop = () => {};
    const history = await runTwenty(test, () => {
      stop = trace.subscribe((entry) => entries.push(entry));
    });
    requireCausal(entries);
    const late = ofKind(entries, 'actor').filter((entry) => entry.late);
    expect(late.map(({ task, snapshot }) => [task, snapshot.value])).toContainEqual(['held1', 'running']);
    expect(late.find(({ machine }) => machine === 'workflow')).toMatchObject({ snapshot: { value: 'running' } });
    const cancelled = ofKind(entries, 'end').filter(({ task }) => task?.startsWith('held'));
    expect(cancelled.map(({ status }) => status)).toEqual(['done', 'done']);
    stop();
    expect(trace.size).toBe(0);
    const told = entries.length;
    test.engine.workflows.createWorkflow('one', [{ name: 'only', module: 'core', action: 'noop' }]);
    await test.engine.executeWorkflow('one');
    expect(entries).toHaveLength(told);
    const again: ActorTraceEntry[] = [];
    stop = trace.subscribe((entry) => again.push(entry));
    await test.engine.executeWorkflow('one');
    stop();
    requireCausal(again);
    expect(ofKind(again, 'actor').map(({ task }) => task)).toContain('only');
    expect(history.record.status).toBe('failed');
  });
});

describe('a trace', () => {
  const noops = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `t${index}`, module: 'core', action: 'noop' }));

  it('holds on to no actor that has ended, and looks at nothing when nobody listens', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('many', noops(300));
    const trace = new ActorTrace(engine);
    expect(trace.size).toBe(0);
    const stop = trace.subscribe(() => {});
    const before = trace.size;
    await engine.executeWorkflow('many');
    await engine.executeWorkflow('many');
    expect(trace.size).toBe(before);
    stop();
    expect(trace.size).toBe(0);
    await engine.executeWorkflow('many');
    expect(trace.size).toBe(0);
  });

  it('gives each listener what it asked for: a run, a task, a machine, kinds', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('many', noops(8));
    const trace = new ActorTrace(engine);
    const all = collect(trace);
    const ofRun = collect(trace, { runId: 'run-b' });
    const ofTask = collect(trace, { task: 't3' });
    const ofMachine = collect(trace, { machine: 'workflow' });
    const ends = collect(trace, { kinds: ['end'], machine: 'task' });
    for (const runId of ['run-a', 'run-b']) await engine.startWorkflow('many', {}, undefined, { runId }).result();
    for (const entries of [all, ofRun, ofTask, ofMachine, ends]) {
      expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    }
    const told = ofRun.filter((entry) => entry.kind !== 'definition');
    expect(told.every(({ runId }) => runId === 'run-b')).toBe(true);
    expect(told.map(({ kind, task }) => [kind, task])).toEqual(
      all
        .filter((entry) => entry.kind !== 'definition' && entry.runId === 'run-b')
        .map((entry) => [entry.kind, Reflect.get(entry, 'task')]),
    );
    expect(ofKind(ofTask, 'end').map(({ runId, task }) => [runId, task])).toEqual([
      ['run-a', 't3'],
      ['run-b', 't3'],
    ]);
    expect(ofKind(ofMachine, 'actor').map(({ machine }) => machine)).toEqual(['workflow', 'workflow']);
    expect(ends.map(({ kind }) => kind)).toEqual(Array.from({ length: 16 }, () => 'end'));
  });

  it('tells a listener that comes late of all that live, however many they are', { timeout: 60_000 }, async () => {
    const { engine } = await createTestEngine();
    const steps = 100_001;
    engine.workflows.createWorkflow('wide', noops(steps));
    engine.startWorkflow('wide');
    while ([...engine.liveActors()].length < steps) await nextTurn();
    let told = 0;
    let after = 0;
    const stop = new ActorTrace(engine).subscribe(({ kind }) => {
      if (kind === 'actor') told++;
      else if (kind === 'snapshot') after++;
    });
    expect(told).toBeGreaterThan(steps);
    while (after === 0) await nextTurn();
    stop();
  });

  it('samples whole task actors, and leaves out whole ones', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('many', noops(20));
    const trace = new ActorTrace(engine);
    const all = collect(trace);
    const some = collect(trace, { everyNthTask: 5 });
    await engine.executeWorkflow('many');
    requireCausal(some);
    const tasks = ofKind(some, 'actor').filter(({ machine }) => machine === 'task');
    expect(tasks).toHaveLength(4);
    for (const { id } of tasks) {
      const of = (entries: readonly ActorTraceEntry[]) =>
        entries.filter((each) => 'actor' in each && each.actor === id).length;
      expect(of(some)).toBe(of(all));
    }
    expect(ofIds(all).length - ofIds(some).length).toBe(16);
    expect(() => trace.subscribe(() => {}, { everyNthTask: 0 })).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    );
  });

  it('lets a listener that throws neither reach the engine nor the other listeners', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('many', noops(5));
    const trace = new ActorTrace(engine);
    let calls = 0;
    onTestFinished(
      trace.subscribe(() => {
        calls++;
        throw new Error('a listener at fault');
      }),
    );
    const others = collect(trace);
    expect(await engine.executeWorkflow('many')).toMatchObject({ status: 'completed' });
    requireCausal(others);
    expect(calls).toBe(others.length);
  });

  it('tells one order to all, whatever a listener makes the engine do', async () => {
    const { engine } = await createTestEngine();
    engine.workflows.createWorkflow('many', noops(12));
    const trace = new ActorTrace(engine);
    let run: { cancel(): void } | undefined;
    onTestFinished(
      trace.subscribe((entry) => {
        if (entry.kind === 'end' && entry.task !== undefined) run?.cancel();
      }),
    );
    const others = collect(trace);
    const started = engine.startWorkflow('many');
    run = started;
    await started.result();
    requireCausal(others);
    expect(ofKind(others, 'event').map(({ event }) => event.type)).toContain('run.cancel');
  });

  it('tells the end of an actor that crashed before its parent hears of it', async () => {
    const test = await createTestEngine();
    const trace = new ActorTrace(test.engine);
    const entries = collect(trace);
    crashActor(test.engine.supervisor.child('dispatcher'), 'dispatcher');
    await seen(test, ({ type }) => type === 'supervisor.restarted');
    requireCausal(entries);
    const end = ofKind(entries, 'end').find(({ status }) => status === 'error');
    const heard = ofKind(entries, 'event').find(({ event }) => event.type.startsWith('xstate.error.actor'));
    expect(end?.seq).toBeLessThan(heard?.seq ?? 0);
    expect(ofKind(entries, 'snapshot').find(({ actor }) => actor === end?.actor)?.snapshot).toMatchObject({
      status: 'error',
      error: { message: 'injected fault in dispatcher' },
    });
    expect(ofKind(entries, 'actor').filter(({ machine, late }) => machine === 'dispatcher' && !late)).toHaveLength(1);
  });

  it('tells microsteps of interpreted machines to those who ask', async () => {
    const { engine } = await createTestEngine({ taskMachine: 'interpreted' });
    engine.workflows.createWorkflow('one', noops(1));
    const trace = new ActorTrace(engine);
    const usual = collect(trace);
    const steps = collect(trace, { kinds: ['microstep'], task: 't0' });
    await engine.executeWorkflow('one');
    expect(ofKind(usual, 'microstep')).toEqual([]);
    expect(ofKind(steps, 'microstep').map(({ event, action, value }) => event ?? `${action} in ${value}`)).toEqual(
      expect.arrayContaining(['enqueue in ready', 'task.start', 'attempt.completed']),
    );
  });

  it('names single tasks by their own id', async () => {
    const { engine } = await createTestEngine();
    const entries = collect(new ActorTrace(engine));
    const taskId = engine.submitTask({ name: 'alone', module: 'core', action: 'noop' });
    await engine.waitForTask(taskId);
    expect(ofKind(entries, 'end')).toMatchObject([{ runId: taskId, task: 'alone', status: 'done' }]);
  });

  it('ends in good order with its engine', async () => {
    const { engine } = await createTestEngine();
    const trace = new ActorTrace(engine);
    const entries = collect(trace);
    await engine.shutdown();
    requireCausal(entries);
    expect(trace.size).toBe(0);
    expect(collect(new ActorTrace(engine))).toEqual([]);
  });
});
