// Owns the tree behind the treemap: directories with their sums, cut down so that the page stays small whatever the size
// of the source tree. What is cut is summed up in place, never dropped: the parts of a directory always add up to it.

import type { InventoryFile } from '../parts/inventory.ts';
import { comparePaths } from '../parts/rows.ts';
import { visibleName } from './markup.ts';

/** Directories and files that get a node of their own; sums of small ones come on top, at most one a directory. */
const NODE_BUDGET = 14_000;

/** [name, language index, files, bytes, brotli bytes, lines, children?]; short, because the page holds thousands. */
export type SizeNode = [
  name: string,
  language: number,
  files: number,
  bytes: number,
  brotli: number,
  lines: number,
  children?: SizeNode[],
];

interface Branch {
  name: string;
  files: number;
  bytes: number;
  brotli: number;
  lines: number;
  /** Bytes by language index. */
  readonly languages: Map<number, number>;
  /** Absent for a file. */
  readonly children: Map<string, Branch> | undefined;
}

interface Whole {
  readonly bytes: number;
  readonly lines: number;
}

/** The tree of the files, with at most about twice `budget` nodes. Languages are indexes into `languages`. */
export function buildSizeTree(
  rootName: string,
  files: readonly InventoryFile[],
  languages: readonly string[],
  budget = NODE_BUDGET,
): SizeNode {
  const indexes = new Map(languages.map((language, index) => [language, index]));
  const root = createBranch(rootName, true);
  const all: Branch[] = [];
  for (const file of files) {
    let branch = root;
    const language = indexes.get(file.language) ?? 0;
    addTo(branch, file, language);
    const names = file.path.split('/');
    for (const [depth, name] of names.entries()) {
      let child = branch.children?.get(name);
      if (child === undefined) {
        child = createBranch(name, depth < names.length - 1);
        branch.children?.set(name, child);
        all.push(child);
      }
      addTo(child, file, language);
      branch = child;
    }
  }
  return prune(root, weightLimit(all, root, budget), root);
}

function createBranch(name: string, isDirectory: boolean): Branch {
  const children = isDirectory ? new Map<string, Branch>() : undefined;
  return { name, files: 0, bytes: 0, brotli: 0, lines: 0, languages: new Map(), children };
}

function addTo(branch: Branch, file: InventoryFile, language: number): void {
  branch.files += 1;
  branch.bytes += file.size;
  branch.brotli += file.brotli;
  branch.lines += file.lines;
  branch.languages.set(language, (branch.languages.get(language) ?? 0) + file.size);
}

// A node matters by its bytes or by its lines: the map can be drawn by either.
function weightOf(branch: Branch, whole: Whole): number {
  return Math.max(branch.bytes / Math.max(1, whole.bytes), branch.lines / Math.max(1, whole.lines));
}

function weightLimit(all: readonly Branch[], whole: Whole, budget: number): number {
  if (all.length <= budget) return 0;
  const weights = Float64Array.from(all, (branch) => weightOf(branch, whole)).sort();
  return weights[weights.length - budget] ?? 0;
}

// Recursion is as deep as the tree's directories, which path length bounds.
function prune(branch: Branch, limit: number, whole: Branch): SizeNode {
  const { files, bytes, brotli, lines, children } = branch;
  const name = visibleName(branch.name);
  const node: SizeNode = [name, dominant(branch.languages), files, bytes, brotli, lines];
  if (children === undefined) return node;
  const kept: SizeNode[] = [];
  const small = createBranch('', true);
  for (const child of children.values()) {
    if (weightOf(child, whole) >= limit) kept.push(prune(child, limit, whole));
    else absorb(small, child);
  }
  const [only] = kept;
  // A directory that holds one directory and nothing else is shown as one: `a/b`.
  if (branch !== whole && kept.length === 1 && small.files === 0 && only?.[6] !== undefined) {
    only[0] = `${name}/${only[0]}`;
    return only;
  }
  kept.sort((a, b) => b[3] - a[3] || comparePaths(a[0], b[0]));
  // A directory whose parts are all small is a tile of its own.
  if (kept.length === 0) return node;
  if (small.files > 0) {
    kept.push([small.name, dominant(small.languages), small.files, small.bytes, small.brotli, small.lines]);
  }
  node.push(kept);
  return node;
}

function absorb(sum: Branch, child: Branch): void {
  sum.files += child.files;
  sum.bytes += child.bytes;
  sum.brotli += child.brotli;
  sum.lines += child.lines;
  for (const [language, bytes] of child.languages) {
    sum.languages.set(language, (sum.languages.get(language) ?? 0) + bytes);
  }
}

function dominant(languages: ReadonlyMap<number, number>): number {
  let best = 0;
  let most = -1;
  for (const [language, bytes] of languages) {
    if (bytes > most || (bytes === most && language < best)) {
      best = language;
      most = bytes;
    }
  }
  return best;
}
