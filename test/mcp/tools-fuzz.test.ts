// Owns the proof that malformed calls are refused and change nothing: a hundred to each tool, made from its own schema.

import { describe, expect, it } from 'vitest';
import { inputJsonSchema } from '../../src/mcp/tool-schemas.ts';
import { ALL_TOOLS } from '../../src/mcp/tools/all-tools.ts';
import { malformedCalls } from './tool-calls.ts';
import { at, createToolHost, echo, type ToolHost } from './tool-host.ts';

const CALLS = 100;
const SEED = Number(process.env.FUZZ_SEED ?? 6);

const STEP = {
  ...echo('a'),
  dependencies: [],
  timeout: 5,
  retry: { initial_interval: 1 },
  resources: { 'sys-memory': 1 },
  concurrency: { key: 'k', limit: 1 },
  priority: 'high',
  required: true,
};
const RESOURCES = [{ id: 'own', type: 'custom', capacity: 1 }];
const NO_WORK = { name: 't', module: 'core', action: 'noop' };

/** A call of each tool that would do something, so that a fault that is let through shows. */
async function soundCalls(host: ToolHost): Promise<Readonly<Record<string, object>>> {
  await host.ok('create_workflow', { name: 'base', steps: [echo('a')] });
  const steps = [{ name: 'a', module: 'core', action: 'fail' }];
  const { data } = await host.fault('create_complex_workflow', { name: 'failed', workflow_definition: { steps } });
  const failed = at(data, 'execution_result', 'run_id');
  const blocked = await host.ok('execute_workflow', { workflow_name: await hanging(host), wait: false });
  await host.ok('allocate_resources', { user_id: 'ada', requirements: { memory: { mb: 1 } } });
  return {
    execute_workflow: { workflow_name: 'base', parameters: {}, mode: 'parallel', wait: true },
    create_workflow: { name: 'new', steps: [STEP], description: 'x', resources: RESOURCES, replace: true },
    create_project: { name: 'new', template: 'custom' },
    execute_task: { ...NO_WORK, parameters: {}, dependencies: [], resources: { 'sys-memory': 1 } },
    allocate_resources: { user_id: 'ada', requirements: { cpu: { cores: 1 }, memory: { mb: 1 } } },
    create_complex_workflow: {
      name: 'new',
      workflow_definition: { steps: [STEP], dependencies: { a: [] }, resources: RESOURCES },
      parameters: {},
    },
    get_run: { run_id: failed },
    explain_waiting: { run_id: failed },
    cancel_run: { run_id: blocked.run_id },
    rerun_from_failed: { run_id: failed },
    simulate_workflow: { workflow_name: 'base', capacities: { 'sys-memory': 5 } },
    get_workflow_graph: { workflow_name: 'base' },
    release_resources: { user_id: 'ada' },
    get_statechart: { machine: 'task' },
  };
}

/** A workflow that goes on until it is cancelled. */
async function hanging(host: ToolHost): Promise<string> {
  await host.ok('create_workflow', {
    name: 'hangs',
    steps: [{ name: 'h', module: 'talk', action: 'hang', max_retries: 0 }],
  });
  return 'hangs';
}

const CHANGING = ALL_TOOLS.filter(({ annotations }) => !annotations.readOnlyHint).map(({ name }) => name);

describe('malformed calls', () => {
  it(`of each tool, ${CALLS} of them, are refused with a schema error and change nothing`, async () => {
    const host = await createToolHost();
    const sound = await soundCalls(host);
    const before = host.digest();
    const kinds = new Set<string>();
    for (const tool of ALL_TOOLS) {
      const calls = malformedCalls(inputJsonSchema(tool.input), sound[tool.name] ?? {}, CALLS, SEED);
      for (const { what, args } of calls) {
        const result = await host.call(tool.name, args);
        const seen = result.success ? 'success' : result.errorDetails.type;
        expect(`${tool.name} ${what}: ${seen}`).toBe(`${tool.name} ${what}: MCP_ARGUMENTS_INVALID`);
        kinds.add(`${tool.name} ${what}`);
      }
      expect(host.digest(), tool.name).toBe(before);
    }
    // Hardly any of them was made twice.
    expect(kinds.size).toBeGreaterThan(ALL_TOOLS.length * CALLS * 0.8);
    expect(Reflect.get(Object.prototype, 'polluted')).toBeUndefined();
    await host.allThreads();
    expect(await host.ok('get_health_status')).toMatchObject({ status: 'healthy' });
  }, 120_000);

  it.each(CHANGING)('are told from sound ones: %s does change what the digest sees', async (name) => {
    const host = await createToolHost();
    const sound = await soundCalls(host);
    const before = host.digest();
    await host.call(name, sound[name]);
    expect(host.digest()).not.toBe(before);
  });

  it('that lead out of a folder are refused wherever a name becomes a file, and change nothing', async () => {
    const host = await createToolHost();
    const sound = await soundCalls(host);
    const before = host.digest();
    const escapes = [
      '../x',
      '..',
      '/etc/passwd',
      'a/../../x',
      '..\\x',
      'C:\\x',
      'a\0b',
      './x',
      '~/x/../..',
      '%2e%2e/x',
    ];
    for (const [tool, field] of [
      ['create_workflow', 'name'],
      ['create_complex_workflow', 'name'],
      ['execute_workflow', 'workflow_name'],
      ['simulate_workflow', 'workflow_name'],
      ['get_workflow_graph', 'workflow_name'],
      ['create_project', 'name'],
      ['create_project', 'template'],
      ['execute_task', 'module'],
      ['get_run', 'run_id'],
      ['cancel_run', 'run_id'],
      ['get_statechart', 'machine'],
    ] as const) {
      for (const way of escapes) await host.fault(tool, { ...sound[tool], [field]: way });
    }
    for (const path of escapes.filter((way) => !['./x', '%2e%2e/x', '~/x/../..'].includes(way))) {
      await host.fault('create_project', { name: 'fresh', path });
    }
    expect(host.digest()).toBe(before);
  });
});
