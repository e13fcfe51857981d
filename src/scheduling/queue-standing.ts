// Owns where a waiting task stands in the scheduler at a moment: the one thing it waits for, as the scheduler sees it.

import type { CapacityRequest, ReadyTask } from './ready-task.ts';

export type QueueStanding<Request extends CapacityRequest = CapacityRequest> =
  /** A plan keeps it back, at the latest until then (epoch milliseconds). */
  | { readonly kind: 'held'; readonly untilMs: number }
  | { readonly kind: 'paused' }
  | { readonly kind: 'lane-limit' | 'group-limit'; readonly limit: number; readonly running: number }
  /** Of a sequential lane: null = what goes before it is under way. */
  | { readonly kind: 'sequential'; readonly behind: ReadyTask<Request> | null }
  | { readonly kind: 'concurrency'; readonly key: string; readonly limit: number; readonly running: number }
  /** Units of a resource are short, or kept for a task that came first. */
  | {
      readonly kind: 'capacity';
      readonly index: number;
      readonly needs: number;
      readonly free: number;
      readonly reservedFor: ReadyTask<Request> | null;
    }
  /** Everything it asks for is there but a place to run; so many tasks go before it as things stand. */
  | { readonly kind: 'slot'; readonly ahead: number };
