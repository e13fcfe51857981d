// Owns the requests that other processes leave for the engine of a data directory, in a file of their own: a sender that
// is stopped in the middle of its write can hold up other senders, but never a fact.
// Bounded: no more than MAX_WAITING wait at a time, an answer goes when it is fetched, and one that nobody fetched is
// dropped after a day, to a question after a minute: whoever asked has gone on without it.

import { existsSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { z } from 'zod';
import type { Clock } from '../../domain/clock.ts';
import type { JsonValue } from '../../domain/json-value.ts';
import { RuntimeError } from '../../domain/runtime-error.ts';
import { type SerializedError, serializeError } from '../../domain/serialized-error.ts';
import {
  type RequestInbox,
  type RequestOutcome,
  type RequestSender,
  RUN_REQUEST_KINDS,
  type RunRequest,
} from '../run-requests.ts';
import { isBusy, storeFault } from './sqlite-faults.ts';
import { journalFiles } from './sqlite-files.ts';

const MAX_WAITING = 1_000;
const KEEP_ANSWERS_MS = 86_400_000;
const KEEP_EXPLANATIONS_MS = 60_000;
const SENDER_WAIT_MS = 1_000;
/** The engine's thread waits for nobody: an answer that meets a lock is given again at the next poll. */
const ENGINE_WAIT_MS = 5;

const TABLE = `CREATE TABLE IF NOT EXISTS requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, run_id TEXT NOT NULL, reason TEXT NOT NULL,
  at_ms REAL NOT NULL, outcome TEXT, answered_at_ms REAL)`;
const WAITING =
  'SELECT id, kind, run_id AS runId, reason, at_ms AS atMs FROM requests WHERE outcome IS NULL ORDER BY id';

const requestSchema = z.object({
  id: z.number(),
  kind: z.enum(RUN_REQUEST_KINDS),
  runId: z.string(),
  reason: z.string(),
  atMs: z.number(),
});
const numbered = z.object({ id: z.number() });
const answer = z.custom<JsonValue>((value) => value !== undefined);
const error = z.custom<SerializedError>((value) => typeof value === 'object' && value !== null && 'code' in value);
const outcomeSchema: z.ZodType<RequestOutcome> = z.discriminatedUnion('status', [
  z.object({ status: z.literal('done'), answer: answer.exactOptional() }),
  z.object({ status: z.literal('refused'), error }),
]);
const countRow = z.object({ waiting: z.number() });

export interface OpenedInbox extends RequestInbox {
  close(): void;
}

/** Opens the engine's side. @throws RuntimeError DATA_DIR_UNWRITABLE, JOURNAL_CORRUPT */
export function openRequestInbox(dataDir: string, clock: Clock): OpenedInbox {
  return new SqliteInbox(openRequests(dataDir, ENGINE_WAIT_MS), journalFiles(dataDir).requests, clock);
}

/**
 * Opens the asking side for a data directory that exists.
 * @throws RuntimeError FILE_NOT_FOUND, DATA_DIR_UNWRITABLE, JOURNAL_CORRUPT
 */
export function openRequestSender(dataDir: string, clock: Pick<Clock, 'now'>): RequestSender {
  if (!existsSync(dataDir)) {
    throw new RuntimeError('FILE_NOT_FOUND', `there is no data directory ${dataDir}: no engine has worked there`, {
      details: { dataDir },
    });
  }
  return new SqliteSender(openRequests(dataDir, SENDER_WAIT_MS), journalFiles(dataDir).requests, clock);
}

function openRequests(dataDir: string, waitMs: number): DatabaseSync {
  const file = journalFiles(dataDir).requests;
  let database: DatabaseSync | undefined;
  try {
    // Making the file may meet another process that does the same; later waits are as short as asked.
    database = new DatabaseSync(file, { timeout: SENDER_WAIT_MS });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec(TABLE);
    database.exec(`PRAGMA busy_timeout = ${waitMs}`);
    return database;
  } catch (error) {
    database?.close();
    throw storeFault(error, 'open', file);
  }
}

class SqliteInbox implements OpenedInbox {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #clock: Clock;
  readonly #version: StatementSync;
  readonly #waiting: StatementSync;
  // Given to the engine and not answered yet.
  #given = new Set<number>();
  // Answers that met a lock.
  readonly #held = new Map<number, RequestOutcome>();
  #seenVersion: SQLOutputValue | undefined;

  constructor(database: DatabaseSync, file: string, clock: Clock) {
    this.#database = database;
    this.#file = file;
    this.#clock = clock;
    this.#version = database.prepare('PRAGMA data_version');
    this.#waiting = database.prepare(WAITING);
  }

  poll(): RunRequest[] {
    for (const [id, outcome] of this.#held) this.answer(id, outcome);
    return guarded(this.#file, () => {
      // Changes only when another connection has committed.
      const version = this.#version.get()?.data_version;
      if (version === this.#seenVersion) return [];
      this.#seenVersion = version;
      const rows = this.#waiting.all();
      const given = this.#given;
      this.#given = new Set(rows.map((row) => numbered.parse(row).id));
      return rows.flatMap((row) => (given.has(numbered.parse(row).id) ? [] : this.#understood(row)));
    });
  }

  /** A request as it was meant; one that only another version of the program knows is refused. */
  #understood(row: Record<string, SQLOutputValue>): RunRequest[] {
    const parsed = requestSchema.safeParse(row);
    if (parsed.success) return [parsed.data];
    const fault = new RuntimeError(
      'ARGUMENT_INVALID',
      `the engine does not know a request of the kind '${String(row.kind)}'; ask with the version that it runs`,
    );
    this.answer(numbered.parse(row).id, { status: 'refused', error: serializeError(fault) });
    return [];
  }

  answer(id: number, outcome: RequestOutcome): void {
    const nowMs = this.#clock.now();
    try {
      this.#database
        .prepare('UPDATE requests SET outcome = ?, answered_at_ms = ? WHERE id = ? AND outcome IS NULL')
        .run(JSON.stringify(outcome), nowMs, id);
      this.#database
        .prepare("DELETE FROM requests WHERE answered_at_ms < ? OR (kind = 'explain' AND answered_at_ms < ?)")
        .run(nowMs - KEEP_ANSWERS_MS, nowMs - KEEP_EXPLANATIONS_MS);
    } catch (error) {
      if (!isBusy(error)) throw storeFault(error, 'write', this.#file);
      this.#held.set(id, outcome);
      return;
    }
    this.#held.delete(id);
    this.#given.delete(id);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

class SqliteSender implements RequestSender {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(database: DatabaseSync, file: string, clock: Pick<Clock, 'now'>) {
    this.#database = database;
    this.#file = file;
    this.#clock = clock;
  }

  send({ kind, runId, reason }: Pick<RunRequest, 'kind' | 'runId' | 'reason'>): number {
    return guarded(this.#file, () => {
      const counted = this.#database.prepare('SELECT count(*) AS waiting FROM requests WHERE outcome IS NULL').get();
      const { waiting } = countRow.parse(counted);
      if (waiting >= MAX_WAITING) {
        throw new RuntimeError(
          'REQUESTS_FULL',
          `${waiting} requests wait in ${this.#file} and no engine answers them: start one, or wait until it has caught up`,
          { details: { waiting } },
        );
      }
      const { lastInsertRowid } = this.#database
        .prepare('INSERT INTO requests (kind, run_id, reason, at_ms) VALUES (?, ?, ?, ?)')
        .run(kind, runId, reason, this.#clock.now());
      return Number(lastInsertRowid);
    });
  }

  outcome(id: number): RequestOutcome | null {
    return guarded(this.#file, () => {
      const kept = this.#database.prepare('SELECT outcome FROM requests WHERE id = ?').get(id)?.outcome;
      if (typeof kept !== 'string') return null;
      this.#forget(id);
      return outcomeSchema.parse(JSON.parse(kept));
    });
  }

  #forget(id: number): void {
    try {
      this.#database.prepare('DELETE FROM requests WHERE id = ?').run(id);
    } catch (error) {
      // The engine drops it later.
      if (!isBusy(error)) throw error;
    }
  }

  withdraw(id: number): boolean {
    return guarded(this.#file, () => {
      const { changes } = this.#database.prepare('DELETE FROM requests WHERE id = ? AND outcome IS NULL').run(id);
      return Number(changes) === 1;
    });
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function guarded<Value>(file: string, deed: () => Value): Value {
  try {
    return deed();
  } catch (error) {
    throw storeFault(error, 'write', file);
  }
}
