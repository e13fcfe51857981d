// Owns the flags that let a run be seen from outside while it goes on: dashboard, Stately's inspector, trace and log file.

import type { Command } from 'commander';
import { usageError } from './error-lines.ts';
import { parseWholeNumber } from './option-values.ts';

const LAST_PORT = 65_535;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogFileLevel = (typeof LOG_LEVELS)[number];

export interface ObservationFlags {
  /** A port; 0 = any free one, true = the usual one or the next that is free. */
  readonly dashboard?: number | true;
  /** Where a viewer listens; true = open a server of our own. */
  readonly inspect?: string | true;
  readonly trace?: string;
  readonly log?: string;
  readonly logLevel?: LogFileLevel;
}

// What may stand behind a flag whose value may be left out; anything else there is the next argument.
const OPTIONAL_VALUES: Readonly<Record<string, RegExp>> = { '--dashboard': /^\d+$/, '--inspect': /^wss?:/ };

export function addObservation(command: Command): Command {
  return command
    .option('--dashboard [port]', 'show the run in a browser while it goes on, on 127.0.0.1', parsePort)
    .option(
      '--inspect [url]',
      'show every statechart in Stately’s inspector, or send them to a viewer at ws://…',
      parseViewer,
    )
    .option('--trace <file>', 'record every actor, event and snapshot as JSON lines, for `replay`')
    .option('--log <file>', 'one JSON line for each thing that happens')
    .option('--log-level <level>', `least level of --log: ${LOG_LEVELS.join(', ')}; default info`, parseLogLevel);
}

/** `--dashboard flow.json` is a flag and an argument: says so where the command line alone would not. */
export function withOptionalValues(argv: readonly string[]): string[] {
  return argv.map((argument, index) => {
    const value = OPTIONAL_VALUES[argument];
    return value === undefined || value.test(argv[index + 1] ?? '') ? argument : `${argument}=`;
  });
}

/** A port, or true where none is given. @throws RuntimeError USAGE */
function parsePort(text: string): number | true {
  return text === '' ? true : parseWholeNumber('--dashboard', text, 0, LAST_PORT);
}

/** The address of a viewer, or true where none is given. @throws RuntimeError USAGE */
export function parseViewer(text: string): string | true {
  if (text === '') return true;
  if (URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)) return text;
  throw usageError(`a viewer of statecharts has a ws:// address, and "${text}" is none`);
}

function parseLogLevel(text: string): LogFileLevel {
  for (const level of LOG_LEVELS) if (level === text) return level;
  throw usageError(`--log-level must be one of ${LOG_LEVELS.join(', ')}, not "${text}"`);
}
