// Owns the commands about recorded runs, their flags and their help: what a run left behind in the data folder can be
// listed, looked at, gone on with, repeated and steered. Each command's own code is imported when it is called.

import type { Command } from 'commander';
import { addEngineSettings, addFolders, type EngineFlags, examples, type FolderFlags } from './command-flags.ts';
import type { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { addObservation, type ObservationFlags } from './observation-flags.ts';
import { parseAge, parseStanding, parseWholeNumber } from './option-values.ts';
import type { RunStanding } from './run-standing.ts';

const MOST_LISTED_RUNS = 1_000_000;
const RUN_ARGUMENT = 'id of a run, the start of one, or `latest`';

type Done = (code: ExitCode) => void;

export interface RunsFlags extends FolderFlags {
  readonly status?: RunStanding;
  readonly limit?: number;
  /** Milliseconds. */
  readonly prune?: number;
  readonly json?: true;
}

export interface ShowFlags extends FolderFlags {
  readonly all?: true;
  readonly json?: true;
}

export interface ResumeFlags extends EngineFlags, ObservationFlags {
  readonly json?: true;
}

export interface RerunFlags extends EngineFlags, ObservationFlags {
  readonly from?: string;
  readonly fromFailed?: true;
  readonly runId?: string;
  readonly json?: true;
}

export interface CancelFlags extends FolderFlags {
  readonly reason?: string;
}

/** Adds `runs`, `show`, `resume`, `rerun`, `cancel` and `pause`. */
export function addDurableCommands(program: Command, shell: Shell, done: Done): void {
  addRuns(program, shell, done);
  addShow(program, shell, done);
  addResume(program, shell, done);
  addRerun(program, shell, done);
  addCancel(program, shell, done);
  addPause(program, shell, done);
}

function addRuns(program: Command, shell: Shell, done: Done): void {
  const command = program
    .command('runs')
    .description('List recorded runs, newest first, or forget old ones')
    .option('--status <status>', 'only runs that stand so: running, interrupted, failed, …', parseStanding)
    .option('--limit <n>', 'at most so many; default 50', (text) =>
      parseWholeNumber('--limit', text, 1, MOST_LISTED_RUNS),
    )
    .option(
      '--prune <age>',
      'forget runs that ended longer ago, with their artifacts: 30d, 12h, 45m, 90s, 2w',
      (text) => parseAge('--prune', text),
    )
    .option('--json', 'one run a line');
  addFolders(command).addHelpText(
    'after',
    examples(['runs', 'runs --status interrupted', 'runs --limit 1 --json', 'runs --prune 30d']),
  );
  command.action(async (flags: RunsFlags) => {
    const { runsCommand } = await import('./runs-command.ts');
    done(await runsCommand(shell, flags));
  });
}

function addShow(program: Command, shell: Shell, done: Done): void {
  const command = program
    .command('show')
    .description('Show what is recorded of a run: attempts, errors, outputs, and what its tasks wait for')
    .argument('<run>', RUN_ARGUMENT)
    .option('--all', 'every task of a large run, also those that did what they should')
    .option('--json', 'the run, then one task a line, then the summary if it has ended');
  addFolders(command).addHelpText(
    'after',
    examples(['show latest', 'show run-V1StGXR8_Z5j --all', 'show latest --json']),
  );
  command.action(async (wanted: string, flags: ShowFlags) => {
    const { showCommand } = await import('./show-command.ts');
    done(await showCommand(shell, wanted, flags));
  });
}

function addResume(program: Command, shell: Shell, done: Done): void {
  const command = program
    .command('resume')
    .description('Go on with an unfinished run where it was; without an id, with all of them')
    .argument('[run]', `${RUN_ARGUMENT}; it may be paused or parked`)
    .option('--json', 'one event a line on stdout, then a summary');
  addFolders(addEngineSettings(addObservation(command))).addHelpText(
    'after',
    `${examples(['resume', 'resume latest', 'resume run-V1StGXR8_Z5j --tasks ./my-tasks'])}\n\nWhat has completed is not done again; what was under way is tried again.`,
  );
  command.action(async (wanted: string | undefined, flags: ResumeFlags) => {
    const { resumeCommand } = await import('./resume-command.ts');
    done(await resumeCommand(shell, wanted, flags));
  });
}

function addRerun(program: Command, shell: Shell, done: Done): void {
  const command = program
    .command('rerun')
    .description('Repeat an ended run as a new one, whole or from where it failed')
    .argument('<run>', RUN_ARGUMENT)
    .option('--from-failed', 'take over the outputs of all steps that completed')
    .option('--from <step>', 'repeat this step and what depends on it, take over the rest')
    .option('--run-id <id>', 'id of the new run; default: a new one')
    .option('--json', 'one event a line on stdout, then a summary');
  addFolders(addEngineSettings(addObservation(command))).addHelpText(
    'after',
    examples(['rerun latest', 'rerun latest --from-failed', 'rerun run-V1StGXR8_Z5j --from report']),
  );
  command.action(async (wanted: string, flags: RerunFlags) => {
    const { rerunCommand } = await import('./rerun-command.ts');
    done(await rerunCommand(shell, wanted, flags));
  });
}

function addCancel(program: Command, shell: Shell, done: Done): void {
  const command = program
    .command('cancel')
    .description('End an unfinished run for good, also one of another process')
    .argument('<run>', RUN_ARGUMENT)
    .option('--reason <text>', 'why, for the record');
  addFolders(command).addHelpText(
    'after',
    examples(['cancel latest', 'cancel run-V1StGXR8_Z5j --reason "wrong input"']),
  );
  command.action(async (wanted: string, flags: CancelFlags) => {
    const { cancelCommand } = await import('./cancel-command.ts');
    done(await cancelCommand(shell, wanted, flags));
  });
}

function addPause(program: Command, shell: Shell, done: Done): void {
  const command = program
    .command('pause')
    .description('Let an unfinished run start no further task until it is resumed, also one of another process')
    .argument('<run>', RUN_ARGUMENT);
  addFolders(command).addHelpText('after', examples(['pause latest', 'pause run-V1StGXR8_Z5j']));
  command.action(async (wanted: string, flags: FolderFlags) => {
    const { pauseCommand } = await import('./pause-command.ts');
    done(await pauseCommand(shell, wanted, flags));
  });
}
