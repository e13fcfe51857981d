// Owns one execution of a model thread: real code of the ledger over a layer that replays what its earlier operations
// gave, stops at the first one that has not happened yet, and names it. So the code is advanced by single operations
// without being written as a machine: it is run again from its start each time.
// Stopping is a private exception, thrown again by every further operation, so that no `finally` of the code under test
// can do anything. Must never touch the shared words itself.

import type { Clock, TimerHandle, TimerService } from '../../../src/domain/clock.ts';
import type { AsyncWait, AtomicsLayer, SharedWords } from '../../../src/resources/atomics-layer.ts';
import {
  type Change,
  isRead,
  isWordOperation,
  type Message,
  type Operation,
  type Result,
  type TurnEvent,
  valueAfter,
  type WordOperation,
} from './operations.ts';

/** Thrown to leave the code under test; never seen outside. */
class Stopped extends Error {}
/** A broken promise that a model thread noticed by itself. */
class Broken extends Error {}

/** An operation that happened, with what it gave. */
export interface Performed {
  readonly operation: Operation;
  readonly result: Result;
}

/** Where an execution stands: at an operation that has not happened, at its end, or broken. */
export interface Standing {
  readonly pending: Operation | null;
  readonly broken: string | null;
  /** Units by resource index that the thread believes to hold. */
  readonly holds: readonly number[];
  readonly notes: string;
}

/** What all executions of a scenario stand on. */
export interface Ground {
  readonly buffer: SharedArrayBuffer;
  /** The words as they are when everybody has begun. */
  readonly image: Int32Array;
  /** Whether nobody ever writes the word after that: reading it is no step. */
  readonly isConstant: (word: number) => boolean;
}

/** What a thread did before it began. */
export interface Preparation {
  readonly threadId: number;
  readonly results: number[];
  /** Words of asynchronous waits. */
  readonly listens: number[];
}

const START_MS = 1_000;
/** More than any chain of promises of the code under test is long. */
const MICROTASK_ROUNDS = 12;

export class ModelContext implements Clock, TimerService {
  readonly buffer: SharedArrayBuffer;
  readonly threadId: number;
  readonly atomics: AtomicsLayer;
  readonly #ground: Ground;
  readonly #preparation: Preparation;
  readonly #past: readonly Performed[];
  readonly #prepares: boolean;
  readonly #callbacks = new Map<number, () => void>();
  readonly #timers = new Map<number, { readonly handle: TimerHandle; readonly callback: () => void }>();
  readonly #holds: number[] = [];
  readonly #notes = new Map<string, number>();
  #timerCount = 0;
  /** Timers that were taken up so far. */
  fired = 0;
  #nowMs = START_MS;
  #prepared = 0;
  #begun = false;
  #at = 0;
  #pending: Operation | null = null;

  /** Without a past the preparation is carried out, on the ground's words; else it is replayed, and then the past. */
  constructor(ground: Ground, preparation: Preparation, past: readonly Performed[] | null) {
    this.buffer = ground.buffer;
    this.threadId = preparation.threadId;
    this.#ground = ground;
    this.#preparation = preparation;
    this.#past = past ?? [];
    this.#prepares = past === null;
    this.atomics = this.#layer();
  }

