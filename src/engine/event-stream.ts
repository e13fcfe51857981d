// Owns one reader's view of the events as an async iterator: a bounded buffer between an emitter that never waits and
// a reader that may be slow. When it is full the oldest event is dropped and counted in `dropped`: the reader can tell,
// and the end of what it watches, being the newest event, always arrives.
// It must never hold up or fail the emitter.

import type { RuntimeEvent, RuntimeEventType } from '../domain/events.ts';
import { RuntimeError } from '../domain/runtime-error.ts';

export interface EventStreamOptions {
  /** Only these types; without it, all. */
  readonly types?: readonly RuntimeEventType[];
  /** Only events for which it is true. */
  readonly filter?: (event: RuntimeEvent) => boolean;
  /** The stream ends after the first event for which it is true; that event is still given. */
  readonly until?: (event: RuntimeEvent) => boolean;
  /** Events kept for a slow reader, a whole number from 1, default 10,000; the oldest is dropped beyond it. */
  readonly bufferSize?: number;
}

const DEFAULT_BUFFER_SIZE = 10_000;
const END: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/** Events for one reader; leaving a `for await` loop, or `end()`, lets go of the subscription. */
export class EventStream implements AsyncIterableIterator<RuntimeEvent, undefined>, AsyncDisposable {
  readonly #filter: (event: RuntimeEvent) => boolean;
  readonly #until: (event: RuntimeEvent) => boolean;
  readonly #bufferSize: number;
  readonly #release: () => void;
  // A queue as an array with a moving head: shift() of a long array would be linear.
  #buffer: RuntimeEvent[] = [];
  #head = 0;
  #readers: ((result: IteratorResult<RuntimeEvent, undefined>) => void)[] = [];
  #ended = false;
  #dropped = 0;

  /** For the bus; `release` is called once, at the end. */
  constructor(options: EventStreamOptions, release: () => void) {
    const { bufferSize = DEFAULT_BUFFER_SIZE } = options;
    if (!Number.isInteger(bufferSize) || bufferSize < 1) {
      throw new RuntimeError('ARGUMENT_INVALID', `bufferSize must be a whole number from 1, not ${bufferSize}`);
    }
    this.#filter = options.filter ?? (() => true);
    this.#until = options.until ?? (() => false);
    this.#bufferSize = bufferSize;
    this.#release = release;
  }

  /** Events lost because the reader was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** For the bus: takes in one event. */
  push(event: RuntimeEvent): void {
    if (this.#ended || !this.#filter(event)) return;
    const last = this.#until(event);
    const reader = this.#readers.shift();
    if (reader !== undefined) reader({ done: false, value: event });
    else this.#keep(event);
    if (last) this.end();
  }

  next(): Promise<IteratorResult<RuntimeEvent, undefined>> {
    const event = this.#take();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve(END);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** Takes no more events; those in the buffer can still be read. Harmless when repeated. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader(END);
  }

  /** Ends the stream and forgets the buffer: what leaving a loop does. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.end();
    this.#buffer = [];
    this.#head = 0;
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #keep(event: RuntimeEvent): void {
    this.#buffer.push(event);
    if (this.#buffer.length - this.#head <= this.#bufferSize) return;
    this.#take();
    this.#dropped++;
  }

  #take(): RuntimeEvent | undefined {
    const event = this.#buffer[this.#head];
    if (event === undefined) return undefined;
    this.#head++;
    // Each compaction moves at most as many events as were taken since the last one.
    if (this.#head * 2 >= this.#buffer.length) {
      this.#buffer = this.#buffer.slice(this.#head);
      this.#head = 0;
    }
    return event;
  }
}
