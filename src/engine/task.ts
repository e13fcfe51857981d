// Owns what a caller says of a single task, and what it gets back: records of plain data.

import type { SingleTask } from '../actors/single-tasks.ts';
import { findUnrecordable, type JsonObject } from '../domain/json-value.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import { PRIORITY_NAMES, type PriorityName, TaskPriority, type TaskStatus } from '../domain/statuses.ts';
import { requireList, requireObject } from './argument-checks.ts';

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
  /** Per attempt. */
  readonly timeoutMs?: number | null | undefined;
  /** Retries after the first attempt; default 0. */
  readonly maxRetries?: number | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
}

/** A task to submit. */
export class Task {
  readonly name: string;
  readonly module: string;
  readonly action: string;
  readonly parameters: JsonObject;
  readonly priority: TaskPriority;
  readonly dependencies: readonly string[];
  readonly resources: Readonly<Record<string, number>>;
  readonly timeoutMs: number | null;
  readonly retry: Partial<RetryPolicy>;

  /** @throws RuntimeError ARGUMENT_INVALID, PARAMETER_INVALID */
  constructor(options: TaskOptions) {
    requireObject(options, 'a task');
    this.module = requireText(options.module, 'module');
    this.action = requireText(options.action, 'action');
    this.name = options.name === undefined ? `${this.module}.${this.action}` : requireText(options.name, 'name');
    this.parameters = ownParameters(options.parameters, this.name);
    this.priority = parsePriority(options.priority);
    this.dependencies = [...requireList(options.dependencies ?? [], `dependencies of task '${this.name}'`)];
    this.resources = amountsOf(options.resources);
    this.timeoutMs = requireTimeout(options.timeoutMs);
    const { maxRetries } = options;
    if (maxRetries !== undefined && !(Number.isInteger(maxRetries) && maxRetries >= 0)) {
      throw new RuntimeError('ARGUMENT_INVALID', `maxRetries of task '${this.name}' must be a whole number from 0`);
    }
    const retry = requireObject(options.retry ?? {}, `retry of task '${this.name}'`);
    this.retry = { ...(maxRetries === undefined ? {} : { maxAttempts: maxRetries + 1 }), ...retry };
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
    this.name = task.spec.name;
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

function requireTimeout(value: number | null | undefined): number | null {
  if (value === undefined || value === null) return null;
  if (Number.isFinite(value) && value > 0) return value;
  throw new RuntimeError('ARGUMENT_INVALID', `timeoutMs of a task must be above 0, not ${value}`);
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
