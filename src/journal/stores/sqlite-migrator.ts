// Owns the version of a journal file: which one it has, and the way from an older one to this package's.
// A step is committed together with its version, so that a crash leaves the file at one version or the other.

import type { DatabaseSync } from 'node:sqlite';
import { RuntimeError } from '../../domain/runtime-error.ts';
import { JOURNAL_TABLES } from './sqlite-migrations/0001-journal.ts';
import { DURATION_TABLE } from './sqlite-migrations/0002-durations.ts';
import { numberIn } from './sqlite-rows.ts';

/** Index n leads from version n to version n + 1. */
export const MIGRATIONS: readonly string[] = [JOURNAL_TABLES, DURATION_TABLE];

/** What marks a file as a journal of ours: 'YARD'. */
export const APPLICATION_ID = 0x59_41_52_44;

/** The version of the file; 0 when it holds nothing yet. */
export function versionOf(database: DatabaseSync): number {
  return numberIn(database.prepare('PRAGMA user_version').get(), 'user_version');
}

/** @throws RuntimeError JOURNAL_NEWER when this package does not know the version. */
export function assertKnownVersion(version: number, file: string, known = MIGRATIONS.length): void {
  if (version <= known) return;
  throw new RuntimeError(
    'JOURNAL_NEWER',
    `journal ${file} has version ${version}, and this Yardmaster knows versions up to ${known}: ` +
      'use the Yardmaster that wrote it, or a newer one; the file was left as it is',
    { details: { file, version, known } },
  );
}

/**
 * Brings a file to the newest version, one committed step at a time.
 * @throws RuntimeError JOURNAL_NEWER; errors of the database as they are, with the failed step undone.
 */
export function migrate(database: DatabaseSync, file: string, migrations: readonly string[] = MIGRATIONS): void {
  const from = versionOf(database);
  assertKnownVersion(from, file, migrations.length);
  for (const [index, step] of migrations.entries()) {
    if (index < from) continue;
    database.exec('BEGIN IMMEDIATE');
    try {
      database.exec(step);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      database.exec(`PRAGMA user_version = ${index + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}
