// Tests the guard's face for people: registering, counting, releasing, status, shapes, events, close. Numbers in names are
// those of the properties of a capacity guard that the project keeps to.

import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { ResourceType } from '../../src/domain/statuses.ts';
import { Resource, ResourceAllocation, ResourceUsage } from '../../src/resources/resource.ts';
import { codeOf, createTestGuard, settle } from './virtual-time.ts';

describe('registering', () => {
  it('takes all 11 types and lists them by type', () => {
    const { guard } = createTestGuard();
    for (const type of Object.values(ResourceType)) guard.register(`my-${type}`, type, 2);
    expect(guard.list()).toHaveLength(11);
    expect(guard.list('lock').map((resource) => resource.resourceId)).toEqual(['my-lock']);
    expect(guard.list()[0]).toBeInstanceOf(Resource);
  });

  it('gives the existing resource for the same facts and refuses others under the same id', () => {
    const { guard, events } = createTestGuard();
    guard.register('gpu', 'compute', 2, { granularity: 0.5 });
    expect(guard.register('gpu', 'compute', 2, { granularity: 0.5 }).capacity).toBe(2);
    expect(events.filter((event) => event.type === 'resource.registered')).toHaveLength(1);
    for (const again of [
      () => guard.register('gpu', 'compute', 3, { granularity: 0.5 }),
      () => guard.register('gpu', 'memory', 2, { granularity: 0.5 }),
      () => guard.register('gpu', 'compute', 2),
      () => guard.register('gpu', 'compute', 2, { granularity: 0.5, refill: { periodMs: 5 } }),
    ]) {
      expect(codeOf(again)).toBe('RESOURCE_EXISTS');
    }
  });

  it('refuses ids, types, capacities and periods that make no sense', () => {
    const { guard } = createTestGuard();
    expect(codeOf(() => guard.register('', 'custom', 1))).toBe('ARGUMENT_INVALID');
    expect(codeOf(() => guard.register('x'.repeat(121), 'custom', 1))).toBe('ARGUMENT_INVALID');
    expect(codeOf(() => guard.register('ü'.repeat(61), 'custom', 1))).toBe('ARGUMENT_INVALID');
    expect(codeOf(() => guard.register('\ud800', 'custom', 1))).toBe('ARGUMENT_INVALID');
    expect(codeOf(() => guard.register('x', JSON.parse('"cpu"'), 1))).toBe('ARGUMENT_INVALID');
    expect(codeOf(() => guard.register('x', 'custom', -1))).toBe('RESOURCE_AMOUNT_INVALID');
    expect(codeOf(() => guard.register('x', 'custom', Number.NaN))).toBe('RESOURCE_AMOUNT_INVALID');
    expect(codeOf(() => guard.register('x', 'api_quota', 1, { refill: { periodMs: 0 } }))).toBe('ARGUMENT_INVALID');
    expect(guard.list()).toEqual([]);
    guard.register('ü'.repeat(60), 'custom', 1);
    guard.register('__proto__', 'custom', 1);
    expect(guard.allocate('__proto__', 'me')?.resources).toEqual(JSON.parse('{"__proto__": 1}'));
  });

  it('has room for 256 resources and says so beyond', () => {
    const { guard } = createTestGuard();
    for (let i = 0; i < 256; i++) guard.register(`r${i}`, 'custom', 1);
    expect(codeOf(() => guard.register('one-more', 'custom', 1))).toBe('RESOURCE_LIMIT');
    expect(guard.allocate('r255', 'me')).not.toBeNull();
  });
});

