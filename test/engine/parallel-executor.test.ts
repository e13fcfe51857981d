// Groups of tasks on threads of their own: outcomes by name, and a time-out that bounds the time.

import { describe, expect, it, onTestFinished } from 'vitest';
import { ExecutionResult, ExecutionStatus, ParallelExecutor, type ParallelExecutorOptions } from '../../src/index.ts';
import { TASKS_DIR } from './support.ts';

function createExecutor(options: ParallelExecutorOptions = {}): ParallelExecutor {
  const executor = new ParallelExecutor({ maxWorkers: 2, tasksDirs: [TASKS_DIR], ...options });
  onTestFinished(() => executor.shutdown());
  return executor;
}

const noop = (name: string) => ({ name, module: 'core', action: 'noop' });
const spins = (name: string) => ({ name, module: 'bodies', action: 'spins' });
const fails = (name: string) => ({ name, module: 'core', action: 'fail', parameters: { message: 'no luck' } });

/** Milliseconds that a call takes. */
async function timed<T>(call: () => Promise<T>): Promise<{ value: T; elapsedMs: number }> {
  const startedAtMs = performance.now();
  const value = await call();
  return { value, elapsedMs: performance.now() - startedAtMs };
}

describe('executeTasks', () => {
  it('gives the outcome of each task by name, dependencies of both kinds kept', async () => {
    const executor = createExecutor();
    const results = await executor.executeTasks(
      [
        { name: 'a', module: 'core', action: 'echo', parameters: { message: { n: 1 } } },
        { name: 'b', module: 'core', action: 'echo', parameters: { message: '{{a.output.n}}' }, dependencies: ['a'] },
        noop('c'),
      ],
      { c: ['b'] },
    );
    expect(Object.keys(results)).toEqual(['a', 'b', 'c']);
    expect(results.b).toBeInstanceOf(ExecutionResult);
    expect(results.b).toMatchObject({ name: 'b', status: ExecutionStatus.COMPLETED, output: 1, error: null });
    expect(results.c?.success).toBe(true);
  });

  it('tells failed from cancelled: what is behind a failure did not fail', async () => {
    const results = await createExecutor().executeTasks([fails('a'), noop('b'), noop('c'), noop('d')], {
      b: ['a'],
      c: ['b'],
    });
    expect(results.a).toMatchObject({ status: 'failed', error: { code: 'TASK_FAILED', message: 'no luck' } });
    expect(results.b).toMatchObject({ status: 'cancelled', output: null, error: { code: 'UPSTREAM_FAILED' } });
    expect(results.c).toMatchObject({ status: 'cancelled', error: { code: 'UPSTREAM_FAILED' } });
    expect(results.d?.status).toBe('completed');
  });

  it('ends at its time-out although bodies never look: these are stopped, the next group runs', async () => {
    const executor = createExecutor();
    await executor.executeTaskGroup([noop('warm')]);
    const tasks = [spins('x'), spins('y'), noop('after-x'), noop('waiting')];
    const { value: results, elapsedMs } = await timed(() =>
      executor.executeTasks(tasks, { 'after-x': ['x'] }, { timeoutMs: 150 }),
    );
    expect(Object.values(results).map(({ status }) => status)).toEqual(['timeout', 'timeout', 'timeout', 'timeout']);
    expect(results.x?.error?.message).toContain('time-out');
    expect(elapsedMs).toBeGreaterThanOrEqual(150);
    expect(elapsedMs).toBeLessThan(3_000);
    expect((await executor.executeTaskGroup([noop('next')])).next?.status).toBe('completed');
  });

  it('keeps what had completed when the time-out came', async () => {
    const executor = createExecutor({ timeoutMs: 300 });
    const results = await executor.executeTasks([noop('quick'), spins('slow'), fails('bad')]);
    expect([results.quick?.status, results.slow?.status, results.bad?.status]).toEqual([
      'completed',
      'timeout',
      'failed',
    ]);
  });

  it('knows the time-out of one task from that of the group', async () => {
    const results = await createExecutor().executeTasks([{ ...spins('short'), timeoutMs: 60 }, noop('other')]);
    expect(results.short).toMatchObject({ status: 'timeout', error: { code: 'TASK_TIMEOUT' } });
    expect(results.other?.status).toBe('completed');
  });

  it('runs groups beside each other', async () => {
    const executor = createExecutor();
    const groups = await Promise.all([1, 2, 3].map((n) => executor.executeTaskGroup([noop(`t${n}`), fails('bad')])));
    expect(groups.map((group) => Object.values(group).map(({ status }) => status))).toEqual(
      [1, 2, 3].map(() => ['completed', 'failed']),
    );
  });

  it('of nothing is done at once, and starts no thread for it', async () => {
    expect(await createExecutor().executeTasks([])).toEqual({});
  });

  it.each([
    ['a ring', [noop('a'), noop('b')], { a: ['b'], b: ['a'] }, 'WORKFLOW_INVALID'],
    ['an unknown dependency', [noop('a')], { a: ['zzz'] }, 'WORKFLOW_INVALID'],
    ['dependencies of a stranger', [noop('a')], { zzz: ['a'] }, 'WORKFLOW_INVALID'],
    ['a name twice', [noop('a'), noop('a')], {}, 'WORKFLOW_INVALID'],
  ])('refuses %s', async (_name, tasks, dependencies, code) => {
    await expect(createExecutor().executeTasks(tasks, dependencies)).rejects.toMatchObject({ code });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the time-out %s', async (timeoutMs) => {
    await expect(createExecutor().executeTasks([noop('a')], {}, { timeoutMs })).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    });
  });
});

describe('shutdown', () => {
  it('stops what runs, says so in the results, and refuses what comes after', async () => {
    const executor = createExecutor();
    await executor.executeTaskGroup([noop('warm')]);
    const pending = executor.executeTasks([spins('x'), noop('y')], { y: ['x'] });
    await new Promise((resolve) => setImmediate(resolve));
    const { elapsedMs } = await timed(() => executor.shutdown());
    const results = await pending;
    expect(elapsedMs).toBeLessThan(5_000);
    expect(results.x).toMatchObject({ status: 'cancelled', error: { code: 'TASK_CANCELLED' } });
    expect(results.y?.status).toBe('cancelled');
    await expect(executor.executeTaskGroup([noop('z')])).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    await executor.shutdown();
  });

  it('before the first group has nothing to end; while threads start, the group is refused', async () => {
    await createExecutor().shutdown();
    const executor = createExecutor();
    const pending = executor.executeTaskGroup([noop('a')]);
    const refused = expect(pending).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    await executor.shutdown();
    await refused;
  });

  it('does not hide the error of threads that could not be started', async () => {
    const use = async () => {
      await using executor = new ParallelExecutor({ maxWorkers: 0 });
      await executor.executeTaskGroup([noop('a')]);
    };
    await expect(use()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
