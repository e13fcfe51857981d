// Task module `inventory/merge`: joins what all shards and both duplicate searches found into inventory.json.

import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { JsonObject } from '../../../src/domain/json-value.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';
import { writeFileAtomically } from './parts/atomic-file.ts';
import {
  type Inventory,
  type InventoryFile,
  inventoryText,
  type LanguageTotal,
  type Sizes,
} from './parts/inventory.ts';
import { Pace } from './parts/pace.ts';
import {
  type CompressRow,
  comparePaths,
  compressRowSchema,
  digestRowSchema,
  duplicateGroupSchema,
  failedRowSchema,
  MAX_LISTED_SKIPS,
  type Manifest,
  manifestSchema,
  nearPairSchema,
  type SkippedEntry,
} from './parts/rows.ts';
import { type ArtifactInput, artifactSchema, parseParameters, readDocument, readRows } from './parts/step-input.ts';

const parametersSchema = z.object({
  out: z.string().min(1),
  manifest: artifactSchema,
  digests: z.array(artifactSchema).min(1),
  compressions: z.array(artifactSchema).min(1),
  duplicates: artifactSchema,
  near_pairs: artifactSchema,
  near_count: z.number().int().nonnegative(),
  near_threshold: z.number(),
  near_cut_buckets: z.number().int().nonnegative(),
  /** What the shards were compressed with; the same for all. */
  compression: z.object({ gzipLevel: z.number(), brotliQuality: z.number(), maxBlocks: z.number() }),
});

const digestedSchema = z.union([digestRowSchema, failedRowSchema]);
const compressedSchema = z.union([compressRowSchema, failedRowSchema]);

interface Join {
  readonly files: InventoryFile[];
  readonly lost: SkippedEntry[];
}

/** Writes `<out>/inventory.json`. @throws InventoryError PARAMETER_INVALID, ARTIFACT_*, ROW_INVALID */
export async function merge(parameters: JsonObject, context: TaskContext): Promise<JsonObject> {
  const pace = new Pace(context);
  const input = parseParameters(parametersSchema, parameters, context);
  const manifest = readDocument(input.manifest, manifestSchema);
  const { files, lost } = await joinRows(input.digests, input.compressions, pace);
  const duplicates = readRows(input.duplicates, duplicateGroupSchema);
  const languages = totalByLanguage(files);
  const inventory: Inventory = {
    format: 'yardmaster-source-inventory',
    version: 1,
    tree: manifest.tree,
    settings: { ...input.compression, nearThreshold: input.near_threshold },
    totals: {
      ...sumSizes(files),
      directories: manifest.directories,
      languages: languages.length,
      binaryFiles: files.filter((file) => file.binary).length,
      emptyFiles: files.filter((file) => file.size === 0).length,
      sampledFiles: files.filter((file) => file.sampled).length,
      duplicateGroups: duplicates.length,
      duplicateFiles: duplicates.reduce((sum, group) => sum + group.paths.length, 0),
      wastedBytes: duplicates.reduce((sum, group) => sum + group.wasted, 0),
      nearDuplicatePairs: input.near_count,
      nearCutBuckets: input.near_cut_buckets,
    },
    languages,
    duplicates,
    nearDuplicates: readRows(input.near_pairs, nearPairSchema),
    ...joinSkipped(manifest, lost),
    files,
  };
  await pace.report(0.8, `writing ${files.length} files to inventory.json`);
  const path = join(resolve(input.out), 'inventory.json');
  const sizeBytes = writeFileAtomically(path, inventoryText(inventory));
  return { inventory: path, sizeBytes, totals: inventory.totals, lost: lost.length, timing: pace.timing() };
}

// A file that one of the two passes could not read, or that had another size in each, is no file of the inventory.
async function joinRows(
  digests: readonly ArtifactInput[],
  compressions: readonly ArtifactInput[],
  pace: Pace,
): Promise<Join> {
  const weights = new Map<string, CompressRow>();
  const failures = new Map<string, string>();
  const steps = digests.length + compressions.length;
  for (const [index, reference] of compressions.entries()) {
    if (pace.due()) await pace.report((0.7 * index) / steps, `joining sizes ${index + 1}/${compressions.length}`);
    for (const row of readRows(reference, compressedSchema)) {
      if ('failed' in row) failures.set(row.path, row.failed);
      else weights.set(row.path, row);
    }
  }
  const files: InventoryFile[] = [];
  const lost: SkippedEntry[] = [];
  for (const [index, reference] of digests.entries()) {
    const fraction = (0.7 * (compressions.length + index)) / steps;
    if (pace.due()) await pace.report(fraction, `joining digests ${index + 1}/${digests.length}`);
    for (const row of readRows(reference, digestedSchema)) {
      const failure = 'failed' in row ? row.failed : failures.get(row.path);
      const weight = weights.get(row.path);
      if (failure !== undefined) lost.push({ path: row.path, reason: 'unreadable', detail: failure });
      else if ('failed' in row || weight === undefined) continue;
      else if (weight.size !== row.size) lost.push({ path: row.path, reason: 'changed', detail: 'size' });
      else files.push({ ...row, gzip: weight.gzip, brotli: weight.brotli, sampled: weight.sampled });
    }
  }
  return { files: files.sort((a, b) => comparePaths(a.path, b.path)), lost };
}

function joinSkipped(manifest: Manifest, lost: readonly SkippedEntry[]): Pick<Inventory, 'skipped' | 'skippedEntries'> {
  const skipped = { ...manifest.skipped };
  for (const entry of lost) skipped[entry.reason] += 1;
  const entries = [...manifest.skippedEntries, ...lost].sort((a, b) => comparePaths(a.path, b.path));
  return { skipped, skippedEntries: entries.slice(0, MAX_LISTED_SKIPS) };
}

function totalByLanguage(files: readonly InventoryFile[]): LanguageTotal[] {
  const byLanguage = Map.groupBy(files, (file) => file.language);
  return [...byLanguage]
    .map(([language, members]) => ({ language, ...sumSizes(members) }))
    .sort((a, b) => b.bytes - a.bytes || comparePaths(a.language, b.language));
}

function sumSizes(files: readonly InventoryFile[]): Sizes {
  const sizes = { files: files.length, bytes: 0, lines: 0, blank: 0, gzip: 0, brotli: 0 };
  for (const file of files) {
    sizes.bytes += file.size;
    sizes.lines += file.lines;
    sizes.blank += file.blank;
    sizes.gzip += file.gzip;
    sizes.brotli += file.brotli;
  }
  return sizes;
}
