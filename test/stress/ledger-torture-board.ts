// Owns the words by which the torture of the ledger is steered and checked, beside the ledger and unknown to it: one board
// for all threads, and for each life of a thread a shadow of what it believes to hold.
//
// A shadow has two banks of amounts. STATE says which of them is true, and whether an operation goes on that may make the
// other one true. So from a shadow alone it is known what a dead thread held: exactly the true bank, if it died between
// operations; else, resource by resource, something between the two.

/** The resources of the torture: two of fixed capacity, one that main resizes, one that main takes out of service. */
export const TORTURE_RESOURCES = [
  { id: 'plain', capacity: 8, least: 8 },
  { id: 'narrow', capacity: 3, least: 3 },
  { id: 'elastic', capacity: 10, least: 4 },
  { id: 'moody', capacity: 5, least: 5 },
] as const;

const COUNT = TORTURE_RESOURCES.length;

/** Words of the board; the rest are counts of what happened. */
export const BoardWord = {
  /** Operations of all threads. */
  OPERATIONS: 0,
  /** 1 = threads stand still between operations. */
  PAUSED: 1,
  /** 1 = threads end. */
  STOPPED: 2,
  GRANTED: 3,
  REFUSED: 4,
  RELEASED: 5,
  WAITS_GRANTED: 6,
  WAITS_TIMED_OUT: 7,
  WAITS_CANCELLED: 8,
  SAMPLES: 9,
  VIOLATIONS: 10,
} as const;
export type BoardWord = (typeof BoardWord)[keyof typeof BoardWord];
const BOARD_WORDS = 16;

export function createBoard(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(BOARD_WORDS * Int32Array.BYTES_PER_ELEMENT));
}

const ShadowWord = { STATE: 0, PARKED: 1, EXIT_AFTER: 2, OPERATIONS: 3, BANKS: 4 } as const;
const INSIDE = 2;

/** What a dead thread may have held, by resource in the order of TORTURE_RESOURCES. */
export interface HeldBounds {
  readonly least: readonly number[];
  readonly most: readonly number[];
  readonly isInside: boolean;
}

export class TortureShadow {
  readonly words: Int32Array<SharedArrayBuffer>;

  constructor(buffer?: SharedArrayBuffer) {
    const bytes = (ShadowWord.BANKS + 2 * COUNT) * Int32Array.BYTES_PER_ELEMENT;
    this.words = new Int32Array(buffer ?? new SharedArrayBuffer(bytes));
  }

  // --- the thread's side

  /** Before an operation that, if it succeeds, changes what is held by this. */
  begin(change: readonly number[]): void {
    const bank = Atomics.load(this.words, ShadowWord.STATE) & 1;
    for (let i = 0; i < COUNT; i++) this.#write(1 - bank, i, this.#read(bank, i) + (change[i] ?? 0));
    Atomics.store(this.words, ShadowWord.STATE, bank | INSIDE);
  }

  /** After it. */
  end(isDone: boolean): void {
    const bank = Atomics.load(this.words, ShadowWord.STATE) & 1;
    Atomics.add(this.words, ShadowWord.OPERATIONS, 1);
    Atomics.store(this.words, ShadowWord.STATE, isDone ? 1 - bank : bank);
  }

  /** Says whether the thread stands still. */
  park(isParked: boolean): void {
    Atomics.store(this.words, ShadowWord.PARKED, isParked ? 1 : 0);
  }

  /** Counts down to the exit that main has ordered; true when the time has come. */
  isExitDue(): boolean {
    if (Atomics.load(this.words, ShadowWord.EXIT_AFTER) === 0) return false;
    return Atomics.sub(this.words, ShadowWord.EXIT_AFTER, 1) === 1;
  }

  // --- main's side

  /** The thread is to exit by itself, at its so-manieth access to a shared word of the ledger from now on. */
  orderExit(afterAccesses: number): void {
    Atomics.store(this.words, ShadowWord.EXIT_AFTER, afterAccesses);
  }

  get isParked(): boolean {
    return Atomics.load(this.words, ShadowWord.PARKED) === 1;
  }

  get operations(): number {
    return Atomics.load(this.words, ShadowWord.OPERATIONS);
  }

  /** What it holds; exact only while the thread stands still or when it has ended. */
  bounds(): HeldBounds {
    const state = Atomics.load(this.words, ShadowWord.STATE);
    const now = TORTURE_RESOURCES.map((_, i) => this.#read(state & 1, i));
    if ((state & INSIDE) === 0) return { least: now, most: now, isInside: false };
    const next = TORTURE_RESOURCES.map((_, i) => this.#read(1 - (state & 1), i));
    const least = now.map((amount, i) => Math.min(amount, next[i] ?? 0));
    return { least, most: now.map((amount, i) => Math.max(amount, next[i] ?? 0)), isInside: true };
  }

  #read(bank: number, resource: number): number {
    return Atomics.load(this.words, ShadowWord.BANKS + bank * COUNT + resource);
  }

  #write(bank: number, resource: number, amount: number): void {
    Atomics.store(this.words, ShadowWord.BANKS + bank * COUNT + resource, amount);
  }
}
