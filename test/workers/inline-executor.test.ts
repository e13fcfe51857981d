// Bodies on the main loop: the same contract as in threads, as far as one loop can keep it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/domain/json-value.ts';
import type { TaskContext } from '../../src/domain/task-context.ts';
import type { TaskAssignment } from '../../src/domain/task-executor.ts';
import type { InlineResources } from '../../src/workers/inline-context.ts';
import { InlineExecutor, type InlineExecutorOptions } from '../../src/workers/inline-executor.ts';
import { ManualTimers } from '../support/manual-timers.ts';
import { errorOf, outputOf, RecordingSink } from './executor-harness.ts';

const artifactsDir = mkdtempSync(join(tmpdir(), 'yardmaster-inline-'));
afterAll(() => rmSync(artifactsDir, { recursive: true, force: true }));

function create(options: Partial<InlineExecutorOptions> = {}) {
  const sink = new RecordingSink();
  const timers = new ManualTimers();
  const executor = new InlineExecutor({ sink, timers, clock: timers, artifactsDir, resources: null, ...options });
  let nextKey = 1;
  const begin = (action: string, parameters: JsonObject = {}, more: Partial<TaskAssignment> = {}): number => {
    const attemptKey = nextKey++;
    const taskName = `task-${attemptKey}`;
    executor.execute({ attemptKey, runId: 'run-1', taskName, attempt: 1, module: 'web', action, parameters, ...more });
    return attemptKey;
  };
  return { sink, timers, executor, begin };
}

