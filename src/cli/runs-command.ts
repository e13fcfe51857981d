// Owns `runs`: the list of recorded runs, newest first, and forgetting the old ones.

import { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { countEnds, RunArchive, type RunRecord } from '../engine/run-archive.ts';
import type { RunsFlags } from './durable-commands.ts';
import { durationText } from './duration-text.ts';
import { usageError } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import { jsonLine } from './json-output.ts';
import type { Shell } from './main.ts';
import { columnsOf, fitToColumns, toPrintableLine } from './printable-text.ts';
import { type RunStanding, STANDING_STYLES, standingOf } from './run-standing.ts';
import { engineConfigOf, settingsOf } from './shell-config.ts';
import { type Styler, stylerFor } from './text-style.ts';
import { localTimeText } from './time-text.ts';

const DEFAULT_LIMIT = 50;
/** Counting what is done reads every fact of a run: not for huge ones, in a list. */
const MOST_COUNTED_STEPS = 2_000;
const WIDEST_WORKFLOW = 32;
const STATUS_COLUMNS = 11;
const TIME_COLUMNS = 19;
const DURATION_COLUMNS = 11;

/** One row of the list. */
interface RunRow {
  readonly record: RunRecord;
  readonly standing: RunStanding;
  /** Tasks that completed; null where counting them would be dear. */
  readonly completed: number | null;
  /** null while it has not started. */
  readonly durationMs: number | null;
}

/** Lists runs, or forgets old ones. */
export async function runsCommand(shell: Shell, flags: RunsFlags): Promise<ExitCode> {
  if (flags.prune !== undefined) return await pruneRuns(shell, flags, flags.prune);
  const { dataDir } = settingsOf(flags);
  const archive = RunArchive.open(dataDir);
  try {
    const { rows, hidden } = selectRows(archive, flags, Date.now());
    if (flags.json === true) for (const row of rows) shell.stdout.line(rowJson(row));
    else printTable(shell, rows, hidden, flags.status === undefined ? `no runs in ${dataDir}` : 'no run is so');
  } finally {
    await archive.close();
  }
  return ExitCode.COMPLETED;
}

function selectRows(archive: RunArchive, flags: RunsFlags, nowMs: number) {
  const limit = flags.limit ?? DEFAULT_LIMIT;
  const selected = archive
    .runs({ kind: 'workflow' })
    .map((record) => ({ record, standing: standingOf(record, archive.isHeld(record)) }))
    .filter(({ standing }) => flags.status === undefined || standing === flags.status);
  const rows = selected.slice(0, limit).map(({ record, standing }): RunRow => {
    return {
      record,
      standing,
      completed: record.steps > MOST_COUNTED_STEPS ? null : completedTasks(archive, record.runId),
      durationMs: durationOf(record, standing, nowMs),
    };
  });
  return { rows, hidden: selected.length - rows.length };
}

function completedTasks(archive: RunArchive, runId: string): number | null {
  const history = archive.history(runId);
  return history === undefined ? null : countEnds(history).completed;
}

// How long an interrupted run was in someone's hands is told by `show`, which reads all of it.
function durationOf({ startedAtMs, endedAtMs }: RunRecord, standing: RunStanding, nowMs: number): number | null {
  if (startedAtMs === null) return null;
  if (endedAtMs !== null) return endedAtMs - startedAtMs;
  return standing === 'running' ? nowMs - startedAtMs : null;
}

function rowJson({ record, standing, completed, durationMs }: RunRow): string {
  const iso = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());
  return jsonLine({
    runId: record.runId,
    workflow: record.workflow,
    status: standing,
    createdAt: iso(record.createdAtMs),
    startedAt: iso(record.startedAtMs),
    endedAt: iso(record.endedAtMs),
    durationMs,
    tasks: { total: record.steps, completed },
    recoveries: record.recoveries,
    rerunOf: record.rerunOf,
  });
}

function printTable(shell: Shell, rows: readonly RunRow[], hidden: number, whenEmpty: string): void {
  const style = stylerFor({ isTTY: shell.stdout.isTerminal }, shell.environment);
  if (rows.length === 0) {
    shell.stderr.line(whenEmpty);
    return;
  }
  const idColumns = Math.max(...rows.map(({ record }) => columnsOf(toPrintableLine(record.runId))));
  const workflowColumns = Math.min(
    WIDEST_WORKFLOW,
    Math.max('workflow'.length, ...rows.map(({ record }) => columnsOf(toPrintableLine(record.workflow)))),
  );
  const head = [
    'run'.padEnd(idColumns),
    'workflow'.padEnd(workflowColumns),
    'status'.padEnd(STATUS_COLUMNS),
    'started'.padEnd(TIME_COLUMNS),
    'duration'.padStart(DURATION_COLUMNS),
    ' tasks',
  ].join(' ');
  shell.stdout.line(style('quiet', head));
  for (const row of rows) shell.stdout.line(rowLine(row, idColumns, workflowColumns, style));
  if (hidden > 0) shell.stdout.line(style('quiet', `and ${hidden} older; --limit ${rows.length + hidden} shows all`));
}

function rowLine(row: RunRow, idColumns: number, workflowColumns: number, style: Styler): string {
  const { record, standing, completed, durationMs } = row;
  return [
    fitToColumns(toPrintableLine(record.runId), idColumns),
    fitToColumns(toPrintableLine(record.workflow), workflowColumns),
    style(STANDING_STYLES[standing], standing.padEnd(STATUS_COLUMNS)),
    (record.startedAtMs === null ? 'not started' : localTimeText(record.startedAtMs)).padEnd(TIME_COLUMNS),
    (durationMs === null ? '' : durationText(durationMs)).padStart(DURATION_COLUMNS),
    ` ${completed === null ? '' : `${completed}/`}${record.steps}`,
  ].join(' ');
}

async function pruneRuns(shell: Shell, flags: RunsFlags, olderThanMs: number): Promise<ExitCode> {
  const { inMemory } = settingsOf(flags);
  if (inMemory) throw usageError('--prune needs a folder, and :memory: is none; name one with --data-dir');
  const engine = await OrchestrationEngine.create({ ...engineConfigOf(flags), maxWorkers: 1, resume: 'manual' });
  try {
    const { runs, artifacts } = await engine.pruneRuns({ olderThanMs });
    if (flags.json === true) shell.stdout.line(jsonLine({ type: 'runs.pruned', runs, artifacts }));
    else {
      const what = `${runs} run${runs === 1 ? '' : 's'}`;
      const files = artifacts === 0 ? '' : `, with ${artifacts} artifact${artifacts === 1 ? '' : 's'}`;
      shell.stdout.line(`forgotten: ${what} ended before ${localTimeText(Date.now() - olderThanMs)}${files}`);
    }
  } finally {
    await engine.shutdown({ drainMs: 0 });
  }
  return ExitCode.COMPLETED;
}
