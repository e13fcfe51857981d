// Owns what a path within a template may be: a place inside of the project on every system, and none that is kept for
// something else. It looks at texts only; where links of the file system lead is the business of who opens files.

import { quoteName } from '../domain/near-name.ts';
import { RECORD_FOLDER, WORKFLOW_FOLDER } from './project-store.ts';

/** The folder of a project's own templates of documents, the one place in the record folder that a template may fill. */
export const DOCUMENTS_FOLDER = `${RECORD_FOLDER}/documents`;
/** The name that the first users of this file format have for the record folder. */
const FORMER_RECORD_FOLDER = '.codomyrmex';
/** Where a project keeps its task modules. */
export const TASKS_FOLDER = 'tasks';
/** Written from the template's `default_config`. */
export const CONFIG_FILE = 'config/project.json';

const MOST_CHARACTERS = 500;
const MOST_PART_BYTES = 200;
const UNUSABLE = /[<>:"|?*\\\p{Cc}]/u;
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\.|$)/i;
const FOREIGN = new Set(['.git', 'node_modules']);

/** A folder as it is used: without slash at its end, the record folder under today's name. */
export function normalizeFolder(folder: string): string {
  const bare = folder.replace(/\/$/, '').normalize('NFC');
  const [first, ...rest] = bare.split('/');
  return first === FORMER_RECORD_FOLDER ? [RECORD_FOLDER, ...rest].join('/') : bare;
}

/** Why a text is no relative path that stays inside of a project on every system; undefined if it is one. */
export function pathFault(path: string): string | undefined {
  const shown = quoteName(path);
  if (path === '') return 'must not be empty';
  if (path.length > MOST_CHARACTERS) return `is longer than ${MOST_CHARACTERS} characters; shorten it`;
  if (!path.isWellFormed() || path.includes('\ufffd')) return `${shown} holds what is no character; rename it`;
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) return `${shown} is absolute; write it relative to the project`;
  if (path.includes('\\')) return `${shown} has a backslash; separate folders by "/"`;
  for (const part of path.split('/')) {
    const fault = partFault(part);
    if (fault !== undefined) return `${shown} ${fault}`;
  }
  return undefined;
}

/** The same for a folder, which may end in a slash, lie in the record folder, or be it. */
export function folderFault(folder: string): string | undefined {
  return pathFault(folder.length > 1 ? folder.replace(/\/$/, '') : folder);
}

/** The same for a file that a template ships, which must leave alone what the project keeps for itself. */
export function fileFault(path: string): string | undefined {
  const fault = pathFault(path);
  if (fault !== undefined) return fault;
  const folded = foldPath(path);
  if (`${WORKFLOW_FOLDER}/`.startsWith(`${folded}/`) || folded === TASKS_FOLDER) {
    return `${quoteName(path)} is a folder in every project; rename the file`;
  }
  if (`${folded}/`.startsWith(`${CONFIG_FILE}/`))
    return `${quoteName(path)} is written from "default_config"; put its content there`;
  const isRecord = [RECORD_FOLDER, FORMER_RECORD_FOLDER].some((kept) => `${folded}/`.startsWith(`${kept}/`));
  if (!isRecord || folded.startsWith(`${DOCUMENTS_FOLDER}/`)) return undefined;
  return `${quoteName(path)} lies in the folder of the project's own record; put it elsewhere`;
}

/** The same for a folder that a template makes: the record folder itself, or one that files may be put in. */
export function directoryFault(folder: string): string | undefined {
  const fault = folderFault(folder);
  if (fault !== undefined) return fault;
  const normal = normalizeFolder(folder);
  return foldPath(normal) === RECORD_FOLDER ? undefined : fileFault(`${normal}/x`);
}

/** Two paths with the same folded form are one place on some file systems. */
export function foldPath(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

function partFault(part: string): string | undefined {
  if (part === '') return 'has an empty part; write one "/" between names';
  if (part === '..' || part === '.') return `has the part "${part}", which leads out of or nowhere; write it without`;
  const unusable = UNUSABLE.exec(part)?.[0];
  if (unusable !== undefined) return `has ${quoteName(unusable)}, which not every system allows in a name; rename it`;
  if (/[. ]$/.test(part) || part.startsWith(' '))
    return 'has a part that starts or ends with a blank or ends with a dot';
  if (DEVICE.test(part)) return `has the part ${quoteName(part)}, which is the name of a device; rename it`;
  if (FOREIGN.has(part.toLowerCase())) return `has the part ${quoteName(part)}, which other tools own; leave it out`;
  if (part.toLowerCase().startsWith('.yardmaster-')) return `has the part ${quoteName(part)}, a name kept for building`;
  if (Buffer.byteLength(part) > MOST_PART_BYTES) return `has a part of more than ${MOST_PART_BYTES} bytes; shorten it`;
  return undefined;
}
