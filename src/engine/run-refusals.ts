// Owns the words in which a request about the id of a run is refused: which id, why, and what to do.

import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';

/** What a run does. */
export interface RunWork {
  readonly workflow: string;
  readonly parameters: JsonObject;
}

/** No life of the engine knows the run. */
export function runNotFound(runId: string): RuntimeError {
  return new RuntimeError('RUN_NOT_FOUND', `no run '${runId}' in the journal; listRuns() names those that are`, {
    details: { runId },
  });
}

/** The id is taken. */
export function runExists(runId: string, why: string): RuntimeError {
  return new RuntimeError('RUN_EXISTS', `run '${runId}' exists, and ${why}; choose another id`, { details: { runId } });
}

/** @throws RuntimeError RUN_EXISTS when the id stands for other work */
export function requireSameRun(runId: string, given: RunWork, known: RunWork): void {
  if (given.workflow !== known.workflow) throw runExists(runId, `it is of workflow '${known.workflow}'`);
  if (!isDeepStrictEqual(given.parameters, known.parameters)) throw runExists(runId, 'it has other parameters');
}
