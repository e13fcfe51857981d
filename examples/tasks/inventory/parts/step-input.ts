// Owns the border between the engine and the inventory tasks: parameters are parsed, never cast, and rows that one
// task writes and another reads are JSON lines in an artifact whose hash is checked before use.
// Must never know what a row means (see rows.ts).

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { JsonObject } from '../../../../src/domain/json-value.ts';
import type { ArtifactReference, TaskContext } from '../../../../src/domain/task-context.ts';
import { InventoryError, systemErrorCode } from './inventory-error.ts';

const NEWLINE = 0x0a;

export const artifactSchema = z.object({
  artifact: z.string(),
  hash: z.string().startsWith('sha256-'),
  sizeBytes: z.number().int().nonnegative(),
  path: z.string(),
});
export type ArtifactInput = z.infer<typeof artifactSchema>;

/** The step's parameters in the form the task needs. @throws InventoryError PARAMETER_INVALID naming every fault. */
export function parseParameters<Output>(
  schema: z.ZodType<Output>,
  parameters: JsonObject,
  context: Pick<TaskContext, 'taskName'>,
): Output {
  const parsed = schema.safeParse(parameters);
  if (parsed.success) return parsed.data;
  throw new InventoryError(
    'PARAMETER_INVALID',
    `step '${context.taskName}': ${faultsOf(parsed.error)}; correct the step's parameters`,
  );
}

/** Writes rows as JSON lines. */
export async function writeRows(
  context: Pick<TaskContext, 'artifact'>,
  name: string,
  rows: readonly object[],
): Promise<ArtifactInput> {
  return recordable(await context.artifact(name, encodeLines(rows)));
}

/** A plain copy of a reference, as a step's result needs it. */
export function recordable(reference: ArtifactReference): ArtifactInput {
  return { ...reference };
}

/** Reads rows back. @throws InventoryError ARTIFACT_UNREADABLE, ARTIFACT_CHANGED, ROW_INVALID */
export function readRows<Row>(reference: ArtifactInput, schema: z.ZodType<Row>): Row[] {
  const bytes = readArtifact(reference);
  const rows: Row[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    rows.push(parseRow(bytes.toString('utf8', start, end), schema, reference, rows.length + 1));
    start = end + 1;
  }
  return rows;
}

/** Reads one JSON document back. @throws InventoryError ARTIFACT_UNREADABLE, ARTIFACT_CHANGED, ROW_INVALID */
export function readDocument<Document>(reference: ArtifactInput, schema: z.ZodType<Document>): Document {
  return parseRow(readArtifact(reference).toString('utf8'), schema, reference, 1);
}

function readArtifact(reference: ArtifactInput): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(reference.path);
  } catch (cause) {
    throw new InventoryError(
      'ARTIFACT_UNREADABLE',
      `artifact '${reference.artifact}' cannot be read (${systemErrorCode(cause)}): ${reference.path}; run the workflow again`,
      { cause },
    );
  }
  const found = `sha256-${hash('sha256', bytes, 'hex')}`;
  if (found === reference.hash) return bytes;
  throw new InventoryError(
    'ARTIFACT_CHANGED',
    `artifact '${reference.artifact}' is not what was written: expected ${reference.hash}, found ${found} in ${reference.path}`,
  );
}

function parseRow<Row>(text: string, schema: z.ZodType<Row>, reference: ArtifactInput, line: number): Row {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InventoryError('ROW_INVALID', `artifact '${reference.artifact}' line ${line} is not JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InventoryError('ROW_INVALID', `artifact '${reference.artifact}' line ${line}: ${faultsOf(parsed.error)}`);
}

// One buffer a line and one copy at the end: a single string would meet the engine's string limit on big trees.
function encodeLines(rows: readonly object[]): Uint8Array {
  return Buffer.concat(rows.map((row) => Buffer.from(`${JSON.stringify(row)}\n`, 'utf8')));
}

function faultsOf(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
}
