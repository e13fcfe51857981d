// The public face of capacity on a running engine: main thread and threads see the same amounts.

import { availableParallelism, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  Resource,
  ResourceAllocation,
  ResourceManager,
  ResourceStatus,
  ResourceType,
  ResourceUsage,
  type TaskPriority,
} from '../../src/index.ts';
import { createTestEngine, seen } from './support.ts';

describe('resources', () => {
  it('are by default those of the machine and a quota of calls', async () => {
    const { engine } = await createTestEngine();
    expect(engine.resources).toBeInstanceOf(ResourceManager);
    const [compute] = engine.resources.listResources(ResourceType.COMPUTE);
    expect(compute).toBeInstanceOf(Resource);
    expect(compute).toMatchObject({ resourceId: 'sys-compute', capacity: availableParallelism(), status: 'available' });
    expect(engine.resources.getUsage('sys-memory').capacity).toBeLessThanOrEqual(totalmem() / 1_000_000);
    expect(engine.resources.getUsage('api-global')).toMatchObject({ capacity: 1_000, current: 0, available: 1_000 });
  });

  it('of all types can be registered; the same again is harmless, another is refused', async () => {
    const { engine } = await createTestEngine();
    for (const type of Object.values(ResourceType)) engine.resources.registerResource(`r-${type}`, type, 2);
    engine.resources.registerResource('r-lock', 'lock', 2);
    expect(() => engine.resources.registerResource('r-lock', 'lock', 3)).toThrow(
      expect.objectContaining({ code: 'RESOURCE_EXISTS' }),
    );
    for (const type of Object.values(ResourceType)) {
      expect(engine.resources.listResources(type).map(({ resourceId }) => resourceId)).toContain(`r-${type}`);
    }
  });
});

describe('allocations', () => {
  it('are at once or null, counted, and given back once', async () => {
    const { engine } = await createTestEngine();
    const { resources } = engine;
    resources.registerResource('pot', 'custom', 3);
    const held = resources.allocate('pot', 'me', 2);
    expect(held).toBeInstanceOf(ResourceAllocation);
    expect(held).toMatchObject({ resourceId: 'pot', amount: 2, requesterId: 'me' });
    expect(resources.allocate('pot', 'me', 2)).toBeNull();
    const usage = resources.getUsage('pot');
    expect(usage).toBeInstanceOf(ResourceUsage);
    expect(usage).toMatchObject({ capacity: 3, current: 2, peak: 2, available: 1, allocationCount: 1, waiting: 0 });
    expect(usage.utilization).toBeCloseTo(2 / 3);
    if (held !== null) {
      resources.release(held.allocationId);
      expect(() => resources.release(held)).toThrow(expect.objectContaining({ code: 'ALLOCATION_RELEASED' }));
    }
    expect(() => resources.release('nobody')).toThrow(expect.objectContaining({ code: 'ALLOCATION_NOT_FOUND' }));
    expect(resources.getUsage('pot')).toMatchObject({ current: 0, peak: 2, allocationCount: 0 });
  });

  it('of shapes and of several resources are all or nothing', async () => {
    const { engine } = await createTestEngine();
    const { resources } = engine;
    resources.registerResource('pot', 'custom', 1);
    const all = resources.allocateResources('me', { cpu: { cores: 1 }, memory: { gb: 0.5 }, pot: { amount: 1 } });
    expect(Object.keys(all?.resources ?? {}).sort()).toEqual(['pot', 'sys-compute', 'sys-memory']);
    expect(resources.allocateResources('you', { memory: { gb: 0.5 }, pot: { amount: 1 } })).toBeNull();
    expect(resources.getUsage('sys-memory').allocationCount).toBe(1);
    expect(resources.releaseAll('me')).toBe(1);
    expect(resources.releaseAll('me')).toBe(0);
    expect(resources.getUsage('sys-compute').current).toBe(0);
  });

  it('that wait come in turn, in time, or not', async () => {
    const { engine } = await createTestEngine();
    const { resources } = engine;
    resources.registerResource('pot', 'custom', 1);
    const held = resources.allocate('pot', 'me');
    const order: string[] = [];
    const wait = (name: string, priority: TaskPriority) =>
      resources.acquire({ pot: 1 }, { requesterId: name, priority }).then((allocation) => {
        order.push(name);
        resources.release(allocation);
      });
    const waits = [wait('low', 3), wait('first', 1), wait('second', 1)];
    expect(resources.getUsage('pot').waiting).toBe(3);
    await expect(resources.acquire({ pot: 1 }, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'RESOURCE_TIMEOUT' });
    const stop = new AbortController();
    const aborted = expect(resources.acquire({ pot: 1 }, { signal: stop.signal })).rejects.toThrow('never mind');
    stop.abort(new Error('never mind'));
    await aborted;
    expect(resources.allocate('pot', 'hasty')).toBeNull();
    if (held !== null) resources.release(held);
    await Promise.all(waits);
    expect(order).toEqual(['first', 'second', 'low']);
  });

  it.each([
    ['an unknown id', 'nobody', 1, 'RESOURCE_NOT_FOUND'],
    ['nothing', 'pot', 0, 'RESOURCE_AMOUNT_INVALID'],
    ['a negative amount', 'pot', -1, 'RESOURCE_AMOUNT_INVALID'],
    ['no number', 'pot', Number.NaN, 'RESOURCE_AMOUNT_INVALID'],
    ['a part of a whole', 'pot', 0.5, 'RESOURCE_AMOUNT_INVALID'],
    ['more than there is', 'pot', 4, 'RESOURCE_CAPACITY_EXCEEDED'],
  ])('of %s are refused', async (_name, id, amount, code) => {
    const { engine } = await createTestEngine();
    engine.resources.registerResource('pot', 'custom', 3);
    expect(() => engine.resources.allocate(id, 'me', amount)).toThrow(expect.objectContaining({ code }));
    await expect(engine.resources.acquire({ [id]: amount })).rejects.toMatchObject({ code });
  });
});