  /** Runs the program up to its next operation. */
  async execute(program: (context: ModelContext) => void | Promise<void>): Promise<Standing> {
    let broken: string | null = null;
    try {
      await program(this);
    } catch (error) {
      if (!(error instanceof Stopped)) broken = error instanceof Error ? error.message : String(error);
    }
    const notes = JSON.stringify([...this.#notes].sort());
    return { pending: this.#pending, broken: this.#pending === null ? broken : null, holds: this.#holds, notes };
  }

  // --- what programs say

  /** Ends the preparation, which nobody interrupts. */
  begin(): void {
    this.#begun = true;
    if (this.#prepares) throw new Stopped();
  }

  /** Lets promises go on until nothing is left to do before the next turn of the event loop. */
  async microtasks(): Promise<void> {
    for (let i = 0; i < MICROTASK_ROUNDS; i++) await null;
    // What went on meanwhile may have come to an operation; the program must not go on past it.
    if (this.#pending !== null) throw new Stopped();
  }

  hold(): void {
    this.#perform({ kind: 'hold' });
  }

  /** Says what of the past still matters; see `Operation`. */
  settle(digest: string): void {
    this.#perform({ kind: 'settle', digest });
  }

  /** One of 0 … count - 1; all are explored. */
  choose(count: number): number {
    return this.#number({ kind: 'choose', count });
  }

  post(message: Message): void {
    this.#perform({ kind: 'post', message });
  }

  condemn(threadId: number): void {
    this.#perform({ kind: 'condemn', threadId });
  }

  /** Reads a word as the ledger does. */
  load(word: number): number {
    return this.#number({ kind: 'load', word });
  }

  /** Waits as a busy loop does until a word has another value. */
  spin(word: number, value: number): void {
    this.#perform({ kind: 'spin', word, value });
  }

  /** One turn of the event loop: runs a callback, or gives the message that came. */
  turn(): Message | null {
    const event = this.#perform({ kind: 'turn', timers: [...this.#timers.keys()], fired: this.fired });
    if (typeof event === 'number' || typeof event === 'string') throw new Broken('a turn gave no event');
    return this.#take(event);
  }

  /** States that this thread now believes to hold so many units. */
  holds(index: number, units: number): void {
    for (let i = this.#holds.length; i <= index; i++) this.#holds[i] = 0;
    this.#holds[index] = units;
  }

  /** Keeps something to be judged at the end. */
  note(name: string, value: number): void {
    this.#notes.set(name, value);
  }

  demand(holds: boolean, otherwise: string): void {
    if (!holds) throw new Broken(otherwise);
  }

  // --- time, which moves when a timer is taken up

  now(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  schedule(atMs: number, callback: () => void): TimerHandle {
    const handle = { atMs };
    this.#timers.set(this.#timerCount, { handle, callback });
    this.#timerCount += 1;
    return handle;
  }

  cancel(handle: TimerHandle): void {
    for (const [timer, { handle: known }] of this.#timers) if (known === handle) this.#timers.delete(timer);
  }

  // --- replay

  #take(event: TurnEvent): Message | null {
    switch (event.kind) {
      case 'message':
        return event.message;
      case 'wake':
        this.#callbacks.get(event.wait)?.();
        return null;
      case 'timer': {
        const timer = this.#timers.get(event.timer);
        this.#timers.delete(event.timer);
        this.fired += 1;
        this.#nowMs = Math.max(this.#nowMs, timer?.handle.atMs ?? 0);
        timer?.callback();
        return null;
      }
      default:
        return event satisfies never;
    }
  }

  #perform(operation: Operation): Result {
    if (this.#pending !== null) throw new Stopped();
    if (!this.#begun) return this.#prepare(operation);
    if (isWordOperation(operation) && isRead(operation) && this.#ground.isConstant(operation.word)) {
      return this.#ground.image[operation.word] ?? 0;
    }
    const past = this.#past[this.#at];
    if (past === undefined) {
      this.#pending = operation;
      throw new Stopped();
    }
    this.#at += 1;
    if (past.operation.kind !== operation.kind || wordOf(past.operation) !== wordOf(operation)) {
      throw new Error(`the program does not repeat itself: ${JSON.stringify([past.operation, operation])}`);
    }
    return past.result;
  }

  #prepare(operation: Operation): Result {
    if (!isWordOperation(operation)) throw new Error(`${operation.kind} has no place in a preparation`);
    const { results, listens } = this.#preparation;
    if (this.#prepares) {
      if (operation.kind === 'waitAsync') listens.push(operation.word);
      const result = operation.kind === 'waitAsync' ? listens.length - 1 : performAlone(this.#ground.image, operation);
      results.push(result);
      return result;
    }
    this.#prepared += 1;
    return results[this.#prepared - 1] ?? 0;
  }

  #number(operation: Operation): number {
    const result = this.#perform(operation);
    if (typeof result !== 'number') throw new Broken(`${operation.kind} gave no number`);
    return result;
  }

  #waitAsync(word: number, value: number): AsyncWait {
    const result = this.#perform({ kind: 'waitAsync', word, value });
    if (typeof result !== 'number') return { async: false, value: 'not-equal' };
    return { async: true, value: new Wakening((callback) => this.#callbacks.set(result, callback)) };
  }

  #layer(): AtomicsLayer {
    const change =
      (kind: Change['kind']) =>
      (_words: SharedWords, word: number, value: number): number =>
        this.#number({ kind, word, value });
    const look =
      (kind: 'load' | 'peek' | 'notify') =>
      (_words: SharedWords, word: number): number =>
        this.#number({ kind, word });
    return {
      load: look('load'),
      peek: look('peek'),
      notify: look('notify'),
      store: change('store'),
      poke: change('poke'),
      exchange: change('exchange'),
      add: change('add'),
      or: change('or'),
      and: change('and'),
      compareExchange: (_words, word, expected, value) =>
        this.#number({ kind: 'compareExchange', word, expected, value }),
      waitAsync: (_words, word, value) => this.#waitAsync(word, value),
      wait: (_words, word, value, timeoutMs) => {
        const timed = timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY;
        const result = this.#perform({ kind: 'wait', word, value, timed });
        if (result === 'ok' || result === 'not-equal') return result;
        this.#nowMs += timeoutMs;
        return 'timed-out';
      },
    };
  }
}

function wordOf(operation: Operation): number {
  return isWordOperation(operation) ? operation.word : -1;
}

/** An operation while nobody else is there. */
function performAlone(image: Int32Array, operation: WordOperation): number {
  const before = image[operation.word] ?? 0;
  if (operation.kind === 'wait' || operation.kind === 'spin' || operation.kind === 'waitAsync') {
    throw new Error('a preparation waits');
  }
  if (operation.kind === 'notify') return 0;
  if (isRead(operation)) return before;
  if (operation.kind === 'compareExchange' && operation.expected !== before) return before;
  image[operation.word] = valueAfter(operation, before);
  return operation.kind === 'store' ? operation.value : before;
}

/** What `waitAsync` gives: calls back when the explorer says so, and is no promise otherwise. */
class Wakening implements PromiseLike<'ok' | 'timed-out'> {
  readonly #register: (callback: () => void) => void;

  constructor(register: (callback: () => void) => void) {
    this.#register = register;
  }

  // biome-ignore lint/suspicious/noThenProperty: the ledger's watch expects something to call `then` on
  then<A = 'ok' | 'timed-out', B = never>(
    onFulfilled?: ((value: 'ok' | 'timed-out') => A | PromiseLike<A>) | null,
    _onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    this.#register(() => void onFulfilled?.('ok'));
    return new Promise<A | B>(() => {});
  }
}
