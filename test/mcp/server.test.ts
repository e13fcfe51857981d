// Tests Yardmaster's tools, resources and prompts as a client sees them, on a real engine.

import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readWorkflowDocument } from '../../src/domain/workflow-document.ts';
import { compileWorkflow } from '../../src/engine/workflow-compiler.ts';
import { EXAMPLE_WORKFLOW } from '../../src/mcp/mcp-prompts.ts';
import { ALL_TOOLS } from '../../src/mcp/tools/all-tools.ts';
import { CONFORMANCE_PARTS } from './fixtures/conformance-parts.ts';
import { connectInMemory, textOf, until } from './mcp-clients.ts';
import { startYardmaster, type TestServer } from './yardmaster-server.ts';

const HTML_NAME = '<img src=x onerror=alert(1)> & "q"';

async function connected(files: Readonly<Record<string, unknown>> = {}): Promise<TestServer & { client: Client }> {
  const server = await startYardmaster(files);
  return { ...server, client: await connectInMemory(server.parts) };
}

async function readJson(client: Client, uri: string) {
  const { contents } = await client.readResource({ uri });
  const [first] = contents;
  if (first === undefined || !('text' in first)) throw new Error(`${uri} is no text`);
  return JSON.parse(first.text);
}

async function create(client: Client, name: string, steps: readonly object[], rest: object = {}) {
  const made = await client.callTool({ name: 'create_workflow', arguments: { name, steps, ...rest } });
  if (made.isError === true) throw new Error(textOf(made));
  return made;
}

describe('tools over the protocol', () => {
  it('lists every tool with its schemas and annotations', async () => {
    const { client } = await connected();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(ALL_TOOLS.map(({ name }) => name));
    for (const tool of tools) {
      expect(tool.inputSchema.type).toBe('object');
      expect(tool.outputSchema?.type).toBe('object');
      expect(tool.annotations).toEqual(expect.objectContaining({ readOnlyHint: expect.any(Boolean) }));
    }
    expect(client.getInstructions()).toContain('list_workflows');
  });

  it('gives data as structure and as text, and errors with what to do', async () => {
    const { client } = await connected();
    const made = await create(client, HTML_NAME, [
      { name: 'a', module: 'core', action: 'echo', parameters: { message: HTML_NAME } },
    ]);
    expect(made.isError).toBeUndefined();
    expect(JSON.parse(textOf(made))).toEqual(made.structuredContent);
    const run = await client.callTool({ name: 'execute_workflow', arguments: { workflow_name: HTML_NAME } });
    expect(run.structuredContent).toMatchObject({ workflow_name: HTML_NAME, outputs: { a: HTML_NAME } });
    const wrong = await client.callTool({ name: 'execute_workflow', arguments: { workflow: HTML_NAME } });
    expect(wrong.isError).toBe(true);
    expect(textOf(wrong)).toContain('MCP_ARGUMENTS_INVALID');
    expect(wrong._meta?.['yardmaster/error']).toMatchObject({ type: 'MCP_ARGUMENTS_INVALID' });
  });

  it('gives the data of a failed run along with its error', async () => {
    const { client } = await connected();
    await create(client, 'bad', [{ name: 'a', module: 'core', action: 'fail', parameters: { message: 'no luck' } }]);
    const run = await client.callTool({ name: 'execute_workflow', arguments: { workflow_name: 'bad' } });
    expect(run.isError).toBe(true);
    expect(textOf(run)).toContain('no luck');
    expect(run.structuredContent).toMatchObject({ status: 'failed' });
  });

  it('names the nearest tool and prompt where there is none of a name', async () => {
    const { client } = await connected();
    await expect(client.callTool({ name: 'list_workflow', arguments: {} })).rejects.toThrow('list_workflows');
    await expect(client.callTool({ name: '__proto__', arguments: {} })).rejects.toThrow('no tool');
    await expect(client.getPrompt({ name: 'design_workflows', arguments: {} })).rejects.toThrow('design_workflow');
    await expect(client.getPrompt({ name: 'design_workflow', arguments: {} })).rejects.toThrow('goal');
  });

  it('tells progress that grows to the total', async () => {
    const { client } = await connected();
    const steps = Array.from({ length: 12 }, (_, index) => ({
      name: `s${index}`,
      module: 'core',
      action: 'sleep',
      parameters: { duration: 0.02 },
    }));
    await create(client, 'many', steps);
    const seen: number[] = [];
    await client.callTool(
      { name: 'execute_workflow', arguments: { workflow_name: 'many' } },
      {
        onprogress: ({ progress, total }) => {
          seen.push(progress);
          expect(total).toBe(12);
        },
      },
    );
    expect(seen.at(-1)).toBe(12);
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });

  it('cancels the run of a call that the client takes back, and not one whose connection ends', async () => {
    const { client, engine, parts } = await connected();
    await create(client, 'long', [{ name: 'a', module: 'core', action: 'sleep', parameters: { duration: 30 } }]);
    const controller = new AbortController();
    const call = { name: 'execute_workflow', arguments: { workflow_name: 'long', run_id: 'taken-back' } };
    const taken = client.callTool(call, { signal: controller.signal }).catch((error: unknown) => error);
    await until(() => engine.getRun('taken-back')?.status === 'running');
    controller.abort('changed my mind');
    expect(await taken).toBeInstanceOf(Error);
    await until(() => engine.getRun('taken-back')?.status === 'cancelled');
    const other = await connectInMemory(parts);
    const left = other
      .callTool({ ...call, arguments: { ...call.arguments, run_id: 'left-alone' } })
      .catch(() => undefined);
    await until(() => engine.getRun('left-alone')?.status === 'running');
    await other.close();
    await left;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(engine.getRun('left-alone')?.status).toBe('running');
  });
});

