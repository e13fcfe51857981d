// Owns what a run is made of and with, and how its tasks are counted.

import type { Clock, TimerService } from '../domain/clock.ts';
import type { EventSink } from '../domain/events.ts';
import type { RunId, SessionId } from '../domain/ids.ts';
import type { JsonObject, JsonValue } from '../domain/json-value.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunHistory } from '../journal/run-history.ts';
import type { Lane } from '../scheduling/lane.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import type { RunFrontier } from '../scheduling/run-frontier.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import type { RunOrigin } from './run-chronicle.ts';
import type { RunPlan } from './run-plan.ts';
import type { TaskRunner } from './task-runner.ts';
import type { WorkflowRun } from './workflow-run.ts';

export interface WorkflowRunParts {
  readonly runner: TaskRunner;
  readonly scheduler: Scheduler<CapacityRequest>;
  readonly journal: Journal;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: TimerService;
}

export interface WorkflowRunOptions {
  readonly runId: RunId;
  readonly sessionId: SessionId;
  readonly plan: RunPlan;
  readonly parameters: JsonObject;
  readonly lane: Lane<CapacityRequest>;
  readonly timeoutMs: number | null;
  /** What it is written down with besides what the other options say. */
  readonly origin: Pick<RunOrigin, 'definition' | 'session' | 'ownSession' | 'maxParallel' | 'rerunOf'>;
  /** What earlier lives of it left in the journal; null = it is new. */
  readonly restored?: RunHistory | null;
  /** Outputs of the run it repeats, by task. */
  readonly adopted?: ReadonlyMap<string, JsonValue>;
  /** Called once, before the run starts. */
  readonly created?: (run: WorkflowRun) => void;
  /** A run that was held back before its start may have its place now. */
  readonly released?: (run: WorkflowRun) => void;
  /** Called once, when the result is as durable as the journal promises. */
  readonly ended: (run: WorkflowRun) => void;
}

/** Tasks of a run: all, and those that have ended by how they did. */
export interface TaskCounts {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly cancelled: number;
}

/** The tasks of a run by how they ended so far. */
export function taskCounts(frontier: RunFrontier, total: number): TaskCounts {
  return {
    total,
    completed: frontier.count('completed'),
    failed: frontier.count('failed'),
    skipped: frontier.count('skipped'),
    cancelled: frontier.count('cancelled'),
  };
}
