// Owns the outcome of one task of a group, as ParallelExecutor and executeParallelWorkflow give it.

import type { SerializedError } from '../domain/serialized-error.ts';
import type { ExecutionStatus } from '../domain/statuses.ts';

export class ExecutionResult {
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly output: unknown;
  /** Why it did not complete; null when it did. */
  readonly error: SerializedError | null;

  constructor(data: Pick<ExecutionResult, 'name' | 'status' | 'output' | 'error'>) {
    this.name = data.name;
    this.status = data.status;
    this.output = data.output;
    this.error = data.error;
  }

  /** Whether it completed. */
  get success(): boolean {
    return this.status === 'completed';
  }
}
