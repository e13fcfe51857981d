// Owns one lane: the ready tasks of one run (or of all single tasks), its mode and its limits.
// A lane belongs to a group (a session) whose limit counts over all its lanes. Its tasks stand in classes of those that
// ask for the same; the first tasks of the classes that wait for nothing else compete in one heap a pool.

import type { ExecutionMode } from '../domain/statuses.ts';
import { BinaryHeap } from './binary-heap.ts';
import type { PlanCourse } from './plan-course.ts';
import {
  type CapacityRequest,
  compareReady,
  POOL_COUNT,
  type Pool,
  type ReadyKeys,
  type ReadyTask,
} from './ready-task.ts';
import { classKeyOf, TaskClass } from './task-class.ts';

/** Entries of candidates are shed when there are more than this, and more than twice the classes. */
const DEAD_CANDIDATES = 64;

/** The tasks of several lanes that may run at once. */
export interface LaneGroup {
  /** Infinity = no limit. */
  readonly limit: number;
  inFlight: number;
}

export interface LaneOptions {
  readonly mode: ExecutionMode;
  /** Tasks of this lane at once; Infinity = no limit. Sequential lanes run one at a time whatever it says. */
  readonly limit: number;
  readonly group: LaneGroup;
  /** Which tasks a plan holds back, and until when; null or left out = none. */
  readonly course?: PlanCourse | null;
}

/** The first task of a class, with its keys as they were then: only the latest entry of a queued task is valid. */
interface Candidate<Request extends CapacityRequest> extends Readonly<ReadyKeys> {
  readonly task: ReadyTask<Request>;
}

/** The classes of one pool. */
class Shelf<Request extends CapacityRequest> {
  readonly classes = new Map<string | null, TaskClass<Request>>();
  readonly candidates = new BinaryHeap<Candidate<Request>>(compareReady);
  /** The only class there is, the usual case: it needs no heap of candidates. */
  only: TaskClass<Request> | null = null;
}

