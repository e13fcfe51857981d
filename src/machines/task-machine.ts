// Owns the life of one task from the moment its last dependency has ended until it has ended itself.
//
//   ready ──start──▶ running ──completed──▶ (completed)
//    │                ├──failed──▶ retrying | (failed)
//    │                ├──stopped──▶ ready                · its thread was taken away, not its right to run
//    │                ├──returned──▶ ready               · no thread came free for it: not counted as an attempt
//    │                └──deadline, heartbeat-missed, expire──▶ expiring
//    └──postpone──▶ retrying ──retry-due──▶ ready        · taken up again while it waited for its next attempt
//   expiring ──completed, failed, stopped──▶ retrying | (failed)
//    ├──returned──▶ (failed) | ready                     · failed if the whole task took too long
//    └──expire──↺                                        · its time is up, and now that of the whole task
//   ready, retrying ──expire──▶ (failed)                 · the whole task took too long: it is not tried again
//   ready, retrying ──cancel──▶ (cancelled)
//   running, expiring ──cancel──▶ cancelling ──completed, failed, stopped, returned──▶ (cancelled)
//
// Invariants: an attempt is over only when its body can no longer run (the executor says so); `endAttempt` gives its
// capacity back and runs exactly once for each `startAttempt`; a cancelled task never completes, even if its body does,
// nor does an attempt whose time was up; an attempt that was taken away makes room for one more.
// Spawned by the task registry of a run, one actor a task, parent-linked; deadlines, heartbeats and backoff are events
// from the timer service, not `after` (each actor stop would walk all pending timers of the system).

import { assign, setup } from 'xstate';
import { isRetryable } from '../domain/retry-policy.ts';
import type { SerializedError } from '../domain/serialized-error.ts';

export interface TaskMachineInput {
  /** The engine's number for this task; its effects look the rest up by it. */
  readonly key: number;
  /** Attempts begun in an earlier life of the engine; 0 for a new task. The next one has the number after it. */
  readonly attempts: number;
  /** Those that were interrupted are not among them. */
  readonly maxAttempts: number;
  readonly timeoutMs: number | null;
  readonly nonRetryable: readonly string[];
}

interface TaskMachineContext extends Omit<TaskMachineInput, 'attempts'> {
  /** Number of the latest attempt. */
  readonly attempt: number;
  readonly output: unknown;
  readonly error: SerializedError | null;
  readonly reason: string | null;
  /** Whether the whole task took too long. */
  readonly expired: boolean;
  readonly ending: 'completed' | 'failed' | 'cancelled' | null;
}

