// Owns the pace of commits. A commit costs the same for one fact as for a thousand, so as long as nobody waits for a fact
// to be durable, a small batch is left for a moment before it is committed: facts gather behind it. Whoever waits is
// never kept waiting: one word of shared memory wakes the writer out of its pause.
// A crash loses what lies in the pause; nobody has been told that it was durable.

const COMMIT_PAUSE_MS = 4;
/** A batch of so many facts is worth a commit of its own. */
const ENOUGH_FACTS = 1_000;

export class CommitPace {
  readonly buffer: SharedArrayBuffer;
  // 0 = nobody waits; else the low bits of the last sequence that someone waits for.
  readonly #word: Int32Array<SharedArrayBuffer>;
  #hurried = 0;

  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#word = new Int32Array(buffer);
  }

  /** Main thread: someone waits for the facts up to a sequence. */
  hurry(sequence: number): void {
    // Who waits for less is served on the way.
    if (sequence <= this.#hurried) return;
    this.#hurried = sequence;
    Atomics.store(this.#word, 0, wordOf(sequence));
    Atomics.notify(this.#word, 0);
  }

  /** Writer: comes back when a batch of so many facts may be committed. */
  pause(facts: number): void {
    if (facts < ENOUGH_FACTS) Atomics.wait(this.#word, 0, 0, COMMIT_PAUSE_MS);
  }

  /** Writer: the facts up to a sequence are in the file. */
  committed(sequence: number): void {
    const waitedFor = Atomics.load(this.#word, 0);
    // By difference, since the low bits wrap around. A later wish that came in between is left standing.
    if (((waitedFor - wordOf(sequence)) | 0) <= 0) Atomics.compareExchange(this.#word, 0, waitedFor, 0);
  }
}

function wordOf(sequence: number): number {
  return sequence | 0 || 1;
}
