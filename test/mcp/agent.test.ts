// What an agent does from the first greeting to the shell that a person looks at afterwards, over each way in.

import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { BIN, yardmaster } from '../cli/bin.ts';
import { workFolder } from '../cli/work-folder.ts';
import { newClient, textOf, until } from './mcp-clients.ts';
import { startMcp } from './stdio-client.ts';

const TOKEN = 'token-of-the-agent-test';

type Call = (name: string, args: object) => Promise<Record<string, unknown>>;

/** Calls that must succeed. */
function caller(client: Client): Call {
  return async (name, args) => {
    const result = await client.callTool({ name, arguments: { ...args } });
    if (result.isError === true) throw new Error(textOf(result));
    return z.record(z.string(), z.unknown()).parse(result.structuredContent);
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const STEPS = [
  { name: 'left', module: 'core', action: 'sleep', parameters: { duration: 0.05 }, resources: { gate: 1 } },
  { name: 'right', module: 'core', action: 'sleep', parameters: { duration: 0.05 }, resources: { gate: 1 } },
  { name: 'join', module: 'core', action: 'echo', parameters: { message: ['{{left.output}}', '{{right.output}}'] } },
];
const HOLDERS = [
  { name: 'holder', module: 'core', action: 'sleep', parameters: { duration: 60 }, resources: { gate: 1 } },
  { name: 'waiter', module: 'core', action: 'noop', dependencies: ['first'], resources: { gate: 1 } },
  { name: 'first', module: 'core', action: 'noop' },
];
const GATE = [{ id: 'gate', type: 'custom', capacity: 1 }];

/** A project, a workflow with a join and a resource, its run and what is on record of it. */
async function beAnAgent(client: Client): Promise<void> {
  const call = caller(client);
  const project = await call('create_project', {
    name: 'sales',
    template: 'data_pipeline',
    description: 'Monthly figures',
  });
  expect(project).toMatchObject({ project_type: 'data_pipeline' });
  expect(await call('list_projects', {})).toMatchObject({ count: 1 });

  await call('create_workflow', { name: 'join', steps: STEPS, resources: GATE });
  const progress: number[] = [];
  const run = await client.callTool(
    { name: 'execute_workflow', arguments: { workflow_name: 'join', run_id: 'joined' } },
    { onprogress: (told) => progress.push(told.progress) },
  );
  expect(run.structuredContent).toMatchObject({
    status: 'completed',
    outputs: { join: [{ duration: 0.05 }, { duration: 0.05 }] },
  });
  // The very last may come with the result, and is dropped then by the client.
  expect(progress.length).toBeGreaterThan(0);
  expect(progress).toEqual([...new Set(progress)].sort((a, b) => a - b));

  const { contents } = await client.readResource({ uri: 'yardmaster://runs/joined' });
  const [first] = contents;
  expect(first !== undefined && 'text' in first ? JSON.parse(first.text) : null).toMatchObject({
    status: 'completed',
    steps: 3,
  });
}

/** Two runs that nobody waits for: explained, and cancelled in both ways. */
async function changeItsMind(client: Client): Promise<void> {
  const call = caller(client);
  await call('create_workflow', { name: 'hold', steps: HOLDERS, resources: GATE });
  const started = await call('execute_workflow', { workflow_name: 'hold', run_id: 'held', wait: false });
  expect(started).toMatchObject({ run_id: 'held', completed_at: null });
  await until(async () => JSON.stringify(await call('explain_waiting', { run_id: 'held' })).includes('"resource"'));
  const waiting = JSON.stringify(await call('explain_waiting', { run_id: 'held', step: 'waiter' }));
  expect(waiting).toContain('gate');
  expect(await call('cancel_run', { run_id: 'held', reason: 'seen enough' })).toMatchObject({ run_id: 'held' });
  await until(async () => JSON.stringify(await call('get_run', { run_id: 'held' })).includes('"cancelled"'));

  const controller = new AbortController();
  const taken = client
    .callTool(
      { name: 'execute_workflow', arguments: { workflow_name: 'hold', run_id: 'taken-back' } },
      { signal: controller.signal },
    )
    .catch((error: unknown) => error);
  const statusOf = async () =>
    JSON.stringify(await client.callTool({ name: 'get_run', arguments: { run_id: 'taken-back' } }));
  await until(async () => (await statusOf()).includes('"running"'));
  controller.abort('not needed');
  expect(await taken).toBeInstanceOf(Error);
  await until(async () => (await statusOf()).includes('"cancelled"'));
}

/** What a person sees of it. */
async function lookFromTheShell(folder: string): Promise<void> {
  const runs = await yardmaster(['runs', '--json'], { cwd: folder });
  const rows = runs.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.map(({ runId, status }) => [runId, status])).toEqual([
    ['taken-back', 'cancelled'],
    ['held', 'cancelled'],
    ['joined', 'completed'],
  ]);
}

/** And what he does with it. */
async function workInTheShell(folder: string): Promise<void> {
  const shown = await yardmaster(['show', 'joined'], { cwd: folder });
  expect(shown.stdout).toContain('join');
  expect((await yardmaster(['run', 'join', '--json'], { cwd: folder })).code).toBe(0);
  const project = await yardmaster(['project', 'show', 'sales', '--json'], { cwd: folder });
  expect(JSON.parse(project.stdout)).toMatchObject({ name: 'sales', type: 'data_pipeline' });
}

/** The story over a process of its own. */
async function overStdio(mode: 'legacy' | 'auto', folder: string): Promise<void> {
  const client = newClient(mode);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BIN, 'mcp', '--workers', '2'],
    cwd: folder,
    stderr: 'ignore',
  });
  onTestFinished(() => client.close());
  await client.connect(transport);
  await beAnAgent(client);
  await changeItsMind(client);
  await client.close();
  await lookFromTheShell(folder);
}

describe('an agent', () => {
  it('works over stdio, with the older protocol and the newer one', async () => {
    await Promise.all((['legacy', 'auto'] as const).map((mode) => overStdio(mode, workFolder({}))));
  });

  it('works over HTTP with a token', async () => {
    const folder = workFolder({ token: `${TOKEN}\n` });
    const port = await freePort();
    const server = startMcp(folder, ['--workers', '2', '--http', `${port}`, '--token-file', join(folder, 'token')]);
    const told = await server.tells('over stdin and stdout:');
    expect(told).toContain(`http://127.0.0.1:${port}/mcp`);
    expect(told).not.toContain(TOKEN);
    const client = newClient('auto');
    onTestFinished(() => client.close());
    const requestInit = { headers: { Authorization: `Bearer ${TOKEN}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`), { requestInit }));
    await beAnAgent(client);
    await changeItsMind(client);
    await client.close();
    server.child.kill('SIGTERM');
    expect(await server.end).toMatchObject({ code: 130, stdout: '' });
    await lookFromTheShell(folder);
    await workInTheShell(folder);
  });
});
