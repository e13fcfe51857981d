// Owns the tests of the tools about workflows as such: making, listing, drawing and simulating them.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { at, createToolHost, echo } from './tool-host.ts';

const DIAMOND = [
  echo('fetch', { rows: [1, 2] }),
  echo('left', '{{fetch.output.rows[0]}}'),
  echo('right', '{{fetch.output.rows[1]}}'),
  echo('join', '{{left.output}}+{{right.output}} for {{params.who}}'),
];

describe('create_workflow', () => {
  it('keeps a workflow as a file that another engine reads, and tells its levels', async () => {
    const host = await createToolHost();
    const data = await host.ok('create_workflow', { name: 'diamond', steps: DIAMOND, description: 'two sides' });
    expect(data).toMatchObject({
      workflow_name: 'diamond',
      steps_count: 4,
      description: 'two sides',
      levels: [['fetch'], ['left', 'right'], ['join']],
      replaced: false,
      warnings: [],
      resource: 'yardmaster://workflows/diamond',
    });
    expect(at(data, 'parameters_needed', 0)).toContain('"who"');
    expect(JSON.parse(readFileSync(String(data.file), 'utf8'))).toEqual({
      name: 'diamond',
      description: 'two sides',
      steps: DIAMOND,
    });
    await using other = await OrchestrationEngine.create({
      workflowsDir: join(host.folder, 'workflows'),
      dataDir: ':memory:',
    });
    const execution = await other.executeWorkflow('diamond', { who: 'all' });
    expect(execution.outputs.join).toBe('1+2 for all');
  });

  it('refuses an existing name unless it may replace it, and then runs the new one', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('one')] });
    const refused = await host.fault('create_workflow', { name: 'w', steps: [echo('two')] });
    expect(refused).toMatchObject({ type: 'WORKFLOW_EXISTS', message: expect.stringContaining('replace: true') });
    expect(await host.ok('create_workflow', { name: 'w', steps: [echo('two')], replace: true })).toMatchObject({
      replaced: true,
    });
    expect(at(await host.ok('execute_workflow', { workflow_name: 'w' }), 'outputs')).toEqual({ two: 'two' });
  });

  it('takes everything that a step and a file may say, notes among it', async () => {
    const host = await createToolHost();
    const step = {
      ...echo('a'),
      priority: 'HIGH',
      timeout: 5,
      total_timeout: 9,
      max_retries: 1,
      retry: { initial_interval: 0.1, non_retryable: ['X'] },
      resources: { licence: 2 },
      concurrency: { key: '{{params.who}}', limit: 1 },
      run_if: 'params.who == "me"',
      required: false,
      estimated_seconds: 1,
      'x-note': 'kept',
      _comment: 'kept too',
    };
    const fields = {
      mode: 'priority',
      max_parallel: 2,
      timeout: 60,
      parameters: { who: 'me' },
      version: '2',
      resources: [{ id: 'licence', type: 'custom', capacity: 2 }],
    };
    const data = await host.ok('create_workflow', { name: 'all', steps: [step], ...fields });
    expect(data.warnings).toEqual([]);
    expect(JSON.parse(readFileSync(String(data.file), 'utf8'))).toEqual({ name: 'all', steps: [step], ...fields });
    expect(at(await host.ok('execute_workflow', { workflow_name: 'all' }), 'outputs')).toEqual({ a: 'a' });
  });

  it('lists every fault between the steps and keeps nothing', async () => {
    const host = await createToolHost();
    const before = host.digest();
    const fault = await host.fault('create_workflow', {
      name: 'bad',
      steps: [
        echo('a', 1, { dependencies: ['c'] }),
        echo('b', '{{aa.output}}', { dependencies: ['nope'] }),
        echo('c', 1, { dependencies: ['a'] }),
        echo('a'),
      ],
    });
    expect(fault.type).toBe('WORKFLOW_INVALID');
    for (const words of ['nope', 'did you mean "a"', '$.steps[3]']) expect(fault.message).toContain(words);
    expect(host.digest()).toBe(before);
  });

  it('warns of modules and resources that are not there, and keeps the workflow', async () => {
    const host = await createToolHost();
    const steps = [{ name: 'a', module: 'later', action: 'run', resources: { 'sys-compute': 4_000 } }];
    const { warnings } = await host.ok('create_workflow', { name: 'early', steps });
    expect(warnings).toEqual([expect.stringContaining('"later"'), expect.stringContaining('sys-compute')]);
    const refused = await host.fault('execute_workflow', { workflow_name: 'early' });
    expect(refused).toMatchObject({ type: 'STEP_MODULE_UNKNOWN', message: expect.stringContaining('sys-compute') });
    expect(host.engine.listRuns({})).toEqual([]);
  });

  it('refuses steps that start programs unless that is allowed', async () => {
    const steps = [{ name: 'ls', module: 'core', action: 'command', parameters: { command: 'true', args: [] } }];
    const host = await createToolHost();
    const fault = await host.fault('create_workflow', { name: 'shell', steps });
    expect(fault).toMatchObject({ type: 'MCP_COMMAND_REFUSED', message: expect.stringContaining('allowCommands') });
    expect(existsSync(join(host.folder, 'workflows'))).toBe(false);
    const allowed = await createToolHost({ allowCommands: true });
    await allowed.ok('create_workflow', { name: 'shell', steps });
    expect(await allowed.ok('execute_workflow', { workflow_name: 'shell' })).toMatchObject({ status: 'completed' });
  });

  it('writes nothing outside of its folder, whatever a name is', async () => {
    const host = await createToolHost();
    for (const name of ['../up', 'a/b', '..', '.hidden', 'a\\b', '/abs', 'a\0b', ' ', '__proto__']) {
      expect((await host.fault('create_workflow', { name, steps: [echo('a')] })).type).toBeOneOf([
        'MCP_ARGUMENTS_INVALID',
        'WORKFLOW_INVALID',
      ]);
    }
    for (const name of ['con', 'ä ö 💡', "it's $& {{x}}", 'x'.repeat(256), 'constructor']) {
      const { file } = await host.ok('create_workflow', { name, steps: [echo('a')] });
      expect(join(String(file), '..')).toBe(join(host.folder, 'workflows'));
    }
  });

  it('makes one of two workflows of a name that are asked for at the same time', async () => {
    const host = await createToolHost();
    const results = await Promise.all(
      ['one', 'two', 'three'].map((step) => host.call('create_workflow', { name: 'same', steps: [echo(step)] })),
    );
    expect(results.filter(({ success }) => success)).toHaveLength(1);
  });
});

