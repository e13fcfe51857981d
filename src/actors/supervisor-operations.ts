// Owns the order of what a supervisor does: operations run one after another, as the messages of an OTP supervisor do;
// one that takes its time (it gives a promise) holds up those behind it. Adding and taking are O(1) at any length.
// The queue is as long as the requests and ends that came while an operation took its time; a caller bounds it by
// waiting for its answers.
// It must never lose its turn: an operation that throws is reported, and the next one runs all the same.

/** Done when it returns, or when its promise settles. */
export type Operation = () => Promise<void> | undefined;

export class OperationQueue {
  readonly #onFault: (error: unknown) => void;
  #waiting: Operation[] = [];
  // Index of the first waiting one: shift() would move all the others.
  #head = 0;
  #busy = false;

  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Whether an operation is under way, or the queue is held. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Runs an operation at once if none is under way, after those before it otherwise. */
  add(operation: Operation): void {
    this.#waiting.push(operation);
    if (!this.#busy) this.#run();
  }

  /** Holds operations back until `release`. */
  hold(): void {
    this.#busy = true;
  }

  release(): void {
    this.#run();
  }

  #run(): void {
    this.#busy = true;
    for (let operation = this.#take(); operation !== undefined; operation = this.#take()) {
      const running = this.#call(operation);
      if (running === undefined) continue;
      void running.catch(this.#onFault).then(() => this.#run());
      return;
    }
    this.#busy = false;
  }

  #call(operation: Operation): Promise<void> | undefined {
    try {
      return operation();
    } catch (error) {
      this.#onFault(error);
      return undefined;
    }
  }

  #take(): Operation | undefined {
    const operation = this.#waiting[this.#head];
    if (operation === undefined) {
      this.#waiting = [];
      this.#head = 0;
      return undefined;
    }
    this.#head++;
    // What has run must not be held on to; half of the list at a time keeps this amortised O(1).
    if (this.#head >= 1_024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return operation;
  }
}
