// Owns a state of the model world: the words that change, where each thread stands, who sleeps, who is dead, and what the
// main thread has not taken up yet. Plain data; a step makes a copy. States are told apart by their key, exactly.

import type { HistoryNode } from './history-tree.ts';
import type { Message } from './operations.ts';

export const ThreadFlag = { ASLEEP: 1, CONDEMNED: 2, DEAD: 4 } as const;

/** An asynchronous wait of the main thread. */
export interface Listener {
  readonly id: number;
  readonly word: number;
  readonly due: boolean;
}

export interface ModelState {
  /** By slot; see WordKnowledge. */
  words: number[];
  /** Null for a dead thread. */
  nodes: (HistoryNode | null)[];
  flags: number[];
  listeners: readonly Listener[];
  mailbox: readonly Message[];
  /** By thread: slot, value, … of poked words that the others do not see yet, oldest first. */
  unseen: (readonly number[])[];
  /** By thread: slot, value, … of words as they were since its last synchronising operation. */
  stale: (readonly number[])[];
}

export function isAsleep({ flags }: ModelState, thread: number): boolean {
  return ((flags[thread] ?? 0) & ThreadFlag.ASLEEP) !== 0;
}

/** Whether the others do not see yet all that the thread wrote. */
export function hasUnseen({ unseen }: ModelState, thread: number): boolean {
  return (unseen[thread]?.length ?? 0) > 0;
}

export function copyOf(state: ModelState): ModelState {
  return {
    words: state.words.slice(),
    nodes: state.nodes.slice(),
    flags: state.flags.slice(),
    listeners: state.listeners,
    mailbox: state.mailbox,
    unseen: state.unseen.slice(),
    stale: state.stale.slice(),
  };
}

export function keyOf(state: ModelState): string {
  let key = `${state.words.join()}|${state.flags.join()}|`;
  for (const node of state.nodes) key += node === null ? '-,' : `${node.id},`;
  for (const { id, word, due } of state.listeners) key += `|${id} ${word} ${due ? 1 : 0}`;
  if (state.mailbox.length > 0) key += `|${JSON.stringify(state.mailbox)}`;
  for (const values of state.unseen) key += `|${values.join()}`;
  for (const values of state.stale) key += `|${values.join()}`;
  return key;
}
