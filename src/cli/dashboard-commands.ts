// Owns the declaration of `dashboard`: its flags and its help. The server itself is imported when it is called.

import type { Command } from 'commander';
import { addFolders, examples, type FolderFlags } from './command-flags.ts';
import type { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { parsePort } from './option-values.ts';

export interface DashboardFlags extends FolderFlags {
  readonly port?: number;
  readonly replay?: string;
  readonly json?: true;
}

/** Adds `dashboard`. */
export function addDashboardCommand(program: Command, shell: Shell, done: (code: ExitCode) => void): void {
  const command = program
    .command('dashboard')
    .description('Show the runs of a data folder, past and present, in a browser on this machine')
    .option('--port <n>', 'port on 127.0.0.1; 0 = any free one; default 7331, or the next free one', (text) =>
      parsePort('--port', text),
    )
    .option('--replay <file>', 'show a recorded trace instead (`yardmaster run … --trace <file>` records one)')
    .option('--json', 'say where it is as one JSON object on stdout');
  addFolders(command).addHelpText(
    'after',
    `${examples([
      'dashboard',
      'dashboard --port 8080 --data-dir ./my-data',
      'dashboard --replay night.trace.jsonl',
    ])}\n\nOpen the address that it prints: it carries a token, new at each start. YARDMASTER_DASHBOARD_TOKEN (16 characters or\nmore) fixes the token, for programs that ask for /metrics. Ctrl-C ends it.`,
  );
  command.action(async (flags: DashboardFlags) => {
    const { dashboardCommand } = await import('./dashboard-command.ts');
    done(await dashboardCommand(shell, flags));
  });
}
