// Owns the check of a journal's file before anybody works with it, through a connection that cannot write: whatever is
// wrong with it, the file stays as it is.

import { DatabaseSync } from 'node:sqlite';
import { corruptFault, storeFault } from './sqlite-faults.ts';
import { type JournalFiles, sizeOf } from './sqlite-files.ts';
import { APPLICATION_ID, assertKnownVersion, versionOf } from './sqlite-migrator.ts';
import { numberIn, textIn } from './sqlite-rows.ts';

/** Files up to this size are checked page by page at the start (some 0.2 s); in larger ones what is read is checked. */
const CHECKED_BYTES = 128 * 1_048_576;
const BUSY_WAIT_MS = 5_000;

/**
 * Looks a journal's file through before it is opened for writing.
 * @throws RuntimeError JOURNAL_CORRUPT, JOURNAL_NEWER
 */
export function inspectJournal(files: JournalFiles): void {
  const database = openReadOnly(files);
  try {
    assertJournal(database, files);
    assertWholePages(database, files);
    if (sizeOf(files.journal) > CHECKED_BYTES) return;
    const verdict = textIn(database.prepare('PRAGMA quick_check(1)').get(), 'quick_check');
    if (verdict !== 'ok') throw corruptFault(files.journal, verdict);
  } catch (error) {
    throw storeFault(error, 'read', files.journal);
  } finally {
    database.close();
  }
}

// A last page that was cut short reads as if zeros stood at its end. Only a log that has yet to be moved to the file excuses it.
function assertWholePages(database: DatabaseSync, files: JournalFiles): void {
  const pageBytes = numberIn(database.prepare('PRAGMA page_size').get(), 'page_size');
  const size = sizeOf(files.journal);
  if (size % pageBytes === 0 || sizeOf(files.log) > 0) return;
  throw corruptFault(files.journal, `its last page is cut short: ${size} bytes are no whole number of pages`);
}

/** A connection that cannot write. @throws RuntimeError DATA_DIR_UNWRITABLE, JOURNAL_CORRUPT */
export function openReadOnly(files: JournalFiles): DatabaseSync {
  try {
    return new DatabaseSync(files.journal, { readOnly: true, timeout: BUSY_WAIT_MS });
  } catch (error) {
    throw storeFault(error, 'open', files.journal);
  }
}

/**
 * Whether the file is a journal of a version that is known, and gives the version; 0 for one that is being made.
 * @throws RuntimeError JOURNAL_CORRUPT, JOURNAL_NEWER
 */
export function assertJournal(database: DatabaseSync, files: JournalFiles): number {
  try {
    const version = versionOf(database);
    const application = numberIn(database.prepare('PRAGMA application_id').get(), 'application_id');
    if (application !== APPLICATION_ID && !(version === 0 && application === 0 && isBlank(database))) {
      throw corruptFault(files.journal, 'it is a database, and no journal of Yardmaster');
    }
    assertKnownVersion(version, files.journal);
    return version;
  } catch (error) {
    throw storeFault(error, 'read', files.journal);
  }
}

// As a crash between the making of the file and the first migration leaves it.
function isBlank(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}
