// Capacity taken by bodies in threads, against the real guard: it always comes back, exactly once.

import { afterEach, describe, expect, it } from 'vitest';
import type { AllocationId, IdSource } from '../../src/domain/ids.ts';
import { ResourceType } from '../../src/domain/statuses.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import { errorOf, outputOf, ThreadHarness } from './executor-harness.ts';

const timers = new SystemTimers();
let number = 0;
const ids: Pick<IdSource, 'allocationId'> = {
  allocationId: () => {
    number += 1;
    return `allocation-${number}` as AllocationId;
  },
};

async function start(threads = 1): Promise<{ harness: ThreadHarness; guard: CapacityGuard }> {
  const guard = new CapacityGuard({ clock: timers, timers, ids });
  guard.register('seats', ResourceType.CUSTOM, 4);
  const harness = await ThreadHarness.start({ threads, ledgerBuffer: guard.ledger.buffer });
  harness.host.seal = (threadId) => guard.sealThread(threadId);
  harness.host.grant = (threadId, request, options) => guard.acquireForThread(threadId, request, options);
  harness.host.onExit = (threadId) => {
    guard.threadExited(threadId);
  };
  return { harness, guard };
}

const used = (guard: CapacityGuard) => guard.getUsage('seats').current;

describe('context.resources in a thread', () => {
  const open: { harness: ThreadHarness; guard: CapacityGuard }[] = [];
  afterEach(async () => {
    for (const { harness, guard } of open.splice(0)) {
      await harness[Symbol.asyncDispose]();
      guard.close();
    }
  });
  async function opened(threads = 1) {
    const both = await start(threads);
    open.push(both);
    return both;
  }

  it('takes and gives back on the same bytes as the main thread', async () => {
    const { harness, guard } = await opened();
    expect(outputOf(await harness.run('capacity.takeOne', { id: 'seats' }))).toBe(true);
    expect(used(guard)).toBe(0);
    expect(guard.getUsage('seats').peak).toBe(1);
    guard.allocate('seats', 'main', 4);
    expect(outputOf(await harness.run('capacity.takeOne', { id: 'seats' }))).toBe(false);
  });

  it('gives back what a body keeps, and says how much that was before the end', async () => {
    const { harness, guard } = await opened();
    await harness.run('capacity.keep', { id: 'seats', amount: 3 });
    expect(used(guard)).toBe(0);
    expect(harness.sink.said.map(({ kind }) => kind)).toEqual(['log', 'settled']);
    expect(harness.sink.said[0]?.text).toContain('1 allocation was not released');
  });

  it('waits its turn for capacity that the main thread gives back', async () => {
    const { harness, guard } = await opened();
    const held = guard.allocate('seats', 'main', 4);
    const asking = harness.hears('asking');
    const running = harness.run('capacity.waitFor', { id: 'seats', amount: 2 });
    await asking;
    guard.release(held?.allocationId ?? '');
    expect(outputOf(await running)).toBe('had it');
    expect(used(guard)).toBe(0);
  });

  it('stops waiting at the time-out, at a stop, and when the body ends', async () => {
    const { harness, guard } = await opened();
    guard.allocate('seats', 'main', 4);
    const late = errorOf(await harness.run('capacity.waitFor', { id: 'seats', amount: 1, timeoutMs: 20 }));
    expect(late.code).toBe('RESOURCE_TIMEOUT');
    await harness.slots();
    const asking = harness.hears('asking');
    const key = harness.begin('capacity.waitFor', { id: 'seats', amount: 1 });
    await asking;
    harness.executor.stop(key, 60_000);
    expect(await harness.sink.outcome(key)).toMatchObject({ kind: 'stopped', killed: false });
    expect(outputOf(await harness.run('capacity.waitAndLeave', { id: 'seats', amount: 1 }))).toBe('left');
    expect(guard.getUsage('seats')).toMatchObject({ waiting: 0, current: 4 });
  });

  it('names what is wrong with a request', async () => {
    const { harness } = await opened();
    expect(errorOf(await harness.run('capacity.keep', { id: 'nothing', amount: 1 })).code).toBe('RESOURCE_NOT_FOUND');
    expect(errorOf(await harness.run('capacity.keep', { id: 'seats', amount: 5 })).code).toBe(
      'RESOURCE_CAPACITY_EXCEEDED',
    );
  });

  it('comes back once, before the outcome, when the thread is ended by force', async () => {
    const { harness, guard } = await opened();
    const holding = harness.hears('holding true');
    const key = harness.begin('capacity.keepAndSpin', { id: 'seats', amount: 3 });
    await holding;
    expect(used(guard)).toBe(3);
    let usedAtOutcome = -1;
    const outcome = harness.sink.outcome(key).then((settled) => {
      usedAtOutcome = used(guard);
      return settled;
    });
    harness.executor.stop(key, 0);
    expect(await outcome).toMatchObject({ kind: 'stopped', killed: true });
    expect(usedAtOutcome).toBe(0);
    expect(outputOf(await harness.run('capacity.keep', { id: 'seats', amount: 4 }))).toBe(true);
    expect(used(guard)).toBe(0);
  });

  it('is whole after threads were ended in the middle of taking and giving back', async () => {
    const { harness, guard } = await opened(2);
    for (let round = 0; round < 20; round += 1) {
      await harness.slots();
      const churning = harness.hears('churning');
      const key = harness.begin('capacity.churn', { id: 'seats' });
      await churning;
      harness.executor.stop(key, 0);
      expect(await harness.sink.outcome(key)).toMatchObject({ kind: 'stopped', killed: true });
    }
    expect(used(guard)).toBe(0);
    expect(guard.allocate('seats', 'main', 4)).not.toBeNull();
  });
});
