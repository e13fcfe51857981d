// Single tasks without an engine: what is kept, what is forgotten, and waiting for the end.

import { describe, expect, it } from 'vitest';
import type { TaskId } from '../../src/domain/ids.ts';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { createMemoryJournal } from '../../src/journal/stores/memory.ts';
import { RuntimeHarness, specOf, turn } from './runtime-harness.ts';

/** A journal whose facts become durable when the test says so, or never. */
function createSlowJournal() {
  const memory = createMemoryJournal();
  const waiting: { readonly sequence: number; readonly done: PromiseWithResolvers<void> }[] = [];
  let failure: RuntimeError | null = null;
  const journal: Journal = {
    append: (fact) => memory.append(fact),
    durable: (sequence) => {
      const done = Promise.withResolvers<void>();
      waiting.push({ sequence, done });
      return done.promise;
    },
    lastSequence: () => memory.lastSequence(),
    read: (runId) => memory.read(runId),
    runs: (filter) => memory.runs(filter),
    run: (runId) => memory.run(runId),
    keepDefinition: (definition) => memory.keepDefinition(definition),
    definition: (key) => memory.definition(key),
    refersToArtifact: (hash) => memory.refersToArtifact(hash),
    prune: (runIds) => memory.prune(runIds),
    recordDurations: (workflow, seconds) => memory.recordDurations(workflow, seconds),
    durationsOf: (workflow) => memory.durationsOf(workflow),
    close: () => memory.close(),
    onChange: () => {},
    onWriterRestarted: () => {},
    isCongested: false,
    get failure() {
      return failure;
    },
  };
  const commit = () => {
    for (const { done } of waiting.splice(0)) done.resolve();
  };
  const fail = (error: RuntimeError) => {
    failure = error;
    for (const { done } of waiting.splice(0)) done.reject(error);
  };
  return { journal, commit, fail };
}

describe('results', () => {
  it('are kept up to the bound, the oldest go first; open tasks are never forgotten', async () => {
    const harness = new RuntimeHarness({ slots: 9, keptResults: 2 });
    const [a, b, c, open] = ['a', 'b', 'c', 'open'].map((name) => harness.singles.submit(specOf(name), {}, []).taskId);
    await turn();
    for (const name of ['b', 'a', 'c']) harness.executor.complete(name, name);
    await turn();
    expect([...harness.singles.list()].map(({ taskId }) => taskId)).toEqual([a, c, open]);
    expect(b === undefined ? undefined : harness.singles.get(b)).toBeUndefined();
    expect([...harness.singles.openTasks()].map(({ taskId }) => taskId)).toEqual([open]);
    expect(harness.singles.counts).toEqual({ completed: 3, failed: 0, cancelled: 0, skipped: 0 });
  });

  it('that are forgotten still release those that depend on them', async () => {
    const harness = new RuntimeHarness({ keptResults: 1 });
    const a = harness.singles.submit(specOf('a'), {}, []);
    const b = harness.singles.submit(specOf('b'), {}, []);
    const after = harness.singles.submit(specOf('after'), {}, [a.taskId, b.taskId]);
    await turn();
    harness.executor.complete('a');
    harness.executor.complete('b');
    await turn();
    expect(harness.singles.get(a.taskId)).toBeUndefined();
    harness.executor.complete('after');
    expect(after.status).toBe('completed');
  });
});

describe('waiting', () => {
  it('is told to all who wait for a task, and to all who wait for all', async () => {
    const harness = new RuntimeHarness();
    const task = harness.singles.submit(specOf('a'), {}, []);
    const heard: unknown[] = [];
    for (const n of [1, 2]) void harness.singles.wait(task.taskId).then(({ status }) => heard.push([n, status]));
    void harness.singles.idle().then(() => heard.push('idle'));
    await turn();
    harness.executor.complete('a');
    await turn();
    expect(heard).toEqual([[1, 'completed'], [2, 'completed'], 'idle']);
    expect((await harness.singles.wait(task.taskId)).status).toBe('completed');
  });

  it('ends although tasks submitted on the end of others keep coming', async () => {
    const harness = new RuntimeHarness();
    harness.singles.submit(specOf('a'), {}, []);
    let idle = false;
    void harness.singles.idle().then(() => {
      idle = true;
    });
    for (const name of ['b', 'c']) {
      await turn();
      const before = harness.executor.running[0] ?? '';
      harness.singles.submit(specOf(name), {}, []);
      harness.executor.complete(before);
      expect(idle).toBe(false);
    }
    await turn();
    harness.executor.complete('c');
    await turn();
    expect(idle).toBe(true);
  });
});

