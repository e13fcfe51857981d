// Owns the journal on SQLite as the engine sees it: numbers facts, collects them into batches, knows which are in the file,
// and reads the file and what is not in it yet as one log. All of it on the main thread and in memory: the writing is the
// writer thread's.

import type { Fact } from '../../domain/facts.ts';
import type { RuntimeError } from '../../domain/runtime-error.ts';
import type { WorkflowDefinition } from '../../domain/workflow-definition.ts';
import { encodeDefinition } from '../definition-codec.ts';
import type { Journal, NumberedFact, PruneResult, RunFilter, WriterDeath } from '../journal.ts';
import { matchesFilter } from '../run-filter.ts';
import type { RunRecord } from '../run-record.ts';
import { closedError, unknownSequence } from './journal-faults.ts';
import { FactBatch } from './sqlite-batch.ts';
import { DurationLog } from './sqlite-duration-log.ts';
import type { SqliteReader } from './sqlite-reader.ts';
import { RunBook } from './sqlite-run-book.ts';
import type { FileProgress, JournalWriter, WriterListener } from './sqlite-writer.ts';
import type { Durability } from './sqlite-writer-protocol.ts';

/** Batches with the writer at a time: one that it commits, one that is there when it has. What comes meanwhile collects. */
const MAX_SENT = 2;
/** A batch is closed at this size; one fact may be larger. */
const BATCH_FACTS = 20_000;
const BATCH_CHARACTERS = 4 * 1_048_576;
/** Above one of these the journal is congested, until below half of both. It goes on taking what is already under way. */
const CONGESTED_FACTS = 100_000;
const CONGESTED_CHARACTERS = 64 * 1_048_576;
const MAX_KNOWN_DEFINITIONS = 10_000;
const FORGET_STEP = 200;

interface SqliteJournalParts {
  readonly reader: SqliteReader;
  readonly writer: JournalWriter;
  readonly progress: FileProgress;
  readonly durability: Durability;
  /** Lets go of everything else, once all is written. */
  readonly release: () => void;
}

