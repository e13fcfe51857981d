// Owns the tests of the log: what stands in its lines, which levels are written, and that neither a slow nor a broken
// destination reaches the engine.

import { spawnSync } from 'node:child_process';
import { constants, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { EVENT_TYPES } from '../../src/domain/events.ts';
import { DROPPED_LINE, EVENT_LEVELS, EVENT_LOG_LEVELS, logEvents } from '../../src/inspect/event-log.ts';
import { createTestEngine, seen, type TestEngine } from '../engine/support.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { runTwenty } from './traced-run.ts';

const lineSchema = z
  .object({
    level: z.enum(EVENT_LOG_LEVELS),
    event: z.string(),
    msg: z.string(),
    time: z.iso.datetime().optional(),
    seq: z.number().optional(),
    sessionId: z.string().optional(),
    runId: z.string().optional(),
    task: z.string().optional(),
    taskId: z.string().optional(),
    resourceId: z.string().optional(),
    data: z.record(z.string(), z.unknown()).optional(),
    dropped: z.number().optional(),
  })
  .strict();

function linesOf(text: string): z.infer<typeof lineSchema>[] {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => lineSchema.parse(JSON.parse(line)));
}

/** A stream that holds its first write, and with it all that follow, until it is let go. */
function heldStream() {
  const chunks: string[] = [];
  let release: (() => void) | undefined;
  let isHeld = true;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      if (isHeld) release = () => done();
      else done();
    },
  });
  return {
    stream,
    text: () => chunks.join(''),
    letGo: () => {
      isHeld = false;
      release?.();
    },
  };
}

function openStream() {
  const held = heldStream();
  held.letGo();
  return held;
}

async function oneTask({ engine }: TestEngine): Promise<void> {
  await engine.waitForTask(
    engine.submitTask({ name: 'one', module: 'core', action: 'echo', parameters: { message: 'm' } }),
  );
}

