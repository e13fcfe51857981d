// Task module `inventory/exact`: joins the digests of all shards and groups files of the same content.

import { z } from 'zod';
import type { JsonObject } from '../../../src/domain/json-value.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';
import { Pace } from './parts/pace.ts';
import { comparePaths, type DigestRow, type DuplicateGroup, digestRowSchema, failedRowSchema } from './parts/rows.ts';
import { artifactSchema, parseParameters, readRows, writeRows } from './parts/step-input.ts';

const parametersSchema = z.object({ digests: z.array(artifactSchema).min(1) });
const rowSchema = z.union([digestRowSchema, failedRowSchema]);

/** Finds exact duplicates across all shards. @throws InventoryError PARAMETER_INVALID, ARTIFACT_*, ROW_INVALID */
export async function exact(parameters: JsonObject, context: TaskContext): Promise<JsonObject> {
  const pace = new Pace(context);
  const { digests } = parseParameters(parametersSchema, parameters, context);
  const byHash = new Map<string, DigestRow[]>();
  let files = 0;
  for (const [index, reference] of digests.entries()) {
    if (pace.due()) await pace.report(index / digests.length, `joining digests ${index + 1}/${digests.length}`);
    for (const row of readRows(reference, rowSchema)) {
      if ('failed' in row) continue;
      files += 1;
      const same = byHash.get(row.sha256);
      if (same === undefined) byHash.set(row.sha256, [row]);
      else same.push(row);
    }
  }
  const groups = [...byHash.values()]
    .filter((same) => same.length > 1 && (same[0]?.size ?? 0) > 0)
    .map(groupOf)
    // Hard links of one inode are names, not copies.
    .filter((group) => group.copies > 1)
    .sort((a, b) => b.wasted - a.wasted || comparePaths(a.paths[0] ?? '', b.paths[0] ?? ''));
  const reference = await writeRows(context, 'duplicates.jsonl', groups);
  return {
    groups: reference,
    files,
    duplicateGroups: groups.length,
    duplicateFiles: groups.reduce((sum, group) => sum + group.paths.length, 0),
    wastedBytes: groups.reduce((sum, group) => sum + group.wasted, 0),
    timing: pace.timing(),
  };
}

function groupOf(same: readonly DigestRow[]): DuplicateGroup {
  const size = same[0]?.size ?? 0;
  const copies = same.filter((row) => row.linkOf === undefined).length;
  return {
    sha256: same[0]?.sha256 ?? '',
    size,
    copies,
    wasted: size * Math.max(0, copies - 1),
    paths: same.map((row) => row.path).sort(comparePaths),
  };
}
