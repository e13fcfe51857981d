// Task module `inventory/scan`: walks a source tree once and deals its files to shards that take about the same time.
// Reads directories, never content. What it lists is what every later step works on.

import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { z } from 'zod';
import type { JsonObject } from '../../../src/domain/json-value.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';
import { InventoryError, systemErrorCode } from './parts/inventory-error.ts';
import { Pace } from './parts/pace.ts';
import { MAX_LISTED_SKIPS, type Manifest, SKIP_REASONS, type SkippedCounts, type SkippedEntry } from './parts/rows.ts';
import { planShards } from './parts/shard-plan.ts';
import { parseParameters, recordable, writeRows } from './parts/step-input.ts';
import { type Walk, walkTree } from './parts/tree-walk.ts';

const parametersSchema = z.object({
  /** The tree, relative to the process's folder. */
  root: z.string().min(1),
  /** The folder of the results; its two files are left out when they lie within the tree. */
  out: z.string().min(1),
  shards: z.number().int().min(1).max(256),
  /** Names of directories to leave out wherever they are. */
  exclude: z.array(z.string().min(1)).default(['.git']),
});

const LOGGED_SKIPS = 20;
const RESULT_FILES = ['inventory.json', 'inventory.html'];
/** Where the runtime keeps its journal and artifacts by default. */
const OWN_NAMES: ReadonlySet<string> = new Set(['.yardmaster']);

/** Walks `root` and returns the shards' file lists. @throws InventoryError PARAMETER_INVALID, ROOT_UNREADABLE */
export async function scan(parameters: JsonObject, context: TaskContext): Promise<JsonObject> {
  const pace = new Pace(context);
  const { root, out, shards, exclude } = parseParameters(parametersSchema, parameters, context);
  const absoluteRoot = requireDirectory(root);
  const walk = await walkTree(
    {
      root: absoluteRoot,
      excludedNames: new Set(exclude),
      ownNames: OWN_NAMES,
      ownPaths: new Set(RESULT_FILES.map((name) => resolve(out, name))),
    },
    (progress) => {
      if (!pace.due()) return undefined;
      const { directories, pending, files, current } = progress();
      // The size of the tree is unknown before the end: what is left is guessed from the directories in sight.
      const fraction = 0.9 * (directories / (directories + pending));
      return pace.report(fraction, `${files} files in ${directories} directories: ${current || '.'}`);
    },
  );
  logSkipped(context, walk.skipped);
  await pace.report(0.95, `dealing ${walk.files.length} files to ${shards} shards`);
  const skipped = countSkipped(walk.skipped);
  const plan = planShards(walk.files, shards);
  const lists = [];
  for (const shard of plan) {
    const list = await writeRows(context, `list-${shard.index}.jsonl`, shard.files);
    lists.push({ index: shard.index, files: shard.files.length, bytes: shard.bytes, list });
  }
  const manifest = manifestOf(basename(absoluteRoot) || '/', walk, shards, skipped);
  const reference = recordable(await context.artifact('manifest.json', JSON.stringify(manifest)));
  const { files, bytes, directories } = manifest;
  return {
    root: absoluteRoot,
    tree: manifest.tree,
    manifest: reference,
    files,
    bytes,
    directories,
    shards: lists,
    skipped,
    timing: pace.timing(),
  };
}

function requireDirectory(root: string): string {
  const absolute = resolve(root);
  try {
    if (statSync(absolute).isDirectory()) return absolute;
  } catch (cause) {
    throw new InventoryError(
      'ROOT_UNREADABLE',
      `cannot scan '${root}' (${systemErrorCode(cause)}); give a directory: --param root=…`,
      { cause },
    );
  }
  throw new InventoryError('ROOT_UNREADABLE', `'${root}' is not a directory; give one: --param root=…`);
}

function manifestOf(tree: string, walk: Walk, shards: number, skipped: SkippedCounts): Manifest {
  return {
    tree,
    files: walk.files.length,
    bytes: walk.bytes,
    directories: walk.directories,
    shards,
    skipped,
    skippedEntries: walk.skipped.slice(0, MAX_LISTED_SKIPS),
  };
}

function countSkipped(entries: readonly SkippedEntry[]): SkippedCounts {
  const counts: SkippedCounts = { excluded: 0, symlink: 0, special: 0, unreadable: 0, changed: 0 };
  for (const entry of entries) counts[entry.reason] += 1;
  return counts;
}

function logSkipped(context: TaskContext, entries: readonly SkippedEntry[]): void {
  const unreadable = entries.filter((entry) => entry.reason === 'unreadable');
  for (const { path, detail } of unreadable.slice(0, LOGGED_SKIPS)) {
    context.log('warn', `cannot read '${path}': ${detail}`, { path });
  }
  const counts = countSkipped(entries);
  const summary = SKIP_REASONS.filter((reason) => counts[reason] > 0).map((reason) => `${counts[reason]} ${reason}`);
  if (summary.length > 0) context.log('info', `skipped: ${summary.join(', ')}`);
}
