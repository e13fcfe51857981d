// Owns what an attempt's failure is called when it was not the body's own promise that failed.

import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { deserializeError, type SerializedError } from '../domain/serialized-error.ts';
import type { TaskAssignment } from '../domain/task-executor.ts';

/** What is known about a thread's end. */
export interface ExitEvidence {
  readonly threadId: number;
  readonly exitCode: number;
  /** Whether the thread had begun the attempt. */
  readonly begun: boolean;
  /** The error that the thread said it ends of. */
  readonly uncaught: SerializedError | null;
  /** The error that its Worker reported. */
  readonly fault: Error | null;
  readonly heapLimitMb: number;
}

/** The thread ended by itself while an attempt was on it. */
export function exitFault({ taskName, runId }: TaskAssignment, evidence: ExitEvidence): RuntimeError {
  const { threadId, exitCode, begun, uncaught, fault, heapLimitMb } = evidence;
  const details = { taskName, runId, threadId, exitCode, begun };
  if (uncaught !== null) return uncaughtFault(taskName, deserializeError(uncaught), details);
  if (fault === null) {
    return new RuntimeError(
      'THREAD_EXITED',
      `thread ${threadId} ended with code ${exitCode} while task '${taskName}' ran on it; ` +
        'a task must not call process.exit, it returns or throws',
      { details },
    );
  }
  if (Reflect.get(fault, 'code') === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new RuntimeError(
      'THREAD_OUT_OF_MEMORY',
      `task '${taskName}' reached the heap limit of its thread (${heapLimitMb} MB); ` +
        'process less at a time or raise the limit',
      { details: { ...details, heapLimitMb }, cause: fault },
    );
  }
  return uncaughtFault(taskName, fault, details);
}

/** The attempt could not be handed to its thread, which is well. */
export function runFault({ taskName, runId, module, action }: TaskAssignment, cause: unknown): RuntimeError {
  const details = { taskName, runId, module, action };
  const why = messageOf(cause);
  if (cause instanceof Error && cause.name === 'DataCloneError') {
    return new RuntimeError(
      'TASK_PARAMETERS_INVALID',
      `the parameters of task '${taskName}' cannot be sent to a thread: ${why}; use plain data`,
      { details, cause },
    );
  }
  return new RuntimeError('INTERNAL', `task '${taskName}' could not be run: ${why}; please report this`, {
    details,
    cause,
  });
}

/** No thread came up at all. */
export function startFault(cause: Error | null): RuntimeError {
  const why = cause === null ? 'each ended before it was ready' : cause.message;
  return new RuntimeError(
    'THREAD_EXITED',
    `no thread could be started: ${why}; look at memory and at the thread's entry file`,
    {
      ...(cause === null ? {} : { cause }),
    },
  );
}

function uncaughtFault(taskName: string, cause: Error, details: Readonly<Record<string, unknown>>): RuntimeError {
  return new RuntimeError(
    'TASK_UNCAUGHT',
    `code of task '${taskName}' threw outside of its promise: ${cause.message}; ` +
      'catch errors in callbacks and timers and await every promise',
    { cause, details },
  );
}
