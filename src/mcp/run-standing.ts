// Owns the long answer to how a run stands: its report, each step with attempts and times, one step's whole output, and the
// end of its log. Read from the record; statuses of a live run come from the run itself.

import { z } from 'zod';
import type { TaskStatus } from '../domain/statuses.ts';
import type { RunHistory, TaskHistory } from '../engine/run-archive.ts';
import type { RunLog } from '../inspect/log-book.ts';
import {
  boundedOutput,
  clip,
  cutOutput,
  errorReport,
  isoOf,
  RUN_REPORT,
  type RunReport,
  stepError,
} from './run-report.ts';
import { anyObject, anyValue, isoTime, optionalTime } from './tool-schemas.ts';

/** Characters of one output that is asked for by itself. */
const WHOLE_OUTPUT = 200_000;
/** Characters of run parameters. */
const MOST_PARAMETERS = 8_000;
const MOST_ATTEMPTS = 20;
const MOST_MOMENTS = 50;
/** Characters of the reason of one step among many. */
const MOST_REASON = 200;

const attempt = z.strictObject({
  attempt: z.int(),
  started_at: isoTime,
  ended_at: optionalTime,
  outcome: z.string(),
  error: stepError.nullable(),
});

const stepStanding = z.strictObject({
  step: z.string(),
  status: z.string(),
  attempts: z.int(),
  started_at: optionalTime,
  ended_at: optionalTime,
  duration_ms: z.number().nullable(),
  reason: z.string().nullable().describe('Why it was skipped or cancelled'),
  adopted_from: z.string().nullable().describe('The run whose output it took over'),
});

const logLine = z.strictObject({
  at: isoTime,
  step: z.string().nullable(),
  kind: z.string().describe('A level, or progress, retrying, ended, run'),
  message: z.string(),
  fields: z.string().nullable().describe('As JSON'),
});

export const RUN_STANDING = z.strictObject({
  run: RUN_REPORT.describe('With a step given, only what concerns it'),
  kind: z.enum(['workflow', 'task']),
  parameters: anyObject,
  created_at: isoTime,
  deadline_at: optionalTime,
  rerun_of: z.string().nullable(),
  held_because: z.string().nullable().describe('Why the engine has not taken up an unfinished run'),
  moments: z.array(z.strictObject({ type: z.string(), at: isoTime, detail: z.string().nullable() })),
  steps: z.array(stepStanding),
  steps_total: z.int(),
  steps_cut: z.boolean().describe('Whether there are more steps than the limit'),
  step_detail: z
    .strictObject({
      step: z.string(),
      output: anyValue,
      cut: cutOutput.nullable().describe('In place of an output that is too long even for this'),
      attempts: z.array(attempt),
    })
    .nullable(),
  log: z.strictObject({
    lines: z.array(logLine),
    omitted: z.int().describe('Older lines that are not here'),
    since: isoTime.describe('What was logged before is not known: logs are kept for the life of the process'),
  }),
});

export interface StandingParts {
  readonly report: RunReport;
  readonly history: RunHistory;
  /** Of all steps, in file order. */
  readonly names: readonly string[];
  readonly liveStatus: (step: string) => TaskStatus | undefined;
  readonly held: string | null;
  readonly log: RunLog;
  readonly bounds: { readonly step: string | undefined; readonly stepsLimit: number; readonly logLines: number };
}

export function standingOf({
  report,
  history,
  names,
  liveStatus,
  held,
  log,
  bounds,
}: StandingParts): z.input<typeof RUN_STANDING> {
  const { record, origin, deadlineMs, moments, tasks } = history;
  const { step, stepsLimit, logLines } = bounds;
  const wanted = step === undefined ? names : [step];
  const lines = step === undefined ? log.lines : log.lines.filter(({ task }) => task === step);
  const shownLines = logLines === 0 ? [] : lines.slice(-logLines);
  return {
    run: step === undefined ? report : narrowed(report, step),
    kind: record.kind,
    parameters: shortParameters(origin.parameters),
    created_at: isoOf(record.createdAtMs),
    deadline_at: isoOf(deadlineMs),
    rerun_of: record.rerunOf,
    held_because: held ?? record.parked?.reason ?? null,
    moments: moments.slice(-MOST_MOMENTS).map(({ type, atMs, detail }) => ({ type, at: isoOf(atMs), detail })),
    steps: wanted.slice(0, stepsLimit).map((name) => stepOf(name, tasks.get(name), liveStatus(name))),
    steps_total: names.length,
    steps_cut: wanted.length > stepsLimit,
    step_detail: step === undefined ? null : detailOf(record.runId, step, tasks.get(step)),
    log: {
      lines: shownLines.map(({ at, task, kind, message, fields }) => ({ at, step: task, kind, message, fields })),
      omitted: log.omitted + lines.length - shownLines.length,
      since: log.since,
    },
  };
}

/** A report with the entries of one step. */
function narrowed(report: RunReport, step: string): RunReport {
  const only = <Value>(record: Record<string, Value>): Record<string, Value> =>
    Object.fromEntries(Object.entries(record).filter(([name]) => name === step));
  return {
    ...report,
    // The whole of it is told beside the report.
    outputs: {},
    cut_outputs: {},
    errors: only(report.errors),
    skipped: only(report.skipped),
  };
}

function stepOf(
  step: string,
  task: TaskHistory | undefined,
  live: TaskStatus | undefined,
): z.input<typeof stepStanding> {
  const first = task?.attempts[0]?.startedAtMs ?? null;
  const endedAtMs = task?.endedAtMs ?? null;
  return {
    step,
    status: live ?? task?.status ?? 'pending',
    attempts: task?.attempts.length ?? 0,
    started_at: isoOf(first),
    ended_at: isoOf(endedAtMs),
    duration_ms: first === null || endedAtMs === null ? null : endedAtMs - first,
    reason: shortReason(task?.reason ?? null),
    adopted_from: task?.adoptedFrom ?? null,
  };
}

// A thousand steps may have the same long one; the resource of the run has it whole.
function shortReason(reason: string | null): string | null {
  return reason === null ? null : clip(reason, MOST_REASON);
}

function detailOf(runId: string, step: string, task: TaskHistory | undefined) {
  const output = task?.status === 'completed' ? task.output : null;
  const bounded = boundedOutput(runId, step, output, WHOLE_OUTPUT);
  return {
    step,
    output: bounded.kind === 'whole' ? bounded.value : null,
    cut: bounded.kind === 'whole' ? null : bounded.cut,
    attempts: (task?.attempts ?? []).slice(-MOST_ATTEMPTS).map((each) => ({
      attempt: each.attempt,
      started_at: isoOf(each.startedAtMs),
      ended_at: isoOf(each.endedAtMs),
      outcome: each.outcome,
      error: each.error === null ? null : errorReport(each.error),
    })),
  };
}

function shortParameters(parameters: RunHistory['origin']['parameters']) {
  const { length } = JSON.stringify(parameters);
  return length <= MOST_PARAMETERS ? parameters : { _note: `${length} characters, too long to be here` };
}