describe('a resource out of service', () => {
  it('gives nothing until it is back; tasks that want it wait, others go on', async () => {
    const test = await createTestEngine();
    const { engine, order } = test;
    engine.resources.registerResource('gpu', 'custom', 1);
    engine.resources.setStatus('gpu', ResourceStatus.MAINTENANCE);
    expect(engine.resources.allocate('gpu', 'me')).toBeNull();
    const waiting = engine.submitTask({ module: 'core', action: 'noop', name: 'waiting', resources: { gpu: 1 } });
    const other = engine.submitTask({ module: 'core', action: 'noop', name: 'other' });
    await engine.waitForTask(other);
    expect(order('task.started')).toEqual(['other']);
    expect(engine.getSystemStatus().waitingForCapacity).toBe(1);
    expect(engine.resources.getUsage('gpu').waiting).toBe(1);
    engine.resources.setStatus('gpu', ResourceStatus.AVAILABLE);
    expect((await engine.waitForTask(waiting)).status).toBe('completed');
    expect(() => engine.resources.setStatus('gpu', 'busy')).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    );
  });

  it('that grew lets in who was waiting', async () => {
    const test = await createTestEngine();
    const { engine } = test;
    engine.resources.registerResource('pot', 'custom', 2);
    engine.resources.allocate('pot', 'me', 2);
    const id = engine.submitTask({
      module: 'bodies',
      action: 'holds',
      parameters: { resource: 'pot', amount: 1 },
      resources: { pot: 1 },
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(engine.tasks.getTaskStatus(id)).toBe('ready');
    expect(engine.resources.getUsage('pot').waiting).toBe(1);
    engine.resources.setCapacity('pot', 4);
    await seen(test, ({ type }) => type === 'task.started');
    const result = await engine.waitForTask(id);
    expect(result.output).not.toBeNull();
    expect(engine.resources.getUsage('pot')).toMatchObject({ current: 2, peak: 4, waiting: 0 });
  });
});
