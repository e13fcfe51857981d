// Owns the form of inventory.json: what it holds, and writing and reading it. The content follows from the tree and the
// parameters alone: no times, no absolute paths, every list in a fixed order, so two runs give the same bytes.

import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { InventoryError, systemErrorCode } from './inventory-error.ts';
import {
  compressRowSchema,
  digestRowSchema,
  duplicateGroupSchema,
  nearPairSchema,
  skippedCountsSchema,
  skippedEntrySchema,
} from './rows.ts';

const count = z.number().int().nonnegative();

const sizesSchema = z.object({
  files: count,
  bytes: count,
  /** Of text files only, as `blank`. */
  lines: count,
  blank: count,
  gzip: count,
  brotli: count,
});
export type Sizes = z.infer<typeof sizesSchema>;

const languageSchema = sizesSchema.extend({ language: z.string() });
export type LanguageTotal = z.infer<typeof languageSchema>;

const fileSchema = digestRowSchema.extend(compressRowSchema.omit({ path: true, size: true }).shape);
export type InventoryFile = z.infer<typeof fileSchema>;

/** What the figures depend on besides the tree. */
const settingsSchema = z.object({
  gzipLevel: count,
  brotliQuality: count,
  /** Blocks of 4 MiB above which a file's compressed sizes are scaled up from a sample. */
  maxBlocks: count,
  nearThreshold: z.number(),
});

export const inventorySchema = z.object({
  format: z.literal('yardmaster-source-inventory'),
  version: z.literal(1),
  tree: z.string(),
  settings: settingsSchema,
  totals: sizesSchema.extend({
    directories: count,
    languages: count,
    binaryFiles: count,
    emptyFiles: count,
    sampledFiles: count,
    duplicateGroups: count,
    duplicateFiles: count,
    wastedBytes: count,
    nearDuplicatePairs: count,
    /** Crowds of look-alikes of which not all pairs were compared; above 0 there may be more pairs. */
    nearCutBuckets: count,
  }),
  /** By bytes, largest first. */
  languages: z.array(languageSchema),
  /** By wasted bytes, most first. */
  duplicates: z.array(duplicateGroupSchema),
  /** By shared bytes, most first; `totals.nearDuplicatePairs` counts those beyond the step's limit too. */
  nearDuplicates: z.array(nearPairSchema),
  skipped: skippedCountsSchema,
  skippedEntries: z.array(skippedEntrySchema),
  /** By path. */
  files: z.array(fileSchema),
});
export type Inventory = z.infer<typeof inventorySchema>;

/** The file as text pieces, one file or group a line: readable, diffable, and no string grows with the tree. */
export function* inventoryText(inventory: Inventory): Iterable<string> {
  const entries = Object.entries(inventory);
  yield '{\n';
  for (const [position, [key, value]] of entries.entries()) {
    yield `${JSON.stringify(key)}: `;
    if (Array.isArray(value)) yield* arrayText(value);
    else yield JSON.stringify(value);
    yield position === entries.length - 1 ? '\n' : ',\n';
  }
  yield '}\n';
}

/** Reads an inventory.json. @throws InventoryError INVENTORY_UNREADABLE, INVENTORY_INVALID */
export function readInventory(path: string): Inventory {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? cause.message : systemErrorCode(cause);
    throw new InventoryError('INVENTORY_UNREADABLE', `cannot read the inventory '${path}': ${reason}`, { cause });
  }
  const parsed = inventorySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new InventoryError(
    'INVENTORY_INVALID',
    `'${path}' is not an inventory: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}; run the workflow again`,
  );
}

function* arrayText(items: readonly unknown[]): Iterable<string> {
  if (items.length === 0) {
    yield '[]';
    return;
  }
  for (const [index, item] of items.entries()) yield `${index === 0 ? '[\n' : ',\n'}${JSON.stringify(item)}`;
  yield '\n]';
}