describe('list_workflows', () => {
  it('lists kept workflows, those of the program, and files that could not be loaded', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'kept', steps: DIAMOND, parameters: { who: 'me' } });
    host.engine.workflows.createWorkflow('made', [{ name: 'a', module: 'core', action: 'noop' }]);
    const data = await host.ok('list_workflows');
    expect(data).toMatchObject({ count: 2, total: 2, cut: false, load_errors: [] });
    expect(data.workflows).toMatchObject([
      { name: 'kept', steps_count: 4, modules: ['core'], parameters: { who: 'me' }, file: expect.any(String) },
      { name: 'made', file: null },
    ]);
    expect(await host.ok('list_workflows', { name_contains: 'KE', limit: 1 })).toMatchObject({ count: 1, total: 1 });
    expect(await host.ok('list_workflows', { limit: 1 })).toMatchObject({ count: 1, total: 2, cut: true });
  });
});

describe('get_workflow_graph', () => {
  it('draws a workflow in each format, with the dependencies of references', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'diamond', steps: DIAMOND });
    const mermaid = await host.ok('get_workflow_graph', { workflow_name: 'diamond' });
    expect(mermaid.graph).toContain('fetch --> left');
    expect(mermaid).toMatchObject({ steps_count: 4, dependencies_count: 4, step_statuses: null, run_id: null });
    expect(mermaid.critical_path).toEqual(['fetch', 'left', 'join']);
    const dot = await host.ok('get_workflow_graph', { workflow_name: 'diamond', format: 'dot' });
    expect(dot.graph).toContain('"right" -> "join"');
    const json = await host.ok('get_workflow_graph', { workflow_name: 'diamond', format: 'json' });
    expect(json.graph).toContainEqual({ name: 'join', dependencies: ['left', 'right'] });
  });

  it('draws a run as it was started, with the status of each step, whatever became of the workflow', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', {
      name: 'w',
      steps: [echo('old'), { name: 'bad', module: 'core', action: 'fail' }],
    });
    const { data } = await host.fault('execute_workflow', { workflow_name: 'w' });
    await host.ok('create_workflow', { name: 'w', steps: [echo('new')], replace: true });
    const drawn = await host.ok('get_workflow_graph', { run_id: data?.run_id, format: 'json' });
    expect(drawn.step_statuses).toEqual({ old: 'completed', bad: 'failed' });
  });

  it('wants a workflow or a run, not both and not none', async () => {
    const host = await createToolHost();
    for (const args of [{}, { workflow_name: 'w', run_id: 'r' }]) {
      expect((await host.fault('get_workflow_graph', args)).type).toBe('MCP_ARGUMENTS_INVALID');
    }
    expect((await host.fault('get_workflow_graph', { run_id: 'none' })).type).toBe('RUN_NOT_FOUND');
  });

  it('says so when a graph is too large to be drawn', async () => {
    const host = await createToolHost();
    const steps = Array.from({ length: 8_000 }, (_, index) => echo(`step-number-${index}`));
    await host.ok('create_workflow', { name: 'large', steps });
    expect((await host.fault('get_workflow_graph', { workflow_name: 'large' })).message).toContain('8000 steps');
  });
});

