// Owns the promises of the page's parts: escaping, figures, a tree that adds up, a size that stays small, whole files or none.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderDocument } from '../../../examples/tasks/inventory/page/document.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNoun,
  formatShare,
} from '../../../examples/tasks/inventory/page/figures.ts';
import { escapeHtml, html, jsonForScript, visibleName } from '../../../examples/tasks/inventory/page/markup.ts';
import { buildSizeTree, type SizeNode } from '../../../examples/tasks/inventory/page/size-tree.ts';
import { createTimeline } from '../../../examples/tasks/inventory/page/timeline.ts';
import { writeFileAtomically } from '../../../examples/tasks/inventory/parts/atomic-file.ts';
import {
  type Inventory,
  type InventoryFile,
  inventorySchema,
  inventoryText,
} from '../../../examples/tasks/inventory/parts/inventory.ts';

const ZERO_HASH = '0'.repeat(64);

function fileAt(path: string, size: number, language = 'TypeScript'): InventoryFile {
  const half = Math.floor(size / 2);
  return {
    path,
    size,
    sha256: ZERO_HASH,
    language,
    binary: false,
    lines: half,
    blank: 0,
    gzip: half,
    brotli: half,
    sampled: false,
  };
}

function inventoryOf(files: InventoryFile[]): Inventory {
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const sizes = { files: files.length, bytes, lines: bytes, blank: 0, gzip: bytes, brotli: bytes };
  const none = { duplicateGroups: 0, duplicateFiles: 0, wastedBytes: 0, nearDuplicatePairs: 0, nearCutBuckets: 0 };
  return {
    format: 'yardmaster-source-inventory',
    version: 1,
    tree: 'tree',
    settings: { gzipLevel: 9, brotliQuality: 5, maxBlocks: 32, nearThreshold: 0.85 },
    totals: { ...sizes, ...none, directories: 1, languages: 1, binaryFiles: 0, emptyFiles: 0, sampledFiles: 0 },
    languages: [{ language: 'TypeScript', ...sizes }],
    duplicates: [],
    nearDuplicates: [],
    skipped: { excluded: 0, symlink: 0, special: 0, unreadable: 0, changed: 0 },
    skippedEntries: [],
    files,
  };
}

const timeline = createTimeline([{ task: 'scan', timing: { thread: 1, startedAt: 1_000, endedAt: 2_500 } }]);

describe('markup', () => {
  it('lets no text become a tag, an attribute or the end of a script', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(html`<p title="${text}">${text}</p>`.text.match(/[<>"]/g)).toEqual(['<', '"', '"', '>', '<', '>']);
        expect(jsonForScript([text]).text).not.toContain('<');
        expect(JSON.parse(jsonForScript([text]).text)).toEqual([text]);
      }),
    );
    expect(escapeHtml(`<a href='x' title="y">&`)).toBe('&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;');
  });

  it('makes hidden characters of names visible and leaves the others', () => {
    expect(visibleName('a\nb\u202egnp.exe\u0000')).toBe('a\\u{a}b\\u{202e}gnp.exe\\u{0}');
    expect(visibleName('ünï 日本語 😀 \ud800')).toBe('ünï 日本語 😀 \\u{d800}');
  });
});

describe('figures', () => {
  it('read in three significant figures', () => {
    expect([0, 999, 1000, 1234, 12_345, 999_499, 999_600, 1.5e9].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.00 kB',
      '1.23 kB',
      '12.3 kB',
      '999 kB',
      '1.00 MB',
      '1.50 GB',
    ]);
    expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect([formatShare(1, 3), formatShare(0, 0), formatShare(1, 10_000), formatShare(5, 5)]).toEqual([
      '33.3 %',
      '–',
      '< 0.1 %',
      '100 %',
    ]);
    expect([850, 12_340, 200_000].map(formatDuration)).toEqual(['850 ms', '12.3 s', '3 min 20 s']);
    expect([formatNoun(1, 'directory'), formatNoun(2, 'directory')]).toEqual(['1 directory', '2 directories']);
  });
});