export type TaskEvent =
  | { readonly type: 'task.start' }
  | { readonly type: 'task.cancel'; readonly reason: string }
  | { readonly type: 'task.deadline' }
  | { readonly type: 'task.heartbeat-missed'; readonly heartbeatTimeoutMs: number }
  /** The time for the whole task is up, or will be before its next attempt is due. */
  | { readonly type: 'task.expire'; readonly totalTimeoutMs: number }
  /** It waits for its next attempt, as it did in an earlier life of the engine. */
  | { readonly type: 'task.postpone'; readonly error: SerializedError }
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
    // Of an attempt whose time was up; the error of that is kept, whatever the body did in its grace.
    mayRetryExpired: ({ context }) =>
      !context.expired &&
      context.attempt < context.maxAttempts &&
      context.error !== null &&
      isRetryable(context.nonRetryable, context.error),
    isExpired: ({ context }) => context.expired,
  },
  actions: {
    // Effects, given with provide(): see src/actors/task-runner.ts.
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
    countInterruption: assign(({ context }) => ({
      maxAttempts: Math.min(Number.MAX_SAFE_INTEGER, context.maxAttempts + 1),
    })),
    keepOutput: assign(({ event }) =>
      event.type === 'attempt.completed' ? { output: event.output, error: null, ending: 'completed' as const } : {},
    ),
    keepError: assign(({ event }) =>
      event.type === 'attempt.failed' || event.type === 'task.postpone' ? { error: event.error } : {},
    ),
    keepTimeout: assign(({ context }) => ({
      error: {
        name: 'RuntimeError',
        message: `attempt ${context.attempt} ran longer than its time-out of ${context.timeoutMs} ms`,
        code: 'TASK_TIMEOUT',
        retryable: true,
        details: { attempt: context.attempt, timeoutMs: context.timeoutMs },
      },
    })),
    keepSilence: assign(({ context, event }) =>
      event.type === 'task.heartbeat-missed' ? silence(context, event) : {},
    ),
    keepExpiry: assign(({ context, event }) =>
      event.type === 'task.expire' && !context.expired ? expiry(context, event) : {},
    ),
    keepReason: assign(({ event }) => (event.type === 'task.cancel' ? { reason: event.reason } : {})),
    markFailed: assign({ ending: 'failed' }),
    markCancelled: assign({ ending: 'cancelled' }),
  },
}).createMachine({
  id: 'task',
  context: ({ input: { key, attempts, maxAttempts, timeoutMs, nonRetryable } }) => ({
    key,
    maxAttempts,
    timeoutMs,
    nonRetryable,
    attempt: attempts,
    output: null,
    error: null,
    reason: null,
    expired: false,
    ending: null,
  }),
  initial: 'ready',
  states: {
    ready: {
      entry: 'enqueue',
      on: {
        'task.start': { target: 'running', actions: 'countAttempt' },
        'task.postpone': { target: 'retrying', actions: ['dequeue', 'keepError'] },
        'task.expire': { target: 'failed', actions: ['dequeue', 'keepExpiry'] },
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
        'attempt.stopped': { target: 'ready', actions: ['endAttempt', 'countInterruption'] },
        'attempt.returned': { target: 'ready', actions: ['endAttempt', 'uncountAttempt'] },
        'task.deadline': { target: 'expiring', actions: 'keepTimeout' },
        'task.heartbeat-missed': { target: 'expiring', actions: 'keepSilence' },
        'task.expire': { target: 'expiring', actions: 'keepExpiry' },
        'task.cancel': { target: 'cancelling', actions: 'keepReason' },
      },
    },
    expiring: {
      entry: 'stopAttempt',
      on: {
        'attempt.completed': [
          { guard: 'mayRetryExpired', target: 'retrying', actions: 'endAttempt' },
          { target: 'failed', actions: 'endAttempt' },
        ],
        'attempt.failed': [
          { guard: 'mayRetryExpired', target: 'retrying', actions: 'endAttempt' },
          { target: 'failed', actions: 'endAttempt' },
        ],
        'attempt.stopped': [
          { guard: 'mayRetryExpired', target: 'retrying', actions: 'endAttempt' },
          { target: 'failed', actions: 'endAttempt' },
        ],
        'attempt.returned': [
          { guard: 'isExpired', target: 'failed', actions: ['endAttempt', 'uncountAttempt'] },
          { target: 'ready', actions: ['endAttempt', 'uncountAttempt'] },
        ],
        'task.expire': { actions: 'keepExpiry' },
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
        'task.expire': { target: 'failed', actions: ['unscheduleRetry', 'keepExpiry'] },
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

function silence(
  { attempt }: TaskMachineContext,
  { heartbeatTimeoutMs }: Extract<TaskEvent, { type: 'task.heartbeat-missed' }>,
): { readonly error: SerializedError } {
  return {
    error: {
      name: 'RuntimeError',
      message: `attempt ${attempt} gave no heartbeat for ${heartbeatTimeoutMs} ms; call heartbeat() or progress() more often`,
      code: 'TASK_HEARTBEAT_TIMEOUT',
      retryable: true,
      details: { attempt, heartbeatTimeoutMs },
    },
  };
}

function expiry(
  { attempt, error }: TaskMachineContext,
  { totalTimeoutMs }: Extract<TaskEvent, { type: 'task.expire' }>,
): { readonly error: SerializedError; readonly expired: true } {
  const attempts = attempt === 1 ? '1 attempt' : `${attempt} attempts`;
  return {
    error: {
      name: 'RuntimeError',
      message: `the task could not be done within its total time-out of ${totalTimeoutMs} ms (${attempts})`,
      code: 'TASK_TOTAL_TIMEOUT',
      retryable: false,
      details: { attempts: attempt, totalTimeoutMs },
      ...(error === null ? {} : { cause: error }),
    },
    expired: true,
  };
}
