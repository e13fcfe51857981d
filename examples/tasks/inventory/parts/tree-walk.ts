// Owns walking a source tree: which entries are files of the inventory and which are skipped, and why.
// Deterministic whatever order the file system lists in. Must never follow a symlink, open a file, or fail for one entry.

import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { systemErrorCode } from './inventory-error.ts';
import { comparePaths, type ListedFile, type SkippedEntry } from './rows.ts';

/** Kernel views that look like trees and have no content of their own. */
const KERNEL_FOLDERS: ReadonlySet<string> = new Set(['/proc', '/sys', '/dev', '/run']);

export interface WalkOptions {
  /** Absolute. */
  readonly root: string;
  /** Names of directories that are left out wherever they are. */
  readonly excludedNames: ReadonlySet<string>;
  /**
   * Names of directories and absolute paths of files that runs of this workflow make: left out without a word, or the
   * second run would differ from the first.
   */
  readonly ownNames: ReadonlySet<string>;
  readonly ownPaths: ReadonlySet<string>;
}

export interface WalkProgress {
  readonly directories: number;
  readonly pending: number;
  readonly files: number;
  readonly bytes: number;
  readonly current: string;
}

export interface Walk {
  /** By path. */
  readonly files: ListedFile[];
  /** By path. */
  readonly skipped: SkippedEntry[];
  /** Directories that hold a file, directly or further down. */
  readonly directories: number;
  readonly bytes: number;
}

interface FoundFile {
  readonly path: string;
  readonly size: number;
  /** Set when the inode has more than one name. */
  readonly inode: string | undefined;
}

/** Walks the tree; `onDirectory` is called before each directory, so that the caller can stop or report. */
export async function walkTree(
  options: WalkOptions,
  onDirectory: (progress: () => WalkProgress) => Promise<void> | undefined,
): Promise<Walk> {
  const found: FoundFile[] = [];
  const skipped: SkippedEntry[] = [];
  const pending = [''];
  let directories = 0;
  let bytes = 0;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const current = folder;
    const waiting = onDirectory(() => ({
      directories,
      pending: pending.length + 1,
      files: found.length,
      bytes,
      current,
    }));
    if (waiting !== undefined) await waiting;
    const entries = listFolder(options.root, folder, skipped);
    if (entries === undefined) continue;
    directories += 1;
    for (const name of entries) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const stats = inspect(options.root, path, skipped);
      if (stats === undefined || isOwn(options, path, name, stats)) continue;
      if (stats.isDirectory()) {
        if (isExcluded(options, path, name)) skipped.push({ path, reason: 'excluded', detail: 'directory' });
        else pending.push(path);
      } else if (stats.isFile()) {
        bytes += stats.size;
        found.push({ path, size: stats.size, inode: stats.nlink > 1 ? `${stats.dev}:${stats.ino}` : undefined });
      } else {
        skipped.push({ path, reason: stats.isSymbolicLink() ? 'symlink' : 'special', detail: kindOf(stats) });
      }
    }
  }
  skipped.sort((a, b) => comparePaths(a.path, b.path));
  return { files: namedLinks(found), skipped, directories: countFolders(found), bytes };
}

function listFolder(root: string, folder: string, skipped: SkippedEntry[]): string[] | undefined {
  try {
    return readdirSync(join(root, folder));
  } catch (error) {
    skipped.push({ path: folder === '' ? '.' : folder, reason: 'unreadable', detail: systemErrorCode(error) });
    return undefined;
  }
}

function inspect(root: string, path: string, skipped: SkippedEntry[]): Stats | undefined {
  try {
    return lstatSync(join(root, path));
  } catch (error) {
    // A name that is not UTF-8 comes with replacement characters, under which nothing can be found.
    const detail = path.includes('\uFFFD') ? 'name is not UTF-8' : systemErrorCode(error);
    skipped.push({ path, reason: 'unreadable', detail });
    return undefined;
  }
}

function isOwn(options: WalkOptions, path: string, name: string, stats: Stats): boolean {
  return stats.isDirectory() ? options.ownNames.has(name) : options.ownPaths.has(resolve(options.root, path));
}

function isExcluded(options: WalkOptions, path: string, name: string): boolean {
  if (options.excludedNames.has(name)) return true;
  return sep === '/' && KERNEL_FOLDERS.has(resolve(options.root, path));
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isSocket()) return 'socket';
  if (stats.isFIFO()) return 'pipe';
  return 'device';
}

// Empty directories do not count: git keeps none, and a results folder leaves one behind.
function countFolders(found: readonly FoundFile[]): number {
  const folders = new Set(found.length === 0 ? [] : ['']);
  for (const { path } of found) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders.size;
}

// Inode numbers differ from machine to machine, so a further hard link is told by the path of the first.
function namedLinks(found: readonly FoundFile[]): ListedFile[] {
  const firstPaths = new Map<string, string>();
  return [...found]
    .sort((a, b) => comparePaths(a.path, b.path))
    .map(({ path, size, inode }) => {
      const linkOf = inode === undefined ? undefined : firstPaths.get(inode);
      if (inode !== undefined && linkOf === undefined) firstPaths.set(inode, path);
      return linkOf === undefined ? { path, size } : { path, size, linkOf };
    });
}
