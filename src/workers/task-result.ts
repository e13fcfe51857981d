// Owns the check of what a body returned, the same in a thread and on the main loop: only what JSON can record without
// loss is a result, and arrays and objects are passed on as their JSON, so that what a dependent gets now is what it
// would get after a resumption.

import { findUnrecordable } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { AttemptEnd } from './thread-protocol.ts';

/** A checked result: a scalar as it is, anything else as JSON text. */
export type CheckedResult = Extract<AttemptEnd, { kind: 'value' | 'json' }>;

interface Subject {
  readonly taskName: string;
  readonly module: string;
  readonly action: string;
}

const NOTHING: CheckedResult = Object.freeze({ kind: 'value', value: null });

/** @throws RuntimeError TASK_RESULT_INVALID naming the place that cannot be recorded. */
export function checkResult(result: unknown, subject: Subject): CheckedResult {
  if (result === undefined || result === null) return NOTHING;
  const fault = faultOf(result);
  if (fault !== undefined) throw invalidResult(subject, fault);
  if (typeof result !== 'object') return { kind: 'value', value: result };
  try {
    return { kind: 'json', text: JSON.stringify(result) };
  } catch (error) {
    throw invalidResult(subject, '$: it cannot be written as JSON', error);
  }
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
