// What a task body on a thread is given, what comes back, and how each way of failing is told.

import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { errorOf, FIXTURE_TASKS, outputOf, ThreadHarness } from './executor-harness.ts';

describe('an attempt on a thread', () => {
  let harness: ThreadHarness;
  beforeAll(async () => {
    harness = await ThreadHarness.start();
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  it('is given its names, its attempt number and a key that is the same for each attempt', async () => {
    const first = outputOf(await harness.run('behaviour.whoAmI', {}, { taskName: 'load', attempt: 1 }));
    const second = outputOf(await harness.run('behaviour.whoAmI', {}, { taskName: 'load', attempt: 2 }));
    expect(first).toMatchObject({ taskName: 'load', runId: 'run-1', attempt: 1, idempotencyKey: 'run-1/load' });
    expect(second).toMatchObject({ attempt: 2, idempotencyKey: 'run-1/load' });
  });

  it('runs in another thread, which imports its module once', async () => {
    const outcome = await harness.run('behaviour.whoAmI');
    const again = await harness.run('behaviour.whoAmI');
    expect(outcome.threadId).toBeGreaterThan(0);
    expect(outputOf(outcome)).toMatchObject({ threadId: outcome.threadId, imports: 1 });
    const calls = z.object({ calls: z.number() });
    expect(calls.parse(outputOf(again)).calls).toBe(calls.parse(outputOf(outcome)).calls + 1);
  });

  it.each([null, true, 0, -1.5, '', 'text', [], {}, { a: [1, { b: null }] }, ['ü', '\u2028', '🚂']])(
    'gives back %j as it is',
    async (value) => {
      expect(outputOf(await harness.run('behaviour.giveBack', { value }))).toEqual(value);
    },
  );

  it('gives back undefined as null, as it would be recorded', async () => {
    expect(outputOf(await harness.run('behaviour.giveBack'))).toBeNull();
  });

  it('gives back what JSON can record although it cannot be cloned', async () => {
    expect(outputOf(await harness.run('behaviour.proxied'))).toEqual({ a: 1 });
  });

  it.each([
    ['function', '$.deep[0]: a function'],
    ['date', '$.when: a Date'],
    ['bigint', '$: a bigint'],
    ['symbol', '$.a: a symbol'],
    ['notANumber', '$.n: NaN'],
    ['ring', '$.self: refers back to itself'],
    ['map', '$: a Map'],
    ['throwingProxy', '$: reading it throws'],
  ])('refuses a result that holds a %s and names the place', async (kind, place) => {
    const error = errorOf(await harness.run('behaviour.unrecordable', { kind }));
    expect(error).toMatchObject({ code: 'TASK_RESULT_INVALID', retryable: false });
    expect(error.message).toContain(place);
  });

  it('refuses parameters that cannot be sent, and keeps the thread', async () => {
    const parameters = Object.assign({}, { body: () => 1 });
    // @ts-expect-error: a program in plain JavaScript can pass this
    const error = errorOf(await harness.run('behaviour.giveBack', parameters));
    expect(error).toMatchObject({ code: 'TASK_PARAMETERS_INVALID', retryable: false });
    expect(harness.host.exited).toEqual([]);
    expect(outputOf(await harness.run('behaviour.giveBack', { value: 1 }))).toBe(1);
  });

  it('keeps name, code, details, cause and stack of an error class of its own', async () => {
    const error = errorOf(await harness.run('behaviour.throwOwnError'));
    expect(error).toMatchObject({
      name: 'QuotaError',
      message: 'five is the limit',
      code: 'QUOTA_EXHAUSTED',
      details: { limit: 5, used: [1, 2, 2] },
      cause: { name: 'RangeError', message: '6 is more than 5' },
    });
    expect(error.stack).toContain('behaviour.ts');
  });

  it('tells what was thrown when it was no error', async () => {
    const error = errorOf(await harness.run('behaviour.throwText'));
    expect(error).toMatchObject({ code: 'TASK_FAILED', message: expect.stringContaining('just text') });
  });

  it('keeps an artifact under the hash of its bytes, once', async () => {
    const reference = z.object({ artifact: z.string(), hash: z.string(), sizeBytes: z.number(), path: z.string() });
    const output = outputOf(await harness.run('behaviour.store', { text: 'grüße' }));
    const { first, second } = z.object({ first: reference, second: reference }).parse(output);
    expect(first).toMatchObject({ artifact: 'report.txt', sizeBytes: 7 });
    expect(first.hash).toMatch(/^sha256-[0-9a-f]{64}$/);
    expect(second).toEqual({ ...first, artifact: 'copy.bin' });
    expect(readFileSync(first.path, 'utf8')).toBe('grüße');
  });

  it('has no capacity where there is no ledger, and says so', async () => {
    const error = errorOf(await harness.run('capacity.takeOne', { id: 'x' }));
    expect(error).toMatchObject({ code: 'RESOURCE_CLOSED', message: expect.stringContaining('no capacity ledger') });
  });

  it('has the key it was given where that is not made of its names', async () => {
    const given = { taskName: 'load', idempotencyKey: 'order-17' };
    expect(outputOf(await harness.run('behaviour.whoAmI', {}, given))).toMatchObject({ idempotencyKey: 'order-17' });
  });

  it('counts progress as heartbeats', async () => {
    await harness.slots();
    const beaten = harness.hears('beaten');
    const key = harness.begin('behaviour.beat', { count: 3, progress: 4 });
    await beaten;
    expect(harness.executor.heartbeats(key)).toBe(7);
    harness.executor.stop(key, 10_000);
    await harness.sink.outcome(key);
  });

  it('counts heartbeats while it runs', async () => {
    await harness.slots();
    const beaten = harness.hears('beaten');
    const key = harness.begin('behaviour.beat', { count: 7 });
    await beaten;
    expect(harness.executor.heartbeats(key)).toBe(7);
    harness.executor.stop(key, 10_000);
    await harness.sink.outcome(key);
    expect(harness.executor.heartbeats(key)).toBeUndefined();
  });
});

describe('what an attempt says', () => {
  it('is heard in order and before its end, with few messages and the last progress', async () => {
    await using harness = await ThreadHarness.start();
    const outcome = await harness.run('behaviour.speak', { count: 500 });
    expect(outputOf(outcome)).toBe(500);
    const kinds = harness.sink.said.map(({ kind, text }) => `${kind} ${text}`);
    expect(kinds.slice(-4)).toEqual([
      'progress step 500',
      'log warn nearly done {"count":500}',
      'progress last',
      'settled completed',
    ]);
    expect(harness.sink.fractions.length).toBeLessThan(50);
    expect(harness.sink.fractions).toEqual([...harness.sink.fractions].sort((a, b) => a - b));
  });

  it('is heard before its end in each of many attempts on several threads', async () => {
    await using harness = await ThreadHarness.start({ threads: 2 });
    const runs = Array.from({ length: 300 }, () => harness.run('behaviour.speak', { count: 2 }));
    await Promise.all(runs);
    for (let key = 1; key <= 300; key += 1) {
      const said = harness.sink.said.filter(({ attemptKey }) => attemptKey === key).map(({ kind }) => kind);
      expect(said.at(-1)).toBe('settled');
      expect(said.at(-2)).toBe('progress');
      expect(said.filter((kind) => kind === 'log')).toHaveLength(1);
    }
  });

  it('arrives as a whole for hundreds of lines, and is cut with a count beyond all bounds', async () => {
    await using harness = await ThreadHarness.start();
    await harness.run('behaviour.chatter', { count: 900 });
    expect(harness.sink.said.filter(({ kind }) => kind === 'log')).toHaveLength(900);
    await harness.run('behaviour.chatter', { count: 400_000 });
    const logs = harness.sink.said.filter(({ attemptKey, kind }) => attemptKey === 2 && kind === 'log');
    const dropped = logs.map(({ text }) => Number(/^warn (\d+) log lines were dropped/.exec(text)?.[1] ?? 0));
    const droppedCount = dropped.reduce((sum, count) => sum + count, 0);
    expect(logs.length - dropped.filter((count) => count > 0).length + droppedCount).toBe(400_000);
  });

  it('is dropped when its attempt has ended', async () => {
    await using harness = await ThreadHarness.start();
    await harness.run('behaviour.keepContext');
    const output = outputOf(await harness.run('behaviour.useKeptContext'));
    expect(output).toEqual({ cancelled: true, aborted: false });
    expect(harness.sink.said.map(({ attemptKey, text }) => `${attemptKey} ${text}`)).toEqual([
      '1 completed',
      '2 info from here',
      '2 completed',
    ]);
  });
});

describe('a body that breaks its thread', () => {
  let harness: ThreadHarness;
  beforeAll(async () => {
    harness = await ThreadHarness.start({ heapLimitMb: 48 });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  it('fails with THREAD_EXITED and the exit code when it calls process.exit', async () => {
    const error = errorOf(await harness.run('behaviour.exitProcess', { code: 7 }));
    expect(error).toMatchObject({ code: 'THREAD_EXITED', retryable: true, details: { exitCode: 7, begun: true } });
  });

  it('fails with THREAD_EXITED when it exits as if all were well', async () => {
    const error = errorOf(await harness.run('behaviour.exitProcess', { code: 0 }));
    expect(error).toMatchObject({ code: 'THREAD_EXITED', details: { exitCode: 0 } });
  });

  it.each(['behaviour.throwInTimer', 'behaviour.rejectUnhandled'])(
    'fails with TASK_UNCAUGHT and the original as cause: %s',
    async (action) => {
      const error = errorOf(await harness.run(action));
      expect(error).toMatchObject({
        code: 'TASK_UNCAUGHT',
        cause: { name: 'QuotaError', code: 'QUOTA_EXHAUSTED', details: { limit: 5 } },
      });
    },
  );

  it.each(['arrays', 'objects', 'strings', 'json'])('fails at its heap limit, alone: %s', async (kind) => {
    const error = errorOf(await harness.run('behaviour.fillHeap', { with: kind }));
    expect(error).toMatchObject({ code: 'THREAD_OUT_OF_MEMORY', retryable: true, details: { heapLimitMb: 48 } });
    expect(outputOf(await harness.run('behaviour.giveBack', { value: 'well' }))).toBe('well');
  });

  it('costs one thread each time, whose end is told once and before the outcome', async () => {
    const exits = harness.host.exited.map(({ threadId }) => threadId);
    expect(new Set(exits).size).toBe(exits.length);
    expect(exits.length).toBe(8);
    expect(harness.host.started).toHaveLength(9);
    let toldAtExit: number | undefined;
    harness.host.onExit = () => {
      toldAtExit = harness.sink.said.length;
    };
    await harness.run('behaviour.exitProcess', { code: 1 });
    expect(harness.sink.said).toHaveLength((toldAtExit ?? Number.NaN) + 1);
  });
});

describe('code that an ended attempt left behind', () => {
  it('is reported with the name of its task and harms nobody', async () => {
    await using harness = await ThreadHarness.start();
    await harness.run('behaviour.leaveTimer', { ms: 1 }, { taskName: 'sloppy' });
    expect(outputOf(await harness.run('behaviour.pause', { ms: 30 }))).toBe('paused');
    expect(harness.host.exited).toEqual([]);
    expect(harness.warnings).toHaveLength(2);
    expect(harness.warnings.join()).toContain("task 'sloppy' of run run-1 has ended");
    expect(harness.warnings.join()).toContain('rejected and left behind');
  });
});

describe('modules of an attempt', () => {
  const nowhere = fileURLToPath(new URL('./fixtures/nowhere', import.meta.url));

  it('are found in the folders in order, in subfolders, and registered ones before all', async () => {
    const modules = new Map<string, string>();
    await using harness = await ThreadHarness.start({ tasksDirs: [nowhere, FIXTURE_TASKS], modules });
    expect(outputOf(await harness.run('nested/deep.run'))).toBe('deep');
    modules.set('special', pathToFileURL(`${FIXTURE_TASKS}/nested/deep.ts`).href);
    expect(outputOf(await harness.run('special.run'))).toBe('deep');
  });

  it('fail the attempt with a code that says what is wrong', async () => {
    await using harness = await ThreadHarness.start({ tasksDirs: [nowhere, FIXTURE_TASKS] });
    const missing = errorOf(await harness.run('absent.run'));
    expect(missing).toMatchObject({ code: 'MODULE_NOT_FOUND', details: { searched: [nowhere, FIXTURE_TASKS] } });
    const escaping = errorOf(await harness.run('x.run', {}, { module: '../tasks/behaviour' }));
    expect(escaping).toMatchObject({ code: 'MODULE_PATH_ESCAPES' });
    const broken = errorOf(await harness.run('broken.run'));
    expect(broken).toMatchObject({ code: 'MODULE_LOAD_FAILED', cause: { message: 'this module cannot be imported' } });
  });

  it.each(['missing', 'constructor', 'toString', '__proto__', 'notAFunction'])(
    'have no action %s, and the error lists those they have',
    async (action) => {
      await using harness = await ThreadHarness.start();
      const error = errorOf(await harness.run('nested/deep.x', {}, { action }));
      expect(error).toMatchObject({ code: 'ACTION_NOT_FOUND', details: { actions: ['run'] } });
    },
  );
});
