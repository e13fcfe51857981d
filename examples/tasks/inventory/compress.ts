// Task module `inventory/compress`: what every file of one shard weighs under gzip and brotli. The CPU-heavy stage.
//
// gzip runs at level 9, what a package registry ships; brotli at quality 5, where the curve has flattened: on a tree of
// 360 MB quality 5, 7 and 9 give 27.3, 26.8 and 26.6 % in 6, 16 and 25 s of CPU, gzip 32.1 % in 14 s. Files are
// compressed in blocks of 4 MiB, so memory stays flat and a cancelled task ends within a block. Of a file with more than
// `max_blocks` blocks evenly spread ones are compressed and the sizes scaled up: its row says `sampled`. The synchronous
// calls are meant: the asynchronous ones would leave this thread for libuv's pool, past the capacity that is guarded.

import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { JsonObject } from '../../../src/domain/json-value.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';
import type { FileBlocks } from './parts/file-blocks.ts';
import { Pace } from './parts/pace.ts';
import type { CompressRow, ListedFile } from './parts/rows.ts';
import { type Breathe, passOverShard, shardParametersSchema } from './parts/shard-files.ts';
import { parseParameters, writeRows } from './parts/step-input.ts';

const parametersSchema = shardParametersSchema.extend({
  gzip_level: z.number().int().min(1).max(9).default(9),
  brotli_quality: z.number().int().min(0).max(11).default(5),
  max_blocks: z.number().int().min(1).default(32),
});

const MIN_WINDOW_BITS = 10;
const MAX_WINDOW_BITS = 22;

/** Weighs the files of a shard. @throws InventoryError PARAMETER_INVALID, ARTIFACT_*, ROW_INVALID */
export async function compress(parameters: JsonObject, context: TaskContext): Promise<JsonObject> {
  const pace = new Pace(context);
  const input = parseParameters(parametersSchema, parameters, context);
  const total = { gzip: 0, brotli: 0, sampled: 0 };
  const weigh = async (file: ListedFile, content: FileBlocks, scratch: Uint8Array, breathe: Breathe) => {
    const row = await compressFile(file, content, scratch, breathe, input);
    total.gzip += row.gzip;
    total.brotli += row.brotli;
    total.sampled += row.sampled ? 1 : 0;
    return row;
  };
  const pass = await passOverShard(input, context, pace, 'compressing', weigh);
  const { gzip_level, brotli_quality, max_blocks } = input;
  const settings = { gzipLevel: gzip_level, brotliQuality: brotli_quality, maxBlocks: max_blocks };
  const rows = await writeRows(context, `compress-${input.shard}.jsonl`, pass.rows);
  return {
    rows,
    files: pass.measured,
    bytes: pass.bytes,
    failed: pass.failed,
    ...total,
    settings,
    timing: pace.timing(),
  };
}

async function compressFile(
  file: ListedFile,
  content: FileBlocks,
  scratch: Uint8Array,
  breathe: Breathe,
  input: z.infer<typeof parametersSchema>,
): Promise<CompressRow> {
  const chosen = spreadBlocks(content.blockCount, input.max_blocks);
  let seen = 0;
  let gzip = 0;
  let brotli = 0;
  for (const index of chosen) {
    const waiting = breathe();
    if (waiting !== undefined) await waiting;
    const block = content.read(index, scratch);
    seen += block.length;
    gzip += gzipSync(block, { level: input.gzip_level }).length;
    brotli += brotliLength(block, input.brotli_quality);
  }
  const sampled = chosen.length < content.blockCount;
  const scale = sampled ? content.size / seen : 1;
  return {
    path: file.path,
    size: content.size,
    gzip: Math.round(gzip * scale),
    brotli: Math.round(brotli * scale),
    sampled,
  };
}

// A window no larger than the block: small files would otherwise pay for megabytes of tables each.
function brotliLength(block: Uint8Array, quality: number): number {
  const bits = Math.ceil(Math.log2(block.length + 16));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: Math.min(MAX_WINDOW_BITS, Math.max(MIN_WINDOW_BITS, bits)),
    [constants.BROTLI_PARAM_SIZE_HINT]: block.length,
  };
  return brotliCompressSync(block, { params }).length;
}

/** At most `limit` of `count` block numbers, evenly spread. */
function spreadBlocks(count: number, limit: number): number[] {
  const taken = Math.min(count, limit);
  return Array.from({ length: taken }, (_, position) => Math.floor((position * count) / taken));
}
