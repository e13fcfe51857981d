// Owns the word for where a recorded run stands: its status, and two more for what no engine has in its hands.

import type { WorkflowStatus } from '../domain/statuses.ts';
import type { RunRecord } from '../engine/run-archive.ts';
import type { StyleName } from './text-style.ts';

/** Where a run stands: `interrupted` is unfinished and held by no engine, `parked` was taken up too often. */
export type RunStanding = WorkflowStatus | 'interrupted' | 'parked';

/** Every word of RunStanding, for `--status`. */
export const RUN_STANDINGS = [
  'pending',
  'running',
  'paused',
  'interrupted',
  'parked',
  'completed',
  'failed',
  'cancelled',
] as const satisfies readonly RunStanding[];

/** How the word is coloured. */
export const STANDING_STYLES: Readonly<Record<RunStanding, StyleName>> = {
  completed: 'good',
  failed: 'bad',
  parked: 'bad',
  cancelled: 'warning',
  interrupted: 'warning',
  paused: 'warning',
  running: 'active',
  pending: 'active',
};

/** Where a run stands; `isHeld` says whether a live engine has it in its hands. */
export function standingOf(record: RunRecord, isHeld: boolean): RunStanding {
  if (record.parked !== null) return 'parked';
  if (record.endedAtMs !== null || record.status === 'paused' || isHeld) return record.status;
  return 'interrupted';
}
