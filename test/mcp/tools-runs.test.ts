// Owns the tests of the tools that run workflows and tasks, look at runs, and end them.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { McpProgress } from '../../src/mcp/mcp-tool.ts';
import { at, createToolHost, echo, type ToolHost } from './tool-host.ts';

const hang = (name: string, began: string) => ({ name, module: 'talk', action: 'hang', parameters: { began } });

/** Resolves when a file is there: a task body says so that it began. */
async function fileThere(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
}

/** A run that goes on until it is cancelled. */
async function startHanging(host: ToolHost, name = 'hangs'): Promise<string> {
  const began = join(host.folder, `${name}.began`);
  await host.ok('create_workflow', {
    name,
    steps: [hang('body', began), echo('after', 1, { dependencies: ['body'] })],
  });
  const { run_id: runId } = await host.ok('execute_workflow', { workflow_name: name, wait: false });
  await fileThere(began);
  return String(runId);
}

describe('execute_workflow', () => {
  it('gives outputs by step and says which parameters nothing takes', async () => {
    const host = await createToolHost();
    const steps = [echo('a', { n: 1 }), echo('b', 'n is {{a.output.n}}, {{params.who}}')];
    await host.ok('create_workflow', { name: 'w', steps });
    const data = await host.ok('execute_workflow', { workflow_name: 'w', parameters: { who: 'you', wo: 1 } });
    expect(data).toMatchObject({
      workflow_name: 'w',
      status: 'completed',
      success: true,
      tasks: { total: 2, completed: 2, failed: 0, skipped: 0, cancelled: 0 },
      outputs: { a: { n: 1 }, b: 'n is 1, you' },
      errors: {},
      next: [],
    });
    expect(data.warnings).toEqual([expect.stringContaining('"wo" (did you mean "who"?)')]);
    expect(host.engine.getRun(String(data.run_id))?.status).toBe('completed');
  });

  it('tells some of very many parameters that nothing takes', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('a')] });
    const parameters = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`p${index}`, index]));
    const { warnings } = await host.ok('execute_workflow', { workflow_name: 'w', parameters });
    expect(warnings).toHaveLength(21);
    expect(at(warnings, 0)).toContain('"p0"');
    expect(at(warnings, 20)).toBe('and 480 more parameters that no step takes');
  });

  it('tells errors by step with what to do, and what was skipped behind them', async () => {
    const host = await createToolHost();
    const steps = [
      echo('fine'),
      { name: 'bad', module: 'core', action: 'fail', parameters: { message: 'no luck' } },
      echo('behind', 1, { dependencies: ['bad'] }),
      { name: 'typo', module: 'core', action: 'eco' },
    ];
    await host.ok('create_workflow', { name: 'w', steps });
    const fault = await host.fault('execute_workflow', { workflow_name: 'w' });
    expect(fault).toMatchObject({ type: 'RUN_FAILED', message: expect.stringContaining('no luck') });
    expect(fault.message).toContain('rerun_from_failed');
    expect(fault.data).toMatchObject({
      status: 'failed',
      success: false,
      outputs: { fine: 'fine' },
      errors: { bad: { code: 'TASK_FAILED', message: 'no luck' }, typo: { code: 'ACTION_NOT_FOUND' } },
      skipped: { behind: { code: 'UPSTREAM_FAILED' } },
    });
    expect(String(at(fault.data, 'errors', 'typo', 'message'))).toContain('echo, sleep');
  });

  it('tells growing progress that ends at the whole, fractions of running tasks among it', async () => {
    const host = await createToolHost();
    const steps = [
      { name: 'says', module: 'talk', action: 'speak', parameters: { text: 'x' } },
      echo('b', '{{says.output}}'),
    ];
    await host.ok('create_workflow', { name: 'w', steps });
    const told: McpProgress[] = [];
    await host.ok('execute_workflow', { workflow_name: 'w' }, { onProgress: (progress) => void told.push(progress) });
    const values = told.map(({ progress }) => progress);
    expect(values).toEqual([...new Set(values)].sort((one, other) => one - other));
    expect(values.some((value) => value > 0 && value < 1)).toBe(true);
    expect(told.at(-1)).toMatchObject({ progress: 2, total: 2, message: expect.stringContaining('completed') });
    expect(told.find(({ progress }) => progress > 0 && progress < 1)?.message).toMatch(/says \d+ %: quarter \d/);
  });

  it('goes on when whoever listens to its progress throws', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('a')] });
    const onProgress = () => {
      throw new Error('deaf');
    };
    expect(await host.ok('execute_workflow', { workflow_name: 'w' }, { onProgress })).toMatchObject({ success: true });
  });

  it('cancels the run when its call is cancelled, and says so', async () => {
    const host = await createToolHost();
    const began = join(host.folder, 'began');
    await host.ok('create_workflow', { name: 'w', steps: [hang('a', began), echo('b', 1, { dependencies: ['a'] })] });
    const controller = new AbortController();
    const call = host.fault('execute_workflow', { workflow_name: 'w' }, { signal: controller.signal });
    await fileThere(began);
    controller.abort();
    const fault = await call;
    expect(fault).toMatchObject({
      type: 'RUN_CANCELLED',
      message: expect.stringContaining('cancelled by the MCP client'),
    });
    expect(fault.data).toMatchObject({ status: 'cancelled', tasks: { cancelled: 2 } });
    expect(host.engine.getRun(String(fault.data?.run_id))?.status).toBe('cancelled');
  });

  it('starts nothing for a call that was cancelled before', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('a')] });
    const before = host.digest();
    const call = { signal: AbortSignal.abort() };
    expect((await host.fault('execute_workflow', { workflow_name: 'w' }, call)).type).toBe('RUN_CANCELLED');
    const task = { name: 't', module: 'core', action: 'noop' };
    expect((await host.fault('execute_task', task, call)).type).toBe('TASK_CANCELLED');
    const complex = { name: 'c', workflow_definition: { steps: [echo('a')] } };
    expect((await host.fault('create_complex_workflow', complex, call)).type).toBe('RUN_CANCELLED');
    expect(host.digest()).toBe(before);
  });

  it('runs work under an id of the caller once, however often it is asked for', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('a', '{{params.x}}')] });
    const args = { workflow_name: 'w', parameters: { x: 1 }, run_id: 'mine' };
    const [one, other] = await Promise.all([host.ok('execute_workflow', args), host.ok('execute_workflow', args)]);
    expect([one.run_id, other.run_id]).toEqual(['mine', 'mine']);
    expect(host.engine.listRuns({ kind: 'workflow' })).toHaveLength(1);
    const otherWork = { ...args, parameters: { x: 2 } };
    expect((await host.fault('execute_workflow', otherWork)).type).toBe('RUN_EXISTS');
  });

  it('runs in a session that is there, and says when it is not', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'w', steps: [echo('a')] });
    const { sessionId } = host.engine.createSession('mine');
    const args = { workflow_name: 'w', session_id: sessionId };
    expect(await host.ok('execute_workflow', args)).toMatchObject({ session_id: sessionId });
    await host.engine.closeSession(sessionId);
    expect((await host.fault('execute_workflow', args)).type).toBe('SESSION_CLOSED');
    expect((await host.fault('execute_workflow', { workflow_name: 'w', session_id: 'x' })).type).toBe(
      'SESSION_NOT_FOUND',
    );
  });

  it('refuses workflows that start programs, also those that people wrote', async () => {
    const host = await createToolHost();
    const steps = [{ name: 'ls', module: 'core', action: 'command', parameters: { command: 'true', args: [] } }];
    host.engine.workflows.createWorkflow('shell', steps);
    const run = await host.engine.executeWorkflow('shell');
    const before = host.digest();
    for (const [name, args] of [
      ['execute_workflow', { workflow_name: 'shell' }],
      ['execute_workflow', { workflow_name: 'shell', run_id: run.runId }],
      ['rerun_from_failed', { run_id: run.runId }],
      ['rerun_from_failed', { run_id: run.runId, step: 'ls' }],
      ['create_complex_workflow', { name: 'c', workflow_definition: { steps } }],
      ['execute_task', { name: 't', ...steps[0] }],
    ] as const) {
      expect((await host.fault(name, args)).type).toBe('MCP_COMMAND_REFUSED');
    }
    expect(host.digest()).toBe(before);
  });

  it('cuts long outputs and says where the whole of them can be read', async () => {
    const host = await createToolHost();
    const long = (name: string, characters: number) => ({
      name,
      module: 'talk',
      action: 'long',
      parameters: { characters },
    });
    const many = Array.from({ length: 120 }, (_, index) => long(`s${index}`, 2_000));
    await host.ok('create_workflow', { name: 'w', steps: [long('big', 1_000_000), ...many] });
    const data = await host.ok('execute_workflow', { workflow_name: 'w' });
    expect(at(data, 'cut_outputs', 'big')).toMatchObject({
      size_chars: 1_000_002,
      read: `yardmaster://runs/${data.run_id}/outputs/big`,
    });
    expect(data.omitted).toEqual({ outputs: 21, errors: 0, skipped: 0 });
    const one = await host.ok('get_run', { run_id: data.run_id, step: 's7' });
    expect(one.step_detail).toMatchObject({ output: 'x'.repeat(2_000), cut: null });
    const big = await host.ok('get_run', { run_id: data.run_id, step: 'big' });
    expect(big.step_detail).toMatchObject({ output: null, cut: { size_chars: 1_000_002 } });
  });
});