describe('InlineExecutor', () => {
  it('runs a registered body after the call that hands it over, with parameters of its own', async () => {
    const { sink, executor, begin } = create();
    let began = false;
    executor.register('web', 'get', (parameters, context) => {
      began = true;
      parameters.changed = true;
      return { got: parameters.url ?? null, key: context.idempotencyKey };
    });
    expect([executor.has('web'), executor.has('web', 'get'), executor.has('web', 'put')]).toEqual([true, true, false]);
    const parameters = { url: 'a' };
    const key = begin('get', parameters);
    expect(began).toBe(false);
    expect(outputOf(await sink.outcome(key))).toEqual({ got: 'a', key: 'run-1/task-1' });
    expect(parameters).toEqual({ url: 'a' });
    expect(sink.outcomes.get(key)).toMatchObject([{ threadId: 0 }]);
  });

  it('tells an unknown action with those it knows, and passes errors on', async () => {
    const { sink, executor, begin } = create();
    executor.register('web', 'fail', () => {
      throw Object.assign(new RangeError('too far'), { code: 'FAR', details: { by: 2 } });
    });
    const unknown = errorOf(await sink.outcome(begin('constructor')));
    expect(unknown).toMatchObject({ code: 'ACTION_NOT_FOUND', details: { actions: ['fail'] } });
    const failed = errorOf(await sink.outcome(begin('fail')));
    expect(failed).toMatchObject({ name: 'RangeError', code: 'FAR', details: { by: 2 } });
  });

  it('refuses results that cannot be recorded and parameters that cannot be copied', async () => {
    const { sink, executor, begin } = create();
    executor.register('web', 'date', () => ({ at: new Date() }));
    expect(errorOf(await sink.outcome(begin('date'))).code).toBe('TASK_RESULT_INVALID');
    const parameters = Object.assign({}, { body: () => 1 });
    // @ts-expect-error: a program in plain JavaScript can pass this
    expect(errorOf(await sink.outcome(begin('date', parameters))).code).toBe('TASK_PARAMETERS_INVALID');
  });

  it('has as many slots as it was given, and says when one comes free', async () => {
    let freed = 0;
    const { sink, executor, begin } = create({
      maxConcurrency: 2,
      slotFree: () => {
        freed += 1;
      },
    });
    const gate = Promise.withResolvers<void>();
    executor.register('web', 'wait', () => gate.promise);
    const keys = [begin('wait'), begin('wait')];
    expect(executor.freeSlots()).toBe(0);
    gate.resolve();
    await Promise.all(keys.map((key) => sink.outcome(key)));
    expect([executor.freeSlots(), freed]).toEqual([2, 2]);
    expect(() => create({ maxConcurrency: 0 })).toThrow(/whole number from 1/);
    expect(() => executor.register('', 'a', () => 1)).toThrow(/needs a module/);
  });

  it('counts heartbeats and progress of a running body, and gives it the key of its task', async () => {
    const { sink, executor, begin } = create();
    const gate = Promise.withResolvers<void>();
    executor.register('web', 'beat', async (_parameters, context) => {
      context.heartbeat();
      context.progress(0.5);
      context.progress(Number.NaN);
      await gate.promise;
      return context.idempotencyKey;
    });
    const key = begin('beat', {}, { idempotencyKey: 'order-17' });
    await Promise.resolve();
    expect(executor.heartbeats(key)).toBe(3);
    gate.resolve();
    expect(outputOf(await sink.outcome(key))).toBe('order-17');
    expect(executor.heartbeats(key)).toBeUndefined();
  });

  it('lets a body that hears its signal end by itself', async () => {
    const { sink, timers, executor, begin } = create();
    executor.register('web', 'wait', (_parameters, { signal }) => {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(signal.reason));
      return promise;
    });
    const key = begin('wait');
    await Promise.resolve();
    executor.stop(key, 1_000);
    expect(await sink.outcome(key)).toMatchObject({ kind: 'stopped', killed: false });
    expect([timers.pending, executor.abandonedCount]).toEqual([0, 0]);
  });

  it('gives a body up that does not, after the grace, and throws its late result away', async () => {
    const { sink, timers, executor, begin } = create();
    const gate = Promise.withResolvers<string>();
    let context: TaskContext | undefined;
    executor.register('web', 'deaf', (_parameters, given) => {
      context = given;
      return gate.promise;
    });
    const key = begin('deaf');
    await Promise.resolve();
    executor.stop(key, 1_000);
    executor.stop(key, 5_000);
    timers.advance(999);
    expect(sink.outcomes.size).toBe(0);
    timers.advance(1);
    expect(sink.outcomes.get(key)).toEqual([{ kind: 'stopped', killed: false, threadId: 0 }]);
    expect([executor.abandonedCount, executor.freeSlots()]).toEqual([1, 64]);
    context?.log('info', 'still here');
    context?.progress(0.5);
    gate.resolve('late');
    await timers.advanceAsync(0);
    expect(executor.abandonedCount).toBe(0);
    expect(sink.said).toHaveLength(1);
    expect(sink.outcomes.get(key)).toHaveLength(1);
  });

  it('gives back the capacity that a body keeps, also one that is granted too late', async () => {
    const released: string[] = [];
    const late = Promise.withResolvers<string>();
    const resources: InlineResources = {
      tryAllocate: (owner) => `${owner}:1`,
      allocate: () => late.promise,
      release: (_owner, allocationId) => {
        released.push(allocationId);
      },
      releaseAll: () => 1,
    };
    const { sink, timers, executor, begin } = create({ resources });
    executor.register('web', 'keep', (_parameters, context) => {
      context.resources.allocate({ seats: 1 }).catch(() => {});
      return context.resources.tryAllocate({ seats: 1 });
    });
    const key = begin('keep');
    expect(outputOf(await sink.outcome(key))).toBe('run-1/task-1#1:1');
    expect(sink.said.map(({ kind, text }) => `${kind} ${text}`)[0]).toContain('1 allocation was not released');
    late.resolve('late-1');
    await timers.advanceAsync(0);
    expect(released).toEqual(['late-1']);
  });

  it('closes when all have ended, and takes no more', async () => {
    const { sink, timers, executor, begin } = create();
    executor.register('web', 'never', () => Promise.withResolvers<void>().promise);
    executor.register('web', 'soon', () => 'well');
    const never = begin('never');
    const soon = begin('soon');
    await sink.outcome(soon);
    const closing = executor.close({ drainMs: 100 });
    const refused = begin('soon');
    await timers.advanceAsync(200);
    await closing;
    expect(sink.outcomes.get(never)).toMatchObject([{ kind: 'stopped', killed: false }]);
    expect(errorOf(await sink.outcome(refused)).code).toBe('ENGINE_CLOSED');
    expect([executor.freeSlots(), timers.pending]).toEqual([0, 0]);
  });
});