export class Lane<Request extends CapacityRequest = CapacityRequest> {
  readonly mode: ExecutionMode;
  readonly limit: number;
  readonly group: LaneGroup;
  course: PlanCourse | null;
  /** Which ring of the scheduler holds the lane, by pool; -1 = none. */
  readonly ringLevel: number[] = [];
  /** Tasks that the course keeps back. */
  readonly held = new Set<ReadyTask<Request>>();
  readonly #shelves: Shelf<Request>[] = [];
  inFlight = 0;
  /** Classes that wait in a line. */
  readonly waiting = new Set<TaskClass<Request>>();
  paused = false;
  /** When a task of it started last; what has waited since then gains on others. */
  servedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: LaneOptions) {
    this.mode = options.mode;
    this.limit = options.mode === 'sequential' ? 1 : options.limit;
    this.group = options.group;
    this.course = options.course ?? null;
    for (let pool = 0; pool < POOL_COUNT; pool++) {
      this.#shelves.push(new Shelf());
      this.ringLevel.push(-1);
    }
  }

  /** Queues a task in its class, which is given back. */
  push(task: ReadyTask<Request>): TaskClass<Request> {
    const shelf = this.#shelf(task.pool);
    const key = classKeyOf(task);
    let group = shelf.classes.get(key);
    if (group === undefined) {
      group = new TaskClass(task, key);
      shelf.classes.set(key, group);
      this.#settleOnly(shelf);
    }
    if (group.push(task) && group.line === null) this.#offer(shelf, group);
    return group;
  }

  /** The next task that may be tried for a pool. */
  head(pool: Pool): ReadyTask<Request> | undefined {
    const shelf = this.#shelf(pool);
    const { only, candidates } = shelf;
    if (only !== null) return only.line === null ? only.head() : undefined;
    for (let entry = candidates.peek(); entry !== undefined; entry = candidates.peek()) {
      const { task, sequence } = entry;
      const { group } = task;
      if (group !== null && group.line === null && task.sequence === sequence && group.head() === task) return task;
      candidates.pop();
    }
    return undefined;
  }

  /** Takes the first task of a class out: it starts. */
  shift(group: TaskClass<Request>): void {
    group.shift();
    this.#changed(group);
  }

  /** A queued task is taken back. */
  drop(task: ReadyTask<Request>): void {
    const { group } = task;
    if (group === null) return;
    group.drop(task);
    this.#changed(group);
  }

  /** A class waits for nothing any more: its first task may be tried. */
  offer(group: TaskClass<Request>): void {
    this.#offer(this.#shelf(group.pool), group);
  }

  /** Gives tasks another place in the order; those that are queued are sorted again, in O(their number). */
  reorder(orderOf: (index: number) => number): void {
    for (const task of this.held) task.order = orderOf(task.index);
    for (const shelf of this.#shelves) {
      for (const group of shelf.classes.values()) {
        for (const task of group.tasks()) task.order = orderOf(task.index);
        group.resort();
      }
      this.#refill(shelf);
    }
  }

  /** Whether limits allow one more task of this lane to run. */
  mayStart(): boolean {
    return !this.paused && this.inFlight < this.limit && this.group.inFlight < this.group.limit;
  }

  /** Whether a class of it could start but for capacity and its key: in a sequential lane only the one whose turn it is. */
  couldStart(group: TaskClass<Request>): boolean {
    return this.mayStart() && this.hasTurn(group);
  }

  /** Whether nothing of the lane has to start before a class: in a sequential one, all that comes before it. */
  hasTurn(group: TaskClass<Request>): boolean {
    const head = group.head();
    if (this.mode !== 'sequential' || head === undefined) return true;
    for (const rival of this.waiting) if (rival !== group && isBefore(rival.head(), head)) return false;
    for (let pool = 0; pool < POOL_COUNT; pool++) if (isBefore(this.head(pool as Pool), head)) return false;
    return true;
  }

  /** Whether the head for a pool may be taken out now. */
  mayPop(pool: Pool): boolean {
    if (!this.mayStart()) return false;
    if (this.mode !== 'sequential') return true;
    // One at a time and in order: nothing passes a task that waits for capacity, nor an earlier one for another pool.
    if (this.waiting.size > 0) return false;
    const head = this.head(pool);
    if (head === undefined) return true;
    for (let other = 0; other < POOL_COUNT; other++) if (isBefore(this.head(other as Pool), head)) return false;
    return true;
  }

  /** Its queued tasks, in no particular order. */
  *queued(): Generator<ReadyTask<Request>> {
    for (const shelf of this.#shelves) for (const group of shelf.classes.values()) yield* group.tasks();
  }

  #shelf(pool: Pool): Shelf<Request> {
    const shelf = this.#shelves[pool];
    if (shelf === undefined) throw new Error(`no pool ${pool}`);
    return shelf;
  }

  #offer(shelf: Shelf<Request>, group: TaskClass<Request>): void {
    const task = shelf.only === null ? group.head() : undefined;
    if (task === undefined) return;
    const { urgency, order, sequence } = task;
    shelf.candidates.push({ task, urgency, order, sequence });
    if (shelf.candidates.size > DEAD_CANDIDATES && shelf.candidates.size > 2 * shelf.classes.size) this.#refill(shelf);
  }

  /** One entry a class, none where there is but one: what was offered again and again, or is not the first any more, is shed. */
  #refill(shelf: Shelf<Request>): void {
    shelf.candidates.clear();
    for (const group of shelf.classes.values()) if (group.line === null) this.#offer(shelf, group);
  }

  #changed(group: TaskClass<Request>): void {
    const shelf = this.#shelf(group.pool);
    if (group.size > 0) {
      if (group.line === null) this.#offer(shelf, group);
      return;
    }
    // The plain class is kept: it comes and goes with each task of a busy lane.
    if (group.key === null) return;
    shelf.classes.delete(group.key);
    this.#settleOnly(shelf);
  }

  #settleOnly(shelf: Shelf<Request>): void {
    const [first] = shelf.classes.values();
    const only = shelf.classes.size === 1 && first !== undefined ? first : null;
    if (only === shelf.only) return;
    shelf.only = only;
    this.#refill(shelf);
  }
}

function isBefore<R extends CapacityRequest>(rival: ReadyTask<R> | undefined, task: ReadyTask<R>): boolean {
  return rival !== undefined && rival !== task && compareReady(rival, task) < 0;
}
