// Tests `yardmaster mcp` as a process: what is on stdout, how it ends, what it refuses.

import { describe, expect, it } from 'vitest';
import { yardmaster } from '../cli/bin.ts';
import { coreStep, workFolder } from '../cli/work-folder.ts';
import { call, startMcp } from './stdio-client.ts';

/** Prints in every way there is, also past the process's own streams. */
const NOISY_MODULE = `
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
export function shout() {
  console.log('NOISE of the console');
  process.stdout.write('NOISE of the stream\\n');
  writeSync(1, 'NOISE of the descriptor\\n');
  spawnSync('echo', ['NOISE of a program'], { stdio: 'inherit' });
  return 'done';
}
`;
const STEPS = [coreStep('a', 'sleep', { parameters: { duration: 60 } })];

describe('yardmaster mcp over stdio', () => {
  it('writes nothing but the protocol to stdout, whatever tasks print', async () => {
    const folder = workFolder({ 'tasks/noisy.ts': NOISY_MODULE });
    const server = startMcp(folder);
    expect((await server.greet()).result).toMatchObject({ serverInfo: { name: 'yardmaster' } });
    const done = await server.ask('tools/call', call('execute_task', { name: 'n', module: 'noisy', action: 'shout' }));
    expect(done.result?.structuredContent).toMatchObject({ status: 'completed', output: 'done' });
    for (const source of ['console', 'stream', 'descriptor', 'program'])
      await server.tells(`NOISE of ${source === 'program' ? 'a' : 'the'} ${source}`);
    server.child.stdin?.end();
    const { code, stdout } = await server.end;
    expect(code).toBe(0);
    expect(stdout).not.toContain('NOISE');
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
  });

  it('ends tasks that print while nobody reads stderr, and says what was dropped', async () => {
    const flood =
      "export function flood() { for (let i = 0; i < 20_000; i++) console.log('x'.repeat(200)); return 'done'; }";
    const server = startMcp(
      workFolder({ 'tasks/loud.ts': `${flood}\nexport const hush = () => console.error('hush');\n` }),
    );
    await server.greet();
    server.child.stderr?.pause();
    const loud = call('execute_task', { name: 'l', module: 'loud', action: 'flood' });
    expect((await server.ask('tools/call', loud)).result?.structuredContent).toMatchObject({ output: 'done' });
    server.child.stderr?.resume();
    await server.ask('tools/call', call('execute_task', { name: 'h', module: 'loud', action: 'hush' }));
    await server.tells('characters of output were dropped: nobody read them');
    await server.tells('hush');
  });

  it('answers lines that are no messages, refuses one of 100 MB, and goes on', async () => {
    const server = startMcp(workFolder({}));
    await server.greet();
    server.send('garbage');
    server.send('{"jsonrpc":"2.0"}');
    const chunk = Buffer.alloc(4 * 1024 * 1024, 0x61);
    for (let sent = 0; sent < 100 * 1024 * 1024; sent += chunk.length) {
      if (server.child.stdin?.write(chunk) === false)
        await new Promise((resolve) => server.child.stdin?.once('drain', resolve));
    }
    server.send('');
    expect((await server.ask('ping')).result).toEqual({});
    const codes = server.answers().flatMap(({ id, error }) => (id === null && error !== undefined ? [error.code] : []));
    expect(codes).toEqual([-32_700, -32_600, -32_600]);
    server.child.stdin?.end();
    expect((await server.end).code).toBe(0);
  });

  it('ends when the client leaves, and the next one goes on with the run that was under way', async () => {
    const folder = workFolder({ 'config/workflows/production/long.json': { name: 'long', steps: STEPS } });
    const first = startMcp(folder);
    await first.greet();
    first.send({
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: call('execute_workflow', { workflow_name: 'long', run_id: 'r1' }),
    });
    const running = async (server: typeof first): Promise<void> => {
      for (;;) {
        const { result } = await server.ask('tools/call', call('get_run', { run_id: 'r1' }));
        if (JSON.stringify(result?.structuredContent ?? '').includes('"running"')) return;
      }
    };
    await running(first);
    first.child.stdin?.end();
    expect((await first.end).code).toBe(0);
    const { stdout } = await yardmaster(['runs', '--json'], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ runId: 'r1', status: 'interrupted' });
    const second = startMcp(folder);
    await second.greet();
    await running(second);
    const cancelled = await second.ask('tools/call', call('cancel_run', { run_id: 'r1', reason: 'enough' }));
    expect(cancelled.result?.isError).toBeUndefined();
    second.child.stdin?.end();
    expect((await second.end).code).toBe(0);
  });

  it('ends in good order on SIGTERM and SIGINT', async () => {
    const ends = (['SIGTERM', 'SIGINT'] as const).map(async (signal) => {
      const server = startMcp(workFolder({}));
      await server.greet();
      await server.ask('tools/call', call('get_system_status', {}));
      server.child.kill(signal);
      return await server.end;
    });
    for (const { code, stderr } of await Promise.all(ends)) {
      expect(code).toBe(130);
      expect(stderr).not.toContain('    at ');
    }
  });

  it('ends when nobody reads its answers any more, and when the process that keeps stdout is killed', async () => {
    const beDeaf = async () => {
      const deaf = startMcp(workFolder({}));
      await deaf.greet();
      deaf.child.stdout?.destroy();
      for (let count = 0; count < 20; count++) deaf.send({ jsonrpc: '2.0', id: count, method: 'ping' });
      expect((await deaf.end).stderr).not.toContain('    at ');
    };
    const beOrphaned = async () => {
      const folder = workFolder({});
      const orphaned = startMcp(folder);
      await orphaned.greet();
      await orphaned.ask('tools/call', call('get_system_status', {}));
      orphaned.child.kill('SIGKILL');
      await orphaned.end;
      const next = startMcp(folder);
      await next.greet();
      const { result } = await next.ask('tools/call', call('get_health_status', {}));
      expect(result?.isError).toBeUndefined();
      next.child.stdin?.end();
      await next.end;
    };
    await Promise.all([beDeaf(), beOrphaned()]);
  });

  it('tells what ended the process of the server, where that could not tell it itself', async () => {
    const DEADLY_MODULE = "export function die() { process.kill(process.pid, 'SIGKILL'); }";
    const server = startMcp(workFolder({ 'tasks/deadly.ts': DEADLY_MODULE }));
    await server.greet();
    const task = { name: 'n', module: 'deadly', action: 'die' };
    server.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call('execute_task', task) });
    const { code, stderr } = await server.end;
    expect(code).toBe(1);
    expect(stderr).toContain("error INTERNAL: the server's process was ended by SIGKILL");
  });

  it('says who holds the data folder after five seconds, and serves as soon as it is free', async () => {
    const folder = workFolder({});
    const first = startMcp(folder);
    await first.greet();
    await first.ask('tools/call', call('get_system_status', {}));
    const second = startMcp(folder);
    await second.greet();
    const beganMs = performance.now();
    const held = await second.ask('tools/call', call('get_system_status', {}));
    expect(JSON.stringify(held.result)).toContain('DATA_DIR_LOCKED');
    expect(performance.now() - beganMs).toBeLessThan(9_000);
    const answered = second.ask('tools/call', call('get_system_status', {}));
    first.child.stdin?.end();
    expect((await answered).result?.isError).toBeUndefined();
    second.child.stdin?.end();
    expect((await second.end).code).toBe(0);
  });

  it('refuses core.command unless it was allowed, and says so', async () => {
    const task = { name: 'n', module: 'core', action: 'command', parameters: { command: 'echo', args: ['hello'] } };
    const answers = [[], ['--allow-commands']].map(async (args) => {
      const server = startMcp(workFolder({}), args);
      await server.greet();
      const { result } = await server.ask('tools/call', call('execute_task', task));
      server.child.stdin?.end();
      await server.end;
      return JSON.stringify(result);
    });
    const [refused, allowed] = await Promise.all(answers);
    expect(refused).toContain('MCP_COMMAND_REFUSED');
    expect(allowed).toContain('hello');
  });

  it('tells bad settings at once, on stderr alone', async () => {
    const folder = workFolder({
      'config/default.json': '{"maxWorkers": "many"}',
    });
    const cases = [
      [folder, ['mcp'], 'CONFIG_INVALID'],
      [folder, ['mcp', '--http', 'x'], 'USAGE'],
      [workFolder({}), ['mcp', '--http', '0', '--host', '0.0.0.0'], 'MCP_TOKEN_REQUIRED'],
      [workFolder({}), ['mcp', '--http', '0', '--token-file', 'none'], 'FILE_UNREADABLE'],
      [workFolder({ t: 'abc' }), ['mcp', '--http', '0', '--token-file', 't'], 'MCP_TOKEN_REQUIRED'],
    ] as const;
    const ends = await Promise.all(cases.map(([cwd, args]) => yardmaster(args, { cwd })));
    for (const [index, { code, stdout, stderr }] of ends.entries()) {
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(`error ${cases[index]?.[2]}: `);
    }
  });
});
