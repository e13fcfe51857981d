// Owns what callers hold of a run under way: its id, its status, its result to wait for, and the ways to steer it.

import type { WorkflowRun as RunActor, TaskCounts } from '../actors/workflow-run.ts';
import type { RuntimeEvent } from '../domain/events.ts';
import type { TaskStatus, WorkflowStatus } from '../domain/statuses.ts';
import type { EventBus } from './event-bus.ts';
import type { WorkflowExecution } from './workflow-execution.ts';

/** A workflow run under way, or ended. */
export class WorkflowRun implements AsyncIterable<RuntimeEvent> {
  readonly runId: string;
  readonly #run: RunActor;
  readonly #bus: EventBus;
  readonly #result: Promise<WorkflowExecution>;

  /** For the engine; callers get one from `engine.startWorkflow`. */
  constructor(run: RunActor, bus: EventBus, result: Promise<WorkflowExecution>) {
    this.runId = run.runId;
    this.#run = run;
    this.#bus = bus;
    this.#result = result;
  }

  get workflow(): string {
    return this.#run.plan.workflow;
  }

  get status(): WorkflowStatus {
    return this.#run.status;
  }

  /** Tasks by how they ended so far. */
  get tasks(): TaskCounts {
    return this.#run.counts();
  }

  /** The status of a step; undefined for a name that the workflow does not have. */
  taskStatus(step: string): TaskStatus | undefined {
    const index = this.#run.plan.indexOf(step);
    return index < 0 ? undefined : this.#run.statusOf(index);
  }

  /** Resolves when the run has ended, whatever its end, and its result is as durable as the journal promises. */
  result(): Promise<WorkflowExecution> {
    return this.#result;
  }

  /** Stops all tasks of the run; what runs gets the grace period. Harmless when it has ended. */
  cancel(reason = 'cancelled by its owner'): void {
    this.#run.actor.send({ type: 'run.cancel', reason });
  }

  /** Starts no further task; what runs goes on. */
  pause(): void {
    this.#run.actor.send({ type: 'run.pause' });
  }

  resume(): void {
    this.#run.actor.send({ type: 'run.resume' });
  }

  /** Cancels one step, pending or running; false when it has ended or does not exist. */
  cancelTask(step: string, reason = 'cancelled by its owner'): boolean {
    const index = this.#run.plan.indexOf(step);
    return index >= 0 && this.#run.cancelTask(index, reason);
  }

  /** The events of this run from now on, until it has ended. */
  [Symbol.asyncIterator](): AsyncIterator<RuntimeEvent, undefined> {
    const { runId } = this;
    const events = this.#bus.events({
      filter: (event) => event.runId === runId,
      until: (event) => ENDS.has(event.type),
    });
    if (this.#run.endedAtMs !== null) events.end();
    return events;
  }
}

const ENDS: ReadonlySet<string> = new Set(['workflow.completed', 'workflow.failed', 'workflow.cancelled']);
