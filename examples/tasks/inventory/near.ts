// Task module `inventory/near`: finds text files that are almost the same, across all shards. Of exact duplicates only the
// first path takes part, so that one pair of contents is one pair here.

import { z } from 'zod';
import type { JsonObject } from '../../../src/domain/json-value.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';
import { InventoryError } from './parts/inventory-error.ts';
import { decodeSignature, SIGNATURE_WORDS } from './parts/minhash.ts';
import { findSimilarPairs } from './parts/near-pairs.ts';
import { Pace } from './parts/pace.ts';
import {
  comparePaths,
  duplicateGroupSchema,
  failedRowSchema,
  type NearPair,
  type SignatureRow,
  signatureRowSchema,
} from './parts/rows.ts';
import { type ArtifactInput, artifactSchema, parseParameters, readRows, writeRows } from './parts/step-input.ts';

const parametersSchema = z.object({
  signatures: z.array(artifactSchema).min(1),
  /** The groups that `inventory/exact` found. */
  duplicates: artifactSchema,
  threshold: z.number().min(0.5).max(1).default(0.85),
  /** Pairs that are kept, those that share most bytes first. */
  max_pairs: z.number().int().min(1).default(5_000),
});
const rowSchema = z.union([signatureRowSchema, failedRowSchema]);

/** Finds near duplicates. @throws InventoryError PARAMETER_INVALID, ARTIFACT_*, ROW_INVALID */
export async function near(parameters: JsonObject, context: TaskContext): Promise<JsonObject> {
  const pace = new Pace(context);
  const input = parseParameters(parametersSchema, parameters, context);
  const rows = await collectRows(input.signatures, input.duplicates, pace);
  const words = new Uint32Array(rows.length * SIGNATURE_WORDS);
  for (const [index, row] of rows.entries()) {
    if (!decodeSignature(row.signature, words, index * SIGNATURE_WORDS)) {
      throw new InventoryError('ROW_INVALID', `the signature of '${row.path}' is not one of ${SIGNATURE_WORDS} words`);
    }
  }
  const search = await findSimilarPairs(words, rows.length, input.threshold, async (band, bands) => {
    if (pace.due())
      await pace.report(0.5 + band / (2 * bands), `band ${band + 1}/${bands} of ${rows.length} signatures`);
  });
  const pairs = search.pairs
    .flatMap(({ first, second, similarity }) => pairOf(rows[first], rows[second], similarity))
    .sort(comparePairs);
  const kept = pairs.slice(0, input.max_pairs);
  return {
    pairs: await writeRows(context, 'near-pairs.jsonl', kept),
    threshold: input.threshold,
    compared: search.compared,
    cutBuckets: search.cutBuckets,
    nearDuplicatePairs: pairs.length,
    keptPairs: kept.length,
    timing: pace.timing(),
  };
}

async function collectRows(
  signatures: readonly ArtifactInput[],
  duplicates: ArtifactInput,
  pace: Pace,
): Promise<SignatureRow[]> {
  const copies = new Set(readRows(duplicates, duplicateGroupSchema).flatMap((group) => group.paths.slice(1)));
  const rows: SignatureRow[] = [];
  for (const [index, reference] of signatures.entries()) {
    if (pace.due())
      await pace.report(index / (2 * signatures.length), `joining signatures ${index + 1}/${signatures.length}`);
    for (const row of readRows(reference, rowSchema)) {
      if (!('failed' in row) && !copies.has(row.path)) rows.push(row);
    }
  }
  return rows.sort((a, b) => comparePaths(a.path, b.path));
}

function pairOf(first: SignatureRow | undefined, second: SignatureRow | undefined, similarity: number): NearPair[] {
  if (first === undefined || second === undefined) return [];
  const sharedBytes = Math.round(similarity * Math.min(first.size, second.size));
  return [{ first: first.path, second: second.path, similarity, sharedBytes }];
}

function comparePairs(a: NearPair, b: NearPair): number {
  return b.sharedBytes - a.sharedBytes || comparePaths(a.first, b.first) || comparePaths(a.second, b.second);
}
