// Owns data directories for tests of the SQLite store, journals opened in them, and child processes that work on them.
// Everything is closed, ended and removed after each test.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { type DurableJournal, openSqliteJournal } from '../../../src/journal/stores/sqlite.ts';
import type { Durability } from '../../../src/journal/stores/sqlite-writer-protocol.ts';
import { ManualTimers } from '../../support/manual-timers.ts';

const CHILD = fileURLToPath(new URL('fixtures/journal-child.ts', import.meta.url));

export interface JournalFolder {
  /** A new empty data directory. */
  make(): Promise<string>;
  open(dataDir: string, durability?: Durability): Promise<DurableJournal>;
  /** Runs the child in a mode; `shell` puts a command such as a limit before it. */
  start(mode: string, dataDir: string, shell?: string): JournalChild;
}

/** A process that works on a journal; it prints one JSON value a line. */
export interface JournalChild {
  readonly pid: number;
  lines: AsyncIterator<string>;
  /** SIGKILL, and waits until the process is gone. */
  kill(): Promise<void>;
  /** Everything it prints from now on, once it has ended by itself. */
  rest(): Promise<string[]>;
}

export function journalFolder(): JournalFolder {
  const folders: string[] = [];
  const journals: DurableJournal[] = [];
  const children: JournalChild[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) await child.kill();
    for (const journal of journals.splice(0)) await journal.close();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });
  return {
    make: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'journal-'));
      folders.push(folder);
      return folder;
    },
    open: async (dataDir, durability = 'full') => {
      const journal = await openSqliteJournal({ dataDir, durability, clock: new ManualTimers() });
      journals.push(journal);
      return journal;
    },
    start: (mode, dataDir, shell) => {
      const child = startChild(mode, dataDir, shell);
      children.push(child);
      return child;
    },
  };
}

function startChild(mode: string, dataDir: string, shell: string | undefined): JournalChild {
  const args = [CHILD, mode, dataDir];
  const stdio = ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit'];
  const child: ChildProcessByStdio<null, Readable, null> =
    shell === undefined
      ? spawn(process.execPath, args, { stdio })
      : spawn('sh', ['-c', `${shell} && exec "$0" "$@"`, process.execPath, ...args], { stdio });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    lines,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    rest: async () => {
      const rest: string[] = [];
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) rest.push(line.value);
      await ended;
      return rest;
    },
  };
}
