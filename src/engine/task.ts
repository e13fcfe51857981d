// Owns what a caller says of a single task, and what it gets back: records of plain data.

import type { SingleTask } from '../actors/single-task.ts';
import { CONCURRENCY_BOUNDS, type ConcurrencyLimit, isConcurrencyKey } from '../domain/concurrency-limit.ts';
import { findUnrecordable, type JsonObject } from '../domain/json-value.ts';
import { createRetryPolicy, type RetryPolicy } from '../domain/retry-policy.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import { PRIORITY_NAMES, type PriorityName, TaskPriority, type TaskStatus } from '../domain/statuses.ts';
import { requireList, requireObject, requireRunId } from './argument-checks.ts';

/** One resource that a task needs while it runs. */
export class TaskResource {
  readonly resourceId: string;
  readonly amount: number;

  constructor(data: { readonly resourceId: string; readonly amount?: number | undefined }) {
    this.resourceId = data.resourceId;
    this.amount = data.amount ?? 1;
  }
}

/** What a task may say; only module and action are needed. */
export interface TaskOptions {
  /**
   * An id of the caller's own, for submitting at most once: given again with the same name, module, action and
   * parameters, the first submission counts (its order, time-outs and retries too) and nothing runs twice, also after a
   * restart, for as long as the journal keeps the first. Default: one is made. 1 to 200 characters.
   */
  readonly taskId?: string | undefined;
  /** Default: `<module>.<action>`. Need not be unique. */
  readonly name?: string | undefined;
  readonly module: string;
  readonly action: string;
  readonly parameters?: JsonObject | undefined;
  readonly priority?: TaskPriority | PriorityName | undefined;
  /** Ids of submitted tasks (or names, within a group of tasks) that must complete first. */
  readonly dependencies?: readonly string[] | undefined;
  /** Amounts by resource id, or a list. */
  readonly resources?: Readonly<Record<string, number>> | readonly TaskResource[] | undefined;
  /**
   * At most `limit` tasks with this key are under way at one time, those of workflows among them. The key is taken as it
   * is: text of 1 to 200 characters.
   */
  readonly concurrency?: ConcurrencyLimit | null | undefined;
  /** Expected duration of an attempt, for what may run before others without delaying them; default: not known. */
  readonly estimatedMs?: number | null | undefined;
  /** Per attempt. */
  readonly timeoutMs?: number | null | undefined;
  /** For all attempts and the waits between them, from the start of the first; holds across restarts. */
  readonly totalTimeoutMs?: number | null | undefined;
  /** Longest time between two signs of life of an attempt (`context.heartbeat()`). */
  readonly heartbeatTimeoutMs?: number | null | undefined;
  /** Retries after the first attempt; default 0. */
  readonly maxRetries?: number | undefined;
  /** How failed attempts are repeated; `maxAttempts` counts the first and goes before `maxRetries`. */
  readonly retry?: Partial<RetryPolicy> | undefined;
}

/** A task to submit. */
export class Task {
  /** null = one is made at its submission. */
  readonly taskId: string | null;
  readonly name: string;
  readonly module: string;
  readonly action: string;
  readonly parameters: JsonObject;
  readonly priority: TaskPriority;
  readonly dependencies: readonly string[];
  readonly resources: Readonly<Record<string, number>>;
  readonly concurrency: ConcurrencyLimit | null;
  readonly estimatedMs: number | null;
  readonly timeoutMs: number | null;
  readonly totalTimeoutMs: number | null;
  readonly heartbeatTimeoutMs: number | null;
  readonly retry: Partial<RetryPolicy>;
  readonly #retryPolicy: RetryPolicy;

  /** @throws RuntimeError ARGUMENT_INVALID, PARAMETER_INVALID */
  constructor(options: TaskOptions) {
    requireObject(options, 'a task');
    this.taskId = options.taskId === undefined ? null : requireRunId(options.taskId, 'taskId of a task');
    this.module = requireText(options.module, 'module');
    this.action = requireText(options.action, 'action');
    this.name = options.name === undefined ? `${this.module}.${this.action}` : requireText(options.name, 'name');
    this.parameters = ownParameters(options.parameters, this.name);
    this.priority = parsePriority(options.priority);
    this.dependencies = requireTexts(options.dependencies ?? [], `dependencies of task '${this.name}'`);
    this.resources = amountsOf(options.resources);
    this.concurrency = requireConcurrency(options.concurrency, this.name);
    this.estimatedMs = requireEstimate(options.estimatedMs, this.name);
    this.timeoutMs = requireTimeout(options.timeoutMs, 'timeoutMs');
    this.totalTimeoutMs = requireTimeout(options.totalTimeoutMs, 'totalTimeoutMs');
    this.heartbeatTimeoutMs = requireTimeout(options.heartbeatTimeoutMs, 'heartbeatTimeoutMs');
    const { maxRetries } = options;
    if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && maxRetries >= 0)) {
      throw new RuntimeError('ARGUMENT_INVALID', `maxRetries of task '${this.name}' must be a whole number from 0`);
    }
    const retry = requireObject(options.retry ?? {}, `retry of task '${this.name}'`);
    this.retry = { ...(maxRetries === undefined ? {} : { maxAttempts: maxRetries + 1 }), ...retry };
    // What is written down must be readable by every later life.
    requireTexts(this.retry.nonRetryable ?? [], `nonRetryable of task '${this.name}'`);
    this.#retryPolicy = createRetryPolicy(this.retry);
  }

  /** `retry` with its defaults. */
  get retryPolicy(): RetryPolicy {
    return this.#retryPolicy;
  }
}