describe('create_complex_workflow', () => {
  it('keeps and runs a workflow whose dependencies are told apart from its steps', async () => {
    const host = await createToolHost();
    const definition = {
      steps: [echo('last'), echo('first'), echo('middle', 1, { dependencies: ['first'] })],
      dependencies: { last: ['middle'] },
      resources: [{ id: 'licence', type: 'custom', capacity: 1 }],
    };
    const data = await host.ok('create_complex_workflow', { name: 'c', workflow_definition: definition });
    expect(data).toMatchObject({ workflow_name: 'c', levels: [['first'], ['middle'], ['last']] });
    expect(data.execution_result).toMatchObject({ status: 'completed', outputs: { last: 'last' } });
    expect(existsSync(String(data.file))).toBe(true);
    expect(await host.ok('execute_workflow', { workflow_name: 'c' })).toMatchObject({ status: 'completed' });
  });

  it('keeps nothing that is faulty or cannot run, and what it kept when the run fails', async () => {
    const host = await createToolHost();
    const before = host.digest();
    for (const definition of [
      { steps: [echo('a')], dependencies: { b: ['a'] } },
      { steps: [echo('a', 1, { dependencies: ['b'] }), echo('b', 1, { dependencies: ['a'] })] },
      { steps: [{ name: 'a', module: 'nowhere', action: 'x' }] },
      { steps: [echo('a', 1, { resources: { nothing: 1 } })] },
      { steps: [echo('a', '{{params.missing}}')] },
    ]) {
      await host.fault('create_complex_workflow', { name: 'c', workflow_definition: definition });
    }
    expect(host.digest()).toBe(before);
    const steps = [{ name: 'a', module: 'core', action: 'fail' }];
    const fault = await host.fault('create_complex_workflow', { name: 'c', workflow_definition: { steps } });
    expect(fault).toMatchObject({ type: 'RUN_FAILED', data: { execution_result: { status: 'failed' } } });
    expect(host.engine.workflows.listWorkflows()).toEqual(['c']);
  });
});

