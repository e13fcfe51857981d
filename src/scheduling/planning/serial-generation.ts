// Owns serial schedule generation: tasks one by one in a given order, each at the earliest moment it fits.
// Why: among the schedules it makes there is always an optimal one; parallel generation may miss it, since it never idles.
// It must never allocate while it generates, nor start a task before one that precedes it in the order could still move it.

import type { Deadline } from './deadline.ts';
import type { PlanningModel, Way } from './planning-model.ts';

/** Placements between two looks at the clock. */
const PLACEMENTS_A_LOOK = 128;
const NONE = -1;

/**
 * R. Kolisch, "Serial and parallel resource-constrained project scheduling methods revisited", EJOR 90, 1996. The use of
 * capacity is a chain of moments in rising order, each with what is free from it to the next. A task can only start at a
 * moment of the chain: 0 or the end of some task; so a placement adds at most one moment.
 */
export class SerialGenerator {
  /** Starts of the last schedule, in ticks; counted from the end when it was made backward. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly #model: PlanningModel;
  readonly #deadline: Deadline;
  readonly #running: Int32Array;
  readonly #times: Float64Array;
  readonly #next: Int32Array;
  /** By moment and resource. */
  readonly #free: Float64Array;
  readonly #endMoments: Int32Array;
  #moments = 1;

  constructor(model: PlanningModel, deadline: Deadline) {
    const { size } = model;
    this.starts = new Float64Array(size);
    this.ends = new Float64Array(size);
    this.#model = model;
    this.#deadline = deadline;
    this.#running = Int32Array.from(model.topological.filter((task) => model.running?.[task] === 1));
    this.#times = new Float64Array(size + 1);
    this.#next = new Int32Array(size + 1);
    this.#free = new Float64Array((size + 1) * model.capacities.length);
    this.#endMoments = new Int32Array(size);
  }

  /**
   * The makespan of the schedule, Infinity where the deadline passed in between. Forward, running tasks start at 0.
   * @param list every task once, behind all that it must wait for on this way
   */
  generate(way: Way, list: Int32Array): number {
    this.#times[0] = 0;
    this.#next[0] = NONE;
    this.#free.set(this.#model.capacities, 0);
    this.#moments = 1;
    const pinned = way === this.#model.forward ? this.#model.running : null;
    if (pinned !== null) for (const task of this.#running) this.#hold(task, 0);
    let makespan = 0;
    for (let place = 0; place < list.length; place++) {
      const task = list[place] as number;
      if (pinned === null || pinned[task] !== 1) this.#hold(task, this.#momentFor(task, way));
      if ((this.ends[task] as number) > makespan) makespan = this.ends[task] as number;
      if ((place + 1) % PLACEMENTS_A_LOOK === 0 && this.#deadline.isPast()) return Number.POSITIVE_INFINITY;
    }
    return makespan;
  }

  /** The first moment from the end of all it waits for at which a task fits for as long as it lasts. */
  #momentFor(task: number, way: Way): number {
    const { requestOffsets, requestResources, requestUnits, capacities, durations } = this.#model;
    const times = this.#times;
    const free = this.#free;
    const next = this.#next;
    const resources = capacities.length;
    const firstEntry = requestOffsets[task] as number;
    const lastEntry = requestOffsets[task + 1] as number;
    const duration = durations[task] as number;
    let start = this.#earliest(task, way);
    if (firstEntry === lastEntry) return start;
    let end = (times[start] as number) + duration;
    let moment = start;
    for (;;) {
      let entry = firstEntry;
      const row = moment * resources;
      while (
        entry < lastEntry &&
        (requestUnits[entry] as number) <= (free[row + (requestResources[entry] as number)] as number)
      ) {
        entry++;
      }
      moment = next[moment] as number;
      if (entry < lastEntry) {
        // Behind the last moment everything is free, so there is always a next one for what does not fit.
        start = moment;
        end = (times[start] as number) + duration;
      } else if (moment === NONE || (times[moment] as number) >= end) return start;
    }
  }

  #earliest(task: number, { beforeOffsets, before }: Way): number {
    const end = beforeOffsets[task + 1] as number;
    let earliest = 0;
    let time = 0;
    for (let edge = beforeOffsets[task] as number; edge < end; edge++) {
      const moment = this.#endMoments[before[edge] as number] as number;
      if ((this.#times[moment] as number) > time) {
        time = this.#times[moment] as number;
        earliest = moment;
      }
    }
    return earliest;
  }

  /** Lets a task start at a moment, and adds the moment of its end to the chain. */
  #hold(task: number, start: number): void {
    const { requestOffsets, requestResources, requestUnits, capacities, durations } = this.#model;
    const free = this.#free;
    const times = this.#times;
    const next = this.#next;
    const resources = capacities.length;
    const from = requestOffsets[task] as number;
    const to = requestOffsets[task + 1] as number;
    const end = (times[start] as number) + (durations[task] as number);
    this.starts[task] = times[start] as number;
    this.ends[task] = end;
    let moment = start;
    let previous = start;
    while (moment !== NONE && (times[moment] as number) < end) {
      previous = moment;
      moment = next[moment] as number;
    }
    if (moment === NONE || (times[moment] as number) > end) moment = this.#insertBehind(previous, end);
    this.#endMoments[task] = moment;
    for (let held = start; held !== moment; held = next[held] as number) {
      const row = held * resources;
      for (let entry = from; entry < to; entry++) {
        const slot = row + (requestResources[entry] as number);
        free[slot] = (free[slot] as number) - (requestUnits[entry] as number);
      }
    }
  }

  #insertBehind(previous: number, time: number): number {
    const resources = this.#model.capacities.length;
    const moment = this.#moments++;
    this.#times[moment] = time;
    this.#next[moment] = this.#next[previous] as number;
    this.#next[previous] = moment;
    const from = previous * resources;
    const to = moment * resources;
    for (let resource = 0; resource < resources; resource++) {
      this.#free[to + resource] = this.#free[from + resource] as number;
    }
    return moment;
  }
}
