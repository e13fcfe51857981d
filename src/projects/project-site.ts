// Owns the place of a new project on the disk: how far the way to it is there already, and whether it may go there.
// It looks and changes nothing. No link on the way is followed: it could lead out of the projects folder.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { quoteName } from '../domain/near-name.ts';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { entryAt, systemCodeOf } from '../engine/durable-files.ts';
import { nameKey } from './project-name.ts';
import { holdsRecord } from './project-store.ts';

/** Where a project will be. */
export interface ProjectPlace {
  readonly target: string;
  /** The part of the way that is there. */
  readonly base: string;
  /** Names of the folders from there on; the last one is the project's. */
  readonly missing: readonly [string, ...string[]];
}

/**
 * The place for a project below the projects folder.
 * @throws RuntimeError PROJECT_EXISTS, PROJECT_PATH_INVALID
 */
export async function findPlace(projectsDir: string, parts: readonly string[]): Promise<ProjectPlace> {
  const target = join(projectsDir, ...parts);
  let base = projectsDir;
  for (const [index, part] of parts.entries()) {
    const next = join(base, part);
    const isLast = index === parts.length - 1;
    const entry = await entryAt(next);
    if (entry === undefined) {
      await refuseTwin(base, part, isLast);
      return { target, base, missing: [part, ...parts.slice(index + 1)] };
    }
    if (entry.isSymbolicLink()) throw pathError(target, `${next} is a link; links are not followed`);
    if (isLast) throw existsError(next);
    if (!entry.isDirectory()) throw pathError(target, `${next} is no folder`);
    if (await holdsRecord(next)) throw pathError(target, `${next} is a project; projects do not lie in each other`);
    base = next;
  }
  throw existsError(target);
}

/** Something is at the place already. */
export function existsError(path: string, twin?: string): RuntimeError {
  const what = twin === undefined ? `${path} is there already` : `${path} cannot be told apart from ${quoteName(twin)}`;
  return new RuntimeError('PROJECT_EXISTS', `${what}; choose another name or path, or delete what is there`, {
    details: { path, ...(twin === undefined ? {} : { twin }) },
  });
}

// Where case or composition counts, two folders; elsewhere, and for people, one.
async function refuseTwin(folder: string, name: string, isLast: boolean): Promise<void> {
  const key = nameKey(name);
  const twin = (await namesIn(folder)).find((each) => nameKey(each) === key);
  if (twin === undefined) return;
  const path = join(folder, name);
  if (isLast) throw existsError(path, twin);
  throw pathError(path, `${join(folder, twin)} is there, and only spelled differently; spell it so`);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    const reason = systemCodeOf(error) === 'ENOTDIR' ? 'it is no folder' : messageOf(error);
    throw new RuntimeError(
      'FILE_UNREADABLE',
      `folder ${folder} cannot be listed: ${reason}; make it readable, or choose another`,
      { details: { folder }, cause: error },
    );
  }
}

function pathError(target: string, fault: string): RuntimeError {
  return new RuntimeError('PROJECT_PATH_INVALID', `no project can be put at ${target}: ${fault}; choose another path`, {
    details: { path: target, fault },
  });
}