describe('rerun_from_failed', () => {
  it('does again what did not complete and takes over the rest', async () => {
    const host = await createToolHost();
    const file = join(host.folder, 'needed');
    const steps = [
      echo('done', 'kept'),
      { name: 'needs', module: 'talk', action: 'need', parameters: { file } },
      echo('after', '{{needs.output}} {{done.output}}'),
    ];
    await host.ok('create_workflow', { name: 'w', steps });
    const failed = await host.fault('execute_workflow', { workflow_name: 'w' });
    const id = failed.data?.run_id;
    expect((await host.fault('rerun_from_failed', { run_id: id })).data).toMatchObject({
      status: 'failed',
      rerun_of: id,
    });
    writeFileSync(file, '');
    const data = await host.ok('rerun_from_failed', { run_id: id });
    expect(data).toMatchObject({
      status: 'completed',
      rerun_of: id,
      adopted: ['done'],
      outputs: { after: 'found kept' },
    });
    const again = await host.ok('rerun_from_failed', { run_id: data.run_id, step: 'needs' });
    expect(again.adopted).toEqual(['done']);
    const nothing = await host.fault('rerun_from_failed', { run_id: data.run_id });
    expect(nothing).toMatchObject({ type: 'ARGUMENT_INVALID', message: expect.stringContaining('execute_workflow') });
    expect((await host.fault('rerun_from_failed', { run_id: data.run_id, step: 'neds' })).message).toContain('"needs"');
  });

  it('wants a run that has ended', async () => {
    const host = await createToolHost();
    const id = await startHanging(host);
    expect((await host.fault('rerun_from_failed', { run_id: id })).type).toBe('RUN_NOT_ENDED');
    expect((await host.fault('rerun_from_failed', { run_id: 'run-x' })).type).toBe('RUN_NOT_FOUND');
  });
});

