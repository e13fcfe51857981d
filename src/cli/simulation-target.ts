// Owns what `simulate` is given: a workflow file, the name of a workflow, or a recorded run; with the durations that go
// with it. Reads only: it makes no data folder and takes none from an engine that holds it.

import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';
import type { ResolvedConfig } from '../engine/engine-config.ts';
import { RunArchive, type RunHistory, type RunRecord } from '../engine/run-archive.ts';
import type { SimulationFacts, SimulationRequest } from '../engine/simulation/engine-simulation.ts';
import { estimatedDurations, recordedCourse } from '../engine/simulation/step-durations.ts';
import { type CompiledWorkflow, compileWorkflow } from '../engine/workflow-compiler.ts';
import { findRun, findWorkflowRun, requireHistory } from './run-lookup.ts';
import { timelineOf } from './run-timeline.ts';
import { findWorkflow, meansFile } from './workflow-source.ts';

/** What is to be simulated. */
export interface SimulationTarget {
  readonly workflow: CompiledWorkflow;
  readonly facts: SimulationFacts;
  /** What holds where no flag says otherwise. */
  readonly defaults: Pick<SimulationRequest, 'mode' | 'maxParallel'>;
  /** The run it was taken from; null for a workflow. */
  readonly run: { readonly runId: string; readonly recordedSeconds: number } | null;
}

const NEWEST = 'latest';
/** How the ids begin that the engine makes. */
const RUN_ID = /^run-/;

/**
 * The workflow of a file or name, or the recorded run of an id.
 * @throws RuntimeError WORKFLOW_NOT_FOUND, FILE_NOT_FOUND, RUN_NOT_FOUND, RUN_NOT_ENDED; FaultsError for a faulty file
 */
export async function findSimulationTarget(wanted: string, settings: ResolvedConfig): Promise<SimulationTarget> {
  const archive = RunArchive.open(settings.dataDir);
  try {
    if (meansFile(wanted)) return await targetOfWorkflow(wanted, settings, archive);
    if (wanted === NEWEST || RUN_ID.test(wanted)) {
      return targetOfRun(archive, findWorkflowRun(archive, wanted, settings.dataDir));
    }
    return await targetOfName(wanted, settings, archive);
  } finally {
    await archive.close();
  }
}

/** A workflow's name goes before the start of a run's id: names are what people write. */
async function targetOfName(wanted: string, settings: ResolvedConfig, archive: RunArchive): Promise<SimulationTarget> {
  try {
    return await targetOfWorkflow(wanted, settings, archive);
  } catch (error) {
    if (!isRuntimeError(error) || error.code !== 'WORKFLOW_NOT_FOUND') throw error;
    const record = runOrNothing(archive, wanted, settings.dataDir);
    if (record === null) throw error;
    return targetOfRun(archive, record);
  }
}

function runOrNothing(archive: RunArchive, wanted: string, dataDir: string): RunRecord | null {
  try {
    const record = findRun(archive, wanted, dataDir);
    return record.kind === 'workflow' ? record : null;
  } catch (error) {
    if (isRuntimeError(error) && error.code === 'RUN_NOT_FOUND') return null;
    throw error;
  }
}

async function targetOfWorkflow(
  wanted: string,
  settings: ResolvedConfig,
  archive: RunArchive,
): Promise<SimulationTarget> {
  const { workflow } = await findWorkflow(wanted, settings);
  const durations = estimatedDurations(workflow, archive.durationsOf(workflow.definition.name));
  return { workflow, facts: { durations }, defaults: {}, run: null };
}

function targetOfRun(archive: RunArchive, { runId }: RunRecord): SimulationTarget {
  const history = requireHistory(archive, runId);
  const { record, origin } = history;
  if (record.endedAtMs === null || origin.type !== 'run.created') {
    throw new RuntimeError(
      'RUN_NOT_ENDED',
      `run '${runId}' has not ended, so it is not known how long its tasks take; wait for it, or simulate its workflow: \`yardmaster simulate ${record.workflow}\``,
      { details: { runId } },
    );
  }
  const workflow = workflowOf(archive, history);
  const { durations, ends, ended } = recordedCourse(workflow, history);
  const { mode, maxParallel, parameters } = origin;
  return {
    workflow,
    facts: { durations, ends, ended, parameters },
    defaults: { mode, ...(maxParallel === null ? {} : { maxParallel }) },
    run: { runId, recordedSeconds: heldSeconds(history, workflow) },
  };
}

function workflowOf(archive: RunArchive, { origin, record }: RunHistory): CompiledWorkflow {
  const definition = origin.type === 'run.created' ? archive.definition(origin.definition) : undefined;
  const compilation = definition === undefined ? undefined : compileWorkflow(definition);
  if (compilation?.kind === 'compiled') return compilation.workflow;
  throw new RuntimeError(
    'WORKFLOW_NOT_FOUND',
    `the definition of run '${record.runId}' is not on record any more; simulate the workflow's file instead`,
    { details: { runId: record.runId, workflow: record.workflow } },
  );
}

/** How long the run was under way, without the stretches in which no engine held it. */
function heldSeconds(history: RunHistory, workflow: CompiledWorkflow): number {
  const { axis } = timelineOf(history, workflow, 'completed', history.record.endedAtMs ?? 0);
  const gapsMs = axis.gaps.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  return (axis.endMs - axis.startMs - gapsMs) / 1_000;
}
