// Owns how a long loop of an inventory task stays polite: it polls for cancellation at every step and reports progress
// at most ten times a second, letting the thread's messages out. Also measures the task for the timeline.
// Must never decide what is worked on.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import type { TaskContext } from '../../../../src/domain/task-context.ts';
import { InventoryError } from './inventory-error.ts';

const REPORT_EVERY_MS = 100;

/** Where and when a task ran; epoch milliseconds. */
export type TaskTiming = { thread: number; startedAt: number; endedAt: number };

/** Progress, cancellation and timing of one running task. */
export class Pace {
  readonly #context: TaskContext;
  readonly #startedAt = Date.now();
  #lastReportMs = Number.NEGATIVE_INFINITY;
  #fraction = 0;

  constructor(context: TaskContext) {
    this.#context = context;
  }

  /**
   * Whether it is time to call `report`. Cheap enough for every file and block.
   * @throws InventoryError TASK_CANCELLED when the task is to end.
   */
  due(): boolean {
    if (this.#context.isCancelled()) {
      throw new InventoryError('TASK_CANCELLED', `task '${this.#context.taskName}' was cancelled`);
    }
    return performance.now() - this.#lastReportMs >= REPORT_EVERY_MS;
  }

  /** Tells how far the task is; the fraction never goes back. Gives the thread a turn to pass messages. */
  async report(fraction: number, message: string): Promise<void> {
    this.#fraction = Math.min(1, Math.max(this.#fraction, Number.isFinite(fraction) ? fraction : 0));
    this.#context.progress(this.#fraction, message);
    this.#context.heartbeat();
    this.#lastReportMs = performance.now();
    await nextTurn();
  }

  /** The time from the first line of the task until now. */
  timing(): TaskTiming {
    return { thread: threadId, startedAt: this.#startedAt, endedAt: Date.now() };
  }
}
