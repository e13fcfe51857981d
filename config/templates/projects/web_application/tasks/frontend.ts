// Builds the frontend. Styles are minified; every file is named after its content, so that a browser may
// keep it for ever, and whoever refers to it is changed to the new name.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { extname, join, posix, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { TaskContext } from 'yardmaster';

/** A built file. */
interface Asset {
  /** Name in the source folder. */
  source: string;
  /** Name in the output folder. */
  name: string;
  bytes: number;
  gzipBytes: number;
}

interface BuildParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
  /** Folder of the sources. */
  source: string;
  /** Folder of what is built. */
  output: string;
}

/** Minifies every style sheet and names it after its content. */
export async function styles({ root = '.', source, output }: BuildParameters, context: TaskContext) {
  const assets: Asset[] = [];
  for (const file of await filesOf(resolve(root, source), '.css')) {
    context.signal.throwIfAborted();
    assets.push(await writeAsset(root, output, file, minifyCss(await readFile(resolve(root, source, file), 'utf8'))));
  }
  return { assets };
}

/** Names every script after its content, those first that others import, and changes the imports to the new names. */
export async function scripts({ root = '.', source, output }: BuildParameters, context: TaskContext) {
  const waiting = new Map<string, string>();
  for (const file of await filesOf(resolve(root, source), '.js')) {
    waiting.set(file, await readFile(resolve(root, source, file), 'utf8'));
  }
  const assets: Asset[] = [];
  const total = waiting.size;
  while (waiting.size > 0) {
    context.signal.throwIfAborted();
    const ready = [...waiting].find(([, text]) => importsOf(text).every((file) => !waiting.has(file)));
    if (ready === undefined) throw new Error(`scripts import each other in a ring: ${[...waiting.keys()].join(', ')}`);
    const [file, text] = ready;
    assets.push(await writeAsset(root, output, file, rename(text, assets)));
    waiting.delete(file);
    context.progress(assets.length / total, file);
  }
  return { assets };
}

interface PageParameters extends BuildParameters {
  /** What was built before: lists of style sheets and scripts. */
  built: { assets: Asset[] }[];
}

/** Writes the pages with the new names, and takes away what an earlier build left. */
export async function pages({ root = '.', source, output, built }: PageParameters, context: TaskContext) {
  const assets = built.flatMap((part) => part.assets);
  const names = await filesOf(resolve(root, source), '.html');
  for (const page of names) {
    const text = await readFile(resolve(root, source, page), 'utf8');
    await writeFile(resolve(root, output, page), rename(text.replace(/\s*<!--[\s\S]*?-->/g, ''), assets));
  }
  const current = new Set([...names, ...assets.map(({ name }) => name)]);
  for (const file of await readdir(resolve(root, output))) {
    if (!current.has(file)) await rm(resolve(root, output, file), { recursive: true });
  }
  const bytes = assets.reduce((sum, asset) => sum + asset.gzipBytes, 0);
  context.log('info', `built ${names.length} pages and ${assets.length} files, ${bytes} bytes when compressed`);
  return { output, pages: names, assets };
}

async function filesOf(folder: string, ending: string): Promise<string[]> {
  return (await readdir(folder)).filter((file) => extname(file) === ending).sort();
}

async function writeAsset(root: string, output: string, source: string, text: string): Promise<Asset> {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const ending = extname(source);
  const name = `${source.slice(0, -ending.length)}.${hash}${ending}`;
  await mkdir(resolve(root, output), { recursive: true });
  await writeFile(join(resolve(root, output), name), text);
  return { source, name, bytes: Buffer.byteLength(text), gzipBytes: gzipSync(text).length };
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/\bfrom\s+['"]\.\/([^'"]+)['"]/g)].map((match) => posix.normalize(match[1] ?? ''));
}

function rename(text: string, assets: readonly Asset[]): string {
  return assets.reduce((result, { source, name }) => result.replaceAll(`./${source}`, () => `./${name}`), text);
}

function minifyCss(text: string): string {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\s+/g, ' ');
  return bare
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replaceAll(';}', '}')
    .trim();
}
