// Owns the files of the page: all that there are, read once at the start, by the path under which they are asked for.
// What is not in this list does not exist for anybody: no path of a request ever reaches the file system.

import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { RuntimeError } from '../domain/runtime-error.ts';

const INDEX = 'index.html';
/** The page is three megabytes; a folder with more than this is no page of ours. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_FILES = 1_000;
/** Below this, packing costs more than it saves. */
const LEAST_PACKED_BYTES = 1_024;
/** Vite puts a hash of the content into the names of these: they never change under one name. */
const HASHED = /^\/assets\/.+-[\w-]{8}\.\w+$/;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};
const PACKED_TYPES = /^(?:text|application\/json|image\/svg)/;
const pack = promisify(gzip);

/** One file as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly cacheControl: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Packed by gzip; undefined where that would not make it smaller. Done once, when it is first asked for. */
  packed(): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Where `npm run build` puts the page: beside this module in a package, in `dist` for a checkout run from source. */
export function builtPageFolder(): string {
  const isSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(isSource ? '../../dist/dashboard/page' : './page', import.meta.url));
}

/** The page's files by path; `/` is the page itself. Links are left out: they may lead anywhere. */
export class PageFiles {
  readonly #files: ReadonlyMap<string, PageFile>;

  private constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files;
  }

  /** @throws RuntimeError DASHBOARD_PAGE_MISSING */
  static read(folder: string): PageFiles {
    const files = new Map<string, PageFile>();
    let bytes = 0;
    for (const [path, file] of filesBelow(folder)) {
      const page = pageFile(path, file);
      bytes += page.bytes.length;
      if (bytes > MOST_BYTES || files.size >= MOST_FILES) throw missing(folder, 'holds more than a page');
      files.set(path, page);
    }
    const index = files.get(`/${INDEX}`);
    if (index === undefined) throw missing(folder, 'is not there');
    files.set('/', index);
    return new PageFiles(files);
  }

  get(path: string): PageFile | undefined {
    return this.#files.get(path);
  }

  get paths(): string[] {
    return [...this.#files.keys()];
  }
}

function* filesBelow(folder: string): Generator<[string, string]> {
  const waiting = [''];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const name of namesIn(join(folder, below))) {
      const path = `${below}/${name}`;
      const file = join(folder, path);
      const stats = lstatSync(file);
      if (stats.isDirectory()) waiting.push(path);
      else if (stats.isFile()) yield [path, file];
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    throw missing(folder, 'cannot be read', cause);
  }
}

function pageFile(path: string, file: string): PageFile {
  const bytes = new Uint8Array(readFileSync(file));
  const type = TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
  const isPacked = bytes.length >= LEAST_PACKED_BYTES && PACKED_TYPES.test(type);
  let packing: Promise<Uint8Array<ArrayBuffer> | undefined> | undefined;
  return {
    type,
    cacheControl: HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    bytes,
    packed: () => {
      packing ??= isPacked ? pack(bytes).then((packed) => new Uint8Array(packed)) : Promise.resolve(undefined);
      return packing;
    },
  };
}

function missing(folder: string, what: string, cause?: unknown): RuntimeError {
  return new RuntimeError(
    'DASHBOARD_PAGE_MISSING',
    `the page of the dashboard ${what}, in ${folder}; a checkout makes it with \`npm run build\``,
    { details: { folder }, ...(cause === undefined ? {} : { cause }) },
  );
}