describe('a log', () => {
  it('has a line for each event of its level and above, in order, with the ids of its subject', async () => {
    const test = await createTestEngine();
    const file = join(createTestFolder(), 'run.log');
    const log = logEvents(test.engine, { file, level: 'trace' });
    await runTwenty(test);
    await log.close();
    const lines = linesOf(readFileSync(file, 'utf8'));
    expect(lines.map(({ seq }) => seq)).toEqual(test.events.slice(0, lines.length).map(({ seq }) => seq));
    expect(lines.length).toBeGreaterThan(60);
    for (const [index, line] of lines.entries()) {
      const event = test.events[index];
      expect(line).toMatchObject({ event: event?.type, time: event?.at });
      for (const id of ['sessionId', 'runId', 'task', 'taskId', 'resourceId'] as const)
        expect(line[id]).toBe(event?.[id]);
    }
    expect(log.dropped).toBe(0);
  });

  it('says why in words, and leaves outputs and parameters out', async () => {
    const test = await createTestEngine();
    const { stream, text } = openStream();
    const log = logEvents(test.engine, { stream });
    await runTwenty(test);
    await log.close();
    const lines = linesOf(text());
    const failed = lines.find(({ event, task }) => event === 'task.failed' && task === 'never');
    expect(failed).toMatchObject({ level: 'error', msg: 'task.failed: never says no', data: { attempt: 2 } });
    expect(lines.find(({ event }) => event === 'workflow.started')?.data).not.toHaveProperty('parameters');
    const completed = lines.filter(({ event }) => event === 'task.completed');
    expect(completed.length).toBeGreaterThan(0);
    for (const { data } of completed)
      expect(Object.keys(data ?? {}).sort()).toEqual(['attempt', 'durationMs', 'threadId']);
    expect(text()).not.toContain('number 7');
    expect(stream.writableEnded).toBe(false);
  });

  it('gives what a body says the level that the body gave it', async () => {
    const test = await createTestEngine();
    test.engine.registerInlineTask('talk', 'all', (_parameters, context) => {
      for (const level of ['debug', 'info', 'warn', 'error'] as const)
        context.log(level, `said "${level}"\nhere`, { level });
    });
    const levels = async (level: 'debug' | 'warn') => {
      const { stream, text } = openStream();
      const log = logEvents(test.engine, { stream, level });
      await test.engine.waitForTask(test.engine.submitTask({ name: 'talk', module: 'talk', action: 'all' }));
      await log.close();
      return linesOf(text())
        .filter(({ event }) => event === 'task.log')
        .map((line) => [line.level, line.msg]);
    };
    const said = (level: string) => [level, `said "${level}"\nhere`];
    expect(await levels('debug')).toEqual(['debug', 'info', 'warn', 'error'].map(said));
    expect(await levels('warn')).toEqual(['warn', 'error'].map(said));
  });

  it('knows a level for every event', () => {
    expect(Object.keys(EVENT_LEVELS).sort()).toEqual([...EVENT_TYPES].sort());
  });

  it('listens to nothing that is below its level, and to nothing after it is closed', async () => {
    const test = await createTestEngine();
    const types: string[] = [];
    let open = 0;
    const log = logEvents(
      {
        registerEventHandler: (type, handler) => {
          types.push(type);
          open++;
          const stop = test.engine.registerEventHandler(type, handler);
          return () => {
            open--;
            stop();
          };
        },
      },
      { stream: openStream().stream, level: 'fatal' },
    );
    expect(types.sort()).toEqual(['journal.failed', 'supervisor.gave-up', 'task.log']);
    await log.close();
    await log.close();
    expect(open).toBe(0);
  });

  it('is added to a file that is there', async () => {
    const test = await createTestEngine();
    const file = join(createTestFolder(), 'run.log');
    writeFileSync(file, 'before\n');
    const log = logEvents(test.engine, { file });
    await oneTask(test);
    await log.close();
    const [first, ...others] = readFileSync(file, 'utf8').split('\n');
    expect(first).toBe('before');
    expect(linesOf(others.join('\n')).map(({ event }) => event)).toEqual(['task.started', 'task.completed']);
  });
});

describe('a log with a slow reader', () => {
  it('keeps no more than its bound, and tells how many lines are missing where they are missing', async () => {
    const test = await createTestEngine();
    const { stream, text, letGo } = heldStream();
    const log = logEvents(test.engine, { stream, level: 'info', maxWaitingBytes: 2_000 });
    for (let i = 0; i < 30; i++) await oneTask(test);
    expect(stream.writableLength).toBeLessThanOrEqual(2_000);
    const { dropped } = log;
    expect(dropped).toBeGreaterThan(20);
    letGo();
    await new Promise((resolve) => stream.write('', resolve));
    await oneTask(test);
    await log.close();
    const lines = linesOf(text());
    const notice = lines.findIndex(({ event }) => event === DROPPED_LINE);
    expect(lines[notice]).toMatchObject({ level: 'warn', dropped });
    expect(lines.slice(notice + 1).map(({ event }) => event)).toEqual(['task.started', 'task.completed']);
    expect(lines.length - 1 + dropped).toBe(2 * 31);
  });
});

