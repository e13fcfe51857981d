// Owns the tests of the tools about projects, capacity and the state of the engine.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ProjectType } from '../../src/domain/statuses.ts';
import { STATECHART_NAMES } from '../../src/inspect/statechart.ts';
import { at, createToolHost, echo } from './tool-host.ts';

const SHELL = fileURLToPath(new URL('../../bin/yardmaster.mjs', import.meta.url));

describe('create_project and list_projects', () => {
  it('make a project of each type whose workflow runs in its folder', async () => {
    const host = await createToolHost();
    for (const template of Object.values(ProjectType)) {
      const data = await host.ok('create_project', { name: `p-${template}`, template, description: 'a $& {{x}} b' });
      expect(data).toMatchObject({ project_name: `p-${template}`, project_type: template, template_used: template });
      expect(data.project_path).toBe(join(host.folder, 'projects', `p-${template}`));
      expect(existsSync(join(String(data.project_path), '.yardmaster', 'project.json'))).toBe(true);
      expect(at(data, 'workflows', 'length')).toBeGreaterThan(0);
    }
    const list = await host.ok('list_projects');
    expect(list).toMatchObject({ count: 7, total: 7, cut: false, load_errors: [] });
    expect(await host.ok('list_projects', { type: 'research' })).toMatchObject({ projects: [{ name: 'p-research' }] });
    expect(await host.ok('list_projects', { limit: 2 })).toMatchObject({ count: 2, total: 7, cut: true });
    const [folder, workflow] = [at(list, 'projects', 0, 'path'), at(list, 'projects', 0, 'workflows', 0)];
    const shell = spawnSync(process.execPath, [SHELL, 'run', String(workflow)], {
      cwd: String(folder),
      encoding: 'utf8',
    });
    expect(shell.stderr).toBe('');
    expect(shell.status).toBe(0);
  });

  it('take the template of the original where none is named', async () => {
    const host = await createToolHost();
    expect(await host.ok('create_project', { name: 'plain' })).toMatchObject({ template_used: 'ai_analysis' });
  });

  it('refuse names and paths that lead out, taken ones, and unknown templates, and leave nothing behind', async () => {
    const host = await createToolHost();
    await host.ok('create_project', { name: 'taken' });
    const before = host.digest();
    for (const args of [
      { name: '../up' },
      { name: 'a/b' },
      { name: '.' },
      { name: 'x', path: '../../out' },
      { name: 'x', path: '/tmp/out' },
      { name: 'x', path: 'taken/../../out' },
      { name: 'taken' },
      { name: 'Taken' },
      { name: 'x', template: 'nothing' },
      { name: 'x', template: '../../secret' },
      { name: 'con' },
    ]) {
      expect((await host.fault('create_project', args)).type).toMatch(/^PROJECT_|^ARGUMENT_/);
    }
    expect(host.digest()).toBe(before);
    expect((await host.fault('create_project', { name: 'x', template: 'nothing' })).message).toContain('data_pipeline');
  });

  it('tell of folders that hold a damaged record', async () => {
    const host = await createToolHost();
    const folder = join(host.folder, 'projects', 'broken', '.yardmaster');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'project.json'), '{');
    const data = await host.ok('list_projects');
    expect(data).toMatchObject({ count: 0, load_errors: [{ folder: expect.stringContaining('broken') }] });
  });
});

