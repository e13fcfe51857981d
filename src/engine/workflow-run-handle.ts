// Owns what callers hold of a run under way: its id, its status, its result to wait for, and the ways to steer it.

import type { WorkflowRun as RunActor } from '../actors/workflow-run.ts';
import type { TaskCounts } from '../actors/workflow-run-options.ts';
import type { RuntimeEvent } from '../domain/events.ts';
import type { TaskStatus, WorkflowStatus } from '../domain/statuses.ts';
import type { WaitExplanation } from '../domain/wait-reason.ts';
import type { WorkflowEvent } from '../machines/workflow-machine.ts';
import type { EventBus } from './event-bus.ts';
import type { ExplainOptions, WaitDesk } from './wait-desk.ts';
import { executionOf, type WorkflowExecution } from './workflow-execution.ts';

/** A run as a handle sees it: one of this life of the engine, or one that only the journal knows. */
export interface SteeredRun {
  readonly runId: string;
  readonly workflow: string;
  readonly status: WorkflowStatus;
  /** Nothing of it will be told any more: it has ended, or its engine let go of it. */
  readonly hasEnded: boolean;
  counts(): TaskCounts;
  taskStatus(step: string): TaskStatus | undefined;
  snapshot(): WorkflowExecution;
  cancel(reason: string): void;
  pause(): void;
  resume(): void;
  cancelTask(step: string, reason: string): boolean;
  /** @throws RuntimeError TASK_NOT_FOUND */
  explain(options: ExplainOptions): WaitExplanation[];
}

/** The place of a run in its engine: who sits there may crash and be replaced. */
export interface RunSeat {
  readonly run: RunActor;
}

/** What a handle may do with a run of this life. After a suspension steering does nothing. */
export function steeringOf(seat: RunSeat, waits: Pick<WaitDesk, 'explain'>): SteeredRun {
  const { runId, plan } = seat.run;
  const send = (event: WorkflowEvent) => seat.run.steer(event);
  return {
    runId,
    workflow: plan.workflow,
    get status() {
      return seat.run.status;
    },
    get hasEnded() {
      return seat.run.endedAtMs !== null || seat.run.isSuspended;
    },
    counts: () => seat.run.counts(),
    taskStatus: (step) => {
      const index = plan.indexOf(step);
      return index < 0 ? undefined : seat.run.statusOf(index);
    },
    snapshot: () => executionOf(seat.run),
    cancel: (reason) => send({ type: 'run.cancel', reason }),
    pause: () => send({ type: 'run.pause' }),
    resume: () => send({ type: 'run.resume' }),
    cancelTask: (step, reason) => {
      const index = plan.indexOf(step);
      return index >= 0 && !seat.run.isSuspended && seat.run.cancelTask(index, reason);
    },
    explain: (options) => waits.explain(runId, options),
  };
}

/** A workflow run under way, or ended. */
export class WorkflowRun implements AsyncIterable<RuntimeEvent> {
  readonly runId: string;
  readonly #run: SteeredRun;
  readonly #bus: EventBus;
  readonly #result: Promise<WorkflowExecution>;

  /** For the engine; callers get one from `engine.startWorkflow`. */
  constructor(run: SteeredRun, bus: EventBus, result: Promise<WorkflowExecution>) {
    this.runId = run.runId;
    this.#run = run;
    this.#bus = bus;
    this.#result = result;
  }

  get workflow(): string {
    return this.#run.workflow;
  }

  get status(): WorkflowStatus {
    return this.#run.status;
  }

  /** Nothing of it will be told any more: it has ended, or its engine let go of it. */
  get hasEnded(): boolean {
    return this.#run.hasEnded;
  }

  /** Tasks by how they ended so far. */
  get tasks(): TaskCounts {
    return this.#run.counts();
  }

  /** The status of a step; undefined for a name that the workflow does not have. */
  taskStatus(step: string): TaskStatus | undefined {
    return this.#run.taskStatus(step);
  }

  /** The run as it stands now: counts, outputs, errors and skips so far. */
  snapshot(): WorkflowExecution {
    return this.#run.snapshot();
  }

  /**
   * Resolves when the run has ended, whatever its end, and its result is as durable as the journal promises.
   * @throws RuntimeError ENGINE_CLOSED when the engine was shut down before that (the run goes on with the next engine
   * on the data folder), JOURNAL_WRITE_FAILED when its end could not be recorded
   */
  result(): Promise<WorkflowExecution> {
    return this.#result;
  }

  /** Stops all tasks of the run; what runs gets the grace period. Harmless when it has ended. */
  cancel(reason = 'cancelled by its owner'): void {
    this.#run.cancel(reason);
  }

  /** Starts no further task, or not even the first; what runs goes on. Holds over restarts of the engine. */
  pause(): void {
    this.#run.pause();
  }

  resume(): void {
    this.#run.resume();
  }

  /** Cancels one step, pending or running; false when it has ended or does not exist. */
  cancelTask(step: string, reason = 'cancelled by its owner'): boolean {
    return this.#run.cancelTask(step, reason);
  }

  /**
   * Why its tasks wait: those that have neither ended nor begun, ready ones first, 200 at most unless told otherwise.
   * @throws RuntimeError TASK_NOT_FOUND for a step that the run does not have
   */
  explain(options: ExplainOptions = {}): WaitExplanation[] {
    return this.#run.explain(options);
  }

  /** The events of this run from now on, until it has ended. */
  [Symbol.asyncIterator](): AsyncIterator<RuntimeEvent, undefined> {
    const { runId } = this;
    const events = this.#bus.events({
      filter: (event) => event.runId === runId,
      until: (event) => ENDS.has(event.type),
    });
    if (this.#run.hasEnded) events.end();
    return events;
  }
}

const ENDS: ReadonlySet<string> = new Set([
  'workflow.completed',
  'workflow.failed',
  'workflow.cancelled',
  'workflow.suspended',
]);
