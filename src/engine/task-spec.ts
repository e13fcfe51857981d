// Owns how the words of a single task become what the runner takes: the same for a new one and for one of an earlier life.

import type { TaskSpec } from '../actors/task-record.ts';
import type { ConcurrencyLimit } from '../domain/concurrency-limit.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import type { TaskPriority } from '../domain/statuses.ts';
import type { PreparedRequest } from '../resources/capacity-request.ts';
import { levelOf } from '../scheduling/mode-level.ts';
import type { Pool } from '../scheduling/ready-task.ts';

/** The engine as far as a spec depends on it. */
export interface SpecSurroundings {
  /** @throws RuntimeError RESOURCE_* */
  prepare(request: Readonly<Record<string, number>>): PreparedRequest;
  poolOf(task: { readonly module: string; readonly action: string }): Pool;
}

/** What is said of a single task, complete. */
export interface TaskWords {
  readonly name: string;
  readonly module: string;
  readonly action: string;
  readonly priority: TaskPriority;
  readonly resources: Readonly<Record<string, number>>;
  readonly concurrency: ConcurrencyLimit | null;
  /** Of an attempt; null = not known. */
  readonly estimatedMs: number | null;
  readonly timeoutMs: number | null;
  readonly totalTimeoutMs: number | null;
  readonly heartbeatTimeoutMs: number | null;
  readonly retryPolicy: RetryPolicy;
}

/** @throws RuntimeError RESOURCE_* for a request that can never be granted */
export function specOfTask(words: TaskWords, surroundings: SpecSurroundings): TaskSpec {
  const { name, module, action, priority, resources } = words;
  return {
    name,
    module,
    action,
    timeoutMs: words.timeoutMs,
    totalTimeoutMs: words.totalTimeoutMs,
    heartbeatTimeoutMs: words.heartbeatTimeoutMs,
    retry: words.retryPolicy,
    request: Object.keys(resources).length === 0 ? null : surroundings.prepare(resources),
    pool: surroundings.poolOf(words),
    concurrency: words.concurrency,
    expectedMs: words.estimatedMs ?? Number.POSITIVE_INFINITY,
    level: levelOf('priority', priority),
    order: 0,
  };
}
