// Owns when and how often a failed attempt is tried again. Pure: time and chance are arguments.

import type { RandomSource } from './clock.ts';
import { RuntimeError } from './runtime-error.ts';

/** How a task's failed attempts are repeated. Delays in milliseconds. */
export interface RetryPolicy {
  /** Attempts in all, the first one counted; 1 = never again. Infinity = without end. */
  readonly maxAttempts: number;
  /** Delay before the second attempt, > 0. */
  readonly initialIntervalMs: number;
  /** Factor from one delay to the next, ≥ 1. */
  readonly backoff: number;
  /** Cap on a delay, ≥ initialIntervalMs. */
  readonly maxIntervalMs: number;
  /** Share of the delay that chance may take away, 0…1; 1 is full jitter. */
  readonly jitter: number;
  /** Error codes and error names that are never tried again. */
  readonly nonRetryable: readonly string[];
}

/** One attempt, no retry; the delays apply once `maxAttempts` is raised. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = Object.freeze({
  maxAttempts: 1,
  initialIntervalMs: 1_000,
  backoff: 2,
  maxIntervalMs: 100_000,
  jitter: 1,
  nonRetryable: Object.freeze([]) as readonly string[],
});

/**
 * Completes and checks a policy. A missing cap is 100 × the initial interval.
 * @throws RuntimeError ARGUMENT_INVALID with every fault in `details.faults`.
 */
export function createRetryPolicy(partial: Partial<RetryPolicy>): RetryPolicy {
  const initialIntervalMs = partial.initialIntervalMs ?? DEFAULT_RETRY_POLICY.initialIntervalMs;
  const policy: RetryPolicy = {
    ...DEFAULT_RETRY_POLICY,
    ...partial,
    initialIntervalMs,
    maxIntervalMs: partial.maxIntervalMs ?? 100 * initialIntervalMs,
  };
  const faults = findRetryPolicyFaults(policy);
  if (faults.length > 0) {
    throw new RuntimeError('ARGUMENT_INVALID', `retry policy: ${faults.join('; ')}`, { details: { faults } });
  }
  return policy;
}

/** Every fault of a policy, empty when it is good. */
export function findRetryPolicyFaults(policy: RetryPolicy): string[] {
  const faults: string[] = [];
  const { maxAttempts, initialIntervalMs, backoff, maxIntervalMs, jitter } = policy;
  if (!(maxAttempts === Number.POSITIVE_INFINITY || (Number.isInteger(maxAttempts) && maxAttempts >= 1))) {
    faults.push(`maximum attempts must be a whole number from 1, or Infinity, not ${maxAttempts}`);
  }
  if (!(Number.isFinite(initialIntervalMs) && initialIntervalMs > 0)) {
    faults.push(`initial interval must be above 0, not ${initialIntervalMs} ms`);
  }
  if (!(Number.isFinite(backoff) && backoff >= 1)) faults.push(`backoff must be at least 1, not ${backoff}`);
  if (!(maxIntervalMs > 0)) faults.push(`maximum interval must be above 0, not ${maxIntervalMs} ms`);
  else if (maxIntervalMs < initialIntervalMs) {
    faults.push(`maximum interval (${maxIntervalMs} ms) must not be below the initial one (${initialIntervalMs} ms)`);
  }
  if (!(jitter >= 0 && jitter <= 1)) faults.push(`jitter must be within 0…1, not ${jitter}`);
  return faults;
}

/**
 * Delay before the attempt that follows attempt number `attempt` (1 = the first): exponential, capped, then jittered to
 * a uniform value in [d·(1 − jitter), d]. Source of full jitter: M. Brooker, "Exponential Backoff and Jitter", 2015.
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: RandomSource): number {
  const uncapped = policy.initialIntervalMs * policy.backoff ** (attempt - 1);
  const delayMs = Math.min(uncapped, policy.maxIntervalMs);
  return delayMs - delayMs * policy.jitter * random();
}

/** Whether an error may be tried again, attempts left aside; `nonRetryable` as in the policy. */
export function isRetryable(
  nonRetryable: readonly string[],
  error: { readonly code: string; readonly name: string; readonly retryable: boolean },
): boolean {
  return error.retryable && !nonRetryable.includes(error.code) && !nonRetryable.includes(error.name);
}
