// Owns the names of the journal's files within a data directory, and the marker that says that a journal was made there.
// The journal's file itself is never opened here: closing a file that SQLite has open in this process as well would
// drop its locks. The marker makes a journal that has vanished, or is empty, a fault instead of a fresh start.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { corruptFault, storeFault } from './sqlite-faults.ts';

export interface JournalFiles {
  readonly dataDir: string;
  readonly journal: string;
  /** SQLite's write-ahead log of it. */
  readonly log: string;
  readonly marker: string;
  readonly lock: string;
  /** Who holds the lock. */
  readonly owner: string;
  readonly requests: string;
}

export function journalFiles(dataDir: string): JournalFiles {
  return {
    dataDir,
    journal: join(dataDir, 'journal.db'),
    log: join(dataDir, 'journal.db-wal'),
    marker: join(dataDir, 'journal.marker'),
    lock: join(dataDir, 'journal.lock'),
    owner: join(dataDir, 'journal.owner.json'),
    requests: join(dataDir, 'requests.db'),
  };
}

/** @throws RuntimeError DATA_DIR_UNWRITABLE */
export function makeDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    throw storeFault(error, 'open', dataDir);
  }
}

/**
 * Whether there is a journal to open; false = one has yet to be made.
 * @throws RuntimeError JOURNAL_CORRUPT when there was one and it is gone or empty.
 */
export function hasJournal(files: JournalFiles): boolean {
  const size = sizeOf(files.journal);
  if (size > 0) return true;
  if (!existsSync(files.marker)) return false;
  throw corruptFault(
    files.journal,
    size === 0
      ? `it is empty, though ${files.marker} says that a journal was made`
      : `it is gone, though ${files.marker} says that a journal was made; delete that file as well if you mean it`,
  );
}

/** Bytes of a file; −1 when there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? -1;
}

/** Puts the marker in place once the journal is made. */
export function leaveMarker(files: JournalFiles): void {
  if (existsSync(files.marker)) return;
  writeWhole(files.marker, 'A journal was made here: journal.db. Without it, its runs are lost.\n');
}

/** Writes a small file so that it is there as a whole or not at all. */
export function writeWhole(file: string, text: string): void {
  const draft = `${file}.draft`;
  const handle = openSync(draft, 'w');
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
}
