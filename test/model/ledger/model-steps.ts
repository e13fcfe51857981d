// Owns what can happen next in a state of the model world, and what the world looks like afterwards: every operation of
// the layer, deaths, time-outs, messages. Must never know what the programs are about.
//
// Memory is sequentially consistent but for the two plain operations of the layer. `poke` goes through a store buffer
// of its thread, as on x64: the thread sees it at once, the others when it drains, at any later moment, in order; every
// atomic write, sleep, wake-up, message and death drains it first. `peek` may give old values where a scenario asks for it.

import type { HistoryNode, HistoryTree } from './history-tree.ts';
import { copyOf, hasUnseen, isAsleep, type ModelState, ThreadFlag } from './model-state.ts';
import {
  isRead,
  isSignal,
  isWordOperation,
  type Operation,
  type Result,
  type TurnEvent,
  valueAfter,
  type WordOperation,
} from './operations.ts';
import type { Scenario } from './scenario.ts';
import type { WordKnowledge } from './word-knowledge.ts';

/** Something that can happen, and what it leads to. */
export interface Step {
  readonly thread: number;
  readonly what: 'step' | 'dies' | 'times out' | 'drains';
  readonly operation: Operation | null;
  readonly result: Result;
  readonly state: ModelState;
}

type Turn = Extract<Operation, { readonly kind: 'turn' }>;

const DEFAULT_EARLY_TIMERS = 2;

export class ModelSteps {
  readonly #scenario: Scenario;
  readonly #tree: HistoryTree;
  readonly #knowledge: WordKnowledge;
  readonly #reduces: boolean;

  constructor(scenario: Scenario, tree: HistoryTree, knowledge: WordKnowledge, reduces: boolean) {
    this.#scenario = scenario;
    this.#tree = tree;
    this.#knowledge = knowledge;
    this.#reduces = reduces;
  }

  /** All that can happen, in a fixed order. */
  all(state: ModelState): Step[] {
    const steps: Step[] = [];
    for (const [thread, node] of state.nodes.entries()) {
      if (node === null) continue;
      if (this.#mayDie(state, thread)) steps.push(this.#death(state, thread));
      if (hasUnseen(state, thread)) steps.push(this.#drain(state, thread));
      if (node.pending === null) continue;
      if (!isAsleep(state, thread)) steps.push(...this.#own(state, thread, node, node.pending));
      else if (node.pending.kind === 'wait' && node.pending.timed) steps.push(this.#timeOut(state, thread, node));
    }
    return steps;
  }

  /** A step that commutes with all that others can ever do, so that it can be taken at once; null when there is none. */
  unobserved(state: ModelState): Step | null {
    for (const [thread, node] of state.nodes.entries()) {
      // When nobody looks at the word, it does not matter when they would see it.
      const [oldest] = state.unseen[thread] ?? [];
      if (oldest !== undefined && this.#reduces) {
        const word = this.#knowledge.wordAt(oldest);
        if (this.#knowledge.isPrivate(word, this.#othersOf(state, thread))) return this.#drain(state, thread);
      }
      if (node === null || node.pending === null || isAsleep(state, thread)) continue;
      if (!this.#isUnobserved(state, thread, node.pending)) continue;
      const [step] = this.#own(state, thread, node, node.pending);
      if (step !== undefined) return step;
    }
    return null;
  }

  valueOf(state: ModelState, word: number): number {
    const slot = this.#knowledge.slotOf(word);
    return state.words[slot] ?? this.#knowledge.startOf(word);
  }

  #isUnobserved(state: ModelState, thread: number, operation: Operation): boolean {
    if (operation.kind === 'settle') return true;
    if (!this.#reduces || !isWordOperation(operation) || isSignal(operation)) return false;
    const { word } = operation;
    // Reading what nobody else writes commutes with all that the others do, whoever reads it besides.
    const others = this.#othersOf(state, thread);
    if (isRead(operation)) return this.#knowledge.isUnwritten(word, others);
    if (operation.kind !== 'poke' && hasUnseen(state, thread)) return false;
    // What one that may die wrote last tells the others when it died: such writes stay steps of their own.
    return this.#scenario.programs[thread]?.fate === 'safe' && this.#knowledge.isPrivate(word, others);
  }

  /** The other threads that can still do something, as bits: neither dead nor at their end with all they wrote seen. */
  #othersOf(state: ModelState, thread: number): number {
    let others = 0;
    for (const [other, node] of state.nodes.entries()) {
      if (other === thread || node === null) continue;
      if (node.pending !== null || hasUnseen(state, other)) others |= 1 << other;
    }
    return others;
  }

  #mayDie({ flags }: ModelState, thread: number): boolean {
    const isCondemned = ((flags[thread] ?? 0) & ThreadFlag.CONDEMNED) !== 0;
    return this.#scenario.programs[thread]?.fate === 'mortal' || isCondemned;
  }

  #death(state: ModelState, thread: number): Step {
    const next = copyOf(state);
    this.#drainAll(next, thread);
    next.nodes[thread] = null;
    next.flags[thread] = ThreadFlag.DEAD;
    next.stale[thread] = [];
    const threadId = this.#scenario.programs[thread]?.threadId ?? 0;
    next.mailbox = [...state.mailbox, { type: 'exit', threadId }];
    return { thread, what: 'dies', operation: null, result: 0, state: next };
  }

  #drain(state: ModelState, thread: number): Step {
    const next = copyOf(state);
    const [slot = -1, value = 0, ...later] = state.unseen[thread] ?? [];
    next.unseen[thread] = later;
    this.#put(next, thread, slot, value);
    return { thread, what: 'drains', operation: null, result: 0, state: next };
  }

  #drainAll(next: ModelState, thread: number): void {
    const unseen = next.unseen[thread] ?? [];
    if (unseen.length === 0) return;
    next.unseen[thread] = [];
    for (let i = 0; i < unseen.length; i += 2) this.#put(next, thread, unseen[i] ?? -1, unseen[i + 1] ?? 0);
  }

  #timeOut(state: ModelState, thread: number, node: HistoryNode): Step {
    const next = copyOf(state);
    next.flags[thread] = (state.flags[thread] ?? 0) & ~ThreadFlag.ASLEEP;
    return this.#done(next, thread, node, 'timed-out', 'times out');
  }

