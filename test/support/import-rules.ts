// Owns the rules of docs/ARCHITECTURE.md on who may import whom, as functions from a file to its offences.
// A folder of src that is not in the table may import nothing of ours: a new folder has to be placed in a tier first.

import { posix } from 'node:path';
import { importsOf, type SourceFile, stringOf } from './source-tree.ts';

/** A breach of a house rule, in a form an editor can jump to. */
export interface Offence {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
}

const PURE = ['domain'];
const DESIGN = ['domain', 'dag', 'resources', 'scheduling', 'journal'];
const ACTORS = [...DESIGN, 'machines', 'workers'];
// Graphs are plain data with pure functions: an edge may draw them without going through the engine.
const EDGE = ['domain', 'dag', 'engine'];
// Edges upon edges: what looks at machines, what keeps projects, and the two ways in that offer both of them.
const WAYS_IN = [...EDGE, 'inspect', 'projects'];

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  dag: PURE,
  resources: PURE,
  scheduling: PURE,
  journal: PURE,
  machines: DESIGN,
  workers: ['domain', 'resources'],
  actors: ACTORS,
  engine: [...ACTORS, 'actors'],
  // A project's life is a machine of its own, walked and drawn with the others.
  projects: [...EDGE, 'actors'],
  inspect: [...EDGE, 'machines'],
  mcp: WAYS_IN,
  dashboard: WAYS_IN,
  cli: [...WAYS_IN, 'mcp', 'dashboard'],
};

// The dashboard's page runs in a browser: of ours there is only what it is made of, and what crosses to it.
const PAGE = 'src/dashboard/page/';
const WIRE = 'src/dashboard/wire.ts';

const DATABASE_HOMES = ['src/journal/stores/'];

// By package name: the folders of src that may import it.
const PACKAGE_HOMES: Readonly<Record<string, readonly string[]>> = {
  xstate: ['src/machines/', 'src/actors/', 'src/inspect/'],
  piscina: ['src/workers/'],
  comlink: ['src/workers/'],
  '@opentelemetry/api': ['src/engine/', 'src/workers/'],
  'node:sqlite': DATABASE_HOMES,
  'better-sqlite3': DATABASE_HOMES,
  pg: DATABASE_HOMES,
  ioredis: DATABASE_HOMES,
  preact: [PAGE],
  uplot: [PAGE],
};

/** Every import of a file that its place in the tree does not allow. */
export function importOffences(file: SourceFile): Offence[] {
  const area = file.path.split('/')[0];
  if (area === 'src') return sourceImportOffences(file);
  if (area === 'bin') return binOffences(file);
  if (area === 'examples') return exampleOffences(file);
  return [];
}

function sourceImportOffences(file: SourceFile): Offence[] {
  const folder = folderOf(file.path);
  if (folder === undefined) return [];
  const offences: Offence[] = [];
  const report = (line: number, rule: string) => offences.push({ path: file.path, line, rule });
  for (const { specifier, line } of importsOf(file)) {
    if (specifier === undefined) {
      if (folder !== 'workers') report(line, 'only src/workers imports modules by computed names');
    } else if (specifier.startsWith('.')) {
      const fault = relativeFault(file.path, folder, specifier);
      if (fault !== undefined) report(line, fault);
    } else {
      const homes = PACKAGE_HOMES[packageOf(specifier)];
      if (homes !== undefined && !homes.some((home) => file.path.startsWith(home))) {
        report(line, `only ${homes.join(', ')} may import ${packageOf(specifier)}`);
      }
      if (folder === 'machines' && specifier.startsWith('node:')) {
        report(line, `a machine imports no Node built-in, and this one ${specifier}`);
      }
    }
  }
  return offences;
}

function relativeFault(path: string, folder: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  if (!target.startsWith('src/')) return `src imports nothing outside of src, and this ${target}`;
  if (path.startsWith(PAGE) || path === WIRE) {
    const isOfPage = path !== WIRE && (target.startsWith(PAGE) || target === WIRE);
    return isOfPage ? undefined : `${path === WIRE ? WIRE : 'the page'} runs in a browser, where ${target} is not`;
  }
  if (target.startsWith(PAGE)) return `${target} is for the browser alone`;
  const targetFolder = folderOf(target);
  if (targetFolder === undefined) return `nothing in src imports ${target}: it is for users of the package`;
  if (targetFolder === folder || MAY_IMPORT[folder]?.includes(targetFolder)) return undefined;
  const allowed = MAY_IMPORT[folder];
  if (allowed === undefined) return `src/${folder} has no place in the tiers yet`;
  return `src/${folder} may import ${allowed.join(', ') || 'nothing of ours'}, and not ${targetFolder} (${specifier})`;
}

// The shim computes its import (built or source form), so every path of ours that it spells out is looked at.
function binOffences(file: SourceFile): Offence[] {
  const offences: Offence[] = [];
  for (const { node } of file.nodes) {
    const named = stringOf(node)?.match(/(?:^|\/)(?:src|dist)\/([a-z-]+)/)?.[1];
    if (named !== undefined && named !== 'cli') {
      offences.push({ path: file.path, line: file.lineAt(node.start), rule: `bin imports src/cli only, not ${named}` });
    }
  }
  return offences;
}

// Task modules run in threads: they may name domain types without loading the package root.
function exampleOffences(file: SourceFile): Offence[] {
  return importsOf(file).flatMap(({ specifier, line }) => {
    if (specifier === undefined || !specifier.startsWith('.')) return [];
    const target = posix.join(posix.dirname(file.path), specifier);
    if (!target.startsWith('src/') || target === 'src/index.ts' || target.startsWith('src/domain/')) return [];
    return [{ path: file.path, line, rule: `an example uses src/index.ts and src/domain only, not ${target}` }];
  });
}

// The folder directly under src, or undefined for a file that lies in src itself.
function folderOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length > 2 ? parts[1] : undefined;
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}