describe('allocate_resources and release_resources', () => {
  it('take capacity that tasks then have to wait for, and give it back', async () => {
    const host = await createToolHost();
    const { capacity } = host.engine.resources.getUsage('sys-compute');
    const requirements = { cpu: { cores: capacity }, memory: { mb: 512 } };
    const data = await host.ok('allocate_resources', { user_id: 'ada', requirements });
    expect(data).toMatchObject({ allocated: true, user_id: 'ada', requirements });
    expect(at(data, 'allocations', 0, 'resources')).toEqual({ 'sys-compute': capacity, 'sys-memory': 512 });
    expect(host.engine.resources.getUsage('sys-compute').available).toBe(0);
    await host.ok('create_workflow', { name: 'w', steps: [echo('a', 1, { resources: { 'sys-compute': 1 } })] });
    const { run_id: id } = await host.ok('execute_workflow', { workflow_name: 'w', wait: false });
    expect(host.engine.getRun(String(id))?.status).toBe('running');
    const released = await host.ok('release_resources', { user_id: 'ada' });
    expect(released).toMatchObject({ released: 1, still_held: 0, allocations: [{ user_id: 'ada' }] });
    expect((await host.engine.getRun(String(id))?.result())?.status).toBe('completed');
    expect(host.engine.resources.getUsage('sys-memory').current).toBe(0);
  });

  it('say what is free when it is not enough, and what there is when a resource is unknown', async () => {
    const host = await createToolHost();
    const { capacity } = host.engine.resources.getUsage('sys-compute');
    await host.ok('allocate_resources', { user_id: 'ada', requirements: { cpu: { cores: capacity } } });
    const args = { user_id: 'bob', requirements: { cpu: { cores: 1 }, memory: { gb: 0.5 } } };
    const fault = await host.fault('allocate_resources', args);
    expect(fault).toMatchObject({ type: 'RESOURCE_UNAVAILABLE', data: { allocated: false, allocations: [] } });
    expect(fault.message).toContain(`sys-compute: 1 asked for, 0 of ${capacity} free`);
    // All or nothing.
    expect(host.engine.resources.getUsage('sys-memory').current).toBe(0);
    const above = { user_id: 'bob', requirements: { cpu: { cores: capacity + 1 } } };
    expect((await host.fault('allocate_resources', above)).type).toBe('RESOURCE_CAPACITY_EXCEEDED');
    const disk = { user_id: 'bob', requirements: { disk: { amount: 1 } } };
    expect(await host.fault('allocate_resources', disk)).toMatchObject({
      type: 'RESOURCE_NOT_FOUND',
      message: expect.stringContaining('sys-memory'),
    });
    host.engine.resources.registerResource('disk', 'storage', 10);
    expect(await host.ok('allocate_resources', disk)).toMatchObject({ allocated: true });
  });

  it('release by allocation and by user, never what was not taken over MCP', async () => {
    const host = await createToolHost();
    const { sessionId } = host.engine.createSession('holds', 'parallel', {
      resourceRequirements: { 'sys-memory': 64 },
    });
    const own = host.engine.resources.allocate('sys-memory', 'ada', 10);
    const take = async (userId: string) => {
      const data = await host.ok('allocate_resources', { user_id: userId, requirements: { memory: { mb: 1 } } });
      return String(at(data, 'allocations', 0, 'allocation_id'));
    };
    const [first, second] = [await take('ada'), await take('ada')];
    await take(sessionId);
    const foreign = await host.fault('release_resources', { allocation_id: own?.allocationId });
    expect(foreign.type).toBe('ALLOCATION_NOT_FOUND');
    expect((await host.fault('release_resources', { user_id: 'bob', allocation_id: first })).message).toContain(
      '"ada"',
    );
    expect(await host.ok('release_resources', { allocation_id: first })).toMatchObject({ released: 1, still_held: 2 });
    expect((await host.fault('release_resources', { allocation_id: first })).type).toBe('ALLOCATION_NOT_FOUND');
    expect(await host.ok('release_resources', { user_id: 'ada' })).toMatchObject({
      released: 1,
      allocations: [{ allocation_id: second }],
    });
    expect(await host.ok('release_resources', { user_id: 'ada' })).toMatchObject({ released: 0 });
    expect(await host.ok('release_resources', { user_id: sessionId })).toMatchObject({ released: 1, still_held: 0 });
    expect(host.engine.resources.getUsage('sys-memory').current).toBeGreaterThanOrEqual(10);
    expect((await host.fault('release_resources')).type).toBe('MCP_ARGUMENTS_INVALID');
  });

  it('give back what the program gave back before', async () => {
    const host = await createToolHost();
    const data = await host.ok('allocate_resources', { user_id: 'ada', requirements: { memory: { mb: 1 } } });
    host.engine.resources.release(String(at(data, 'allocations', 0, 'allocation_id')));
    expect(await host.ok('release_resources', { user_id: 'ada' })).toMatchObject({ released: 1 });
    expect(host.engine.resources.getUsage('sys-memory').current).toBe(0);
  });
});

describe('the state of the engine', () => {
  it('get_system_status tells the figures of the engine as they are', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('a'), { name: 'b', module: 'core', action: 'fail' }] });
    await host.call('execute_workflow', { workflow_name: 'w' });
    await host.ok('allocate_resources', { user_id: 'ada', requirements: { memory: { mb: 7 } } });
    await host.ok('create_project', { name: 'p' });
    await host.allThreads();
    const data = await host.ok('get_system_status');
    expect(data).toMatchObject({
      health: 'healthy',
      workflows: { defined: 1, failed: 1 },
      tasks: { completed: 1, failed: 1 },
      running: 0,
      projects: 1,
      mcp: { commands_allowed: false, allocations_held: 1 },
    });
    expect(data.resources).toContainEqual(expect.objectContaining({ resource_id: 'sys-memory', current: 7 }));
  });

  it('get_health_status tells what is not well, and what to do', async () => {
    const host = await createToolHost();
    await host.allThreads();
    expect(await host.ok('get_health_status')).toMatchObject({ status: 'healthy', next: [], deadlocks: [] });
    host.engine.tasks.stopBackgroundProcessing();
    const held = await host.ok('get_health_status');
    expect(held).toMatchObject({ status: 'degraded', components: { dispatcher: { status: 'degraded' } } });
    expect(at(held, 'next', 0)).toContain('dispatcher is degraded');
    await host.engine.shutdown({ drainMs: 0 });
    expect(await host.ok('get_health_status')).toMatchObject({ status: 'unhealthy' });
    expect((await host.fault('execute_task', { name: 't', module: 'core', action: 'noop' })).type).toBe(
      'ENGINE_CLOSED',
    );
  });

  it('get_statechart describes each machine', async () => {
    const host = await createToolHost();
    for (const machine of STATECHART_NAMES) {
      const data = await host.ok('get_statechart', { machine });
      expect(data.mermaid).toContain('stateDiagram-v2');
      expect(at(data, 'transitions', 'length')).toBeGreaterThan(0);
    }
    expect(await host.fault('get_statechart', { machine: 'sesion' })).toMatchObject({
      type: 'STATECHART_NOT_FOUND',
      message: expect.stringContaining('"session"'),
    });
  });

  it('nothing that only looks changes anything', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('a')] });
    const { run_id: id } = await host.ok('execute_workflow', { workflow_name: 'w' });
    await host.ok('create_project', { name: 'p' });
    const before = host.digest();
    const arguments_: Readonly<Record<string, object>> = {
      get_workflow_graph: { workflow_name: 'w' },
      simulate_workflow: { workflow_name: 'w' },
      get_run: { run_id: id },
      explain_waiting: { run_id: id },
      get_statechart: { machine: 'task' },
    };
    for (const { name, annotations } of Object.values(host.tools.definitions())) {
      if (annotations.readOnlyHint) await host.ok(name, arguments_[name] ?? {});
    }
    expect(host.digest()).toBe(before);
    expect(readdirSync(host.folder).sort()).toEqual(['data', 'projects', 'workflows']);
  });
});