  #done(next: ModelState, thread: number, node: HistoryNode, result: Result, what: Step['what'] = 'step'): Step {
    next.nodes[thread] = this.#tree.after(node, result);
    return { thread, what, operation: node.pending, result, state: next };
  }

  #own(state: ModelState, thread: number, node: HistoryNode, operation: Operation): Step[] {
    if (isWordOperation(operation)) return this.#onWord(state, thread, node, operation);
    const next = copyOf(state);
    if (operation.kind === 'post' || operation.kind === 'condemn') this.#drainAll(next, thread);
    switch (operation.kind) {
      case 'hold':
      case 'settle':
        return [this.#done(next, thread, node, 0)];
      case 'choose':
        return Array.from({ length: operation.count }, (_, i) => this.#done(copyOf(state), thread, node, i));
      case 'post':
        next.mailbox = [...state.mailbox, operation.message];
        return [this.#done(next, thread, node, 0)];
      case 'condemn': {
        const victim = this.#scenario.programs.findIndex(({ threadId }) => threadId === operation.threadId);
        if (state.nodes[victim] !== null) next.flags[victim] = (state.flags[victim] ?? 0) | ThreadFlag.CONDEMNED;
        return [this.#done(next, thread, node, 0)];
      }
      case 'turn':
        return this.#turns(state, thread, node, operation);
      default:
        return operation satisfies never;
    }
  }

  #turns(state: ModelState, thread: number, node: HistoryNode, { timers, fired }: Turn): Step[] {
    const steps: Step[] = [];
    const add = (next: ModelState, event: TurnEvent) => steps.push(this.#done(next, thread, node, event));
    const [message, ...mailbox] = state.mailbox;
    if (message !== undefined) add({ ...copyOf(state), mailbox }, { kind: 'message', message });
    for (const listener of state.listeners) {
      if (!listener.due) continue;
      const listeners = state.listeners.filter((other) => other !== listener);
      add({ ...copyOf(state), listeners }, { kind: 'wake', wait: listener.id });
    }
    // Timers come at any moment; but so that programs end, only so often while anything else can happen.
    const goesOn = steps.length > 0 || this.#othersGoOn(state, thread);
    if (fired < (this.#scenario.earlyTimers ?? DEFAULT_EARLY_TIMERS) || !goesOn) {
      for (const timer of timers) add(copyOf(state), { kind: 'timer', timer });
    }
    return steps;
  }

  #othersGoOn(state: ModelState, thread: number): boolean {
    return state.nodes.some((node, other) => {
      if (other === thread || node === null) return false;
      const isAwake = node.pending !== null && !isAsleep(state, other);
      return isAwake || hasUnseen(state, other) || this.#mayDie(state, other);
    });
  }

  // --- shared words

  #onWord(state: ModelState, thread: number, node: HistoryNode, operation: WordOperation): Step[] {
    if (operation.kind === 'peek') return this.#peek(state, thread, node, operation.word);
    const next = copyOf(state);
    if (operation.kind === 'poke') return [this.#poke(next, thread, node, operation.word, operation.value)];
    next.stale[thread] = [];
    if (operation.kind === 'load') return [this.#done(next, thread, node, this.#seenBy(thread, state, operation.word))];
    this.#drainAll(next, thread);
    const value = this.valueOf(next, operation.word);
    switch (operation.kind) {
      case 'spin':
        return value === operation.value ? [] : [this.#done(next, thread, node, 0)];
      case 'notify':
        return [this.#done(next, thread, node, this.#wake(next, operation.word))];
      case 'wait':
        if (value !== operation.value) return [this.#done(next, thread, node, 'not-equal')];
        next.flags[thread] = (state.flags[thread] ?? 0) | ThreadFlag.ASLEEP;
        return [{ thread, what: 'step', operation, result: 'asleep', state: next }];
      case 'waitAsync':
        return [this.#done(next, thread, node, this.#listen(next, operation.word, value === operation.value))];
      case 'compareExchange':
        if (value === operation.expected) this.#write(next, thread, operation.word, operation.value);
        return [this.#done(next, thread, node, value)];
      default:
        this.#write(next, thread, operation.word, valueAfter(operation, value));
        // Like Atomics: a store gives what was stored, everything else what was there before.
        return [this.#done(next, thread, node, operation.kind === 'store' ? operation.value : value)];
    }
  }

  #peek(state: ModelState, thread: number, node: HistoryNode, word: number): Step[] {
    const value = this.#seenBy(thread, state, word);
    const steps = [this.#done(copyOf(state), thread, node, value)];
    const old = state.stale[thread] ?? [];
    const slot = this.#knowledge.slotOf(word);
    for (let i = 0; i < old.length; i += 2) {
      const stale = old[i + 1] ?? 0;
      if (old[i] === slot && stale !== value) steps.push(this.#done(copyOf(state), thread, node, stale));
    }
    return steps;
  }

  /** What a thread reads: its own writes come first. */
  #seenBy(thread: number, state: ModelState, word: number): number {
    const slot = this.#knowledge.slotOf(word);
    const unseen = state.unseen[thread] ?? [];
    for (let i = unseen.length - 2; i >= 0; i -= 2) if (unseen[i] === slot) return unseen[i + 1] ?? 0;
    return this.valueOf(state, word);
  }

  #poke(next: ModelState, thread: number, node: HistoryNode, word: number, value: number): Step {
    const slot = this.#knowledge.slotOf(word);
    next.unseen[thread] = [...(next.unseen[thread] ?? []), slot, value];
    return this.#done(next, thread, node, value);
  }

  #write(next: ModelState, thread: number, word: number, value: number): void {
    this.#put(next, thread, this.#knowledge.slotOf(word), value);
  }

  #put(next: ModelState, thread: number, slot: number, value: number): void {
    const word = this.#knowledge.wordAt(slot);
    const before = this.valueOf(next, word);
    next.words[slot] = value;
    if (this.#scenario.staleReads !== true || before === value) return;
    for (let other = 0; other < next.nodes.length; other++) {
      if (other === thread || next.nodes[other] === null || !this.#knowledge.isPeekedBy(word, other)) continue;
      next.stale[other] = withStale(next.stale[other] ?? [], slot, before);
    }
  }

  #wake(next: ModelState, word: number): number {
    let count = 0;
    for (const [thread, node] of next.nodes.entries()) {
      if (node?.pending?.kind !== 'wait' || node.pending.word !== word) continue;
      if (!isAsleep(next, thread)) continue;
      next.flags[thread] = (next.flags[thread] ?? 0) & ~ThreadFlag.ASLEEP;
      next.nodes[thread] = this.#tree.after(node, 'ok');
      count += 1;
    }
    next.listeners = next.listeners.map((listener) => {
      if (listener.word !== word || listener.due) return listener;
      count += 1;
      return { ...listener, due: true };
    });
    return count;
  }

  #listen(next: ModelState, word: number, equal: boolean): Result {
    if (!equal) return 'not-equal';
    // The smallest free number: it is in the result, so the thread's past tells one listener from the next.
    let id = 0;
    while (next.listeners.some((listener) => listener.id === id)) id += 1;
    next.listeners = [...next.listeners, { id, word, due: false }];
    return id;
  }
}

function withStale(pairs: readonly number[], slot: number, value: number): readonly number[] {
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === slot && pairs[i + 1] === value) return pairs;
  const entries = [[slot, value]];
  for (let i = 0; i < pairs.length; i += 2) entries.push([pairs[i] ?? 0, pairs[i + 1] ?? 0]);
  entries.sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
  return entries.flat();
}
