// Owns half an hour of what agents do wrong: each mistake is answered by what to do instead, and the next call works.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OrchestrationEngine } from '../../src/engine/orchestration-engine.ts';
import { McpTools } from '../../src/mcp/mcp-tools.ts';
import { at, createToolHost, echo, type ToolHost } from './tool-host.ts';

/** A faulty workflow, and what its refusal must say. */
const FAULTY: readonly (readonly [string, readonly object[], readonly string[]])[] = [
  ['a ring', [echo('a', 1, { dependencies: ['b'] }), echo('b', 1, { dependencies: ['a'] })], ['a', 'b', 'DAG_CYCLE']],
  ['a name twice', [echo('a'), echo('a')], ['$.steps[1]', 'TASK_DUPLICATE']],
  ['a step that depends on itself', [echo('a', 1, { dependencies: ['a'] })], ['itself']],
  ['a reference to a step that is not there', [echo('a', '{{b.output}}')], ['names step', 'REFERENCE_INVALID']],
  ['a reference of another notation', [echo('a', '{{ a.result }}')], ['REFERENCE_INVALID']],
  ['an expression that is none', [echo('a', 1, { run_if: 'params.x ==' })], ['EXPRESSION_INVALID']],
  ['two fields for retries that contradict', [echo('a', 1, { max_retries: 3, retry: { max_attempts: 2 } })], ['retr']],
];

describe('a faulty workflow', () => {
  it.each(FAULTY)('with %s is refused with what and where', async (_, steps, words) => {
    const host = await createToolHost();
    const fault = await host.fault('create_workflow', { name: 'w', steps });
    const told = JSON.stringify(fault);
    for (const word of words) expect(told).toContain(word);
    expect(host.engine.workflows.listWorkflows()).toEqual([]);
  });

  it('that asks for more than there is says how much there is', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('a', 1, { resources: { 'sys-compute': 999 } })] });
    const fault = await host.fault('execute_workflow', { workflow_name: 'w' });
    expect(fault).toMatchObject({
      type: 'RESOURCE_CAPACITY_EXCEEDED',
      message: expect.stringMatching(/has \d+ in all/),
    });
  });
});

describe('a wrong order', () => {
  it('of calls is answered by the call that is missing', async () => {
    const host = await createToolHost();
    const says = async (name: string, args: object, words: string) => {
      expect((await host.fault(name, args)).message).toContain(words);
    };
    await says('execute_workflow', { workflow_name: 'etl' }, 'create_workflow makes one');
    await host.ok('create_workflow', { name: 'etl', steps: [echo('a')] });
    await says('execute_workflow', { workflow_name: 'elt' }, 'did you mean "etl"');
    await says('get_run', { run_id: 'etl' }, 'list_runs gives the ids');
    const { run_id: id } = await host.ok('execute_workflow', { workflow_name: 'etl' });
    await says('cancel_run', { run_id: id }, 'has ended as completed');
    await says('rerun_from_failed', { run_id: id }, 'every step');
    expect(await host.ok('explain_waiting', { run_id: id })).toMatchObject({
      waiting: [],
      message: expect.stringContaining('has ended as completed'),
    });
    await says('explain_waiting', { run_id: `${id}0` }, 'did you mean');
    await says('create_workflow', { name: 'etl', steps: [echo('a')] }, 'replace: true');
    await says('execute_task', { name: 't', module: 'etl', action: 'a' }, 'core has noop, echo');
    await says('execute_task', { name: 't', module: 'core', action: 'ecko' }, 'echo, sleep');
    await says(
      'execute_task',
      { name: 't', module: 'core', action: 'sleep', parameters: { duration: 'long' } },
      'duration',
    );
  });

  it('of words: a workflow is corrected after what its failed run says', async () => {
    const host = await createToolHost();
    const steps = (action: string) => [{ name: 'a', module: 'core', action, parameters: { message: 'hi' } }];
    await host.ok('create_workflow', { name: 'w', steps: steps('print') });
    const failed = await host.fault('execute_workflow', { workflow_name: 'w' });
    expect(String(at(failed.data, 'errors', 'a', 'advice'))).toContain('create_workflow and replace');
    await host.ok('create_workflow', { name: 'w', steps: steps('echo'), replace: true });
    expect(await host.ok('execute_workflow', { workflow_name: 'w' })).toMatchObject({ outputs: { a: 'hi' } });
    // The run on record keeps the workflow it had.
    const again = await host.fault('rerun_from_failed', { run_id: failed.data?.run_id });
    expect(again.data).toMatchObject({ errors: { a: { code: 'ACTION_NOT_FOUND' } } });
  });
});

