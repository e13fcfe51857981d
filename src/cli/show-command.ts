// Owns `show`: all that is recorded of one run, as a timeline for people or one object a line for programs.

import { recordedExecution } from '../engine/recorded-run.ts';
import { type AttemptHistory, RunArchive } from '../engine/run-archive.ts';
import type { ShowFlags } from './durable-commands.ts';
import { ExitCode } from './exit-code.ts';
import { jsonLine } from './json-output.ts';
import type { Shell } from './main.ts';
import { findRun } from './run-lookup.ts';
import { readRun } from './run-reading.ts';
import { resumeHint, summaryJsonLine } from './run-summary.ts';
import type { RunTimeline, TimelineTask } from './run-timeline.ts';
import { timelineLines } from './run-timeline-screen.ts';
import { settingsOf } from './shell-config.ts';
import { stylerFor } from './text-style.ts';

/** What a pipe gets, which has no width of its own. */
const PIPE_COLUMNS = 120;

/** Prints what is recorded of a run. */
export async function showCommand(shell: Shell, wanted: string, flags: ShowFlags): Promise<ExitCode> {
  const { dataDir } = settingsOf(flags);
  const archive = RunArchive.open(dataDir);
  try {
    const record = findRun(archive, wanted, dataDir);
    const { timeline } = await readRun(archive, record, Date.now());
    if (flags.json === true) for (const line of timelineJson(timeline)) shell.stdout.line(line);
    else printTimeline(shell, timeline, flags);
  } finally {
    await archive.close();
  }
  return ExitCode.COMPLETED;
}

function printTimeline(shell: Shell, timeline: RunTimeline, flags: ShowFlags): void {
  const { stdout } = shell;
  const style = stylerFor({ isTTY: stdout.isTerminal }, shell.environment);
  const columns = stdout.isTerminal ? stdout.columns : PIPE_COLUMNS;
  for (const line of timelineLines(timeline, columns, style, flags.all === true)) stdout.line(line);
  const { runId } = timeline.history.record;
  if (timeline.standing === 'interrupted' || timeline.standing === 'paused' || timeline.standing === 'parked') {
    stdout.line('');
    stdout.line(style('quiet', `go on with: ${resumeHint(runId, flags)}`));
  }
}

/** The run, its tasks, and for an ended run the line that `run --json` ends with. */
export function* timelineJson(timeline: RunTimeline): Generator<string> {
  const { history, standing, tasks, counts } = timeline;
  const { record, origin } = history;
  yield jsonLine({
    type: 'run',
    runId: record.runId,
    kind: record.kind,
    workflow: record.workflow,
    status: standing,
    createdAt: iso(record.createdAtMs),
    startedAt: iso(record.startedAtMs),
    endedAt: iso(record.endedAtMs),
    durationMs: durationOf(timeline),
    parameters: origin.parameters,
    tasks: counts,
    recoveries: record.recoveries,
    parked: record.parked,
    reason: record.reason,
    timedOut: record.timedOut,
    rerunOf: record.rerunOf,
    moments: history.moments.map(({ type, atMs, detail }) => ({ type, at: iso(atMs), detail })),
  });
  for (const task of tasks) yield jsonLine(taskJson(task));
  if (record.endedAtMs === null || record.kind !== 'workflow') return;
  yield summaryJsonLine(recordedExecution(history));
}

function durationOf({ axis }: RunTimeline): number {
  return axis.endMs - axis.startMs;
}

function taskJson({ name, status, history, attempts, waiting, wait }: TimelineTask): Readonly<Record<string, unknown>> {
  return {
    type: 'task',
    task: name,
    status,
    attempts: attempts.map(attemptJson),
    ...(status === 'completed' ? { output: history?.output ?? null } : {}),
    error: history?.error ?? null,
    reason: history?.reason ?? null,
    code: history?.skipCode ?? null,
    adoptedFrom: history?.adoptedFrom ?? null,
    waiting,
    wait: wait === null ? null : { reason: wait.reason, message: wait.message, sinceMs: wait.sinceMs },
    retryDueAt: iso(history?.dueMs ?? null),
  };
}

function attemptJson({ attempt, startedAtMs, endedAtMs, outcome, error, threadId, killed }: AttemptHistory) {
  const isTimed = endedAtMs !== null && outcome !== 'interrupted';
  return {
    attempt,
    startedAt: iso(startedAtMs),
    endedAt: isTimed ? iso(endedAtMs) : null,
    durationMs: isTimed ? endedAtMs - startedAtMs : null,
    outcome,
    threadId,
    killed,
    error,
  };
}

function iso(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
