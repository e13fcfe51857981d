// Owns `resume`: going on with runs that were left unfinished, one or all, in an engine of this process; or asking the
// engine of another one, where that holds the data folder.

import { RuntimeError } from '../domain/runtime-error.ts';
import { deserializeError } from '../domain/serialized-error.ts';
import { countEnds, RunArchive, type RunRecord } from '../engine/run-archive.ts';
import type { ResumeFlags } from './durable-commands.ts';
import { ExitCode } from './exit-code.ts';
import { jsonLine } from './json-output.ts';
import type { Shell } from './main.ts';
import { toPrintableLine } from './printable-text.ts';
import { isUnfinished, type RecordedWorkflow, recordedWorkflow } from './recorded-workflow.ts';
import { findWorkflowRun } from './run-lookup.ts';
import { type RunToWatch, watchRuns } from './run-watch.ts';
import { engineConfigOf, settingsOf } from './shell-config.ts';

/** Goes on with one run, or with all that are unfinished. */
export async function resumeCommand(shell: Shell, wanted: string | undefined, flags: ResumeFlags): Promise<ExitCode> {
  const settings = settingsOf(flags);
  const archive = RunArchive.open(settings.dataDir);
  let recorded: RecordedWorkflow[];
  try {
    const records =
      wanted === undefined ? unfinished(archive) : [requireOpen(findWorkflowRun(archive, wanted, settings.dataDir))];
    if (records.length === 0) {
      shell.stderr.line(`nothing to resume in ${settings.dataDir}: no run is unfinished`);
      return ExitCode.COMPLETED;
    }
    if (archive.engine() !== null) return await resumeElsewhere(shell, archive, records, flags);
    recorded = records.map((record) => recordedWorkflow(archive, record, settings.tasksDirs, isUnfinished));
  } finally {
    await archive.close();
  }
  return await watchRuns(shell, {
    config: { ...engineConfigOf(flags), resume: 'manual' },
    settings,
    flags,
    prepare: () => recorded.map(runToResume),
  });
}

/** Oldest first. Parked ones are released one by one, by those who know why they were parked. */
function unfinished(archive: RunArchive): RunRecord[] {
  return archive.runs({ kind: 'workflow', open: true }).reverse();
}

function requireOpen(record: RunRecord): RunRecord {
  const { runId, status, endedAtMs } = record;
  if (endedAtMs === null) return record;
  throw new RuntimeError(
    'RUN_ENDED',
    `run '${runId}' has ended as ${status}; \`yardmaster rerun ${runId}\` repeats it as a new run`,
  );
}

function runToResume({ record, history, steps }: RecordedWorkflow): RunToWatch {
  return {
    runId: record.runId,
    workflow: record.workflow,
    steps,
    before: countEnds(history),
    start: (engine) => engine.resumeRun(record.runId),
  };
}

async function resumeElsewhere(
  shell: Shell,
  archive: RunArchive,
  records: readonly RunRecord[],
  flags: ResumeFlags,
): Promise<ExitCode> {
  const pid = archive.engine()?.pid ?? 0;
  for (const record of records) {
    const runId = toPrintableLine(record.runId);
    const isUnderWay = record.status !== 'paused' && archive.isHeld(record);
    if (!isUnderWay) {
      const outcome = await archive.request('resume', record.runId, 'resumed from the command line');
      if (outcome.status === 'refused') throw deserializeError(outcome.error);
    }
    if (flags.json === true) shell.stdout.line(jsonLine({ type: 'run.elsewhere', runId, pid, resumed: !isUnderWay }));
    else shell.stdout.line(`run ${runId} ${isUnderWay ? 'is under way' : 'goes on'} in process ${pid}`);
  }
  return ExitCode.COMPLETED;
}
