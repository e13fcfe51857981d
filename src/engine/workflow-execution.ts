// Owns what a caller gets of a run that has ended.

import type { SkipReason } from '../actors/run-reporter.ts';
import type { WorkflowRun } from '../actors/workflow-run.ts';
import type { TaskCounts } from '../actors/workflow-run-options.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import type { WorkflowStatus } from '../domain/statuses.ts';

type Plain<T> = Omit<T, 'toJSON'>;

/** The outcome of one run: status, counts, outputs and errors by step. */
export class WorkflowExecution {
  readonly runId: string;
  readonly workflow: string;
  readonly sessionId: string;
  readonly status: WorkflowStatus;
  readonly tasks: TaskCounts;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Of a run that has not ended: the time when it was looked at. */
  readonly completedAt: string;
  readonly durationMs: number;
  /** By step; completed steps only. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** By step; failed steps only. */
  readonly errors: Readonly<Record<string, SerializedError>>;
  /** By step; skipped steps only. */
  readonly skipped: Readonly<Record<string, SkipReason>>;
  /** Why the run was cancelled, timed out, or failed because its actor crashed too often; null for any other end. */
  readonly reason: string | null;
  /** Whether it ended because its time-out had passed. */
  readonly timedOut: boolean;

  constructor(data: Plain<WorkflowExecution>) {
    this.runId = data.runId;
    this.workflow = data.workflow;
    this.sessionId = data.sessionId;
    this.status = data.status;
    this.tasks = data.tasks;
    this.startedAt = data.startedAt;
    this.completedAt = data.completedAt;
    this.durationMs = data.durationMs;
    this.outputs = data.outputs;
    this.errors = data.errors;
    this.skipped = data.skipped;
    this.reason = data.reason;
    this.timedOut = data.timedOut;
  }

  toJSON(): Plain<WorkflowExecution> {
    return { ...this };
  }
}

/** The record of a run: of its end, or as it stands now. */
export function executionOf(run: WorkflowRun): WorkflowExecution {
  // No prototype: a step may be named like a member of Object.
  const outputs: Record<string, unknown> = Object.create(null);
  const errors: Record<string, SerializedError> = Object.create(null);
  const skipped: Record<string, SkipReason> = Object.create(null);
  for (const [index, { name }] of run.plan.tasks.entries()) {
    if (run.statusOf(index) === 'completed') outputs[name] = run.outputOf(index);
    const error = run.errorOf(index);
    if (error !== undefined) errors[name] = error;
    const skip = run.skipOf(index);
    if (skip !== undefined) skipped[name] = skip;
  }
  const endedAtMs = run.lastMs;
  const startedAtMs = run.startedAtMs ?? endedAtMs;
  return new WorkflowExecution({
    runId: run.runId,
    workflow: run.plan.workflow,
    sessionId: run.sessionId,
    status: run.status,
    tasks: run.counts(),
    startedAt: new Date(startedAtMs).toISOString(),
    completedAt: new Date(endedAtMs).toISOString(),
    durationMs: endedAtMs - startedAtMs,
    outputs,
    errors,
    skipped,
    reason: run.reason,
    timedOut: run.timedOut,
  });
}
