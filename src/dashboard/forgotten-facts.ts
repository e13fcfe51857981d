// Owns what can still be told of a run whose facts are not kept any more, as a journal in memory forgets the oldest while a
// large run goes on: its record, and what the engine itself has of its tasks. Attempts that are over, parameters and
// deadlines are gone with the facts.

import { isRuntimeError } from '../domain/runtime-error.ts';
import { ExecutionMode, TaskStatus } from '../domain/statuses.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { RunHistory, RunRecord, TaskHistory } from '../engine/run-archive.ts';
import { blankTask } from '../engine/run-archive.ts';
import type { CompiledWorkflow } from '../engine/workflow-compiler.ts';

/** Records among which the run is looked for: facts are forgotten of runs of late, too. */
const MOST_RECORDS = 1_000;

/** The history of such a run, as far as the engine knows it; undefined when it does not. */
export function rememberedRun(engine: OrchestrationEngine, runId: string): RunHistory | undefined {
  const record = engine.listRuns({ kind: 'workflow', limit: MOST_RECORDS }).find((each) => each.runId === runId);
  const run = record === undefined ? undefined : engine.getRun(runId);
  if (record === undefined || run === undefined) return undefined;
  const names = loadedWorkflow(engine, record.workflow)?.steps.map(({ name }) => name) ?? [];
  const tasks = new Map<string, TaskHistory>();
  for (const name of names) {
    const status = statusOf(run.taskStatus(name));
    if (status !== undefined) tasks.set(name, { ...blankTask(name), status });
  }
  return {
    record,
    origin: originOf(engine, record),
    deadlineMs: null,
    isPaused: record.status === 'paused',
    cancelRequested: null,
    tasks,
    moments: [],
    lastSequence: 0,
  };
}

/** A workflow that the engine has loaded; undefined when it has none of that name. */
export function loadedWorkflow(engine: OrchestrationEngine, workflow: string): CompiledWorkflow | undefined {
  try {
    return engine.workflows.getCompiled(workflow);
  } catch (error) {
    if (isRuntimeError(error) && error.code === 'WORKFLOW_NOT_FOUND') return undefined;
    throw error;
  }
}

function statusOf(status: TaskStatus | undefined): TaskHistory['status'] | undefined {
  if (status === TaskStatus.CANCELLING) return 'running';
  // Whether it is blocked follows from the others.
  return status === TaskStatus.PENDING || status === TaskStatus.BLOCKED ? undefined : status;
}

function originOf(engine: OrchestrationEngine, record: RunRecord): RunHistory['origin'] {
  const { runId, workflow, sessionId, steps, createdAtMs, rerunOf } = record;
  const session = engine.getSession(sessionId);
  const mode = session?.mode ?? ExecutionMode.RESOURCE_AWARE;
  return {
    type: 'run.created',
    v: 1,
    runId,
    atMs: createdAtMs,
    workflow,
    definition: '',
    session: {
      sessionId,
      name: session?.name ?? workflow,
      mode,
      maxParallelTasks: null,
      maxParallelWorkflows: null,
      timeoutMs: null,
      deadlineMs: null,
      resourceRequirements: {},
    },
    ownSession: true,
    parameters: {},
    steps,
    mode,
    maxParallel: null,
    rerunOf,
  };
}
