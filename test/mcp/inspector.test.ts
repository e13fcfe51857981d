// The inspector is a program that knows nothing of this project: what it can call, any client can.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ALL_TOOLS } from '../../src/mcp/tools/all-tools.ts';
import { BIN, ended, yardmaster } from '../cli/bin.ts';
import { workFolder } from '../cli/work-folder.ts';

const INSPECTOR = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector/package.json')),
  'clients/launcher/build/index.js',
);
const RESULT = z.looseObject({ structuredContent: z.record(z.string(), z.unknown()), isError: z.boolean().optional() });
const JOIN_STEPS = [
  { name: 'left', module: 'core', action: 'echo', parameters: { message: 'l' } },
  { name: 'right', module: 'core', action: 'echo', parameters: { message: 'r' } },
  { name: 'join', module: 'core', action: 'echo', parameters: { message: ['{{left.output}}', '{{right.output}}'] } },
];

/** One call of the inspector, which starts the server anew. */
async function inspect(folder: string, method: string, args: readonly string[] = []): Promise<unknown> {
  const command = ['--cli', process.execPath, BIN, 'mcp', '--workers', '1', '--method', method, ...args];
  const environment = { ...process.env, HOME: folder, MCP_CATALOG_PATH: join(folder, 'catalog.json') };
  const child = spawn(process.execPath, [INSPECTOR, ...command], { cwd: folder, env: environment });
  const { code, stdout, stderr } = await ended(child);
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  return JSON.parse(stdout);
}

async function call(folder: string, name: string, args: Readonly<Record<string, unknown>> = {}) {
  const pairs = Object.entries(args).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const given = pairs.length === 0 ? [] : ['--tool-arg', ...pairs];
  return RESULT.parse(await inspect(folder, 'tools/call', ['--tool-name', name, ...given])).structuredContent;
}

/** Workflows: made, listed, run. */
async function tryWorkflows(folder: string): Promise<void> {
  const list = z
    .object({ tools: z.array(z.looseObject({ name: z.string() })) })
    .parse(await inspect(folder, 'tools/list'));
  expect(list.tools.map(({ name }) => name)).toEqual(ALL_TOOLS.map(({ name }) => name));
  expect(list.tools.length).toBe(19);

  expect(await call(folder, 'create_workflow', { name: 'join', steps: JOIN_STEPS })).toMatchObject({
    steps_count: 3,
  });
  const file = join(folder, 'config/workflows/production/join.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ name: 'join', steps: JOIN_STEPS });

  expect(await call(folder, 'list_workflows')).toMatchObject({ count: 1, workflows: [{ name: 'join' }] });
  expect(await call(folder, 'execute_workflow', { workflow_name: 'join', run_id: 'r1' })).toMatchObject({
    status: 'completed',
    outputs: { join: ['l', 'r'] },
  });

  const definition = { steps: JOIN_STEPS, dependencies: { right: ['left'] } };
  const complex = await call(folder, 'create_complex_workflow', { name: 'chain', workflow_definition: definition });
  expect(complex).toMatchObject({ workflow_name: 'chain', execution_result: { status: 'completed' } });
  expect(existsSync(join(folder, 'config/workflows/production/chain.json'))).toBe(true);

  const { stdout } = await yardmaster(['runs', '--json'], { cwd: folder });
  const runs = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(runs.map(({ workflow, status }) => [workflow, status])).toEqual([
    ['chain', 'completed'],
    ['join', 'completed'],
  ]);
}

/** Projects, single tasks, capacity, standing. */
async function tryTheRest(folder: string): Promise<void> {
  const created = await call(folder, 'create_project', { name: 'demo', template: 'custom' });
  expect(created).toMatchObject({ project_name: 'demo', project_type: 'custom' });
  const record = join(z.string().parse(created.project_path), '.yardmaster/project.json');
  expect(JSON.parse(readFileSync(record, 'utf8'))).toMatchObject({ name: 'demo' });
  expect(await call(folder, 'list_projects')).toMatchObject({ count: 1, projects: [{ name: 'demo' }] });

  const task = { name: 't', module: 'core', action: 'echo', parameters: { message: { a: [1] } }, priority: 'high' };
  expect(await call(folder, 'execute_task', task)).toMatchObject({ status: 'completed', output: { a: [1] } });
  expect(
    await call(folder, 'allocate_resources', { user_id: 'me', requirements: { cpu: { cores: 1 } } }),
  ).toMatchObject({
    allocated: true,
    user_id: 'me',
  });
  expect(await call(folder, 'get_system_status')).toMatchObject({});
  expect(await call(folder, 'get_health_status')).toMatchObject({ status: 'healthy' });
}

describe('the inspector', () => {
  it('calls each of the ten tools, and their effects are there: files, runs, capacity', async () => {
    await Promise.all([tryWorkflows(workFolder({})), tryTheRest(workFolder({}))]);
  });
});
