// Owns the text form of a run's record, and the check of it when it comes back.

import { z } from 'zod';
import { WorkflowStatus } from '../domain/statuses.ts';
import type { RunRecord } from './run-record.ts';

const maybeTime = z.number().nullable();

const record: z.ZodType<RunRecord> = z.looseObject({
  runId: z.string(),
  kind: z.enum(['workflow', 'task']),
  workflow: z.string(),
  sessionId: z.string(),
  status: z.enum(WorkflowStatus),
  steps: z.number(),
  createdAtMs: z.number(),
  startedAtMs: maybeTime,
  endedAtMs: maybeTime,
  recoveries: z.number(),
  isSuspended: z.boolean(),
  parked: z.object({ code: z.string(), reason: z.string() }).nullable(),
  reason: z.string().nullable(),
  timedOut: z.boolean(),
  rerunOf: z.string().nullable(),
});

/** The text of a record. */
export function encodeRecord(value: RunRecord): string {
  return JSON.stringify(value);
}

/** The record again; throws what JSON.parse or the schema throws. */
export function decodeRecord(text: string): RunRecord {
  return record.parse(JSON.parse(text));
}
