// Owns the best schedules found so far: the shortest one, and the shortest that a dispatcher reaches which never idles.
// Why both: a plan may idle on purpose, and whoever cannot hold a task back needs the other.
// It must never keep a generator's rows: they are overwritten by the next schedule.

export interface RecordedSchedule {
  /** In ticks. */
  readonly starts: Float64Array;
  /** Tasks in an order that gave this schedule. */
  readonly sequence: Int32Array;
  readonly makespan: number;
  readonly method: string;
  /** Which schedule it was, counted from 1. */
  readonly number: number;
  /** Made by parallel generation, which never idles. */
  readonly isWorkConserving: boolean;
}

export class ScheduleRecord {
  /** No schedule is shorter. */
  readonly bound: number;
  #shortest: RecordedSchedule;
  #workConserving: RecordedSchedule;
  #schedules: number;

  /** @param base a work-conserving schedule */
  constructor(base: RecordedSchedule, bound: number) {
    this.bound = bound;
    this.#shortest = base;
    this.#workConserving = base;
    this.#schedules = base.number;
  }

  /** The shortest schedule; of equally long ones the one that does not idle. */
  get shortest(): RecordedSchedule {
    return this.#workConserving.makespan <= this.#shortest.makespan ? this.#workConserving : this.#shortest;
  }

  get workConserving(): RecordedSchedule {
    return this.#workConserving;
  }

  /** How many schedules were generated. */
  get schedules(): number {
    return this.#schedules;
  }

  get isOptimal(): boolean {
    return this.#shortest.makespan <= this.bound;
  }

  count(): void {
    this.#schedules++;
  }

  /** Counts a forward schedule and keeps it where it is better than what there was. */
  offer(schedule: Omit<RecordedSchedule, 'number'>): void {
    this.#schedules++;
    const { makespan, isWorkConserving } = schedule;
    const isShortest = makespan < this.#shortest.makespan;
    const isBestWorkConserving = isWorkConserving && makespan < this.#workConserving.makespan;
    if (!isShortest && !isBestWorkConserving) return;
    const kept: RecordedSchedule = {
      ...schedule,
      starts: schedule.starts.slice(),
      sequence: schedule.sequence.slice(),
      number: this.#schedules,
    };
    if (isShortest) this.#shortest = kept;
    if (isBestWorkConserving) this.#workConserving = kept;
  }
}
