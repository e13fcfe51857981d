// Owns steps as a program writes them: checked when made, accepted by createWorkflow.

import type { ConcurrencyLimit } from '../domain/concurrency-limit.ts';
import type { JsonObject } from '../domain/json-value.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { PriorityName, TaskPriority } from '../domain/statuses.ts';
import { requireList, requireObject } from './argument-checks.ts';

/** What a step may say; name, module and action are needed. */
export interface WorkflowStepOptions {
  readonly name: string;
  readonly module: string;
  readonly action: string;
  readonly parameters?: JsonObject;
  readonly dependencies?: readonly string[];
  /** Per attempt. */
  readonly timeoutMs?: number | null;
  /** Whole step: all attempts and the waits between them, from the start of the first attempt. */
  readonly totalTimeoutMs?: number | null;
  /** How long an attempt may go without heartbeat() or progress() before it is ended and tried again. */
  readonly heartbeatTimeoutMs?: number | null;
  /** Retries after the first attempt. */
  readonly maxRetries?: number;
  /** `maxAttempts` in place of maxRetries; Infinity = without end. */
  readonly retry?: Partial<RetryPolicy>;
  readonly priority?: TaskPriority | PriorityName;
  readonly resources?: Readonly<Record<string, number>>;
  /** At most `limit` tasks with this key at once, over all runs; the key may hold `{{params.x}}`. */
  readonly concurrency?: ConcurrencyLimit | null;
  /** CEL over `params` and `steps`. */
  readonly runIf?: string;
  /** False: its failure does not fail the run. */
  readonly required?: boolean;
  readonly estimatedSeconds?: number;
}

/** One step of a workflow made in code. */
export class WorkflowStep {
  readonly name: string;
  readonly module: string;
  readonly action: string;
  readonly parameters: JsonObject;
  readonly dependencies: readonly string[];

  /** @throws RuntimeError ARGUMENT_INVALID; what concerns other steps is checked by createWorkflow */
  constructor(options: WorkflowStepOptions) {
    requireObject(options, 'a step');
    for (const field of ['name', 'module', 'action'] as const) {
      if (typeof options[field] === 'string' && options[field] !== '') continue;
      throw new RuntimeError('ARGUMENT_INVALID', `${field} of a step must be a text that is not empty`);
    }
    this.name = options.name;
    this.module = options.module;
    this.action = options.action;
    this.parameters = options.parameters ?? {};
    this.dependencies = options.dependencies ?? [];
    // Only what was said: createWorkflow has the defaults.
    const { name: _n, module: _m, action: _a, parameters: _p, dependencies: _d, ...rest } = options;
    Object.assign(this, Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)));
  }
}

/** Steps from plain objects. @throws RuntimeError ARGUMENT_INVALID */
export function createWorkflowSteps(steps: readonly WorkflowStepOptions[]): WorkflowStep[] {
  return requireList(steps, 'the steps').map((step) => new WorkflowStep(step));
}
