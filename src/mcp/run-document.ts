// Owns the long form of a run, as a resource: standing, every task with its attempts, errors and output, and what its tasks
// wait for. Longer than what a tool tells and bounded all the same; what is cut says where the rest is.
// Names and outputs are data: they stand in JSON as they are, never in a sentence that somebody might obey.

import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { RunHistory, TaskHistory } from '../engine/run-archive.ts';
import { runLogsUri } from './resource-uris.ts';
import { boundedOutput, cutNote, isoOf } from './run-report.ts';

/** What the document of a run holds at most. */
export const DOCUMENT_LIMITS = Object.freeze({
  /** Tasks; those that did not complete come first. */
  tasks: 1_000,
  /** Newest attempts of a task. */
  attempts: 20,
  /** Characters of an output as JSON, of one task and of all. */
  output: 100_000,
  outputs: 1_000_000,
  /** Characters of run parameters as JSON. */
  parameters: 20_000,
  waits: 200,
});

/** Everything on record of a run, as `history` has it, and what of it the engine alone knows. */
export function runDocument(engine: OrchestrationEngine, history: RunHistory): Record<string, unknown> {
  const { record, origin, moments } = history;
  const { runId } = record;
  const parameters = JSON.stringify(origin.parameters);
  const { tasks, omitted } = taskDocuments(history);
  return {
    run_id: runId,
    kind: record.kind,
    workflow_name: record.workflow,
    session_id: record.sessionId,
    status: record.parked === null ? record.status : 'parked',
    reason: record.reason,
    timed_out: record.timedOut,
    parked: record.parked,
    held_because: engine.heldBecause(runId)?.message ?? null,
    cancel_requested: history.cancelRequested,
    created_at: isoOf(record.createdAtMs),
    started_at: isoOf(record.startedAtMs),
    ended_at: isoOf(record.endedAtMs),
    recoveries: record.recoveries,
    rerun_of: record.rerunOf,
    parameters: parameters.length <= DOCUMENT_LIMITS.parameters ? origin.parameters : cutNote(parameters),
    steps: record.steps,
    not_begun: Math.max(0, record.steps - history.tasks.size),
    tasks,
    omitted_tasks: omitted,
    waiting: record.endedAtMs === null && record.parked === null ? waitsOf(engine, runId) : [],
    moments: moments.slice(-100).map(({ type, atMs, detail }) => ({ type, at: isoOf(atMs), detail })),
    logs: runLogsUri(runId),
  };
}

/** The whole output of a step that completed, as JSON; undefined when there is none. */
export function stepOutput(engine: OrchestrationEngine, runId: string, step: string): string | undefined {
  const task = engine.getRunHistory(runId)?.tasks.get(step);
  return task === undefined || task.status !== 'completed' ? undefined : JSON.stringify(task.output);
}

function taskDocuments(history: RunHistory) {
  const all = [...history.tasks.values()];
  const ordered = [...all.filter(isUnfinished), ...all.filter((task) => !isUnfinished(task))];
  const shown = ordered.slice(0, DOCUMENT_LIMITS.tasks);
  let characters = 0;
  const tasks = shown.map((task) => {
    const room = Math.min(DOCUMENT_LIMITS.output, DOCUMENT_LIMITS.outputs - characters);
    const output = isUnfinished(task) ? null : boundedOutput(history.record.runId, task.task, task.output, room);
    if (output?.kind === 'whole') characters += output.characters;
    return taskDocument(task, output);
  });
  return { tasks, omitted: all.length - shown.length };
}

function isUnfinished({ status }: TaskHistory): boolean {
  return status !== 'completed';
}

function taskDocument(task: TaskHistory, output: ReturnType<typeof boundedOutput> | null) {
  const attempts = task.attempts.slice(-DOCUMENT_LIMITS.attempts);
  return {
    name: task.task,
    status: task.status,
    attempts: attempts.map(({ attempt, startedAtMs, endedAtMs, outcome, error }) => ({
      attempt,
      started_at: isoOf(startedAtMs),
      ended_at: isoOf(endedAtMs),
      outcome,
      error: error === null ? null : withoutStack(error),
    })),
    earlier_attempts: task.attempts.length - attempts.length,
    interruptions: task.interruptions,
    error: task.error === null ? null : withoutStack(task.error),
    reason: task.reason,
    skip_code: task.skipCode,
    adopted_from: task.adoptedFrom,
    retry_due_at: isoOf(task.dueMs),
    ended_at: isoOf(task.endedAtMs),
    ...(output === null ? {} : output.kind === 'whole' ? { output: output.value } : { output_cut: output.cut }),
  };
}

// Stacks name files of this machine and help nobody who cannot read them.
function withoutStack(error: NonNullable<TaskHistory['error']>): Record<string, unknown> {
  const { stack: _stack, cause, ...rest } = error;
  return { ...rest, ...(cause === undefined ? {} : { cause: withoutStack(cause) }) };
}

function waitsOf(engine: OrchestrationEngine, runId: string) {
  return engine
    .explain(runId, { limit: DOCUMENT_LIMITS.waits })
    .map(({ task, sinceMs, reason, message }) => ({ name: task, since: isoOf(sinceMs), reason, message }));
}
