// Owns the way from what SQLite and the file system throw to the errors of the journal: code, what happened, what to do.

import { isRuntimeError, messageOf, RuntimeError } from '../../domain/runtime-error.ts';

/** What was being done when the error came. */
export type StoreDeed = 'read' | 'write' | 'open';

// Primary result codes: https://www.sqlite.org/rescode.html
const PERMISSION = 3;
const READ_ONLY = 8;
const INPUT_OUTPUT = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;
const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT', 'ENOSPC', 'EDQUOT', 'EISDIR']);

/** The journal's error for anything that a file or the database threw; one that is ours already stays as it is. */
export function storeFault(error: unknown, deed: StoreDeed, file: string): RuntimeError {
  if (isRuntimeError(error)) return error;
  switch (primaryCode(error)) {
    case CORRUPT:
    case NOT_A_DATABASE:
      return corruptFault(file, messageOf(error), error);
    case FULL:
      return deed === 'open' ? unwritableFault(file, error) : writeFault(file, 'the disk is full', error);
    case READ_ONLY:
    case PERMISSION:
    case CANNOT_OPEN:
      return deed === 'write' ? writeFault(file, messageOf(error), error) : unwritableFault(file, error);
    case INPUT_OUTPUT:
      return deed === 'read' ? corruptFault(file, messageOf(error), error) : writeFault(file, messageOf(error), error);
    default:
      break;
  }
  if (deed === 'open' && UNWRITABLE.has(systemCode(error))) return unwritableFault(file, error);
  return deed === 'read' ? corruptFault(file, messageOf(error), error) : writeFault(file, messageOf(error), error);
}

/** The file is damaged, or no journal. */
export function corruptFault(file: string, fault: string, cause?: unknown): RuntimeError {
  return new RuntimeError(
    'JOURNAL_CORRUPT',
    `journal ${file} is damaged: ${fault}. Nothing was changed: put a backup of the whole data directory in its place, ` +
      'or move the directory away to begin anew',
    { details: { file, fault }, ...(cause === undefined ? {} : { cause }) },
  );
}

function writeFault(file: string, fault: string, cause: unknown): RuntimeError {
  return new RuntimeError(
    'JOURNAL_WRITE_FAILED',
    `journal ${file} cannot be written: ${fault}. What was reported as done is in it; make room or repair the disk, ` +
      'then start again, and unfinished runs go on from there',
    { details: { file, fault }, cause },
  );
}

function unwritableFault(file: string, cause: unknown): RuntimeError {
  return new RuntimeError(
    'DATA_DIR_UNWRITABLE',
    `${file} cannot be made or written: ${messageOf(cause)}. Choose another data directory (':memory:' keeps nothing), or ` +
      'give this user the right to write in it and room on its disk',
    { details: { file }, cause },
  );
}

/** Whether the error says that someone else holds the lock. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === 5 || code === 6;
}

function primaryCode(error: unknown): number {
  const code: unknown = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : 0;
}

function systemCode(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
