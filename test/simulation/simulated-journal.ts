// Owns the store of a simulation: the journal port over the modelled disk. Facts are encoded when they are appended,
// written in groups, acknowledged after simulated time. A store whose life is over touches the disk no more.
// The promise it keeps, and the disk asserts: what was acknowledged is there in every later life.

import type { Fact } from '../../src/domain/facts.ts';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import type { WorkflowDefinition } from '../../src/domain/workflow-definition.ts';
import type { Journal, NumberedFact, PruneResult, RunFilter } from '../../src/journal/journal.ts';
import { matchesFilter } from '../../src/journal/run-filter.ts';
import { type RunRecord, recordAfter } from '../../src/journal/run-record.ts';
import { MemoryDurations } from '../../src/journal/stores/memory-durations.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimulatedDisk, Wreck } from './simulated-disk.ts';
import type { WorldTime } from './world-time.ts';

/** How the store behaves; from the seed. */
export interface StoreHabits {
  /** Between the first fact of a group and the start of its write. */
  readonly gatherMs: number;
  /** Longest time of a write. */
  readonly writeMs: number;
  /** Between the sync and the engine's hearing of it, at most. */
  readonly acknowledgeMs: number;
  /** More facts than this waiting: congested. */
  readonly congestedAbove: number;
  /** The write after this many fails; Infinity = none does. */
  readonly failingWrite: number;
}

/** Told what happens to the log of the living. */
export interface LogWatcher {
  /** After a fact was appended; it may decide that the process dies here. */
  appended(sequence: number, fact: Fact): void;
  /** Facts up to a number are on the disk for good, whether or not the engine has heard. */
  synced(sequence: number): void;
  failed(): void;
  congested(): void;
}

interface Parts {
  readonly disk: SimulatedDisk;
  readonly time: WorldTime;
  readonly random: SeededRandom;
  readonly habits: StoreHabits;
  readonly watcher: LogWatcher;
  /** Told what a crash or a failed write left on the disk. */
  readonly wrecked: (wreck: Wreck) => void;
}

interface Waiter {
  readonly sequence: number;
  resolve(): void;
  reject(error: RuntimeError): void;
}

/** A record on the disk: a fact, a definition that the facts behind it refer to, or the durations of a run's steps. */
type StoredRecord =
  | { readonly fact: Fact }
  | { readonly key: string; readonly definition: WorkflowDefinition }
  | { readonly workflow: string; readonly seconds: readonly (readonly [string, number])[] };

export class SimulatedJournal implements Journal {
  readonly #parts: Parts;
  readonly #facts: Fact[] = [];
  readonly #byRun = new Map<string, NumberedFact[]>();
  readonly #records = new Map<string, RunRecord>();
  readonly #definitions = new Map<string, WorkflowDefinition>();
  readonly #definitionKeys = new Map<string, string>();
  readonly #durations = new MemoryDurations();
  /** Encoded, not yet being written; with each the number of the newest fact up to it. */
  #waiting: { readonly text: string; readonly sequence: number }[] = [];
  #writing: readonly { readonly text: string; readonly sequence: number }[] = [];
  #acknowledged: number;
  #writes = 0;
  readonly #waiters: Waiter[] = [];
  #isCongested = false;
  #failure: RuntimeError | null = null;
  #onChange: () => void = () => {};
  /** The next look at whether it is congested throws: the dispatch loop is who looks. */
  breaksLoop = false;
  #closing: PromiseWithResolvers<void> | null = null;
  #isClosed = false;
  /** The process is dead: nothing here has an effect any more. */
  #isDead = false;

  /** Opens what the disk holds. */
  constructor(parts: Parts) {
    this.#parts = parts;
    for (const text of parts.disk.recover()) this.#restore(decode(text));
    this.#acknowledged = this.#facts.length;
  }

  get facts(): readonly Fact[] {
    return this.#facts;
  }

