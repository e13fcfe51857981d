// Owns the flags that let a run be seen from outside while it goes on: dashboard, Stately's inspector, trace and log file.

import type { Command } from 'commander';
import type { EventLogLevel } from '../inspect/event-log.ts';
import { usageError } from './error-lines.ts';
import { parsePort } from './option-values.ts';

/** For the help: to ask src/inspect would load the log for it. */
const LOG_LEVELS: readonly EventLogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

export interface ObservationFlags {
  /** A port; 0 = any free one, true = the usual one or the next that is free. */
  readonly dashboard?: number | true;
  /** Where a viewer listens; true = open a server of our own. */
  readonly inspect?: string | true;
  readonly trace?: string;
  readonly log?: string;
  readonly logLevel?: EventLogLevel;
}

// What may stand behind a flag whose value may be left out; anything else there is the next argument.
const OPTIONAL_VALUES: Readonly<Record<string, RegExp>> = { '--dashboard': /^\d+$/, '--inspect': /^wss?:/ };

export function addObservation(command: Command): Command {
  return command
    .option('--dashboard [port]', 'show the run in a browser while it goes on, on 127.0.0.1', parseDashboard)
    .option(
      '--inspect [url]',
      'show every statechart in Stately’s inspector, or send them to a viewer at ws://…',
      parseViewer,
    )
    .option(
      '--trace <file>',
      'record every actor, event and snapshot as JSON lines, for `dashboard --replay` and `inspect`',
    )
    .option('--log <file>', 'one JSON line for each thing that happens')
    .option('--log-level <level>', `least level of --log: ${LOG_LEVELS.join(', ')}; default info`, parseLogLevel);
}

/** `--dashboard flow.json` is a flag and an argument: says so where the command line alone would not. */
export function withOptionalValues(argv: readonly string[]): string[] {
  // Behind `--` there are no flags any more.
  const end = argv.indexOf('--');
  return argv.map((argument, index) => {
    const value = end >= 0 && index > end ? undefined : OPTIONAL_VALUES[argument];
    return value === undefined || value.test(argv[index + 1] ?? '') ? argument : `${argument}=`;
  });
}

/** A port, or true where none is given. @throws RuntimeError USAGE */
function parseDashboard(text: string): number | true {
  return text === '' ? true : parsePort('--dashboard', text);
}

/** The address of a viewer, or true where none is given. @throws RuntimeError USAGE */
export function parseViewer(text: string): string | true {
  if (text === '') return true;
  if (URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)) return text;
  throw usageError(`a viewer of statecharts has a ws:// address, and "${text}" is none`);
}

function parseLogLevel(text: string): EventLogLevel {
  for (const level of LOG_LEVELS) if (level === text) return level;
  throw usageError(`--log-level must be one of ${LOG_LEVELS.join(', ')}, not "${text}"`);
}
