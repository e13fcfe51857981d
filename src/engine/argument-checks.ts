// Owns the checks of what callers give to sessions and runs; each says what is wrong and what would be right.

import { findUnrecordable, type JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ExecutionMode } from '../domain/statuses.ts';
import type { CompiledWorkflow } from './workflow-compiler.ts';
import { findMissingParameters } from './workflow-requirements.ts';

/** Run parameters, copied: JSON, and all that references need. @throws RuntimeError ARGUMENT_INVALID, PARAMETER_INVALID */
export function requireParams(workflow: CompiledWorkflow, params: JsonObject): JsonObject {
  requireObject(params, 'run parameters');
  const fault = findUnrecordable(params);
  if (fault !== undefined) {
    throw new RuntimeError('PARAMETER_INVALID', `run parameters must be JSON: ${fault}`, { details: { fault } });
  }
  const faults = findMissingParameters(workflow, params);
  if (faults.length > 0) {
    const list = faults.map(({ message }) => message).join('; ');
    throw new RuntimeError('PARAMETER_INVALID', list, { details: { faults } });
  }
  // The caller may go on to change the object given while the run goes on.
  return structuredClone(params);
}

/** A JSON object, copied, since its giver may go on to change it. @throws RuntimeError ARGUMENT_INVALID */
export function requireJson<T extends JsonObject>(value: T, what: string): T {
  const fault = findUnrecordable(value);
  if (fault === undefined) return structuredClone(value);
  throw new RuntimeError('ARGUMENT_INVALID', `${what} must be JSON: ${fault}`, { details: { fault } });
}

/** @throws RuntimeError ARGUMENT_INVALID */
export function requireMode(mode: ExecutionMode): ExecutionMode {
  if (Object.values(ExecutionMode).includes(mode)) return mode;
  const known = Object.values(ExecutionMode).join(', ');
  throw new RuntimeError('ARGUMENT_INVALID', `mode '${mode}' is none; use ${known}`, { details: { mode } });
}

/** @throws RuntimeError ARGUMENT_INVALID */
export function requireText(value: string, what: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new RuntimeError('ARGUMENT_INVALID', `${what} must be a text that is not empty`);
}

/** Ids that callers choose end up on terminals and in logs: one line of text, no longer than a line. */
const LONGEST_RUN_ID = 200;

/** The id of a run (`what` if it is called otherwise): 1 to 200 characters, no control characters. @throws RuntimeError ARGUMENT_INVALID */
export function requireRunId(runId: string, what = 'a run id'): string {
  const isSound = typeof runId === 'string' && runId.trim() !== '' && runId.length <= LONGEST_RUN_ID;
  if (isSound && !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(runId)) return runId;
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `${what} must be a text of 1 to ${LONGEST_RUN_ID} characters without control characters, not ${JSON.stringify(runId)?.slice(0, LONGEST_RUN_ID)}`,
  );
}

/** Milliseconds from 0, or Infinity for as long as it takes. @throws RuntimeError ARGUMENT_INVALID */
export function requireDrain(drainMs: number): number {
  if (typeof drainMs === 'number' && drainMs >= 0) return drainMs;
  throw new RuntimeError('ARGUMENT_INVALID', `drainMs must be a number of milliseconds from 0, not ${drainMs}`);
}

/** An object with named members. @throws RuntimeError ARGUMENT_INVALID */
export function requireObject<T extends object>(value: T, what: string): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new RuntimeError('ARGUMENT_INVALID', `${what} must be an object, not ${nameOf(value)}`);
}

/** A list. @throws RuntimeError ARGUMENT_INVALID */
export function requireList<T>(value: readonly T[], what: string): readonly T[] {
  if (Array.isArray(value)) return value;
  throw new RuntimeError('ARGUMENT_INVALID', `${what} must be a list, not ${nameOf(value)}`);
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}

/** A whole number from 1, or null for no limit. @throws RuntimeError ARGUMENT_INVALID */
export function requireLimit(value: number | null | undefined, name: string): number | null {
  if (value === undefined || value === null) return null;
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RuntimeError(
    'ARGUMENT_INVALID',
    `${name} must be a whole number from 1, or null for no limit, not ${value}`,
  );
}

/** A number above 0, or null for no limit. @throws RuntimeError ARGUMENT_INVALID */
export function requirePositive(value: number | null | undefined, name: string): number | null {
  if (value === undefined || value === null) return null;
  if (Number.isFinite(value) && value > 0) return value;
  throw new RuntimeError('ARGUMENT_INVALID', `${name} must be above 0, or null for no limit, not ${value}`);
}
