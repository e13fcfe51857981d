// Checks which resources of a file refill by themselves, and after how long.

import { describe, expect, it } from 'vitest';
import { refillPeriodOf } from '../../src/domain/refill-period.ts';
import { readWorkflowDocument } from '../../src/domain/workflow-document.ts';

const STEP = { name: 'a', module: 'core', action: 'noop' };

function read(resource: Record<string, unknown>) {
  return readWorkflowDocument({ steps: [STEP], resources: [{ id: 'r', capacity: 1, ...resource }] }, 'stem');
}

function periodOf(resource: Record<string, unknown>) {
  const document = read(resource);
  if (document.kind === 'faulty') throw new Error(JSON.stringify(document.faults));
  return document.definition.resources[0]?.refillPeriodMs;
}

describe('the refill period of a resource', () => {
  it('is a minute for an API quota and none for others, unless it is said', () => {
    expect(periodOf({ type: 'api_quota' })).toBe(60_000);
    expect(periodOf({ type: 'custom' })).toBeNull();
    expect(periodOf({ type: 'api_quota', period: 1 })).toBe(1_000);
    expect(periodOf({ type: 'network', period: 0.25 })).toBe(250);
    expect(periodOf({ type: 'api_quota', period: null })).toBeNull();
    expect([refillPeriodOf('api_quota', 5), refillPeriodOf('lock', 5)]).toEqual([5, 5]);
  });

  it.each([0, -1, '1m', true, 1e10])('must not be %j', (period) => {
    const document = read({ type: 'api_quota', period });
    expect(document.kind === 'faulty' && document.faults).toMatchObject([
      {
        code: 'WORKFLOW_SCHEMA',
        path: '$.resources[0].period',
        message: expect.stringMatching(/must be a number of seconds/),
      },
    ]);
  });
});