export class SqliteJournal implements Journal, WriterListener {
  readonly #reader: SqliteReader;
  readonly #writer: JournalWriter;
  readonly #book: RunBook;
  readonly #durations: DurationLog;
  readonly #durability: Durability;
  readonly #release: () => void;
  // Not in the file yet, oldest first; facts are added to the last one.
  readonly #batches: FactBatch[] = [];
  readonly #keys = new WeakMap<WorkflowDefinition, string>();
  readonly #knownKeys = new Set<string>();
  readonly #toldOrphans = new Set<string>();
  #current: FactBatch;
  #sent = 0;
  #last: number;
  #written: number;
  #waitingCharacters = 0;
  #isFlushDue = false;
  #isCongested = false;
  #failure: RuntimeError | null = null;
  #listener: () => void = () => undefined;
  #onWriterRestarted: (death: WriterDeath) => void = () => undefined;
  #pruning: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor({ reader, writer, progress, durability, release }: SqliteJournalParts) {
    this.#reader = reader;
    this.#writer = writer;
    this.#durability = durability;
    this.#release = release;
    this.#book = new RunBook(reader, progress.lastRun);
    this.#durations = new DurationLog(reader, writer, progress.lastRecording);
    this.#last = progress.lastSequence;
    this.#written = progress.lastSequence;
    this.#current = this.#newBatch();
  }

  get isCongested(): boolean {
    return this.#isCongested;
  }

  get failure(): RuntimeError | null {
    return this.#failure;
  }

  append(fact: Fact): number {
    if (this.#isClosed) throw closedError();
    if (this.#failure !== null) return ++this.#last;
    const json = JSON.stringify(fact);
    const run = this.#book.take(fact, this.#last + 1, this.#written);
    this.#last += 1;
    const batch = this.#current;
    batch.add(fact, json, run);
    this.#waitingCharacters += json.length;
    if (batch.facts.length >= BATCH_FACTS || batch.characters >= BATCH_CHARACTERS) this.#current = this.#newBatch();
    if (this.#last - this.#written > CONGESTED_FACTS || this.#waitingCharacters > CONGESTED_CHARACTERS) {
      this.#isCongested = true;
    }
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      queueMicrotask(this.#flush);
    }
    return this.#last;
  }

  durable(sequence: number): Promise<void> {
    if (!(Number.isInteger(sequence) && sequence >= 0 && sequence <= this.#last)) {
      return Promise.reject(unknownSequence(sequence, this.#last));
    }
    if (sequence <= this.#written) return Promise.resolve();
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#durability === 'none') return Promise.resolve();
    this.#writer.hurry(sequence);
    const batch = this.#batches.findLast(({ first }) => first <= sequence);
    return batch === undefined ? Promise.resolve() : batch.written();
  }

  lastSequence(): number {
    return this.#last;
  }

  read(runId?: string): Iterable<NumberedFact> {
    this.#assertOpen();
    const last = this.#last;
    return { [Symbol.iterator]: () => this.#facts(last, runId) };
  }

  runs(filter: RunFilter = {}): Iterable<RunRecord> {
    this.#assertOpen();
    return { [Symbol.iterator]: () => this.#records(filter) };
  }

  run(runId: string): RunRecord | undefined {
    this.#assertOpen();
    return this.#book.record(runId);
  }

  keepDefinition(definition: WorkflowDefinition): string {
    this.#assertOpen();
    const known = this.#keys.get(definition);
    if (known !== undefined && this.#knownKeys.has(known)) return known;
    const encoded = encodeDefinition(definition);
    this.#keys.set(definition, encoded.key);
    if (this.#knownKeys.has(encoded.key)) return encoded.key;
    if (this.#knownKeys.size >= MAX_KNOWN_DEFINITIONS) this.#knownKeys.clear();
    this.#knownKeys.add(encoded.key);
    this.#current.definitions.push({ ...encoded, definition });
    return encoded.key;
  }

  definition(key: string): WorkflowDefinition | undefined {
    this.#assertOpen();
    for (const { definitions } of this.#batches) {
      const kept = definitions.find((each) => each.key === key);
      if (kept !== undefined) return kept.definition;
    }
    return this.#reader.definition(key);
  }

  recordDurations(workflow: string, seconds: ReadonlyMap<string, number>): void {
    this.#assertOpen();
    if (this.#failure === null) this.#durations.record(workflow, seconds);
  }

  durationsOf(workflow: string): ReadonlyMap<string, number> {
    this.#assertOpen();
    return this.#durations.of(workflow);
  }

  prune(runIds: readonly string[]): Promise<PruneResult> {
    if (this.#isClosed) return Promise.reject(closedError());
    const pruned = this.#pruning.then(() => this.#prune([...runIds]));
    this.#pruning = pruned.catch(() => undefined);
    return pruned;
  }

  onChange(listener: () => void): void {
    this.#listener = listener;
  }

  onWriterRestarted(listener: (death: WriterDeath) => void): void {
    this.#onWriterRestarted = listener;
  }

  /** Resolves also when the store has failed: what could not be written is told by `failure` and `durable`. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  written(last: number): void {
    for (let batch = this.#batches[0]; batch !== undefined && this.#sent > 0; batch = this.#batches[0]) {
      if (batch.last > last) break;
      this.#batches.shift();
      this.#sent -= 1;
      this.#written = batch.last;
      this.#waitingCharacters -= batch.characters;
      batch.resolve();
    }
    this.#flush();
    const waiting = this.#last - this.#written;
    if (!this.#isCongested || waiting > CONGESTED_FACTS / 2 || this.#waitingCharacters > CONGESTED_CHARACTERS / 2)
      return;
    this.#isCongested = false;
    this.#listener();
  }

  recorded(last: number): void {
    this.#durations.recorded(last);
  }

  restarted(death: WriterDeath): void {
    this.#onWriterRestarted(death);
  }

  failed(error: RuntimeError): void {
    this.#failure = error;
    this.#durations.fail();
    this.#isCongested = false;
    for (const batch of this.#batches) batch.reject(error);
    this.#listener();
  }

  readonly #flush = (): void => {
    this.#isFlushDue = false;
    while (this.#sent < MAX_SENT && this.#sendNext());
  };

  #sendAll(): void {
    while (this.#sendNext());
  }

  #sendNext(): boolean {
    const batch = this.#batches[this.#sent];
    if (batch === undefined || batch.facts.length === 0 || this.#failure !== null) return false;
    if (batch === this.#current) this.#current = this.#newBatch();
    this.#sent += 1;
    this.#writer.write(batch.sealed(this.#book.lastRun));
    return true;
  }

  #newBatch(): FactBatch {
    const batch = new FactBatch(this.#last + 1);
    this.#batches.push(batch);
    return batch;
  }

  *#facts(last: number, runId: string | undefined): Generator<NumberedFact> {
    // Both at once: what is in the file by now is left to the file, also when more gets there while this is read.
    const written = Math.min(this.#written, last);
    const waiting = [...this.#batches];
    if (runId === undefined) yield* this.#reader.facts(written);
    else {
      const number = this.#book.numberOf(runId);
      if (number !== undefined) yield* this.#reader.factsOfRun(number, written);
    }
    for (const { first, facts } of waiting) {
      for (const [index, fact] of facts.entries()) {
        if (first + index > last) return;
        if (runId === undefined || fact.runId === runId) yield { sequence: first + index, fact };
      }
    }
  }

  *#records(filter: RunFilter): Generator<RunRecord> {
    const newer = this.#book.newerThan(this.#written);
    const { skip = 0, limit = Number.POSITIVE_INFINITY } = filter;
    // Only where nothing waits to be written can the file tell which are the newest.
    const inFile = newer.length === 0 ? skip : 0;
    let [passed, left] = [inFile, limit];
    for (const record of this.#merged({ ...filter, skip: inFile }, newer)) {
      if (passed++ < skip) continue;
      if (left-- <= 0) return;
      yield record;
    }
  }

  *#merged(filter: RunFilter, newer: ReturnType<RunBook['newerThan']>): Generator<RunRecord> {
    const replaced = new Set(newer.map(({ number }) => number));
    let next = 0;
    for (const { number, record } of this.#reader.runs(filter)) {
      for (let entry = newer[next]; entry !== undefined && entry.number >= number; entry = newer[++next]) {
        if (entry.record === undefined || !matchesFilter(entry.record, filter)) continue;
        yield entry.record;
      }
      if (replaced.has(number)) continue;
      yield record;
    }
    for (const { record } of newer.slice(next)) {
      if (record === undefined || !matchesFilter(record, filter)) continue;
      yield record;
    }
  }

  refersToArtifact(hash: string): boolean {
    this.#assertOpen();
    return this.#batches.some((batch) => batch.names(hash)) || this.#reader.refersToArtifact(hash);
  }

  async #prune(runIds: readonly string[]): Promise<PruneResult> {
    let runs = 0;
    // First: a hash that was told of before may be named again meanwhile, and be an orphan again after this.
    await this.#writer.ask({ kind: 'orphans', handled: [...this.#toldOrphans] });
    this.#toldOrphans.clear();
    for (let next = 0; next < runIds.length; ) {
      this.#assertOpen();
      // What was appended before goes first. A definition that was known may go with its last run: it is sent anew with
      // the next run that has it.
      this.#sendAll();
      this.#knownKeys.clear();
      const done = await this.#writer.ask({ kind: 'forget', runIds: runIds.slice(next, next + FORGET_STEP) });
      for (const each of done) {
        if (!each.startsWith('+')) continue;
        this.#book.forget(each.slice(1));
        runs += 1;
      }
      next += done.length;
    }
    this.#sendAll();
    const orphans = await this.#writer.ask({ kind: 'orphans', handled: [] });
    const orphanedArtifacts = orphans.filter((hash) => !this.#batches.some((batch) => batch.names(hash)));
    for (const hash of orphanedArtifacts) this.#toldOrphans.add(hash);
    while (!this.#isClosed && (await this.#writer.ask({ kind: 'shrink' })).length > 0);
    return { runs, orphanedArtifacts };
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#sendAll();
    this.#durations.sendAll();
    const last = this.#batches[this.#sent - 1];
    this.#writer.hurry(this.#last);
    if (last !== undefined && this.#failure === null) await last.written().catch(() => undefined);
    await this.#pruning;
    await this.#writer.close();
    this.#reader.close();
    this.#release();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedError();
  }
}
