// Owns the shared words through which the main thread and a pool thread see each other during an attempt, even while
// the thread is in a busy loop: whether to stop, whether it was begun and where, and that it is alive.
// Rows are claimed and freed by the main thread alone, and a row is freed only after its body can no longer run
// (reply received or thread exited), so a row never has two users and needs no generation.
//
//   row (64 bytes, one cache line)   writer         reader
//   0 state: RUNNING, CANCEL, ENDED  main, thread   thread     waited on with Atomics.waitAsync
//   1 thread id, 0 = not begun       thread         main
//   2 heartbeat count                thread         main
//   3 spawn gate: OPEN, SPAWNING,    thread, main   both       compare-exchange: a thread is not terminated between the
//     SEALED                                                   start of a child process and its being known

import { invariant } from '../domain/runtime-error.ts';

/** Attempts that can be with threads at one time. */
export const BOARD_ROWS = 1024;
const WORDS_PER_ROW = 16;
const STATE = 0;
const THREAD = 1;
const HEARTBEATS = 2;
const GATE = 3;
const RUNNING = 0;
const CANCEL = 1;
const ENDED = 2;
const GATE_OPEN = 0;
const GATE_SPAWNING = 1;
const GATE_SEALED = 2;

export class AttemptBoard {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  /** Stack of free row numbers; used by the main thread only. */
  readonly #free: number[] = [];

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** A new board with all rows free; for the main thread. */
  static create(): AttemptBoard {
    const board = new AttemptBoard(new SharedArrayBuffer(BOARD_ROWS * WORDS_PER_ROW * Int32Array.BYTES_PER_ELEMENT));
    for (let row = BOARD_ROWS - 1; row >= 0; row -= 1) board.#free.push(row);
    return board;
  }

  /** The same board seen from a thread. */
  static attach(buffer: SharedArrayBuffer): AttemptBoard {
    return new AttemptBoard(buffer);
  }

  /** Takes a free row, all its words 0. */
  claim(): number {
    const row = this.#free.pop();
    invariant(row !== undefined, `more than ${BOARD_ROWS} attempts are with threads`);
    const base = row * WORDS_PER_ROW;
    this.#words.fill(0, base, base + WORDS_PER_ROW);
    return row;
  }

  /** Gives a row back once its body can no longer run. */
  free(row: number): void {
    this.#free.push(row);
  }

  /** Rows in use. */
  claimedCount(): number {
    return BOARD_ROWS - this.#free.length;
  }

  /** Main: asks the body to stop and wakes its `whenSettled`. */
  raiseCancel(row: number): void {
    const index = row * WORDS_PER_ROW + STATE;
    if (Atomics.compareExchange(this.#words, index, RUNNING, CANCEL) === RUNNING) Atomics.notify(this.#words, index);
  }

  isCancelled(row: number): boolean {
    return Atomics.load(this.#words, row * WORDS_PER_ROW + STATE) === CANCEL;
  }

  /** Thread: marks that the body was begun here. */
  begin(row: number, threadId: number): void {
    Atomics.store(this.#words, row * WORDS_PER_ROW + THREAD, threadId);
  }

  /** The thread that began the attempt, 0 while none has. */
  begunOn(row: number): number {
    return Atomics.load(this.#words, row * WORDS_PER_ROW + THREAD);
  }

  /** Thread: ends the waiting of `whenSettled`; needed only where that was called. */
  end(row: number): void {
    const index = row * WORDS_PER_ROW + STATE;
    Atomics.store(this.#words, index, ENDED);
    Atomics.notify(this.#words, index);
  }

  /** Thread: resolves (without holding the event loop) when cancel is raised or the attempt ends. */
  async whenSettled(row: number): Promise<void> {
    const waiter = Atomics.waitAsync(this.#words, row * WORDS_PER_ROW + STATE, RUNNING);
    if (waiter.async) await waiter.value;
  }

  /** Thread: enters the gate before it starts a child process; false = it is about to be terminated and must not. */
  enterSpawn(row: number): boolean {
    const index = row * WORDS_PER_ROW + GATE;
    return Atomics.compareExchange(this.#words, index, GATE_OPEN, GATE_SPAWNING) === GATE_OPEN;
  }

  /** Thread: the child is known to the main thread, or there is none. */
  leaveSpawn(row: number): void {
    Atomics.compareExchange(this.#words, row * WORDS_PER_ROW + GATE, GATE_SPAWNING, GATE_OPEN);
  }

  /** Main: shuts the gate before a termination; `busy` = a child process is being started right now. */
  sealSpawn(row: number): 'sealed' | 'busy' {
    const index = row * WORDS_PER_ROW + GATE;
    const before = Atomics.compareExchange(this.#words, index, GATE_OPEN, GATE_SEALED);
    return before === GATE_SPAWNING ? 'busy' : 'sealed';
  }

  beat(row: number): void {
    Atomics.add(this.#words, row * WORDS_PER_ROW + HEARTBEATS, 1);
  }

  /** Heartbeats of the attempt so far; wraps at 2^31. */
  beats(row: number): number {
    return Atomics.load(this.#words, row * WORDS_PER_ROW + HEARTBEATS);
  }
}
