// Owns what the scan and its shard plan promise beyond the known tree: unreadable places, bad input, fair shards, cancellation.

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ListedFile, listedFileSchema, manifestSchema } from '../../../examples/tasks/inventory/parts/rows.ts';
import { planShards } from '../../../examples/tasks/inventory/parts/shard-plan.ts';
import { artifactSchema, readDocument, readRows } from '../../../examples/tasks/inventory/parts/step-input.ts';
import { scan } from '../../../examples/tasks/inventory/scan.ts';
import { createContext } from '../support/in-process-context.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

let scratch = '';
let artifacts = '';

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'inventory-scan-'));
  artifacts = join(scratch, 'artifacts');
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function writeTree(paths: readonly string[]): string {
  const root = join(scratch, 'tree');
  for (const path of paths) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  return root;
}

// Root may read everything, so there the test takes on the rights of a user who may not.
async function asOrdinaryUser<Result>(body: () => Promise<Result>): Promise<Result> {
  if (!isRoot) return body();
  process.seteuid?.(NOBODY);
  try {
    return await body();
  } finally {
    process.seteuid?.(0);
  }
}

describe('scan', () => {
  it('counts and logs a directory that it may not read, and goes on', async () => {
    const root = writeTree(['open/a.txt', 'closed/b.txt', 'z.txt']);
    chmodSync(scratch, 0o755);
    mkdirSync(artifacts);
    chmodSync(artifacts, 0o777);
    chmodSync(join(root, 'closed'), 0o000);
    const context = createContext('scan', artifacts);
    const output = await asOrdinaryUser(() => scan({ root, out: join(scratch, 'out'), shards: 2 }, context));
    chmodSync(join(root, 'closed'), 0o755);
    expect(output.files).toBe(2);
    expect(output.skipped).toMatchObject({ unreadable: 1 });
    const manifest = readDocument(artifactSchema.parse(output.manifest), manifestSchema);
    expect(manifest.skippedEntries).toEqual([{ path: 'closed', reason: 'unreadable', detail: 'EACCES' }]);
    expect(context.logs).toContainEqual({ level: 'warn', message: "cannot read 'closed': EACCES" });
  });

  it('lists each file in exactly one shard', async () => {
    const root = writeTree(['a', 'b/c', 'b/d', 'e/f/g', 'h']);
    const output = await scan({ root, out: join(scratch, 'out'), shards: 3 }, createContext('scan', artifacts));
    const shards = Array.isArray(output.shards) ? output.shards : [];
    const lists = shards.map((shard) => {
      const list = typeof shard === 'object' && shard !== null && !Array.isArray(shard) ? shard.list : undefined;
      return readRows(artifactSchema.parse(list), listedFileSchema).map((file) => file.path);
    });
    expect(lists).toHaveLength(3);
    expect(lists.flat().toSorted()).toEqual(['a', 'b/c', 'b/d', 'e/f/g', 'h']);
  });

  it('leaves out its own results and the directories it is told to, nothing else of the same folder', async () => {
    const root = writeTree(['docs/guide.md', 'docs/inventory.json', 'docs/inventory.html', 'cache/x', '.yardmaster/y']);
    const parameters = { root, out: join(root, 'docs'), shards: 1, exclude: ['cache'] };
    const output = await scan(parameters, createContext('scan', artifacts));
    expect(output).toMatchObject({ files: 1, directories: 2, skipped: { excluded: 1 } });
  });

  it('takes an empty tree', async () => {
    const root = join(scratch, 'nothing');
    mkdirSync(root);
    const output = await scan({ root, out: 'out', shards: 8 }, createContext('scan', artifacts));
    expect(output).toMatchObject({ files: 0, bytes: 0, directories: 0 });
  });

  it.each([
    ['a missing directory', { root: 'no/such/place', out: 'out', shards: 8 }, 'ROOT_UNREADABLE'],
    ['a file', { root: 'package.json', out: 'out', shards: 8 }, 'ROOT_UNREADABLE'],
    ['no root', { out: 'out', shards: 8 }, 'PARAMETER_INVALID'],
    ['half a shard', { root: '.', out: 'out', shards: 0.5 }, 'PARAMETER_INVALID'],
    ['no shards', { root: '.', out: 'out', shards: 0 }, 'PARAMETER_INVALID'],
  ])('refuses %s without a retry', async (_, parameters, code) => {
    const attempt = scan(parameters, createContext('scan', artifacts));
    await expect(attempt).rejects.toMatchObject({ code, retryable: false });
  });

  it('ends soon when it is cancelled', async () => {
    const root = writeTree(Array.from({ length: 40 }, (_, index) => `d${index}/file`));
    const context = createContext('scan', artifacts, { cancelAfter: 3 });
    await expect(scan({ root, out: 'out', shards: 2 }, context)).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  });
});

describe('the shard plan', () => {
  const files = fc
    .uniqueArray(fc.record({ path: fc.string({ minLength: 1 }), size: fc.nat(1_000_000_000) }), {
      selector: (file) => file.path,
      maxLength: 60,
    })
    .map((list): ListedFile[] => list);

  it('deals every file to one shard, in whatever order they come', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 9 }), (list, count) => {
        const plan = planShards(list, count);
        expect(plan).toHaveLength(count);
        expect(plan.flatMap((shard) => shard.files).toSorted(byPath)).toEqual(list.toSorted(byPath));
        expect(planShards(list.toReversed(), count)).toEqual(plan);
      }),
    );
  });

  it('keeps the heaviest shard within the bound of the method: an even share plus one file', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 9 }), (list, count) => {
        const weight = (file: ListedFile) => file.size + 8_192;
        const total = list.reduce((sum, file) => sum + weight(file), 0);
        const largest = Math.max(0, ...list.map(weight));
        const heaviest = Math.max(
          ...planShards(list, count).map((shard) => shard.files.reduce((sum, file) => sum + weight(file), 0)),
        );
        expect(heaviest).toBeLessThanOrEqual(total / count + largest * (1 - 1 / count) + 1e-3);
      }),
    );
  });
});

function byPath(a: ListedFile, b: ListedFile): number {
  return a.path < b.path ? -1 : 1;
}
