// Owns the shared words of capacity: who wants units takes and gives them back here, from whatever thread.
// Why: the one place where "never more than the capacity" is decided, by compareExchange on one word per resource.
// Must never wait, never hold a lock word (a thread may die at any instruction), and never know why someone takes.
//
// Rules
// 1. Every change of USED is one compareExchange: it either happened as a whole or not at all.
// 2. Several resources are taken in ascending index order and rolled back if one is missing; a look at all of them
//    first keeps that rare. Nobody waits while holding a part.
// 3. AWAITED in USED and the units lie in one word: a thread's take cannot slip past a waiter, and a give-back that
//    came after a waiter registered always sees it. Source of the idea: tokio's semaphore state word.

import { invariant, RuntimeError } from '../domain/runtime-error.ts';
import type { ResourceType } from '../domain/statuses.ts';
import { type AtomicsLayer, realAtomics, type SharedWords } from './atomics-layer.ts';
import type { UnitScale } from './fixed-point.ts';
import {
  AWAITED,
  Header,
  LEDGER_BYTES,
  LEDGER_MAGIC,
  LEDGER_VERSION,
  LedgerKind,
  LedgerStatus,
  MAX_ID_BYTES,
  MAX_RESOURCES,
  RESOURCE_TYPE_CODES,
  ResourceWord,
  resourceBase,
  USED_MASK,
} from './ledger-layout.ts';

/** How a try to take ended; only `granted` changed anything. `queued`: a polite taker found waiters ahead of it. */
export type TakeOutcome = 'granted' | 'insufficient' | 'queued' | 'unavailable' | 'closed';
/** How giving back ended; `underflow` (more than is in use) changed nothing, `awaited` means that someone waits for it. */
export type GiveOutcome = 'given' | 'awaited' | 'underflow';

/** The facts of a resource that never change. */
export interface LedgerFacts {
  readonly id: string;
  readonly type: ResourceType;
  readonly kind: 'counting' | 'quota';
  readonly scale: UnitScale;
}

export class CapacityLedger {
  readonly buffer: SharedArrayBuffer;
  /** For the files of this folder that own further words: owner rows, the watch. */
  readonly words: SharedWords;
  readonly atomics: AtomicsLayer;
  /** Which resource index refused the last take that was not granted. */
  refusedIndex = -1;
  /** Whether the last take that was rolled back returned units that someone waits for. */
  rolledBackAwaited = false;
  // Per resource, what was taken less what was given back through this object, whoever it is kept for since (`moveUnits`).
  readonly #balance = new Int32Array(MAX_RESOURCES);
  // What USED became at each step of the take that goes on; the peaks follow once all of it is granted.
  readonly #reached = new Int32Array(MAX_RESOURCES);

  private constructor(buffer: SharedArrayBuffer, atomics: AtomicsLayer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.atomics = atomics;
  }

  /** A new ledger without resources. */
  static create(atomics: AtomicsLayer = realAtomics): CapacityLedger {
    const ledger = new CapacityLedger(new SharedArrayBuffer(LEDGER_BYTES), atomics);
    atomics.store(ledger.words, Header.VERSION, LEDGER_VERSION);
    atomics.store(ledger.words, Header.MAGIC, LEDGER_MAGIC);
    return ledger;
  }

