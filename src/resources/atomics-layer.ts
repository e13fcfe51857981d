// Owns the list of operations on shared words that the ledger may use, and their real implementation.
// Why: a model checker gives its own layer and explores every interleaving of the real ledger code; so no file of this
// folder may touch shared words except through a layer. A layer must never add meaning of its own.

/** The shared words of a ledger. */
export type SharedWords = Int32Array<SharedArrayBuffer>;

/** What an asynchronous wait gives: settled at once, or something to await. */
export type AsyncWait =
  | { readonly async: false; readonly value: 'not-equal' | 'timed-out' }
  | { readonly async: true; readonly value: PromiseLike<'ok' | 'timed-out'> };

/** Operations on shared words; all but `peek` and `poke` are sequentially consistent. */
export interface AtomicsLayer {
  load(words: SharedWords, index: number): number;
  store(words: SharedWords, index: number, value: number): number;
  /** Gives the value found; the exchange happened if that is `expected`. */
  compareExchange(words: SharedWords, index: number, expected: number, replacement: number): number;
  exchange(words: SharedWords, index: number, value: number): number;
  /** Gives the value before. */
  add(words: SharedWords, index: number, value: number): number;
  or(words: SharedWords, index: number, value: number): number;
  and(words: SharedWords, index: number, value: number): number;
  notify(words: SharedWords, index: number): number;
  waitAsync(words: SharedWords, index: number, value: number): AsyncWait;
  /** Blocks the calling thread while the word has this value, at most so long; it may wake up early. */
  wait(words: SharedWords, index: number, value: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out';
  /** A plain read: may be slightly old. For a word of one's own, or a value that a compareExchange then checks. */
  peek(words: SharedWords, index: number): number;
  /**
   * A cheap write, for a word that this thread alone writes at that time. Whoever sees it sees all that this thread wrote
   * before (a release store); but what this thread reads next may have been read before it.
   */
  poke(words: SharedWords, index: number, value: number): void;
}

// On x64 every plain write is a release store, at a fifth of the price of Atomics.store; other machines may reorder.
const poke =
  process.arch === 'x64'
    ? (words: SharedWords, index: number, value: number): void => {
        words[index] = value;
      }
    : (words: SharedWords, index: number, value: number): void => {
        Atomics.store(words, index, value);
      };

/** The operations of the machine. */
export const realAtomics: AtomicsLayer = Object.freeze({
  load: Atomics.load,
  store: Atomics.store,
  compareExchange: Atomics.compareExchange,
  exchange: Atomics.exchange,
  add: Atomics.add,
  or: Atomics.or,
  and: Atomics.and,
  notify: Atomics.notify,
  waitAsync: Atomics.waitAsync,
  wait: Atomics.wait,
  // An index outside the words cannot occur: layout and slots are bounded; 0 satisfies the type.
  peek: (words: SharedWords, index: number): number => words[index] ?? 0,
  poke,
});
