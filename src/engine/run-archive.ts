// Owns what a process without an engine sees of a data folder: its recorded runs, which engine holds it, and a way to ask
// that engine for something. It writes no facts; a folder without a journal is an empty archive, not an error.

import { setTimeout as sleep } from 'node:timers/promises';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowDefinition } from '../domain/workflow-definition.ts';
import type { RunFilter } from '../journal/journal.ts';
import { foldRun, type RunHistory } from '../journal/run-history.ts';
import { isOpen, type RunRecord } from '../journal/run-record.ts';
import type { RequestOutcome, RequestSender, RunRequestKind } from '../journal/run-requests.ts';
import { type EngineOwner, engineOf } from '../journal/stores/sqlite-lock.ts';
import { openJournalReader, type StoredJournalReader } from '../journal/stores/sqlite-reader.ts';
import { openRequestSender } from '../journal/stores/sqlite-requests.ts';
import { IN_MEMORY } from './engine-config.ts';
import { type HeardWait, heardWaits } from './wait-answer.ts';

export type { RunFilter } from '../journal/journal.ts';
export {
  type AttemptHistory,
  blankTask,
  countEnds,
  endOfTask,
  type RunHistory,
  signsOfLife,
  type TaskHistory,
} from '../journal/run-history.ts';
export { BLANK_RECORD, type RunRecord } from '../journal/run-record.ts';
export type { RequestOutcome, RunRequestKind } from '../journal/run-requests.ts';
export type { HeardWait } from './wait-answer.ts';

/** How often the answer to a request is looked for. */
const LOOK_EVERY_MS = 25;
const ANSWER_WITHIN_MS = 10_000;
/** Whoever looks at a run does not wait longer for what only makes the picture better. */
const WAITS_WITHIN_MS = 1_000;

/** The recorded runs of a data folder, for looking at from outside. */
export class RunArchive {
  readonly #dataDir: string;
  /** null = nothing was ever recorded there. */
  readonly #reader: StoredJournalReader | null;
  readonly #engine: EngineOwner | null;

  private constructor(dataDir: string, reader: StoredJournalReader | null, engine: EngineOwner | null) {
    this.#dataDir = dataDir;
    this.#reader = reader;
    this.#engine = engine;
  }

  /** Opens the archive of a folder, as it is at this moment. @throws RuntimeError JOURNAL_* */
  static open(dataDir: string): RunArchive {
    if (dataDir === IN_MEMORY) return new RunArchive(dataDir, null, null);
    return new RunArchive(dataDir, readerOf(dataDir), engineOf(dataDir));
  }

  /** Newest first. */
  runs(filter: RunFilter = {}): RunRecord[] {
    return this.#reader === null ? [] : [...this.#reader.runs(filter)];
  }

  run(runId: string): RunRecord | undefined {
    return this.#reader?.run(runId);
  }

  /** The number of the newest fact, of one run when an id is given; 0 = there is none. Tells cheaply whether anything is new. */
  lastSequence(runId?: string): number {
    return this.#reader?.lastSequence(runId) ?? 0;
  }

  /** All that is recorded of a run. @throws RuntimeError JOURNAL_CORRUPT */
  history(runId: string): RunHistory | undefined {
    return this.#reader === null ? undefined : foldRun(this.#reader.read(runId));
  }

  /** @throws RuntimeError JOURNAL_CORRUPT */
  definition(key: string): WorkflowDefinition | undefined {
    return this.#reader?.definition(key);
  }

  /** How long each step of a workflow takes by its recorded runs, in seconds by step. */
  durationsOf(workflow: string): ReadonlyMap<string, number> {
    return this.#reader?.durationsOf(workflow) ?? new Map();
  }

  /** The engine that holds the folder; null when none is alive. */
  engine(): EngineOwner | null {
    return this.#engine;
  }

  /**
   * Whether a live engine has the run in its hands. One that was started to leave older runs alone (`resume: 'manual'`)
   * holds only those that it made or took up itself.
   */
  isHeld(record: RunRecord): boolean {
    if (this.#engine === null || !isOpen(record) || record.isSuspended) return false;
    if (record.createdAtMs >= this.#engine.sinceMs) return true;
    const { sinceMs } = this.#engine;
    const moments = this.history(record.runId)?.moments ?? [];
    return moments.some(({ type, atMs }) => type === 'recovered' && atMs >= sinceMs);
  }

  /**
   * Asks the engine that holds the folder to steer a run, and waits for its answer.
   * @throws RuntimeError ENGINE_UNRESPONSIVE, REQUESTS_FULL, DATA_DIR_UNWRITABLE
   */
  async request(
    kind: RunRequestKind,
    runId: string,
    reason: string,
    timeoutMs = ANSWER_WITHIN_MS,
  ): Promise<RequestOutcome> {
    const sender = openRequestSender(this.#dataDir, { now: Date.now });
    try {
      const id = sender.send({ kind, runId, reason });
      const outcome = await answerTo(sender, id, performance.now() + timeoutMs);
      if (outcome !== null) return outcome;
    } finally {
      sender.close();
    }
    const holder = this.#engine === null ? 'the engine' : `the engine in process ${this.#engine.pid}`;
    throw new RuntimeError(
      'ENGINE_UNRESPONSIVE',
      `${holder} did not answer the request to ${kind} run '${runId}' within ${timeoutMs / 1_000} s; the request is withdrawn: try again, or end that process`,
      { details: { runId, kind, pid: this.#engine?.pid ?? null } },
    );
  }

  /**
   * Why tasks of a run wait at this moment, asked of the engine that has it in its hands; by task. Empty when none has, or
   * when it does not say within a second: what is on record tells the rest.
   */
  async waits(record: RunRecord): Promise<ReadonlyMap<string, HeardWait>> {
    if (!this.isHeld(record)) return new Map();
    try {
      const outcome = await this.request('explain', record.runId, '', WAITS_WITHIN_MS);
      return heardWaits(outcome.status === 'done' ? outcome.answer : undefined);
    } catch (error) {
      // Busy, too full, or not ours to write to: no reason to show nothing.
      if (isRuntimeError(error)) return new Map();
      throw error;
    }
  }

  /** Lets go of files. Harmless when repeated. */
  async close(): Promise<void> {
    await this.#reader?.close();
  }
}

function readerOf(dataDir: string): StoredJournalReader | null {
  try {
    return openJournalReader(dataDir);
  } catch (error) {
    if (isRuntimeError(error) && error.code === 'FILE_NOT_FOUND') return null;
    throw error;
  }
}

async function answerTo(sender: RequestSender, id: number, untilMs: number): Promise<RequestOutcome | null> {
  for (;;) {
    const outcome = sender.outcome(id);
    if (outcome !== null) return outcome;
    // What was answered at the last moment counts as answered.
    if (performance.now() >= untilMs) return sender.withdraw(id) ? null : sender.outcome(id);
    await sleep(LOOK_EVERY_MS);
  }
}
