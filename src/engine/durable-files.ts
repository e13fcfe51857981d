// Owns files and folders that outlast a power loss: a file appears whole or not at all, and a folder's content is on disk
// before the folder is given its name. Never follows a link.

import { type FileHandle, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';

/** Files that are brought to disk at a time. */
const AT_ONCE = 16;
/** What systems say that cannot bring a folder to disk; they see to it themselves. */
const UNSYNCABLE: ReadonlySet<string> = new Set(['EINVAL', 'ENOTSUP', 'EPERM', 'EISDIR', 'EBADF', 'EACCES']);

/** Replaces a file by a text. One writer at a time: what a killed one left is overwritten by the next. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.draft`;
  await rm(draft, { force: true });
  await writeNew(draft, text);
  try {
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncPath(dirname(file));
}

/** Makes a file and brings its text to disk; fails on anything that is at that place, a link too. */
export async function writeNew(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Brings all files and folders below a folder to disk, itself included. */
export async function syncTree(folder: string): Promise<void> {
  const files: string[] = [];
  const folders = [folder];
  // Grows under the loop, which goes on to what was added.
  for (const each of folders) {
    for (const entry of await readdir(each, { withFileTypes: true })) {
      if (entry.isDirectory()) folders.push(join(each, entry.name));
      else if (entry.isFile()) files.push(join(each, entry.name));
    }
  }
  const turns = files.values();
  const worker = async () => {
    for (const file of turns) await syncPath(file);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const each of folders.reverse()) await syncPath(each);
}

/**
 * What lies at a path, itself and not what it links to; undefined where nothing does.
 * @throws RuntimeError FILE_UNREADABLE where that cannot be told
 */
export async function entryAt(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return undefined;
    throw new RuntimeError(
      'FILE_UNREADABLE',
      `${path} cannot be looked at: ${messageOf(error)}; check the folders that lead there`,
      { details: { path }, cause: error },
    );
  }
}

/** The code of what the system threw; empty for anything else. */
export function systemCodeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
}

/** Brings a file, or the names in a folder, to disk, where the system lets one. */
export async function syncPath(path: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if (UNSYNCABLE.has(systemCodeOf(error))) return;
    throw error;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!UNSYNCABLE.has(systemCodeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}
