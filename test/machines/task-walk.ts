// Owns the walk of the task machine: its events in all variants that its guards tell apart.

import type { SerializedError } from '../../src/domain/serialized-error.ts';
import { type TaskEvent, taskMachine } from '../../src/machines/task-machine.ts';
import type { WalkOptions } from './machine-walk.ts';

const fault: SerializedError = { name: 'Error', message: 'x', code: 'TASK_FAILED', retryable: true, details: {} };

export const TASK_EVENTS: readonly TaskEvent[] = [
  { type: 'task.start' },
  { type: 'task.cancel', reason: 'enough' },
  { type: 'task.deadline' },
  { type: 'task.heartbeat-missed', heartbeatTimeoutMs: 20 },
  { type: 'task.expire', totalTimeoutMs: 500 },
  { type: 'task.postpone', error: { ...fault, code: 'EARLIER' } },
  { type: 'task.retry-due' },
  { type: 'attempt.completed', output: { n: 1 } },
  { type: 'attempt.failed', error: fault },
  { type: 'attempt.failed', error: { ...fault, retryable: false } },
  { type: 'attempt.failed', error: { ...fault, code: 'NEVER_AGAIN' } },
  { type: 'attempt.failed', error: { ...fault, name: 'NeverAgain' } },
  { type: 'attempt.stopped' },
  { type: 'attempt.returned' },
];

export const TASK_EFFECTS = [
  'enqueue',
  'dequeue',
  'startAttempt',
  'endAttempt',
  'stopAttempt',
  'scheduleRetry',
  'unscheduleRetry',
];

/** The task machine with room for so many attempts. */
export function taskWalk(
  maxAttempts: number,
  nonRetryable: readonly string[] = ['NEVER_AGAIN', 'NeverAgain'],
  attempts = 0,
) {
  return {
    machine: taskMachine,
    input: { key: 1, attempts, maxAttempts, timeoutMs: 50, nonRetryable },
    events: TASK_EVENTS,
    effects: TASK_EFFECTS,
    // An attempt whose thread was taken away makes room for one more, without end.
    isFarEnough: ({ context }) => context.attempt > maxAttempts + 1,
  } satisfies WalkOptions<typeof taskMachine>;
}
