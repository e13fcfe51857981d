// Owns one call of the command line: arguments in, exit code out, every error as one line on stderr.
// Loads nothing but the command tree by itself: `--help` must not pay for the engine.

import { CommanderError } from 'commander';
import { createCommandTree } from './command-tree.ts';
import { errorLines, exitCodeOf, usageError } from './error-lines.ts';
import { ExitCode } from './exit-code.ts';
import { withOptionalValues } from './observation-flags.ts';
import { toPrintableLine } from './printable-text.ts';
import { ShellStream } from './shell-stream.ts';

/** When everything has ended and something still keeps the process, it is left all the same. */
const LEAVE_AFTER_MS = 2_000;

/** What every command works with. */
export interface Shell {
  readonly stdout: ShellStream;
  readonly stderr: ShellStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly debug: boolean;
}

/** Runs one command and sets the exit code of the process. */
export async function main(args: readonly string[]): Promise<void> {
  const shell: Shell = {
    stdout: new ShellStream(process.stdout),
    stderr: new ShellStream(process.stderr),
    environment: process.env,
    debug: !['', '0', undefined].includes(process.env.YARDMASTER_DEBUG),
  };
  const crash = (error: unknown): void => {
    printError(shell, error);
    process.exit(ExitCode.RUN_FAILED);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  process.exitCode = await runCommandLine(shell, args);
  setTimeout(() => process.exit(), LEAVE_AFTER_MS).unref();
}

async function runCommandLine(shell: Shell, args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.COMPLETED;
  const program = createCommandTree(shell, (code) => {
    exitCode = code;
  });
  try {
    if (args.length === 0) program.help({ error: true });
    await program.parseAsync(withOptionalValues(args), { from: 'user' });
    if (shell.stdout.fault !== undefined) throw shell.stdout.fault;
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return endOfCommander(shell, error);
    printError(shell, error);
    return exitCodeOf(error);
  }
}

// Commander ends `--help` and `--version` by an error with exit code 0; everything else of its is bad usage.
function endOfCommander(shell: Shell, error: CommanderError): ExitCode {
  if (error.exitCode === 0) return ExitCode.COMPLETED;
  if (error.code === 'commander.help') return ExitCode.BAD_INPUT;
  const message = toPrintableLine(error.message.replace(/^error: /, '').replaceAll('\n', ' '));
  printError(shell, usageError(`${message.replace(/\.$/, '')}; \`yardmaster --help\` lists commands and flags`));
  return ExitCode.BAD_INPUT;
}

function printError(shell: Shell, error: unknown): void {
  for (const line of errorLines(error, shell.debug)) shell.stderr.line(line);
}
