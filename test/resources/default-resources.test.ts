// Tests the resources every engine starts with, and the guess at mistyped names.

import { availableParallelism, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { defaultResources, readMachine } from '../../src/resources/default-resources.ts';
import { createTestGuard } from './virtual-time.ts';

describe('default resources', () => {
  it('are the processors and memory of a machine, and a quota of 1,000 calls in 60 s', () => {
    const { guard } = createTestGuard();
    for (const { resourceId, type, capacity, options } of defaultResources({
      cpuCount: 6,
      memoryBytes: 3_000_000_000,
    })) {
      guard.register(resourceId, type, capacity, options);
    }
    const facts = guard.list().map((r) => [r.resourceId, r.type, r.capacity, r.granularity, r.refillPeriodMs]);
    expect(facts).toEqual([
      ['sys-compute', 'compute', 6, 0.001, null],
      ['sys-memory', 'memory', 2_861, 1, null],
      ['api-global', 'api_quota', 1_000, 1, 60_000],
    ]);
    expect(guard.allocate('sys-compute', 'me', 0.25)?.amount).toBe(0.25);
  });

  it('are registered as they are on this machine', () => {
    const machine = readMachine();
    expect(machine.cpuCount).toBe(availableParallelism());
    expect(machine.memoryBytes).toBeGreaterThan(0);
    expect(machine.memoryBytes).toBeLessThanOrEqual(totalmem());
    const { guard } = createTestGuard();
    for (const { resourceId, type, capacity, options } of defaultResources(machine)) {
      guard.register(resourceId, type, capacity, options);
    }
    expect(guard.getUsage('sys-compute').available).toBe(machine.cpuCount);
  });
});
