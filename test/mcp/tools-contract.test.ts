// Owns the tests of what all tools have in common: their definitions, how they refuse, what they answer when something is
// amiss, and that there are none without the server's package.

import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { defineTool, ToolFailure } from '../../src/mcp/mcp-tool.ts';
import { McpTools } from '../../src/mcp/mcp-tools.ts';
import type { JsonSchemaNode } from '../../src/mcp/tool-schemas.ts';
import { ALL_TOOLS } from '../../src/mcp/tools/all-tools.ts';
import { copyWithout } from '../support/source-without.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { at, createToolHost, echo } from './tool-host.ts';

const ROOT = join(import.meta.dirname, '../..');
const ORIGINAL = {
  execute_workflow: ['workflow_name'],
  create_workflow: ['name', 'steps'],
  list_workflows: [],
  create_project: ['name'],
  list_projects: [],
  execute_task: ['name', 'module', 'action'],
  get_system_status: [],
  get_health_status: [],
  allocate_resources: ['user_id', 'requirements'],
  create_complex_workflow: ['name', 'workflow_definition'],
} as const;

const unused = () => Promise.reject(new Error('no host is needed'));

describe('the definitions', () => {
  const definitions = new McpTools(unused).definitions();

  it('are those of the original, with its required inputs, and nine beyond', () => {
    expect(Object.keys(definitions).slice(0, 10)).toEqual(Object.keys(ORIGINAL));
    for (const [name, required] of Object.entries(ORIGINAL)) {
      expect((definitions[name]?.inputSchema.required ?? []) as unknown).toEqual(required);
    }
    expect(Object.keys(definitions).slice(10)).toEqual([
      'get_run',
      'list_runs',
      'explain_waiting',
      'cancel_run',
      'rerun_from_failed',
      'simulate_workflow',
      'get_workflow_graph',
      'release_resources',
      'get_statechart',
    ]);
  });

  it.each(Object.keys(definitions))('of %s say what it is, in closed schemas of JSON Schema 2020-12', (name) => {
    const definition = definitions[name];
    if (definition === undefined) throw new Error(`no ${name}`);
    const { title, description, inputSchema, outputSchema, annotations } = definition;
    expect(title.length).toBeGreaterThan(5);
    expect(description.length).toBeGreaterThan(100);
    for (const schema of [inputSchema, outputSchema]) {
      expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' });
      expect(schema.additionalProperties).toBe(false);
      expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    }
    expect(openPlaces(inputSchema)).toEqual([]);
    expect(annotations.readOnlyHint && annotations.destructiveHint).toBe(false);
  });

  it('describe a step as the file format does', () => {
    const schema: JsonSchemaNode = definitions.create_workflow?.inputSchema ?? {};
    const steps = schema.properties?.steps;
    expect(Object.keys(steps?.items?.properties ?? {})).toEqual(
      expect.arrayContaining(['name', 'module', 'action', 'run_if', 'retry', 'concurrency', 'estimated_seconds']),
    );
    expect(steps?.items?.patternProperties).toBeDefined();
  });
});

