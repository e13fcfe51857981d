// Owns what the commands' declarations share: the folders that every command takes, the settings of an engine, and the
// form of the examples under each help.

import type { Command } from 'commander';
import { parseWholeNumber } from './option-values.ts';

const MOST_THREADS = 128;
const LONGEST_GRACE_MS = 3_600_000;

/** What every command takes. */
export interface FolderFlags {
  readonly dataDir?: string;
  readonly tasks?: string[];
  readonly workflows?: string;
}

/** What commands take that run tasks in an engine of their own. */
export interface EngineFlags extends FolderFlags {
  readonly workers?: number;
  readonly graceMs?: number;
}

export function addFolders(command: Command): Command {
  return command
    .option('--data-dir <folder>', 'where runs and artifacts are kept; `:memory:` keeps nothing')
    .option('--tasks <folder>', 'folder of task modules (repeatable, looked through in this order)', collectText)
    .option('--workflows <folder>', 'folder of workflow files');
}

export function addEngineSettings(command: Command): Command {
  return command
    .option('--workers <n>', 'threads; default: as many as there are CPUs', (text) =>
      parseWholeNumber('--workers', text, 1, MOST_THREADS),
    )
    .option('--grace-ms <ms>', 'how long a task may take to end itself when it is stopped', (text) =>
      parseWholeNumber('--grace-ms', text, 0, LONGEST_GRACE_MS),
    );
}

/** Calls to learn from, beneath the flags. */
export function examples(calls: readonly string[]): string {
  return `\nExamples:\n${calls.map((call) => `  yardmaster ${call}`).join('\n')}`;
}

function collectText(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
