// Owns parallel schedule generation: at every moment start all ready tasks that fit, in the order of a list.
// Why: this is what a dispatcher does that never idles, so its makespan is what a list is worth to it.
// It must never allocate while it generates, nor leave a ready task that fits unstarted.

import type { Deadline } from './deadline.ts';
import { EMPTY, LinkedHeaps } from './linked-heaps.ts';
import type { PlanningModel, Way } from './planning-model.ts';

/** Moments between two looks at the clock. */
const MOMENTS_A_LOOK = 128;

/**
 * J. E. Kelley 1963; R. Kolisch, "Serial and parallel resource-constrained project scheduling methods revisited", EJOR 90, 1996.
 * Ready tasks are bits by their place in the list, so a walk over them is in the order of the list; it ends early
 * when the resource that most tasks ask for has less than any of them wants.
 */
export class ParallelGenerator {
  /** Starts of the last schedule, in ticks; counted from the end when it was made backward. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Tasks in the order they were started: as a list it gives the same schedule again. */
  readonly sequence: Int32Array;
  readonly #model: PlanningModel;
  readonly #deadline: Deadline;
  readonly #bottleneck: Bottleneck;
  readonly #places: Int32Array;
  readonly #missing: Int32Array;
  readonly #ready: Int32Array;
  readonly #free: Float64Array;
  readonly #events: LinkedHeaps;
  #list: Int32Array;
  #way: Way;
  #event = EMPTY;
  #started = 0;
  /** Ready tasks that do not ask for the bottleneck. */
  #others = 0;

  constructor(model: PlanningModel, deadline: Deadline) {
    const { size } = model;
    this.starts = new Float64Array(size);
    this.ends = new Float64Array(size);
    this.sequence = new Int32Array(size);
    this.#model = model;
    this.#deadline = deadline;
    this.#bottleneck = bottleneckOf(model);
    this.#places = new Int32Array(size);
    this.#missing = new Int32Array(size);
    this.#ready = new Int32Array((size + 31) >> 5);
    this.#free = new Float64Array(model.capacities.length);
    this.#events = new LinkedHeaps(size);
    this.#list = model.topological;
    this.#way = model.forward;
  }

