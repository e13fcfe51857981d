// Owns the submission of single tasks: checks them, hands them to the engine's lane for single tasks, answers for them.
// With a data folder every task is a run in the journal: it goes on after a crash or a shutdown, and its result can be
// asked for in later lives of the engine. A submission is durable within milliseconds of the call (`flush` waits for
// that); a result is given out only when it is.

import type { SingleTask } from '../actors/single-task.ts';
import type { TaskId } from '../domain/ids.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { TaskStatus } from '../domain/statuses.ts';
import type { WaitExplanation } from '../domain/wait-reason.ts';
import { Task, type TaskOptions, TaskResult } from './task.ts';
import type { TaskRecoveryHost } from './task-recovery.ts';
import { specOfTask } from './task-spec.ts';

/** What the orchestrator needs of the engine. */
export interface TaskHost extends TaskRecoveryHost {
  /** Opens or closes the gate of the dispatcher. */
  setDispatching(on: boolean): void;
  isDispatching(): boolean;
  requireOpen(): void;
  /** @throws RuntimeError TASK_NOT_FOUND */
  explain(taskId: string): WaitExplanation | null;
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
   * Takes a task in and gives its id at once; the submission is durable a moment later (`flush`). With a `taskId` that
   * was given before, for the same work, nothing new is submitted.
   * @throws RuntimeError ARGUMENT_INVALID, PARAMETER_INVALID, DEPENDENCY_MISSING, TASK_EXISTS, RESOURCE_* for a request that can never be granted, JOURNAL_* when nothing can be made durable any more, ENGINE_CLOSED
   */
  submitTask(task: Task | TaskOptions): string {
    this.#host.requireOpen();
    const { singles } = this.#host;
    const checked = task instanceof Task ? task : new Task(task);
    const { parameters, resources } = checked;
    const dependencies = checked.dependencies as readonly TaskId[];
    const taskId = (checked.taskId ?? undefined) as TaskId | undefined;
    if (taskId !== undefined && singles.isKnown(taskId, checked)) return taskId;
    return singles.submit(specOfTask(checked, this.#host), parameters, dependencies, { resources, taskId }).taskId;
  }

  /**
   * Resolves when all that was submitted, cancelled or ended before the call is durable. Rejects with the journal's
   * failure; with ':memory:' nothing is ever durable, and it resolves at once.
   */
  async flush(): Promise<void> {
    await this.#host.singles.flush();
  }

  /** Why a task waits; null when it runs or has ended. @throws RuntimeError TASK_NOT_FOUND */
  explain(taskId: string): WaitExplanation | null {
    return this.#host.explain(taskId);
  }

  /**
   * A submitted task as it stands, also one of an earlier life of the engine; undefined for an id that the journal does
   * not know (any more). Its standing may be a moment ahead of the journal; results from `getTaskResult` and
   * `waitForTask` are not.
   */
  getTask(taskId: string): TaskResult | undefined {
    const task = this.#host.singles.find(taskId as TaskId);
    return task === undefined ? undefined : new TaskResult(task);
  }

  /** @throws RuntimeError TASK_NOT_FOUND */
  getTaskStatus(taskId: string): TaskStatus {
    return this.#require(taskId).status;
  }

  /**
   * The result of a task that has ended, now or in an earlier life, once it is durable; null before.
   * @throws RuntimeError TASK_NOT_FOUND, or the journal's failure when the result can never be durable
   */
  getTaskResult(taskId: string): TaskResult | null {
    const task = this.#require(taskId);
    if (task.isReported) return new TaskResult(task);
    const { failure } = this.#host.singles;
    if (task.endedAtMs !== null && failure !== null) throw failure;
    return null;
  }

  /**
   * Resolves when the task has ended, whatever its end, and that is durable, as its submission is then. A task that was
   * taken up too often after crashes is parked: it counts as failed until it is released.
   * @throws RuntimeError TASK_NOT_FOUND, ENGINE_CLOSED when the engine is shut down first and the task goes on in the
   *   next life, the journal's failure when the end can never be durable
   */
  async waitForTask(taskId: string): Promise<TaskResult> {
    return new TaskResult(await this.#host.singles.wait(taskId as TaskId));
  }

  /** Cancels a pending, running, held back or parked task; true exactly if it will not complete. */
  cancelTask(taskId: string, reason = 'cancelled by its owner'): boolean {
    // It is written down: callers without types may give an error here.
    return this.#host.singles.cancel(taskId as TaskId, String(reason));
  }

  /**
   * The tasks in memory, oldest first; of one status if it is given: all that have not ended, and the last 10,000 that
   * ended in this life of the engine. Others are in the journal (`getTask` by id).
   */
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

  /**
   * Resolves true when no submitted task is open and all ends are durable, false when `timeoutMs` have passed first.
   * Tasks that an earlier life left unfinished count, also while they are held back; parked ones do not.
   * @throws RuntimeError ENGINE_CLOSED when the engine is shut down first and tasks go on in the next life, the
   *   journal's failure when it has one
   */
  async waitForCompletion(timeoutMs?: number): Promise<boolean> {
    const { singles } = this.#host;
    if (singles.isSettled) return true;
    const completion = this.#completion();
    // After a shutdown there are no timers any more, and nothing to wait for.
    if (timeoutMs === undefined || singles.isSuspended) return completion;
    const limit = this.#host.after(timeoutMs);
    try {
      return await Promise.race([completion, limit.promise.then(() => false)]);
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

  async #completion(): Promise<true> {
    const { singles } = this.#host;
    await singles.idle();
    while (singles.open === 0) {
      const left = singles.isSuspended ? undefined : singles.anyLeft();
      if (left === undefined) {
        await singles.flush();
        return true;
      }
      await singles.wait(left);
      await singles.idle();
    }
    throw new RuntimeError(
      'ENGINE_CLOSED',
      `the engine was shut down with ${singles.open} submitted tasks open; they go on when an engine opens the same data folder`,
      { details: { open: singles.open } },
    );
  }

  #require(taskId: string): SingleTask {
    const task = this.#host.singles.find(taskId as TaskId);
    if (task !== undefined) return task;
    throw new RuntimeError('TASK_NOT_FOUND', `no task '${taskId}'; ids come from submitTask`, { details: { taskId } });
  }
}
