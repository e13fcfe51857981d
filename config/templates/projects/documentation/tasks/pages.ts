// Finds the pages and checks their links, to files and to headings.

import { readdir, readFile } from 'node:fs/promises';
import { posix, relative, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';
import { headingsOf, linksOf } from '../theme/markdown.ts';

/** A link that leads nowhere. */
export interface BrokenLink {
  page: string;
  target: string;
  reason: string;
}

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface FindParameters extends ProjectParameters {
  /** Folder of the pages. */
  source: string;
  /** Names of files that are no pages of the site. */
  exclude: string[];
}

/** Finds every Markdown file and deals them out into two lists. */
export async function find({ root = '.', source, exclude }: FindParameters, context: TaskContext) {
  const pages: string[] = [];
  for (const entry of await readdir(resolve(root, source), { recursive: true, withFileTypes: true })) {
    context.signal.throwIfAborted();
    if (!entry.isFile() || !entry.name.endsWith('.md') || exclude.includes(entry.name)) continue;
    pages.push(relative(resolve(root, source), resolve(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  }
  if (pages.length === 0) throw new Error(`${source} has no page; write ${source}/index.md`);
  pages.sort();
  context.log('info', `found ${pages.length} pages in ${source}`);
  return { pages, lists: [0, 1].map((list) => pages.filter((_, index) => index % 2 === list)) };
}

interface LinkParameters extends ProjectParameters {
  /** Folder of the pages. */
  source: string;
  /** Pages to check, relative to that folder. */
  pages: string[];
}

/** Checks each link to a page or heading of this site; those to other sites are counted, and not followed. */
export async function checkLinks({ root = '.', source, pages }: LinkParameters, context: TaskContext) {
  const texts = new Map<string, string>();
  for (const page of pages) texts.set(page, await readFile(resolve(root, source, page), 'utf8'));
  const broken: BrokenLink[] = [];
  let checked = 0;
  let elsewhere = 0;
  for (const [index, [page, text]] of [...texts].entries()) {
    context.signal.throwIfAborted();
    context.progress(index / texts.size, page);
    for (const target of linksOf(text)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) {
        elsewhere++;
        continue;
      }
      checked++;
      const reason = faultOf(texts, page, target);
      if (reason !== undefined) broken.push({ page, target, reason });
    }
  }
  context.log(broken.length === 0 ? 'info' : 'warn', `${checked} links checked, ${broken.length} broken`);
  return { checked, elsewhere, broken };
}

interface GateParameters {
  /** Links that lead nowhere. */
  broken: BrokenLink[];
}

/** Fails where links are broken, and says which. */
export function gate({ broken }: GateParameters, context: TaskContext) {
  for (const { page, target, reason } of broken) context.log('error', `${page}: ${target}: ${reason}`);
  if (broken.length > 0) throw new Error(`${broken.length} links are broken; the log says which`);
  return { ok: true };
}

function faultOf(texts: ReadonlyMap<string, string>, page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#');
  if (/%(?![0-9a-f]{2})/i.test(path)) return 'it has a "%" that starts no code; write "%25"';
  const name = path === '' ? page : posix.join(posix.dirname(page), decodeURIComponent(path));
  const text = texts.get(name);
  if (text === undefined) return 'no such page';
  if (anchor === undefined || headingsOf(text).some((heading) => heading.anchor === anchor)) return undefined;
  return `no heading of ${name} has that name`;
}