describe('execute_task', () => {
  it('runs one action in a thread and gives its output', async () => {
    const host = await createToolHost();
    const told: McpProgress[] = [];
    const args = { name: 't', module: 'talk', action: 'speak', parameters: { text: 'x' }, priority: 'high' };
    const data = await host.ok('execute_task', args, { onProgress: (progress) => void told.push(progress) });
    expect(data).toMatchObject({ name: 't', status: 'completed', success: true, output: { text: 'x' }, attempts: 1 });
    expect(told.at(-1)?.progress).toBe(1);
    expect(told.slice(0, -1).every(({ progress }) => progress > 0 && progress < 1)).toBe(true);
    expect(told.length).toBeGreaterThan(1);
    const log = await host.ok('get_run', { run_id: data.task_id });
    expect(log.kind).toBe('task');
    expect(JSON.stringify(at(log, 'log', 'lines'))).toContain('hello x');
  });

  it('waits for the tasks it depends on, by id and by name, and is skipped when one fails', async () => {
    const host = await createToolHost();
    const core = (name: string, action: string, more: object = {}) => ({ name, module: 'core', action, ...more });
    const slow = await host.ok('execute_task', core('slow', 'sleep', { parameters: { duration: 0.2 }, wait: false }));
    expect(slow.status).not.toBe('completed');
    await host.ok('execute_task', core('quick', 'noop'));
    const data = await host.ok('execute_task', core('after', 'noop', { dependencies: [slow.task_id, 'quick'] }));
    expect(data.depends_on).toEqual([
      { task_id: slow.task_id, name: 'slow', status: 'completed' },
      expect.objectContaining({ name: 'quick', status: 'completed' }),
    ]);
    expect(Date.parse(String(data.started_at))).toBeGreaterThanOrEqual(
      Date.parse(String(host.engine.tasks.getTask(String(slow.task_id))?.completedAt)),
    );
    const bad = await host.fault('execute_task', core('bad', 'fail', { parameters: { message: 'oh no' } }));
    expect(bad).toMatchObject({ type: 'TASK_FAILED', data: { status: 'failed', error: { message: 'oh no' } } });
    const skipped = await host.fault('execute_task', core('behind', 'noop', { dependencies: ['bad'] }));
    expect(skipped).toMatchObject({ type: 'UPSTREAM_FAILED', data: { status: 'skipped' } });
    const missing = await host.fault('execute_task', core('x', 'noop', { dependencies: ['quik'] }));
    expect(missing).toMatchObject({ type: 'DEPENDENCY_MISSING', message: expect.stringContaining('"quick"') });
  });

  it('takes the last task of a name, which may be named like a member of every object', async () => {
    const host = await createToolHost();
    const noop = { name: 'constructor', module: 'core', action: 'noop' };
    expect((await host.fault('execute_task', { ...noop, dependencies: ['constructor'] })).type).toBe(
      'DEPENDENCY_MISSING',
    );
    const ids = [await host.ok('execute_task', noop), await host.ok('execute_task', noop)].map((data) => data.task_id);
    const data = await host.ok('execute_task', { ...noop, dependencies: ['constructor', ids[0], 'constructor'] });
    expect(at(data, 'depends_on')).toMatchObject([{ task_id: ids[1] }, { task_id: ids[0] }, { task_id: ids[1] }]);
  });

  it('cancels the task when its call is cancelled', async () => {
    const host = await createToolHost();
    const began = join(host.folder, 'began');
    const controller = new AbortController();
    const call = host.fault('execute_task', hang('t', began), { signal: controller.signal });
    await fileThere(began);
    controller.abort();
    expect(await call).toMatchObject({ type: 'TASK_CANCELLED', data: { status: 'cancelled' } });
  });

  it('submits nothing for a module that is not there, or work that is known', async () => {
    const host = await createToolHost();
    for (const module of ['nowhere', '../talk', '/etc/passwd', 'core/']) {
      expect((await host.fault('execute_task', { name: 't', module, action: 'x' })).type).toBe('MODULE_NOT_FOUND');
    }
    const args = { name: 't', module: 'core', action: 'noop', task_id: 'once' };
    await host.ok('execute_task', args);
    await host.ok('execute_task', args);
    expect((await host.fault('execute_task', { ...args, parameters: { x: 1 } })).type).toBe('TASK_EXISTS');
    expect(host.engine.tasks.listTasks()).toHaveLength(1);
  });
});

