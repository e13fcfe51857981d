// The trace file: one causal order of actors, events and runs; what is damaged is named, what is cut is told; a replay of
// it shows a viewer the same as the run itself did.

import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWebSocketReceiver } from '@statelyai/inspect';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TraceEntry } from '../../src/inspect/trace-entries.ts';
import { type RecordedEngine, recordTrace } from '../../src/inspect/trace-file.ts';
import { readTrace } from '../../src/inspect/trace-reader.ts';
import { replayToStately } from '../../src/inspect/trace-replay.ts';
import type { RunHistory } from '../../src/journal/run-history.ts';
import { createTestEngine } from '../engine/support.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { FakeViewer } from './fake-viewer.ts';
import { endingsOf, runTwenty } from './traced-run.ts';

interface Recorded {
  readonly file: string;
  readonly history: RunHistory;
}

async function recordTwenty(taskMachine: 'compiled' | 'interpreted' = 'compiled'): Promise<Recorded> {
  const test = await createTestEngine({ taskMachine });
  const file = join(createTestFolder(), 'run.trace');
  const recording = await recordTrace(test.engine, file);
  const history = await runTwenty(test);
  await recording.close();
  await recording.close();
  expect(recording.dropped).toBe(0);
  return { file, history };
}

async function read(file: string): Promise<TraceEntry[]> {
  return await Array.fromAsync(readTrace(file));
}

type Of<Kind extends TraceEntry['kind']> = Extract<TraceEntry, { kind: Kind }>;
function ofKind<Kind extends TraceEntry['kind']>(entries: readonly TraceEntry[], kind: Kind): Of<Kind>[] {
  return entries.filter((entry): entry is Of<Kind> => entry.kind === kind);
}

describe.each(['compiled', 'interpreted'] as const)('the file of a %s run', (taskMachine) => {
  it('holds its actors, its events and its definition in one order', async () => {
    const { file, history } = await recordTwenty(taskMachine);
    const entries = await read(file);
    expect(entries[0]).toMatchObject({ kind: 'trace', version: 1, product: 'yardmaster' });
    expect(entries.at(-1)?.kind).toBe('trace-end');
    const runtime = ofKind(entries, 'runtime').map(({ event }) => event);
    expect(runtime.map(({ seq }) => seq)).toEqual(runtime.map((_, index) => (runtime[0]?.seq ?? 0) + index));

    const { runId } = history.record;
    const [run, ...others] = ofKind(entries, 'run');
    expect(others).toEqual([]);
    expect(run).toMatchObject({ runId, parameters: {}, createdAtMs: history.record.createdAtMs });
    expect(run?.definition?.steps).toHaveLength(20);
    const firstOfRun = ofKind(entries, 'runtime').find(({ event }) => event.runId === runId);
    expect(run?.seq).toBe((firstOfRun?.seq ?? 0) - 1);

    // What happens and what the actors say of it, in the order in which one follows from the other.
    const at = (matches: (entry: TraceEntry) => boolean) => entries.findIndex(matches);
    const started = at(
      (entry) => entry.kind === 'event' && entry.task === 'again1' && entry.event.type === 'task.start',
    );
    const told = at(
      (entry) => entry.kind === 'runtime' && entry.event.task === 'again1' && entry.event.type === 'task.started',
    );
    const ran = at(
      (entry) => entry.kind === 'snapshot' && entry.task === 'again1' && entry.snapshot.value === 'running',
    );
    expect([started, told, ran].every((index) => index > 0)).toBe(true);
    expect([started, told, ran]).toEqual([started, told, ran].toSorted((a, b) => a - b));
  });

  it('replayed, shows a viewer what the run itself did', async () => {
    const { file, history } = await recordTwenty(taskMachine);
    const replay = await replayToStately(file, { speed: Number.POSITIVE_INFINITY });
    onTestFinished(() => replay.close());
    const viewers = [new FakeViewer(), new FakeViewer()];
    const server = new URL('stream', replay.url.replace(/^http/, 'ws')).href;
    const seen = viewers.map((viewer) => {
      const all = Promise.withResolvers<void>();
      createWebSocketReceiver({ server }).subscribe((message) => {
        viewer.take(message);
        const run = [...viewer.actors.values()].find(({ machine }) => machine === 'workflow');
        if (run?.last.status === 'done') all.resolve();
      });
      return all.promise;
    });
    await Promise.all(seen);
    await replay.done;
    for (const viewer of viewers) expect(viewer.taskStates()).toEqual(endingsOf(history));
  });
});

