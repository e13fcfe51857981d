// Owns the check of single values of a row. By hand and without a schema library, so that the writer thread, which every
// start waits for, has little to load.

import { RuntimeError } from '../../domain/runtime-error.ts';

type Row = Readonly<Record<string, unknown>> | undefined;

/** @throws RuntimeError JOURNAL_CORRUPT when it is not there or no number. */
export function numberIn(row: Row, column: string): number {
  const value = row?.[column];
  if (typeof value === 'number') return value;
  throw new RuntimeError('JOURNAL_CORRUPT', `the journal gave ${typeof value} for ${column} instead of a number`);
}

/** @throws RuntimeError JOURNAL_CORRUPT when it is not there or no text. */
export function textIn(row: Row, column: string): string {
  const value = row?.[column];
  if (typeof value === 'string') return value;
  throw new RuntimeError('JOURNAL_CORRUPT', `the journal gave ${typeof value} for ${column} instead of text`);
}
