// Owns the whole main job on a small tree that is known to the byte: the workflow file as it is, each step's real module.

import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Inventory, readInventory } from '../../../examples/tasks/inventory/parts/inventory.ts';
import type { JsonObject } from '../../../src/domain/json-value.ts';
import {
  CONTROL_NAME,
  HUGE_LINE_BYTES,
  MARKUP_NAME,
  NEAR_SIMILARITY,
  SCRIPT_END_PATH,
  UNICODE_PATH,
  writeFixtureTree,
} from '../support/fixture-tree.ts';
import {
  dependenciesOf,
  member,
  readInventoryWorkflow,
  runInventory,
  type StepRun,
} from '../support/workflow-steps.ts';

const MAIN_TEXT = 'export const answer = 42;\n\n  \nexport const question = null;\n';
const MAIN_PATHS = ['lib/deep/er/main-again.ts', 'src/copy-of-main.ts', 'src/main.ts'];

let scratch = '';
let tree = '';
let expected = { files: 0, bytes: 0 };
let run: StepRun;
let inventory: Inventory;
let page = '';

function inventoryParams(out: string): JsonObject {
  return { root: tree, out: join(scratch, out) };
}

function fileOf(path: string): Inventory['files'][number] {
  const file = inventory.files.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`the inventory has no '${path}'`);
  return file;
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'inventory-'));
  tree = join(scratch, 'tree');
  expected = writeFixtureTree(tree);
  run = await runInventory({ params: inventoryParams('out'), artifacts: join(scratch, 'artifacts') });
  inventory = readInventory(join(scratch, 'out', 'inventory.json'));
  page = readFileSync(join(scratch, 'out', 'inventory.html'), 'utf8');
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the workflow file', () => {
  it('is sound and has a scan, three stages of eight shards, and four joins', () => {
    const workflow = readInventoryWorkflow();
    const stages = Map.groupBy(workflow.steps, (step) => step.module);
    expect(Object.fromEntries([...stages].map(([module, steps]) => [module, steps.length]))).toEqual({
      'inventory/scan': 1,
      'inventory/digest': 8,
      'inventory/compress': 8,
      'inventory/signature': 8,
      'inventory/exact': 1,
      'inventory/near': 1,
      'inventory/merge': 1,
      'inventory/report': 1,
    });
  });

  it('joins all shards through references alone', () => {
    const dependencies = dependenciesOf(readInventoryWorkflow());
    const shards = (stage: string) => Array.from({ length: 8 }, (_, index) => `${stage}-${index}`);
    expect(dependencies.get('exact')).toEqual(new Set(shards('digest')));
    expect(dependencies.get('near')).toEqual(new Set([...shards('signature'), 'exact']));
    expect(dependencies.get('merge')?.size).toBe(1 + 8 + 8 + 2);
    expect(dependencies.get('report')?.has('merge')).toBe(true);
  });

  it('asks of its own resources no more than it declares', () => {
    const workflow = readInventoryWorkflow();
    const capacity = new Map(workflow.resources.map((resource) => [resource.id, resource.capacity]));
    for (const step of workflow.steps) {
      for (const [id, amount] of Object.entries(step.resources)) {
        if (!id.startsWith('sys-')) expect(amount).toBeLessThanOrEqual(capacity.get(id) ?? 0);
      }
    }
    expect(workflow.steps.filter((step) => Object.keys(step.resources).length === 0)).toEqual([]);
  });
});

