// Owns the words in which a request about a single task is refused: which id, why, and what to do; and whether an id is
// free.

import type { TaskId } from '../domain/ids.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { JournalReader } from '../journal/journal.ts';
import { isSameWork, readTaskHistory, type TaskWork } from './single-task.ts';

/** @throws RuntimeError TASK_EXISTS when the id stands for other work */
export function requireSame(taskId: TaskId, given: TaskWork, known: TaskWork): void {
  if (isSameWork(given, known)) return;
  const what = `${known.module}.${known.action}`;
  throw taskExists(
    taskId,
    given.name === known.name && `${given.module}.${given.action}` === what
      ? 'it was submitted with other parameters'
      : `it is '${known.name}' (${what})`,
  );
}

/**
 * Whether this work is on record under an id that no task in memory has.
 * @throws RuntimeError TASK_EXISTS when the id stands for other work
 */
export function isOnRecord(journal: JournalReader, taskId: TaskId, work: TaskWork): boolean {
  const record = journal.run(taskId);
  if (record === undefined) return false;
  if (record.kind !== 'task') throw taskExists(taskId, 'a workflow run has it');
  const origin = readTaskHistory(journal, taskId)?.origin;
  // A journal in memory may have forgotten the facts; the record still says that the id was used.
  if (origin !== undefined) requireSame(taskId, work, { ...origin, name: origin.task });
  return true;
}

/** The id is taken. */
function taskExists(taskId: TaskId, why: string): RuntimeError {
  return new RuntimeError('TASK_EXISTS', `the task id '${taskId}' is taken: ${why}; choose another id`, {
    details: { taskId },
  });
}

/** No life of the engine knows the id. */
export function taskNotFound(taskId: TaskId): RuntimeError {
  return new RuntimeError(
    'TASK_NOT_FOUND',
    `no task '${taskId}' is on record: it was never submitted, or it ended too long ago`,
    {
      details: { taskId },
    },
  );
}

/** @throws RuntimeError DEPENDENCY_MISSING */
export function missingDependency(task: string, dependency: TaskId): never {
  throw new RuntimeError(
    'DEPENDENCY_MISSING',
    `task '${task}' depends on '${dependency}', which is no submitted task; submit that one first`,
    { details: { task, dependency } },
  );
}

/** The engine goes down, and the task has not ended. */
export function engineClosed(taskId: TaskId): RuntimeError {
  return new RuntimeError(
    'ENGINE_CLOSED',
    `the engine was shut down before task '${taskId}' ended; it goes on when an engine opens the same data folder`,
    { details: { taskId } },
  );
}
