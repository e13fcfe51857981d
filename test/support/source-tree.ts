// Owns reading the project as a tree of files with syntax trees, for the tests that hold the house rules.
// It parses with the parser that vitest brings, so that rules look at syntax and not at what a comment or string says.

import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseAst } from 'vitest/node';

/** A node of an ESTree-like syntax tree; TypeScript nodes start with `TS`. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** A node and the one that holds it. */
export interface PlacedNode {
  readonly node: SyntaxNode;
  readonly parent: SyntaxNode | undefined;
}

/** A file of the project; `path` is relative to its root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Every node of a file of code, parents first; empty for other files. */
  readonly nodes: readonly PlacedNode[];
  /** 1-based line of an offset. */
  lineAt(offset: number): number;
}

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.git', '.yardmaster', 'coverage', 'out']);
const CODE = /\.(?:ts|tsx|mts|mjs|js)$/;
const BINARY = /\.(?:png|jpe?g|gif|webp|ico|woff2?|gz|br|sqlite|db)$/;

/** Every text file of the project, those that git ignores left out, in order of path. */
export function readSourceTree(root: string): SourceFile[] {
  const files: SourceFile[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) folders.push(path);
      if (!entry.isFile() || BINARY.test(entry.name) || entry.name.endsWith('.tgz')) continue;
      files.push(parseSourceFile(path, readFileSync(join(root, path), 'utf8')));
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * A file from its text.
 * @throws Error where code that is no fixture does not parse, with the path.
 */
export function parseSourceFile(path: string, text: string): SourceFile {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  const lineAt = (offset: number): number => {
    const next = lineStarts.findIndex((start) => start > offset);
    return next < 0 ? lineStarts.length : next;
  };
  return { path, text, nodes: CODE.test(path) ? nodesOf(path, text) : [], lineAt };
}

/** The modules a file names: static, dynamic and type imports and re-exports. `specifier` is undefined if computed. */
export function importsOf(file: SourceFile): { readonly specifier: string | undefined; readonly line: number }[] {
  const imports: { specifier: string | undefined; line: number }[] = [];
  for (const { node } of file.nodes) {
    const named = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration'].includes(node.type);
    const source = named || node.type === 'ImportExpression' || node.type === 'TSImportType' ? node.source : undefined;
    if (isNode(source)) imports.push({ specifier: stringOf(source), line: file.lineAt(node.start) });
  }
  return imports;
}

/** The text of a string literal or of a template without holes. */
export function stringOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type === 'TSLiteralType') return stringOf(node.literal);
  return undefined;
}

/** `a.b.c` for a chain of plain names, undefined for anything else. */
export function dottedName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier' && typeof node.name === 'string') return node.name;
  if (node.type !== 'MemberExpression' || node.computed === true) return undefined;
  const object = dottedName(node.object);
  const property = dottedName(node.property);
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function nodesOf(path: string, text: string): PlacedNode[] {
  const program: unknown = parse(path, text);
  const nodes: PlacedNode[] = [];
  const pending: PlacedNode[] = isNode(program) ? [{ node: program, parent: undefined }] : [];
  for (let placed = pending.pop(); placed !== undefined; placed = pending.pop()) {
    nodes.push(placed);
    const children = Object.values(placed.node).flat().filter(isNode);
    for (const node of children.reverse()) pending.push({ node, parent: placed.node });
  }
  return nodes;
}

function parse(path: string, text: string): unknown {
  try {
    return parseAst(text, { lang: path.endsWith('tsx') ? 'tsx' : path.endsWith('ts') ? 'ts' : 'js' });
  } catch (error) {
    // A fixture may be broken on purpose; it is then looked at as text only.
    if (path.includes('/fixtures/')) return undefined;
    throw new Error(`${path} does not parse`, { cause: error });
  }
}
