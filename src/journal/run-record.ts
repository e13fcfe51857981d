// Owns the record of a run as a whole: what a list of runs shows, folded from the facts about the run itself.
// Task facts do not change it, so that the cost of keeping it does not grow with the number of tasks.

import type { Fact } from '../domain/facts.ts';
import type { WorkflowStatus } from '../domain/statuses.ts';

export interface RunRecord {
  readonly runId: string;
  /** A workflow's run, or a single task. */
  readonly kind: 'workflow' | 'task';
  /** The workflow's name, or the task's. */
  readonly workflow: string;
  readonly sessionId: string;
  readonly status: WorkflowStatus;
  /** Steps of the workflow; 1 for a single task. */
  readonly steps: number;
  /** Epoch milliseconds, also below. */
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Lives that ended without good order since it was made or released. */
  readonly recoveries: number;
  /** Whether the last life ended in good order (and no other has begun since). */
  readonly isSuspended: boolean;
  /** Why it is left alone; its status is `failed` then. null = it is not. */
  readonly parked: { readonly code: string; readonly reason: string } | null;
  /** Why it was cancelled or timed out. */
  readonly reason: string | null;
  readonly timedOut: boolean;
  readonly rerunOf: string | null;
}

/** Whether a run has neither ended nor been parked. */
export function isOpen(record: RunRecord): boolean {
  return record.endedAtMs === null && record.parked === null;
}

/**
 * The record after a fact; the same object when the fact does not change it, undefined when the run was never made.
 * Total: a fact that makes no sense is passed over.
 */
export function recordAfter(before: RunRecord | undefined, fact: Fact): RunRecord | undefined {
  if (fact.type === 'run.created') {
    const { runId, workflow, session, steps, atMs, rerunOf } = fact;
    return {
      ...BLANK_RECORD,
      runId,
      kind: 'workflow',
      workflow,
      sessionId: session.sessionId,
      steps,
      createdAtMs: atMs,
      rerunOf,
    };
  }
  if (fact.type === 'task.submitted') {
    const { runId, task, atMs } = fact;
    return { ...BLANK_RECORD, runId, kind: 'task', workflow: task, createdAtMs: atMs };
  }
  if (before === undefined) return undefined;
  return before.kind === 'task' ? taskRecordAfter(before, fact) : workflowRecordAfter(before, fact);
}

/** What holds of a run of which nothing more is known than that it was made. */
export const BLANK_RECORD = {
  sessionId: '',
  status: 'pending',
  steps: 1,
  startedAtMs: null,
  endedAtMs: null,
  recoveries: 0,
  isSuspended: false,
  parked: null,
  reason: null,
  timedOut: false,
  rerunOf: null,
} as const;

function workflowRecordAfter(before: RunRecord, fact: Fact): RunRecord {
  switch (fact.type) {
    case 'run.started':
      return { ...before, status: before.status === 'paused' ? 'paused' : 'running', startedAtMs: fact.atMs };
    case 'run.paused':
      return { ...before, status: 'paused' };
    case 'run.resumed':
      return { ...before, status: before.startedAtMs === null ? 'pending' : 'running' };
    case 'run.ended': {
      const { status, atMs, reason, timedOut } = fact;
      return { ...before, status, endedAtMs: atMs, startedAtMs: before.startedAtMs ?? atMs, reason, timedOut };
    }
    default:
      return lifeAfter(before, fact);
  }
}

// A single task has no run around it: its own end is the end of the run.
function taskRecordAfter(before: RunRecord, fact: Fact): RunRecord {
  switch (fact.type) {
    case 'task.started':
      return before.startedAtMs === null ? { ...before, status: 'running', startedAtMs: fact.atMs } : before;
    case 'task.completed':
      return { ...before, status: 'completed', endedAtMs: fact.atMs };
    case 'task.failed':
      return { ...before, status: 'failed', endedAtMs: fact.atMs };
    case 'task.cancelled':
    case 'task.skipped':
      return { ...before, status: 'cancelled', endedAtMs: fact.atMs, reason: fact.reason };
    default:
      return lifeAfter(before, fact);
  }
}

function lifeAfter(before: RunRecord, fact: Fact): RunRecord {
  switch (fact.type) {
    case 'run.recovered':
      return { ...before, recoveries: fact.recovery, isSuspended: false };
    case 'run.suspended':
      return { ...before, isSuspended: true };
    case 'run.parked':
      return { ...before, status: 'failed', parked: { code: fact.code, reason: fact.reason } };
    case 'run.released': {
      const status = before.startedAtMs === null ? 'pending' : 'running';
      return { ...before, status: before.parked === null ? before.status : status, parked: null, recoveries: 0 };
    }
    default:
      return before;
  }
}
