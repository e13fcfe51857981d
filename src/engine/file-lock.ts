// Owns the wait for a lock on a file that other processes respect: work is done by one holder at a time, in this process
// or any other on the machine, and a holder that dies leaves nothing locked.
// Waiters look again after short rests; there is no order among them.

import { lstat } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { RuntimeError } from '../domain/runtime-error.ts';
import { type FileLock, tryLockFile } from '../journal/stores/sqlite-file-lock.ts';

const FIRST_REST_MS = 2;
const LONGEST_REST_MS = 50;

export interface FileLockOptions {
  /** How long to wait for the lock. */
  readonly waitMs: number;
  /** The error when it did not come free in that time. */
  readonly onBusy: () => RuntimeError;
}

/**
 * Does work while holding the lock on a file, which is made where it is missing, and stays.
 * @throws RuntimeError FILE_UNWRITABLE, what `onBusy` gives, and what the work throws
 */
export async function withFileLock<Result>(
  file: string,
  { waitMs, onBusy }: FileLockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const lock = await waitForLock(file, waitMs, onBusy);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function waitForLock(file: string, waitMs: number, onBusy: () => RuntimeError): Promise<FileLock> {
  const endsAtMs = performance.now() + waitMs;
  for (let restMs = FIRST_REST_MS; ; restMs = Math.min(restMs * 2, LONGEST_REST_MS)) {
    await refuseLink(file);
    const lock = tryLockFile(file);
    if (lock !== null) return lock;
    if (performance.now() >= endsAtMs) throw onBusy();
    // Scattered, so that waiters who came together do not keep looking together.
    await rest(restMs * (0.5 + Math.random()));
  }
}

// A link there would have a file made somewhere else.
async function refuseLink(file: string): Promise<void> {
  const entry = await lstat(file).catch(() => undefined);
  if (entry === undefined || entry.isFile()) return;
  throw new RuntimeError('FILE_UNWRITABLE', `the lock ${file} is no plain file; remove what lies there`, {
    details: { file },
  });
}