  /**
   * The ledger in bytes made by `create` in another thread.
   * @throws RuntimeError ARGUMENT_INVALID for bytes that are no ledger of this version.
   */
  static attach(buffer: SharedArrayBuffer, atomics: AtomicsLayer = realAtomics): CapacityLedger {
    if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength !== LEDGER_BYTES) {
      throw new RuntimeError('ARGUMENT_INVALID', 'the bytes given are no capacity ledger; pass the buffer of one');
    }
    const ledger = new CapacityLedger(buffer, atomics);
    const magic = atomics.load(ledger.words, Header.MAGIC);
    const version = atomics.load(ledger.words, Header.VERSION);
    if (magic !== LEDGER_MAGIC || version !== LEDGER_VERSION) {
      throw new RuntimeError(
        'ARGUMENT_INVALID',
        `the bytes given are no capacity ledger of version ${LEDGER_VERSION}; use one copy of the package everywhere`,
      );
    }
    return ledger;
  }

  // --- resources

  resourceCount(): number {
    return this.atomics.load(this.words, Header.RESOURCE_COUNT);
  }

  /**
   * Adds a resource; main thread only, facts already checked. `full` when MAX_RESOURCES exist.
   * The record is complete before the count says that it exists.
   */
  define(facts: LedgerFacts, capacityUnits: number): number | 'full' {
    const index = this.resourceCount();
    if (index >= MAX_RESOURCES) return 'full';
    const bytes = new TextEncoder().encode(facts.id);
    invariant(bytes.length <= MAX_ID_BYTES, `resource id of ${bytes.length} bytes`);
    const base = resourceBase(index);
    const { atomics, words } = this;
    atomics.store(words, base + ResourceWord.CAPACITY, capacityUnits);
    atomics.store(words, base + ResourceWord.STATUS, LedgerStatus.OPEN);
    atomics.store(words, base + ResourceWord.NUMERATOR, facts.scale.numerator);
    atomics.store(words, base + ResourceWord.DENOMINATOR, facts.scale.denominator);
    atomics.store(words, base + ResourceWord.TYPE, RESOURCE_TYPE_CODES.indexOf(facts.type));
    atomics.store(words, base + ResourceWord.KIND, facts.kind === 'quota' ? LedgerKind.QUOTA : LedgerKind.COUNTING);
    atomics.store(words, base + ResourceWord.ID_LENGTH, bytes.length);
    this.#idBytes(index, bytes.length).set(bytes);
    atomics.store(words, Header.RESOURCE_COUNT, index + 1);
    return index;
  }

  /** The index of a resource, or -1. A look through all records: callers keep what they found. */
  findResource(id: string): number {
    const count = this.resourceCount();
    for (let index = 0; index < count; index++) if (this.#idOf(index) === id) return index;
    return -1;
  }

  factsOf(index: number): LedgerFacts {
    const type = RESOURCE_TYPE_CODES[this.#read(index, ResourceWord.TYPE)];
    invariant(type !== undefined, `resource ${index} of the ledger has an unknown type`);
    return {
      id: this.#idOf(index),
      type,
      kind: this.#read(index, ResourceWord.KIND) === LedgerKind.QUOTA ? 'quota' : 'counting',
      scale: {
        numerator: this.#read(index, ResourceWord.NUMERATOR),
        denominator: this.#read(index, ResourceWord.DENOMINATOR),
      },
    };
  }

  usedUnits(index: number): number {
    return this.#read(index, ResourceWord.USED) & USED_MASK;
  }

  /** The most units ever in use; a take that is being counted right now is included by looking at USED first. */
  peakUnits(index: number): number {
    const used = this.usedUnits(index);
    return Math.max(used, this.#read(index, ResourceWord.PEAK));
  }

  capacityUnits(index: number): number {
    return this.#read(index, ResourceWord.CAPACITY);
  }

  waitingCount(index: number): number {
    return this.#read(index, ResourceWord.WAITING);
  }

  isOpen(index: number): boolean {
    return this.#read(index, ResourceWord.STATUS) === LedgerStatus.OPEN;
  }

  isClosed(): boolean {
    return this.atomics.load(this.words, Header.CLOSED) !== 0;
  }

  // --- written by the main thread alone

  setCapacityUnits(index: number, units: number): void {
    this.atomics.store(this.words, resourceBase(index) + ResourceWord.CAPACITY, units);
  }

  setStatus(index: number, status: (typeof LedgerStatus)[keyof typeof LedgerStatus]): void {
    this.atomics.store(this.words, resourceBase(index) + ResourceWord.STATUS, status);
  }

  /** Publishes how many requests wait; from the first on, threads take nothing here until the last is gone. */
  setWaiting(index: number, count: number, awaited: boolean): void {
    const base = resourceBase(index);
    this.atomics.store(this.words, base + ResourceWord.WAITING, count);
    if (awaited) this.atomics.or(this.words, base + ResourceWord.USED, AWAITED);
    else this.atomics.and(this.words, base + ResourceWord.USED, USED_MASK);
  }

  close(): void {
    this.atomics.store(this.words, Header.CLOSED, 1);
  }

  // --- the count of what goes through this object; the main thread settles by it what a dead thread left (owner-rows.ts)

  /** Units of a resource that were taken through this object and neither given back nor moved away since. */
  balanceUnits(index: number): number {
    return this.#balance[index] ?? 0;
  }

  /** Counts units in use as kept by this object's thread from now on, or (negative) no longer. USED stays as it is. */
  moveUnits(index: number, units: number): void {
    this.#balance[index] = (this.#balance[index] ?? 0) + units;
  }

  /** Quota units granted by threads that no refill is scheduled for yet. */
  unsettledUnits(index: number): number {
    return this.#read(index, ResourceWord.UNSETTLED);
  }

  /** Quota units granted by threads since the last call; they are this thread's to schedule now. */
  takeUnsettled(index: number): number {
    const units = this.atomics.exchange(this.words, resourceBase(index) + ResourceWord.UNSETTLED, 0);
    this.moveUnits(index, units);
    return units;
  }

  // --- taking and giving back

  /**
   * Takes units of one resource. `polite` takers stand back while AWAITED is set; `reserved` units are left alone.
   */
  take(index: number, units: number, polite = false, reserved = 0): TakeOutcome {
    if (this.atomics.peek(this.words, Header.CLOSED) !== 0) return this.#refuse(index, 'closed');
    const outcome = this.#takeWord(index, units, polite, reserved, 0);
    if (outcome === 'granted') this.#raisePeak(index, 0);
    return outcome;
  }

  /** Takes all or nothing; `indices` ascending and distinct. `reserved` (by index) is left alone. */
  takeAll(
    indices: readonly number[],
    units: readonly number[],
    polite = false,
    reserved: Int32Array | null = null,
  ): TakeOutcome {
    const count = indices.length;
    if (count === 1) {
      const index = indices[0] ?? 0;
      return this.take(index, units[0] ?? 0, polite, reserved === null ? 0 : (reserved[index] ?? 0));
    }
    if (this.atomics.peek(this.words, Header.CLOSED) !== 0) return this.#refuse(indices[0] ?? -1, 'closed');
    const precheck = this.check(indices, units, polite, reserved);
    if (precheck !== 'granted') return precheck;
    for (let i = 0; i < count; i++) {
      const index = indices[i] ?? 0;
      const outcome = this.#takeWord(index, units[i] ?? 0, polite, reserved === null ? 0 : (reserved[index] ?? 0), i);
      if (outcome === 'granted') continue;
      this.#rollBack(indices, units, i);
      this.refusedIndex = index;
      return outcome;
    }
    for (let i = 0; i < count; i++) this.#raisePeak(indices[i] ?? 0, i);
    return 'granted';
  }

  /** What `takeAll` would give at this moment, without taking. */
  check(
    indices: readonly number[],
    units: readonly number[],
    polite = false,
    reserved: Int32Array | null = null,
  ): TakeOutcome {
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] ?? 0;
      const base = resourceBase(index);
      const word = this.atomics.load(this.words, base + ResourceWord.USED);
      const outcome = this.#verdict(base, word, units[i] ?? 0, polite, reserved === null ? 0 : (reserved[index] ?? 0));
      if (outcome !== 'granted') return this.#refuse(index, outcome);
    }
    return 'granted';
  }

  /** Gives units back. */
  give(index: number, units: number): GiveOutcome {
    const at = resourceBase(index) + ResourceWord.USED;
    const { atomics, words } = this;
    let word = atomics.peek(words, at);
    for (;;) {
      if ((word & USED_MASK) < units) {
        // A plain read may be old: only what the machine confirms is an error.
        const confirmed = atomics.load(words, at);
        if (confirmed === word) return 'underflow';
        word = confirmed;
        continue;
      }
      const found = atomics.compareExchange(words, at, word, word - units);
      if (found === word) {
        this.moveUnits(index, -units);
        return word < 0 ? 'awaited' : 'given';
      }
      word = found;
    }
  }

  /** Tells the main thread that something it waits for came free. */
  wake(): void {
    this.atomics.add(this.words, Header.WAKE, 1);
    this.atomics.notify(this.words, Header.WAKE);
  }

  #takeWord(index: number, units: number, polite: boolean, reserved: number, step: number): TakeOutcome {
    const base = resourceBase(index);
    const { atomics, words } = this;
    let word = atomics.peek(words, base + ResourceWord.USED);
    for (;;) {
      const outcome = this.#verdict(base, word, units, polite, reserved);
      if (outcome !== 'granted') {
        // A plain read may be old, and a waiter that was refused relies on every later give-back waking it.
        const confirmed = atomics.load(words, base + ResourceWord.USED);
        if (confirmed === word) return this.#refuse(index, outcome);
        word = confirmed;
        continue;
      }
      const found = atomics.compareExchange(words, base + ResourceWord.USED, word, word + units);
      if (found === word) {
        this.moveUnits(index, units);
        this.#reached[step] = (word & USED_MASK) + units;
        return 'granted';
      }
      word = found;
    }
  }

  #verdict(base: number, word: number, units: number, polite: boolean, reserved: number): TakeOutcome {
    if (polite && word < 0) return 'queued';
    const { atomics, words } = this;
    if (atomics.peek(words, base + ResourceWord.STATUS) !== LedgerStatus.OPEN) return 'unavailable';
    const room = atomics.peek(words, base + ResourceWord.CAPACITY) - reserved - (word & USED_MASK);
    return units <= room ? 'granted' : 'insufficient';
  }

  #rollBack(indices: readonly number[], units: readonly number[], count: number): void {
    this.rolledBackAwaited = false;
    for (let i = count - 1; i >= 0; i--) {
      const outcome = this.give(indices[i] ?? 0, units[i] ?? 0);
      invariant(outcome !== 'underflow', 'units taken a moment ago are gone from the ledger');
      if (outcome === 'awaited') this.rolledBackAwaited = true;
    }
  }

  #raisePeak(index: number, step: number): void {
    const reached = this.#reached[step] ?? 0;
    const at = resourceBase(index) + ResourceWord.PEAK;
    let peak = this.atomics.peek(this.words, at);
    while (reached > peak) {
      const found = this.atomics.compareExchange(this.words, at, peak, reached);
      if (found === peak) return;
      peak = found;
    }
  }

  #refuse(index: number, outcome: TakeOutcome): TakeOutcome {
    this.refusedIndex = index;
    return outcome;
  }

  #read(index: number, word: number): number {
    return this.atomics.load(this.words, resourceBase(index) + word);
  }

  #idOf(index: number): string {
    // TextDecoder takes no shared bytes: copy first.
    const length = this.#read(index, ResourceWord.ID_LENGTH);
    return new TextDecoder().decode(this.#idBytes(index, length).slice());
  }

  // Written once before the record is published, so plain bytes are enough.
  #idBytes(index: number, length: number): Uint8Array {
    return new Uint8Array(this.buffer, (resourceBase(index) + ResourceWord.ID) * Int32Array.BYTES_PER_ELEMENT, length);
  }
}
