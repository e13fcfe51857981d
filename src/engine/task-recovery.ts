// Owns the way of a single task from its history back into an engine: its recorded words become a spec again, if this
// engine can run it. Which tasks are taken up, when, and how often, is its caller's.

import type { SingleTasks } from '../actors/single-tasks.ts';
import type { TaskSpec } from '../actors/task-record.ts';
import type { TaskSubmitted } from '../domain/facts.ts';
import { createRetryPolicy } from '../domain/retry-policy.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { RunHistory } from '../journal/run-history.ts';
import { parsePriority } from './task.ts';
import { type SpecSurroundings, specOfTask } from './task-spec.ts';

/** What is needed of the engine. */
export interface TaskRecoveryHost extends SpecSurroundings {
  readonly singles: SingleTasks;
  /** Whether a body is known now: an inline action, a registered module, a file, or built in. */
  knowsAction(module: string, action: string): boolean;
}

/**
 * Takes an unfinished single task of an earlier life up again. Nothing has been written or started when it throws: the
 * task can be held back and tried again when a module or a resource has come. A workflow's run, an ended task and one
 * that is here already are left alone.
 * `recover`, if given, is called once nothing can go wrong any more, before anything starts: it counts and writes the
 * recovery, and gives the history to go on from. It may refuse by throwing.
 * @throws RuntimeError MODULE_NOT_FOUND, RESOURCE_*, and what `recover` throws
 */
export function restoreSingleTask(history: RunHistory, host: TaskRecoveryHost, recover?: () => RunHistory): void {
  const { origin, record } = history;
  if (origin.type !== 'task.submitted' || record.endedAtMs !== null) return;
  const { module, action } = origin;
  if (!host.knowsAction(module, action)) {
    throw new RuntimeError(
      'MODULE_NOT_FOUND',
      `unfinished task '${origin.runId}' waits for ${module}.${action}; register it, or name the folder that has it in tasksDirs`,
      { details: { taskId: origin.runId, missing: [`${module}.${action}`] } },
    );
  }
  const spec = specOfSubmitted(origin, host);
  host.singles.restore(recover?.() ?? history, spec);
}

function specOfSubmitted(origin: TaskSubmitted, host: TaskRecoveryHost): TaskSpec {
  const { retry } = origin;
  const maxAttempts = retry.maxAttempts ?? Number.POSITIVE_INFINITY;
  return specOfTask(
    {
      ...origin,
      name: origin.task,
      priority: parsePriority(origin.priority),
      // Facts of earlier versions say nothing of these.
      concurrency: origin.concurrency ?? null,
      estimatedMs: origin.estimatedMs ?? null,
      retryPolicy: createRetryPolicy({ ...retry, maxAttempts }),
    },
    host,
  );
}
