// Owns what lies directly in a project's folder, as its documents list it: in a stable order, bounded, without hidden
// entries, without the generated documents (they would change one another), and without what runs write.

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isProducedDirectory } from './directory-purposes.ts';
import { isDocumentName } from './document-kinds.ts';

/** One entry. A link or a special file is `other`: it is named and not linked to. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'other';
}

/** What a folder holds. */
export interface FolderContents {
  /** Folders first, each kind by name. */
  readonly entries: readonly FolderEntry[];
  /** How many more there are. */
  readonly left: number;
  /** Whether runs write here, so that files are not listed. */
  readonly isProduced: boolean;
}

const MAX_ENTRIES = 200;
const LEFT_OUT = new Set(['node_modules']);

/** Lists a folder, `''` being the project itself; `documented` are the folders with documents of their own. */
export async function listFolder(
  root: string,
  folder: string,
  documented: Pick<ReadonlySet<string>, 'has'>,
): Promise<FolderContents> {
  const isProduced = folder !== '' && isProducedDirectory(folder);
  const found = await readdir(join(root, folder), { withFileTypes: true });
  const isListed = (entry: Dirent) => {
    if (entry.name.startsWith('.') || LEFT_OUT.has(entry.name) || isDocumentName(entry.name)) return false;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (documented.has(path)) return true;
    return !isProduced && !(entry.isDirectory() && isProducedDirectory(path));
  };
  const entries = found.filter(isListed).map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  entries.sort((a, b) => rankOf(a) - rankOf(b) || (a.name < b.name ? -1 : 1));
  return { entries: entries.slice(0, MAX_ENTRIES), left: Math.max(0, entries.length - MAX_ENTRIES), isProduced };
}

function kindOf(entry: Dirent): FolderEntry['kind'] {
  if (entry.isDirectory()) return 'folder';
  return entry.isFile() ? 'file' : 'other';
}

function rankOf({ kind }: FolderEntry): number {
  return kind === 'folder' ? 0 : 1;
}
