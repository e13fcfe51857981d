// The retry policy, held against what other systems do: R1 to R10 are the numbers of workflow-cases.md in the shared
// corpora. What has no counterpart here is said in the name of the test that shows what there is instead.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createRetryPolicy,
  DEFAULT_RETRY_POLICY,
  findRetryPolicyFaults,
  isRetryable,
  type RetryPolicy,
  retryDelayMs,
} from '../../src/domain/retry-policy.ts';
import { serializeError } from '../../src/domain/serialized-error.ts';
import { readWorkflowDocument } from '../../src/domain/workflow-document.ts';
import { RuntimeHarness, type StepFacts, specOf, turn } from '../actors/runtime-harness.ts';

const NO_CHANCE = () => 0;
/** The longest delay and, as near as chance comes to it, the shortest. */
const ALMOST_ONE = () => 1 - Number.EPSILON;

const delaysOf = (policy: RetryPolicy, count: number, random = NO_CHANCE) =>
  Array.from({ length: count }, (_, index) => retryDelayMs(policy, index + 1, random));

/** Fails every attempt of a task until it ends; gives its attempts and end. */
async function failAll(facts: StepFacts, code = 'TASK_FAILED', retryable = true) {
  const harness = new RuntimeHarness();
  const id = harness.singles.submit(specOf('a', facts), {}, []).taskId;
  const seen: string[] = [];
  for (let round = 0; round < 20 && harness.singles.get(id)?.endedAtMs === null; round++) {
    await turn();
    harness.executor.fail('a', code, retryable);
    seen.push(harness.singles.get(id)?.status ?? '');
    harness.timers.advance(100_000);
  }
  return seen;
}

