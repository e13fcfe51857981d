// Finds the source files of a folder and checks what they import, without running any of them.

import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, extname, posix, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface FindParameters extends ProjectParameters {
  /** Folder whose sources are analysed. */
  folder: string;
  /** Endings of files that are sources, such as `.ts`. */
  extensions: string[];
  /** Larger files are left out. */
  max_file_bytes: number;
  /** How many lists the files are dealt out to, for as many steps at once. */
  parts: number;
}

/** Finds the source files and deals them out into lists of about the same size in bytes. */
export async function find(parameters: FindParameters, context: TaskContext) {
  const { root = '.', folder, extensions, max_file_bytes, parts } = parameters;
  const files: { name: string; bytes: number }[] = [];
  for (const entry of await readdir(resolve(root, folder), { recursive: true, withFileTypes: true })) {
    context.signal.throwIfAborted();
    if (!entry.isFile() || !extensions.includes(extname(entry.name))) continue;
    const path = resolve(entry.parentPath, entry.name);
    const { size } = await stat(path);
    const name = path.slice(resolve(root).length + 1).replaceAll('\\', '/');
    if (size > max_file_bytes) context.log('warn', `${name} is left out: ${size} bytes`);
    else files.push({ name, bytes: size });
  }
  files.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  const lists = Array.from({ length: parts }, () => ({ files: [] as string[], bytes: 0 }));
  for (const { name, bytes } of files) {
    const least = lists.reduce((one, other) => (other.bytes < one.bytes ? other : one));
    least.files.push(name);
    least.bytes += bytes;
  }
  context.log('info', `found ${files.length} source files in ${folder}`);
  return { count: files.length, files: files.map(({ name }) => name).sort(), lists: lists.map((list) => list.files) };
}

interface ImportParameters extends ProjectParameters {
  /** Source files, relative to the project. */
  files: string[];
}

/** Checks that every relative import leads to a file; gives those that do not, and who imports whom. */
export async function checkImports({ root = '.', files }: ImportParameters, context: TaskContext) {
  const known = new Set(files);
  const missing: string[] = [];
  const imports: Record<string, string[]> = {};
  for (const [index, file] of files.entries()) {
    context.signal.throwIfAborted();
    context.progress(index / files.length, file);
    const targets = relativeImports(await readFile(resolve(root, file), 'utf8')).map((specifier) => {
      const target = posix.join(dirname(file), specifier);
      const found = [target, `${target}.ts`, `${target}.js`, target.replace(/\.js$/, '.ts')].find((name) =>
        known.has(name),
      );
      if (found === undefined) missing.push(`${file} imports ${specifier}, which is not there`);
      return found;
    });
    imports[file] = targets.filter((target) => target !== undefined).sort();
  }
  return { checked: files.length, missing, imports };
}

interface CycleParameters {
  /** The files that each file imports. */
  imports: Record<string, string[]>;
}

/** Finds files that import each other in a ring. */
export function checkCycles({ imports }: CycleParameters, context: TaskContext) {
  // What is left when files that import nothing left are taken away again and again is on a ring or leads to one.
  const left = new Map(Object.entries(imports).map(([file, targets]) => [file, new Set(targets)]));
  for (let free = freeOf(left); free.length > 0; free = freeOf(left)) {
    context.signal.throwIfAborted();
    for (const file of free) left.delete(file);
    for (const targets of left.values()) for (const file of free) targets.delete(file);
  }
  return { files: Object.keys(imports).length, inCycles: [...left.keys()].sort() };
}

function freeOf(left: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  return [...left].filter(([, targets]) => targets.size === 0).map(([file]) => file);
}

function relativeImports(text: string): string[] {
  const pattern = /^\s*(?:import|export)\b[^;'"]*['"](\.[^'"]+)['"]/gm;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? '');
}
