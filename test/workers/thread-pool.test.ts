// Threads as such: how many there are, what replaces them, and that nothing is left of them.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { outputOf, ThreadHarness } from './executor-harness.ts';

const FLAKY_ENTRY = fileURLToPath(new URL('./fixtures/flaky-entry.ts', import.meta.url));

describe('starting threads', () => {
  it.each([
    [{ threads: 0 }, 'threads must be'],
    [{ threads: 1.5 }, 'threads must be'],
    [{ threads: 1_025 }, 'threads must be'],
    [{ tasksDirs: ['tasks'] }, 'absolute'],
    [{ artifactsDir: 'artifacts' }, 'absolute'],
    [{ heapLimitMb: 16 }, 'heap limit'],
  ])('refuses %j', async (options, message) => {
    await expect(ThreadHarness.start(options)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('fails when no thread comes up, and leaves none behind', async () => {
    process.env.YARDMASTER_TEST_BROKEN = FLAKY_ENTRY;
    const started = ThreadHarness.start({ entryFile: FLAKY_ENTRY });
    await expect(started).rejects.toSatisfy((error) => error instanceof RuntimeError && error.code === 'THREAD_EXITED');
    delete process.env.YARDMASTER_TEST_BROKEN;
    expect(ownThreads()).toBe(0);
  });
});

describe('a termination that the thread does not notice', () => {
  // What V8 does once in some hundred times, done on purpose: the first call has no effect.
  const { terminate } = Worker.prototype;
  const ignored = new Set<Worker>();

  beforeEach(() => {
    Worker.prototype.terminate = function (this: Worker) {
      if (ignored.has(this)) return terminate.call(this);
      ignored.add(this);
      return Promise.resolve(0);
    };
  });

  afterEach(() => {
    Worker.prototype.terminate = terminate;
    ignored.clear();
  });

  it('is repeated until the thread is gone, for one that is killed and for all at the end', async () => {
    const harness = await ThreadHarness.start({ threads: 2 });
    await harness.slots(2);
    const key = harness.begin('behaviour.spin');
    harness.executor.stop(key, 0);
    expect(await harness.sink.outcome(key)).toMatchObject({ kind: 'stopped', killed: true });
    await harness.slots(2);
    await harness.executor.close({ drainMs: 0 });
    expect(ignored.size).toBe(3);
    expect(ownThreads()).toBe(0);
  });
});

describe('threads that run', () => {
  it('are told to the host before their first attempt, and listed', async () => {
    await using harness = await ThreadHarness.start({ threads: 2 });
    await harness.slots(2);
    const outcome = await harness.run('core.noop');
    expect(harness.host.started).toHaveLength(2);
    expect(harness.host.started).toContain(outcome.threadId);
    const listed = harness.executor.threads();
    expect(listed.map(({ state }) => state)).toEqual(['idle', 'idle']);
    expect(listed.find(({ threadId }) => threadId === outcome.threadId)?.completed).toBe(1);
    const key = harness.begin('behaviour.spin');
    expect(harness.executor.threads().filter(({ attemptKey }) => attemptKey === key)).toMatchObject([
      { state: 'busy' },
    ]);
    expect(harness.executor.health()).toEqual({ alive: 2, wanted: 2, dead: false });
  });

  it('are as many as before after one has died, and the other goes on meanwhile', async () => {
    await using harness = await ThreadHarness.start({ threads: 2 });
    await harness.slots(2);
    const pausing = harness.begin('behaviour.pause', { ms: 300 });
    await harness.run('behaviour.exitProcess', { code: 1 });
    expect(harness.executor.health().alive).toBe(1);
    await harness.run('core.noop');
    expect(outputOf(await harness.sink.outcome(pausing))).toBe('paused');
    await harness.slots(2);
    expect(harness.executor.health()).toEqual({ alive: 2, wanted: 2, dead: false });
    expect(harness.host.started).toHaveLength(3);
  });

  it('come back by themselves after a time in which none could start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'yardmaster-flaky-'));
    const broken = join(folder, 'broken');
    process.env.YARDMASTER_TEST_BROKEN = broken;
    try {
      await using harness = await ThreadHarness.start({ threads: 2, entryFile: FLAKY_ENTRY });
      await harness.slots(2);
      writeFileSync(broken, '');
      await Promise.all([1, 2].map((code) => harness.run('behaviour.exitProcess', { code })));
      const { executor } = harness;
      await until(() => executor.health().dead);
      expect(executor.health()).toEqual({ alive: 0, wanted: 2, dead: true });
      expect(executor.freeSlots()).toBe(0);
      rmSync(broken);
      expect(outputOf(await harness.run('behaviour.giveBack', { value: 'back' }))).toBe('back');
      await harness.slots(2);
      expect(executor.health()).toEqual({ alive: 2, wanted: 2, dead: false });
      expect(harness.host.exited).toHaveLength(2);
    } finally {
      delete process.env.YARDMASTER_TEST_BROKEN;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('closing', () => {
  it('waits for what runs, then takes no more, and gives the same promise again', async () => {
    await using harness = await ThreadHarness.start();
    const key = harness.begin('behaviour.pause', { ms: 100 });
    const closing = harness.executor.close({ drainMs: 60_000 });
    expect(harness.executor.close({ drainMs: 0 })).toBe(closing);
    const late = harness.begin('core.noop');
    expect(await harness.sink.outcome(late)).toMatchObject({ kind: 'failed', error: { code: 'ENGINE_CLOSED' } });
    await closing;
    expect(outputOf(await harness.sink.outcome(key))).toBe('paused');
  });

  it('stops what still runs after the drain, and every thread has exited when it resolves', async () => {
    await using harness = await ThreadHarness.start({ threads: 2 });
    await harness.slots(2);
    expect(ownThreads()).toBe(2);
    const keys = [harness.begin('behaviour.spin'), harness.begin('behaviour.spin')];
    await harness.executor.close({ drainMs: 50 });
    for (const key of keys) expect(harness.sink.outcomes.get(key)).toMatchObject([{ kind: 'stopped', killed: true }]);
    expect(harness.host.exited.map(({ threadId }) => threadId).sort()).toEqual(harness.host.started.toSorted());
    expect(harness.executor.threads()).toEqual([]);
    expect(harness.executor.freeSlots()).toBe(0);
    expect(ownThreads()).toBe(0);
  });

  it('in the middle of threads that die leaves no thread, handle or child process', async () => {
    const before = activeResources();
    for (let round = 0; round < 3; round += 1) {
      const harness = await ThreadHarness.start({ threads: 2 });
      await harness.slots(2);
      harness.begin(round === 0 ? 'behaviour.throwInTimer' : 'behaviour.exitProcess', { code: 1 });
      harness.begin('core.command', { command: 'sleep', args: ['1000'] });
      if (round === 2) await until(() => livingChildren().length === 1);
      await harness[Symbol.asyncDispose]();
      expect([...harness.sink.outcomes.values()].map((outcomes) => outcomes.length)).toEqual([1, 1]);
    }
    await until(() => ownThreads() === 0 && activeResources() === before);
    expect(livingChildren()).toEqual([]);
  });
});

/** Handles that keep the loop alive, those of the test runner included. */
function activeResources(): string {
  return process
    .getActiveResourcesInfo()
    .filter((name) => name === 'MessagePort' || name === 'Worker' || name === 'ProcessWrap')
    .sort()
    .join();
}

/** JavaScript threads of this process beside the main one. */
function ownThreads(): number {
  const names = readdirSync('/proc/self/task').map((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim());
  return names.filter((name) => name.startsWith('WorkerThread')).length;
}

function livingChildren(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const [, name = '', state, parent] = /\((.*)\) (\S) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      return Number(parent) === process.pid && name === 'sleep' && state !== 'Z' ? [`${pid} ${name}`] : [];
    } catch {
      return [];
    }
  });
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`not so within 10 s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
