// Owns the search for a shorter schedule within a budget: rules first, then chance, then evolution.
// Why in this order: rules find most of what there is to find in a dozen schedules; evolution needs their variety to start from.
// It must never go on when the shortest schedule is known to be optimal, nor look for another end than its evaluator's.

import { ActivityLists } from './activity-lists.ts';
import type { Deadline } from './deadline.ts';
import { type Generation, ListEvaluator } from './list-evaluation.ts';
import type { PlanningModel } from './planning-model.ts';
import { latestFinish, PRIORITY_RULES } from './priority-rules.ts';
import type { ScheduleRecord } from './schedule-record.ts';
import { TaskSorter } from './task-sorting.ts';

/** Lists of the first population; small, since a cold process makes some hundred schedules within its budget. */
const FIRST_POPULATION = 40;
const MOST_POPULATION = 480;
const MUTATION = 0.05;
/** Part of the lists that parallel generation makes schedules of. */
const PARALLEL = 0.25;
/**
 * Children in a row without a shorter schedule, by member, after which all but the best make room for twice as many samples.
 * A. Auger, N. Hansen, "A restart CMA evolution strategy with increasing population size", IEEE CEC 2005.
 */
const PATIENCE = 8;

/** Improves what the record holds until it is optimal or the deadline has passed. */
export function searchSchedules(
  model: PlanningModel,
  record: ScheduleRecord,
  deadline: Deadline,
  random: () => number,
): void {
  const search = new ScheduleSearch(model, record, deadline, random);
  search.tryRules();
  while (!search.isDone) {
    search.populate();
    search.evolve();
  }
}

class ScheduleSearch {
  readonly #model: PlanningModel;
  readonly #record: ScheduleRecord;
  readonly #random: () => number;
  readonly #evaluator: ListEvaluator;
  readonly #lists: ActivityLists;
  readonly #population: Int32Array[] = [];
  readonly #makespans: number[] = [];
  #members = FIRST_POPULATION;

  constructor(model: PlanningModel, record: ScheduleRecord, deadline: Deadline, random: () => number) {
    this.#model = model;
    this.#record = record;
    this.#random = random;
    this.#evaluator = new ListEvaluator(model, record, deadline, random);
    this.#lists = new ActivityLists(model, random);
  }

  get isDone(): boolean {
    return this.#evaluator.isDone;
  }

  tryRules(): void {
    const sorter = new TaskSorter(this.#model.size);
    const order = new Int32Array(this.#model.size);
    for (const { name, keys } of PRIORITY_RULES) {
      const values = keys(this.#model);
      if (values === null) continue;
      order.set(this.#model.topological);
      sorter.sort(order, values);
      this.#add(order.slice(), 'parallel', name);
      if (this.isDone) return;
      if (this.#model.levels !== null) continue;
      const list = new Int32Array(this.#model.size);
      this.#lists.byPriority(order, list);
      this.#add(list, 'serial', name);
      if (this.isDone) return;
    }
  }

  /** Fills the population with samples. */
  populate(): void {
    const keys = latestFinish(this.#model);
    while (this.#population.length < this.#members && !this.isDone) {
      const list = new Int32Array(this.#model.size);
      this.#lists.bySampling(keys, list);
      this.#add(list, this.#drawGeneration(), 'sampling');
    }
  }

  /**
   * Children of good parents take the place of the worst, until time is up or the population has nothing more to give. The
   * children are justified: V. Valls, F. Ballestín, S. Quintanilla, "A hybrid genetic algorithm for the RCPSP", EJOR 185, 2008.
   */
  evolve(): void {
    const child = new Int32Array(this.#model.size);
    let shortest = this.#record.shortest.makespan;
    for (let fruitless = 0; fruitless < PATIENCE * this.#members && !this.isDone; fruitless++) {
      const mother = this.#drawParent();
      const drawn = this.#drawParent();
      const father = drawn === mother ? (drawn + 1) % this.#population.length : drawn;
      this.#lists.cross(this.#memberAt(mother), this.#memberAt(father), child);
      this.#lists.mutate(child, MUTATION);
      const makespan = this.#evaluator.evaluate(child, this.#drawGeneration(), 'evolution');
      if (this.isDone) return;
      this.#replaceWorst(child, makespan);
      if (this.#record.shortest.makespan === shortest) continue;
      shortest = this.#record.shortest.makespan;
      fruitless = 0;
    }
    this.#keepBest();
    this.#members = Math.min(2 * this.#members, MOST_POPULATION);
  }

  #add(list: Int32Array, generation: Generation, method: string): void {
    const makespan = this.#evaluator.evaluate(list, generation, method);
    this.#population.push(list);
    this.#makespans.push(makespan);
  }

  // Mixed levels leave no choice: a dispatcher starts the better level first, whatever a serial schedule would gain.
  #drawGeneration(): Generation {
    return this.#model.levels !== null || this.#random() < PARALLEL ? 'parallel' : 'serial';
  }

  /** The better of two. */
  #drawParent(): number {
    const one = Math.floor(this.#random() * this.#population.length);
    const other = Math.floor(this.#random() * this.#population.length);
    return this.#makespanAt(one) <= this.#makespanAt(other) ? one : other;
  }

  #replaceWorst(child: Int32Array, makespan: number): void {
    let worst = 0;
    for (let index = 0; index < this.#population.length; index++) {
      if (this.#makespanAt(index) > this.#makespanAt(worst)) worst = index;
      if (this.#makespanAt(index) === makespan && isSame(this.#memberAt(index), child)) return;
    }
    if (makespan > this.#makespanAt(worst)) return;
    this.#memberAt(worst).set(child);
    this.#makespans[worst] = makespan;
  }

  #keepBest(): void {
    let best = 0;
    for (let index = 1; index < this.#population.length; index++) {
      if (this.#makespanAt(index) < this.#makespanAt(best)) best = index;
    }
    const member = this.#memberAt(best);
    const makespan = this.#makespanAt(best);
    this.#population.length = 0;
    this.#makespans.length = 0;
    this.#population.push(member);
    this.#makespans.push(makespan);
  }

  #memberAt(index: number): Int32Array {
    return this.#population[index] as Int32Array;
  }

  #makespanAt(index: number): number {
    return this.#makespans[index] as number;
  }
}

function isSame(one: Int32Array, other: Int32Array): boolean {
  for (let place = 0; place < one.length; place++) if (one[place] !== other[place]) return false;
  return true;
}
