// Owns the event `task.waiting`: a ready task has to wait for something other than its turn on a thread. Told once for each
// new reason of a task, never for the same one again; nothing at all is worked out while nobody listens.
//
// It is told of tasks in the middle of the scheduler's decisions and speaks a turn later, when these have been made: a
// task that got its place meanwhile did not wait.

import { TaskRecord } from '../actors/task-record.ts';
import type { EventSink } from '../domain/events.ts';
import type { WaitReason } from '../domain/wait-reason.ts';
import type { CapacityRequest, ReadyTask } from '../scheduling/ready-task.ts';
import { type ExplanationParts, explainRecord } from './run-explanation.ts';

export class WaitAnnouncer {
  readonly #events: EventSink;
  readonly #partsOf: () => ExplanationParts;
  /** As many as tasks were found to wait in this turn. */
  #found = new Set<TaskRecord>();
  readonly #announced = new WeakMap<TaskRecord, string>();

  /** `partsOf` is called when there is something to tell: the scheduler among the parts may be made after this. */
  constructor(events: EventSink, partsOf: () => ExplanationParts) {
    this.#events = events;
    this.#partsOf = partsOf;
  }

  /** A ready task was looked at and may not start now. */
  announce(task: ReadyTask<CapacityRequest>): void {
    // The engine's scheduler is given records alone.
    if (!this.#events.wants('task.waiting') || !(task instanceof TaskRecord)) return;
    if (this.#found.size === 0) queueMicrotask(() => this.#tell());
    this.#found.add(task);
  }

  #tell(): void {
    const found = this.#found;
    this.#found = new Set();
    const parts = this.#partsOf();
    for (const record of found) {
      const explanation = explainRecord(record, parts);
      if (explanation === null) continue;
      const { reason, message } = explanation;
      const key = keyOf(reason);
      if (key === null || this.#announced.get(record) === key) continue;
      this.#announced.set(record, key);
      const { owner, spec, taskId } = record;
      const subject = { sessionId: owner.sessionId, runId: owner.runId, task: spec.name, taskId };
      this.#events.emit('task.waiting', subject, { reason, message });
    }
  }
}

/** The same for reasons that differ in figures only; null for those that are not told. */
function keyOf(reason: WaitReason): string | null {
  switch (reason.kind) {
    case 'slot':
    case 'retry':
    case 'dependency':
      return null;
    case 'resource':
      return `resource ${reason.resourceId} ${reason.state}`;
    case 'quota':
      return `quota ${reason.resourceId}`;
    default:
      return reason.kind;
  }
}