describe('get_run and list_runs', () => {
  it('tell attempts, times and logs of a run, and of one step alone', async () => {
    const host = await createToolHost();
    const steps = [
      {
        name: 'flaky',
        module: 'core',
        action: 'fail',
        parameters: { times: 1, message: 'once' },
        max_retries: 1,
        retry: { initial_interval: 0.01 },
      },
      { name: 'says', module: 'talk', action: 'speak', parameters: { text: 'you' }, dependencies: ['flaky'] },
    ];
    await host.ok('create_workflow', { name: 'w', steps });
    const { run_id: id } = await host.ok('execute_workflow', { workflow_name: 'w' });
    const data = await host.ok('get_run', { run_id: id });
    expect(data.run).toMatchObject({ status: 'completed', run_id: id });
    expect(data.steps).toMatchObject([
      { step: 'flaky', status: 'completed', attempts: 2 },
      { step: 'says', status: 'completed', attempts: 1 },
    ]);
    const lines = JSON.stringify(at(data, 'log', 'lines'));
    for (const words of ['hello you', 'nearly done', 'TASK_FAILED: once', '100 %', 'completed'])
      expect(lines).toContain(words);
    const one = await host.ok('get_run', { run_id: id, step: 'flaky', log_lines: 1 });
    expect(one.step_detail).toMatchObject({
      attempts: [
        { outcome: 'failed', error: { code: 'TASK_FAILED' } },
        { outcome: 'completed', error: null },
      ],
    });
    expect(one).toMatchObject({ steps_cut: false, steps_total: 2, log: { lines: [{ step: 'flaky', kind: 'ended' }] } });
    expect((await host.fault('get_run', { run_id: id, step: 'nope' })).type).toBe('TASK_NOT_FOUND');
    expect((await host.fault('get_run', { run_id: `${id}x` })).message).toContain(`did you mean "${id}"`);
  });

  it('list runs by status, workflow and kind, newest first, and say when there are more', async () => {
    const host = await createToolHost();
    await host.ok('create_workflow', { name: 'good', steps: [echo('a')] });
    await host.ok('create_workflow', { name: 'bad', steps: [{ name: 'a', module: 'core', action: 'fail' }] });
    for (const name of ['good', 'bad', 'good']) await host.call('execute_workflow', { workflow_name: name });
    await host.ok('execute_task', { name: 'single', module: 'core', action: 'noop' });
    const going = await startHanging(host);
    const names = async (args: object) => {
      const { runs } = await host.ok('list_runs', args);
      return Array.isArray(runs) ? runs.map((run) => at(run, 'workflow_name')) : [];
    };
    expect(await names({})).toEqual(['hangs', 'good', 'bad', 'good']);
    expect(await names({ status: 'failed' })).toEqual(['bad']);
    expect(await names({ workflow_name: 'good' })).toEqual(['good', 'good']);
    expect(await names({ kind: 'task' })).toEqual(['single']);
    expect(await names({ kind: 'all', limit: 2 })).toEqual(['hangs', 'single']);
    expect(await host.ok('list_runs', { status: 'running' })).toMatchObject({ runs: [{ run_id: going }], cut: false });
    expect(await host.ok('list_runs', { limit: 1 })).toMatchObject({ count: 1, cut: true });
  });
});

