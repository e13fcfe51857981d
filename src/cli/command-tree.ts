// Owns the commands, their flags and their help. Each command's own code is imported when it is called, not before.

import { Command } from 'commander';
import { addEngineSettings, addFolders, type EngineFlags, examples, type FolderFlags } from './command-flags.ts';
import { addDashboardCommand } from './dashboard-commands.ts';
import { addDurableCommands } from './durable-commands.ts';
import type { ExitCode } from './exit-code.ts';
import { addInspectCommand } from './inspect-commands.ts';
import type { Shell } from './main.ts';
import { addMcpCommand } from './mcp-commands.ts';
import { addObservation, type ObservationFlags } from './observation-flags.ts';
import { parseAmount, parseFactor, parseMode, parseParameter, parseWholeNumber } from './option-values.ts';
import { packageVersion } from './package-version.ts';
import { addProjectCommands } from './project-commands.ts';

const MOST_PARALLEL = 1_000_000;
/** Of a simulation: more than any machine has. */
const MOST_SIMULATED_THREADS = 10_000;
const LONGEST_PLANNING_MS = 600_000;
/** The formats of `graph`. */
export const GRAPH_FORMATS = ['mermaid', 'dot', 'json', 'svg'] as const;
/** What `graph --machine` knows, for its help: to ask src/inspect would load every machine for it. */
export const GRAPH_MACHINES = [
  'task',
  'workflow',
  'session',
  'project',
  'dispatcher',
  'worker-pool',
  'resource-manager',
  'journal',
] as const;

/** The whole command tree; `done` is given the exit code of the command that ran. */
export function createCommandTree(shell: Shell, done: (code: ExitCode) => void): Command {
  const program = new Command('yardmaster');
  program
    .description('Runs workflows of CPU-heavy tasks on threads, in the order of their dependencies, within capacity.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .addHelpText('after', examples(['run source-inventory', 'run my-flow.json --param input=data.csv', 'doctor']))
    .addHelpText('after', '\nExit codes: 0 completed, 1 the run failed, 2 bad input or usage, 130 interrupted.');
  addRun(program, shell, done);
  addDurableCommands(program, shell, done);
  addValidate(program, shell, done);
  addGraph(program, shell, done);
  addSimulate(program, shell, done);
  addProjectCommands(program, shell, done);
  addDashboardCommand(program, shell, done);
  addInspectCommand(program, shell, done);
  addMcpCommand(program, shell, done);
  addDoctor(program, shell, done);
  addBench(program, shell, done);
  // Only the first line goes through `error CODE: …`, so commander must print nothing of its errors itself.
  silence(program);
  return program;
}

function silence(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => {} });
  for (const inner of command.commands) silence(inner);
}

function addRun(program: Command, shell: Shell, done: (code: ExitCode) => void): void {
  const command = program
    .command('run')
    .description('Run a workflow: a file, or the name of one in the workflows folder')
    .argument('<workflow>', 'workflow file or name')
    .option(
      '--param <key=value>',
      'run parameter; JSON where it is JSON, text otherwise (repeatable)',
      collectParameter,
    )
    .option('--params <file>', 'JSON file with an object of run parameters')
    .option('--mode <mode>', 'sequential, parallel, priority or resource_aware', parseMode)
    .option('--max-parallel <n>', 'most tasks at once', (text) =>
      parseWholeNumber('--max-parallel', text, 1, MOST_PARALLEL),
    )
    .option('--run-id <id>', 'id of the run; default: a new one; given twice, it is the same run')
    .option(
      '--time-scale <factor>',
      'multiply all durations of the file: 0.001 turns seconds into milliseconds',
      (text) => parseFactor('--time-scale', text),
    )
    .option('--json', 'one event a line on stdout, then a summary');
  addFolders(addEngineSettings(addObservation(command))).addHelpText(
    'after',
    `${examples([
      'run source-inventory',
      'run source-inventory --param root=/some/folder',
      'run flow.json --param limit=10 --param \'tags=["a","b"]\' --param \'id="007"\'',
      'run flow.json --tasks ./my-tasks --workers 4 --mode priority',
      'run flow.json --json | tail -1',
      'run flow.json --dashboard',
      'run flow.json --inspect --trace flow-trace.jsonl',
    ])}\n\nCtrl-C lets running tasks finish and starts no new ones; Ctrl-C again stops them now. Either way \`yardmaster resume\`\ngoes on where the run was.`,
  );
  command.action(async (target: string, flags: RunFlags) => {
    const { runCommand } = await import('./run-command.ts');
    done(await runCommand(shell, target, flags));
  });
}

function addValidate(program: Command, shell: Shell, done: (code: ExitCode) => void): void {
  const command = program
    .command('validate')
    .description('Check workflow files and print every fault with its place')
    .argument('<file...>', 'workflow files')
    .option('--json', 'one object a file and line');
  addFolders(command).addHelpText(
    'after',
    examples(['validate flow.json', 'validate config/workflows/production/*.json --json']),
  );
  command.action(async (files: string[], flags: ValidateFlags) => {
    const { validateCommand } = await import('./validate-command.ts');
    done(await validateCommand(shell, files, flags));
  });
}

