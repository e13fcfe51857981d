// Owns `doctor`: says whether this machine and these folders can run workflows, and what to do where not.

import type { DoctorFlags } from './command-tree.ts';
import { type Check, runChecks } from './doctor-checks.ts';
import { ExitCode } from './exit-code.ts';
import { jsonLine } from './json-output.ts';
import type { Shell } from './main.ts';
import { fitToColumns, toPrintableLine } from './printable-text.ts';
import { type StyleName, stylerFor } from './text-style.ts';

const NAME_COLUMNS = 18;
const STYLES = { ok: 'good', warn: 'warning', fail: 'bad' } as const satisfies Record<Check['status'], StyleName>;

/** Runs every check; exit code 1 when one failed. */
export async function doctorCommand(shell: Shell, flags: DoctorFlags): Promise<ExitCode> {
  const style = stylerFor({ isTTY: shell.stdout.isTerminal }, shell.environment);
  let failed = false;
  for await (const check of runChecks(flags)) {
    failed ||= check.status === 'fail';
    if (flags.json === true) {
      shell.stdout.line(jsonLine(check));
      continue;
    }
    const remedy = check.remedy === undefined ? '' : `; ${check.remedy}`;
    const word = style(STYLES[check.status], check.status.padEnd(4));
    shell.stdout.line(`${word} ${fitToColumns(check.name, NAME_COLUMNS)} ${toPrintableLine(check.detail + remedy)}`);
  }
  return failed ? ExitCode.RUN_FAILED : ExitCode.COMPLETED;
}
