// Owns `rerun`: an ended run once more as a new one, whole or from where it failed, with the recorded outputs before that.

import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { RunArchive, type RunRecord } from '../engine/run-archive.ts';
import type { RerunFlags } from './durable-commands.ts';
import { usageError } from './error-lines.ts';
import type { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { type RecordedWorkflow, recordedWorkflow } from './recorded-workflow.ts';
import { findWorkflowRun } from './run-lookup.ts';
import { watchRuns } from './run-watch.ts';
import { engineConfigOf, settingsOf } from './shell-config.ts';

/** Repeats an ended run as a new one. */
export async function rerunCommand(shell: Shell, wanted: string, flags: RerunFlags): Promise<ExitCode> {
  if (flags.from !== undefined && flags.fromFailed === true) {
    throw usageError('--from and --from-failed exclude each other; give one of them');
  }
  const settings = settingsOf(flags);
  const archive = RunArchive.open(settings.dataDir);
  let recorded: RecordedWorkflow;
  try {
    const record = requireEnded(findWorkflowRun(archive, wanted, settings.dataDir));
    recorded = recordedWorkflow(archive, record, settings.tasksDirs, () => true);
    if (flags.from !== undefined) requireStep(recorded, flags.from);
  } finally {
    await archive.close();
  }
  const { record, steps } = recorded;
  const from = flags.from === undefined ? (flags.fromFailed === true ? 'failed' : 'start') : { step: flags.from };
  return await watchRuns(shell, {
    config: { ...engineConfigOf(flags), resume: 'manual' },
    settings,
    flags,
    prepare: () => [
      {
        runId: flags.runId ?? null,
        workflow: record.workflow,
        steps,
        start: (engine) =>
          engine.rerun(record.runId, { from, ...(flags.runId === undefined ? {} : { runId: flags.runId }) }),
      },
    ],
  });
}

function requireEnded(record: RunRecord): RunRecord {
  const { runId, endedAtMs } = record;
  if (endedAtMs !== null) return record;
  throw new RuntimeError(
    'RUN_NOT_ENDED',
    `run '${runId}' has not ended; \`yardmaster resume ${runId}\` goes on with it, \`yardmaster cancel ${runId}\` ends it`,
  );
}

function requireStep({ record, steps }: RecordedWorkflow, step: string): void {
  const names = steps.map(({ name }) => name);
  if (names.includes(step)) return;
  const hint = suggestion(new NearNames(names).nearest(step));
  throw new RuntimeError(
    'TASK_NOT_FOUND',
    `--from ${quoteName(step)} is no step of run '${record.runId}'${hint}; \`yardmaster show ${record.runId}\` lists them`,
  );
}
