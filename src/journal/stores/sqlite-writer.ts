// Owns the writer thread as the main thread sees it: starts it, starts another when it dies, sends again what the dead one
// may not have written. A batch is in the file exactly once: the thread knows by its last sequence whether it has it.
// It keeps the process alive only while something waits to be written.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { assertNever, type RuntimeError } from '../../domain/runtime-error.ts';
import { deserializeError } from '../../domain/serialized-error.ts';
import type { DurationRecording } from '../duration-history.ts';
import type { WriterDeath } from '../journal.ts';
import { closedError } from './journal-faults.ts';
import { CommitPace } from './sqlite-commit-pace.ts';
import { storeFault } from './sqlite-faults.ts';
import type {
  FromWriter,
  RecordingGroup,
  ToWriter,
  WriteBatch,
  WriterQuestion,
  WriterSettings,
} from './sqlite-writer-protocol.ts';
import type { WriterProgress } from './sqlite-writer-store.ts';

/** Threads that may die without having written anything before the store counts as failed. */
const MAX_DEATHS = 5;

/** How far a file has come. */
export interface FileProgress extends WriterProgress {
  readonly lastRecording: number;
}

export interface WriterListener {
  /** Everything up to the sequence is in the file. */
  written(last: number): void;
  /** Every recording up to the number is in the file, or lost for good. */
  recorded(last: number): void;
  /** The thread died; another takes its place and what it may not have written is sent again. */
  restarted(death: WriterDeath): void;
  /** Nothing will be written any more. Called once. */
  failed(error: RuntimeError): void;
}

interface Question {
  readonly question: WriterQuestion;
  readonly answered: PromiseWithResolvers<readonly string[]>;
}

export class JournalWriter {
  readonly #settings: WriterSettings;
  readonly #listener: WriterListener;
  readonly #file: string;
  readonly #started = Promise.withResolvers<FileProgress>();
  readonly #questions = new Map<number, Question>();
  // Sent, or to be sent once a thread is ready; oldest first.
  readonly #unwritten: WriteBatch[] = [];
  readonly #unrecorded: RecordingGroup[] = [];
  #worker: Worker;
  #isReady = false;
  #lastId = 0;
  #deaths = 0;
  #lastError: unknown;
  #failure: RuntimeError | null = null;
  #closing: PromiseWithResolvers<void> | undefined;

  readonly #pace = new CommitPace();

  constructor(settings: Omit<WriterSettings, 'pace'>, file: string, listener: WriterListener) {
    this.#settings = { ...settings, pace: this.#pace.buffer };
    this.#file = file;
    this.#listener = listener;
    this.#worker = this.#startThread();
  }

  /**
   * How far the file has come, once it is open.
   * @throws RuntimeError JOURNAL_CORRUPT, JOURNAL_NEWER, DATA_DIR_UNWRITABLE, JOURNAL_WRITE_FAILED
   */
  get started(): Promise<FileProgress> {
    return this.#started.promise;
  }

  /** Someone waits for the facts up to a sequence, sent already or not. */
  hurry(sequence: number): void {
    this.#pace.hurry(sequence);
  }

