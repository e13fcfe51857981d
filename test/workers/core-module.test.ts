// The built-in actions, on real threads with real child processes.

import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../src/domain/json-value.ts';
import { errorOf, outputOf, ThreadHarness } from './executor-harness.ts';

let harness: ThreadHarness;
beforeAll(async () => {
  harness = await ThreadHarness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

const failure = async (action: string, parameters: JsonObject) => errorOf(await harness.run(action, parameters));
const output = async (action: string, parameters: JsonObject) => outputOf(await harness.run(action, parameters));

describe('core', () => {
  it('noop gives nothing, echo its message', async () => {
    expect(await output('core.noop', {})).toBeNull();
    expect(await output('core.echo', { message: { any: ['thing', 1] } })).toEqual({ any: ['thing', 1] });
  });

  it('sleep takes its time and burn keeps the processor busy for as long', async () => {
    const startedAtMs = performance.now();
    await output('core.sleep', { duration: 0.05 });
    expect(await output('core.burn', { ms: 50 })).toMatchObject({ ms: 50 });
    expect(performance.now() - startedAtMs).toBeGreaterThan(95);
  });

  it.each(['core.sleep', 'core.burn'])('%s ends when it is stopped, and the thread stays', async (action) => {
    await harness.slots();
    const key = harness.begin(action, { duration: 1_000, ms: 1_000_000 });
    harness.executor.stop(key, 60_000);
    expect(await harness.sink.outcome(key)).toMatchObject({ kind: 'stopped', killed: false });
  });

  it('command counts what its child prints as heartbeats, and a silent child has none', async () => {
    await harness.slots();
    // Prints three times, each long enough after the last to be heard apart, then waits to be stopped.
    const script = 'let n = 0; setInterval(() => { if (n++ < 3) console.log(n); }, 50)';
    const key = harness.begin('core.command', { command: process.execPath, args: ['-e', script] });
    await vi.waitFor(() => expect(harness.executor.heartbeats(key)).toBeGreaterThanOrEqual(3), { timeout: 10_000 });
    harness.executor.stop(key, 60_000);
    await harness.sink.outcome(key);
    await harness.slots();
    const silent = harness.begin('core.command', {
      command: process.execPath,
      args: ['-e', 'setInterval(() => {}, 9)'],
    });
    await vi.waitFor(() => expect(harness.executor.heartbeats(silent)).toBe(0));
    harness.executor.stop(silent, 60_000);
    await harness.sink.outcome(silent);
  });

  it('fail fails as often as it is told', async () => {
    const run = (attempt: number) => harness.run('core.fail', { message: 'no', times: 2 }, { attempt });
    expect(errorOf(await run(1))).toMatchObject({ code: 'TASK_FAILED', message: 'no' });
    expect(errorOf(await run(2))).toMatchObject({ code: 'TASK_FAILED', details: { attempt: 2 } });
    expect(outputOf(await run(3))).toEqual({ attempt: 3 });
    expect(errorOf(await harness.run('core.fail', {}, { attempt: 99 })).code).toBe('TASK_FAILED');
  });

  it.each([
    ['core.echo', {}, 'message'],
    ['core.sleep', { duration: -1 }, 'duration'],
    ['core.sleep', { duration: 1e10 }, 'duration'],
    ['core.sleep', { duration: '1' }, 'duration'],
    ['core.burn', {}, 'ms'],
    ['core.fail', { times: 0.5 }, 'times'],
    ['core.command', { command: '' }, 'command'],
    ['core.command', { command: 'ls', args: 'a' }, 'args'],
    ['core.command', { command: 'ls', timeout: 0 }, 'timeout'],
  ])('%s refuses %j', async (action, parameters, name) => {
    const error = await failure(action, parameters);
    expect(error).toMatchObject({ code: 'PARAMETER_INVALID', retryable: false });
    expect(error.message).toContain(name);
  });
});

describe('core.command', () => {
  it('gives exit code and output, with its own folder and environment, and passes arguments unchanged', async () => {
    const cwd = realpathSync(tmpdir());
    const script = 'pwd; printf "%s|" "$@" "$COLOUR"; echo oops >&2';
    const args = ['-c', script, 'sh', '$HOME', 'a b', '; exit 9'];
    const result = await output('core.command', { command: 'sh', args, cwd, env: { COLOUR: 'red' } });
    expect(result).toMatchObject({ exitCode: 0, signal: null, stderr: 'oops\n' });
    expect(result).toMatchObject({ stdout: `${cwd}\n$HOME|a b|; exit 9|red|`, durationMs: expect.any(Number) });
  });

  it('fails with the exit code and the last line of stderr', async () => {
    const error = await failure('core.command', {
      command: 'sh',
      args: ['-c', 'echo first >&2; echo last >&2; exit 3'],
    });
    expect(error).toMatchObject({ code: 'COMMAND_FAILED', retryable: true, details: { exitCode: 3, signal: null } });
    expect(error.message).toContain('ended with code 3: last');
  });

  it('fails with the signal that ended it', async () => {
    const error = await failure('core.command', { command: 'sh', args: ['-c', 'kill -9 $$'] });
    expect(error).toMatchObject({ code: 'COMMAND_FAILED', details: { exitCode: null, signal: 'SIGKILL' } });
  });

  it('says what to do when there is no such program or folder', async () => {
    const noProgram = await failure('core.command', { command: 'no-such-program-here' });
    expect(noProgram).toMatchObject({ code: 'COMMAND_FAILED', retryable: false });
    expect(noProgram.message).toContain('there is no such program; install it');
    const noFolder = await failure('core.command', { command: 'ls', cwd: '/no/such/folder' });
    expect(noFolder.message).toContain("its cwd '/no/such/folder' does not exist");
    const forbidden = await failure('core.command', { command: '/etc/passwd' });
    expect(forbidden.message).toContain('may not be executed');
    const impossible = await failure('core.command', { command: 'ls', args: ['a\0b'] });
    expect(impossible.code).toBe('COMMAND_FAILED');
  });

  it('is ended with all its descendants when its time is over, even when they ignore SIGTERM', async () => {
    const script = 'trap "" TERM; echo started; (trap "" TERM; sleep 1000) & wait; sleep 1000';
    const error = await failure('core.command', { command: 'sh', args: ['-c', script], timeout: 0.2 });
    expect(error).toMatchObject({ code: 'COMMAND_TIMEOUT', details: { stdout: 'started\n', signal: 'SIGKILL' } });
  });

  it('keeps the last megabyte of each output and counts the rest', async () => {
    const script = 'head -c 3000000 /dev/zero | tr "\\0" a; echo the end';
    const result = await output('core.command', { command: 'sh', args: ['-c', script] });
    expect(result).toMatchObject({ droppedBytes: { stdout: 3_000_008 - 1_048_576, stderr: 0 } });
    expect(result).toMatchObject({ stdout: expect.stringMatching(/^a+the end\n$/) });
  });

  it('does not wait for a grandchild that keeps the output open', async () => {
    const startedAtMs = performance.now();
    const result = await output('core.command', { command: 'sh', args: ['-c', 'sleep 20 & echo done'] });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'done\n' });
    expect(performance.now() - startedAtMs).toBeLessThan(15_000);
  });
});
