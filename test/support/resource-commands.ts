// Owns what crosses between the resource adapter and its threads: the start data, the commands and their replies.
// Plain data only; knows neither a guard nor a thread.

import type { MessagePort } from 'node:worker_threads';
import type { SerializedError } from '../../src/domain/serialized-error.ts';

/** How much of which resource. */
export interface Amount {
  readonly id: string;
  readonly amount: number;
}

/** A resource at a moment. */
export interface UsageNumbers {
  readonly used: number;
  readonly peak: number;
  readonly available: number;
  readonly waiting: number;
}

/** Many rounds of taking and giving back, run by one actor without a word to the test in between. */
export interface Cycle {
  readonly rounds: number;
  /** Taken in turn. */
  readonly requests: readonly (readonly Amount[])[];
  /** `try`: at once or not at all. `acquire`: waits. */
  readonly way: 'try' | 'acquire';
  /** Longest wait in milliseconds; absent: without end. */
  readonly timeout?: number;
  /** How long to be busy while holding; 0 when absent. */
  readonly spins?: number;
}

/** What came of a cycle: rounds that got what they asked for, and the others. */
export interface CycleReport {
  readonly granted: number;
  readonly refused: number;
  readonly timedOut: number;
  /** Code of the error that ended it early; null when all rounds were made. */
  readonly stoppedBy: string | null;
}

/** How the thread of an actor waits: its event loop goes on, or the thread stands still. */
export type ThreadWaiting = 'messages' | 'blocking';

export interface ResourceThreadStart {
  readonly name: string;
  readonly waiting: ThreadWaiting;
  readonly ledger: SharedArrayBuffer;
  readonly witness: SharedArrayBuffer;
  /** One word: 1 while the attempt is cancelled, as the attempt board of the pool says it. */
  readonly cancelled: SharedArrayBuffer;
  /** The line home, as each pool thread has one. */
  readonly home: MessagePort;
  readonly attemptKey: number;
}

export type ResourceCommand =
  | { readonly kind: 'try'; readonly amounts: readonly Amount[] }
  | { readonly kind: 'acquire'; readonly amounts: readonly Amount[]; readonly timeout: number | null }
  | { readonly kind: 'release'; readonly allocationId: string }
  | { readonly kind: 'release-all' }
  | { readonly kind: 'usage'; readonly id: string }
  | { readonly kind: 'give-unbooked'; readonly id: string; readonly amount: number }
  | { readonly kind: 'cycle'; readonly cycle: Cycle }
  | { readonly kind: 'exit' };

export interface CommandMessage {
  readonly number: number;
  readonly command: ResourceCommand;
}

export type CommandReply =
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly error: SerializedError };

/** Amounts as the guard takes them, where an id may occur twice. */
export function listOf(amounts: readonly Amount[]): { resourceId: string; amount: number }[] {
  return amounts.map(({ id, amount }) => ({ resourceId: id, amount }));
}

/** Amounts by id; null where an id occurs twice. */
export function requestOf(amounts: readonly Amount[]): Record<string, number> | null {
  const request = Object.fromEntries(amounts.map(({ id, amount }) => [id, amount]));
  return Object.keys(request).length === amounts.length ? request : null;
}