describe('counting', () => {
  it('2. a third try on a capacity of two fails and changes nothing', () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 2);
    expect([guard.allocate('r', 'a') === null, guard.allocate('r', 'b') === null, guard.allocate('r', 'c')]).toEqual([
      false,
      false,
      null,
    ]);
    expect(guard.getUsage('r').toJSON()).toEqual({
      resourceId: 'r',
      type: 'custom',
      capacity: 2,
      current: 2,
      peak: 2,
      available: 0,
      allocationCount: 2,
      waiting: 0,
      utilization: 1,
    });
    expect(guard.getUsage('r')).toBeInstanceOf(ResourceUsage);
  });

  it('3. 4. a wide try fails beside a small holder and passes after it', () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 5);
    const held = guard.allocate('r', 'a');
    expect(guard.allocate('r', 'b', 5)).toBeNull();
    expect(guard.getUsage('r').available).toBe(4);
    guard.release(held?.allocationId ?? '');
    expect(guard.allocate('r', 'b', 5)).not.toBeNull();
  });

  it('5. 6. a capacity of 0 is allowed; asking for more than the capacity is an error at once, not a wait', async () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 0);
    expect(codeOf(() => guard.allocate('r', 'a', 1))).toBe('RESOURCE_CAPACITY_EXCEEDED');
    await expect(guard.acquire({ r: 1 })).rejects.toMatchObject({ code: 'RESOURCE_CAPACITY_EXCEEDED' });
    expect(guard.getUsage('r').utilization).toBe(0);
    guard.setCapacity('r', 1);
    expect(guard.allocate('r', 'a', 1)).not.toBeNull();
  });

  it('7. refuses zero, negative, fractional and non-numeric amounts on every way in', async () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 5);
    for (const amount of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, JSON.parse('"1"')]) {
      expect(codeOf(() => guard.allocate('r', 'a', amount))).toBe('RESOURCE_AMOUNT_INVALID');
      expect(codeOf(() => guard.prepare({ r: amount }))).toBe('RESOURCE_AMOUNT_INVALID');
      await expect(guard.acquire({ r: amount })).rejects.toMatchObject({ code: 'RESOURCE_AMOUNT_INVALID' });
    }
    expect(guard.getUsage('r')).toMatchObject({ current: 0, waiting: 0, allocationCount: 0 });
  });

  it('counts tenths without drift: ten times 0.1 fill a capacity of 1 exactly', () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 1, { granularity: 0.1 });
    for (let i = 0; i < 10; i++) expect(guard.allocate('r', 'a', 0.1)).not.toBeNull();
    expect(guard.allocate('r', 'a', 0.1)).toBeNull();
    expect(guard.getUsage('r')).toMatchObject({ current: 1, available: 0 });
    guard.releaseAll('a');
    expect(guard.getUsage('r').current).toBe(0);
  });

  it('8. 1,000 concurrent acquires on a capacity of 5 all get through, never more than 5 at once', async () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 5);
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 1_000 }, async () => {
        const allocation = await guard.acquire({ r: 1 });
        inside += 1;
        most = Math.max(most, inside);
        await settle();
        inside -= 1;
        guard.release(allocation.allocationId);
      }),
    );
    expect(most).toBe(5);
    expect(guard.getUsage('r')).toMatchObject({ current: 0, available: 5, waiting: 0, peak: 5, allocationCount: 0 });
  });
});

describe('release errors', () => {
  it('32. 33. tells an unknown id from one released before, and counts neither', () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 1);
    expect(codeOf(() => guard.release('never'))).toBe('ALLOCATION_NOT_FOUND');
    const held = guard.allocate('r', 'a');
    guard.release(held?.allocationId ?? '');
    for (let i = 0; i < 3; i++)
      expect(codeOf(() => guard.release(held?.allocationId ?? ''))).toBe('ALLOCATION_RELEASED');
    expect(guard.getUsage('r').available).toBe(1);
    expect([guard.allocate('r', 'a') === null, guard.allocate('r', 'b')]).toEqual([false, null]);
  });

  it('remembers a bounded number of releases', () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 1);
    const ids: string[] = [];
    for (let i = 0; i < 2 * 16_384 + 1; i++) {
      const allocation = guard.allocate('r', 'a');
      ids.push(allocation?.allocationId ?? '');
      guard.release(allocation?.allocationId ?? '');
    }
    expect(codeOf(() => guard.release(ids[0] ?? ''))).toBe('ALLOCATION_NOT_FOUND');
    expect(codeOf(() => guard.release(ids[16_383] ?? ''))).toBe('ALLOCATION_NOT_FOUND');
    expect(codeOf(() => guard.release(ids[16_384] ?? ''))).toBe('ALLOCATION_RELEASED');
    expect(codeOf(() => guard.release(ids.at(-1) ?? ''))).toBe('ALLOCATION_RELEASED');
  });

  it('releases all of one requester and nothing of others', () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 10);
    guard.allocate('r', 'a', 2);
    guard.allocate('r', 'a', 3);
    guard.allocate('r', 'b', 1);
    expect(guard.releaseAll('a')).toBe(2);
    expect(guard.releaseAll('a')).toBe(0);
    expect(guard.getUsage('r')).toMatchObject({ current: 1, allocationCount: 1 });
  });
});

