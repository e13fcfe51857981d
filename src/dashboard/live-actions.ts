// Owns what people may do through the dashboard to a live engine: each action as the call that it is, and its answer in a
// sentence. What cannot be done is an error that says why and what to do instead.

import { assertNever, RuntimeError } from '../domain/runtime-error.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { WorkflowRun } from '../engine/workflow-run-handle.ts';
import type { ActionAnswer, ActionKind, ActionRequest } from './wire.ts';

/** What a live engine does when asked. */
export const ENGINE_ACTIONS = [
  'cancel',
  'cancel-task',
  'pause',
  'resume',
  'release',
  'rerun',
  'set-capacity',
] as const satisfies readonly ActionKind[];

const REASON = 'cancelled in the dashboard';

/** @throws RuntimeError RUN_NOT_FOUND, RUN_ENDED, RUN_NOT_ENDED, TASK_NOT_FOUND, RESOURCE_*, ENGINE_CLOSED, … */
export function actOnEngine(engine: OrchestrationEngine, action: ActionRequest): ActionAnswer {
  switch (action.kind) {
    case 'cancel':
      return cancel(engine, action.runId, action.reason ?? REASON);
    case 'cancel-task':
      return cancelTask(engine, action.runId, action.task);
    case 'pause':
      requireOpen(engine, action.runId).pause();
      return { message: 'The run starts no further task; what runs goes on.', runId: null };
    case 'resume':
    case 'release':
      engine.resumeRun(action.runId);
      return { message: 'The run goes on.', runId: null };
    case 'rerun': {
      const run = engine.rerun(action.runId, { from: action.fromFailed ? 'failed' : 'start' });
      return { message: `Run ${run.runId} has been started.`, runId: run.runId };
    }
    case 'set-capacity':
      engine.resources.setCapacity(action.resourceId, action.capacity);
      return { message: `${action.resourceId} has a capacity of ${action.capacity} now.`, runId: null };
    default:
      return assertNever(action);
  }
}

function cancel(engine: OrchestrationEngine, runId: string, reason: string): ActionAnswer {
  if (isSingleTask(engine, runId)) {
    if (!engine.tasks.cancelTask(runId, reason)) throw ended(runId, 'the task');
    return { message: 'The task is being cancelled.', runId: null };
  }
  requireOpen(engine, runId).cancel(reason);
  return { message: 'The run is being cancelled; what runs gets a moment to end.', runId: null };
}

function cancelTask(engine: OrchestrationEngine, runId: string, task: string): ActionAnswer {
  if (isSingleTask(engine, runId)) return cancel(engine, runId, REASON);
  const run = requireOpen(engine, runId);
  if (run.taskStatus(task) === undefined) {
    throw new RuntimeError('TASK_NOT_FOUND', `run '${runId}' has no task '${task}'`, { details: { runId, task } });
  }
  if (!run.cancelTask(task, REASON)) throw ended(runId, `task '${task}'`);
  return { message: `Task ${task} is being cancelled.`, runId: null };
}

/** A run in this engine's hands; one that nobody has taken up is taken up for it. */
function requireOpen(engine: OrchestrationEngine, runId: string): WorkflowRun {
  if (isSingleTask(engine, runId)) {
    throw new RuntimeError('ARGUMENT_INVALID', `'${runId}' is a single task: it can be cancelled, and nothing else`);
  }
  const run = engine.getRun(runId) ?? engine.resumeRun(runId);
  if (run.hasEnded) throw ended(runId, 'it');
  return run;
}

function ended(runId: string, what: string): RuntimeError {
  return new RuntimeError('RUN_ENDED', `run '${runId}': ${what} has ended; a rerun does it again`, {
    details: { runId },
  });
}

function isSingleTask(engine: OrchestrationEngine, runId: string): boolean {
  return engine.getRun(runId) === undefined && engine.tasks.getTask(runId) !== undefined;
}
