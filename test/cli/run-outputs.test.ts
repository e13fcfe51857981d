// Owns the tests of the three views over a stream: what each writes for events, and that none breaks over what tasks print.

import { expect, onTestFinished, test } from 'vitest';
import { JsonOutput } from '../../src/cli/json-output.ts';
import { LiveOutput } from '../../src/cli/live-output.ts';
import { PlainOutput } from '../../src/cli/plain-output.ts';
import { viewKind } from '../../src/cli/run-output.ts';
import { createRunViewState, reduceRunView } from '../../src/cli/run-view-state.ts';
import { ShellStream } from '../../src/cli/shell-stream.ts';
import { PLAIN_STYLER } from '../../src/cli/text-style.ts';
import { MemoryStream } from './memory-stream.ts';
import { eventMaker } from './runtime-events.ts';

const GAUGES = { threadsBusy: 1, threads: 2, capacity: [] };

test('the plain view has a line for each start, end and log, and few for progress', () => {
  const stream = new MemoryStream();
  const output = new PlainOutput(new ShellStream(stream));
  const event = eventMaker();
  const state = createRunViewState('flow', 2);
  const happen = (...args: Parameters<typeof event>): void => {
    const happened = event(...args);
    output.onEvent(happened, state);
    reduceRunView(state, happened);
  };
  happen('workflow.started', 0);
  happen('task.started', 100, 'a', { attempt: 1 });
  for (let ms = 200; ms < 11_000; ms += 100) happen('task.progress', ms, 'a', { fraction: ms / 11_000, message: 'm' });
  happen('task.log', 11_000, 'a', { level: 'info', message: 'almost\u001b[2J' });
  happen('task.completed', 11_100, 'a', { durationMs: 11_000 });
  happen('task.skipped', 11_100, 'b', { code: 'CONDITION_FALSE', reason: 'its run_if is false' });
  expect(stream.lines).toEqual([
    '   0.00 s  run        flow run-1 started, 2 tasks',
    '   0.10 s  started    a',
    '    5.1 s  progress   a 46% m',
    '   10.1 s  progress   a 91% m',
    '   11.0 s  log        a info: almost',
    '   11.1 s  completed  a in 11.0 s',
    '   11.1 s  skipped    b: its run_if is false',
  ]);
});

test('what the shell itself says in the plain view carries the time at which it is said', () => {
  const stream = new MemoryStream();
  const event = eventMaker();
  const started = event('workflow.started', 0);
  const output = new PlainOutput(new ShellStream(stream), { now: () => Date.parse(started.at) + 2_500 });
  const state = createRunViewState('flow', 1);
  output.onEvent(started, state);
  reduceRunView(state, started);
  output.onEvent(event('task.started', 10, 'a'), state);
  output.notice('SIGTERM: no new task starts');
  expect(stream.lines.at(-1)).toBe('    2.5 s  notice     SIGTERM: no new task starts');
});

test('the JSON view writes events as they are, and what tasks print goes to stderr', () => {
  const stdout = new MemoryStream();
  const stderr = new MemoryStream();
  const output = new JsonOutput(new ShellStream(stdout), new ShellStream(stderr));
  const event = eventMaker();
  const events = [event('task.started', 0, 'a', { attempt: 1 }), event('task.log', 1, 'a', { fields: { n: 1n } })];
  for (const happened of events) output.onEvent(happened);
  stdout.write('printed by a task\n');
  output.close();
  stdout.write('after\n');
  expect(stdout.lines.slice(0, 2).map((line) => JSON.parse(line))).toEqual([
    events[0],
    { ...events[1], data: { fields: { n: '1' } } },
  ]);
  expect(stdout.lines[2]).toBe('after');
  expect(stderr.written).toBe('printed by a task\n');
});

test('the live view scrolls what tasks print line by line, and gives the terminal back with its cursor', () => {
  const terminal = new MemoryStream(60);
  const stream = new ShellStream(terminal);
  const event = eventMaker();
  const state = createRunViewState('flow', 2);
  const output = new LiveOutput(stream, new ShellStream(new MemoryStream()), state, () => GAUGES, PLAIN_STYLER);
  onTestFinished(() => output.close());
  reduceRunView(state, event('workflow.started', 0));
  terminal.write('half a ');
  terminal.write(new TextEncoder().encode('line ✓\nand the rest'));
  const failed = event('task.failed', 50, 'a', { error: { name: 'E', message: 'bad', code: 'X', retryable: false } });
  output.onEvent(failed, state);
  reduceRunView(state, failed);
  output.notice('draining');
  expect(terminal.text).toContain('half a line ✓\n✗ a: X E: bad\n! draining\n');
  expect(terminal.text).toContain('flow ');
  expect(terminal.text).not.toContain('and the rest');
  output.close();
  output.close();
  expect(terminal.text.trimEnd()).toMatch(/and the rest$/);
  expect(terminal.written.endsWith('\u001b[?25h')).toBe(true);
  terminal.write('mine again');
  expect(terminal.written.endsWith('mine again')).toBe(true);
});

test('a reader that left is told once and nothing is thrown; a full disk is kept as a fault', async () => {
  const { Writable } = await import('node:stream');
  for (const [code, isFault] of [
    ['EPIPE', false],
    ['ENOSPC', true],
  ] as const) {
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(`write ${code}`), { code })),
    });
    const stream = new ShellStream(broken);
    let gone = 0;
    const left = new Promise<void>((resolve) => {
      stream.onGone(() => {
        gone += 1;
        resolve();
      });
    });
    stream.line('first');
    await left;
    stream.line('second');
    expect([gone, stream.fault !== undefined]).toEqual([1, isFault]);
  }
});

test('a live view is for people at a terminal only', () => {
  expect(viewKind(true, false, { TERM: 'xterm' })).toBe('live');
  expect(viewKind(true, true, { TERM: 'xterm' })).toBe('json');
  expect(viewKind(true, false, { TERM: 'dumb' })).toBe('plain');
  expect(viewKind(true, false, { TERM: 'xterm', CI: 'true' })).toBe('plain');
  expect(viewKind(true, false, { TERM: 'xterm', CI: 'false' })).toBe('live');
  expect(viewKind(false, false, {})).toBe('plain');
});
