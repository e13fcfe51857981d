// Owns what the single tasks of an engine are given, and what may be said of one at its submission.

import type { Clock } from '../domain/clock.ts';
import type { EventSink } from '../domain/events.ts';
import type { TaskId } from '../domain/ids.ts';
import type { Journal } from '../journal/journal.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import type { TaskRunner } from './task-runner.ts';

/** Results kept in memory when nothing else is said. */
export const DEFAULT_KEPT_RESULTS = 10_000;

export interface SingleTasksParts {
  readonly runner: TaskRunner;
  readonly scheduler: Scheduler<CapacityRequest>;
  readonly journal: Journal;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly keptResults?: number;
  /** A task could not even be taken up again after a crash: too much is wrong for this place. */
  readonly escalate: (fault: unknown) => void;
  /** Tasks of earlier lives are taken up by hand only: nobody waits for them without being asked. */
  readonly leavesEarlier?: boolean;
}

/** What may be said of a submission beyond the work itself. */
export interface SubmissionOptions {
  /** Chosen by the caller; left out, one is made. */
  readonly taskId?: TaskId | undefined;
  /** Amounts by resource id, for the journal: the prepared request is good for this engine alone. */
  readonly resources?: Readonly<Record<string, number>>;
}
