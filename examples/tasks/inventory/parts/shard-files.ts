// Owns the loop that the digest, compress and signature tasks share: every file of a shard is opened and measured, one
// that cannot be read is a row of its own and a log line, and never the end of the task. Must never know what is measured.

import { z } from 'zod';
import type { TaskContext } from '../../../../src/domain/task-context.ts';
import { createScratch, FileBlocks } from './file-blocks.ts';
import { InventoryError, systemErrorCode } from './inventory-error.ts';
import type { Pace } from './pace.ts';
import { type FailedRow, type ListedFile, listedFileSchema } from './rows.ts';
import { artifactSchema, readRows } from './step-input.ts';

/** Log lines for unreadable files of one task; further ones are only counted. */
const MAX_LOGGED_FAILURES = 20;

/** The parameters of every per-shard step. */
export const shardParametersSchema = z.object({
  /** Absolute path of the tree, as the scan resolved it. */
  folder: z.string().min(1),
  shard: z.number().int().nonnegative(),
  list: artifactSchema,
});

/** What a measurement may do between two blocks of a long file: stop or report. */
export type Breathe = () => Promise<void> | undefined;

export interface ShardPass<Row> {
  readonly rows: (Row | FailedRow)[];
  /** Rows that are not failures, `undefined` results not counted. */
  readonly measured: number;
  /** Of the measured files. */
  readonly bytes: number;
  readonly failed: number;
}

/**
 * Measures each file of the list in turn. `measure` gets the open file and a scratch block that is its own until it ends;
 * `undefined` means that the file has no row.
 */
export async function passOverShard<Row extends object>(
  parameters: z.infer<typeof shardParametersSchema>,
  context: TaskContext,
  pace: Pace,
  verb: string,
  measure: (file: ListedFile, content: FileBlocks, scratch: Uint8Array, breathe: Breathe) => Promise<Row | undefined>,
): Promise<ShardPass<Row>> {
  const files = readRows(parameters.list, listedFileSchema);
  const total = files.reduce((sum, file) => sum + file.size, 0) + files.length;
  const scratch = createScratch();
  const rows: (Row | FailedRow)[] = [];
  let failed = 0;
  let bytes = 0;
  let done = 0;
  for (const [position, file] of files.entries()) {
    const breathe: Breathe = () =>
      pace.due() ? pace.report(done / total, `${verb} ${position + 1}/${files.length}: ${file.path}`) : undefined;
    const waiting = breathe();
    if (waiting !== undefined) await waiting;
    try {
      using content = new FileBlocks(parameters.folder, file.path);
      const row = await measure(file, content, scratch, breathe);
      if (row !== undefined) {
        rows.push(row);
        bytes += content.size;
      }
    } catch (error) {
      rows.push({ path: file.path, failed: codeOfFailure(error) });
      failed += 1;
      if (failed <= MAX_LOGGED_FAILURES) {
        context.log('warn', `cannot read '${file.path}': ${codeOfFailure(error)}`, { path: file.path });
      }
    }
    done += file.size + 1;
  }
  return { rows, measured: rows.length - failed, bytes, failed };
}

// Anything but a fault of this one file ends the task: a cancelled task must not go on with the next file.
function codeOfFailure(error: unknown): string {
  const code = systemErrorCode(error);
  const ofThisFile = error instanceof InventoryError ? code.startsWith('FILE_') : /^E[A-Z0-9]+$/.test(code);
  if (!ofThisFile) throw error;
  return code;
}