describe('cancelAll', () => {
  it('ends blocked, ready and running tasks; what runs when its body is gone', async () => {
    const harness = new RuntimeHarness();
    const a = harness.singles.submit(specOf('a'), {}, []);
    harness.singles.submit(specOf('b'), {}, []);
    harness.singles.submit(specOf('c'), {}, [a.taskId]);
    await turn();
    harness.singles.cancelAll('shutdown');
    expect(harness.singles.open).toBe(1);
    harness.executor.stopped('a');
    await turn();
    expect(harness.singles.open).toBe(0);
    expect([...harness.singles.list()].map(({ status, reason }) => [status, reason])).toEqual(
      [1, 2, 3].map(() => ['cancelled', 'shutdown']),
    );
    expect(harness.heard('task.cancelled').sort()).toEqual([
      'task.cancelled a',
      'task.cancelled b',
      'task.cancelled c',
    ]);
  });
});

describe('what is written', () => {
  it('is a run for each task, under its own id, with every turn of its life', async () => {
    const harness = new RuntimeHarness({ slots: 2 });
    const { singles, executor, timers } = harness;
    const spec = specOf('a', {
      maxAttempts: 2,
      timeoutMs: 50,
      totalTimeoutMs: 60_000,
      heartbeatTimeoutMs: 9,
      priority: 1,
    });
    const { taskId } = singles.submit(spec, { p: 1 }, [], { resources: { gpu: 2 } });
    const endless = singles.submit(specOf('b', { maxAttempts: Number.POSITIVE_INFINITY }), {}, [taskId]).taskId;
    await turn();
    executor.fail('a');
    timers.advance(1_000);
    await turn();
    executor.complete('a', 'out');
    const { atMs, ...submitted } = harness.facts(taskId)[0] ?? { atMs: 0 };
    expect(atMs).toBe(timers.now() - 1_000);
    expect(submitted).toEqual({
      type: 'task.submitted',
      v: 1,
      runId: taskId,
      task: 'a',
      module: 'm',
      action: 'a',
      parameters: { p: 1 },
      dependencies: [],
      priority: 1,
      resources: { gpu: 2 },
      timeoutMs: 50,
      totalTimeoutMs: 60_000,
      heartbeatTimeoutMs: 9,
      retry: spec.retry,
    });
    expect(harness.facts(taskId).map(({ type }) => type)).toEqual([
      'task.submitted',
      'task.started',
      'task.retry-scheduled',
      'task.started',
      'task.completed',
    ]);
    expect(harness.facts(endless)[0]).toMatchObject({ dependencies: [taskId], retry: { maxAttempts: null } });
    expect(harness.journal.run(taskId)).toMatchObject({ kind: 'task', workflow: 'a', status: 'completed' });
    expect(singles.get(taskId)).toMatchObject({
      startedAtMs: timers.now() - 1_000,
      endedAtMs: timers.now(),
      attempts: 2,
    });
  });

  it('holds the cancellation before the body is gone, once, and no attempt of one cancelled in its first event', async () => {
    const harness = new RuntimeHarness();
    const { singles, executor } = harness;
    const { taskId } = singles.submit(specOf('a'), {}, []);
    await turn();
    expect([singles.cancel(taskId, 'one'), singles.cancel(taskId, 'two')]).toEqual([true, true]);
    executor.stopped('a');
    expect(harness.facts(taskId).slice(2)).toMatchObject([
      { type: 'task.cancel-requested', reason: 'one' },
      { type: 'task.cancelled', reason: 'one' },
    ]);
    harness.onEvent = ({ type, taskId: ready }) => {
      if (type === 'task.ready') expect(singles.cancel(ready as TaskId, 'at once')).toBe(true);
    };
    const early = singles.submit(specOf('b'), {}, []);
    await turn();
    expect(early).toMatchObject({ status: 'cancelled', reason: 'at once', attempts: 0 });
    expect(harness.facts(early.taskId).map(({ type }) => type)).toEqual(['task.submitted', 'task.cancelled']);
  });
});

