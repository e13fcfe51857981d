// How attempts are stopped: politely, by force, in races; each settles once, and what it held comes back once.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputOf, ThreadHarness } from './executor-harness.ts';

/** Generous against a loaded machine; what is aimed at is printed. */
const SOON_MS = 5_000;

describe('a body that looks at its signal', () => {
  let harness: ThreadHarness;
  beforeAll(async () => {
    harness = await ThreadHarness.start();
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  async function stopOnceSaid(action: string, message: string) {
    await harness.slots();
    const heard = harness.hears(message);
    const key = harness.begin(action);
    await heard;
    harness.executor.stop(key, 60_000);
    return harness.sink.outcome(key);
  }

  it('sees it inside a busy loop, and completes if it returns', async () => {
    const outcome = await stopOnceSaid('behaviour.spinUntilSignal', 'spinning');
    expect(outputOf(outcome)).toEqual({ reason: expect.stringContaining('was asked to stop') });
  });

  it('sees isCancelled inside a busy loop, and is stopped but not killed if it throws', async () => {
    expect(await stopOnceSaid('behaviour.spinUntilCancelled', 'spinning')).toMatchObject({
      kind: 'stopped',
      killed: false,
    });
  });

  it('hears the abort event while it waits', async () => {
    const outcome = await stopOnceSaid('behaviour.waitForAbort', 'waiting');
    expect(outputOf(outcome)).toContain('was asked to stop');
  });

  it('keeps its thread', () => {
    expect(harness.host.exited).toEqual([]);
    expect(harness.timers.pending).toBe(0);
  });
});

describe('a body that never looks', () => {
  it.each([0, 100])('is ended with its thread after a grace of %d ms, and the next attempt runs', async (graceMs) => {
    await using harness = await ThreadHarness.start();
    const spinning = harness.hears('spinning');
    const key = harness.begin('behaviour.spin');
    await spinning;
    const startedAtMs = performance.now();
    harness.executor.stop(key, graceMs);
    const outcome = await harness.sink.outcome(key);
    const stoppedMs = performance.now() - startedAtMs;
    expect(outcome).toMatchObject({ kind: 'stopped', killed: true });
    expect(harness.host.exited).toEqual([{ threadId: outcome.threadId, exit: { code: 1, killed: true } }]);
    const next = await harness.run('core.noop');
    const nextMs = performance.now() - startedAtMs;
    expect(next.kind).toBe('completed');
    expect(next.threadId).not.toBe(outcome.threadId);
    expect(stoppedMs).toBeGreaterThanOrEqual(graceMs);
    expect(nextMs).toBeLessThan(graceMs + SOON_MS);
    console.log(
      `grace ${graceMs} ms: gone after ${stoppedMs.toFixed(1)} ms, next result after ${nextMs.toFixed(1)} ms`,
    );
  });

  it('is ended in a loop that allocates without end', async () => {
    await using harness = await ThreadHarness.start();
    const spinning = harness.hears('spinning');
    const key = harness.begin('behaviour.spinAllocating');
    await spinning;
    // Long enough for the optimiser to have taken the loop on.
    harness.executor.stop(key, 500);
    expect(await harness.sink.outcome(key)).toMatchObject({ kind: 'stopped', killed: true });
  });

  it('counts the earlier grace when it is stopped twice', async () => {
    await using harness = await ThreadHarness.start();
    const spinning = harness.hears('spinning');
    const key = harness.begin('behaviour.spin');
    await spinning;
    harness.executor.stop(key, 3_600_000);
    harness.executor.stop(key, 7_200_000);
    harness.executor.stop(key, 10);
    expect(await harness.sink.outcome(key)).toMatchObject({ kind: 'stopped', killed: true });
    expect(harness.timers.pending).toBe(0);
  });

  it('completes when it returns within the grace', async () => {
    await using harness = await ThreadHarness.start();
    const waiting = harness.hears('waiting');
    const key = harness.begin('behaviour.ignoreAbort', { ms: 50 });
    await waiting;
    harness.executor.stop(key, 60_000);
    expect(outputOf(await harness.sink.outcome(key))).toBe('done all the same');
    expect(harness.timers.pending).toBe(0);
  });
});

describe('a stop', () => {
  it('is ignored for attempts that ended and for those that never were', async () => {
    await using harness = await ThreadHarness.start();
    const key = harness.begin('core.noop');
    await harness.sink.outcome(key);
    harness.executor.stop(key, 0);
    harness.executor.stop(4_711, 0);
    expect(outputOf(await harness.run('core.noop'))).toBeNull();
    expect(harness.host.exited).toEqual([]);
  });

  it('asks the capacity guard again while the thread is inside the ledger, and not for ever', async () => {
    await using harness = await ThreadHarness.start();
    let asked = 0;
    harness.host.seal = () => {
      asked += 1;
      return asked < 4 ? 'busy' : 'sealed';
    };
    const first = harness.begin('behaviour.spin');
    harness.executor.stop(first, 0);
    expect(await harness.sink.outcome(first)).toMatchObject({ kind: 'stopped', killed: true });
    expect(asked).toBe(4);
    await harness.slots();
    harness.host.seal = () => 'busy';
    const second = harness.begin('behaviour.spin');
    const startedAtMs = performance.now();
    harness.executor.stop(second, 0);
    expect(await harness.sink.outcome(second)).toMatchObject({ kind: 'stopped', killed: true });
    expect(performance.now() - startedAtMs).toBeGreaterThan(95);
  });

  it('from inside the hearing of its progress ends the attempt once', async () => {
    await using harness = await ThreadHarness.start();
    harness.sink.onProgress = (key) => harness.executor.stop(key, 0);
    const key = harness.begin('behaviour.speak', { count: 1 });
    expect(await harness.sink.outcome(key)).toMatchObject({ kind: 'stopped', killed: true });
    expect(harness.sink.said.filter(({ kind }) => kind === 'settled')).toHaveLength(1);
  });

  it('ends the child process of core.command, politely or with its thread', async () => {
    await using harness = await ThreadHarness.start();
    const folder = mkdtempSync(join(tmpdir(), 'yardmaster-command-'));
    try {
      for (const graceMs of [60_000, 0]) {
        await harness.slots();
        const pidFile = join(folder, `pids-${graceMs}`);
        const script = `echo $$ > ${pidFile}.tmp; sleep 1000 & echo $! >> ${pidFile}.tmp; mv ${pidFile}.tmp ${pidFile}; wait`;
        const key = harness.begin('core.command', { command: 'sh', args: ['-c', script] });
        await until(() => existsSync(pidFile));
        const processIds = readFileSync(pidFile, 'utf8').trim().split('\n').map(Number);
        expect(processIds).toHaveLength(2);
        expect(processIds.every(isAlive)).toBe(true);
        harness.executor.stop(key, graceMs);
        expect(await harness.sink.outcome(key)).toMatchObject({ kind: 'stopped', killed: graceMs === 0 });
        await until(() => !processIds.some(isAlive));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('two hundred attempts with stops at random moments', () => {
  it('settle exactly once each, by every way there is', async () => {
    await using harness = await ThreadHarness.start({ threads: 2 });
    const actions = ['behaviour.spin', 'core.noop', 'behaviour.waitForAbort', 'behaviour.throwInTimer'] as const;
    let random = 20_260_101;
    const next = (below: number) => {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((random / 2 ** 32) * below);
    };
    for (let count = 0; count < 200; count += 1) {
      await harness.slots();
      const key = harness.begin(actions[count % 50 === 0 ? 3 : count % 10 === 0 ? 0 : 1 + (count % 2)] ?? '');
      harness.timers.schedule(harness.timers.now() + next(3), () => harness.executor.stop(key, next(2) * 5));
    }
    const { executor, sink } = harness;
    await until(
      () => sink.outcomes.size === 200 && executor.threads().filter(({ state }) => state === 'idle').length === 2,
    );
    expect([...harness.sink.outcomes.values()].filter((outcomes) => outcomes.length !== 1)).toEqual([]);
    expect(harness.sink.outcomes.size).toBe(200);
    const kinds = [...harness.sink.outcomes.values()].flat().map((outcome) => outcome.kind);
    expect(new Set(kinds)).toContain('completed');
    expect(new Set(kinds)).toContain('stopped');
    const exited = harness.host.exited.map(({ threadId }) => threadId);
    expect(new Set(exited).size).toBe(exited.length);
    expect(exited.length).toBeGreaterThan(10);
    expect(harness.host.started).toHaveLength(exited.length + 2);
    expect(harness.executor.health()).toEqual({ alive: 2, wanted: 2, dead: false });
  }, 120_000);
});

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + SOON_MS;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`not so within ${SOON_MS} ms: ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function isAlive(processId: number): boolean {
  try {
    const state = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1]?.[0];
    return state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}
