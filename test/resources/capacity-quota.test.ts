// Tests that quota units come back exactly one period after their grant.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestGuard, follow, settle } from './virtual-time.ts';

describe('quotas', () => {
  it('give a unit back exactly one period after its grant, not when it is released', async () => {
    const { guard, time } = createTestGuard();
    guard.register('api', 'api_quota', 2, { refill: { periodMs: 1_000 } });
    const first = guard.allocate('api', 'me');
    time.advance(400);
    guard.allocate('api', 'me');
    guard.release(first?.allocationId ?? '');
    expect(guard.allocate('api', 'me')).toBeNull();
    time.advance(599);
    expect(guard.getUsage('api').current).toBe(2);
    time.advance(1);
    expect(guard.getUsage('api').current).toBe(1);
    time.advance(399);
    expect(guard.getUsage('api').current).toBe(1);
    time.advance(1);
    expect(guard.getUsage('api').current).toBe(0);
    expect(time.pendingTimers).toBe(0);
  });

  it('wake those who wait when units come back', async () => {
    const { guard, time } = createTestGuard();
    guard.register('api', 'api_quota', 1, { refill: { periodMs: 50 } });
    const granted: number[] = [];
    const waits = Array.from({ length: 4 }, () =>
      follow(guard.acquire({ api: 1 }).then(() => granted.push(time.now()))),
    );
    const start = time.now();
    for (let step = 0; step < 20; step++) {
      await settle();
      time.advance(10);
    }
    await settle();
    expect(waits.every((wait) => wait.state === 'granted')).toBe(true);
    expect(granted.map((at) => at - start)).toEqual([0, 50, 100, 150]);
  });

  it('never let any window of one period see more grants than the capacity, and lose no unit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 20 }), amount: fc.integer({ min: 1, max: 3 }) }), {
          maxLength: 60,
        }),
        (capacity, periodMs, tries) => {
          const { guard, time } = createTestGuard();
          guard.register('api', 'api_quota', capacity, { refill: { periodMs } });
          const grants: { at: number; amount: number }[] = [];
          for (const { waitMs, amount } of tries) {
            time.advance(waitMs);
            if (amount > capacity) continue;
            const inWindow = grants.filter(({ at }) => at > time.now() - periodMs);
            const used = inWindow.reduce((sum, grant) => sum + grant.amount, 0);
            const granted = guard.tryGrant(guard.prepare({ api: amount }));
            // Exact: granted if and only if the window behind it has room.
            expect(granted).toBe(used + amount <= capacity);
            if (granted) grants.push({ at: time.now(), amount });
          }
          time.advance(periodMs);
          expect(guard.getUsage('api').current).toBe(0);
          expect(time.pendingTimers).toBe(0);
        },
      ),
    );
  });

  it('go with counting resources in one request, all or nothing', async () => {
    const { guard, time } = createTestGuard();
    guard.register('api', 'api_quota', 1, { refill: { periodMs: 10 } });
    guard.register('slot', 'custom', 1);
    const both = guard.prepare({ api: 1, slot: 1 });
    expect(guard.tryGrant(both)).toBe(true);
    guard.giveBack(both);
    expect([guard.getUsage('api').current, guard.getUsage('slot').current]).toEqual([1, 0]);
    expect(guard.tryGrant(both)).toBe(false);
    expect(guard.getUsage('slot').current).toBe(0);
    time.advance(10);
    expect(guard.tryGrant(both)).toBe(true);
    guard.close();
    expect(time.pendingTimers).toBe(0);
  });
});
