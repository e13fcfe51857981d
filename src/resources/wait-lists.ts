// Owns the order of those who wait: per resource and priority a list, oldest first.
// Why linked lists: a waiter leaves from the middle (cancel, time-out) in constant time, with 100,000 behind it.
// Each waiter stands in one list only: that of a resource it lacks. Decides nothing, grants nothing.

import { invariant } from '../domain/runtime-error.ts';
import { MAX_RESOURCES } from './ledger-layout.ts';

/** Priority levels, 0 first. */
export const PRIORITY_LEVELS = 5;

/** The links of a waiter; the lists alone write them. */
export interface WaitNode {
  /** 0 … PRIORITY_LEVELS - 1; lower goes first. */
  readonly priority: number;
  /** Order of arrival. */
  readonly sequence: number;
  /** Index of the resource in whose list it stands, or -1. */
  parkedAt: number;
  previous: this | null;
  next: this | null;
}

/** Whether `a` goes before `b`. */
export function isAhead(a: WaitNode, b: WaitNode): boolean {
  return a.priority === b.priority ? a.sequence < b.sequence : a.priority < b.priority;
}

export class WaitLists<Node extends WaitNode> {
  readonly #heads: (Node | null)[] = new Array<Node | null>(MAX_RESOURCES * PRIORITY_LEVELS).fill(null);
  readonly #tails: (Node | null)[] = new Array<Node | null>(MAX_RESOURCES * PRIORITY_LEVELS).fill(null);
  readonly #counts = new Int32Array(MAX_RESOURCES);

  /** How many stand in a resource's list. */
  count(index: number): number {
    return this.#counts[index] ?? 0;
  }

  /** The one whose turn it is at a resource. */
  head(index: number): Node | null {
    if (this.count(index) === 0) return null;
    for (let level = 0; level < PRIORITY_LEVELS; level++) {
      const head = this.#heads[index * PRIORITY_LEVELS + level];
      if (head) return head;
    }
    return null;
  }

  /** Puts a waiter into a resource's list, at the place its arrival gives it. */
  insert(node: Node, index: number): void {
    invariant(node.parkedAt === -1, 'a waiter stands in one list only');
    const list = index * PRIORITY_LEVELS + node.priority;
    const tail = this.#tails[list] ?? null;
    // New ones belong at the end; one that changes lists is old, so its place is near the front.
    let before: Node | null = tail;
    if (tail !== null && tail.sequence > node.sequence) {
      let after = this.#heads[list] ?? null;
      while (after !== null && after.sequence < node.sequence) after = after.next;
      before = after === null ? tail : after.previous;
    }
    const next: Node | null = before === null ? (this.#heads[list] ?? null) : before.next;
    node.previous = before;
    node.next = next;
    if (before === null) this.#heads[list] = node;
    else before.next = node;
    if (next === null) this.#tails[list] = node;
    else next.previous = node;
    node.parkedAt = index;
    this.#counts[index] = this.count(index) + 1;
  }

  /** Takes a waiter out of the list it stands in. */
  remove(node: Node): void {
    invariant(node.parkedAt !== -1, 'a waiter that stands in no list cannot leave one');
    const list = node.parkedAt * PRIORITY_LEVELS + node.priority;
    if (node.previous === null) this.#heads[list] = node.next;
    else node.previous.next = node.next;
    if (node.next === null) this.#tails[list] = node.previous;
    else node.next.previous = node.previous;
    this.#counts[node.parkedAt] = this.count(node.parkedAt) - 1;
    node.previous = null;
    node.next = null;
    node.parkedAt = -1;
  }
}
