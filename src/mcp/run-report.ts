// Owns what an agent is told of a run, whichever tool tells it: standing, counts, outputs, errors with what to do. Bounded:
// what is long is cut and says where the whole of it can be read.

import { z } from 'zod';
import type { SerializedError } from '../domain/serialized-error.ts';
import { WorkflowStatus } from '../domain/statuses.ts';
import type { WorkflowExecution } from '../engine/workflow-execution.ts';
import { adviceOn } from './failure-advice.ts';
import { ToolFailure } from './mcp-tool.ts';
import { runLogsUri, runUri, stepOutputUri } from './resource-uris.ts';
import { advice, anyValue, isoTime, optionalTime, workflowStatus } from './tool-schemas.ts';

/** What a report holds at most. */
export const REPORT_LIMITS = Object.freeze({
  /** Characters of one output as JSON. */
  output: 8_000,
  /** Characters of all outputs as JSON. */
  outputs: 60_000,
  /** Entries of each of outputs, errors and skipped. */
  entries: 100,
  /** Characters of the beginning that is shown of a cut output. */
  preview: 400,
  /** Characters of an error's message. */
  message: 1_500,
  /** Characters of an error's details as JSON. */
  details: 2_000,
});

const count = z.int().min(0);

/** How many steps ended in which way. */
export const taskCounts = z.strictObject({
  total: count,
  completed: count,
  failed: count,
  skipped: count,
  cancelled: count,
});

export const stepError = z.strictObject({
  code: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  details: anyValue.optional(),
  advice: z.string().describe('What to do about it'),
});

export const cutOutput = z.strictObject({
  size_chars: count.describe('Of the whole output as JSON'),
  preview: z.string().describe('Its beginning, as text'),
  read: z.string().describe('Resource with the whole; get_run with step gives it too'),
});

export const RUN_REPORT = z.strictObject({
  run_id: z.string(),
  workflow_name: z.string(),
  session_id: z.string(),
  status: workflowStatus,
  success: z.boolean().describe('Whether the run has completed'),
  tasks: taskCounts,
  started_at: isoTime,
  completed_at: optionalTime.describe('null while it goes on'),
  duration_ms: z.number(),
  outputs: z.record(z.string(), anyValue).describe('By step: outputs of completed steps that are short enough'),
  cut_outputs: z.record(z.string(), cutOutput).describe('By step: outputs that are too long to be here'),
  errors: z.record(z.string(), stepError).describe('By step: failed steps'),
  skipped: z.record(z.string(), z.strictObject({ code: z.string(), reason: z.string() })).describe('By step'),
  omitted: z
    .strictObject({ outputs: count, errors: count, skipped: count })
    .describe('Entries left out here; the resource has them'),
  reason: z.string().nullable().describe('Why it was cancelled, timed out or given up'),
  timed_out: z.boolean(),
  resource: z.string().describe('Resource of the run'),
  logs: z.string().describe('Resource of what its tasks logged'),
  next: advice,
});
export type RunReport = z.output<typeof RUN_REPORT>;

/** The report of a run that has ended, or as it stands now. */
export function reportOf(execution: WorkflowExecution): RunReport {
  const { runId, status, tasks } = execution;
  const isOver = hasEnded(status);
  const { outputs, cut, omitted } = boundedOutputs(runId, execution.outputs);
  const errors = Object.entries(execution.errors);
  const skipped = Object.entries(execution.skipped);
  return {
    run_id: runId,
    workflow_name: execution.workflow,
    session_id: execution.sessionId,
    status,
    success: status === WorkflowStatus.COMPLETED,
    tasks: { ...tasks },
    started_at: execution.startedAt,
    completed_at: isOver ? execution.completedAt : null,
    duration_ms: execution.durationMs,
    outputs,
    cut_outputs: cut,
    errors: firstOf(errors, (error) => errorReport(error)),
    skipped: firstOf(skipped, ({ code, reason }) => ({ code, reason: clip(reason, REPORT_LIMITS.message) })),
    omitted: {
      outputs: omitted,
      errors: Math.max(0, errors.length - REPORT_LIMITS.entries),
      skipped: Math.max(0, skipped.length - REPORT_LIMITS.entries),
    },
    reason: execution.reason,
    timed_out: execution.timedOut,
    resource: runUri(runId),
    logs: runLogsUri(runId),
    next: adviceFor(execution),
  };
}

/** Whether nothing of the run is still to come. */
export function hasEnded(status: WorkflowStatus): boolean {
  return status === WorkflowStatus.COMPLETED || status === WorkflowStatus.FAILED || status === WorkflowStatus.CANCELLED;
}

