// Owns what a list of tasks is worth: the schedule generated from it, improved by double justification.
// It must never give a list to parallel generation that puts a worse level before a better one.

import type { Deadline } from './deadline.ts';
import { ParallelGenerator } from './parallel-generation.ts';
import type { PlanningModel } from './planning-model.ts';
import type { ScheduleRecord } from './schedule-record.ts';
import { SerialGenerator } from './serial-generation.ts';
import { TaskSorter } from './task-sorting.ts';

export type Generation = 'serial' | 'parallel';

/** Part of the serial schedules as short as the best whose order is tried on a dispatcher that never idles. */
const REPLAYED = 0.25;

/**
 * Schedules of lists. Double justification: every task as late as it can, from the last to the first; then as early as it
 * can in the order of these late starts; under serial generation the result is never longer (of tasks that take time) and mostly
 * shorter.
 * K. Y. Li, R. J. Willis, "An iterative scheduling technique for resource-constrained project scheduling", EJOR 56, 1992;
 * V. Valls, F. Ballestín, S. Quintanilla, "Justification and RCPSP: A technique that pays", EJOR 165, 2005.
 */
export class ListEvaluator {
  readonly #model: PlanningModel;
  readonly #record: ScheduleRecord;
  readonly #deadline: Deadline;
  readonly #random: () => number;
  readonly #serial: SerialGenerator;
  readonly #parallel: ParallelGenerator;
  readonly #sorter: TaskSorter;
  readonly #keys: Float64Array;
  readonly #levels: Float64Array | null;
  readonly #reversed: Int32Array;
  readonly #replay: Int32Array;
  #isDone = false;

  constructor(model: PlanningModel, record: ScheduleRecord, deadline: Deadline, random: () => number) {
    this.#model = model;
    this.#record = record;
    this.#deadline = deadline;
    this.#random = random;
    this.#serial = new SerialGenerator(model, deadline);
    this.#parallel = new ParallelGenerator(model, deadline);
    this.#sorter = new TaskSorter(model.size);
    this.#keys = new Float64Array(model.size);
    this.#levels = model.levels === null ? null : Float64Array.from(model.levels);
    this.#reversed = new Int32Array(model.size);
    this.#replay = new Int32Array(model.size);
  }

  /** Whether nothing more is to be done: no shorter schedule exists, or the time is up. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * The makespan of a list's schedule after justification. The list becomes the order of starts in that schedule.
   * @param list for serial generation every task behind its dependencies
   */
  evaluate(list: Int32Array, generation: Generation, method: string): number {
    const first = this.#forward(list, generation, method);
    if (this.#isDone) return first;
    const generator = generation === 'serial' ? this.#serial : this.#parallel;
    this.#orderByStart(list, generation);
    this.#orderByEndFromLast(list, generator.ends, this.#reversed);
    const backward = generator.generate(this.#model.backward, this.#reversed);
    this.#record.count();
    if (backward === Number.POSITIVE_INFINITY || this.#deadline.isPast()) {
      this.#isDone = true;
      return first;
    }
    if (generation === 'parallel') this.#reversed.set(this.#parallel.sequence);
    this.#orderByEndFromLast(this.#reversed, generator.ends, list);
    const justified = this.#forward(list, generation, method);
    if (!this.#isDone) this.#orderByStart(list, generation);
    return justified;
  }

  #forward(list: Int32Array, generation: Generation, method: string): number {
    if (this.#levels !== null) this.#sorter.sort(list, this.#levels);
    const isSerial = generation === 'serial';
    const shortest = this.#record.shortest.makespan;
    const makespan = isSerial ? this.#runSerial(list, method) : this.#runParallel(list, method);
    const isWorthReplaying =
      isSerial &&
      makespan <= shortest &&
      makespan < this.#record.workConserving.makespan &&
      (makespan < shortest || this.#random() < REPLAYED);
    if (isWorthReplaying && !this.#deadline.isPast()) {
      this.#replay.set(list);
      this.#sorter.sort(this.#replay, this.#serial.starts);
      this.#runParallel(this.#replay, method);
    }
    this.#isDone ||= this.#record.isOptimal || this.#deadline.isPast();
    return makespan;
  }

  #runSerial(list: Int32Array, method: string): number {
    const makespan = this.#serial.generate(this.#model.forward, list);
    if (makespan === Number.POSITIVE_INFINITY) this.#isDone = true;
    else this.#record.offer({ starts: this.#serial.starts, sequence: list, makespan, method, isWorkConserving: false });
    return makespan;
  }

  #runParallel(list: Int32Array, method: string): number {
    const makespan = this.#parallel.generate(this.#model.forward, list);
    const { starts, sequence } = this.#parallel;
    if (makespan === Number.POSITIVE_INFINITY) this.#isDone = true;
    else this.#record.offer({ starts, sequence, makespan, method, isWorkConserving: true });
    return makespan;
  }

  #orderByStart(list: Int32Array, generation: Generation): void {
    if (generation === 'parallel') list.set(this.#parallel.sequence);
    else this.#sorter.sort(list, this.#serial.starts);
  }

  /** From a list in an order that respects dependencies one way to the list for the other way: the last end comes first. */
  #orderByEndFromLast(list: Int32Array, ends: Float64Array, target: Int32Array): void {
    const size = list.length;
    for (let place = 0; place < size; place++) target[place] = list[size - 1 - place] as number;
    for (let task = 0; task < size; task++) this.#keys[task] = -(ends[task] as number);
    this.#sorter.sort(target, this.#keys);
  }
}
