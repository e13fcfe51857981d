// Owns what a filter of runs means, for every store alike.

import type { RunFilter } from './journal.ts';
import { isOpen, type RunRecord } from './run-record.ts';

/** Whether a run is asked for, the limit left aside. */
export function matchesFilter(record: RunRecord, { kind, open, endedBeforeMs }: RunFilter): boolean {
  if (kind !== undefined && record.kind !== kind) return false;
  if (open !== undefined && isOpen(record) !== open) return false;
  return endedBeforeMs === undefined || (record.endedAtMs !== null && record.endedAtMs < endedBeforeMs);
}
