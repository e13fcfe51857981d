// Owns what can be told of a single task: how it stands or how it ended, live or read from the facts of its run, and
// whether two submissions are the same work. Pure; it never appends, starts or waits.

import { isDeepStrictEqual } from 'node:util';
import type { TaskSubmitted } from '../domain/facts.ts';
import type { RunId, TaskId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import { TaskStatus } from '../domain/statuses.ts';
import type { JournalReader } from '../journal/journal.ts';
import { foldRun, type RunHistory, type TaskHistory } from '../journal/run-history.ts';

/** A submitted task as it stands. */
export interface SingleTask {
  readonly taskId: TaskId;
  readonly name: string;
  readonly submittedAtMs: number;
  readonly status: TaskStatus;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly attempts: number;
  readonly output: unknown;
  readonly error: SerializedError | null;
  /** Why it was cancelled or skipped. */
  readonly reason: string | null;
  /** Its result can be given out: its end is as durable as the journal promises, or it is parked. */
  readonly isReported: boolean;
}

/** What a task does, as opposed to when, how often and with what capacity. */
export interface TaskWork {
  readonly name: string;
  readonly module: string;
  readonly action: string;
  readonly parameters: JsonObject;
}

/** Ids end up on terminals, in logs and as keys: a name that would not pass as an id of the caller is left out. */
const UNSOUND_NAME = /[\p{Cc}\p{Cs}\u2028\u2029]|^.{101}/u;

export function newTaskId(runId: RunId, name: string, number: number): TaskId {
  return `${runId}/${UNSOUND_NAME.test(name) ? 'task' : name}#${number}` as TaskId;
}

/** Why a task was skipped that needed this one. */
export function behind({ name, status }: Pick<SingleTask, 'name' | 'status'>): string {
  return `upstream failed: '${name}' was ${status}`;
}

/** Whether two submissions under one id are the same: name, module, action and parameters. */
export function isSameWork(a: TaskWork, b: TaskWork): boolean {
  return a.name === b.name && a.module === b.module && a.action === b.action && isSameJson(a.parameters, b.parameters);
}

// As JSON gives them back: one of the two may have been through a file.
function isSameJson(a: JsonObject, b: JsonObject): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
}

/** A single task's run from the facts still kept; undefined when there is none of that id. */
export function readTaskHistory(journal: JournalReader, taskId: TaskId): SingleTaskHistory | undefined {
  if (journal.run(taskId)?.kind !== 'task') return undefined;
  const history = foldRun(journal.read(taskId));
  return history === undefined ? undefined : singleTaskHistory(history);
}

/** The fold of a single task's run, its parts named. */
export interface SingleTaskHistory {
  readonly run: RunHistory;
  readonly origin: TaskSubmitted;
  readonly task: TaskHistory;
}

/** Undefined for the run of a workflow. */
export function singleTaskHistory(run: RunHistory): SingleTaskHistory | undefined {
  const { origin } = run;
  if (origin.type !== 'task.submitted') return undefined;
  const task = run.tasks.get(origin.task);
  return task === undefined ? undefined : { run, origin, task };
}

/** How a task stands by its facts; a parked one as failed, with the error that says why. */
export function taskOfHistory({ run, origin, task }: SingleTaskHistory): SingleTask {
  // A parked one may have been cancelled since.
  const parked = task.endedAtMs === null ? run.record.parked : null;
  const shown = {
    taskId: origin.runId as TaskId,
    name: origin.task,
    submittedAtMs: origin.atMs,
    startedAtMs: run.record.startedAtMs,
    endedAtMs: task.endedAtMs,
    attempts: task.attempts.at(-1)?.attempt ?? 0,
    output: task.output,
  };
  if (parked !== null) {
    const error = { name: 'RuntimeError', message: parked.reason, code: parked.code, retryable: false, details: {} };
    return { ...shown, status: TaskStatus.FAILED, error, reason: null, isReported: true };
  }
  return {
    ...shown,
    status: task.status,
    // What a finished task's earlier attempts failed with is told by its history, not by its result.
    error: task.status === 'failed' ? task.error : null,
    reason: task.reason,
    isReported: task.endedAtMs !== null,
  };
}