describe('several resources at once', () => {
  it('39. adds up a resource named twice', async () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 2);
    const twice = [
      { resourceId: 'r', amount: 1 },
      { resourceId: 'r', amount: 1 },
    ];
    const allocation = await guard.acquire(twice);
    expect(allocation).toMatchObject({ resourceId: 'r', amount: 2, resources: { r: 2 } });
    expect(guard.getUsage('r').current).toBe(2);
    expect(codeOf(() => guard.prepare([...twice, { resourceId: 'r', amount: 1 }]))).toBe('RESOURCE_CAPACITY_EXCEEDED');
  });

  it('40. takes nothing when one id is unknown, and suggests the nearest that is known', async () => {
    const { guard } = createTestGuard();
    guard.register('sys-memory', 'memory', 4);
    guard.register('r', 'custom', 4);
    await expect(guard.acquire({ r: 1, 'sys-memroy': 1 })).rejects.toThrow(
      'no resource "sys-memroy" is registered; did you mean "sys-memory"?',
    );
    expect(codeOf(() => guard.getUsage('nothing-like-it'))).toBe('RESOURCE_NOT_FOUND');
    expect(guard.getUsage('r')).toMatchObject({ current: 0, waiting: 0 });
  });

  it('refuses a request that names nothing, but grants a prepared empty one', async () => {
    const { guard } = createTestGuard();
    await expect(guard.acquire({})).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    expect(codeOf(() => guard.allocateResources('me', {}))).toBe('ARGUMENT_INVALID');
    const nothing = guard.prepare({});
    expect(guard.tryGrant(nothing)).toBe(true);
    guard.giveBack(nothing);
  });

  it('understands cpu, memory and any id, and refuses what it does not understand', () => {
    const { guard } = createTestGuard();
    guard.register('sys-compute', 'compute', 4, { granularity: 0.001 });
    guard.register('sys-memory', 'memory', 8_192);
    guard.register('licence', 'custom', 3);
    const allocation = guard.allocateResources('me', {
      cpu: { cores: 1.5 },
      memory: { gb: 2 },
      licence: { amount: 2 },
    });
    expect(allocation).toBeInstanceOf(ResourceAllocation);
    expect(allocation).toMatchObject({ resourceId: null, amount: null });
    expect(allocation?.resources).toEqual({ 'sys-compute': 1.5, 'sys-memory': 2_048, licence: 2 });
    expect(guard.allocateResources('me', { memory: { mb: 512 } })?.amount).toBe(512);
    expect(guard.allocateResources('me', { licence: { amount: 2 }, cpu: { cores: 1 } })).toBeNull();
    expect(guard.getUsage('sys-compute').current).toBe(1.5);
    for (const shape of [
      '{"cpu": {"gb": 1}}',
      '{"memory": {"gb": 1, "mb": 1}}',
      '{"licence": 2}',
      '{"cpu": {}}',
      '[]',
    ]) {
      expect(codeOf(() => guard.allocateResources('me', JSON.parse(shape)))).toBe('ARGUMENT_INVALID');
    }
  });
});

