// Owns the actor tree as rows: what an unfolded tree shows from top to bottom, and where each key of the keyboard leads.

import type { TreeNode } from '../wire.ts';

export interface TreeRow {
  readonly node: TreeNode;
  /** The ids from the root, which tell apart nodes of one id. */
  readonly path: string;
  /** From 1. */
  readonly level: number;
  /** Among its siblings, from 1. */
  readonly position: number;
  readonly siblings: number;
  /** null = it has no children. */
  readonly isOpen: boolean | null;
  readonly parent: string | null;
}

/** The rows of a tree whose folded nodes are told by path. */
export function treeRows(root: TreeNode, folded: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const place = (node: TreeNode, parent: TreeRow | null, position: number, siblings: number) => {
    const path = parent === null ? node.id : `${parent.path}/${node.id}`;
    const hasChildren = node.children.length > 0 || node.moreChildren > 0;
    const row: TreeRow = {
      node,
      path,
      level: parent === null ? 1 : parent.level + 1,
      position,
      siblings,
      isOpen: hasChildren ? !folded.has(path) : null,
      parent: parent?.path ?? null,
    };
    rows.push(row);
    if (row.isOpen !== true) return;
    node.children.forEach((child, at) => {
      place(child, row, at + 1, node.children.length);
    });
  };
  place(root, null, 1, 1);
  return rows;
}

/** Where a key leads: to another row, or to a row that folds or unfolds. */
export type TreeMove =
  | { readonly kind: 'go'; readonly path: string }
  | { readonly kind: 'fold' | 'unfold'; readonly path: string };

/** What a key does on a row, as trees have it everywhere; undefined = nothing. */
export function treeMove(rows: readonly TreeRow[], path: string, key: string): TreeMove | undefined {
  const at = rows.findIndex((row) => row.path === path);
  const row = rows[at];
  if (row === undefined) return undefined;
  const go = (to: TreeRow | undefined): TreeMove | undefined =>
    to === undefined ? undefined : { kind: 'go', path: to.path };
  switch (key) {
    case 'ArrowDown':
      return go(rows[at + 1]);
    case 'ArrowUp':
      return go(rows[at - 1]);
    case 'Home':
      return go(rows[0]);
    case 'End':
      return go(rows.at(-1));
    case 'ArrowRight':
      if (row.isOpen === null) return undefined;
      return row.isOpen ? go(rows[at + 1]) : { kind: 'unfold', path };
    case 'ArrowLeft':
      if (row.isOpen === true) return { kind: 'fold', path };
      return row.parent === null ? undefined : { kind: 'go', path: row.parent };
    default:
      return undefined;
  }
}
