// Owns the durations of the SQLite journal on the main thread: numbers recordings, hands them to the writer a group at a
// time, and reads the file and what is not in it yet as one. The encoding and merging is the writer's.
// Bounded: where more waits than the writer can take, new recordings are left out; medians are kept for a few workflows.

import { type DurationRecording, recordingOf } from '../duration-history.ts';
import type { SqliteReader } from './sqlite-reader.ts';
import type { JournalWriter } from './sqlite-writer.ts';

/** Of one message to the writer; one recording may be larger. */
const GROUP_RECORDINGS = 500;
const GROUP_STEPS = 100_000;
/** Not in the file yet, all together. */
const WAITING_RECORDINGS = 10_000;
const WAITING_STEPS = 500_000;
/** Workflows whose medians are kept, and the steps of all of them; the latest asked for stays whatever its size. */
const CACHED_WORKFLOWS = 64;
const CACHED_STEPS = 100_000;

export class DurationLog {
  readonly #reader: SqliteReader;
  readonly #writer: JournalWriter;
  // Not in the file yet: sent, to be sent, and both by their workflow; oldest first.
  #sent: DurationRecording[] = [];
  #waiting: DurationRecording[] = [];
  readonly #byWorkflow = new Map<string, DurationRecording[]>();
  #waitingSteps = 0;
  // The one asked for longest ago first.
  readonly #medians = new Map<string, ReadonlyMap<string, number>>();
  #cachedSteps = 0;
  #last: number;
  #isFlushDue = false;

  constructor(reader: SqliteReader, writer: JournalWriter, lastRecording: number) {
    this.#reader = reader;
    this.#writer = writer;
    this.#last = lastRecording;
  }

  record(workflow: string, seconds: ReadonlyMap<string, number>): void {
    if (this.#sent.length + this.#waiting.length >= WAITING_RECORDINGS || this.#waitingSteps >= WAITING_STEPS) return;
    const recording = recordingOf(this.#last + 1, workflow, seconds);
    if (recording.steps.length === 0) return;
    this.#last += 1;
    this.#waiting.push(recording);
    this.#waitingSteps += recording.steps.length;
    const ofWorkflow = this.#byWorkflow.get(workflow);
    if (ofWorkflow === undefined) this.#byWorkflow.set(workflow, [recording]);
    else ofWorkflow.push(recording);
    this.#uncache(workflow);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(this.#flush);
  }

  /** Of each step the median of its last durations. */
  of(workflow: string): ReadonlyMap<string, number> {
    const known = this.#medians.get(workflow);
    if (known === undefined) return this.#cache(workflow, this.#reckon(workflow));
    // To the end of the order.
    this.#medians.delete(workflow);
    this.#medians.set(workflow, known);
    return known;
  }

  /** Everything up to the number is in the file, or lost for good. */
  recorded(last: number): void {
    let written = 0;
    for (const { number, workflow, steps } of this.#sent) {
      if (number > last) break;
      written += 1;
      this.#waitingSteps -= steps.length;
      const ofWorkflow = this.#byWorkflow.get(workflow);
      ofWorkflow?.shift();
      if (ofWorkflow?.length === 0) this.#byWorkflow.delete(workflow);
    }
    this.#sent.splice(0, written);
    this.#flush();
  }

  /** Hands over all that waits. */
  sendAll(): void {
    while (this.#waiting.length > 0) this.#sendGroup();
  }

  /** Nothing will be written any more. */
  fail(): void {
    this.#sent = [];
    this.#waiting = [];
    this.#byWorkflow.clear();
    this.#waitingSteps = 0;
  }

  readonly #flush = (): void => {
    this.#isFlushDue = false;
    if (this.#sent.length === 0 && this.#waiting.length > 0) this.#sendGroup();
  };

  #sendGroup(): void {
    let count = 0;
    for (let steps = 0; count < GROUP_RECORDINGS && steps < GROUP_STEPS && count < this.#waiting.length; count++) {
      steps += this.#waiting[count]?.steps.length ?? 0;
    }
    const group = this.#waiting.splice(0, count);
    this.#sent.push(...group);
    this.#writer.record(group);
  }

  #reckon(workflow: string): ReadonlyMap<string, number> {
    const { recorded, history } = this.#reader.durations(workflow);
    for (const recording of this.#byWorkflow.get(workflow) ?? []) {
      if (recording.number > recorded) history.take(recording);
    }
    return history.medians();
  }

  #cache(workflow: string, medians: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    this.#medians.set(workflow, medians);
    this.#cachedSteps += medians.size;
    for (const oldest of this.#medians.keys()) {
      const isFull = this.#medians.size > CACHED_WORKFLOWS || this.#cachedSteps > CACHED_STEPS;
      if (!isFull || oldest === workflow) break;
      this.#uncache(oldest);
    }
    return medians;
  }

  #uncache(workflow: string): void {
    this.#cachedSteps -= this.#medians.get(workflow)?.size ?? 0;
    this.#medians.delete(workflow);
  }
}
