// Owns the runs an engine knows: those under way, and the last ended ones up to a bound.

import type { RestartIntensity } from '../actors/restart-intensity.ts';
import type { WorkflowRun as RunActor } from '../actors/workflow-run.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { RecentKeys } from '../domain/recent-keys.ts';
import { requireSameRun } from './run-refusals.ts';
import type { WorkflowRun } from './workflow-run-handle.ts';

const MAX_ENDED_RUNS = 1_000;

/** A run with all that outlasts a crash of its actor. */
export interface RunEntry {
  readonly handle: WorkflowRun;
  /** Whose actor crashes gives its place to another one. */
  run: RunActor;
  readonly params: JsonObject;
  /** Crashes lately; undefined while there was none. */
  restarts?: RestartIntensity;
}

export class RunBook {
  readonly #entries = new Map<string, RunEntry>();
  readonly #ended = new RecentKeys<string>(MAX_ENDED_RUNS);

  add(entry: RunEntry): void {
    const { runId } = entry.handle;
    this.#entries.set(runId, entry);
    if (entry.run.endedAtMs !== null) this.ended(runId);
  }

  entryOf(runId: string): RunEntry | undefined {
    return this.#entries.get(runId);
  }

  find(runId: string): WorkflowRun | undefined {
    return this.#entries.get(runId)?.handle;
  }

  /** The run itself, under way or ended. */
  actorOf(runId: string): RunActor | undefined {
    return this.#entries.get(runId)?.run;
  }

  /** The run of that id, if it is the same work; undefined for a new id. @throws RuntimeError RUN_EXISTS */
  known(runId: string, workflow: string, params: JsonObject): WorkflowRun | undefined {
    const entry = this.#entries.get(runId);
    if (entry === undefined) return undefined;
    const { handle, params: parameters } = entry;
    requireSameRun(runId, { workflow, parameters: params }, { workflow: handle.workflow, parameters });
    return handle;
  }

  /** A run has ended: it stays known until too many ended after it. */
  ended(runId: string): void {
    if (!this.#entries.has(runId)) return;
    const forgotten = this.#ended.add(runId);
    if (forgotten !== undefined) this.#entries.delete(forgotten);
  }

  /** Runs that have not ended. */
  *open(): IterableIterator<RunActor> {
    for (const [runId, { run }] of this.#entries) if (!this.#ended.has(runId)) yield run;
  }
}
