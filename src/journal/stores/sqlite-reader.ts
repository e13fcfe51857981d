// Owns reading the journal's file through a connection of its own that cannot write. It reads in pages and holds no
// transaction between them: a slow reader never keeps the writer's log from being moved to the file.

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { RuntimeError } from '../../domain/runtime-error.ts';
import type { WorkflowDefinition } from '../../domain/workflow-definition.ts';
import { decodeDefinition } from '../definition-codec.ts';
import type { JournalReader, NumberedFact, RunFilter } from '../journal.ts';
import { decodeRecord } from '../record-codec.ts';
import type { RunRecord } from '../run-record.ts';
import { closedError } from './journal-faults.ts';
import { factsOf, type StoredChunk, storedChunk } from './sqlite-chunks.ts';
import { FIND_DURATIONS, type RecordedHistory, storedHistory } from './sqlite-durations.ts';
import { storeFault } from './sqlite-faults.ts';
import { hasJournal, journalFiles } from './sqlite-files.ts';
import { assertJournal, openReadOnly } from './sqlite-inspection.ts';

const PAGE_CHUNKS = 256;
const PAGE_CHARACTERS = 1_048_576;
const PAGE_RUNS = 200;

const runRow = z.object({ number: z.number(), definition: z.string().nullable(), record: z.string().nullable() });
const partRow = z.object({ body: z.string() });
const numberRow = z.object({ number: z.number() });
const lastRow = z.object({ last: z.number() });

/** A run as the file has it. */
export interface StoredRun {
  readonly number: number;
  readonly definition: string | null;
  /** undefined: there are facts, and none that makes the run. */
  readonly record: RunRecord | undefined;
}

/** A journal that somebody else may be writing, as its file has it. */
export interface StoredJournalReader extends JournalReader {
  /** The number of the newest fact, of one run when an id is given; 0 when there is none. Reads no fact. */
  lastSequence(runId?: string): number;
}

/**
 * Opens the journal of a data directory for reading, whether or not an engine is writing it. It sees what was committed.
 * @throws RuntimeError FILE_NOT_FOUND when there is none, JOURNAL_CORRUPT, JOURNAL_NEWER, DATA_DIR_UNWRITABLE
 */
export function openJournalReader(dataDir: string): StoredJournalReader {
  const files = journalFiles(dataDir);
  const missing = () =>
    new RuntimeError('FILE_NOT_FOUND', `there is no journal in ${dataDir}: no run was ever kept there`, {
      details: { dataDir },
    });
  if (!hasJournal(files)) throw missing();
  const database = openReadOnly(files);
  try {
    if (assertJournal(database, files) === 0) throw missing();
    return new StoredJournal(new SqliteReader(database, files.journal));
  } catch (error) {
    database.close();
    throw error;
  }
}

class StoredJournal implements StoredJournalReader {
  readonly #reader: SqliteReader;

  constructor(reader: SqliteReader) {
    this.#reader = reader;
  }

  read(runId?: string): Iterable<NumberedFact> {
    const upTo = this.#reader.lastSequence();
    return {
      [Symbol.iterator]: () => {
        if (runId === undefined) return this.#reader.facts(upTo);
        const run = this.#reader.run(runId);
        return run === undefined ? [][Symbol.iterator]() : this.#reader.factsOfRun(run.number, upTo);
      },
    };
  }

  *runs(filter: RunFilter = {}): Iterable<RunRecord> {
    let left = filter.limit ?? Number.POSITIVE_INFINITY;
    for (const { record } of this.#reader.runs(filter)) {
      if (left-- <= 0) return;
      yield record;
    }
  }

  run(runId: string): RunRecord | undefined {
    return this.#reader.run(runId)?.record;
  }

  lastSequence(runId?: string): number {
    if (runId === undefined) return this.#reader.lastSequence();
    const run = this.#reader.run(runId);
    return run === undefined ? 0 : this.#reader.lastOfRun(run.number);
  }

  definition(key: string): WorkflowDefinition | undefined {
    return this.#reader.definition(key);
  }

  durationsOf(workflow: string): ReadonlyMap<string, number> {
    return this.#reader.durations(workflow).history.medians();
  }

  async close(): Promise<void> {
    this.#reader.close();
  }
}

