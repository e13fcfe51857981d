// Owns the errors of a faulty task graph. Each carries every fault; the message shows the first ones.

import type { ErrorCode } from '../domain/error-codes.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { GraphFault } from './task-graph.ts';

/** Faults that a message spells out; `faults` and `details.faults` have all. */
const FAULTS_IN_MESSAGE = 5;

/** A task graph has faults: code DAG_INVALID; `faults` (the same as `details.faults`) lists all of them. */
export class DAGValidationError extends RuntimeError {
  override readonly name: string = 'DAGValidationError';
  readonly faults: readonly GraphFault[];

  constructor(faults: readonly GraphFault[], code: ErrorCode = 'DAG_INVALID') {
    super(code, messageOf(faults), { details: { faults } });
    this.faults = faults;
  }
}

/**
 * Among the faults is a cycle: code DAG_CYCLE. In `cycle` each task depends on the next one and the last on the first,
 * which is not repeated. A task that depends on itself is a cycle of one; a longer one is named first where both are.
 */
export class CycleDetectedError extends DAGValidationError {
  override readonly name: string = 'CycleDetectedError';
  readonly cycle: readonly string[];

  constructor(faults: readonly GraphFault[], cycle: readonly string[]) {
    super(faults, 'DAG_CYCLE');
    this.cycle = cycle;
  }
}

/** The error for a list of faults: a CycleDetectedError where there is a cycle among them. */
export function dagErrorOf(faults: readonly GraphFault[]): DAGValidationError {
  const ring = faults.find((fault) => fault.code === 'DAG_CYCLE') ?? faults.find((fault) => fault.cycle !== undefined);
  return ring?.cycle === undefined ? new DAGValidationError(faults) : new CycleDetectedError(faults, ring.cycle);
}

function messageOf(faults: readonly GraphFault[]): string {
  const shown = faults.slice(0, FAULTS_IN_MESSAGE).map((fault) => fault.message);
  const rest = faults.length - shown.length;
  if (rest > 0) shown.push(`and ${rest} more`);
  return faults.length === 1 ? shown.join('') : `the task graph has ${faults.length} faults: ${shown.join('; ')}`;
}
