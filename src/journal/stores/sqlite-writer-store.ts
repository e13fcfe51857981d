// Owns the writing connection of the journal, on the writer thread: checks the file before it touches it, brings it to the
// newest version, commits batches. Nothing else writes the file.

import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { invariant } from '../../domain/runtime-error.ts';
import { storeFault } from './sqlite-faults.ts';
import { hasJournal, type JournalFiles, leaveMarker } from './sqlite-files.ts';
import { inspectJournal } from './sqlite-inspection.ts';
import { migrate } from './sqlite-migrator.ts';
import { numberIn } from './sqlite-rows.ts';
import type { Durability, WriteBatch } from './sqlite-writer-protocol.ts';

const BUSY_WAIT_MS = 5_000;
const PAGE_BYTES = 8_192;
/** Pages in the write-ahead log before they are moved to the file: 32 MB, so that the sync of it is rare. */
const CHECKPOINT_PAGES = 4_096;
const LOG_LIMIT_BYTES = 64 * 1_048_576;

// Without the sync of every commit, the log is still synced before it is moved to the file: the file stays whole.
const SYNCHRONOUS = { full: 'FULL', normal: 'NORMAL', none: 'NORMAL' } as const satisfies Record<Durability, string>;

type Level = (typeof SYNCHRONOUS)[Durability];

export interface WriterProgress {
  readonly lastSequence: number;
  readonly lastRun: number;
}

/**
 * Opens the journal for writing, makes it where there is none.
 * @throws RuntimeError JOURNAL_CORRUPT, JOURNAL_NEWER (nothing was written), DATA_DIR_UNWRITABLE, JOURNAL_WRITE_FAILED
 */
export function openWriterStore(files: JournalFiles, durability: Durability): WriterStore {
  if (hasJournal(files)) inspectJournal(files);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(files.journal, { timeout: BUSY_WAIT_MS });
    // Both before the first page is written; without effect on a journal that is there.
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${LOG_LIMIT_BYTES}`);
    migrate(database, files.journal);
    leaveMarker(files);
    return new WriterStore(database, files.journal, durability);
  } catch (error) {
    database?.close();
    throw storeFault(error, 'open', files.journal);
  }
}

export class WriterStore {
  readonly database: DatabaseSync;
  readonly file: string;
  readonly #keepChunk: StatementSync;
  readonly #keepRun: StatementSync;
  readonly #keepDefinition: StatementSync;
  readonly #keepArtifact: StatementSync;
  readonly #keepProgress: StatementSync;
  /** That of facts, and of all that goes with them. */
  readonly #promised: Level;
  #level: Level;
  #progress: WriterProgress;

  constructor(database: DatabaseSync, file: string, durability: Durability) {
    this.database = database;
    this.file = file;
    this.#promised = SYNCHRONOUS[durability];
    this.#level = this.#promised;
    database.exec(`PRAGMA synchronous = ${this.#promised}`);
    this.#keepChunk = database.prepare(
      'INSERT INTO chunks (first, last, run, size, crc, body) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#keepRun = database.prepare(
      'INSERT INTO runs (number, run_id, kind, is_open, ended_at_ms, definition, record) VALUES (?, ?, ?, ?, ?, ?, ?) ' +
        'ON CONFLICT (number) DO UPDATE SET kind = excluded.kind, is_open = excluded.is_open, ' +
        'ended_at_ms = excluded.ended_at_ms, definition = excluded.definition, record = excluded.record',
    );
    this.#keepDefinition = database.prepare('INSERT OR IGNORE INTO definitions (key, part, body) VALUES (?, ?, ?)');
    this.#keepArtifact = database.prepare('INSERT OR IGNORE INTO artifacts (run, hash) VALUES (?, ?)');
    this.#keepProgress = database.prepare('UPDATE progress SET last_sequence = ?, last_run = ? WHERE id = 1');
    const row = database.prepare('SELECT last_sequence, last_run FROM progress').get();
    this.#progress = { lastSequence: numberIn(row, 'last_sequence'), lastRun: numberIn(row, 'last_run') };
  }

  get progress(): WriterProgress {
    return this.#progress;
  }

  /** Commits a batch; one that is in the file already, from before a crash of the thread, is passed over. */
  write(batch: WriteBatch): void {
    const { lastSequence } = this.#progress;
    if (batch.last <= lastSequence) return;
    invariant(batch.first === lastSequence + 1, `fact ${lastSequence + 1} comes before fact ${batch.first}`);
    this.inTransaction(() => {
      for (const { key, parts } of batch.definitions) {
        for (const [index, part] of parts.entries()) this.#keepDefinition.run(key, index, part);
      }
      for (const run of batch.runs) {
        const { number, runId, kind, isOpen, endedAtMs, definition, record } = run;
        this.#keepRun.run(number, runId, kind, isOpen ? 1 : 0, endedAtMs, definition, record);
      }
      for (const { run, first, last, body, hashes } of batch.chunks) {
        this.#keepChunk.run(first, last, run, body.length, crc32(body), body);
        for (const hash of hashes) this.#keepArtifact.run(run, hash);
      }
      this.#keepProgress.run(batch.last, batch.lastRun);
    });
    this.#progress = { lastSequence: batch.last, lastRun: batch.lastRun };
  }

  /** All of it or nothing. @throws RuntimeError JOURNAL_WRITE_FAILED, JOURNAL_CORRUPT */
  inTransaction<Value>(deed: () => Value): Value {
    return this.#inTransaction(deed, this.#promised);
  }

  /** The same, for what need not survive the machine: it is not synced, and what was synced before stays. */
  inLooseTransaction<Value>(deed: () => Value): Value {
    return this.#inTransaction(deed, 'NORMAL');
  }

  #inTransaction<Value>(deed: () => Value, level: Level): Value {
    try {
      if (level !== this.#level) this.database.exec(`PRAGMA synchronous = ${level}`);
      this.#level = level;
      this.database.exec('BEGIN IMMEDIATE');
      const value = deed();
      this.database.exec('COMMIT');
      return value;
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw storeFault(error, 'write', this.file);
    }
  }

  /** Moves the log to the file and closes it. */
  close(): void {
    if (!this.database.isOpen) return;
    try {
      this.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.database.close();
    }
  }
}
