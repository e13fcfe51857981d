// Owns `run`: a workflow from a file or the workflows folder as one new run. An id that was given before is the same run:
// ended, its recorded end is told; unfinished, it goes on. Runs that others left unfinished are only mentioned.

import type { OrchestrationEngine, RunOptions } from '../engine/orchestration-engine.ts';
import { countEnds } from '../engine/run-archive.ts';
import type { RunFlags } from './command-tree.ts';
import type { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { toPrintableLine } from './printable-text.ts';
import { type PreparedRun, prepareRun } from './run-preparation.ts';
import { resumeHint } from './run-summary.ts';
import { watchRuns } from './run-watch.ts';
import { engineConfigOf } from './shell-config.ts';

/** Runs one workflow to its end. */
export async function runCommand(shell: Shell, target: string, flags: RunFlags): Promise<ExitCode> {
  const prepared = await prepareRun(target, flags);
  for (const warning of prepared.warnings) shell.stderr.line(warning);
  const { definition } = prepared.workflow;
  return await watchRuns(shell, {
    // Other people's runs are theirs to take up.
    config: { ...engineConfigOf(flags), resume: 'manual' },
    settings: prepared.settings,
    flags,
    prepare: (engine) => {
      const before = flags.runId === undefined ? undefined : engine.getRunHistory(flags.runId);
      tellOfOthers(shell, engine, flags);
      return [
        {
          runId: flags.runId ?? null,
          workflow: definition.name,
          steps: definition.steps,
          ...(before === undefined ? {} : { before: countEnds(before) }),
          start: () => {
            const run = engine.startCompiled(prepared.workflow, runOptions(prepared, flags));
            if (before !== undefined && before.record.endedAtMs !== null) {
              shell.stderr.line(
                `notice: run ${toPrintableLine(run.runId)} has ended before and was not run again; this is its record`,
              );
            }
            return run;
          },
        },
      ];
    },
  });
}

// A flag says what holds for this run, so it wins over the file.
function runOptions(prepared: PreparedRun, { mode, maxParallel, runId }: RunFlags): RunOptions {
  return {
    params: prepared.parameters,
    ...(mode === undefined ? {} : { mode }),
    ...(maxParallel === undefined ? {} : { maxParallel }),
    ...(runId === undefined ? {} : { runId }),
  };
}

function tellOfOthers(shell: Shell, engine: OrchestrationEngine, flags: RunFlags): void {
  const others = engine.unfinishedRuns().filter(({ kind, runId }) => kind === 'workflow' && runId !== flags.runId);
  const [newest] = others;
  if (newest === undefined) return;
  const [which, them] =
    others.length === 1 ? ['an unfinished run lies', 'it'] : [`${others.length} unfinished runs lie`, 'them'];
  shell.stderr.line(
    `notice: ${which} in the data folder (${toPrintableLine(newest.runId)}); go on with ${them}: ${resumeHint(null, flags)}`,
  );
}