describe('a call', () => {
  it('of an unknown tool names the one that is near', async () => {
    const tools = new McpTools(unused);
    expect(await tools.execute('execute_workflo', {})).toMatchObject({
      success: false,
      errorDetails: { type: 'MCP_TOOL_NOT_FOUND', message: expect.stringContaining('did you mean "execute_workflow"') },
    });
    for (const name of ['__proto__', 'constructor', '', 'x'.repeat(1e6)]) {
      const result = await tools.execute(name, {});
      expect(result).toMatchObject({ success: false, errorDetails: { type: 'MCP_TOOL_NOT_FOUND' } });
      expect(result.success ? '' : result.error.length).toBeLessThan(7_000);
    }
  });

  it('with faults names each with its path, and what would be right', async () => {
    const host = await createToolHost();
    const { message, details } = await host.fault('create_workflow', {
      steps: [echo('a'), { name: 5, modul: 'core', action: 'echo', priority: 'urgent', retry: { atempts: 2 } }],
      mode: 'fast',
      stepz: 1,
    });
    expect(details?.faults).toEqual(
      expect.arrayContaining([
        { path: '$.name', message: expect.stringMatching(/^is missing; it must be/) },
        { path: '$.stepz', message: expect.stringContaining('did you mean "steps"') },
        { path: '$.mode', message: expect.stringContaining('resource_aware, not "fast"') },
        { path: '$.steps[1].name', message: expect.stringContaining('not 5') },
        { path: '$.steps[1].module', message: expect.stringMatching(/^is missing/) },
        { path: '$.steps[1].modul', message: expect.stringContaining('did you mean "module"') },
        { path: '$.steps[1].priority', message: expect.stringContaining('critical, high') },
        { path: '$.steps[1].retry.atempts', message: expect.stringContaining('max_attempts') },
      ]),
    );
    expect(message).toContain('name (required), steps (required), description');
  });

  it.each([
    ['beside', { gb: 1, shares: 2 }, '$.requirements.memory.shares', /^unknown "shares"/],
    ['like a note beside', { mb: 1, _note: 'x' }, '$.requirements.memory._note', /^unknown "_note"/],
    ['of two kinds among', { gb: 1, mb: 1 }, '$.requirements.memory', /\{gb: number\} or \{mb: number\}/],
  ])('with a member %s those of an object that may be one of two says so', async (_, memory, path, message) => {
    const host = await createToolHost();
    const fault = await host.fault('allocate_resources', { user_id: 'ada', requirements: { memory } });
    expect(fault).toMatchObject({ type: 'MCP_ARGUMENTS_INVALID', details: { faults: [{ path }] } });
    expect(at(fault, 'details', 'faults', 0, 'message')).toMatch(message);
  });

  it('with JSON sent as text is told to send the JSON itself', async () => {
    const host = await createToolHost();
    const fault = await host.fault('create_workflow', { name: 'w', steps: JSON.stringify([echo('a')]) });
    expect(fault.message).toContain('send the JSON itself');
    expect((await host.fault('execute_workflow', { workflow_name: 'w', parameters: '{}' })).message).toContain(
      'itself',
    );
  });

  it('with a thousand faults lists some and counts the rest', async () => {
    const host = await createToolHost();
    const fault = await host.fault('create_workflow', { name: 'w', steps: Array.from({ length: 1_000 }, () => ({})) });
    expect(fault.details?.more).toBe(2_950);
    expect(fault.message.length).toBeLessThan(7_000);
    const strangers = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`limi${index}`, 1]));
    const unknown = await host.fault('list_runs', strangers);
    expect(unknown.details?.more).toBe(950);
    expect(unknown.message).toContain('$.limi49: unknown "limi49" (did you mean "limit"?)');
  });

  it('that meets a fault of the tool itself says so, without a stack', async () => {
    const parts = { title: 't', description: 'd', input: z.strictObject({}), output: z.strictObject({}) };
    const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
    const failing = (name: string, run: () => never) => defineTool({ ...parts, name, annotations, run });
    const host = await createToolHost();
    const tools = new McpTools(async () => ({ engine: host.engine, projects: host.projects, allowCommands: false }), {
      tools: [
        failing('throws', () => {
          throw new TypeError('oops');
        }),
        failing('large', () => {
          throw new RuntimeError('WORKFLOW_INVALID', 'm'.repeat(1e6), {
            details: { faults: Array(1e5).fill('fault'), f: () => 1 },
          });
        }),
        defineTool({ ...parts, name: 'fails', annotations, run: () => new ToolFailure('RUN_FAILED', 'it failed', {}) }),
      ],
    });
    const thrown = await tools.execute('throws', {});
    expect(thrown).toMatchObject({
      errorDetails: { type: 'INTERNAL', message: 'the tool itself failed: oops; please report this' },
    });
    expect(JSON.stringify(thrown)).not.toContain(ROOT);
    const large = await tools.execute('large', {});
    expect(large).toMatchObject({ errorDetails: { type: 'WORKFLOW_INVALID' } });
    expect(JSON.stringify(large).length).toBeLessThan(60_000);
    expect(await tools.execute('fails', {})).toMatchObject({ success: false, error: 'it failed', data: {} });
  });

  it('whose engine cannot be made is an error, and the next one tries again', async () => {
    let tries = 0;
    const tools = new McpTools(() => {
      tries += 1;
      return Promise.reject(new RuntimeError('DATA_DIR_LOCKED', 'another engine works here'));
    });
    for (const _ of [1, 2])
      expect(await tools.execute('list_runs', {})).toMatchObject({ errorDetails: { type: 'DATA_DIR_LOCKED' } });
    expect(tries).toBe(2);
  });

  it('tells when it ended and how long it took', async () => {
    const host = await createToolHost();
    const { metadata } = await host.call('list_workflows');
    expect(metadata).toEqual({
      tool: 'list_workflows',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      duration_ms: expect.any(Number),
    });
  });
});

