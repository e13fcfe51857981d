// Owns the life of one task from the moment its last dependency has ended until it has ended itself.
//
//   ready ──start──▶ running ──completed──▶ (completed)
//     ▲                │ ├──failed──▶ retrying | (failed)
//     │                │ ├──stopped──▶ ready      its thread was taken away, not its right to run
//     │                │ ├──returned──▶ ready     no thread came free for it: not counted as an attempt
//     │                │ └──deadline──▶ expiring ──(attempt over)──▶ retrying | (failed)
//     └──retry-due── retrying
//   cancel: ready, retrying ──▶ (cancelled);  running, expiring ──▶ cancelling ──(attempt over)──▶ (cancelled)
//
// Invariants: an attempt is over only when its body can no longer run (the executor says so); `endAttempt` gives its
// capacity back and runs exactly once for each `startAttempt`; a cancelled task never completes, even if its body does.
// Spawned by the task registry of a run, one actor a task, parent-linked; deadlines and backoff are events from the
// timer service, not `after` (each actor stop would walk all pending timers of the system).

import { assign, setup } from 'xstate';
import { isRetryable } from '../domain/retry-policy.ts';
import type { SerializedError } from '../domain/serialized-error.ts';

export interface TaskMachineInput {
  /** The engine's number for this task; its effects look the rest up by it. */
  readonly key: number;
  readonly maxAttempts: number;
  readonly timeoutMs: number | null;
  readonly nonRetryable: readonly string[];
}

interface TaskMachineContext extends TaskMachineInput {
  readonly attempt: number;
  readonly output: unknown;
  readonly error: SerializedError | null;
  readonly reason: string | null;
  readonly ending: 'completed' | 'failed' | 'cancelled' | null;
}

export type TaskEvent =
  | { readonly type: 'task.start' }
  | { readonly type: 'task.cancel'; readonly reason: string }
  | { readonly type: 'task.deadline' }
  | { readonly type: 'task.retry-due' }
  | { readonly type: 'attempt.completed'; readonly output: unknown }
  | { readonly type: 'attempt.failed'; readonly error: SerializedError }
  | { readonly type: 'attempt.stopped' }
  | { readonly type: 'attempt.returned' };

/** How a task ended: the output of its actor, which its parent receives with the done event. */
export interface TaskEnding {
  readonly key: number;
  readonly kind: 'completed' | 'failed' | 'cancelled';
  readonly attempts: number;
  readonly output: unknown;
  readonly error: SerializedError | null;
  readonly reason: string | null;
}

/** Machine states that users see under another word. */
export const TASK_STATE_ALIASES: Readonly<Record<string, 'running'>> = { expiring: 'running' };

export const taskMachine = setup({
  types: {
    context: {} as TaskMachineContext,
    events: {} as TaskEvent,
    input: {} as TaskMachineInput,
    output: {} as TaskEnding,
  },
  guards: {
    mayRetry: ({ context, event }) =>
      event.type === 'attempt.failed' &&
      context.attempt < context.maxAttempts &&
      isRetryable(context.nonRetryable, event.error),
    mayRetryTimeout: ({ context }) =>
      context.attempt < context.maxAttempts && !context.nonRetryable.includes('TASK_TIMEOUT'),
  },
  actions: {
    // Effects, given with provide(): see src/actors/task-effects.ts.
    enqueue: () => {},
    dequeue: () => {},
    startAttempt: () => {},
    endAttempt: () => {},
    stopAttempt: () => {},
    scheduleRetry: () => {},
    unscheduleRetry: () => {},
    // Quantities.
    countAttempt: assign(({ context }) => ({ attempt: context.attempt + 1 })),
    uncountAttempt: assign(({ context }) => ({ attempt: context.attempt - 1 })),
    keepOutput: assign(({ event }) =>
      event.type === 'attempt.completed' ? { output: event.output, error: null, ending: 'completed' as const } : {},
    ),
    keepError: assign(({ event }) => (event.type === 'attempt.failed' ? { error: event.error } : {})),
    keepTimeout: assign(({ context }) => ({
      error: {
        name: 'RuntimeError',
        message: `attempt ${context.attempt} ran longer than its time-out of ${context.timeoutMs} ms`,
        code: 'TASK_TIMEOUT',
        retryable: true,
        details: { attempt: context.attempt, timeoutMs: context.timeoutMs },
      },
    })),
    keepReason: assign(({ event }) => (event.type === 'task.cancel' ? { reason: event.reason } : {})),
    markFailed: assign({ ending: 'failed' }),
    markCancelled: assign({ ending: 'cancelled' }),
  },
}).createMachine({
  id: 'task',
  context: ({ input }) => ({ ...input, attempt: 0, output: null, error: null, reason: null, ending: null }),
  initial: 'ready',
  states: {
    ready: {
      entry: 'enqueue',
      on: {
        'task.start': { target: 'running', actions: 'countAttempt' },
        'task.cancel': { target: 'cancelled', actions: ['dequeue', 'keepReason'] },
      },
    },
    running: {
      entry: 'startAttempt',
      on: {
        'attempt.completed': { target: 'completed', actions: ['endAttempt', 'keepOutput'] },
        'attempt.failed': [
          { guard: 'mayRetry', target: 'retrying', actions: ['endAttempt', 'keepError'] },
          { target: 'failed', actions: ['endAttempt', 'keepError'] },
        ],
        'attempt.stopped': { target: 'ready', actions: 'endAttempt' },
        'attempt.returned': { target: 'ready', actions: ['endAttempt', 'uncountAttempt'] },
        'task.deadline': 'expiring',
        'task.cancel': { target: 'cancelling', actions: 'keepReason' },
      },
    },
    expiring: {
      entry: 'stopAttempt',
      on: {
        'attempt.completed': [
          { guard: 'mayRetryTimeout', target: 'retrying', actions: ['endAttempt', 'keepTimeout'] },
          { target: 'failed', actions: ['endAttempt', 'keepTimeout'] },
        ],
        'attempt.failed': [
          { guard: 'mayRetryTimeout', target: 'retrying', actions: ['endAttempt', 'keepTimeout'] },
          { target: 'failed', actions: ['endAttempt', 'keepTimeout'] },
        ],
        'attempt.stopped': [
          { guard: 'mayRetryTimeout', target: 'retrying', actions: ['endAttempt', 'keepTimeout'] },
          { target: 'failed', actions: ['endAttempt', 'keepTimeout'] },
        ],
        'attempt.returned': { target: 'ready', actions: ['endAttempt', 'uncountAttempt'] },
        'task.cancel': { target: 'cancelling', actions: 'keepReason' },
      },
    },
    cancelling: {
      entry: 'stopAttempt',
      on: {
        'attempt.completed': { target: 'cancelled', actions: 'endAttempt' },
        'attempt.failed': { target: 'cancelled', actions: 'endAttempt' },
        'attempt.stopped': { target: 'cancelled', actions: 'endAttempt' },
        'attempt.returned': { target: 'cancelled', actions: 'endAttempt' },
      },
    },
    retrying: {
      entry: 'scheduleRetry',
      on: {
        'task.retry-due': 'ready',
        'task.cancel': { target: 'cancelled', actions: ['unscheduleRetry', 'keepReason'] },
      },
    },
    completed: { type: 'final' },
    failed: { type: 'final', entry: 'markFailed' },
    cancelled: { type: 'final', entry: 'markCancelled' },
  },
  output: ({ context }) => ({
    key: context.key,
    kind: context.ending ?? 'failed',
    attempts: context.attempt,
    output: context.output,
    error: context.error,
    reason: context.reason,
  }),
});