describe('the inventory of a known tree', () => {
  it('has every regular file with its bytes and nothing else', () => {
    expect(inventory.totals.files).toBe(expected.files);
    expect(inventory.totals.bytes).toBe(expected.bytes);
    expect(inventory.files.map((file) => file.path)).toEqual(inventory.files.map((file) => file.path).toSorted());
    for (const path of [UNICODE_PATH, MARKUP_NAME, SCRIPT_END_PATH, CONTROL_NAME])
      expect(fileOf(path).size).toBeGreaterThan(0);
  });

  it('gives each file the SHA-256 of its bytes', () => {
    for (const file of inventory.files) {
      const content = readFileSync(join(tree, file.path));
      expect(file.sha256).toBe(createHash('sha256').update(content).digest('hex'));
      expect(file.size).toBe(content.length);
    }
  });

  it('counts lines and blank lines of text, and none of binary files', () => {
    expect(fileOf('src/main.ts')).toMatchObject({ lines: 4, blank: 2, language: 'TypeScript', binary: false });
    expect(fileOf('src/no-newline-at-end.js')).toMatchObject({ lines: 2, blank: 0, language: 'JavaScript' });
    expect(fileOf('src/windows.css')).toMatchObject({ lines: 3, blank: 1, language: 'CSS' });
    expect(fileOf('empty')).toMatchObject({ lines: 0, blank: 0, size: 0 });
    expect(fileOf('huge-line.json')).toMatchObject({ lines: 1, blank: 0, size: HUGE_LINE_BYTES });
    expect(fileOf('bin/blob')).toMatchObject({ lines: 0, binary: true, language: 'Other binary' });
  });

  it('tells languages by name, shebang and magic number', () => {
    expect(fileOf('tool/run').language).toBe('JavaScript');
    expect(fileOf('tool/build').language).toBe('Shell');
    expect(fileOf('bin/library.so').language).toBe('Native code');
    expect(fileOf('bin/elf-without-name').language).toBe('Native code');
    expect(fileOf(UNICODE_PATH).language).toBe('Python');
  });

  it('weighs files as gzip and brotli do, blocks of long files one by one', () => {
    const { gzipLevel: level, brotliQuality } = inventory.settings;
    const small = readFileSync(join(tree, 'docs/original.md'));
    expect(fileOf('docs/original.md').gzip).toBe(gzipSync(small, { level }).length);
    const params = { [constants.BROTLI_PARAM_QUALITY]: brotliQuality, [constants.BROTLI_PARAM_LGWIN]: 22 };
    const alone = brotliCompressSync(small, { params }).length;
    expect(Math.abs(fileOf('docs/original.md').brotli - alone)).toBeLessThan(alone / 50);
    const huge = readFileSync(join(tree, 'huge-line.json'));
    const block = 4 * 1024 * 1024;
    const blocks = [huge.subarray(0, block), huge.subarray(block)].map((part) => gzipSync(part, { level }).length);
    expect(fileOf('huge-line.json')).toMatchObject({ gzip: (blocks[0] ?? 0) + (blocks[1] ?? 0), sampled: false });
  });

  it('finds the exact duplicates and no others, hard links not counted as copies', () => {
    expect(inventory.duplicates).toEqual([
      {
        sha256: createHash('sha256').update(MAIN_TEXT).digest('hex'),
        size: MAIN_TEXT.length,
        copies: 3,
        wasted: 2 * MAIN_TEXT.length,
        paths: MAIN_PATHS,
      },
    ]);
    expect(fileOf('bin/blob-linked').linkOf).toBe('bin/blob');
    expect(inventory.totals.wastedBytes).toBe(2 * MAIN_TEXT.length);
  });

  it('finds the one near pair, with a similarity close to the true one', () => {
    expect(inventory.nearDuplicates.map(({ first, second }) => [first, second])).toEqual([
      ['docs/nested/changed.md', 'docs/original.md'],
    ]);
    // Four standard errors of 128 hashes at this similarity.
    expect(Math.abs((inventory.nearDuplicates[0]?.similarity ?? 0) - NEAR_SIMILARITY)).toBeLessThan(0.09);
  });

  it('counts what it skipped and says why', () => {
    expect(inventory.skipped).toEqual({ excluded: 1, symlink: 2, special: 1, unreadable: 0, changed: 0 });
    expect(inventory.skippedEntries).toEqual([
      { path: '.git', reason: 'excluded', detail: 'directory' },
      { path: 'src/dangling', reason: 'symlink', detail: 'symlink' },
      { path: 'src/loop', reason: 'symlink', detail: 'symlink' },
      { path: 'tool/pipe', reason: 'special', detail: 'pipe' },
    ]);
  });

  it('has language totals that add up', () => {
    for (const key of ['files', 'bytes', 'lines', 'blank', 'gzip', 'brotli'] as const) {
      const sum = inventory.languages.reduce((total, language) => total + language[key], 0);
      expect(sum).toBe(inventory.totals[key]);
    }
  });

  it('reports progress that never goes back, and ends small', () => {
    for (const context of run.contexts.values()) {
      expect(context.fractions).toEqual(context.fractions.toSorted((a, b) => a - b));
      expect(context.fractions.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
      expect(context.messages.every((message) => message !== '')).toBe(true);
    }
    for (const output of run.outputs.values()) expect(JSON.stringify(output).length).toBeLessThan(10_000);
    expect(member(run, 'report', 'page')).toBe(join(scratch, 'out', 'inventory.html'));
    expect(member(run, 'report', 'duplicateGroups')).toBe(1);
    expect(member(run, 'report', 'nearDuplicatePairs')).toBe(1);
  });

  it('leaves no temporary file beside its results', () => {
    expect(readdirSync(join(scratch, 'out')).toSorted()).toEqual(['inventory.html', 'inventory.json']);
  });
});

describe('a second run', () => {
  it('writes the same inventory.json byte for byte, from a copy elsewhere that holds its own results', async () => {
    const copy = join(scratch, 'elsewhere', 'tree');
    cpSync(tree, copy, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('tool/pipe') && !source.endsWith('bin/blob-linked'),
    });
    const out = join(copy, 'some', 'results');
    const artifacts = join(copy, '.yardmaster', 'artifacts');
    await runInventory({ params: { root: copy, out }, artifacts });
    const first = readFileSync(join(out, 'inventory.json'), 'utf8');
    // Now the results of the first run lie in the tree.
    await runInventory({ params: { root: copy, out }, artifacts });
    const second = readFileSync(join(out, 'inventory.json'), 'utf8');
    expect(second).toBe(first);
    expect(second).not.toContain(scratch);
    expect(second).not.toContain('results');
  });

  it('gives the same bytes for the same tree', async () => {
    await runInventory({ params: inventoryParams('again'), artifacts: join(scratch, 'other-artifacts') });
    expect(readFileSync(join(scratch, 'again', 'inventory.json'))).toEqual(
      readFileSync(join(scratch, 'out', 'inventory.json')),
    );
  });
});

