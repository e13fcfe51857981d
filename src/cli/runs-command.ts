// Owns `runs`: the list of recorded runs, newest first, and forgetting the old ones.

import { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { countEnds, RunArchive, type RunRecord } from '../engine/run-archive.ts';
import type { RunsFlags } from './durable-commands.ts';
import { usageError } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import { jsonLine } from './json-output.ts';
import type { Shell } from './main.ts';
import { type RunStanding, standingOf } from './run-standing.ts';
import { type RunRow, runTableLines } from './runs-table.ts';
import { engineConfigOf, settingsOf } from './shell-config.ts';
import { stylerFor } from './text-style.ts';
import { localTimeText } from './time-text.ts';

const DEFAULT_LIMIT = 50;
/** Counting what is done reads every fact of a run: not for huge ones, in a list. */
const MOST_COUNTED_STEPS = 2_000;
/** What a pipe gets, which has no width of its own. */
const PIPE_COLUMNS = 140;

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
      ends: record.steps > MOST_COUNTED_STEPS ? null : endsOf(archive, record.runId),
      durationMs: durationOf(record, standing, nowMs),
    };
  });
  return { rows, hidden: selected.length - rows.length };
}

function endsOf(archive: RunArchive, runId: string): RunRow['ends'] {
  const history = archive.history(runId);
  return history === undefined ? null : countEnds(history);
}

// How long an interrupted run was in someone's hands is told by `show`, which reads all of it.
function durationOf({ startedAtMs, endedAtMs }: RunRecord, standing: RunStanding, nowMs: number): number | null {
  if (startedAtMs === null) return null;
  if (endedAtMs !== null) return endedAtMs - startedAtMs;
  return standing === 'running' ? nowMs - startedAtMs : null;
}

function rowJson({ record, standing, ends, durationMs }: RunRow): string {
  const iso = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());
  return jsonLine({
    runId: record.runId,
    workflow: record.workflow,
    status: standing,
    createdAt: iso(record.createdAtMs),
    startedAt: iso(record.startedAtMs),
    endedAt: iso(record.endedAtMs),
    durationMs,
    tasks: { total: record.steps, completed: ends?.completed ?? null, ...othersOf(ends) },
    recoveries: record.recoveries,
    rerunOf: record.rerunOf,
  });
}

/** Each is null when they were not counted. */
function othersOf(ends: RunRow['ends']) {
  return { failed: ends?.failed ?? null, skipped: ends?.skipped ?? null, cancelled: ends?.cancelled ?? null };
}

function printTable(shell: Shell, rows: readonly RunRow[], hidden: number, whenEmpty: string): void {
  const { stdout } = shell;
  const style = stylerFor({ isTTY: stdout.isTerminal }, shell.environment);
  if (rows.length === 0) {
    shell.stderr.line(whenEmpty);
    return;
  }
  for (const line of runTableLines(rows, stdout.isTerminal ? stdout.columns : PIPE_COLUMNS, style)) stdout.line(line);
  if (hidden > 0) stdout.line(style('quiet', `and ${hidden} older; --limit ${rows.length + hidden} shows all`));
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
