// Tests `dashboard` as the real command: what it prints, whom it lets in, what it shows of a folder, and how it ends.

import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { builtPageFolder } from '../../src/dashboard/page-files.ts';
import { runsPage, welcome } from '../../src/dashboard/wire.ts';
import { ended, type StartOptions, startYardmaster, yardmaster } from './bin.ts';
import { coreStep, workFolder } from './work-folder.ts';

const TOKEN = 'a-token-for-the-tests-only';

/** A dashboard that has said where it is. */
async function startDashboard(args: readonly string[], options: StartOptions = {}) {
  const child = startYardmaster(['dashboard', '--port', '0', ...args], options);
  onTestFinished(() => void child.kill('SIGKILL'));
  const end = ended(child);
  const { promise, resolve } = Promise.withResolvers<string>();
  child.stdout?.once('data', (text) => resolve(String(text)));
  const line = await Promise.race([promise, end.then(({ stderr }) => stderr)]);
  const url = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/.exec(line)?.[0] ?? '';
  const { origin, searchParams } = new URL(url);
  const ask = (path: string) =>
    fetch(`${origin}${path}`, { headers: { Authorization: `Bearer ${searchParams.get('token')}` } });
  return { child, end, line, ask, origin };
}

describe.skipIf(!existsSync(join(builtPageFolder(), 'index.html')))('dashboard', () => {
  it('says where it is in one line, shows the runs of the folder, and ends without a fault when it is stopped', async () => {
    const folder = workFolder({ 'flow.json': { steps: [coreStep('a', 'noop')] } });
    const data = ['--data-dir', `${folder}/data`];
    await yardmaster(['run', 'flow.json', '--run-id', 'r1', ...data], { cwd: folder });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const { child, end, line, ask } = await startDashboard(data, { cwd: folder });
      expect(line).toMatch(/^dashboard: http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32,}\n$/);
      const { runs } = runsPage.parse(await (await ask('/api/runs')).json());
      expect(runs).toMatchObject([{ runId: 'r1', workflow: 'flow', standing: 'completed' }]);
      child.kill(signal);
      expect(await end).toMatchObject({ code: 0, stdout: line, stderr: '' });
    }
  });

  it('does not keep others from running workflows in the folder, and shows what they do', async () => {
    const folder = workFolder({ 'flow.json': { steps: [coreStep('a', 'noop')] } });
    const { ask } = await startDashboard([], { cwd: folder });
    expect(runsPage.parse(await (await ask('/api/runs')).json()).total).toBe(0);
    expect(await yardmaster(['run', 'flow.json', '--run-id', 'later'], { cwd: folder })).toMatchObject({ code: 0 });
    expect(runsPage.parse(await (await ask('/api/runs')).json()).runs).toMatchObject([{ runId: 'later' }]);
    expect(welcome.parse(await (await ask('/api/welcome')).json())).toMatchObject({ source: 'record' });
  });

  it('shows a recorded trace, and says what is wrong with a file that is none', async () => {
    const folder = workFolder({ 'flow.json': { steps: [coreStep('a', 'noop')] }, 'none.jsonl': '{"no":"trace"}\n' });
    const traced = ['run', 'flow.json', '--run-id', 'traced', '--data-dir', ':memory:', '--trace', 'run.jsonl'];
    expect(await yardmaster(traced, { cwd: folder })).toMatchObject({ code: 0 });
    const { ask, child, end } = await startDashboard(['--replay', 'run.jsonl'], { cwd: folder });
    expect(welcome.parse(await (await ask('/api/welcome')).json())).toMatchObject({ source: 'trace', actions: [] });
    const { runs } = runsPage.parse(await (await ask('/api/runs')).json());
    expect(runs).toMatchObject([{ runId: 'traced', standing: 'completed' }]);
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 0, stderr: '' });
    for (const [file, code] of [
      ['none.jsonl', 'TRACE_INVALID'],
      ['missing.jsonl', 'FILE_NOT_FOUND'],
    ] as const) {
      const refused = await yardmaster(['dashboard', '--replay', file], { cwd: folder });
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(`error ${code}`)]);
    }
  });

  it('says where it is as JSON, and takes its token from the environment', async () => {
    const { line, ask, origin } = await startDashboard(['--json'], {
      cwd: workFolder({}),
      environment: { YARDMASTER_DASHBOARD_TOKEN: TOKEN },
    });
    expect(JSON.parse(line)).toEqual({ type: 'dashboard.listening', url: `${origin}/?token=${TOKEN}` });
    expect((await ask('/')).status).toBe(200);
    expect((await fetch(`${origin}/`)).status).toBe(401);
  });

  it('takes no token that can be guessed, no port that is taken, and no folder that keeps nothing', async () => {
    const cwd = workFolder({});
    const guessable = await yardmaster(['dashboard'], { cwd, environment: { YARDMASTER_DASHBOARD_TOKEN: 'short' } });
    expect([guessable.code, guessable.stderr]).toEqual([2, expect.stringContaining('error DASHBOARD_TOKEN_INVALID')]);
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const refused = await yardmaster(['dashboard', '--port', port], { cwd });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('error DASHBOARD_LISTEN_FAILED')]);
    const nowhere = await yardmaster(['dashboard', '--data-dir', ':memory:'], { cwd });
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining(':memory:')]);
    for (const bad of ['-1', '65536', 'x']) {
      expect((await yardmaster(['dashboard', '--port', bad], { cwd })).code).toBe(2);
    }
  });
});