describe('files that change or vanish after the scan', () => {
  it('are told as skipped and stop nothing', async () => {
    const moving = join(scratch, 'moving');
    writeFixtureTree(moving);
    const out = join(scratch, 'moving-out');
    const result = await runInventory({
      params: { root: moving, out },
      artifacts: join(scratch, 'moving-artifacts'),
      beforeStep: (name) => {
        if (name === 'digest-0') rmSync(join(moving, 'docs/unrelated.md'));
        if (name === 'compress-0') rmSync(join(moving, 'docs/original.md'));
      },
    });
    const moved = readInventory(join(out, 'inventory.json'));
    expect(moved.skipped.unreadable).toBe(2);
    expect(moved.skippedEntries.filter((entry) => entry.reason === 'unreadable')).toEqual([
      { path: 'docs/original.md', reason: 'unreadable', detail: 'ENOENT' },
      { path: 'docs/unrelated.md', reason: 'unreadable', detail: 'ENOENT' },
    ]);
    expect(moved.totals.files).toBe(expected.files - 2);
    const logs = [...result.contexts.values()].flatMap((context) => context.logs);
    expect(logs.some((line) => line.level === 'warn' && line.message.includes('docs/unrelated.md'))).toBe(true);
  });
});

describe('the page', () => {
  it('shows every hostile name as text', () => {
    expect(page).not.toContain('<img');
    expect(page).not.toContain(SCRIPT_END_PATH);
    expect(page.match(/<script[ >]/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    const data = /<script type="application\/json" id="tree-data">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    expect(data).not.toContain('<');
    expect(JSON.stringify(JSON.parse(data))).toContain('<img src=x onerror=document.title=1>.txt');
    expect(page).not.toContain('\u202e');
  });

  it('allows its own script by hash and loads nothing', () => {
    const script = /<script type="module">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    const policy = createHash('sha256').update(script).digest('base64');
    expect(page).toContain(`script-src &#39;sha256-${policy}&#39;`);
    expect(page).toContain('default-src &#39;none&#39;');
    expect(page).not.toMatch(/\b(?:src|href)="(?!#)/);
  });

  it('has the figures of the inventory', () => {
    expect(page).toContain(`${inventory.totals.files} files in ${inventory.totals.directories} directories`);
    expect(page).toContain('29 tasks on 1 thread');
    for (const { language } of inventory.languages) expect(page).toContain(language);
    for (const step of readInventoryWorkflow().steps) expect(page).toContain(`data-tip="${step.name}\n`);
  });
});
