// Owns the one list schedule that every plan starts from, in O((tasks + edges + requests) log tasks) however many wait.
// Same schedule as `ParallelGenerator` makes from the same list; that one is faster while few tasks are ready at once, this one
// never looks at a waiting task before what it lacks has been given back.
// It must never leave a ready task that fits unstarted.

import { EMPTY, LinkedHeaps } from './linked-heaps.ts';
import type { PlanningModel } from './planning-model.ts';
import { type WaitingLines, waitingLinesOf } from './waiting-lines.ts';

export interface ListSchedule {
  readonly starts: Float64Array;
  /** Tasks in the order they were started. */
  readonly sequence: Int32Array;
  readonly makespan: number;
}

/** The schedule of a list: at every moment all ready tasks that fit start, in the order of the list. */
export function listSchedule(model: PlanningModel, list: Int32Array): ListSchedule {
  return new LinearPass(model, list).run();
}

class LinearPass {
  readonly #model: PlanningModel;
  readonly #list: Int32Array;
  readonly #places: Float64Array;
  readonly #heaps: LinkedHeaps;
  readonly #lines: WaitingLines;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #sequence: Int32Array;
  readonly #missing: Int32Array;
  readonly #free: Float64Array;
  /** The resource for whose line a task was called up, −1 for none. */
  readonly #calledBy: Int32Array;
  /** Resources of which something was given back at this moment. */
  readonly #freed: Int32Array;
  readonly #isFreed: Uint8Array;
  #freedCount = 0;
  #ready = EMPTY;
  #event = EMPTY;
  #started = 0;

  constructor(model: PlanningModel, list: Int32Array) {
    const { size, capacities } = model;
    this.#model = model;
    this.#list = list;
    this.#places = new Float64Array(size);
    this.#heaps = new LinkedHeaps(size);
    this.#lines = waitingLinesOf(model, this.#places, this.#heaps);
    this.#starts = new Float64Array(size);
    this.#ends = new Float64Array(size);
    this.#sequence = new Int32Array(size);
    this.#missing = new Int32Array(size);
    this.#free = capacities.slice();
    this.#calledBy = new Int32Array(size).fill(EMPTY);
    this.#freed = new Int32Array(capacities.length);
    this.#isFreed = new Uint8Array(capacities.length);
  }

  run(): ListSchedule {
    this.#begin();
    let makespan = 0;
    for (;;) {
      this.#startFitting(makespan);
      if (this.#event === EMPTY) break;
      makespan = this.#ends[this.#event] as number;
      while (this.#event !== EMPTY && this.#ends[this.#event] === makespan) {
        const task = this.#event;
        this.#event = this.#heaps.pop(this.#ends, task);
        this.#complete(task);
      }
      for (let index = 0; index < this.#freedCount; index++) {
        const resource = this.#freed[index] as number;
        this.#isFreed[resource] = 0;
        this.#callUp(resource);
      }
      this.#freedCount = 0;
    }
    return { starts: this.#starts, sequence: this.#sequence, makespan };
  }

  #begin(): void {
    const { size, forward, running } = this.#model;
    for (let place = 0; place < size; place++) this.#places[this.#list[place] as number] = place;
    for (let task = 0; task < size; task++) {
      const missing = (forward.beforeOffsets[task + 1] as number) - (forward.beforeOffsets[task] as number);
      const isRunning = running !== null && running[task] === 1;
      this.#missing[task] = isRunning ? EMPTY : missing;
      if (missing === 0 && !isRunning) this.#makeReady(task);
    }
    if (running === null) return;
    for (let place = 0; place < size; place++) {
      const task = this.#list[place] as number;
      if (running[task] === 1) this.#start(task, 0);
    }
    // Nothing waits yet, and what a running task of no length gave back was free before.
    for (let index = 0; index < this.#freedCount; index++) this.#isFreed[this.#freed[index] as number] = 0;
    this.#freedCount = 0;
  }

  #startFitting(time: number): void {
    const { requestOffsets, requestResources, requestUnits } = this.#model;
    const free = this.#free;
    while (this.#ready !== EMPTY) {
      const task = this.#ready;
      this.#ready = this.#heaps.pop(this.#places, task);
      const end = requestOffsets[task + 1] as number;
      let entry = requestOffsets[task] as number;
      while (entry < end && (requestUnits[entry] as number) <= (free[requestResources[entry] as number] as number)) {
        entry++;
      }
      if (entry < end) this.#lines.add(task, entry);
      else this.#start(task, time);
      const caller = this.#calledBy[task] as number;
      if (caller === EMPTY) continue;
      this.#calledBy[task] = EMPTY;
      this.#callUp(caller);
    }
  }

  /** The first task in the lines of a resource that it has enough for may try again; the next one when that has tried. */
  #callUp(resource: number): void {
    const task = this.#lines.takeFirst(resource, this.#free[resource] as number);
    if (task === EMPTY) return;
    this.#calledBy[task] = resource;
    this.#makeReady(task);
  }

  #start(task: number, time: number): void {
    const { requestOffsets, requestResources, requestUnits, durations } = this.#model;
    const duration = durations[task] as number;
    const end = requestOffsets[task + 1] as number;
    for (let entry = requestOffsets[task] as number; entry < end; entry++) {
      const resource = requestResources[entry] as number;
      this.#free[resource] = (this.#free[resource] as number) - (requestUnits[entry] as number);
    }
    this.#starts[task] = time;
    this.#ends[task] = time + duration;
    this.#sequence[this.#started++] = task;
    if (duration === 0) this.#complete(task);
    else this.#event = this.#heaps.push(this.#ends, this.#event, task);
  }

  #complete(task: number): void {
    const { requestOffsets, requestResources, requestUnits, forward } = this.#model;
    const lastEntry = requestOffsets[task + 1] as number;
    for (let entry = requestOffsets[task] as number; entry < lastEntry; entry++) {
      const resource = requestResources[entry] as number;
      this.#free[resource] = (this.#free[resource] as number) + (requestUnits[entry] as number);
      if (this.#isFreed[resource] === 1 || this.#ends[task] === this.#starts[task]) continue;
      this.#isFreed[resource] = 1;
      this.#freed[this.#freedCount++] = resource;
    }
    const end = forward.afterOffsets[task + 1] as number;
    for (let edge = forward.afterOffsets[task] as number; edge < end; edge++) {
      const dependent = forward.after[edge] as number;
      const left = (this.#missing[dependent] as number) - 1;
      this.#missing[dependent] = left;
      if (left === 0) this.#makeReady(dependent);
    }
  }

  #makeReady(task: number): void {
    this.#ready = this.#heaps.push(this.#places, this.#ready, task);
  }
}
