// Owns reading and writing a project's documents: never through a link, never outside of the project, whole or not at all.
// Contents are bytes as Latin-1 text, one character a byte, so that what a person wrote comes back as it was in any encoding.

import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, open, readFile, rename, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { quoteName } from '../domain/near-name.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { systemCodeOf } from '../engine/durable-files.ts';

/** Larger files are not taken for documents. */
const MAX_DOCUMENT_BYTES = 8 * 1024 * 1024;

/** A file's bytes, one character each. */
export type ByteText = string;

/** UTF-8 bytes of a text, one character each. */
export function toByteText(text: string): ByteText {
  return Buffer.from(text.toWellFormed(), 'utf8').toString('latin1');
}

/**
 * A document's content; null where there is none.
 * @throws RuntimeError PROJECT_PATH_INVALID, FILE_UNREADABLE
 */
export async function readDocument(root: string, path: string): Promise<ByteText | null> {
  await checkFolder(root, posix.dirname(path));
  const stats = await statsOf(root, path);
  if (stats === undefined) return null;
  if (stats.isSymbolicLink()) throw linkError(path);
  if (!stats.isFile()) throw unreadable(path, 'it is no file; move it away');
  if (stats.size > MAX_DOCUMENT_BYTES) throw unreadable(path, 'it is larger than 8 MB; is it a document?');
  const bytes = await readFile(join(root, path)).catch((error: unknown) => {
    throw unreadable(path, messageOf(error), error);
  });
  // UTF-16 and UTF-32 have zeros in all that is plain text; to add UTF-8 to such a file would spoil it.
  if (bytes.includes(0)) throw unreadable(path, 'it is no text in an encoding like UTF-8; save it as UTF-8');
  return bytes.toString('latin1');
}

/**
 * Puts a document in place of the one that is there.
 * @throws RuntimeError PROJECT_PATH_INVALID, FILE_UNWRITABLE
 */
export async function writeDocument(root: string, path: string, content: ByteText): Promise<void> {
  await checkFolder(root, posix.dirname(path));
  const stats = await statsOf(root, path);
  if (stats?.isSymbolicLink()) throw linkError(path);
  const target = join(root, path);
  const draft = join(root, posix.dirname(path), `.yardmaster-${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(draft, 'wx', stats === undefined ? 0o666 : stats.mode & 0o777);
    try {
      await file.writeFile(content, 'latin1');
      await file.sync();
    } finally {
      await file.close();
    }
    // Takes the place of a link that has come in between, and does not follow it.
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw new RuntimeError('FILE_UNWRITABLE', `document ${quoteName(path)} cannot be written: ${messageOf(error)}`, {
      cause: error,
      details: { path },
    });
  }
}

/** Whether a relative path is a folder of the project, reached without a link. @throws RuntimeError PROJECT_PATH_INVALID */
export async function isFolderOf(root: string, folder: string): Promise<boolean> {
  const parts = folder.split('/');
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!isPlain || /[\0\\]/.test(folder)) {
    const message = `${quoteName(folder)} is no folder within the project; name one relative to it, such as "docs/guide"`;
    throw new RuntimeError('PROJECT_PATH_INVALID', message, { details: { path: folder } });
  }
  for (let length = 1; length <= parts.length; length++) {
    const path = parts.slice(0, length).join('/');
    const stats = await statsOf(root, path);
    if (stats?.isSymbolicLink()) throw linkError(path);
    if (stats?.isDirectory() !== true) return false;
  }
  return true;
}

async function checkFolder(root: string, folder: string): Promise<void> {
  if (folder === '.' || (await isFolderOf(root, folder))) return;
  throw new RuntimeError('FILE_NOT_FOUND', `folder ${quoteName(folder)} is not in the project; make it first`, {
    details: { path: folder },
  });
}

async function statsOf(root: string, path: string): Promise<Stats | undefined> {
  try {
    return await lstat(join(root, path));
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(path, messageOf(error), error);
  }
}

function linkError(path: string): RuntimeError {
  const message = `${quoteName(path)} is a link, and documents are never written through one; replace it by a file or folder`;
  return new RuntimeError('PROJECT_PATH_INVALID', message, { details: { path } });
}

function unreadable(path: string, why: string, cause?: unknown): RuntimeError {
  const message = `document ${quoteName(path)} cannot be read: ${why}`;
  return new RuntimeError('FILE_UNREADABLE', message, { cause, details: { path } });
}