describe('impatience', () => {
  it('twenty runs at once, half of them cancelled, end as they were told to', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', {
      name: 'w',
      steps: [{ name: 'a', module: 'core', action: 'sleep', parameters: { duration: 0.3 } }],
    });
    const started = await Promise.all(
      Array.from({ length: 20 }, () => host.ok('execute_workflow', { workflow_name: 'w', wait: false })),
    );
    const ids = started.map(({ run_id: id }) => String(id));
    const cancelled = await Promise.all(
      ids.filter((_, index) => index % 2 === 1).map((id) => host.ok('cancel_run', { run_id: id })),
    );
    expect(cancelled.filter(({ cancelled: is }) => is === true).length).toBeGreaterThan(0);
    const ends = await Promise.all(ids.map((id) => host.engine.getRun(id)?.result()));
    expect(ends.filter((_, index) => index % 2 === 0).every((end) => end?.status === 'completed')).toBe(true);
    for (const { run_id: id, status } of cancelled) expect(host.engine.getRun(String(id))?.status).toBe(status);
  });

  it('two cancellations of one run are one cancellation', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [{ name: 'a', module: 'talk', action: 'hang' }] });
    const { run_id: id } = await host.ok('execute_workflow', { workflow_name: 'w', wait: false });
    const results = await Promise.all([1, 2].map(() => host.call('cancel_run', { run_id: id })));
    expect(results.filter(({ success }) => success).length).toBeGreaterThan(0);
    expect(host.engine.getRun(String(id))?.status).toBe('cancelled');
  });

  it('a workflow that vanishes from the disk can still be run and replaced', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('a')] });
    rmSync(join(host.folder, 'workflows'), { recursive: true });
    expect(await host.ok('execute_workflow', { workflow_name: 'w' })).toMatchObject({ success: true });
    await host.ok('create_workflow', { name: 'w', steps: [echo('b')], replace: true });
    expect(await host.ok('execute_workflow', { workflow_name: 'w' })).toMatchObject({ outputs: { b: 'b' } });
  });
});

describe('a server that was started again', () => {
  /** The tools of a new engine on the folder of a host whose own was shut down. */
  async function restarted(host: ToolHost, resume: 'auto' | 'manual'): Promise<[OrchestrationEngine, McpTools]> {
    await host.engine.shutdown({ drainMs: 0 });
    const engine = await OrchestrationEngine.create({
      workflowsDir: join(host.folder, 'workflows'),
      tasksDirs: [join(import.meta.dirname, 'fixtures/tool-tasks')],
      dataDir: join(host.folder, 'data'),
      resume,
    });
    const { projects } = host;
    return [engine, new McpTools(async () => ({ engine, projects, allowCommands: false }))];
  }

  it('knows runs of before, and does the rest of a failed one', async () => {
    const host = await createToolHost();
    const steps = [echo('a'), { name: 'b', module: 'core', action: 'fail', dependencies: ['a'] }];
    const { data } = await host.fault('create_complex_workflow', { name: 'w', workflow_definition: { steps } });
    const id = at(data, 'execution_result', 'run_id');
    const [engine, tools] = await restarted(host, 'auto');
    await using _ = engine;
    const seen = await tools.execute('get_run', { run_id: id });
    expect(seen.data).toMatchObject({
      run: { status: 'failed', outputs: { a: 'a' } },
      steps: [{ status: 'completed' }, { status: 'failed' }],
    });
    const again = await tools.execute('rerun_from_failed', { run_id: id });
    expect(again.data).toMatchObject({ adopted: ['a'], errors: { b: { code: 'TASK_FAILED' } } });
    const drawn = await tools.execute('get_workflow_graph', { run_id: id });
    expect(drawn.data).toMatchObject({ step_statuses: { a: 'completed', b: 'failed' } });
  });

  it('tells why an unfinished run does not go on, and cancels it', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', {
      name: 'w',
      steps: [{ name: 'a', module: 'talk', action: 'hang' }, echo('b', '{{a.output}}')],
    });
    const { run_id: id } = await host.ok('execute_workflow', { workflow_name: 'w', wait: false });
    const [engine, tools] = await restarted(host, 'manual');
    await using _ = engine;
    const why = await tools.execute('explain_waiting', { run_id: id });
    expect(why.data).toMatchObject({ waiting: [{ step: 'a', reason: { kind: 'run-held' } }, { step: 'b' }] });
    const stands = await tools.execute('get_run', { run_id: id });
    expect(stands.data).toMatchObject({ run: { completed_at: null }, steps_total: 2 });
    const cancelled = await tools.execute('cancel_run', { run_id: id });
    expect(cancelled.data).toMatchObject({ status: 'cancelled', cancelled: true });
  });

  it('ends calls under way with ENGINE_CLOSED, and their runs go on', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', {
      name: 'w',
      steps: [{ name: 'a', module: 'core', action: 'sleep', parameters: { duration: 1 } }],
    });
    const call = host.fault('execute_workflow', { workflow_name: 'w', run_id: 'mine' });
    const [engine, tools] = await restarted(host, 'auto');
    await using _ = engine;
    expect((await call).type).toBe('ENGINE_CLOSED');
    const again = await tools.execute('execute_workflow', { workflow_name: 'w', run_id: 'mine' });
    expect(again.data).toMatchObject({ run_id: 'mine', status: 'completed' });
  });
});