describe('the tree of sizes', () => {
  const segment = fc.constantFrom('a', 'b', 'c', 'd');
  const paths = fc.uniqueArray(fc.array(segment, { minLength: 1, maxLength: 5 }), {
    selector: (parts) => parts.join('/'),
    maxLength: 40,
  });
  // A path that is a file must not be a directory too.
  const files = fc
    .tuple(paths, fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }))
    .map(([list, sizes]) =>
      list.map((parts, index) =>
        fileAt(`${parts.join('/')}/f${index}`, sizes[index] ?? 0, index % 2 === 0 ? 'C' : 'D'),
      ),
    );

  function check(node: SizeNode): number {
    const [, , count, bytes, , , children] = node;
    if (children === undefined) return 1;
    expect(children.reduce((sum, child) => sum + child[2], 0)).toBe(count);
    expect(children.reduce((sum, child) => sum + child[3], 0)).toBe(bytes);
    return children.reduce((sum, child) => sum + check(child), 1);
  }

  it('adds up at every directory, however far it is cut down', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 50 }), (list, budget) => {
        const root = buildSizeTree('root', list, ['C', 'D'], budget);
        expect(root[2]).toBe(list.length);
        expect(root[3]).toBe(list.reduce((sum, file) => sum + file.size, 0));
        check(root);
      }),
    );
  });

  it('shows chains of directories as one and small files as a sum', () => {
    const list = [
      fileAt('a/b/c/large', 10_000),
      ...Array.from({ length: 200 }, (_, index) => fileAt(`a/b/c/s${index}`, 2)),
    ];
    const [chain] = buildSizeTree('root', list, ['TypeScript'], 4)[6] ?? [];
    expect(chain?.[0]).toBe('a/b/c');
    expect(chain?.[6]?.map((node) => [node[0], node[2]])).toEqual([
      ['large', 1],
      ['', 200],
    ]);
  });
});

describe('the page', () => {
  it('stays below 5 MB for 50,000 files', () => {
    const list = Array.from({ length: 50_000 }, (_, index) =>
      fileAt(
        `packages/package-${index % 900}/source/part-${index % 7}/some-module-${index}.ts`,
        100 + ((index * 7919) % 90_000),
      ),
    );
    expect(Buffer.byteLength(renderDocument(inventoryOf(list), timeline))).toBeLessThan(5_000_000);
  });

  it('can be drawn of an empty tree', () => {
    const page = renderDocument({ ...inventoryOf([]), languages: [] }, timeline);
    expect(page).toContain('0 files in 1 directory');
    const body = page.slice(page.indexOf('<body>'), page.indexOf('<script type="module">'));
    expect(body).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('inventory.json', () => {
  it('reads back as what was written', () => {
    const inventory = inventoryOf([fileAt('a', 1), fileAt('ü"\n', 2)]);
    expect(inventorySchema.parse(JSON.parse([...inventoryText(inventory)].join('')))).toEqual(inventory);
    const empty = inventoryOf([]);
    expect(JSON.parse([...inventoryText(empty)].join(''))).toEqual(empty);
  });
});

describe('writing a result', () => {
  it('replaces the file at once, and leaves the old one and no rest when it fails', () => {
    const folder = mkdtempSync(join(tmpdir(), 'inventory-page-'));
    const path = join(folder, 'deep', 'result.txt');
    expect(writeFileAtomically(path, ['one ', 'ünd two'])).toBe(12);
    function* failing(): Iterable<string> {
      yield 'x'.repeat(2_000_000);
      throw new Error('no more');
    }
    expect(() => writeFileAtomically(path, failing())).toThrow('no more');
    expect(readFileSync(path, 'utf8')).toBe('one ünd two');
    expect(readdirSync(join(folder, 'deep'))).toEqual(['result.txt']);
    mkdirSync(join(folder, 'taken', 'by-a-folder'), { recursive: true });
    expect(() => writeFileAtomically(join(folder, 'taken'), ['text'])).toThrow();
    expect(readdirSync(folder).toSorted()).toEqual(['deep', 'taken']);
    rmSync(folder, { recursive: true });
  });
});
