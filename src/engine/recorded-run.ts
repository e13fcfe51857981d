// Owns runs that have ended in an earlier life of the engine, as their facts tell them: the same answers as a run of this
// life, from the journal alone.

import { recordedSkip, type SkipReason } from '../actors/run-reporter.ts';
import type { TaskCounts } from '../actors/workflow-run-options.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import { TaskStatus } from '../domain/statuses.ts';
import { countEnds, type RunHistory } from '../journal/run-history.ts';
import { WorkflowExecution } from './workflow-execution.ts';
import type { SteeredRun } from './workflow-run-handle.ts';

/** An ended run to look at; steering it does nothing. */
export function recordedRun(history: RunHistory): SteeredRun {
  const { record, tasks } = history;
  return {
    runId: record.runId,
    workflow: record.workflow,
    status: record.status,
    hasEnded: true,
    counts: () => recordedCounts(history),
    taskStatus: (step) => tasks.get(step)?.status,
    snapshot: () => recordedExecution(history),
    cancel: () => {},
    pause: () => {},
    resume: () => {},
    explain: () => [],
    cancelTask: () => false,
  };
}

/** The outcome of a run as its facts tell it; what has not ended stands as it was last known. */
export function recordedExecution(history: RunHistory): WorkflowExecution {
  const { record } = history;
  // No prototype: a step may be named like a member of Object.
  const outputs: Record<string, unknown> = Object.create(null);
  const errors: Record<string, SerializedError> = Object.create(null);
  const skipped: Record<string, SkipReason> = Object.create(null);
  for (const [name, task] of history.tasks) {
    const { status, output, error } = task;
    if (status === TaskStatus.COMPLETED) outputs[name] = output;
    else if (status === TaskStatus.FAILED && error !== null) errors[name] = error;
    else if (status === TaskStatus.SKIPPED) skipped[name] = recordedSkip(task);
  }
  const startedAtMs = record.startedAtMs ?? record.createdAtMs;
  const endedAtMs = record.endedAtMs ?? startedAtMs;
  return new WorkflowExecution({
    runId: record.runId,
    workflow: record.workflow,
    sessionId: record.sessionId,
    status: record.status,
    tasks: recordedCounts(history),
    startedAt: new Date(startedAtMs).toISOString(),
    completedAt: new Date(endedAtMs).toISOString(),
    durationMs: endedAtMs - startedAtMs,
    outputs,
    errors,
    skipped,
    reason: record.reason ?? record.parked?.reason ?? null,
    timedOut: record.timedOut,
  });
}

function recordedCounts(history: RunHistory): TaskCounts {
  return { total: history.record.steps, ...countEnds(history) };
}
