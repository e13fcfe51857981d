// Owns the lock on a data directory: one engine at a time, across processes and within one.
// It is SQLite's exclusive lock on a file of its own, held by a connection for as long as the engine lives: the system
// takes it back when the process dies, however it dies, and readers of the journal never meet it. Who holds it stands in
// a file beside it, for the message only: the lock decides.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { RuntimeError } from '../../domain/runtime-error.ts';
import { isBusy, storeFault } from './sqlite-faults.ts';
import { type JournalFiles, journalFiles, writeWhole } from './sqlite-files.ts';

/** Whoever asks `engineOf` holds a shared lock for a moment; an engine that starts waits for it this long. */
const LOCK_WAIT_MS = 250;

const ownerSchema = z.object({ pid: z.int(), sinceMs: z.number() });

/** The process whose engine works on a data directory. */
export interface EngineOwner {
  /** 0 where it is not known. */
  readonly pid: number;
  /** Epoch milliseconds; 0 where it is not known. */
  readonly sinceMs: number;
}

export interface DataDirLock {
  release(): void;
}

/**
 * Takes a data directory for this engine.
 * @throws RuntimeError DATA_DIR_LOCKED naming the process that has it; DATA_DIR_UNWRITABLE
 */
export function lockDataDir(files: JournalFiles, sinceMs: number): DataDirLock {
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(files.lock, { timeout: LOCK_WAIT_MS });
    connection.exec('BEGIN EXCLUSIVE');
    writeWhole(files.owner, JSON.stringify({ pid: process.pid, sinceMs }));
  } catch (error) {
    connection?.close();
    throw isBusy(error) ? lockedFault(files, readOwner(files.owner)) : storeFault(error, 'open', files.lock);
  }
  const held = connection;
  return {
    release: () => {
      try {
        rmSync(files.owner, { force: true });
      } finally {
        // The lock is what counts: it goes whatever happens to the file that tells of it.
        held.close();
      }
    },
  };
}

/**
 * The live engine that works on a data directory; null when there is none. Takes nothing away from it, nor from one
 * that is just starting.
 * @throws RuntimeError DATA_DIR_UNWRITABLE when the lock's file cannot be looked at.
 */
export function engineOf(dataDir: string): EngineOwner | null {
  const files = journalFiles(dataDir);
  if (!existsSync(files.lock)) return null;
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(files.lock, { readOnly: true, timeout: 0 });
    connection.prepare('SELECT count(*) FROM sqlite_schema').get();
    return null;
  } catch (error) {
    if (isBusy(error)) return readOwner(files.owner);
    throw storeFault(error, 'open', files.lock);
  } finally {
    connection?.close();
  }
}

function readOwner(file: string): EngineOwner {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return { pid: 0, sinceMs: 0 };
  }
}

function lockedFault(files: JournalFiles, { pid, sinceMs }: EngineOwner): RuntimeError {
  const who = pid === 0 ? 'another engine' : `the engine of process ${pid}`;
  const since = sinceMs === 0 ? '' : ` since ${new Date(sinceMs).toISOString()}`;
  return new RuntimeError(
    'DATA_DIR_LOCKED',
    `data directory ${files.dataDir} is in use by ${who}${since}: let it finish or end it, or choose another data directory`,
    { details: { dataDir: files.dataDir, pid, sinceMs } },
  );
}