describe('resources over the protocol', () => {
  it('reads a run, its log, an output, its workflow and graph; names of people are data', async () => {
    const { client } = await connected();
    const name = `${HTML_NAME} %2F.. äß`;
    const large = 'x'.repeat(200_000);
    await create(client, name, [
      { name: 'say/it', module: 'work', action: 'say', parameters: { text: large } },
      {
        name: 'join',
        module: 'core',
        action: 'echo',
        parameters: { message: '{{params.who}}' },
        dependencies: ['say/it'],
      },
    ]);
    const ran = await client.callTool({
      name: 'execute_workflow',
      arguments: { workflow_name: name, run_id: 'r1', parameters: { who: HTML_NAME } },
    });
    expect(textOf(ran)).not.toMatch(/^error/);
    const run = await readJson(client, 'yardmaster://runs/r1');
    expect(run).toMatchObject({
      run_id: 'r1',
      workflow_name: name,
      status: 'completed',
      parameters: { who: HTML_NAME },
    });
    const tasks = z.array(z.looseObject({ name: z.string(), output: z.unknown().optional() })).parse(run.tasks);
    expect(tasks.find((task) => task.name === 'join')?.output).toBe(HTML_NAME);
    const cut = z.looseObject({
      output_cut: z.object({ read: z.string(), size_chars: z.number(), preview: z.string() }),
    });
    const { output_cut: link } = cut.parse(tasks.find((task) => task.name === 'say/it'));
    expect(await readJson(client, link.read)).toEqual({ text: large });
    expect((await readJson(client, 'yardmaster://runs/r1/logs')).lines.length).toBeGreaterThan(0);
    const uri = `yardmaster://workflows/${encodeURIComponent(name)}`;
    expect(await readJson(client, uri)).toMatchObject({ name, document: { name }, definition: { name } });
    const { contents } = await client.readResource({ uri: `${uri}/graph` });
    expect(contents).toEqual([
      expect.objectContaining({ mimeType: 'text/vnd.mermaid', text: expect.stringContaining('-->') }),
    ]);
    expect((await readJson(client, 'yardmaster://runs')).runs).toEqual([expect.objectContaining({ run_id: 'r1' })]);
    expect(await readJson(client, 'yardmaster://status')).toMatchObject({ health: { status: 'healthy' } });
  });

  it('lists what there is, and completes ids and names', async () => {
    const { client } = await connected();
    await create(client, 'alpha', [{ name: 'a', module: 'core', action: 'noop' }]);
    await client.callTool({ name: 'execute_workflow', arguments: { workflow_name: 'alpha', run_id: 'abc-1' } });
    await client.callTool({ name: 'create_project', arguments: { name: 'my project', template: 'custom' } });
    const uris = (await client.listResources()).resources.map(({ uri }) => uri);
    expect(uris).toEqual(
      expect.arrayContaining([
        'yardmaster://status',
        'yardmaster://runs',
        'yardmaster://runs/abc-1',
        'yardmaster://workflows/alpha',
        'yardmaster://projects/my%20project',
      ]),
    );
    expect(await readJson(client, 'yardmaster://projects/my%20project')).toMatchObject({
      name: 'my project',
      type: 'custom',
    });
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'yardmaster://runs/{id}',
      'yardmaster://runs/{id}/logs',
      'yardmaster://runs/{id}/outputs/{step}',
      'yardmaster://workflows/{name}',
      'yardmaster://workflows/{name}/graph',
      'yardmaster://projects/{name}',
    ]);
    const values = async (uri: string, name: string, value: string) =>
      (await client.complete({ ref: { type: 'ref/resource', uri }, argument: { name, value } })).completion.values;
    expect(await values('yardmaster://runs/{id}', 'id', 'ab')).toEqual(['abc-1']);
    expect(await values('yardmaster://workflows/{name}', 'name', 'al')).toEqual(['alpha']);
    expect(await values('yardmaster://workflows/{name}', '__proto__', 'al')).toEqual([]);
    expect(await values('yardmaster://projects/{name}', 'name', 'x')).toEqual([]);
  });

  it('says so where there is no such resource', async () => {
    const { client } = await connected();
    const known = ['yardmaster://runs/none', 'yardmaster://runs/none/logs', 'yardmaster://runs/none/outputs/a'];
    const strange = ['yardmaster://workflows/..%2F..%2Fetc', 'file:///etc/passwd', 'yardmaster://runs/%00', 'x', ''];
    for (const uri of [...known, ...strange]) {
      await expect(client.readResource({ uri })).rejects.toThrow('no resource');
    }
  });

  it('tells subscribers of a run that it changed, and of no other; and everybody of new workflows', async () => {
    const { client, engine } = await connected();
    const updated: string[] = [];
    let lists = 0;
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri));
    client.setNotificationHandler('notifications/resources/list_changed', () => void lists++);
    await client.subscribeResource({ uri: 'yardmaster://runs/r1' });
    await create(client, 'one', [{ name: 'a', module: 'core', action: 'noop' }]);
    await until(() => lists > 0);
    engine.startWorkflow('one', {}, undefined, { runId: 'r2' });
    await engine.startWorkflow('one', {}, undefined, { runId: 'r1' }).result();
    await until(() => updated.length > 0);
    expect(new Set(updated)).toEqual(new Set(['yardmaster://runs/r1']));
    await client.unsubscribeResource({ uri: 'yardmaster://runs/r1' });
    await client.callTool({ name: 'rerun_from_failed', arguments: { run_id: 'r1' } });
    updated.length = 0;
    await engine.startWorkflow('one', {}, undefined, { runId: 'r3' }).result();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(updated).toEqual([]);
  });

  it('bounds the subscriptions of a connection', async () => {
    const client = await connectInMemory(CONFORMANCE_PARTS);
    for (let count = 0; count < 1_000; count++) await client.subscribeResource({ uri: `test://${count}` });
    await client.subscribeResource({ uri: 'test://0' });
    await expect(client.subscribeResource({ uri: 'test://1000' })).rejects.toThrow('unsubscribe');
    await client.unsubscribeResource({ uri: 'test://0' });
    await client.subscribeResource({ uri: 'test://1000' });
  });
});

