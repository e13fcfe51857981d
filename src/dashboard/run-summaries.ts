// Owns the row of the list of runs: what a record says, and where the run stands.

import type { RunRecord } from '../engine/run-archive.ts';
import type { RunStanding, RunSummary } from './wire.ts';

/** Tasks by how they ended. */
export type EndedCounts = NonNullable<RunSummary['ends']>;

/** Where a run stands; `isHeld`: a live engine has it in its hands. */
export function standingOf(record: RunRecord, isHeld: boolean): RunStanding {
  if (record.parked !== null) return 'parked';
  if (record.endedAtMs !== null || isHeld) return record.status;
  if (record.isSuspended) return 'suspended';
  return record.status === 'paused' ? 'paused' : 'interrupted';
}

/** The row of a run; `ends` null where counting would be dear. */
export function summaryOf(record: RunRecord, standing: RunStanding, ends: EndedCounts | null): RunSummary {
  return {
    runId: record.runId,
    kind: record.kind,
    workflow: record.workflow,
    standing,
    steps: record.steps,
    ends,
    createdAt: record.createdAtMs,
    startedAt: record.startedAtMs,
    endedAt: record.endedAtMs,
    recoveries: record.recoveries,
    rerunOf: record.rerunOf,
    reason: record.parked?.reason ?? record.reason,
  };
}