/** An ended run that did not complete: the error to tell beside its data; undefined for any other. */
export function failureOf(report: RunReport, data: object): ToolFailure | undefined {
  const { run_id: runId, status, reason, timed_out: timedOut } = report;
  if (status === WorkflowStatus.FAILED || (timedOut && status !== WorkflowStatus.COMPLETED)) {
    const [first, ...others] = Object.entries(report.errors);
    const code = timedOut ? 'RUN_TIMEOUT' : 'RUN_FAILED';
    const cause =
      first === undefined ? (reason ?? 'see its resource') : `step "${first[0]}" ${first[1].code}: ${first[1].message}`;
    const more = others.length + report.omitted.errors;
    const rest = more > 0 ? ` (and ${more} more failed steps)` : '';
    return new ToolFailure(code, `run '${runId}' ${status}: ${cause}${rest}. ${report.next.join(' ')}`, data, {
      run_id: runId,
    });
  }
  if (status !== WorkflowStatus.CANCELLED) return undefined;
  const message = `run '${runId}' was cancelled: ${reason ?? 'no reason was given'}. ${report.next.join(' ')}`;
  return new ToolFailure('RUN_CANCELLED', message, data, { run_id: runId });
}

/** An error of a step, bounded, with what to do. */
export function errorReport(error: SerializedError, subject: 'step' | 'task' = 'step'): z.output<typeof stepError> {
  const { code, message, retryable, details } = error;
  const shown = details === undefined ? undefined : shortValue(details, REPORT_LIMITS.details);
  return {
    code,
    message: clip(message, REPORT_LIMITS.message),
    retryable,
    ...(shown === undefined ? {} : { details: shown }),
    advice: adviceOn(code, subject),
  };
}

/** An output as it is, or what is told of it when it is too long for a limit. */
export function boundedOutput(runId: string, step: string, output: unknown, limit: number = REPORT_LIMITS.output) {
  const text = JSON.stringify(output ?? null);
  if (text.length <= limit) return { kind: 'whole', value: output ?? null, characters: text.length } as const;
  return { kind: 'cut', cut: { ...cutNote(text), read: stepOutputUri(runId, step) } } as const;
}

/** What is told of a JSON text that is too long. */
export function cutNote(text: string): { readonly size_chars: number; readonly preview: string } {
  return { size_chars: text.length, preview: clip(text, REPORT_LIMITS.preview) };
}

function boundedOutputs(runId: string, all: Readonly<Record<string, unknown>>) {
  // No prototype: a step may be named like a member of Object.
  const outputs: Record<string, unknown> = Object.create(null);
  const cut: Record<string, z.output<typeof cutOutput>> = Object.create(null);
  const entries = Object.entries(all);
  let characters = 0;
  for (const [step, output] of entries.slice(0, REPORT_LIMITS.entries)) {
    const room = Math.min(REPORT_LIMITS.output, REPORT_LIMITS.outputs - characters);
    const bounded = boundedOutput(runId, step, output, room);
    if (bounded.kind === 'cut') cut[step] = bounded.cut;
    else {
      outputs[step] = bounded.value;
      characters += bounded.characters;
    }
  }
  return { outputs, cut, omitted: Math.max(0, entries.length - REPORT_LIMITS.entries) };
}

function adviceFor({ runId, status, errors, reason, timedOut }: WorkflowExecution): string[] {
  switch (status) {
    case WorkflowStatus.COMPLETED:
      return [];
    case WorkflowStatus.FAILED:
    case WorkflowStatus.CANCELLED: {
      const codes = timedOut ? ['RUN_TIMEOUT'] : [...new Set(Object.values(errors).map(({ code }) => code))];
      const steps = codes.slice(0, 3).map((code) => adviceOn(code));
      const again = `rerun_from_failed {"run_id": ${JSON.stringify(runId)}} keeps what is complete and does the rest again.`;
      return [...steps, again];
    }
    case WorkflowStatus.PAUSED:
      return ['It is paused: whoever paused it, in the shell say, resumes it; cancel_run ends it.'];
    default:
      return [
        `explain_waiting {"run_id": ${JSON.stringify(runId)}} tells what it waits for, get_run how it stands${reason === null ? '' : ` (${reason})`}.`,
      ];
  }
}

function firstOf<Value, Shown>(
  entries: readonly [string, Value][],
  show: (value: Value) => Shown,
): Record<string, Shown> {
  const shown: Record<string, Shown> = Object.create(null);
  for (const [step, value] of entries.slice(0, REPORT_LIMITS.entries)) shown[step] = show(value);
  return shown;
}

/** A moment of the record as answers have it. */
export function isoOf(atMs: number): string;
export function isoOf(atMs: number | null): string | null;
export function isoOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

function shortValue(value: unknown, limit: number): unknown {
  const text = JSON.stringify(value) ?? 'null';
  return text.length <= limit ? value : `${text.slice(0, limit)}… (cut)`;
}

/** A text, or its beginning when it is too long. */
export function clip(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}…`;
}
