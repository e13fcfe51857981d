// Owns what a run learns while it goes on: how long its tasks take, and that the order of those still to come changes
// with it. It decides nothing: the plan's guide does, and the scheduler sorts again.

import type { Clock } from '../domain/clock.ts';
import type { Lane } from '../scheduling/lane.ts';
import type { CapacityRequest } from '../scheduling/ready-task.ts';
import type { RunFrontier } from '../scheduling/run-frontier.ts';
import type { Scheduler } from '../scheduling/scheduler.ts';
import type { RunChronicle } from './run-chronicle.ts';
import type { RunGuidance, RunStanding } from './run-plan.ts';
import type { TaskRecord } from './task-record.ts';

/** The run, as far as learning looks into it. */
export interface LearningRun {
  readonly guide: RunGuidance | undefined;
  readonly lane: Lane<CapacityRequest>;
  readonly frontier: RunFrontier;
  /** Tasks that are actors now. */
  readonly live: ReadonlyMap<number, TaskRecord>;
  readonly chronicle: RunChronicle;
}

export class RunLearning implements RunStanding {
  readonly #run: LearningRun;
  readonly #scheduler: Scheduler<CapacityRequest>;
  readonly #clock: Clock;

  constructor(run: LearningRun, scheduler: Scheduler<CapacityRequest>, clock: Clock) {
    this.#run = run;
    this.#scheduler = scheduler;
    this.#clock = clock;
  }

  /** The run is taken up where an earlier life left it: its plan is for what is left. */
  resumed(): void {
    const { guide, lane } = this.#run;
    guide?.resumed(this);
    lane.course = guide?.course ?? null;
  }

  /** Its tasks begin to start. */
  began(): void {
    this.#run.chronicle.planned(this.#run.guide?.summary ?? null);
  }

  completed(record: TaskRecord): void {
    const { guide, lane, chronicle } = this.#run;
    if (guide?.completed(record.index, this.#secondsOf(record), this) !== true) return;
    this.#scheduler.reorder(lane, (index) => guide.orderOf(index), guide.course, this.#clock.now());
    chronicle.planned(guide.summary);
  }

  /** A task ended otherwise: a plan that counted on it does not hold. */
  missed(index: number): void {
    this.#run.guide?.missed(index);
    this.#scheduler.departed(this.#run.lane, this.#clock.now());
  }

  isEnded(index: number): boolean {
    return this.#run.frontier.isEnded(index);
  }

  runningSeconds(index: number): number | null {
    const record = this.#run.live.get(index);
    return record === undefined || record.attemptKey === 0 ? null : this.#secondsOf(record);
  }

  #secondsOf({ attemptStartedMs }: TaskRecord): number {
    return Math.max(0, this.#clock.now() - attemptStartedMs) / 1_000;
  }
}
