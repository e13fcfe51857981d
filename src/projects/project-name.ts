// Owns what a project may be called and where it may be put, as texts: names that every system takes as the name of a
// folder, and that people can tell apart. What is on the disk at that place is the site's business.

import { quoteName } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';

/** A project lies at most this many folders below the projects folder. */
export const MAX_PROJECT_DEPTH = 4;
const MAX_CHARACTERS = 100;
const MAX_BYTES = 200;
const ALLOWED = /^[\p{L}\p{Nd}\p{M}_. -]+$/u;
const UNSEEN = /\p{Default_Ignorable_Code_Point}/u;
/** Names of devices on Windows, whatever follows after a dot. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\.|$)/iu;
/** Never searched for projects: it belongs to package managers. */
const FOREIGN = new Set(['node_modules']);

/**
 * A name, composed (NFC).
 * @throws RuntimeError PROJECT_NAME_INVALID
 */
export function requireProjectName(name: unknown): string {
  const fault = typeof name === 'string' ? nameFault(name) : 'must be a text';
  if (typeof name === 'string' && fault === undefined) return name.normalize('NFC');
  const shown = typeof name === 'string' ? quoteName(name) : `of type ${typeof name}`;
  throw new RuntimeError('PROJECT_NAME_INVALID', `a project cannot be named ${shown}: a name ${fault}`, {
    details: { name: typeof name === 'string' ? name.slice(0, 1_000) : null, fault },
  });
}

/**
 * The parts of a path below the projects folder, composed (NFC).
 * @throws RuntimeError PROJECT_PATH_INVALID
 */
export function requireProjectPath(path: unknown): string[] {
  const fault = typeof path === 'string' ? pathFault(path) : 'must be a text';
  if (typeof path === 'string' && fault === undefined) return path.normalize('NFC').split('/');
  const shown = typeof path === 'string' ? quoteName(path) : `of type ${typeof path}`;
  throw new RuntimeError(
    'PROJECT_PATH_INVALID',
    `a project cannot be put at ${shown}: the path ${fault}; leave it out, and the name is the folder`,
    { details: { path: typeof path === 'string' ? path.slice(0, 1_000) : null, fault } },
  );
}

/** The same for names that some file system, or some reader, takes for the same: case and composition do not count. */
export function nameKey(name: string): string {
  // To capitals first: small letters that share a capital are the same too.
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

/** What is wrong with a name, as it would go on after "a name"; undefined for a sound one. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (name.length > 4 * MAX_CHARACTERS) return `must have at most ${MAX_CHARACTERS} characters`;
  const composed = name.normalize('NFC');
  if (!composed.isWellFormed()) return 'must be whole characters; half of one is in it';
  if (!ALLOWED.test(composed)) return 'may have letters, digits, "_", "-", "." and single spaces, and nothing else';
  if (UNSEEN.test(composed)) return 'must not have characters that cannot be seen';
  if (!/^[\p{L}\p{Nd}]/u.test(composed)) return 'must start with a letter or a digit';
  if (/[. ]$/.test(composed)) return 'must not end in a dot or a space';
  if (composed.includes('  ')) return 'must not have two spaces in a row';
  if ([...composed].length > MAX_CHARACTERS) return `must have at most ${MAX_CHARACTERS} characters`;
  if (Buffer.byteLength(composed) > MAX_BYTES) return `must have at most ${MAX_BYTES} bytes as UTF-8`;
  if (DEVICE.test(composed)) return 'must not be that of a device of some system, such as con, nul or com1';
  if (FOREIGN.has(composed.toLowerCase())) return 'must not be that of a folder of other tools';
  return undefined;
}

function pathFault(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path.length > 4 * MAX_CHARACTERS * MAX_PROJECT_DEPTH) return 'is too long';
  if (path.includes('\0')) return 'must not have a NUL in it';
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) return 'must be relative to the projects folder';
  if (path.includes('\\')) return 'must have "/" between folders, and no backslash';
  const parts = path.split('/');
  if (parts.length > MAX_PROJECT_DEPTH) return `must have at most ${MAX_PROJECT_DEPTH} parts`;
  for (const part of parts) {
    if (part === '.' || part === '..') return 'must not have "." or ".." as a part';
    const fault = nameFault(part);
    if (fault !== undefined) return `has the part ${quoteName(part)}, and a part ${fault}`;
  }
  return undefined;
}
