// Owns `validate`: every fault of every file, told before anything runs.

import { levelGroups } from '../dag/topological-order.ts';
import type { WorkflowFault } from '../domain/workflow-definition.ts';
import { readWorkflowFile } from '../engine/workflow-files.ts';
import type { ValidateFlags } from './command-tree.ts';
import { faultLines } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import { jsonLine } from './json-output.ts';
import type { Shell } from './main.ts';
import { toPrintableLine } from './printable-text.ts';
import { settingsOf } from './shell-config.ts';
import { stylerFor } from './text-style.ts';
import { unknownModules } from './workflow-source.ts';

/** What is known of one file. */
interface Validation {
  readonly file: string;
  readonly faults: readonly WorkflowFault[];
  /** Empty where the graph is not sound. */
  readonly levels: readonly (readonly string[])[];
}

/** Checks each file; exit code 2 when any has a fault. */
export async function validateCommand(shell: Shell, files: readonly string[], flags: ValidateFlags): Promise<ExitCode> {
  const { tasksDirs } = settingsOf(flags);
  let exitCode: ExitCode = ExitCode.COMPLETED;
  for (const file of files) {
    const validation = await validateFile(file, tasksDirs);
    if (validation.faults.length > 0) exitCode = ExitCode.BAD_INPUT;
    if (flags.json === true) shell.stdout.line(validationJson(validation));
    else printValidation(shell, validation);
  }
  return exitCode;
}

async function validateFile(file: string, tasksDirs: readonly string[]): Promise<Validation> {
  const load = await readWorkflowFile(file);
  if (load.kind === 'faulty') return { file, faults: load.faults, levels: [] };
  const { graph } = load.workflow;
  const levels = levelGroups(graph).map((group) => Array.from(group, (index) => graph.names[index] ?? ''));
  return { file, faults: load.locate(unknownModules(load.definition, tasksDirs)), levels };
}

function validationJson({ file, faults, levels }: Validation): string {
  const errors = faults.map(({ code, message, path }) => ({ code, message, path }));
  return jsonLine({ file, ok: faults.length === 0, errors, levels });
}

function printValidation(shell: Shell, { file, faults, levels }: Validation): void {
  const style = stylerFor({ isTTY: shell.stdout.isTerminal }, shell.environment);
  const name = toPrintableLine(file);
  if (faults.length === 0) {
    const steps = levels.reduce((sum, level) => sum + level.length, 0);
    shell.stdout.line(`${style('good', 'ok')} ${name}: ${count(steps, 'step')} in ${count(levels.length, 'level')}`);
    return;
  }
  shell.stdout.line(`${style('bad', 'faulty')} ${name}: ${count(faults.length, 'fault')}`);
  for (const line of faultLines(name, faults, Number.POSITIVE_INFINITY)) shell.stderr.line(line);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