describe('the number of attempts', () => {
  it('R1: n retries are n + 1 attempts, the last of which fails the task', async () => {
    expect(await failAll({ maxAttempts: 2 })).toEqual(['retrying', 'failed']);
    expect(await failAll({ maxAttempts: 1 })).toEqual(['failed']);
    const document = readWorkflowDocument({ steps: [{ name: 'a', module: 'm', action: 'a', max_retries: 1 }] }, 'w');
    expect(document).toMatchObject({ definition: { steps: [{ retry: { maxAttempts: 2 } }] } });
  });

  it('R1: the count goes on after an interruption; a rerun is another run and counts from 1', async () => {
    const harness = new RuntimeHarness();
    const restored = { attempts: 2, interruptions: 2, dueMs: null, error: null, expiresAtMs: null };
    harness.runner.start(harness.singles, 7, specOf('a', { maxAttempts: 2 }), { restored });
    await turn();
    harness.executor.fail('a');
    harness.timers.advance(1_000);
    await turn();
    harness.executor.fail('a');
    expect(harness.executor.started.map(({ attempt }) => attempt)).toEqual([3, 4]);
    expect(harness.runner.liveCount).toBe(0);
  });

  it('R7, R8: counts the first attempt; Infinity is without end, anything else is a whole number from 1', () => {
    for (const maxAttempts of [1, 2, 1_000_000, Number.POSITIVE_INFINITY]) {
      expect(createRetryPolicy({ maxAttempts }).maxAttempts).toBe(maxAttempts);
    }
    for (const maxAttempts of [0, -1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(() => createRetryPolicy({ maxAttempts })).toThrow(/maximum attempts must be a whole number from 1/);
    }
  });

  it('R9: nothing is tried again unless asked for, other than where everything is by default', () => {
    expect(DEFAULT_RETRY_POLICY.maxAttempts).toBe(1);
    expect(createRetryPolicy({}).maxAttempts).toBe(1);
  });
});

describe('the delay', () => {
  it('R2: is fixed with a backoff of 1; the default is not fixed, and 1 s instead of 300 s', () => {
    const fixed = createRetryPolicy({ initialIntervalMs: 300_000, backoff: 1, jitter: 0 });
    expect(delaysOf(fixed, 4)).toEqual([300_000, 300_000, 300_000, 300_000]);
    expect(createRetryPolicy({})).toMatchObject({ initialIntervalMs: 1_000, backoff: 2 });
  });

  it('R3: grows with the attempt, jittered by half to [d/2, d], and doubles from the first on without an offset', () => {
    const policy = createRetryPolicy({ initialIntervalMs: 30_000, maxIntervalMs: 3_600_000, jitter: 0.5 });
    const [longest, shortest] = [delaysOf(policy, 8), delaysOf(policy, 8, ALMOST_ONE)];
    expect([shortest[0], longest[0]]).toEqual([expect.closeTo(15_000), 30_000]);
    expect([shortest[2], longest[2]]).toEqual([expect.closeTo(60_000), 120_000]);
    expect(longest[7]).toBe(3_600_000);
  });

  it('R7: by default is 1, 2, 4, … s, at most 100 × the first', () => {
    const policy = createRetryPolicy({ maxAttempts: Number.POSITIVE_INFINITY, jitter: 0 });
    expect(policy).toMatchObject({ initialIntervalMs: 1_000, backoff: 2, maxIntervalMs: 100_000, nonRetryable: [] });
    expect(delaysOf(policy, 9).map((ms) => ms / 1_000)).toEqual([1, 2, 4, 8, 16, 32, 64, 100, 100]);
    expect(createRetryPolicy({ initialIntervalMs: 20 }).maxIntervalMs).toBe(2_000);
  });

  it('R7: has full jitter by default, which the source of the defaults has not', () => {
    const policy = createRetryPolicy({});
    expect(policy.jitter).toBe(1);
    expect([retryDelayMs(policy, 1, NO_CHANCE), retryDelayMs(policy, 1, ALMOST_ONE)]).toEqual([
      1_000,
      expect.closeTo(0),
    ]);
  });

  it('R10: exponential is 2^(attempts made − 1) × the first: 1000, 2000, 4000', () => {
    expect(delaysOf(createRetryPolicy({ jitter: 0 }), 3)).toEqual([1_000, 2_000, 4_000]);
  });

  it('R10: jitter j gives a delay within [d(1 − j), d], for any policy, attempt and chance', () => {
    const policies = fc.record({
      initialIntervalMs: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
      backoff: fc.double({ min: 1, max: 10, noNaN: true }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      cap: fc.double({ min: 1, max: 1e4, noNaN: true }),
    });
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 2_000 }), chance, ({ cap, ...given }, attempt, random) => {
        const policy = createRetryPolicy({ ...given, maxIntervalMs: given.initialIntervalMs * cap });
        const full = Math.min(policy.initialIntervalMs * policy.backoff ** (attempt - 1), policy.maxIntervalMs);
        const delayMs = retryDelayMs(policy, attempt, () => random);
        expect(delayMs).toBeLessThanOrEqual(full);
        expect(delayMs).toBeGreaterThanOrEqual(full * (1 - policy.jitter) - 1e-9 * full);
      }),
    );
  });

  it('R10: has no kinds to choose from and no bare number: an unknown field or a number for a policy is a fault', () => {
    const faultsOf = (retry: unknown) => {
      const document = readWorkflowDocument({ steps: [{ name: 'a', module: 'm', action: 'a', retry }] }, 'w');
      return document.kind === 'faulty' ? document.faults.map(({ path }) => path) : [];
    };
    expect(faultsOf({ type: 'fixed' })).toEqual(['$.steps[0].retry.type']);
    expect(faultsOf(1_000)).toEqual(['$.steps[0].retry']);
  });
});

