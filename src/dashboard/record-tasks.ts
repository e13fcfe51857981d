// Owns the documents of the tasks of recorded runs: what the journal has of them, and why they wait in the words of the
// engine that has the run in its hands, where one does. Logs are not on record.

import { blankTask, endOfTask, type HeardWait, type RunRecord } from '../engine/run-archive.ts';
import type { RecordRuns } from './record-runs.ts';
import { breaksOf, pathOf } from './statechart-path.ts';
import { NO_LOGS, taskDocumentOf } from './task-documents.ts';
import type { TaskDocument } from './wire.ts';

/** Asking again sooner would keep the engine from its work. */
const ASK_EVERY_MS = 2_000;

interface Heard {
  readonly atMs: number;
  readonly waits: ReadonlyMap<string, HeardWait>;
}

export class RecordTasks {
  readonly #runs: RecordRuns;
  readonly #monotonicMs: () => number;
  /** Runs of which tasks are looked at, with how many look. */
  readonly #watched = new Map<string, number>();
  readonly #heard = new Map<string, Heard>();
  #version = 0;

  constructor(runs: RecordRuns, monotonicMs: () => number) {
    this.#runs = runs;
    this.#monotonicMs = monotonicMs;
  }

  /** Runs of which somebody looks at a task. */
  get watchedRuns(): string[] {
    return [...this.#watched.keys()];
  }

  watch(runId: string, _task: string): () => void {
    this.#watched.set(runId, (this.#watched.get(runId) ?? 0) + 1);
    return () => {
      const left = (this.#watched.get(runId) ?? 1) - 1;
      if (left > 0) this.#watched.set(runId, left);
      else this.#watched.delete(runId);
    };
  }

  /** Asks the engine that has the run in its hands why its tasks wait, if it was not asked just now. */
  async ask(runId: string): Promise<void> {
    const record = this.#runs.archive.run(runId);
    const nowMs = this.#monotonicMs();
    if (record === undefined || nowMs - (this.#heard.get(runId)?.atMs ?? Number.NEGATIVE_INFINITY) < ASK_EVERY_MS)
      return;
    this.#heard.set(runId, { atMs: nowMs, waits: this.#heard.get(runId)?.waits ?? new Map() });
    const waits = await this.#waitsOf(record);
    this.#heard.set(runId, { atMs: nowMs, waits });
    for (const known of this.#heard.keys()) if (!this.#watched.has(known) && known !== runId) this.#heard.delete(known);
  }

  /** Undefined when there is no such run, or task. @throws RuntimeError JOURNAL_CORRUPT */
  document(runId: string, task: string): TaskDocument | undefined {
    const model = this.#runs.model(runId);
    const run = this.#runs.historyOf(runId);
    if (model === undefined || run === undefined || !model.shape.has(task)) return undefined;
    const history = run.tasks.get(task) ?? blankTask(task);
    const isHeld = this.#runs.isHeld(run.record);
    const index = model.shape.indexOf(task);
    const path = pathOf(history, { readyMs: model.readyAt(index), breaks: breaksOf(run), isHeld });
    const wait =
      endOfTask(history) === null && history.status !== 'running' ? this.#heard.get(runId)?.waits.get(task) : null;
    return taskDocumentOf({
      model,
      origin: run.origin,
      name: task,
      version: ++this.#version,
      history,
      progress: null,
      waiting: wait ? { kind: wait.reason.kind, message: wait.message, since: wait.sinceMs } : null,
      logs: NO_LOGS,
      current: path.steps.at(-1)?.state ?? null,
      path,
    });
  }

  #waitsOf(record: RunRecord): Promise<ReadonlyMap<string, HeardWait>> {
    return record.endedAtMs === null ? this.#runs.archive.waits(record) : Promise.resolve(new Map());
  }
}