/** A task, checked. @throws RuntimeError ARGUMENT_INVALID, PARAMETER_INVALID */
export function createTask(options: TaskOptions): Task {
  return new Task(options);
}

/** How a submitted task stands, or how it ended. */
export class TaskResult {
  readonly taskId: string;
  readonly name: string;
  readonly status: TaskStatus;
  readonly output: unknown;
  readonly error: SerializedError | null;
  /** Why it was cancelled or skipped. */
  readonly reason: string | null;
  readonly attempts: number;
  readonly submittedAt: string;
  readonly startedAt: string | null;
  readonly completedAt: string | null;
  /** From the start of its first attempt to its end; null while it has not ended or if it never started. */
  readonly durationMs: number | null;

  constructor(task: SingleTask) {
    this.taskId = task.taskId;
    this.name = task.name;
    this.status = task.status;
    this.output = task.output;
    this.error = task.error;
    this.reason = task.reason;
    this.attempts = task.attempts;
    this.submittedAt = new Date(task.submittedAtMs).toISOString();
    this.startedAt = task.startedAtMs === null ? null : new Date(task.startedAtMs).toISOString();
    this.completedAt = task.endedAtMs === null ? null : new Date(task.endedAtMs).toISOString();
    this.durationMs = task.startedAtMs === null || task.endedAtMs === null ? null : task.endedAtMs - task.startedAtMs;
  }

  /** Whether it completed. */
  get success(): boolean {
    return this.status === 'completed';
  }
}

/** A priority level from its number or name. @throws RuntimeError ARGUMENT_INVALID */
export function parsePriority(value: unknown): TaskPriority {
  if (value === undefined || value === null) return TaskPriority.NORMAL;
  for (const level of Object.values(TaskPriority)) {
    if (value === level || (typeof value === 'string' && value.toLowerCase() === PRIORITY_NAMES[level])) return level;
  }
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `priority ${JSON.stringify(value)} is none; use ${PRIORITY_NAMES.join(', ')} or 0…4`,
    { details: { priority: String(value) } },
  );
}

function requireText(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new RuntimeError('ARGUMENT_INVALID', `${field} of a task must be a text that is not empty`, {
    details: { field },
  });
}

function requireTexts(value: readonly string[], what: string): readonly string[] {
  const list = requireList(value, what);
  if (list.every((text: unknown) => typeof text === 'string' && text !== '')) return [...list];
  throw new RuntimeError('ARGUMENT_INVALID', `${what} must be a list of texts that are not empty`);
}

// A copy: the caller may go on to change the object given while the task waits for its turn.
function ownParameters(parameters: JsonObject | undefined, name: string): JsonObject {
  if (parameters === undefined) return {};
  requireObject(parameters, `parameters of task '${name}'`);
  const fault = findUnrecordable(parameters);
  if (fault === undefined) return structuredClone(parameters);
  throw new RuntimeError('PARAMETER_INVALID', `parameters of task '${name}' must be JSON: ${fault}`, {
    details: { task: name, fault },
  });
}

function requireTimeout(value: number | null | undefined, field: string): number | null {
  if (value === undefined || value === null) return null;
  if (Number.isFinite(value) && value > 0) return value;
  throw new RuntimeError('ARGUMENT_INVALID', `${field} of a task must be above 0, not ${value}`);
}

function requireEstimate(value: number | null | undefined, name: string): number | null {
  if (value === undefined || value === null) return null;
  if (Number.isFinite(value) && value >= 0) return value;
  throw new RuntimeError('ARGUMENT_INVALID', `estimatedMs of task '${name}' must be a number from 0, not ${value}`);
}

function requireConcurrency(value: ConcurrencyLimit | null | undefined, name: string): ConcurrencyLimit | null {
  if (value === undefined || value === null) return null;
  const { key, limit } = requireObject(value, `concurrency of task '${name}'`);
  if (!isConcurrencyKey(key)) {
    const bounds = `text of 1 to ${CONCURRENCY_BOUNDS.keyLength} characters without control characters`;
    throw new RuntimeError('ARGUMENT_INVALID', `the concurrency key of task '${name}' must be ${bounds}`);
  }
  if (Number.isInteger(limit) && limit >= 1 && limit <= CONCURRENCY_BOUNDS.limit) return Object.freeze({ key, limit });
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `the concurrency limit of task '${name}' must be a whole number from 1 to ${CONCURRENCY_BOUNDS.limit}, not ${limit}`,
  );
}

function amountsOf(resources: TaskOptions['resources']): Readonly<Record<string, number>> {
  if (resources === undefined || resources === null) return {};
  if (!isList(resources)) return { ...requireObject(resources, 'resources of a task') };
  const amounts: Record<string, number> = {};
  for (const resource of resources) {
    const { resourceId, amount } = new TaskResource(requireObject(resource, 'a resource of a task'));
    amounts[resourceId] = (amounts[resourceId] ?? 0) + amount;
  }
  return amounts;
}

function isList(value: NonNullable<TaskOptions['resources']>): value is readonly TaskResource[] {
  return Array.isArray(value);
}