describe('a log that cannot be written', () => {
  it.each([
    ['a folder that is not there', () => join(createTestFolder(), 'none/run.log')],
    ['a folder', () => createTestFolder()],
    [
      'a pipe that nobody reads',
      () => {
        const pipe = join(createTestFolder(), 'pipe');
        expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
        return pipe;
      },
    ],
  ])('is refused at once: %s', async (_, fileOf) => {
    const { engine } = await createTestEngine();
    const file = fileOf();
    expect(() => logEvents(engine, { file })).toThrow(expect.objectContaining({ code: 'FILE_UNWRITABLE' }));
  });

  it.skipIf(process.platform === 'win32')(
    'waits in a named pipe for a reader that is slow, and loses nothing (skipped on Windows)',
    async () => {
      const { engine } = await createTestEngine();
      const pipe = join(createTestFolder(), 'pipe');
      expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
      const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
      const log = logEvents(engine, { file: pipe });
      // More than a pipe holds; nobody reads yet.
      const steps = Array.from({ length: 500 }, (_, index) => ({ name: `t${index}`, module: 'core', action: 'noop' }));
      engine.workflows.createWorkflow('many', steps);
      await engine.executeWorkflow('many');
      const [written] = await Promise.all([text(new Socket({ fd: reader, writable: false })), log.close()]);
      expect(written.length).toBeGreaterThan(65_536);
      expect(written.match(/"event":"task.completed"/g)).toHaveLength(500);
      expect(log.dropped).toBe(0);
    },
  );

  it('needs exactly one place', async () => {
    const { engine } = await createTestEngine();
    expect(() => logEvents(engine, {})).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
    const both = { file: join(createTestFolder(), 'x'), stream: openStream().stream };
    expect(() => logEvents(engine, both)).toThrow(expect.objectContaining({ code: 'ARGUMENT_INVALID' }));
    expect(existsSync(both.file)).toBe(false);
  });

  it.skipIf(!existsSync('/dev/full'))(
    'ends on a full disk, while the run goes on (skipped where there is no /dev/full)',
    async () => {
      const test = await createTestEngine();
      const warnings: string[] = [];
      const log = logEvents(test.engine, { file: '/dev/full', onWarning: (message) => warnings.push(message) });
      const silent = logEvents(test.engine, { file: '/dev/full' });
      const history = await runTwenty(test);
      expect(history.record.status).toBe('failed');
      await log.close();
      expect(warnings).toEqual([expect.stringMatching(/^log file '\/dev\/full' cannot be written any more: .*ENOSPC/)]);
      await expect(silent.close()).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
      expect(test.events.filter(({ type }) => type === 'handler.failed')).toEqual([]);
    },
  );

  it('ends when its reader is gone, and what is said of that may throw', async () => {
    const test = await createTestEngine();
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const warned = Promise.withResolvers<string>();
    const log = logEvents(test.engine, {
      stream,
      onWarning: (message) => {
        warned.resolve(message);
        throw new Error('nobody to warn');
      },
    });
    await oneTask(test);
    expect(await warned.promise).toBe('the stream of the log cannot be written any more: write EPIPE');
    await oneTask(test);
    await log.close();
    expect(test.events.filter(({ type }) => type === 'handler.failed')).toEqual([]);
  });

  it('leaves out an event that cannot be written down, and counts it', async () => {
    const test = await createTestEngine();
    const { stream, text } = openStream();
    const handlers = new Map<string, (event: never) => void>();
    const log = logEvents(
      {
        registerEventHandler: (type, handler) => {
          handlers.set(type, handler);
          return () => {};
        },
      },
      { stream },
    );
    await oneTask(test);
    const event = await seen(test, ({ type }) => type === 'task.completed');
    const hostile = {
      get attempt(): number {
        throw new Error('a getter that throws');
      },
    };
    handlers.get('task.completed')?.({ ...event, data: hostile } as never);
    handlers.get('task.completed')?.(event as never);
    await log.close();
    expect(log.dropped).toBe(1);
    expect(linesOf(text()).map(({ event: name }) => name)).toEqual([DROPPED_LINE, 'task.completed']);
  });
});

it('a log that is closed while its engine goes on leaves no listener on a stream that is not its own', async () => {
  const test = await createTestEngine();
  const { stream } = openStream();
  onTestFinished(() => void stream.destroy());
  const before = stream.eventNames().length;
  const log = logEvents(test.engine, { stream });
  await oneTask(test);
  await log.close();
  expect(stream.listenerCount('error')).toBe(0);
  expect(stream.listenerCount('close')).toBe(0);
  expect(stream.eventNames()).toHaveLength(before);
});