describe('a replay', () => {
  it('keeps the pace that it is given', async () => {
    const { file } = await recordTwenty();
    const entries = await read(file);
    const lastMs = ofKind(entries, 'snapshot').at(-1)?.t ?? 0;
    const replay = await replayToStately(file, { speed: 0.5 });
    onTestFinished(() => replay.close());
    const startMs = performance.now();
    createWebSocketReceiver({ server: new URL('stream', replay.url.replace(/^http/, 'ws')).href });
    await replay.done;
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(2 * lastMs);
    await expect(replayToStately(file, { speed: 0 })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
  });

  it('of a file that is none, or is not there, is refused at once', async () => {
    const file = join(createTestFolder(), 'none');
    await expect(replayToStately(file)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    writeFileSync(file, 'hello\n');
    await expect(replayToStately(file)).rejects.toMatchObject({ code: 'TRACE_INVALID' });
  });
});

describe('reading a trace', () => {
  it('tells a last line that was cut, and gives all that stands before it', async () => {
    const { file } = await recordTwenty();
    const whole = await read(file);
    const text = readFileSync(file, 'utf8');
    for (const cut of [1, 20, 21]) {
      truncateSync(file, Buffer.byteLength(text) - cut);
      const entries = await read(file);
      expect(entries.at(-1)).toEqual({ kind: 'cut', line: entries.length });
      expect(entries.slice(0, -1)).toEqual(whole.slice(0, entries.length - 1));
    }
    // Killed between two lines: nothing is cut, and the end is not there.
    writeFileSync(file, text.split('\n').slice(0, -2).concat('').join('\n'));
    expect(await read(file)).toEqual(whole.slice(0, -1));
  });

  it('names the file and the line of what is damaged', async () => {
    const { file } = await recordTwenty();
    const lines = readFileSync(file, 'utf8').split('\n');
    const damages: [string, string[], number][] = [
      ['no JSON', lines.with(4, '{"kind":"event",'), 5],
      ['an unknown kind', lines.with(4, '{"kind":"nothing","seq":4,"t":1}'), 5],
      ['a field of a wrong kind', lines.with(4, '{"kind":"end","seq":"4","t":1,"actor":"x:1","status":"done"}'), 5],
      ['a missing line', lines.toSpliced(7, 1), 8],
      ['a line twice', lines.toSpliced(7, 0, lines[6] ?? ''), 8],
      ['two traces in one', [...lines.slice(0, -1), ...lines], lines.length],
      ['no begin', lines.slice(1), 1],
      ['nothing', [], 1],
      ['an empty line', lines.toSpliced(3, 0, ''), 4],
      ['half a header', ['{"kind":"trace","ver'], 1],
    ];
    for (const [name, damaged, line] of damages) {
      writeFileSync(file, damaged.join('\n'));
      await expect(read(file), name).rejects.toMatchObject({
        code: 'TRACE_INVALID',
        message: expect.stringContaining(`run.trace:${line} `),
        details: { file, line },
      });
    }
    writeFileSync(file, Buffer.concat([Buffer.from(`${lines[0]}\n`), Buffer.from([0xff, 0xfe, 0x0a])]));
    await expect(read(file)).rejects.toMatchObject({ code: 'TRACE_INVALID', details: { line: 2 } });
    writeFileSync(file, (lines[0] ?? '').replace('"version":1', '"version":2').concat('\n'));
    await expect(read(file)).rejects.toThrow(/it is of version 2, this program reads 1; use a newer one/);
  });

  it('reads a file that still grows as far as it goes', async () => {
    const { file } = await recordTwenty();
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, `${lines.slice(0, 10).join('\n')}\n`);
    expect(await read(file)).toHaveLength(10);
    appendFileSync(file, `${lines.slice(10, 12).join('\n')}\n`);
    expect(await read(file)).toHaveLength(12);
  });
});

describe('recording', () => {
  it('joins in the middle: the run under way with its definition, its actors as late', async () => {
    const test = await createTestEngine();
    const file = join(createTestFolder(), 'run.trace');
    let recording: Promise<{ close(): Promise<void> }> | undefined;
    const history = await runTwenty(test, () => {
      recording = recordTrace(test.engine, file);
    });
    await (await recording)?.close();
    const entries = await read(file);
    expect(ofKind(entries, 'run')).toMatchObject([{ runId: history.record.runId, definition: { name: 'twenty' } }]);
    expect(ofKind(entries, 'actor').filter(({ late }) => late).length).toBeGreaterThan(0);
  });

  it('writes no more than its bound, counts what is missing, and holds nobody up', async () => {
    const test = await createTestEngine();
    const file = join(createTestFolder(), 'run.trace');
    const recording = await recordTrace(test.engine, file, { maxWaitingCharacters: 20_000 });
    const steps = Array.from({ length: 500 }, (_, index) => ({ name: `s${index}`, module: 'core', action: 'noop' }));
    test.engine.workflows.createWorkflow('many', steps);
    expect(await test.engine.executeWorkflow('many')).toMatchObject({ status: 'completed' });
    await recording.close();
    expect(recording.dropped).toBeGreaterThan(0);
    const entries = await read(file);
    const missing = ofKind(entries, 'dropped').reduce((sum, { count }) => sum + count, 0);
    expect(missing).toBe(recording.dropped);
    expect(entries.at(-1)?.kind).toBe('trace-end');
  });

  it('keeps long outputs out of the file, and a run with endless retries in it', async () => {
    const test = await createTestEngine();
    const file = join(createTestFolder(), 'run.trace');
    const recording = await recordTrace(test.engine, file);
    test.engine.registerInlineTask('long', 'text', async () => 'x'.repeat(5_000_000));
    const retry = { maxAttempts: Number.POSITIVE_INFINITY, initialIntervalMs: 1 };
    test.engine.workflows.createWorkflow('long', [{ name: 'long', module: 'long', action: 'text', retry }]);
    await test.engine.executeWorkflow('long');
    await recording.close();
    expect(readFileSync(file).byteLength).toBeLessThan(200_000);
    const [run] = ofKind(await read(file), 'run');
    expect(run?.definition).toEqual(test.engine.getRunDefinition(run?.runId ?? ''));
    expect(run?.definition?.steps[0]?.retry.maxAttempts).toBe(Number.POSITIVE_INFINITY);
  });

  it.skipIf(process.platform === 'win32')(
    'refuses a named pipe that nobody reads, where opening it would wait for ever (skipped on Windows)',
    async () => {
      const { engine } = await createTestEngine();
      const pipe = join(createTestFolder(), 'pipe');
      expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
      await expect(recordTrace(engine, pipe)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
    },
  );

  it('refuses a file that cannot be made, and says once when it cannot be written any more', async () => {
    const { engine } = await createTestEngine();
    const missing = join(createTestFolder(), 'no', 'such', 'folder');
    await expect(recordTrace(engine, missing)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
    if (!existsSync('/dev/full')) return;
    const warnings: string[] = [];
    const recordings = [
      await recordTrace(engine, '/dev/full', { onWarning: (message) => warnings.push(message) }),
      await recordTrace(engine, '/dev/full'),
    ];
    engine.workflows.createWorkflow('one', [{ name: 'one', module: 'core', action: 'noop' }]);
    expect(await engine.executeWorkflow('one')).toMatchObject({ status: 'completed' });
    await recordings[0]?.close();
    expect(warnings).toEqual([expect.stringContaining('/dev/full')]);
    await expect(recordings[1]?.close()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });

  it('takes a journal that cannot be read as a run without a graph', async () => {
    const { engine } = await createTestEngine();
    const file = join(createTestFolder(), 'run.trace');
    const blind: RecordedEngine = {
      inspect: (observer) => engine.inspect(observer),
      liveActors: () => engine.liveActors(),
      taskOfKey: (key) => engine.taskOfKey(key),
      registerEventHandler: (type, handler) => engine.registerEventHandler(type, handler),
      getRunDefinition: (runId) => engine.getRunDefinition(runId),
      getRunHistory: () => {
        throw new Error('damaged');
      },
    };
    const recording = await recordTrace(blind, file);
    engine.workflows.createWorkflow('one', [{ name: 'one', module: 'core', action: 'noop' }]);
    await engine.executeWorkflow('one');
    await recording.close();
    const entries = await read(file);
    expect(ofKind(entries, 'run')).toEqual([]);
    expect(ofKind(entries, 'runtime').map(({ event }) => event.type)).not.toContain('handler.failed');
  });
});
