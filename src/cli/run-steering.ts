// Owns steering a run from outside: the engine that holds the data folder is asked; where none is alive, one is started
// for the moment, in which no task can start.

import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';
import { deserializeError } from '../domain/serialized-error.ts';
import { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import { RunArchive, type RunRecord } from '../engine/run-archive.ts';
import type { WorkflowRun } from '../engine/workflow-run-handle.ts';
import type { FolderFlags } from './command-flags.ts';
import { findWorkflowRun } from './run-lookup.ts';
import { engineConfigOf, settingsOf } from './shell-config.ts';

export interface Steering {
  readonly kind: 'cancel' | 'pause';
  readonly reason: string;
  /** Steers the run in an engine of this process; resolves when that is on record. */
  readonly inPerson: (run: WorkflowRun) => Promise<void>;
}

/** What came of it. */
export interface Steered {
  readonly record: RunRecord;
  /** The process that was asked; null = it was done here. */
  readonly pid: number | null;
}

/**
 * Steers a run that has not ended, wherever it is.
 * @throws RuntimeError RUN_NOT_FOUND, RUN_ENDED, ENGINE_UNRESPONSIVE, JOURNAL_*
 */
export async function steerRun(wanted: string, flags: FolderFlags, steering: Steering): Promise<Steered> {
  try {
    return await steerOnce(wanted, flags, steering);
  } catch (error) {
    // An engine has come up between the look and the lock: then it is the one to ask.
    if (isRuntimeError(error) && error.code === 'DATA_DIR_LOCKED') return await steerOnce(wanted, flags, steering);
    throw error;
  }
}

async function steerOnce(wanted: string, flags: FolderFlags, steering: Steering): Promise<Steered> {
  const { dataDir } = settingsOf(flags);
  const archive = RunArchive.open(dataDir);
  try {
    const record = findWorkflowRun(archive, wanted, dataDir);
    const { runId, status, endedAtMs } = record;
    if (endedAtMs !== null) {
      throw new RuntimeError(
        'RUN_ENDED',
        `run '${runId}' has ended as ${status}; there is nothing to ${steering.kind}`,
      );
    }
    const engine = archive.engine();
    if (engine !== null) {
      const outcome = await archive.request(steering.kind, runId, steering.reason);
      if (outcome.status === 'refused') throw deserializeError(outcome.error);
      return { record, pid: engine.pid };
    }
    await steerInPerson(archive, record, flags, steering);
    return { record, pid: null };
  } finally {
    await archive.close();
  }
}

async function steerInPerson(archive: RunArchive, record: RunRecord, flags: FolderFlags, { inPerson }: Steering) {
  const { origin } = archive.history(record.runId) ?? {};
  const definition = origin?.type === 'run.created' ? archive.definition(origin.definition) : undefined;
  // Its files must not be in the way of the engine's own.
  await archive.close();
  const engine = await OrchestrationEngine.create({ ...engineConfigOf(flags), maxWorkers: 1, resume: 'manual' });
  try {
    engine.tasks.stopBackgroundProcessing();
    // A run can be steered without the modules it needs to go on: nothing starts, so nothing is ever called.
    const unknown = (definition?.steps ?? []).filter(({ module }) => !engine.knowsModule(module));
    for (const { module, action } of unknown) engine.registerInlineTask(module, action, neverCalled);
    await inPerson(engine.resumeRun(record.runId));
  } finally {
    await engine.shutdown({ drainMs: 0 });
  }
}

function neverCalled(): never {
  throw new RuntimeError('INTERNAL', 'a task was started in an engine that starts none');
}
