// Owns whoever submits single tasks in a simulation, each under an id of his own: waits for results, cancels some, and
// after each restart of the engine submits again what may have been lost, which must change nothing where it was not.

import { isRuntimeError } from '../../src/domain/runtime-error.ts';
import type { Life } from './life.ts';
import type { Oracle } from './oracle.ts';
import type { Scenario, SimulatedTask } from './scenario.ts';
import type { Tally } from './tally.ts';
import type { ViolationBook } from './violation.ts';
import { START_MS, type WorldTime } from './world-time.ts';

export interface SubmitterParts {
  readonly scenario: Scenario;
  readonly time: WorldTime;
  readonly oracle: Oracle;
  readonly book: ViolationBook;
  readonly tally: Tally;
}

export class Submitter {
  readonly #parts: SubmitterParts;
  readonly #done = new Set<string>();
  readonly #submitted = new Set<string>();
  readonly #cancelled = new Set<string>();
  #life: Life | undefined;

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
  }

  get isDone(): boolean {
    return this.#done.size === this.#parts.scenario.tasks.length;
  }

  /** What he still waits for, for people. */
  get waitingFor(): string {
    const left = this.#parts.scenario.tasks.filter(({ taskId }) => !this.#done.has(taskId));
    return left.map(({ taskId }) => ` ${taskId}`).join('');
  }

  attach(life: Life): void {
    this.#life = life;
    for (const task of this.#parts.scenario.tasks) {
      if (this.#done.has(task.taskId)) continue;
      const model = this.#parts.oracle.run(task.taskId);
      // What the engine has not taken up by itself.
      if (model?.end === null && (model.isParked || !model.isTakenUp)) this.#later(() => this.#resume(task.taskId));
      this.#at(task.atMs, () => this.#submit(task));
      const { cancelAtMs } = task;
      if (cancelAtMs !== null && !this.#cancelled.has(task.taskId)) this.#at(cancelAtMs, () => this.#cancel(task));
    }
  }

  #submit(task: SimulatedTask): void {
    const { scenario, tally } = this.#parts;
    const { taskId, step, dependencies } = task;
    const needed = dependencies.flatMap((place) => scenario.tasks[place] ?? []);
    // What it depends on may have been lost.
    for (const dependency of needed) if (!this.#done.has(dependency.taskId)) this.#submit(dependency);
    try {
      if (this.#submitted.has(taskId)) tally.add('tasks submitted again');
      this.#life?.engine.submitTask({
        taskId,
        name: step.name,
        module: step.module,
        action: step.action,
        parameters: step.parameters,
        priority: step.priority,
        ...(step.concurrency === null ? {} : { concurrency: step.concurrency }),
        ...(step.estimatedSeconds === null ? {} : { estimatedMs: step.estimatedSeconds * 1_000 }),
        dependencies: needed.map((dependency) => dependency.taskId),
        resources: step.resources,
        timeoutMs: step.timeoutMs,
        totalTimeoutMs: step.totalTimeoutMs,
        heartbeatTimeoutMs: step.heartbeatTimeoutMs,
        retry: step.retry,
      });
      this.#submitted.add(taskId);
      this.#wait(taskId);
    } catch (error) {
      this.#judge(error, `the submission of '${taskId}'`);
    }
  }

  #wait(taskId: string): void {
    const life = this.#life;
    life?.engine.waitForTask(taskId).then(
      (result) => {
        if (life !== this.#life || life.isOver) return;
        this.#parts.oracle.toldTask(result);
        if (this.#parts.oracle.run(taskId)?.end === null) this.#later(() => this.#resume(taskId));
        else this.#done.add(taskId);
      },
      (error: unknown) => {
        if (life === this.#life && !life.isOver) this.#judge(error, `the result of '${taskId}'`);
      },
    );
  }

  /** Makes go on what is parked, or was left to him. */
  #resume(taskId: string): void {
    const model = this.#parts.oracle.run(taskId);
    if (model === undefined || model.end !== null || (!model.isParked && model.isTakenUp)) return;
    model.isByHand = true;
    try {
      this.#life?.engine.resumeTask(taskId);
      this.#wait(taskId);
    } catch (error) {
      this.#judge(error, `the release of '${taskId}'`);
    }
  }

  #cancel({ taskId }: SimulatedTask): void {
    this.#cancelled.add(taskId);
    try {
      if (this.#life?.engine.tasks.cancelTask(taskId, 'a deed') === true)
        this.#parts.tally.add('single tasks cancelled');
    } catch (error) {
      this.#judge(error, `the cancellation of '${taskId}'`);
    }
  }

  #judge(error: unknown, what: string): void {
    const code = isRuntimeError(error) ? error.code : '';
    const isGoing = this.#life?.engine.isClosed === true || this.#life?.journal.failure !== null;
    if (isGoing && (code === 'ENGINE_CLOSED' || code === 'JOURNAL_WRITE_FAILED')) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parts.book.note('unexpected-error', `${what}: ${text}`);
  }

  #later(callback: () => void): void {
    this.#at(this.#parts.time.nowMs - START_MS + 20, callback);
  }

  #at(atMs: number, callback: () => void): void {
    const life = this.#life;
    this.#parts.time.after(Math.max(0, START_MS + atMs - this.#parts.time.nowMs), () => {
      if (life === this.#life && life?.isOver === false && !life.engine.isClosed) callback();
    });
  }
}
