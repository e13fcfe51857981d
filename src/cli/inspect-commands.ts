// Owns the declaration of `inspect`: its flags and its help. What it shows is imported when it is called.

import type { Command } from 'commander';
import { addFolders, examples, type FolderFlags } from './command-flags.ts';
import { usageError } from './error-lines.ts';
import type { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { parseViewer } from './observation-flags.ts';
import { parseFactor } from './option-values.ts';

export interface InspectFlags extends FolderFlags {
  readonly url?: string;
  readonly speed?: number;
}

/** Adds `inspect`. */
export function addInspectCommand(program: Command, shell: Shell, done: (code: ExitCode) => void): void {
  const command = program
    .command('inspect')
    .description('Show a recorded trace in Stately’s inspector: every actor, event and state, as it happened')
    .argument('<trace>', 'file that `run … --trace <file>` wrote')
    .option('--url <url>', 'send it to a viewer that listens at ws://…', (text) => {
      const url = parseViewer(text);
      if (url === true) throw usageError('--url must be the ws:// address of a viewer');
      return url;
    })
    .option('--speed <factor>', 'times as fast as it happened; default 1', (text) => parseFactor('--speed', text));
  addFolders(command).addHelpText(
    'after',
    `${examples(['inspect trace.jsonl', 'inspect trace.jsonl --speed 10', 'inspect trace.jsonl --url ws://127.0.0.1:8080'])}\n\n\`run … --inspect\` shows a run while it goes on; \`dashboard --replay <trace>\` shows a trace without a network.`,
  );
  command.action(async (trace: string, flags: InspectFlags) => {
    const { inspectCommand } = await import('./inspect-command.ts');
    done(await inspectCommand(shell, trace, flags));
  });
}
