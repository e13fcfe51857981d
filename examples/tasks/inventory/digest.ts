// Task module `inventory/digest`: SHA-256, language and line counts of every file of one shard.
// A file is read once, in blocks; what cannot be read is a row that says so.

import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../src/domain/json-value.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';
import type { FileBlocks } from './parts/file-blocks.ts';
import { detectLanguage } from './parts/languages.ts';
import { Pace } from './parts/pace.ts';
import type { DigestRow, ListedFile } from './parts/rows.ts';
import { type Breathe, passOverShard, shardParametersSchema } from './parts/shard-files.ts';
import { parseParameters, writeRows } from './parts/step-input.ts';
import { LineCounter, looksBinary } from './parts/text-measure.ts';

/** Digests the files of a shard. @throws InventoryError PARAMETER_INVALID, ARTIFACT_*, ROW_INVALID */
export async function digest(parameters: JsonObject, context: TaskContext): Promise<JsonObject> {
  const pace = new Pace(context);
  const input = parseParameters(shardParametersSchema, parameters, context);
  const pass = await passOverShard(input, context, pace, 'digesting', digestFile);
  const rows = await writeRows(context, `digest-${input.shard}.jsonl`, pass.rows);
  return { rows, files: pass.measured, bytes: pass.bytes, failed: pass.failed, timing: pace.timing() };
}

async function digestFile(
  file: ListedFile,
  content: FileBlocks,
  scratch: Uint8Array,
  breathe: Breathe,
): Promise<DigestRow> {
  const hash = createHash('sha256');
  const lines = new LineCounter();
  let binary = false;
  let language = detectLanguage(file.path, new Uint8Array(0), false);
  for (let index = 0; index < content.blockCount; index += 1) {
    const waiting = breathe();
    if (waiting !== undefined) await waiting;
    const block = content.read(index, scratch);
    if (index === 0) {
      binary = looksBinary(block);
      language = detectLanguage(file.path, block, binary);
    }
    hash.update(block);
    if (!binary) lines.add(block);
  }
  return {
    path: file.path,
    size: content.size,
    sha256: hash.digest('hex'),
    language,
    binary,
    lines: lines.lines,
    blank: lines.blank,
    ...(file.linkOf === undefined ? {} : { linkOf: file.linkOf }),
  };
}