describe('a result', () => {
  it('is given out when its fact is durable, not before', async () => {
    const { journal, commit } = createSlowJournal();
    const harness = new RuntimeHarness({ journal });
    const { singles } = harness;
    const { taskId } = singles.submit(specOf('a'), {}, []);
    const after = singles.submit(specOf('after'), {}, [taskId]);
    const heard: string[] = [];
    void singles.wait(taskId).then(({ status }) => heard.push(status));
    await turn();
    harness.executor.complete('a', 1);
    void singles.wait(taskId).then(() => heard.push('asked late'));
    await turn();
    expect(singles.get(taskId)).toMatchObject({ status: 'completed', isReported: false });
    expect(heard).toEqual([]);
    // Those behind it need not wait: the log is in order.
    expect(harness.executor.running).toEqual(['after']);
    commit();
    await turn();
    expect(heard).toEqual(['completed', 'asked late']);
    expect(singles.get(taskId)).toMatchObject({ isReported: true });
    expect(after.isReported).toBe(false);
  });

  it('that can never be durable is refused with the journal’s failure, and nothing new is taken in', async () => {
    const { journal, fail } = createSlowJournal();
    const { singles, executor } = new RuntimeHarness({ journal, slots: 2 });
    const ended = singles.submit(specOf('ended'), {}, []).taskId;
    const open = singles.submit(specOf('open'), {}, []).taskId;
    await turn();
    const waits = [ended, open].map((taskId) => singles.wait(taskId));
    const told = Promise.allSettled(waits);
    executor.complete('ended');
    await turn();
    const failure = new RuntimeError('INTERNAL', 'the disk is gone');
    fail(failure);
    singles.suspend();
    expect(await told).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ]);
    expect(() => singles.submit(specOf('x'), {}, [])).toThrow(failure);
    expect(() => singles.wait(ended)).toThrow(failure);
    await singles.idle();
    expect([...journal.read(open)].at(-1)?.fact.type).toBe('task.started');
  });
});

describe('an id of the caller', () => {
  const work = { name: 'a', module: 'm', action: 'a', parameters: { n: 1, gone: undefined as never } };
  const taskId = 'mine' as TaskId;

  it('stands for one piece of work, in memory and in the journal, while other ids are free', async () => {
    const harness = new RuntimeHarness();
    expect(harness.singles.isKnown(taskId, work)).toBe(false);
    expect(harness.singles.submit(specOf('a'), work.parameters, [], { taskId }).taskId).toBe(taskId);
    await turn();
    harness.executor.complete('a');
    const later = new RuntimeHarness({ journal: harness.journal, life: 'later' });
    for (const { singles } of [harness, later]) {
      expect(singles.isKnown(taskId, work)).toBe(true);
      expect(singles.isKnown(taskId, { ...work, parameters: { n: 1 } })).toBe(true);
      for (const other of [{ parameters: { n: 2 } }, { action: 'b' }, { module: 'n' }, { name: 'b' }]) {
        expect(() => singles.isKnown(taskId, { ...work, ...other })).toThrow(
          expect.objectContaining({ code: 'TASK_EXISTS', details: { taskId } }),
        );
      }
    }
    expect(later.executor.started).toEqual([]);
  });

  it('that a workflow run has is taken', () => {
    const harness = new RuntimeHarness();
    const { run } = harness.startRun(harness.createSession(), { step: {} });
    const taken: string = run.runId;
    expect(() => harness.singles.isKnown(taken as TaskId, work)).toThrow(/a workflow run has it/);
  });
});

describe('suspend', () => {
  it('refuses whoever waits, starts and writes nothing more, and leaves all to the next life', async () => {
    const harness = new RuntimeHarness({ slots: 1 });
    const { singles, executor, runner, journal } = harness;
    const names = ['running', 'ready', 'blocked'] as const;
    const running = singles.submit(specOf('running'), {}, []).taskId;
    const ready = singles.submit(specOf('ready'), {}, []).taskId;
    const blocked = singles.submit(specOf('blocked'), {}, [running]).taskId;
    await turn();
    const told = Promise.allSettled([running, ready, blocked].map((taskId) => singles.wait(taskId)));
    const idle = singles.idle();
    runner.freeze();
    singles.suspend();
    singles.suspend();
    for (const outcome of await told) expect(outcome).toMatchObject({ reason: { code: 'ENGINE_CLOSED' } });
    await idle;
    const last = journal.lastSequence();
    executor.complete('running');
    await turn();
    expect(journal.lastSequence()).toBe(last);
    expect(singles.cancel(ready, 'too late')).toBe(false);
    expect(() => singles.wait(blocked)).toThrow(/goes on when an engine opens/);
    expect([...singles.openTasks()].map(({ name }) => name)).toEqual([...names]);
    for (const record of journal.runs()) expect(record).toMatchObject({ isSuspended: true, endedAtMs: null });
  });
});
