// Owns the submission of single tasks: checks them, hands them to the engine's lane for single tasks, answers for them.

import type { SingleTask, SingleTasks } from '../actors/single-tasks.ts';
import type { TaskSpec } from '../actors/task-record.ts';
import type { TaskId } from '../domain/ids.ts';
import { createRetryPolicy } from '../domain/retry-policy.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { TaskStatus } from '../domain/statuses.ts';
import type { PreparedRequest } from '../resources/capacity-request.ts';
import { orderKeys } from '../scheduling/mode-order.ts';
import type { Pool } from '../scheduling/ready-task.ts';
import { Task, type TaskOptions, TaskResult } from './task.ts';

/** What the orchestrator needs of the engine. */
export interface TaskHost {
  readonly singles: SingleTasks;
  prepare(request: Readonly<Record<string, number>>): PreparedRequest;
  poolOf(task: { readonly module: string; readonly action: string }): Pool;
  /** Opens or closes the gate of the dispatcher. */
  setDispatching(on: boolean): void;
  isDispatching(): boolean;
  requireOpen(): void;
  /** Resolves after `timeoutMs`; `cancel` takes it back. */
  after(timeoutMs: number): { readonly promise: Promise<void>; cancel(): void };
}

export interface ExecutionStats {
  readonly submitted: number;
  readonly open: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  /** Completed among those that ran to an end, 0…1; 0 before the first. */
  readonly successRate: number;
}

export class TaskOrchestrator {
  readonly #host: TaskHost;

  /** For the engine. */
  constructor(host: TaskHost) {
    this.#host = host;
  }

  /**
   * Takes a task in and gives its id at once.
   * @throws RuntimeError ARGUMENT_INVALID, PARAMETER_INVALID, DEPENDENCY_MISSING, RESOURCE_* for a request that can never be granted, ENGINE_CLOSED
   */
  submitTask(task: Task | TaskOptions): string {
    this.#host.requireOpen();
    const checked = task instanceof Task ? task : new Task(task);
    const spec: TaskSpec = {
      name: checked.name,
      module: checked.module,
      action: checked.action,
      timeoutMs: checked.timeoutMs,
      retry: createRetryPolicy(checked.retry),
      request: Object.keys(checked.resources).length === 0 ? null : this.#host.prepare(checked.resources),
      pool: this.#host.poolOf(checked),
      ...orderKeys('priority', { priority: checked.priority, topologicalPlace: 0, upwardRank: 0 }),
    };
    return this.#host.singles.submit(spec, checked.parameters, checked.dependencies as readonly TaskId[]).taskId;
  }

  /** A submitted task as it stands; undefined for an unknown or forgotten id. */
  getTask(taskId: string): TaskResult | undefined {
    const task = this.#host.singles.get(taskId as TaskId);
    return task === undefined ? undefined : new TaskResult(task);
  }

  /** @throws RuntimeError TASK_NOT_FOUND */
  getTaskStatus(taskId: string): TaskStatus {
    return this.#require(taskId).status;
  }

  /** The result of a task that has ended; null while it has not. @throws RuntimeError TASK_NOT_FOUND */
  getTaskResult(taskId: string): TaskResult | null {
    const task = this.#require(taskId);
    return task.endedAtMs === null ? null : new TaskResult(task);
  }

  /** Resolves when the task has ended, whatever its end. @throws RuntimeError TASK_NOT_FOUND */
  async waitForTask(taskId: string): Promise<TaskResult> {
    return new TaskResult(await this.#host.singles.wait(taskId as TaskId));
  }

  /** Cancels a pending or running task; true exactly if it will not complete. */
  cancelTask(taskId: string, reason = 'cancelled by its owner'): boolean {
    return this.#host.singles.cancel(taskId as TaskId, reason);
  }

  /** The tasks still known, oldest first; of one status if it is given. */
  listTasks(status?: TaskStatus): TaskResult[] {
    const tasks: TaskResult[] = [];
    for (const task of this.#host.singles.list()) {
      if (status === undefined || task.status === status) tasks.push(new TaskResult(task));
    }
    return tasks;
  }

  /** Lets tasks start again after `stopBackgroundProcessing`; an engine starts with processing on. */
  startBackgroundProcessing(): void {
    this.#host.requireOpen();
    this.#host.setDispatching(true);
  }

  /** No task of the engine starts any more until processing is started again; what runs goes on. */
  stopBackgroundProcessing(): void {
    this.#host.setDispatching(false);
  }

  get isProcessing(): boolean {
    return this.#host.isDispatching();
  }

  /** Resolves true when no submitted task is open, false when `timeoutMs` have passed first. */
  async waitForCompletion(timeoutMs?: number): Promise<boolean> {
    if (this.#host.singles.open === 0) return true;
    const idle = this.#host.singles.idle().then(() => true);
    if (timeoutMs === undefined) return idle;
    const limit = this.#host.after(timeoutMs);
    try {
      return await Promise.race([idle, limit.promise.then(() => false)]);
    } finally {
      limit.cancel();
    }
  }

  getExecutionStats(): ExecutionStats {
    const { counts, open } = this.#host.singles;
    const ended = counts.completed + counts.failed + counts.cancelled + counts.skipped;
    const ran = counts.completed + counts.failed;
    return { submitted: ended + open, open, ...counts, successRate: ran === 0 ? 0 : counts.completed / ran };
  }

  #require(taskId: string): SingleTask {
    const task = this.#host.singles.get(taskId as TaskId);
    if (task !== undefined) return task;
    throw new RuntimeError('TASK_NOT_FOUND', `no task '${taskId}'; ids come from submitTask`, { details: { taskId } });
  }
}
