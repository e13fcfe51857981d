// Owns the check of what a body returned, the same in a thread and on the main loop: only what JSON can record without
// loss is a result, and arrays and objects are passed on as their JSON, so that what a dependent gets now is what it
// would get after a resumption. A result is bounded: it is recorded, kept in memory for dependents and copied to them.

import { findUnrecordable } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { AttemptEnd } from './thread-protocol.ts';

/** The largest result, in bytes of its JSON as UTF-8; a text counts without what JSON would escape in it. */
export const MAX_RESULT_BYTES = 16 * 1024 * 1024;

/** A checked result: a scalar as it is, anything else as JSON text. */
export type CheckedResult = Extract<AttemptEnd, { kind: 'value' | 'json' }>;

interface Subject {
  readonly taskName: string;
  readonly module: string;
  readonly action: string;
}

const NOTHING: CheckedResult = Object.freeze({ kind: 'value', value: null });

/** @throws RuntimeError TASK_RESULT_INVALID naming the place that cannot be recorded, TASK_RESULT_TOO_LARGE */
export function checkResult(result: unknown, subject: Subject): CheckedResult {
  if (result === undefined || result === null) return NOTHING;
  const fault = faultOf(result);
  if (fault !== undefined) throw invalidResult(subject, fault);
  if (typeof result === 'object') return { kind: 'json', text: jsonOf(result, subject) };
  if (typeof result === 'string') requireSize(result, subject);
  // JSON has no negative zero.
  return { kind: 'value', value: result === 0 ? 0 : result };
}

function jsonOf(result: object, subject: Subject): string {
  let text: string;
  try {
    text = JSON.stringify(result);
  } catch (error) {
    // The only limit of JSON.stringify on what passed the check is the longest string there can be.
    if (error instanceof RangeError) throw tooLarge(subject, null);
    throw invalidResult(subject, '$: it cannot be written as JSON', error);
  }
  requireSize(text, subject);
  return text;
}

function requireSize(text: string, subject: Subject): void {
  // A UTF-16 unit is at most three bytes: only what may be too large is counted.
  if (text.length * 3 <= MAX_RESULT_BYTES) return;
  const sizeBytes = text.length > MAX_RESULT_BYTES ? text.length : Buffer.byteLength(text, 'utf8');
  if (sizeBytes > MAX_RESULT_BYTES) throw tooLarge(subject, sizeBytes);
}

// A getter or a proxy of the body's may throw while it is looked at.
function faultOf(result: unknown): string | undefined {
  try {
    return findUnrecordable(result);
  } catch {
    return '$: reading it throws';
  }
}

function invalidResult({ taskName, module, action }: Subject, fault: string, cause?: unknown): RuntimeError {
  return new RuntimeError(
    'TASK_RESULT_INVALID',
    `task '${taskName}' (${module}.${action}) returned what cannot be recorded as JSON: ${fault}; ` +
      'return plain data, and keep bytes with context.artifact(name, bytes)',
    { details: { fault }, ...(cause === undefined ? {} : { cause }) },
  );
}

function tooLarge({ taskName, module, action }: Subject, sizeBytes: number | null): RuntimeError {
  const size = sizeBytes === null ? 'more than a string can hold' : `${sizeBytes} bytes or more`;
  return new RuntimeError(
    'TASK_RESULT_TOO_LARGE',
    `task '${taskName}' (${module}.${action}) returned ${size} of JSON, the limit is ${MAX_RESULT_BYTES}; ` +
      'keep what is large with context.artifact(name, bytes) and return its reference',
    { details: { sizeBytes, limitBytes: MAX_RESULT_BYTES } },
  );
}
