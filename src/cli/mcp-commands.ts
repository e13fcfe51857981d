// Owns the declaration of `mcp`: its flags and its help. The server itself is imported when it is called.

import type { Command } from 'commander';
import { addEngineSettings, addFolders, type EngineFlags, examples } from './command-flags.ts';
import type { ExitCode } from './exit-code.ts';
import type { Shell } from './main.ts';
import { parsePort } from './option-values.ts';

export interface McpFlags extends EngineFlags {
  readonly http?: number;
  readonly host?: string;
  readonly allowHost?: string[];
  readonly tokenFile?: string;
  readonly allowCommands?: true;
  readonly projects?: string;
}

/** Adds `mcp`. */
export function addMcpCommand(program: Command, shell: Shell, done: (code: ExitCode) => void): void {
  const command = program
    .command('mcp')
    .description('Serve the workflows to AI agents: MCP over stdin and stdout, or over HTTP')
    .option('--http <port>', 'listen for Streamable HTTP on this port, path /mcp; 0 = any free one', (text) =>
      parsePort('--http', text),
    )
    .option('--host <address>', 'address to listen on; default 127.0.0.1; any other than this machine needs a token')
    .option(
      '--allow-host <name>',
      'name besides by which clients and pages may call the server (repeatable)',
      (text: string, before: string[] | undefined) => [...(before ?? []), text],
    )
    .option('--token-file <file>', 'file with the bearer token that clients must send; or set YARDMASTER_MCP_TOKEN')
    .option('--allow-commands', 'let agents make and run steps of core.command: programs of this machine')
    .option('--projects <folder>', 'folder of projects');
  addFolders(addEngineSettings(command)).addHelpText(
    'after',
    `${examples([
      'mcp',
      'mcp --http 8765',
      'mcp --http 8765 --host 0.0.0.0 --token-file ~/.yardmaster-token',
    ])}\n\nOver stdin and stdout it serves one client and ends when that one leaves; stdout holds nothing but the protocol.`,
  );
  command.action(async (flags: McpFlags) => {
    const { runBehindPipe, takeProtocolOutput } = await import('./mcp-pipe.ts');
    const output = takeProtocolOutput();
    // The process that only keeps stdout loads nothing of the engine.
    if (flags.http === undefined && output === undefined) done(await runBehindPipe());
    else {
      const { mcpCommand } = await import('./mcp-command.ts');
      done(await mcpCommand(shell, flags, output));
    }
  });
}
