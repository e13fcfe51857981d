// Owns what a command needs to know of a recorded run before an engine takes it up: its steps, how far it is, and that
// the task modules of this call are those it needs. A run that is taken up without them would only fail.

import type { StepDefinition, WorkflowFault } from '../domain/workflow-definition.ts';
import type { RunArchive, RunHistory, RunRecord } from '../engine/run-archive.ts';
import { FaultsError } from './error-lines.ts';
import { requireHistory } from './run-lookup.ts';
import { unknownModules } from './workflow-source.ts';

/** A recorded run that an engine may take up, or repeat. */
export interface RecordedWorkflow {
  readonly record: RunRecord;
  readonly history: RunHistory;
  /** Empty where the definition is not kept; the engine says so when it comes to it. */
  readonly steps: readonly StepDefinition[];
}

/**
 * Reads a recorded run; `stillRuns` picks the steps whose modules have to be there.
 * @throws RuntimeError RUN_NOT_FOUND, JOURNAL_CORRUPT; FaultsError with STEP_MODULE_UNKNOWN
 */
export function recordedWorkflow(
  archive: RunArchive,
  record: RunRecord,
  tasksDirs: readonly string[],
  stillRuns: (step: string, history: RunHistory) => boolean,
): RecordedWorkflow {
  const history = requireHistory(archive, record.runId);
  const definition = history.origin.type === 'run.created' ? archive.definition(history.origin.definition) : undefined;
  if (definition === undefined) return { record, history, steps: [] };
  const steps = definition.steps.filter(({ name }) => stillRuns(name, history));
  const faults = unknownModules({ ...definition, steps }, tasksDirs);
  if (faults.length > 0) throw new FaultsError(`run ${record.runId}`, faults.map(withRemedy));
  return { record, history, steps: definition.steps };
}

/** Whether a step of a run has not ended. */
export function isUnfinished(step: string, history: RunHistory): boolean {
  return (history.tasks.get(step)?.endedAtMs ?? null) === null;
}

// The file that the path leads into may be gone or changed; what helps is the folder.
function withRemedy(fault: WorkflowFault): WorkflowFault {
  return { ...fault, message: `${fault.message} with --tasks` };
}