  write(batch: WriteBatch): void {
    if (this.#failure !== null) return;
    this.#unwritten.push(batch);
    this.#hold();
    if (this.#isReady) this.#post(batch);
  }

  /** Durations, in the order of their numbers. */
  record(recordings: readonly DurationRecording[]): void {
    const last = recordings.at(-1)?.number;
    if (last === undefined || this.#failure !== null) return;
    const group: RecordingGroup = { kind: 'record', last, recordings };
    this.#unrecorded.push(group);
    this.#hold();
    if (this.#isReady) this.#post(group);
  }

  /** Asks after everything written so far. Rejects when the store fails or closes first. */
  ask(question: WriterQuestion): Promise<readonly string[]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#closing !== undefined) return Promise.reject(closedError());
    this.#hurryAll();
    const id = ++this.#lastId;
    const answered = Promise.withResolvers<readonly string[]>();
    this.#questions.set(id, { question, answered });
    this.#hold();
    if (this.#isReady) this.#post({ kind: 'ask', id, question });
    return answered.promise;
  }

  /** Ends the thread after what it was sent. */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.promise;
    this.#closing = Promise.withResolvers<void>();
    this.#hurryAll();
    this.#worker.ref();
    if (this.#failure !== null) this.#endThread();
    else if (this.#isReady) this.#post({ kind: 'close' });
    return this.#closing.promise;
  }

  #startThread(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`sqlite-writer-entry.${extension}`, import.meta.url));
    // No flags of the process: those for its own entry would not fit this one.
    const worker = new Worker(entry, { workerData: this.#settings, name: 'journal', execArgv: [] });
    this.#isReady = false;
    worker.on('message', (message: FromWriter) => this.#take(message));
    worker.on('error', (error) => {
      this.#lastError = error;
    });
    worker.on('exit', () => this.#takeExit());
    return worker;
  }

  #take(message: FromWriter): void {
    switch (message.kind) {
      case 'ready':
        this.#resume(message);
        break;
      case 'written':
        this.#deaths = 0;
        this.#takeWritten(message.last);
        break;
      case 'recorded':
        this.#takeRecorded(message.last);
        break;
      case 'answer':
        this.#questions.get(message.id)?.answered.resolve(message.found);
        this.#questions.delete(message.id);
        this.#release();
        break;
      case 'failed':
        this.#fail(deserializeError(message.error));
        break;
      case 'closed':
        break;
      default:
        assertNever(message);
    }
  }

  #resume({ lastSequence, lastRun, lastRecording }: FileProgress): void {
    this.#started.resolve({ lastSequence, lastRun, lastRecording });
    // Not ready yet: what the listener sends now takes its place behind what is sent again.
    this.#takeWritten(lastSequence);
    this.#isReady = true;
    for (const batch of this.#unwritten) this.#post(batch);
    // What the file has of them already it passes over.
    for (const group of this.#unrecorded) this.#post(group);
    for (const [id, { question }] of this.#questions) this.#post({ kind: 'ask', id, question });
    if (this.#closing !== undefined) this.#post({ kind: 'close' });
  }

  #takeWritten(last: number): void {
    let written = 0;
    for (let batch = this.#unwritten[0]; batch !== undefined && batch.last <= last; batch = this.#unwritten[0]) {
      written = batch.last;
      this.#unwritten.shift();
    }
    this.#release();
    if (written > 0) this.#listener.written(written);
  }

  #takeRecorded(last: number): void {
    while ((this.#unrecorded[0]?.last ?? Number.POSITIVE_INFINITY) <= last) this.#unrecorded.shift();
    this.#release();
    this.#listener.recorded(last);
  }

  #takeExit(): void {
    this.#isReady = false;
    if (this.#closing !== undefined && (this.#failure !== null || this.#isIdle())) {
      this.#closing.resolve();
      return;
    }
    if (this.#failure !== null) return;
    const cause = this.#lastError ?? new Error('the writer thread ended by itself');
    if (++this.#deaths > MAX_DEATHS) {
      this.#fail(storeFault(cause, 'write', this.#file));
      return;
    }
    this.#lastError = undefined;
    this.#worker = this.#startThread();
    this.#release();
    this.#listener.restarted({ error: cause, deaths: this.#deaths });
  }

  #fail(error: RuntimeError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#unwritten.length = 0;
    this.#unrecorded.length = 0;
    for (const { answered } of this.#questions.values()) answered.reject(error);
    this.#questions.clear();
    this.#started.reject(error);
    this.#endThread();
    this.#listener.failed(error);
  }

  #endThread(): void {
    void this.#worker.terminate().then(() => this.#closing?.resolve());
  }

  // What is answered after everything written before waits for all of it.
  #hurryAll(): void {
    const newest = this.#unwritten.at(-1);
    if (newest !== undefined) this.#pace.hurry(newest.last);
  }

  #post(message: ToWriter): void {
    this.#worker.postMessage(message);
  }

  #hold(): void {
    this.#worker.ref();
  }

  #release(): void {
    if (this.#isIdle() && this.#closing === undefined) this.#worker.unref();
    else this.#worker.ref();
  }

  #isIdle(): boolean {
    return this.#unwritten.length === 0 && this.#unrecorded.length === 0 && this.#questions.size === 0;
  }
}