describe('prompts over the protocol', () => {
  it('says how to design a workflow: format, what can be called, an example that is valid', async () => {
    const { client } = await connected();
    const { messages } = await client.getPrompt({
      name: 'design_workflow',
      arguments: { goal: 'Sort {{files}}', constraints: 'cheap' },
    });
    const [message] = messages;
    const text = message?.content.type === 'text' ? message.content.text : '';
    for (const part of [
      'Sort {{files}}',
      'cheap',
      '`run_if`',
      '`resources`',
      'module `core`',
      'module `work`',
      'say {text: string}: Logs a line',
      'simulate_workflow',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('command {');
    const example = JSON.parse(/```json\n([\s\S]*?)\n```/.exec(text)?.[1] ?? '');
    expect(example).toEqual(EXAMPLE_WORKFLOW);
    const document = readWorkflowDocument(example, '');
    expect(document.kind === 'sound' && compileWorkflow(document.definition).kind).toBe('compiled');
    const made = await client.callTool({ name: 'create_workflow', arguments: example });
    expect(textOf(made)).not.toContain('error');
    const run = await client.callTool({ name: 'execute_workflow', arguments: { workflow_name: example.name } });
    expect(run.structuredContent).toMatchObject({
      status: 'completed',
      outputs: { join: { left: 'hello', right: 0.1 } },
    });
  });

  it('embeds the record of a failed run with what its errors mean', async () => {
    const { client } = await connected();
    await create(client, 'bad', [{ name: 'a', module: 'core', action: 'fail', parameters: { message: 'no luck' } }]);
    await client.callTool({ name: 'execute_workflow', arguments: { workflow_name: 'bad', run_id: 'bad-1' } });
    const { completion } = await client.complete({
      ref: { type: 'ref/prompt', name: 'diagnose_failed_run' },
      argument: { name: 'run_id', value: 'bad' },
    });
    expect(completion.values).toEqual(['bad-1']);
    const { messages } = await client.getPrompt({ name: 'diagnose_failed_run', arguments: { run_id: 'bad-1' } });
    const text = JSON.stringify(messages);
    for (const part of [
      'TASK_FAILED',
      'no luck',
      'yardmaster://runs/bad-1',
      'yardmaster://runs/bad-1/logs',
      'rerun_from_failed',
    ]) {
      expect(text).toContain(part);
    }
    await expect(client.getPrompt({ name: 'diagnose_failed_run', arguments: { run_id: 'none' } })).rejects.toThrow(
      'list_runs',
    );
  });
});