describe('the tools of the package', () => {
  const program = (more: string) => `
    import { executeMcpTool, getMcpToolDefinitions, getMcpTools } from ${JSON.stringify('./src/mcp/default-mcp-tools.ts')};
    const codeOf = async (call) => { try { return await call(); } catch (error) { return error.code + ': ' + error.message; } };
    ${more}`;

  it('work on the default engine and the folders of the current folder', () => {
    const folder = createTestFolder();
    const run = program(`
      const { getOrchestrationEngine } = await import('./src/engine/default-engine.ts');
      process.chdir(${JSON.stringify(folder)});
      const names = Object.keys(getMcpToolDefinitions()).length;
      const made = await executeMcpTool('create_workflow', { name: 'w', steps: [${JSON.stringify(echo('a'))}] });
      const ran = await getMcpTools().execute('execute_workflow', { workflow_name: 'w' });
      const project = await executeMcpTool('create_project', { name: 'p', template: 'custom' });
      const bad = await executeMcpTool('nothing');
      await (await getOrchestrationEngine()).shutdown();
      console.log(JSON.stringify([names, made.success, ran.data.outputs, project.success, bad.errorDetails.type]));`);
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', run], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([ALL_TOOLS.length, true, { a: 'a' }, true, 'MCP_TOOL_NOT_FOUND']);
    expect(existsSync(join(folder, 'config/workflows/production/w.json'))).toBe(true);
    expect(existsSync(join(folder, 'projects/p/.yardmaster/project.json'))).toBe(true);
  });

  it('are not to be had without the server package, and say what to install', () => {
    const folder = copyWithout('@modelcontextprotocol');
    const calls = ['getMcpTools()', 'getMcpToolDefinitions()', "executeMcpTool('list_workflows', {})"];
    const run = program(
      `for (const call of [${calls.map((call) => `() => ${call}`)}]) console.log(await codeOf(call));`,
    );
    writeFileSync(join(folder, 'run.mjs'), run);
    const { stdout, stderr } = spawnSync(process.execPath, ['run.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(line).toMatch(/^MCP_UNAVAILABLE: .*npm install @modelcontextprotocol\/server/);
    }
  });
});

/** Paths of a schema at which anything at all would do, save notes of people. */
function openPlaces(schema: JsonSchemaNode, path = '$'): string[] {
  const { $schema: _, description, default: __, ...keywords } = schema;
  if (Object.keys(keywords).length === 0) return [`${path}${description === undefined ? '' : ` (${description})`}`];
  const inside = Object.entries(schema.properties ?? {}).flatMap(([name, node]) => openPlaces(node, `${path}.${name}`));
  const others = [schema.items, ...(schema.anyOf ?? [])].flatMap((node) =>
    node === undefined ? [] : openPlaces(node, `${path}[]`),
  );
  const rest = schema.additionalProperties;
  return [...inside, ...others, ...(typeof rest === 'object' ? openPlaces(rest, `${path}.*`) : [])];
}
