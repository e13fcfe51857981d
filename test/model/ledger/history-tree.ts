// Owns what is known of each thread's possible pasts: a tree whose edges are the results of operations. A node tells what
// the thread does next; the real code is run once per node, not once per state, and its answer is kept. Running it is
// asynchronous, since promises of the main thread must come to their end; so a past that was never run is asked for first.
// Bounded by the scenario: programs are finite.

import { type Ground, ModelContext, type Performed, type Preparation } from './model-context.ts';
import type { Operation, Result } from './operations.ts';
import type { Program } from './scenario.ts';

/** One past of one thread. */
export interface HistoryNode {
  readonly id: number;
  readonly thread: number;
  readonly parent: HistoryNode | null;
  /** What the parent's pending operation gave. */
  readonly result: Result;
  /** Null at the end. */
  readonly pending: Operation | null;
  readonly broken: string | null;
  readonly holds: readonly number[];
  readonly notes: string;
  readonly children: Map<string, HistoryNode>;
}

/** Thrown where a past is needed that was never run; `grow` it and try again. */
export class UnknownPast extends Error {
  readonly from: HistoryNode;
  readonly result: Result;

  constructor(from: HistoryNode, result: Result) {
    super('a past that was never run');
    this.from = from;
    this.result = result;
  }
}

export class HistoryTree {
  readonly #ground: Ground;
  readonly #programs: readonly Program[];
  readonly #preparations: readonly Preparation[];
  readonly #merged = new Map<string, HistoryNode>();
  readonly #onNode: (node: HistoryNode) => void;
  #count = 0;

  /** `onNode` hears of each new node. */
  constructor(
    ground: Ground,
    programs: readonly Program[],
    preparations: readonly Preparation[],
    onNode: (node: HistoryNode) => void,
  ) {
    this.#ground = ground;
    this.#programs = programs;
    this.#preparations = preparations;
    this.#onNode = onNode;
  }

  /** How many pasts are known: how often real code was run. */
  get size(): number {
    return this.#count;
  }

  /** A thread that has begun and done nothing yet. */
  async root(thread: number): Promise<HistoryNode> {
    return await this.#run(thread, null, 0);
  }

  /** The past that follows when the pending operation gives `result`. @throws UnknownPast */
  after(node: HistoryNode, result: Result): HistoryNode {
    const from = this.#origin(node);
    const known = from.children.get(keyOf(result));
    if (known === undefined) throw new UnknownPast(from, result);
    return known;
  }

  async grow({ from, result }: UnknownPast): Promise<void> {
    from.children.set(keyOf(result), await this.#run(from.thread, from, result));
  }

  // The first past that came to a digest stands for all that do.
  #origin(node: HistoryNode): HistoryNode {
    return node.pending?.kind === 'settle' ? this.#representative(node, `settled ${node.pending.digest}`) : node;
  }

  #representative(node: HistoryNode, digest: string): HistoryNode {
    const key = `${node.thread} ${digest} ${node.notes} ${node.holds.join()}`;
    const known = this.#merged.get(key);
    if (known !== undefined) return known;
    this.#merged.set(key, node);
    return node;
  }

  async #run(thread: number, parent: HistoryNode | null, result: Result): Promise<HistoryNode> {
    const past: Performed[] = [];
    let later = result;
    for (let node = parent; node !== null; node = node.parent) {
      if (node.pending !== null) past.push({ operation: node.pending, result: later });
      later = node.result;
    }
    const program = this.#programs[thread];
    const preparation = this.#preparations[thread];
    if (program === undefined || preparation === undefined) throw new Error(`there is no thread ${thread}`);
    const context = new ModelContext(this.#ground, preparation, past.reverse());
    const standing = await context.execute(program.run);
    this.#count += 1;
    const node = { id: this.#count, thread, parent, result, children: new Map<string, HistoryNode>(), ...standing };
    // A thread that has ended does nothing more: only what it noted still counts.
    if (node.pending === null && node.broken === null) return this.#representative(node, 'ended');
    this.#onNode(node);
    return node;
  }
}

function keyOf(result: Result): string {
  return typeof result === 'object' ? JSON.stringify(result) : String(result);
}
