// Owns what a run says of itself as a whole: each turn of its life as a fact for the journal and an event for those who
// listen. It decides nothing, and what its tasks say is the reporter's.

import type { Clock } from '../domain/clock.ts';
import type { EventSink, EventSubject } from '../domain/events.ts';
import type { RunCreated } from '../domain/facts.ts';
import type { RunId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import type { Journal } from '../journal/journal.ts';
import type { TaskCounts } from './workflow-run-options.ts';

/** What a run is written down with besides its own id and time. */
export type RunOrigin = Omit<RunCreated, 'type' | 'v' | 'runId' | 'atMs'>;

interface RunChronicleParts {
  readonly journal: Journal;
  readonly events: EventSink;
  readonly clock: Clock;
}

export class RunChronicle {
  readonly #parts: RunChronicleParts;
  readonly #runId: RunId;
  readonly #subject: EventSubject;
  readonly #origin: RunOrigin;

  constructor(parts: RunChronicleParts, runId: RunId, subject: EventSubject, origin: RunOrigin) {
    this.#parts = parts;
    this.#runId = runId;
    this.#subject = subject;
    this.#origin = origin;
  }

  created(): void {
    this.#parts.journal.append({ type: 'run.created', ...this.#stamp(), ...this.#origin });
  }

  /** `adopted`: tasks whose outputs were taken over. */
  started(atMs: number, deadlineMs: number | null, adopted: number): void {
    this.#parts.journal.append({ type: 'run.started', ...this.#stamp(atMs), deadlineMs });
    const { workflow, mode, steps: tasks, parameters, rerunOf } = this.#origin;
    const taken = adopted === 0 ? {} : { adopted, rerunOf };
    this.#parts.events.emit('workflow.started', this.#subject, { workflow, mode, tasks, parameters, ...taken });
  }

  /** Its tasks go on where an earlier life of it ended. The fact was written when it was taken up. */
  recovered(completed: number, recovery: number): void {
    const { workflow, mode, steps: tasks, parameters } = this.#origin;
    const data = { workflow, mode, tasks, parameters, completed, recovery };
    this.#parts.events.emit('workflow.recovered', this.#subject, data);
  }

  /** In which order its tasks go from now on, if that was planned. */
  planned(summary: JsonObject | null): void {
    if (summary !== null) this.#parts.events.emit('workflow.planned', this.#subject, summary);
  }

  steered(how: 'paused' | 'resumed'): void {
    this.#parts.journal.append({ type: `run.${how}`, ...this.#stamp() });
    this.#parts.events.emit(`workflow.${how}`, this.#subject);
  }

  cancelRequested(reason: string, timedOut: boolean): void {
    this.#parts.journal.append({ type: 'run.cancel-requested', ...this.#stamp(), reason, timedOut });
  }

  suspended(tasks: TaskCounts): void {
    this.#parts.journal.append({ type: 'run.suspended', ...this.#stamp() });
    this.#parts.events.emit('workflow.suspended', this.#subject, { workflow: this.#origin.workflow, tasks });
  }

  /** Writes the end; resolves when it is durable. Rejects when the journal has failed: such an end is none. */
  async ended(
    atMs: number,
    status: 'completed' | 'failed' | 'cancelled',
    reason: string | null,
    timedOut: boolean,
  ): Promise<void> {
    const { journal } = this.#parts;
    await journal.durable(journal.append({ type: 'run.ended', ...this.#stamp(atMs), status, reason, timedOut }));
  }

  /** Tells the end, once it is durable. */
  tellEnd(status: 'completed' | 'failed' | 'cancelled', data: Readonly<Record<string, unknown>>): void {
    this.#parts.events.emit(`workflow.${status}`, this.#subject, { workflow: this.#origin.workflow, ...data });
  }

  #stamp(atMs = this.#parts.clock.now()) {
    return { v: 1, runId: this.#runId, atMs } as const;
  }
}