describe('explain_waiting and cancel_run', () => {
  it('tell which step waits for which, and for a resource that is short', async () => {
    const host = await createToolHost();
    const id = await startHanging(host);
    const data = await host.ok('explain_waiting', { run_id: id });
    expect(data).toMatchObject({
      status: 'running',
      running_steps: ['body'],
      waiting: [{ step: 'after', reason: { kind: 'dependency', tasks: ['body'] }, message: 'waits for "body"' }],
    });
    await host.ok('allocate_resources', { user_id: 'me', requirements: { cpu: { cores: 1 } } });
    const capacity = host.engine.resources.getUsage('sys-compute').capacity;
    const steps = [echo('wide', 1, { resources: { 'sys-compute': capacity } })];
    await host.ok('create_workflow', { name: 'wide', steps });
    const { run_id: waits } = await host.ok('execute_workflow', { workflow_name: 'wide', wait: false });
    const ask = () => host.ok('explain_waiting', { run_id: waits, step: 'wide' });
    let short = await ask();
    // Until the second thread is up, that is what it waits for.
    while (at(short, 'waiting', 0, 'reason', 'kind') === 'slot') {
      await new Promise((resolve) => setImmediate(resolve));
      short = await ask();
    }
    expect(short.waiting).toMatchObject([{ reason: { kind: 'resource', resourceId: 'sys-compute', needs: capacity } }]);
    expect(at(short, 'waiting', 0, 'advice')).toContain('release_resources');
    await host.ok('release_resources', { user_id: 'me' });
    expect((await host.engine.getRun(String(waits))?.result())?.status).toBe('completed');
    expect(await host.ok('explain_waiting', { run_id: waits })).toMatchObject({ waiting: [], status: 'completed' });
  });

  it('cancel a run with its reason on record, and refuse one that has ended', async () => {
    const host = await createToolHost();
    const id = await startHanging(host);
    const data = await host.ok('cancel_run', { run_id: id, reason: 'not wanted' });
    expect(data).toMatchObject({ run_id: id, status: 'cancelled', cancelled: true, tasks: { cancelled: 2 } });
    expect(await host.ok('get_run', { run_id: id })).toMatchObject({
      run: { reason: 'not wanted', status: 'cancelled' },
    });
    expect((await host.fault('cancel_run', { run_id: id })).type).toBe('RUN_ENDED');
    expect((await host.fault('cancel_run', { run_id: 'none' })).type).toBe('RUN_NOT_FOUND');
  });

  it('cut what is long amid no character', async () => {
    const host = await createToolHost();
    for (const message of ['😀'.repeat(5_000), `a${'😀'.repeat(5_000)}`]) {
      const task = { name: 't', module: 'core', parameters: { message } };
      const { cut_output: cut } = await host.ok('execute_task', { ...task, action: 'echo' });
      const failed = await host.fault('execute_task', { ...task, action: 'fail' });
      const texts = [at(cut, 'preview'), failed.message, at(failed.data, 'error', 'message')].map(String);
      for (const text of texts) expect(text.length > 400 && text.isWellFormed()).toBe(true);
    }
  });

  it('tell the reason of the run whole, and its beginning for each step', async () => {
    const host = await createToolHost();
    const id = await startHanging(host);
    const reason = 'not wanted '.repeat(40);
    await host.ok('cancel_run', { run_id: id, reason });
    const seen = await host.ok('get_run', { run_id: id });
    expect(at(seen, 'run', 'reason')).toBe(reason);
    expect(at(seen, 'steps', 0, 'reason')).toBe(`${reason.slice(0, 200)}…`);
  });

  it('serve single tasks too', async () => {
    const host = await createToolHost();
    const began = join(host.folder, 'began');
    const task = await host.ok('execute_task', { ...hang('t', began), wait: false });
    const behind = await host.ok('execute_task', {
      name: 'behind',
      module: 'core',
      action: 'noop',
      dependencies: ['t'],
      wait: false,
    });
    await fileThere(began);
    const why = await host.ok('explain_waiting', { run_id: behind.task_id });
    expect(why.waiting).toMatchObject([{ step: 'behind', reason: { kind: 'dependency' } }]);
    expect(await host.ok('cancel_run', { run_id: task.task_id })).toMatchObject({ cancelled: true });
    expect((await host.fault('cancel_run', { run_id: task.task_id })).type).toBe('RUN_ENDED');
    expect(await host.ok('get_run', { run_id: behind.task_id })).toMatchObject({ steps: [{ status: 'skipped' }] });
  });
});
