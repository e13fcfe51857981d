// Owns the list of the task modules that tasks folders hold: for suggestions, checks and descriptions, never for loading.
// It names what a thread would load: of two files of one name the one that is found first. Links are not followed.

import { type Dirent, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { MODULE_EXTENSIONS } from '../workers/module-loader.ts';

/** A module by the name that steps use, such as `inventory/scan`. */
export interface ListedModule {
  readonly name: string;
  readonly file: string;
}

export interface ListingBounds {
  /** How many folders deep; 0: the tasks folders alone. They may hold whole source trees. */
  readonly deepest: number;
  /** The search ends with the folder in which it finds so many. */
  readonly most: number;
}

/** Declarations, and tests that lie beside what they test. */
const NO_MODULE = /\.(?:d|test)\.[mc]?[jt]s$/;

/** The modules of tasks folders, folder by folder, by name; one that cannot be read has none. */
export function listModules(tasksDirs: readonly string[], bounds: ListingBounds): ListedModule[] {
  const modules = new Map<string, string>();
  for (const dir of tasksDirs) {
    for (const { name, file } of modulesIn(dir, bounds)) if (!modules.has(name)) modules.set(name, file);
    if (modules.size >= bounds.most) break;
  }
  return Array.from(modules, ([name, file]) => ({ name, file }));
}

function modulesIn(root: string, { deepest, most }: ListingBounds): ListedModule[] {
  const found: ListedModule[] = [];
  const folders = [{ path: root, prefix: '', depth: 0 }];
  // Grows under the loop, which goes on to what was added.
  for (const { path, prefix, depth } of folders) {
    if (found.length >= most) break;
    for (const entry of entriesOf(path)) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const file = join(path, entry.name);
      if (entry.isDirectory() && depth < deepest) {
        folders.push({ path: file, prefix: `${prefix}${entry.name}/`, depth: depth + 1 });
      }
      const extension = extname(entry.name);
      const isModule = rankOf(entry.name) >= 0 && !NO_MODULE.test(entry.name);
      if (entry.isFile() && isModule) found.push({ name: prefix + entry.name.slice(0, -extension.length), file });
    }
  }
  return found.sort((a, b) => compare(a.name, b.name) || rankOf(a.file) - rankOf(b.file));
}

function rankOf(file: string): number {
  return MODULE_EXTENSIONS.indexOf(extname(file));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