  /**
   * The makespan of the schedule, Infinity where the deadline passed in between. Forward, running tasks start at 0.
   * @param list every task once, in any order
   */
  generate(way: Way, list: Int32Array): number {
    this.#reset(way, list);
    let time = 0;
    for (let moments = 1; ; moments++) {
      this.#startFitting(time);
      if (this.#event === EMPTY) return time;
      time = this.ends[this.#event] as number;
      while (this.#event !== EMPTY && this.ends[this.#event] === time) {
        const task = this.#event;
        this.#event = this.#events.pop(this.ends, task);
        this.#complete(task);
      }
      if (moments % MOMENTS_A_LOOK === 0 && this.#deadline.isPast()) return Number.POSITIVE_INFINITY;
    }
  }

  #reset(way: Way, list: Int32Array): void {
    const { size, capacities, forward } = this.#model;
    const running = way === forward ? this.#model.running : null;
    this.#list = list;
    this.#way = way;
    this.#event = EMPTY;
    this.#started = 0;
    this.#others = 0;
    this.#free.set(capacities);
    this.#ready.fill(0);
    for (let place = 0; place < size; place++) this.#places[list[place] as number] = place;
    for (let task = 0; task < size; task++) {
      const missing = (way.beforeOffsets[task + 1] as number) - (way.beforeOffsets[task] as number);
      const isRunning = running !== null && running[task] === 1;
      this.#missing[task] = isRunning ? EMPTY : missing;
      if (missing === 0 && !isRunning) this.#makeReady(task);
    }
    if (running === null) return;
    for (let place = 0; place < size; place++) {
      const task = list[place] as number;
      if (running[task] === 1) this.#start(task, 0);
    }
  }

  #startFitting(time: number): void {
    const { requestOffsets, requestResources, requestUnits, durations } = this.#model;
    const { resource: scarce, least } = this.#bottleneck;
    const ready = this.#ready;
    const free = this.#free;
    const list = this.#list;
    let word = 0;
    while (word < ready.length) {
      let bits = ready[word] as number;
      let isRestarted = false;
      while (bits !== 0) {
        const lowest = bits & -bits;
        bits ^= lowest;
        const task = list[(word << 5) + 31 - Math.clz32(lowest)] as number;
        const end = requestOffsets[task + 1] as number;
        let entry = requestOffsets[task] as number;
        while (entry < end && (requestUnits[entry] as number) <= (free[requestResources[entry] as number] as number)) {
          entry++;
        }
        if (entry < end) continue;
        ready[word] = (ready[word] as number) ^ lowest;
        this.#others -= this.#bottleneck.isAskedBy[task] === 1 ? 0 : 1;
        this.#start(task, time);
        // What ends at once may make tasks ready that come before the walk's place.
        if (durations[task] === 0) {
          isRestarted = true;
          break;
        }
        if (scarce !== EMPTY && this.#others === 0 && (free[scarce] as number) < least) return;
      }
      word = isRestarted ? 0 : word + 1;
    }
  }

  #start(task: number, time: number): void {
    const { requestOffsets, requestResources, requestUnits, durations } = this.#model;
    const free = this.#free;
    const duration = durations[task] as number;
    const end = requestOffsets[task + 1] as number;
    for (let entry = requestOffsets[task] as number; entry < end; entry++) {
      const resource = requestResources[entry] as number;
      free[resource] = (free[resource] as number) - (requestUnits[entry] as number);
    }
    this.starts[task] = time;
    this.ends[task] = time + duration;
    this.sequence[this.#started++] = task;
    if (duration === 0) this.#complete(task);
    else this.#event = this.#events.push(this.ends, this.#event, task);
  }

  #complete(task: number): void {
    const { requestOffsets, requestResources, requestUnits } = this.#model;
    const { afterOffsets, after } = this.#way;
    const free = this.#free;
    const missing = this.#missing;
    const lastEntry = requestOffsets[task + 1] as number;
    for (let entry = requestOffsets[task] as number; entry < lastEntry; entry++) {
      const resource = requestResources[entry] as number;
      free[resource] = (free[resource] as number) + (requestUnits[entry] as number);
    }
    const end = afterOffsets[task + 1] as number;
    for (let edge = afterOffsets[task] as number; edge < end; edge++) {
      const dependent = after[edge] as number;
      const left = (missing[dependent] as number) - 1;
      missing[dependent] = left;
      if (left === 0) this.#makeReady(dependent);
    }
  }

  #makeReady(task: number): void {
    const place = this.#places[task] as number;
    const word = place >> 5;
    this.#ready[word] = (this.#ready[word] as number) | (1 << (place & 31));
    this.#others += this.#bottleneck.isAskedBy[task] === 1 ? 0 : 1;
  }
}

interface Bottleneck {
  /** The resource that most tasks ask for, −1 without any. */
  readonly resource: number;
  /** The least that anyone asks of it. */
  readonly least: number;
  readonly isAskedBy: Uint8Array;
}

function bottleneckOf({ size, capacities, requestOffsets, requestResources, requestUnits }: PlanningModel): Bottleneck {
  const entries = size === 0 ? 0 : (requestOffsets[size] as number);
  const askers = new Int32Array(capacities.length);
  let resource = EMPTY;
  for (let entry = 0; entry < entries; entry++) {
    const asked = requestResources[entry] as number;
    askers[asked] = (askers[asked] as number) + 1;
    if (resource === EMPTY || (askers[asked] as number) > (askers[resource] as number)) resource = asked;
  }
  const isAskedBy = new Uint8Array(size);
  let least = Number.POSITIVE_INFINITY;
  for (let task = 0; task < size; task++) {
    const end = requestOffsets[task + 1] as number;
    for (let entry = requestOffsets[task] as number; entry < end; entry++) {
      if (requestResources[entry] !== resource) continue;
      isAskedBy[task] = 1;
      least = Math.min(least, requestUnits[entry] as number);
    }
  }
  return { resource, least, isAskedBy };
}
