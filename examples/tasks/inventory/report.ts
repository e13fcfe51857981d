// Task module `inventory/report`: turns inventory.json and the tasks' own times into inventory.html, the page people open.

import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { JsonObject } from '../../../src/domain/json-value.ts';
import type { TaskContext } from '../../../src/domain/task-context.ts';
import { renderDocument } from './page/document.ts';
import { createTimeline } from './page/timeline.ts';
import { writeFileAtomically } from './parts/atomic-file.ts';
import { readInventory } from './parts/inventory.ts';
import { Pace } from './parts/pace.ts';
import { parseParameters } from './parts/step-input.ts';

const count = z.number().nonnegative();
const parametersSchema = z.object({
  out: z.string().min(1),
  /** Path of inventory.json, as merge wrote it. */
  inventory: z.string().min(1),
  /** The run so far, for the timeline. */
  tasks: z
    .array(
      z.object({
        task: z.string(),
        timing: z.object({ thread: z.number(), startedAt: z.number(), endedAt: z.number() }),
        files: count.optional(),
        bytes: count.optional(),
      }),
    )
    .default([]),
});

/** Writes `<out>/inventory.html`. @throws InventoryError PARAMETER_INVALID, INVENTORY_UNREADABLE, INVENTORY_INVALID */
export async function report(parameters: JsonObject, context: TaskContext): Promise<JsonObject> {
  const pace = new Pace(context);
  const input = parseParameters(parametersSchema, parameters, context);
  await pace.report(0.1, 'reading inventory.json');
  const inventory = readInventory(input.inventory);
  await pace.report(0.5, `drawing ${inventory.files.length} files`);
  // Its own bar ends where the page is drawn: what follows is only the write.
  const timeline = createTimeline([...input.tasks, { task: context.taskName, timing: pace.timing() }]);
  const page = join(resolve(input.out), 'inventory.html');
  const sizeBytes = writeFileAtomically(page, [renderDocument(inventory, timeline)]);
  const { totals } = inventory;
  return {
    page,
    inventory: input.inventory,
    files: totals.files,
    bytes: totals.bytes,
    lines: totals.lines,
    languages: totals.languages,
    gzipBytes: totals.gzip,
    brotliBytes: totals.brotli,
    duplicateGroups: totals.duplicateGroups,
    wastedBytes: totals.wastedBytes,
    nearDuplicatePairs: totals.nearDuplicatePairs,
    pageBytes: sizeBytes,
    timing: pace.timing(),
  };
}
