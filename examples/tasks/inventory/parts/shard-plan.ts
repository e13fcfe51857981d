// Owns how files are dealt to shards so that the shards take about the same time. Pure and deterministic.
// Must never read a file.

import { comparePaths, type ListedFile } from './rows.ts';

/** What opening, closing and recording a file costs, expressed in bytes of content: keeps tiny files from piling up. */
const FILE_OVERHEAD_BYTES = 8_192;

export interface Shard {
  readonly index: number;
  readonly files: readonly ListedFile[];
  readonly bytes: number;
}

/**
 * Deals the files to `count` shards, largest first, each to the lightest shard so far; files within a shard are by path.
 * At most 4/3 of the best possible makespan: R. L. Graham, "Bounds on Multiprocessing Timing Anomalies", 1969 (LPT).
 */
export function planShards(files: readonly ListedFile[], count: number): Shard[] {
  const shards = Array.from({ length: count }, () => ({ files: [] as ListedFile[], bytes: 0, weight: 0 }));
  const order = [...files].sort((a, b) => b.size - a.size || comparePaths(a.path, b.path));
  for (const file of order) {
    const lightest = shards.reduce((best, shard) => (shard.weight < best.weight ? shard : best));
    lightest.files.push(file);
    lightest.bytes += file.size;
    lightest.weight += file.size + FILE_OVERHEAD_BYTES;
  }
  return shards.map((shard, index) => ({
    index,
    files: shard.files.sort((a, b) => comparePaths(a.path, b.path)),
    bytes: shard.bytes,
  }));
}