function addGraph(program: Command, shell: Shell, done: (code: ExitCode) => void): void {
  const command = program
    .command('graph')
    .description('Print the task graph of a workflow or of a recorded run, or the statechart of a machine')
    .argument('[workflow]', 'workflow file or name; or the id of a run where no workflow has this name')
    .option('--run <run>', 'a recorded run, states marked: its id, the start of one, or `latest`')
    .option('--machine <name>', `the statechart of ${GRAPH_MACHINES.join(', ')}`)
    .option('--format <format>', `one of ${GRAPH_FORMATS.join(', ')}; of a machine all but dot`, 'mermaid');
  addFolders(command).addHelpText(
    'after',
    `${examples([
      'graph flow.json',
      'graph flow.json --format dot | dot -Tpng -o flow.png',
      'graph flow --format svg > flow.svg',
      'graph --run latest --format svg > run.svg',
      'graph --run latest --format json',
      'graph --machine task --format svg > task.svg',
      'graph --machine workflow --format json > workflow.machine.json',
    ])}\n\nThe JSON of a machine is a configuration for XState's createMachine, which Stately's editor imports.`,
  );
  command.action(async (target: string | undefined, flags: GraphFlags) => {
    const { graphCommand } = await import('./graph-command.ts');
    done(await graphCommand(shell, target, flags));
  });
}

function addSimulate(program: Command, shell: Shell, done: (code: ExitCode) => void): void {
  const command = program
    .command('simulate')
    .description('Work out how a run would go, without running it: a workflow, or a recorded run on other threads')
    .argument('<workflow|run>', 'workflow file or name; or the id of an ended run, the start of one, or `latest`')
    .option('--workers <n>', 'threads; default: as many as there are CPUs', (text) =>
      parseWholeNumber('--workers', text, 1, MOST_SIMULATED_THREADS),
    )
    .option('--mode <mode>', 'sequential, parallel, priority or resource_aware', parseMode)
    .option('--max-parallel <n>', 'most tasks at once', (text) =>
      parseWholeNumber('--max-parallel', text, 1, MOST_PARALLEL),
    )
    .option('--set <resource=amount>', 'another capacity of a resource (repeatable)', collectAmount)
    .option('--plan-budget <ms>', 'milliseconds that planning may take; 0 = no plan', (text) =>
      parseWholeNumber('--plan-budget', text, 0, LONGEST_PLANNING_MS),
    )
    .option('--svg <file>', 'write a Gantt chart')
    .option('--json', 'one object: times, bounds, critical path, every task');
  addFolders(command).addHelpText(
    'after',
    examples([
      'simulate flow.json',
      'simulate flow.json --workers 8 --set gpu=2 --svg flow.svg',
      'simulate nightly --mode priority --json',
      'simulate latest --workers 8',
    ]),
  );
  command.action(async (target: string, flags: SimulateFlags) => {
    const { simulateCommand } = await import('./simulate-command.ts');
    done(await simulateCommand(shell, target, flags));
  });
}

function addDoctor(program: Command, shell: Shell, done: (code: ExitCode) => void): void {
  const command = program
    .command('doctor')
    .description('Check that this machine and these folders can run workflows')
    .option('--json', 'one check a line');
  addFolders(command).addHelpText('after', examples(['doctor', 'doctor --tasks ./my-tasks --json']));
  command.action(async (flags: DoctorFlags) => {
    const { doctorCommand } = await import('./doctor-command.ts');
    done(await doctorCommand(shell, flags));
  });
}

function addBench(program: Command, shell: Shell, done: (code: ExitCode) => void): void {
  const command = program
    .command('bench')
    .description('Run the benchmarks of a checkout')
    .argument('[name]', 'one benchmark; default: all')
    .addHelpText('after', examples(['bench', 'bench dispatch']));
  addFolders(command);
  command.action(async (name: string | undefined) => {
    const { benchCommand } = await import('./bench-command.ts');
    done(await benchCommand(shell, name));
  });
}

export interface RunFlags extends EngineFlags, ObservationFlags {
  readonly param?: ReturnType<typeof parseParameter>[];
  readonly params?: string;
  readonly mode?: ReturnType<typeof parseMode>;
  readonly maxParallel?: number;
  readonly runId?: string;
  readonly timeScale?: number;
  readonly json?: true;
}

export interface ValidateFlags extends FolderFlags {
  readonly json?: true;
}

export interface GraphFlags extends FolderFlags {
  readonly run?: string;
  readonly machine?: string;
  readonly format: string;
}

export interface SimulateFlags extends FolderFlags {
  readonly workers?: number;
  readonly mode?: ReturnType<typeof parseMode>;
  readonly maxParallel?: number;
  readonly set?: ReturnType<typeof parseAmount>[];
  readonly planBudget?: number;
  readonly svg?: string;
  readonly json?: true;
}

export interface DoctorFlags extends FolderFlags {
  readonly json?: true;
}

function collectParameter(text: string, before: RunFlags['param']): NonNullable<RunFlags['param']> {
  return [...(before ?? []), parseParameter(text)];
}

function collectAmount(text: string, before: SimulateFlags['set']): NonNullable<SimulateFlags['set']> {
  return [...(before ?? []), parseAmount(text)];
}
