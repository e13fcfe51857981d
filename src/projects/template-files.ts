// Owns which files a template ships and where in a project they go: the folder beside its JSON file, read without following
// links, bounded, and checked before anything is copied. It copies nothing itself.

import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import { quoteName } from '../domain/near-name.ts';
import { messageOf } from '../domain/runtime-error.ts';
import { systemCodeOf } from '../engine/durable-files.ts';
import { matchesGlob } from './glob-pattern.ts';
import { templateError, templateFault, templateFileError } from './template-faults.ts';
import { DOCUMENTS_FOLDER, directoryFault, fileFault, foldPath, normalizeFolder } from './template-path.ts';

/** A template ships at most so many files, and so many folders. */
export const MOST_TEMPLATE_FILES = 10_000;
/** Files whose variables are replaced are read whole; a larger one is a fault. */
const MOST_RENDERED_BYTES = 1024 * 1024;
const RENDERED = /\.template\.([^.]+)$/;
const RENDERED_FORMATS = new Set(['md', 'json', 'txt']);

/** A file that a template ships. */
export interface TemplateFile {
  /** Where it lies, absolute. */
  readonly source: string;
  /** Where it goes, relative to the project, with `/`. */
  readonly path: string;
  /** Whether its variables are replaced; otherwise it is copied byte by byte. */
  readonly isRendered: boolean;
  readonly isExecutable: boolean;
}

/** What lies beside a template's JSON file, as a project gets it. */
export interface TemplateContents {
  readonly files: readonly TemplateFile[];
  readonly folders: readonly string[];
  /** Keys of `template_files` that match no file. */
  readonly unmatched: readonly string[];
}

/** What a template without files ships. */
export const NO_CONTENTS: TemplateContents = Object.freeze({ files: [], folders: [], unmatched: [] });

/** A file or folder of the template's folder. */
interface Entry {
  /** Relative to the template's folder, with `/`. */
  readonly name: string;
  readonly stats: Stats;
}

/**
 * The files of the folder, with their places in a project after `template_files`.
 * @throws RuntimeError PROJECT_TEMPLATE_INVALID for links, special files, names that a project cannot have, two files
 * for one place, and more than 10,000 files.
 */
export async function findTemplateFiles(
  jsonFile: string,
  root: string,
  templateFiles: Readonly<Record<string, string>>,
): Promise<TemplateContents> {
  const entries = await walk(root);
  const rules = Object.entries(templateFiles);
  if (rules.length === 0) {
    const folders = entries.filter(({ stats }) => stats.isDirectory()).map(({ name }) => name);
    const files = entries.filter(({ stats }) => stats.isFile()).map((entry) => placeFile(root, entry, entry.name));
    for (const folder of folders) {
      const fault = directoryFault(folder);
      if (fault !== undefined) throw templateFileError(join(root, folder), `its place in a project, ${fault}`);
    }
    checkPlaces(files);
    return { files, folders, unmatched: [] };
  }
  const chosen = rules.map(([source, target]) => placeByRule(root, entries, source, target));
  const files = chosen.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length > MOST_TEMPLATE_FILES) {
    const fault = `copies ${files.length} files, and ${MOST_TEMPLATE_FILES} are the most; choose fewer`;
    throw templateError(jsonFile, [templateFault(['template_files'], fault)]);
  }
  checkPlaces(files);
  return { files, folders: [], unmatched: rules.flatMap(([source], i) => (chosen[i]?.length === 0 ? [source] : [])) };
}

// The root itself must be a folder too: a link to one may lead anywhere.
async function walk(root: string): Promise<Entry[]> {
  const top = await lstatOrNothing(root);
  if (top === undefined) return [];
  if (!top.isDirectory())
    throw templateFileError(root, 'is no folder, and the files of a template lie in one; replace it');
  const entries: Entry[] = [];
  const pending = [''];
  let files = 0;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const name of (await readdir(join(root, folder))).sort()) {
      const entry = { name: posix.join(folder, name), stats: await lstat(join(root, folder, name)) };
      checkKind(join(root, entry.name), entry.stats);
      if (entry.stats.isDirectory()) pending.push(entry.name);
      else files++;
      entries.push(entry);
      if (files > MOST_TEMPLATE_FILES || entries.length > 2 * MOST_TEMPLATE_FILES) {
        throw templateFileError(
          root,
          `has more than ${MOST_TEMPLATE_FILES} files or folders; take out what needs none`,
        );
      }
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function lstatOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw templateFileError(path, `cannot be read: ${messageOf(error)}; check its permissions`, { cause: error });
  }
}

