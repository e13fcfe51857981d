// Owns the shapes that travel between the inventory tasks in artifacts. Sizes in bytes; paths are relative to the
// scanned root, with `/`. Must never hold times or absolute paths: everything that reaches inventory.json comes from here.

import { z } from 'zod';

const count = z.number().int().nonnegative();

/** A file the scan found. `linkOf` names the first path of the same inode, for all further hard links. */
export const listedFileSchema = z.object({ path: z.string(), size: count, linkOf: z.string().optional() });
export type ListedFile = z.infer<typeof listedFileSchema>;

export const SKIP_REASONS = ['excluded', 'symlink', 'special', 'unreadable', 'changed'] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

/** Something that is not in the inventory, and why; `detail` is a system error code or the kind of thing it is. */
export const skippedEntrySchema = z.object({ path: z.string(), reason: z.enum(SKIP_REASONS), detail: z.string() });
export type SkippedEntry = z.infer<typeof skippedEntrySchema>;

export const skippedCountsSchema = z.record(z.enum(SKIP_REASONS), count);
export type SkippedCounts = Record<SkipReason, number>;

/** What the scan as a whole found; the files themselves are in one list a shard. */
export const manifestSchema = z.object({
  tree: z.string(),
  files: count,
  bytes: count,
  directories: count,
  shards: count,
  skipped: skippedCountsSchema,
  /** The first MAX_LISTED_SKIPS of them, by path. */
  skippedEntries: z.array(skippedEntrySchema),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Names of skipped things that are kept; beyond it only the counts grow. */
export const MAX_LISTED_SKIPS = 1_000;

/** A file that was listed and could not be read later. */
export const failedRowSchema = z.object({ path: z.string(), failed: z.string() });
export type FailedRow = z.infer<typeof failedRowSchema>;

export const digestRowSchema = z.object({
  path: z.string(),
  size: count,
  sha256: z.string().length(64),
  language: z.string(),
  binary: z.boolean(),
  lines: count,
  blank: count,
  linkOf: z.string().optional(),
});
export type DigestRow = z.infer<typeof digestRowSchema>;

export const compressRowSchema = z.object({
  path: z.string(),
  size: count,
  gzip: count,
  brotli: count,
  /** Sizes are scaled up from evenly spread blocks. */
  sampled: z.boolean(),
});
export type CompressRow = z.infer<typeof compressRowSchema>;

export const signatureRowSchema = z.object({
  path: z.string(),
  size: count,
  shingles: count,
  /** Little-endian 32-bit words, base64. */
  signature: z.base64(),
});
export type SignatureRow = z.infer<typeof signatureRowSchema>;

/** Files of the same content. `copies` counts inodes, so hard links waste nothing. */
export const duplicateGroupSchema = z.object({
  sha256: z.string(),
  size: count,
  copies: count,
  wasted: count,
  paths: z.array(z.string()),
});
export type DuplicateGroup = z.infer<typeof duplicateGroupSchema>;

export const nearPairSchema = z.object({
  first: z.string(),
  second: z.string(),
  /** Estimated Jaccard similarity of the shingle sets, a multiple of 1/128. */
  similarity: z.number().min(0).max(1),
  /** The similarity times the smaller size: what both are likely to share. */
  sharedBytes: count,
});
export type NearPair = z.infer<typeof nearPairSchema>;

/** Compares by UTF-16 code units: the same order on every machine and locale. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
