// Owns one try at a lock on a file, across processes and within one: SQLite's exclusive lock, held by a connection. The
// system takes it back when the process dies, however it dies. The file stays, empty: whoever removed it while another
// one opens it would let two hold the lock. It never waits; src/engine/file-lock.ts does.

import { DatabaseSync } from 'node:sqlite';
import { messageOf, RuntimeError } from '../../domain/runtime-error.ts';
import { isBusy } from './sqlite-faults.ts';

/** A lock that is held. */
export interface FileLock {
  release(): void;
}

/**
 * Takes the lock on a file, which is made where it is missing; null while another one holds it.
 * @throws RuntimeError FILE_UNWRITABLE
 */
export function tryLockFile(file: string): FileLock | null {
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(file, { timeout: 0 });
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection?.close();
    if (isBusy(error)) return null;
    throw new RuntimeError(
      'FILE_UNWRITABLE',
      `the lock ${file} cannot be taken: ${messageOf(error)}; make its folder writable, or remove what lies at its place`,
      { details: { file }, cause: error },
    );
  }
  const held = connection;
  return { release: () => held.close() };
}
