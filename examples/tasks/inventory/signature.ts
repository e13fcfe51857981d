// Task module `inventory/signature`: MinHash signatures of the text files of one shard, for the near-duplicate search.
// Files too short to be told apart have none; of very long ones the first bytes count.

import { z } from 'zod';
import type { JsonObject } from '../../../src/domain/json-value.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';
import { BLOCK_BYTES, type FileBlocks } from './parts/file-blocks.ts';
import { encodeSignature, MinHash } from './parts/minhash.ts';
import { Pace } from './parts/pace.ts';
import type { ListedFile, SignatureRow } from './parts/rows.ts';
import { type Breathe, passOverShard, shardParametersSchema } from './parts/shard-files.ts';
import { parseParameters, writeRows } from './parts/step-input.ts';
import { looksBinary } from './parts/text-measure.ts';

const parametersSchema = shardParametersSchema.extend({
  /** Below this a file is not compared: the first lines of a license would make everything alike. */
  min_shingles: z.number().int().min(1).default(64),
  /** Blocks of 4 MiB that count. */
  max_blocks: z.number().int().min(1).default(2),
});

/** What is hashed between two looks at cancellation: hashing a whole block takes some hundred milliseconds. */
const SLICE_BYTES = BLOCK_BYTES / 16;

/** Signs the text files of a shard. @throws InventoryError PARAMETER_INVALID, ARTIFACT_*, ROW_INVALID */
export async function signature(parameters: JsonObject, context: TaskContext): Promise<JsonObject> {
  const pace = new Pace(context);
  const input = parseParameters(parametersSchema, parameters, context);
  const sign = (file: ListedFile, content: FileBlocks, scratch: Uint8Array, breathe: Breathe) =>
    signFile(file, content, scratch, breathe, input);
  const pass = await passOverShard(input, context, pace, 'hashing shingles of', sign);
  const rows = await writeRows(context, `signature-${input.shard}.jsonl`, pass.rows);
  return { rows, files: pass.measured, bytes: pass.bytes, failed: pass.failed, timing: pace.timing() };
}

async function signFile(
  file: ListedFile,
  content: FileBlocks,
  scratch: Uint8Array,
  breathe: Breathe,
  input: z.infer<typeof parametersSchema>,
): Promise<SignatureRow | undefined> {
  const minHash = new MinHash();
  const blocks = Math.min(content.blockCount, input.max_blocks);
  for (let index = 0; index < blocks; index += 1) {
    const block = content.read(index, scratch);
    if (index === 0 && looksBinary(block)) return undefined;
    for (let start = 0; start < block.length; start += SLICE_BYTES) {
      minHash.add(block.subarray(start, start + SLICE_BYTES));
      const waiting = breathe();
      if (waiting !== undefined) await waiting;
    }
  }
  minHash.finish();
  const { shingles } = minHash;
  if (shingles < input.min_shingles) return undefined;
  return { path: file.path, size: content.size, shingles, signature: encodeSignature(minHash.signature) };
}
