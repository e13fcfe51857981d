// Owns what an exploration knows of the shared words: which are ever written, by whom each is touched, and their values
// at the start. On this rests the reduction: a step on a word that nobody else touches, or a read of one that nobody
// writes, commutes with every step of the others and needs no place of its own in a schedule.
// What is known grows while exploring. A pass during which it grew proves nothing and is repeated; at once when a word
// turned out to be written, since the executions so far have taken reads of it for no steps.

import { isRead, isSignal, isWordOperation, type Operation } from './operations.ts';

export class WordKnowledge {
  readonly #image: Int32Array;
  readonly #slots = new Map<number, number>();
  readonly #words: number[] = [];
  readonly #touchedBy = new Map<number, number>();
  readonly #writtenBy = new Map<number, number>();
  readonly #peekedBy = new Map<number, number>();
  #grew = false;
  #isOutdated = false;

  constructor(image: Int32Array) {
    this.#image = image;
  }

  /** Values at the start of the words that are ever written, by slot. */
  startValues(): number[] {
    return this.#words.map((word) => this.startOf(word));
  }

  startOf(word: number): number {
    return this.#image[word] ?? 0;
  }

  /** Where the word's value stands in a state, or -1 when it never changes. */
  slotOf(word: number): number {
    return this.#slots.get(word) ?? -1;
  }

  wordAt(slot: number): number {
    return this.#words[slot] ?? -1;
  }

  isConstant(word: number): boolean {
    return !this.#slots.has(word);
  }

  /** Whether none of the others that can still do something (a set of bits) ever touches the word. */
  isPrivate(word: number, others: number): boolean {
    return ((this.#touchedBy.get(word) ?? 0) & others) === 0;
  }

  /** Whether none of those others ever writes the word. */
  isUnwritten(word: number, others: number): boolean {
    return ((this.#writtenBy.get(word) ?? 0) & others) === 0;
  }

  isPeekedBy(word: number, thread: number): boolean {
    return ((this.#peekedBy.get(word) ?? 0) & (1 << thread)) !== 0;
  }

  /** Takes in what a thread is about to do. */
  learn(thread: number, operation: Operation | null): void {
    if (operation === null || !isWordOperation(operation)) return;
    const { word } = operation;
    this.#mark(this.#touchedBy, word, thread);
    if (operation.kind === 'peek') this.#mark(this.#peekedBy, word, thread);
    if (isRead(operation) || isSignal(operation)) return;
    this.#mark(this.#writtenBy, word, thread);
    if (this.#slots.has(word)) return;
    this.#slots.set(word, this.#slots.size);
    this.#words.push(word);
    this.#isOutdated = true;
  }

  /** Whether a word is written that was taken for constant: what was run so far is worth nothing. */
  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  /** Whether anything was learned in this pass. */
  get hasGrown(): boolean {
    return this.#grew || this.#isOutdated;
  }

  /** Whether anything was learned since the last call. */
  takeGrowth(): boolean {
    const grew = this.hasGrown;
    this.#grew = false;
    this.#isOutdated = false;
    return grew;
  }

  #mark(marks: Map<number, number>, word: number, thread: number): void {
    const before = marks.get(word) ?? 0;
    const after = before | (1 << thread);
    if (after === before) return;
    marks.set(word, after);
    this.#grew = true;
  }
}