describe('status and capacity', () => {
  it('derives the status from use', () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 2);
    guard.register('q', 'api_quota', 1, { refill: { periodMs: 10 } });
    const statusOf = (id: string) => guard.list().find((resource) => resource.resourceId === id)?.status;
    expect(statusOf('r')).toBe('available');
    guard.allocate('r', 'a');
    expect(statusOf('r')).toBe('allocated');
    guard.allocate('r', 'a');
    expect(statusOf('r')).toBe('busy');
    guard.allocate('q', 'a');
    expect(statusOf('q')).toBe('depleted');
    guard.setStatus('r', 'unknown');
    expect(statusOf('r')).toBe('unknown');
    expect(codeOf(() => guard.setStatus('r', 'busy'))).toBe('ARGUMENT_INVALID');
    expect(codeOf(() => guard.setStatus('no', 'offline'))).toBe('RESOURCE_NOT_FOUND');
  });

  it('stops new grants in maintenance and offline; what is held stays held and can be released', () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 2);
    const held = guard.allocate('r', 'a');
    for (const status of ['maintenance', 'offline'] as const) {
      guard.setStatus('r', status);
      expect(guard.allocate('r', 'b')).toBeNull();
      expect(guard.tryGrant(guard.prepare({ r: 1 }))).toBe(false);
      expect(guard.getUsage('r').current).toBe(1);
    }
    guard.release(held?.allocationId ?? '');
    guard.setStatus('r', 'available');
    expect(guard.allocate('r', 'b', 2)).not.toBeNull();
  });

  it('a capacity lowered below use takes nothing away and grants nothing until it fits', () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 10);
    const first = guard.allocate('r', 'a', 4);
    const second = guard.allocate('r', 'a', 4);
    guard.setCapacity('r', 5);
    expect(guard.getUsage('r')).toMatchObject({ capacity: 5, current: 8, available: 0 });
    expect(guard.allocate('r', 'b')).toBeNull();
    guard.release(first?.allocationId ?? '');
    expect(guard.allocate('r', 'b')).not.toBeNull();
    expect(guard.allocate('r', 'b')).toBeNull();
    guard.release(second?.allocationId ?? '');
    expect(codeOf(() => guard.setCapacity('r', -1))).toBe('RESOURCE_AMOUNT_INVALID');
    expect(guard.register('r', 'custom', 10).capacity).toBe(5);
  });
});

describe('close', () => {
  it('29. refuses new requests; what is held can still be released and is counted', async () => {
    const { guard } = createTestGuard();
    guard.register('r', 'custom', 2);
    const held = guard.allocate('r', 'a', 2);
    const waiting = guard.acquire({ r: 1 });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'RESOURCE_CLOSED' });
    guard.close();
    guard.close();
    await refused;
    expect(codeOf(() => guard.allocate('r', 'a'))).toBe('RESOURCE_CLOSED');
    await expect(guard.acquire({ r: 1 })).rejects.toBeInstanceOf(RuntimeError);
    guard.release(held?.allocationId ?? '');
    expect(guard.getUsage('r')).toMatchObject({ current: 0, waiting: 0 });
    expect(guard.tryGrant(guard.prepare({ r: 1 }))).toBe(false);
  });
});

describe('events', () => {
  it('tell registered, allocated, released and refused with resource, amount and requester', async () => {
    const { guard, events } = createTestGuard();
    guard.register('r', 'custom', 1);
    const held = guard.allocate('r', 'me');
    guard.allocate('r', 'you');
    await expect(guard.acquire({ r: 1 }, { timeoutMs: 0, requesterId: 'they' })).rejects.toThrow();
    guard.release(held?.allocationId ?? '');
    expect(events.map(({ type, subject, data }) => [type, subject.resourceId, data.amount, data.requesterId])).toEqual([
      ['resource.registered', 'r', undefined, undefined],
      ['resource.allocated', 'r', 1, 'me'],
      ['resource.refused', 'r', 1, 'you'],
      ['resource.refused', 'r', 1, 'they'],
      ['resource.released', 'r', 1, 'me'],
    ]);
    expect(events[3]?.data.reason).toBe('RESOURCE_TIMEOUT');
  });
});