  append(fact: Fact): number {
    if (this.#isClosed) throw new RuntimeError('ENGINE_CLOSED', 'the simulated journal is closed');
    // The process is gone, or its store: the number is all it gets.
    if (this.#isDead || this.#failure !== null) return this.#facts.length;
    const text = JSON.stringify({ fact });
    this.#take(fact);
    this.#enqueue(text);
    this.#parts.watcher.appended(this.#facts.length, fact);
    return this.#facts.length;
  }

  durable(sequence: number): Promise<void> {
    if (this.#failure !== null && sequence > this.#acknowledged) return Promise.reject(this.#failure);
    if (this.#isDead || sequence <= this.#acknowledged) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ sequence, resolve, reject }));
  }

  lastSequence(): number {
    return this.#facts.length;
  }

  read(runId?: string): Iterable<NumberedFact> {
    if (runId !== undefined) return [...(this.#byRun.get(runId) ?? [])];
    return this.#facts.map((fact, index) => ({ sequence: index + 1, fact }));
  }

  runs(filter: RunFilter = {}): Iterable<RunRecord> {
    const found = [...this.#records.values()].reverse().filter((record) => matchesFilter(record, filter));
    const { skip = 0, limit = found.length } = filter;
    return found.slice(skip, skip + limit);
  }

  run(runId: string): RunRecord | undefined {
    return this.#records.get(runId);
  }

  definition(key: string): WorkflowDefinition | undefined {
    return this.#definitions.get(key);
  }

  keepDefinition(definition: WorkflowDefinition): string {
    const encoded = JSON.stringify(definition, infinityToText);
    const known = this.#definitionKeys.get(encoded);
    if (known !== undefined) return known;
    const key = `definition-${this.#definitionKeys.size + 1}`;
    this.#keep(key, encoded, definition);
    if (!this.#isDead && this.#failure === null) {
      this.#enqueue(`{"key":${JSON.stringify(key)},"definition":${encoded}}`);
    }
    return key;
  }

  recordDurations(workflow: string, seconds: ReadonlyMap<string, number>): void {
    if (this.#isDead || this.#failure !== null) return;
    this.#durations.record(workflow, seconds);
    this.#enqueue(JSON.stringify({ workflow, seconds: [...seconds] }));
  }

  durationsOf(workflow: string): ReadonlyMap<string, number> {
    return this.#durations.of(workflow);
  }

  /** Simulated runs are few: nothing is forgotten. */
  prune(): Promise<PruneResult> {
    return Promise.resolve({ runs: 0, orphanedArtifacts: [] });
  }

  /** Simulated bodies write no artifacts; a store that cannot tell says that one is referred to. */
  refersToArtifact(): boolean {
    return true;
  }

  get isCongested(): boolean {
    if (this.breaksLoop) {
      this.breaksLoop = false;
      throw new Error('injected fault in the dispatch loop');
    }
    return this.#isCongested;
  }

  get failure(): RuntimeError | null {
    return this.#failure;
  }

  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Its writer is no thread that could die alone. */
  onWriterRestarted(): void {}

  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#isDead || this.#failure !== null || this.#isIdle()) return Promise.resolve();
    this.#closing ??= Promise.withResolvers<void>();
    return this.#closing.promise;
  }

  /** The process dies: what was being written may lie on the disk in any state, the rest was never there. */
  die(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    const { disk, wrecked } = this.#parts;
    const wreck = disk.wreck(this.#writing.map(({ text }) => text));
    wrecked({ ...wreck, lost: wreck.lost + this.#waiting.length });
    this.#writing = [];
    this.#waiting = [];
    // Whoever of the dead waits is let go, so that the engine can be taken apart.
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
    this.#closing?.resolve();
  }

  #restore(record: StoredRecord): void {
    if ('fact' in record) this.#take(record.fact);
    else if ('workflow' in record) this.#durations.record(record.workflow, new Map(record.seconds));
    else this.#keep(record.key, JSON.stringify(record.definition, infinityToText), record.definition);
  }

  #keep(key: string, encoded: string, definition: WorkflowDefinition): void {
    this.#definitions.set(key, definition);
    this.#definitionKeys.set(encoded, key);
  }

  #take(fact: Fact): void {
    const { runId } = fact;
    this.#facts.push(fact);
    const numbered = { sequence: this.#facts.length, fact };
    const ofRun = this.#byRun.get(runId);
    if (ofRun === undefined) this.#byRun.set(runId, [numbered]);
    else ofRun.push(numbered);
    const record = recordAfter(this.#records.get(runId), fact);
    if (record !== undefined) this.#records.set(runId, record);
  }

  #enqueue(text: string): void {
    this.#waiting.push({ text, sequence: this.#facts.length });
    if (this.#waiting.length + this.#writing.length > this.#parts.habits.congestedAbove && !this.#isCongested) {
      this.#isCongested = true;
      this.#parts.watcher.congested();
    }
    if (this.#writing.length === 0 && this.#waiting.length === 1) {
      this.#parts.time.after(this.#parts.habits.gatherMs, () => this.#write());
    }
  }

  #write(): void {
    if (this.#isDead || this.#writing.length > 0 || this.#waiting.length === 0) return;
    this.#writing = this.#waiting;
    this.#waiting = [];
    const { time, random, habits } = this.#parts;
    time.after(random.between(0, habits.writeMs), () => this.#written());
  }

  #written(): void {
    if (this.#isDead) return;
    const { disk, time, random, habits, watcher, wrecked } = this.#parts;
    const batch = this.#writing;
    const texts = batch.map(({ text }) => text);
    this.#writing = [];
    if (this.#writes++ >= habits.failingWrite) {
      wrecked(disk.wreck(texts));
      this.#fail();
      return;
    }
    disk.sync(texts);
    const reached = batch.at(-1)?.sequence ?? 0;
    watcher.synced(reached);
    time.after(random.between(0, habits.acknowledgeMs), () => this.#acknowledge(reached));
    this.#write();
  }

  #acknowledge(sequence: number): void {
    if (this.#isDead) return;
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
    for (let place = 0; place < this.#waiters.length; ) {
      const waiter = this.#waiters[place];
      if (waiter === undefined || waiter.sequence > this.#acknowledged) place++;
      else {
        this.#waiters.splice(place, 1);
        waiter.resolve();
      }
    }
    if (this.#isCongested && this.#waiting.length + this.#writing.length <= this.#parts.habits.congestedAbove / 2) {
      this.#isCongested = false;
      this.#onChange();
    }
    if (this.#isIdle()) this.#closing?.resolve();
  }

  #fail(): void {
    this.#failure = new RuntimeError('JOURNAL_WRITE_FAILED', 'the simulated device refused a write');
    this.#waiting = [];
    this.#parts.watcher.failed();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
    this.#closing?.resolve();
    this.#onChange();
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#writing.length === 0 && this.#acknowledged >= this.#facts.length;
  }
}

/** The facts that a disk holds, read as the next life would. */
export function readFacts(disk: SimulatedDisk): Fact[] {
  return disk
    .recover()
    .map(decode)
    .flatMap((record) => ('fact' in record ? [record.fact] : []));
}

/** A policy without a last attempt has Infinity, which JSON does not know. */
function infinityToText(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
}

function decode(text: string): StoredRecord {
  // Facts hold no Infinity, and parsing with a reviver is slow.
  if (text.startsWith('{"fact":')) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown) => (value === 'Infinity' ? Number.POSITIVE_INFINITY : value));
}
