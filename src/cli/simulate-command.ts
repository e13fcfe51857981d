// Owns `simulate`: how a run would go, worked out in virtual time; for people a summary and a Gantt chart, for programs
// one object, and a picture where one is asked for. It starts no thread, imports no task module, makes no data folder.

import { simulateOnEngine } from '../engine/simulation/engine-simulation.ts';
import type { SimulationReport } from '../engine/simulation/simulation-report.ts';
import type { SimulateFlags } from './command-tree.ts';
import { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { settingsOf } from './shell-config.ts';
import { simulationLines } from './simulation-screen.ts';
import { findSimulationTarget, type SimulationTarget } from './simulation-target.ts';
import { stylerFor } from './text-style.ts';

/** What a pipe gets, which has no width of its own. */
const PIPE_COLUMNS = 120;

/** Simulates a workflow or a recorded run and prints what came of it. */
export async function simulateCommand(shell: Shell, wanted: string, flags: SimulateFlags): Promise<ExitCode> {
  const { workers: _workers, ...folders } = flags;
  const settings = settingsOf(folders);
  const target = await findSimulationTarget(wanted, settings);
  const report = simulateOnEngine(
    target.workflow,
    settings,
    {
      ...target.defaults,
      ...(flags.workers === undefined ? {} : { workers: flags.workers }),
      ...(flags.mode === undefined ? {} : { mode: flags.mode }),
      ...(flags.maxParallel === undefined ? {} : { maxParallel: flags.maxParallel }),
      ...(flags.planBudget === undefined ? {} : { planBudgetMs: flags.planBudget }),
      set: Object.fromEntries(flags.set ?? []),
    },
    target.facts,
  );
  if (flags.svg !== undefined) await writePicture(flags.svg, target, report);
  if (flags.json === true) shell.stdout.line(JSON.stringify({ ...report, ...recordedFigures(target) }));
  else printReport(shell, target, report, flags.svg);
  return ExitCode.COMPLETED;
}

async function writePicture(path: string, { workflow }: SimulationTarget, report: SimulationReport): Promise<void> {
  const { renderSimulationSvg } = await import('./simulation-svg.ts');
  const { writeOutputFile } = await import('./output-file.ts');
  writeOutputFile(path, renderSimulationSvg(report, workflow));
}

function recordedFigures({ run }: SimulationTarget) {
  return { runId: run?.runId ?? null, recordedSeconds: run?.recordedSeconds ?? null };
}

function printReport(shell: Shell, { run }: SimulationTarget, report: SimulationReport, svg: string | undefined): void {
  const { stdout } = shell;
  const style = stylerFor({ isTTY: stdout.isTerminal }, shell.environment);
  const columns = stdout.isTerminal ? stdout.columns : PIPE_COLUMNS;
  for (const line of simulationLines(report, run, columns, style)) stdout.line(line);
  if (svg !== undefined) stdout.line(style('quiet', `picture in ${svg}`));
}