export class SqliteReader {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#file = file;
  }

  lastSequence(): number {
    return this.#guarded(() => lastRow.parse(this.#statement('SELECT last_sequence AS last FROM progress').get()).last);
  }

  /** All facts up to a sequence, oldest first. @throws RuntimeError JOURNAL_CORRUPT, JOURNAL_NEWER */
  *facts(upTo: number): Generator<NumberedFact> {
    // The chunks of one batch overlap, those of different batches do not.
    let batch: StoredChunk[] = [];
    let batchLast = 0;
    for (const chunk of this.#chunks('first > ?', [], upTo)) {
      if (chunk.first > batchLast) {
        yield* this.#inOrder(batch, upTo);
        batch = [];
      }
      batch.push(chunk);
      batchLast = Math.max(batchLast, chunk.last);
    }
    yield* this.#inOrder(batch, upTo);
  }

  lastOfRun(run: number): number {
    const text = 'SELECT last FROM chunks WHERE run = ? ORDER BY first DESC LIMIT 1';
    const row = this.#guarded(() => this.#statement(text).get(run));
    return row === undefined ? 0 : lastRow.parse(row).last;
  }

  /** Those of one run. @throws RuntimeError JOURNAL_CORRUPT, JOURNAL_NEWER */
  *factsOfRun(run: number, upTo: number): Generator<NumberedFact> {
    for (const chunk of this.#chunks('run = ? AND first > ?', [run], upTo)) yield* factsOf(chunk, upTo, this.#file);
  }

  run(runId: string): StoredRun | undefined {
    return this.#guarded(() => {
      const row = this.#statement('SELECT number, definition, record FROM runs WHERE run_id = ?').get(runId);
      return row === undefined ? undefined : storedRun(row);
    });
  }

  refersToArtifact(hash: string): boolean {
    const text = 'SELECT 1 FROM artifacts WHERE hash = ? LIMIT 1';
    return this.#guarded(() => this.#statement(text).get(hash)) !== undefined;
  }

  /** Below which number a list begins that passes over the newest `skip` runs. The records of these are not read. */
  #placeOf(condition: string, values: readonly SQLInputValue[], skip: number): number {
    if (skip === 0) return Number.MAX_SAFE_INTEGER;
    const last = this.#guarded(() =>
      this.#statement(`SELECT number ${condition} LIMIT 1 OFFSET ?`).get(Number.MAX_SAFE_INTEGER, ...values, skip - 1),
    );
    return last === undefined ? 0 : numberRow.parse(last).number;
  }

  /** Runs that have a record, newest first, some passed over; the limit is the caller's. */
  *runs({
    kind,
    open,
    endedBeforeMs,
    skip = 0,
  }: RunFilter): Generator<{ readonly number: number; readonly record: RunRecord }> {
    const wanted = ['record IS NOT NULL', 'number < ?'];
    const values: SQLInputValue[] = [];
    const add = (condition: string, value?: SQLInputValue) => {
      wanted.push(condition);
      if (value !== undefined) values.push(value);
    };
    if (kind !== undefined) add('kind = ?', kind);
    if (open !== undefined) add(open ? 'is_open = 1' : 'is_open = 0');
    if (endedBeforeMs !== undefined) add('ended_at_ms < ?', endedBeforeMs);
    const condition = `FROM runs WHERE ${wanted.join(' AND ')} ORDER BY number DESC`;
    const text = `SELECT number, definition, record ${condition} LIMIT ${PAGE_RUNS}`;
    for (let below = this.#placeOf(condition, values, skip); ; ) {
      const page = this.#guarded(() =>
        this.#statement(text)
          .all(below, ...values)
          .map(storedRun),
      );
      for (const { number, record } of page) {
        below = number;
        if (record !== undefined) yield { number, record };
      }
      if (page.length < PAGE_RUNS) return;
    }
  }

  definition(key: string): WorkflowDefinition | undefined {
    const parts = this.#guarded(() =>
      this.#statement('SELECT body FROM definitions WHERE key = ? ORDER BY part')
        .all(key)
        .map((row) => partRow.parse(row).body),
    );
    return parts.length === 0 ? undefined : decodeDefinition(key, parts);
  }

  /** What the file has of a workflow's durations; empty where it is damaged or has none. */
  durations(workflow: string): RecordedHistory {
    if (!this.#database.isOpen) throw closedError();
    return storedHistory(() => this.#statement(FIND_DURATIONS), workflow);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  *#chunks(condition: string, values: readonly SQLInputValue[], upTo: number): Generator<StoredChunk> {
    const text = `SELECT first, last, crc, body FROM chunks WHERE ${condition} AND first <= ? ORDER BY first`;
    let after = 0;
    for (;;) {
      const page = this.#guarded(() => pageOf(this.#statement(text).iterate(...values, after, upTo)));
      if (page.length === 0) return;
      yield* page;
      after = page.at(-1)?.first ?? after;
    }
  }

  #inOrder(chunks: readonly StoredChunk[], upTo: number): NumberedFact[] {
    const facts = chunks.flatMap((chunk) => factsOf(chunk, upTo, this.#file));
    return chunks.length < 2 ? facts : facts.sort((a, b) => a.sequence - b.sequence);
  }

  #statement(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  #guarded<Value>(deed: () => Value): Value {
    if (!this.#database.isOpen) throw closedError();
    try {
      return deed();
    } catch (error) {
      throw storeFault(error, 'read', this.#file);
    }
  }
}

function pageOf(rows: Iterable<unknown>): StoredChunk[] {
  const page: StoredChunk[] = [];
  let characters = 0;
  for (const row of rows) {
    const chunk = storedChunk.parse(row);
    page.push(chunk);
    characters += chunk.body.length;
    if (page.length >= PAGE_CHUNKS || characters >= PAGE_CHARACTERS) break;
  }
  return page;
}

function storedRun(row: unknown): StoredRun {
  const { number, definition, record } = runRow.parse(row);
  return { number, definition, record: record === null ? undefined : decodeRecord(record) };
}
