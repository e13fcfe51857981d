// Turns pages into HTML, and joins them into a site with an index of pages and one for search.

import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, posix, resolve } from 'node:path';
import type { TaskContext } from 'yardmaster';
import { escapeHtml, headingsOf, toHtml } from '../theme/markdown.ts';
import type { BrokenLink } from './pages.ts';

/** A page of the site. */
interface Page {
  /** File in the site. */
  path: string;
  title: string;
  headings: string[];
  words: number;
}

/** What actions on files are given. */
interface ProjectParameters {
  /** Folder of the project; default: the current one. */
  root?: string;
}

interface RenderParameters extends ProjectParameters {
  /** Folder of the pages. */
  source: string;
  /** Folder of the site. */
  output: string;
  /** Pages to render, relative to their folder. */
  pages: string[];
}

/** Writes the HTML of each page; gives what the indexes need. */
export async function render({ root = '.', source, output, pages }: RenderParameters, context: TaskContext) {
  const rendered: Page[] = [];
  for (const [index, page] of pages.entries()) {
    context.signal.throwIfAborted();
    context.progress(index / pages.length, page);
    const markdown = await readFile(resolve(root, source, page), 'utf8');
    const headings = headingsOf(markdown).map(({ text }) => text);
    const title = headings[0] ?? page;
    const path = page.replace(/\.md$/, '.html');
    const up = posix.relative(posix.dirname(path), '.') || '.';
    const body = toHtml(markdown, (target) => target.replace(/\.md(?=#|$)/, '.html'));
    await mkdir(dirname(resolve(root, output, path)), { recursive: true });
    await writeFile(resolve(root, output, path), document(title, up, body));
    rendered.push({ path, title, headings, words: markdown.split(/\s+/).filter(Boolean).length });
  }
  return { pages: rendered };
}

interface AssembleParameters extends ProjectParameters {
  /** Folder of the site. */
  output: string;
  /** Style sheet of every page. */
  style: string;
  /** What each part of the pages came to. */
  parts: { pages: Page[] }[];
}

/** Joins the pages: copies the style sheet, writes the list of all pages and the index for search. */
export async function assemble({ root = '.', output, style, parts }: AssembleParameters, context: TaskContext) {
  const pages = parts.flatMap((part) => part.pages).sort((a, b) => (a.path < b.path ? -1 : 1));
  const items = pages.map(
    ({ path, title }) => `<li><a href="${escapeHtml(encodeURI(path))}">${escapeHtml(title)}</a></li>\n`,
  );
  const files: Record<string, string> = {
    'all-pages.html': document('All pages', '.', `<h1>All pages</h1>\n<ul>\n${items.join('')}</ul>\n`),
    'search-index.json': `${JSON.stringify({ pages }, null, 2)}\n`,
  };
  for (const [file, text] of Object.entries(files)) await writeFile(resolve(root, output, file), text);
  await copyFile(resolve(root, style), resolve(root, output, 'page.css'));
  context.log('info', `built ${pages.length} pages in ${output}`);
  return { output, pages: pages.length, words: pages.reduce((sum, { words }) => sum + words, 0) };
}

interface ReportParameters extends ProjectParameters {
  /** Links that lead nowhere. */
  broken: BrokenLink[];
  /** Folder of the site. */
  output: string;
}

/** Lists the broken links for those who mend them. */
export async function reportBroken({ root = '.', broken, output }: ReportParameters, context: TaskContext) {
  const lines = broken.map(({ page, target, reason }) => `${page}: ${target}: ${reason}\n`);
  await writeFile(resolve(root, output), lines.join(''));
  context.log('warn', `${broken.length} links are broken; see ${output}`);
  return { output };
}

function document(title: string, up: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${up}/page.css">
</head>
<body>
<nav><a href="${up}/index.html">Home</a> <a href="${up}/all-pages.html">All pages</a></nav>
${body}</body>
</html>
`;
}
