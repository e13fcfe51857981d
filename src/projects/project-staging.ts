// Owns how a project folder comes and goes in one step: it is filled in a folder of its own in the projects folder and
// then renamed into place, or renamed out of its place and then removed. Whatever dies in between leaves a folder that no
// search looks into, and that the next creation or deletion removes.
// Whoever calls holds the lock of the projects folder: what is found of others there belongs to dead ones.

import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isRuntimeError, messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { entryAt, syncPath, syncTree, systemCodeOf } from '../engine/durable-files.ts';
import { existsError, type ProjectPlace } from './project-site.ts';

const STAGING_PREFIX = '.yardmaster-new-';
const REMOVAL_PREFIX = '.yardmaster-gone-';

/**
 * Fills a folder aside and renames it into its place; what `fill` throws, or a death at any moment, leaves nothing there.
 * @throws RuntimeError PROJECT_EXISTS, FILE_UNWRITABLE, and what `fill` throws
 */
export async function publishFolder(
  projectsDir: string,
  { target, base, missing }: ProjectPlace,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const staging = await makeAside(projectsDir, STAGING_PREFIX);
  try {
    // With the folders that lead to it: they too are there whole or not at all.
    const folder = join(staging, ...missing);
    await mkdir(folder, { recursive: true });
    await fill(folder);
    await syncTree(staging);
    const [first] = missing;
    const published = join(base, first);
    // An empty folder would be replaced without a word.
    if ((await entryAt(published)) !== undefined) throw existsError(target);
    await rename(join(staging, first), published);
    await syncPath(base);
  } catch (error) {
    throw publishFault(error, target);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * Takes a folder out of its place in one step, then removes it; links in it are removed and not followed.
 * @throws RuntimeError PROJECT_NOT_FOUND, FILE_UNWRITABLE
 */
export async function removeFolder(projectsDir: string, folder: string): Promise<void> {
  const aside = await makeAside(projectsDir, REMOVAL_PREFIX);
  try {
    await rename(folder, join(aside, basename(folder)));
    await syncPath(dirname(folder));
    await rm(aside, { recursive: true, force: true });
  } catch (cause) {
    await rm(aside, { recursive: true, force: true }).catch(() => {});
    if (systemCodeOf(cause) === 'ENOENT') {
      throw new RuntimeError('PROJECT_NOT_FOUND', `${folder} is gone already`, { details: { folder }, cause });
    }
    throw new RuntimeError(
      'FILE_UNWRITABLE',
      `${folder} cannot be deleted: ${messageOf(cause)}; make it and what it lies in writable, and delete what is left`,
      { details: { folder }, cause },
    );
  }
}

/** Removes what creations and deletions left whose process died. What cannot be removed stays for the next time. */
export async function removeLeftovers(projectsDir: string): Promise<void> {
  for (const entry of await readdir(projectsDir, { withFileTypes: true })) {
    const isOurs = entry.name.startsWith(STAGING_PREFIX) || entry.name.startsWith(REMOVAL_PREFIX);
    if (!isOurs || !entry.isDirectory()) continue;
    await rm(join(projectsDir, entry.name), { recursive: true, force: true }).catch(() => {});
  }
}

async function makeAside(projectsDir: string, prefix: string): Promise<string> {
  try {
    return await mkdtemp(join(projectsDir, prefix));
  } catch (cause) {
    throw unwritable(projectsDir, cause);
  }
}

function publishFault(error: unknown, target: string): RuntimeError {
  if (isRuntimeError(error)) return error;
  const code = systemCodeOf(error);
  if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') return existsError(target);
  return unwritable(target, error);
}

function unwritable(path: string, cause: unknown): RuntimeError {
  const hint =
    systemCodeOf(cause) === 'EXDEV'
      ? 'it is on another disk than the projects folder: choose a path on the same one'
      : 'make room, or make the projects folder writable';
  return new RuntimeError(
    'FILE_UNWRITABLE',
    `${path} cannot be written: ${messageOf(cause)}; nothing is left of it: ${hint}`,
    {
      details: { path },
      cause,
    },
  );
}
