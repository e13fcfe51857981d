// Owns the checks of what callers give to sessions and runs; each says what is wrong and what would be right.

import { findUnrecordable, type JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ExecutionMode } from '../domain/statuses.ts';
import type { CompiledWorkflow } from './workflow-compiler.ts';
import { findMissingParameters } from './workflow-requirements.ts';

/** Run parameters: JSON, and all that references need. @throws RuntimeError PARAMETER_INVALID */
export function requireParams(workflow: CompiledWorkflow, params: JsonObject): JsonObject {
  const fault = findUnrecordable(params);
  if (fault !== undefined) {
    throw new RuntimeError('PARAMETER_INVALID', `run parameters must be JSON: ${fault}`, { details: { fault } });
  }
  const faults = findMissingParameters(workflow, params);
  if (faults.length > 0) {
    const list = faults.map(({ message }) => message).join('; ');
    throw new RuntimeError('PARAMETER_INVALID', list, { details: { faults } });
  }
  return params;
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
