// Limits that can never be reached are found, and no others.

import { expect, it } from 'vitest';
import { findTimeLimitFaults } from '../../src/domain/time-limits.ts';

const limits = (heartbeatTimeoutMs: number | null, timeoutMs: number | null, totalTimeoutMs: number | null) =>
  findTimeLimitFaults({ heartbeatTimeoutMs, timeoutMs, totalTimeoutMs });

it('finds a limit above one that holds for longer', () => {
  expect(limits(20, 10, null)).toEqual([{ longer: 'heartbeatTimeoutMs', shorter: 'timeoutMs' }]);
  expect(limits(20, null, 10)).toEqual([{ longer: 'heartbeatTimeoutMs', shorter: 'totalTimeoutMs' }]);
  expect(limits(null, 20, 10)).toEqual([{ longer: 'timeoutMs', shorter: 'totalTimeoutMs' }]);
  expect(limits(30, 20, 10)).toHaveLength(3);
});

it('has nothing against equal ones, or those that are not there', () => {
  expect(limits(10, 10, 10)).toEqual([]);
  expect(limits(null, null, null)).toEqual([]);
  expect(limits(5, null, null)).toEqual([]);
  expect(limits(1, 2, 3)).toEqual([]);
});