describe('simulate_workflow', () => {
  it('tells how long a run takes on other numbers of workers, and runs nothing', async () => {
    const host = await createToolHost();
    const burn = (name: string) => ({
      name,
      module: 'core',
      action: 'burn',
      parameters: { ms: 5 },
      estimated_seconds: 10,
    });
    await host.ok('create_workflow', { name: 'heavy', steps: ['a', 'b', 'c', 'd'].map(burn) });
    const before = host.digest();
    const two = await host.ok('simulate_workflow', { workflow_name: 'heavy', workers: 2 });
    expect(two).toMatchObject({
      makespan_seconds: 20,
      lower_bound_seconds: 20,
      workers: 2,
      tasks_total: 4,
      cut: false,
    });
    const four = await host.ok('simulate_workflow', { workflow_name: 'heavy', workers: 4, limit: 2 });
    expect(four).toMatchObject({ makespan_seconds: 10, cut: true });
    expect(four.tasks).toHaveLength(2);
    expect(host.digest()).toBe(before);
  });

  it('takes other capacities into account and refuses unknown ones', async () => {
    const host = await createToolHost();
    const steps = ['a', 'b'].map((name) => echo(name, name, { resources: { licence: 1 }, estimated_seconds: 10 }));
    const resources = [{ id: 'licence', type: 'custom', capacity: 1 }];
    await host.ok('create_workflow', { name: 'licensed', steps, resources });
    const capacities = { licence: 2 };
    expect(await host.ok('simulate_workflow', { workflow_name: 'licensed' })).toMatchObject({ makespan_seconds: 20 });
    expect(await host.ok('simulate_workflow', { workflow_name: 'licensed', capacities })).toMatchObject({
      makespan_seconds: 10,
    });
    const fault = await host.fault('simulate_workflow', { workflow_name: 'licensed', capacities: { licens: 2 } });
    expect(fault.type).toMatch(/^RESOURCE_|^ARGUMENT_/);
  });
});