describe('an error', () => {
  it('R4: that is not retryable fails its task at once; there is none that skips it, which is what run_if is for', async () => {
    expect(await failAll({ maxAttempts: 5 }, 'DATA_WRONG', false)).toEqual(['failed']);
  });

  it('R5, R9: is never tried again when its code or name is listed; other rules, and delays of their own, there are none', async () => {
    const retry = { nonRetryable: ['CARD_DECLINED', 'PaymentError'] };
    expect(await failAll({ maxAttempts: 5, retry }, 'CARD_DECLINED')).toEqual(['failed']);
    expect((await failAll({ maxAttempts: 5, retry }, 'TIMEOUT')).length).toBe(5);
    const error = { code: 'X', name: 'PaymentError', retryable: true };
    expect(isRetryable(retry.nonRetryable, error)).toBe(false);
    expect(isRetryable([], error)).toBe(true);
  });

  it('R5: that says of itself that it is not retryable beats every policy', () => {
    const thrown = Object.assign(new Error('no'), { code: 'OWN', retryable: false });
    expect(isRetryable([], serializeError(thrown))).toBe(false);
    expect(isRetryable([], serializeError(new Error('plain')))).toBe(true);
  });
});

describe('time-outs', () => {
  it('R6: of an attempt hold for each anew, and are tried again', async () => {
    const harness = new RuntimeHarness();
    const id = harness.singles.submit(specOf('a', { timeoutMs: 100, maxAttempts: 2 }), {}, []).taskId;
    for (const status of ['retrying', 'failed']) {
      await turn();
      harness.timers.advance(99);
      expect(harness.singles.get(id)?.status).toBe('running');
      harness.timers.advance(1);
      harness.executor.stopped('a');
      expect(harness.singles.get(id)?.status).toBe(status);
      harness.timers.advance(1_000);
    }
    expect(harness.singles.get(id)?.error?.code).toBe('TASK_TIMEOUT');
  });

  it('R6: of the whole task fail it without a retry, and a retry does not reset them', async () => {
    const harness = new RuntimeHarness();
    const id = harness.singles.submit(specOf('a', { totalTimeoutMs: 1_500, maxAttempts: 9 }), {}, []).taskId;
    await turn();
    harness.executor.fail('a');
    harness.timers.advance(1_000);
    await turn();
    harness.timers.advance(500);
    harness.executor.stopped('a');
    expect(harness.singles.get(id)).toMatchObject({ status: 'failed', attempts: 2 });
    expect(harness.singles.get(id)?.error?.code).toBe('TASK_TOTAL_TIMEOUT');
  });
});

describe('R8: a policy is refused', () => {
  it.each([
    ['a backoff of 0', { backoff: 0 }, 'backoff must be at least 1, not 0'],
    ['a backoff below 1', { backoff: 0.9 }, 'backoff must be at least 1, not 0.9'],
    ['a negative backoff', { backoff: -2 }, 'backoff must be at least 1, not -2'],
    ['no attempts', { maxAttempts: 0 }, 'maximum attempts must be a whole number from 1, or Infinity, not 0'],
    ['half an attempt', { maxAttempts: 2.5 }, 'maximum attempts must be a whole number from 1, or Infinity, not 2.5'],
    ['no first interval', { initialIntervalMs: 0 }, 'initial interval must be above 0, not 0 ms'],
    ['a cap of 0', { maxIntervalMs: 0 }, 'maximum interval must be above 0, not 0 ms'],
    [
      'a cap below the first interval',
      { initialIntervalMs: 10, maxIntervalMs: 9 },
      'maximum interval (9 ms) must not be below the initial one (10 ms)',
    ],
    ['too much jitter', { jitter: 1.1 }, 'jitter must be within 0…1, not 1.1'],
  ])('for %s', (_name, partial, fault) => {
    const error = (() => {
      try {
        return createRetryPolicy(partial);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'ARGUMENT_INVALID', details: { faults: expect.arrayContaining([fault]) } });
  });

  it('with all of its faults, and with none when it is good', () => {
    const bad = { maxAttempts: 0, initialIntervalMs: 0, backoff: 0, maxIntervalMs: 0, jitter: -1, nonRetryable: [] };
    expect(findRetryPolicyFaults(bad)).toHaveLength(5);
    expect(findRetryPolicyFaults(DEFAULT_RETRY_POLICY)).toEqual([]);
  });
});