function checkKind(path: string, stats: Stats): void {
  if (stats.isSymbolicLink()) throw templateFileError(path, 'is a symbolic link; put the file itself in its place');
  if (!stats.isFile() && !stats.isDirectory()) {
    throw templateFileError(path, 'is neither a file nor a folder; take it out');
  }
}

/** A file alone or a pattern's match keeps its own name; a folder's files keep their places below it. */
function placeByRule(root: string, entries: readonly Entry[], source: string, target: string): TemplateFile[] {
  const bare = source.replace(/\/$/, '');
  const into = target === '.' || target === './' ? '' : normalizeFolder(target);
  const files = entries.filter(({ stats }) => stats.isFile());
  if (!/[*?]/.test(bare)) {
    const inside = files.filter(({ name }) => name.startsWith(`${bare}/`));
    const alone = files.filter(({ name }) => name === bare);
    return [
      ...alone.map((entry) => placeFile(root, entry, posix.join(into, basename(entry.name)))),
      ...inside.map((entry) => placeFile(root, entry, posix.join(into, entry.name.slice(bare.length + 1)))),
    ];
  }
  return files
    .filter(({ name }) => matchesGlob(bare, name))
    .map((entry) => placeFile(root, entry, posix.join(into, basename(entry.name))));
}

function placeFile(root: string, { name, stats }: Entry, path: string): TemplateFile {
  const source = join(root, name);
  const isExecutable = (stats.mode & 0o111) !== 0;
  // A project's own templates of documents are rendered with each document, not once with the project.
  const format = foldPath(path).startsWith(`${DOCUMENTS_FOLDER}/`) ? null : RENDERED.exec(path);
  if (format === null) {
    checkPath(source, path);
    return { source, path, isRendered: false, isExecutable };
  }
  if (!RENDERED_FORMATS.has(format[1] ?? '')) {
    const known = [...RENDERED_FORMATS].map((known) => `.template.${known}`).join(', ');
    throw templateFileError(source, `variables are replaced in ${known} alone; rename it, or leave out ".template"`);
  }
  if (stats.size > MOST_RENDERED_BYTES) {
    throw templateFileError(source, 'is larger than 1 MB, the most in which variables are replaced; split it');
  }
  const rendered = `${path.slice(0, format.index)}.${format[1]}`;
  if (basename(rendered) === `.${format[1]}`)
    throw templateFileError(source, 'has no name before ".template"; name it');
  checkPath(source, rendered);
  return { source, path: rendered, isRendered: true, isExecutable };
}

function checkPath(source: string, path: string): void {
  const fault = fileFault(path);
  if (fault !== undefined) throw templateFileError(source, `its place in a project, ${fault}`);
}

/** One file a place, and no file where another's folder is; case and composition of letters do not tell places apart. */
function checkPlaces(files: readonly TemplateFile[]): void {
  const places = new Map<string, string>();
  for (const { source, path } of files) {
    const twin = places.get(foldPath(path));
    if (twin !== undefined) {
      throw templateFileError(source, `goes to ${quoteName(path)}, where ${twin} goes too; rename one of them`);
    }
    places.set(foldPath(path), source);
  }
  for (const { source, path } of files) checkParents(source, path, places);
}

function checkParents(source: string, path: string, places: ReadonlyMap<string, string>): void {
  for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
    const file = places.get(foldPath(folder));
    if (file === undefined) continue;
    throw templateFileError(source, `goes into ${quoteName(folder)}, where ${file} goes as a file; rename one of them`);
  }
}
