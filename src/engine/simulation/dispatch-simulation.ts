// Owns a run of tasks in virtual time on the engine's own decisions: its scheduler, its frontier, its capacity guard.
// What the threads would do is replaced by a heap of ends; everything that decides what starts next is the real thing.
// It must never decide anything itself. Order at one moment as in the engine: what ends, ends; what became ready by that
// is queued; then one look at what may start.
//
// Moments are whole microseconds: 0.1 s and 0.2 s after one another end at the same moment as 0.3 s, as they should.

import { RuntimeError } from '../../domain/runtime-error.ts';
import type { ExecutionMode } from '../../domain/statuses.ts';
import type { PreparedRequest } from '../../resources/capacity-request.ts';
import { BinaryHeap } from '../../scheduling/binary-heap.ts';
import { Lane } from '../../scheduling/lane.ts';
import type { PlanCourse } from '../../scheduling/plan-course.ts';
import {
  type CapacityPort,
  type CapacityRequest,
  POOL_COUNT,
  type Pool,
  ReadyTask,
  type ReadyTaskFacts,
} from '../../scheduling/ready-task.ts';
import { type DependencyRows, RunFrontier, type TaskEnd } from '../../scheduling/run-frontier.ts';
import { Scheduler } from '../../scheduling/scheduler.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A task as the scheduler knows it; its request is prepared by the guard of the simulation. */
export type SimulatedTask = ReadyTaskFacts<PreparedRequest>;

export interface DispatchProblem {
  readonly rows: DependencyRows;
  readonly tasks: readonly SimulatedTask[];
  /** What really happens, by task. */
  readonly durationsMs: Float64Array;
  readonly mode: ExecutionMode;
  /** Tasks at once; Infinity = no limit of the run's own. */
  readonly maxParallel: number;
  /** Places by pool. */
  readonly slots: readonly number[];
  /** On `time`, and nobody else's: what is in use of it stays in use. */
  readonly guard: CapacityPort<CapacityRequest>;
  readonly time: VirtualTime;
  readonly course: PlanCourse | null;
  /** A waiting task gains a level after so long; default: never. */
  readonly ageingMs?: number;
  /** How a task ends, default completed; skipped ones take no time and no place, and what depends on a bad end is skipped. */
  readonly ends?: (index: number) => TaskEnd;
  /** What had ended before the run began, such as outputs taken over from another run. */
  readonly ended?: ReadonlyMap<number, TaskEnd>;
  /** For messages. */
  readonly nameOf?: (index: number) => string;
}

/** What came of it; times from the beginning of the run. */
export interface DispatchTrace {
  readonly startsMs: Float64Array;
  readonly endsMs: Float64Array;
  /** The lowest free place of its pool when it started; -1 = it was skipped, or had ended before. */
  readonly slots: Int32Array;
  /** The tasks that took a place, in the order of their starts. */
  readonly order: Int32Array;
  readonly makespanMs: number;
  /** How often the scheduler was asked what starts next. */
  readonly decisions: number;
}

const MICROS_PER_MS = 1_000;
/** Sums of milliseconds are taken as the microsecond that they miss by rounding only. */
const DUST_MICROS = 0.001;
const NAMES_IN_MESSAGE = 5;
/** Looks in a row at what was due already and let nothing start; more can only mean that nothing ever will. */
const MOST_IDLE_LOOKS = 8;

/**
 * Runs the tasks in virtual time.
 * @throws RuntimeError SIMULATION_STUCK when tasks are left that nothing can ever start
 */
export function simulateDispatch(problem: DispatchProblem): DispatchTrace {
  return new DispatchSimulation(problem).run();
}

/** The places of one pool: numbers given back come before new ones, the lowest first. */
class Places {
  readonly #free = new BinaryHeap<number>((a, b) => a - b);
  readonly #count: number;
  #used = 0;
  #fresh = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get hasRoom(): boolean {
    return this.#used < this.#count;
  }

  take(): number {
    this.#used++;
    return this.#free.pop() ?? this.#fresh++;
  }

  giveBack(place: number): void {
    this.#used--;
    this.#free.push(place);
  }
}

class DispatchSimulation {
  readonly #problem: DispatchProblem;
  readonly #scheduler: Scheduler<CapacityRequest>;
  readonly #lane: Lane<CapacityRequest>;
  readonly #frontier: RunFrontier;
  readonly #places: readonly Places[];
  /** In microseconds from the beginning. */
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #slots: Int32Array;
  readonly #order: Int32Array;
  readonly #running: BinaryHeap<ReadyTask<CapacityRequest>>;
  readonly #ready: number[] = [];
  readonly #skipped: number[] = [];
  readonly #originMs: number;
  #startedCount = 0;
  #nowMicros = 0;
  #nowMs: number;
  #lastEndMicros = 0;
  #decisions = 0;
  #idleLooks = 0;

  constructor(problem: DispatchProblem) {
    const { rows, guard, mode, maxParallel, course, slots, time, ageingMs = Number.POSITIVE_INFINITY } = problem;
    this.#problem = problem;
    this.#scheduler = new Scheduler<CapacityRequest>(guard, { ageingMs });
    this.#lane = new Lane<CapacityRequest>({
      mode,
      limit: maxParallel,
      group: { limit: Number.POSITIVE_INFINITY, inFlight: 0 },
      course,
    });
    this.#frontier = new RunFrontier(rows);
    this.#places = Array.from({ length: POOL_COUNT }, (_, pool) => new Places(slots[pool] ?? 0));
    this.#starts = new Float64Array(rows.size);
    this.#ends = new Float64Array(rows.size);
    this.#slots = new Int32Array(rows.size).fill(-1);
    this.#order = new Int32Array(rows.size);
    const ends = this.#ends;
    this.#running = new BinaryHeap<ReadyTask<CapacityRequest>>(
      (a, b) => (ends[a.index] ?? 0) - (ends[b.index] ?? 0) || a.index - b.index,
    );
    this.#originMs = time.now();
    this.#nowMs = this.#originMs;
  }

  run(): DispatchTrace {
    const { ended } = this.#problem;
    this.#scheduler.addLane(this.#lane);
    if (ended !== undefined) this.#frontier.restore(ended, this.#ready, this.#skipped);
    for (const index of this.#frontier.start()) this.#ready.push(index);
    this.#advance();
    this.#pump();
    while (this.#frontier.open > 0) {
      this.#moveOn();
      this.#endDue();
      this.#advance();
      this.#pump();
    }
    this.#scheduler.removeLane(this.#lane);
    return {
      startsMs: this.#starts.map((micros) => micros / MICROS_PER_MS),
      endsMs: this.#ends.map((micros) => micros / MICROS_PER_MS),
      slots: this.#slots,
      order: this.#order.subarray(0, this.#startedCount),
      makespanMs: this.#lastEndMicros / MICROS_PER_MS,
      decisions: this.#decisions,
    };
  }

  /** To the next moment at which anything can change. */
  #moveOn(): void {
    const { time } = this.#problem;
    const first = this.#running.peek();
    const endMicros = first === undefined ? Number.POSITIVE_INFINITY : (this.#ends[first.index] ?? 0);
    const wakeMs = this.#scheduler.wakeAtMs(this.#nowMs) ?? Number.POSITIVE_INFINITY;
    const eventMs = Math.min(time.nextTimerMs(), wakeMs);
    const eventMicros = (eventMs - this.#originMs) * MICROS_PER_MS;
    // What is due by now and let nothing start is looked at a microsecond later.
    const isOverdue = eventMicros - DUST_MICROS <= this.#nowMicros;
    this.#idleLooks = isOverdue ? this.#idleLooks + 1 : 0;
    const laterMicros = Math.max(this.#nowMicros + 1, Math.ceil(eventMicros - DUST_MICROS));
    const nextMicros = Math.min(endMicros, laterMicros);
    const isEndless = endMicros === Number.POSITIVE_INFINITY && this.#idleLooks > MOST_IDLE_LOOKS;
    if (nextMicros === Number.POSITIVE_INFINITY || isEndless) throw this.#stuck();
    this.#nowMicros = nextMicros;
    this.#nowMs = this.#originMs + nextMicros / MICROS_PER_MS;
    if (time.moveTo(this.#nowMs)) this.#scheduler.capacityFreed();
  }

  #endDue(): void {
    const { ends } = this.#problem;
    for (let task = this.#running.peek(); task !== undefined; task = this.#running.peek()) {
      const { index } = task;
      if ((this.#ends[index] ?? 0) > this.#nowMicros) return;
      this.#running.pop();
      this.#places[task.pool]?.giveBack(this.#slots[index] ?? 0);
      this.#scheduler.finished(task, this.#nowMs);
      this.#lastEndMicros = this.#nowMicros;
      this.#frontier.end(index, ends?.(index) ?? 'completed', this.#ready, this.#skipped);
    }
  }

  /** Queues what became ready; what is skipped ends at once, and may make others skipped. */
  #advance(): void {
    const { ends, tasks } = this.#problem;
    const [ready, skipped] = [this.#ready, this.#skipped];
    while (ready.length > 0 || skipped.length > 0) {
      for (const index of skipped) this.#passOver(index);
      skipped.length = 0;
      for (const index of ready.splice(0)) {
        const task = tasks[index];
        if (task === undefined || ends?.(index) === 'skipped') {
          this.#passOver(index);
          this.#frontier.end(index, 'skipped', ready, skipped);
        } else this.#scheduler.enqueue(new ReadyTask<CapacityRequest>(this.#lane, index, task), this.#nowMs);
      }
    }
  }

  #passOver(index: number): void {
    this.#starts[index] = this.#nowMicros;
    this.#ends[index] = this.#nowMicros;
  }

  /** As the engine's dispatcher: a start in a later pool may be what a task of an earlier one waited behind. */
  #pump(): void {
    for (let again = true; again; ) {
      again = false;
      for (let pool = 0; pool < POOL_COUNT; pool++) {
        if (this.#fill(pool as Pool) && pool > 0) again = true;
      }
      for (let pool = 0; pool < POOL_COUNT; pool++) {
        again ||= this.#places[pool]?.hasRoom === true && this.#scheduler.mayGive(pool as Pool);
      }
    }
  }

  #fill(pool: Pool): boolean {
    const places = this.#places[pool];
    let hasStarted = false;
    while (places?.hasRoom === true) {
      this.#decisions++;
      const task = this.#scheduler.next(pool, this.#nowMs);
      if (task === undefined) break;
      hasStarted = true;
      // Every task of this scheduler was made above.
      this.#start(task as ReadyTask<CapacityRequest>, places.take());
    }
    return hasStarted;
  }

  #start(task: ReadyTask<CapacityRequest>, place: number): void {
    const { index } = task;
    const durationMicros = Math.round((this.#problem.durationsMs[index] ?? 0) * MICROS_PER_MS);
    this.#starts[index] = this.#nowMicros;
    this.#ends[index] = this.#nowMicros + durationMicros;
    this.#slots[index] = place;
    this.#order[this.#startedCount++] = index;
    this.#running.push(task);
  }

  #stuck(): RuntimeError {
    const { nameOf = (index) => `#${index}` } = this.#problem;
    const waiting: number[] = [];
    for (let index = 0; index < this.#ends.length; index++) {
      if (this.#frontier.status(index) === 'ready') waiting.push(index);
    }
    const names = waiting.slice(0, NAMES_IN_MESSAGE).map((index) => JSON.stringify(nameOf(index)));
    const more = waiting.length > names.length ? ` and ${waiting.length - names.length} more` : '';
    return new RuntimeError(
      'SIMULATION_STUCK',
      `nothing can ever start any more while ${this.#frontier.open} tasks are left; ${names.join(', ')}${more} ${waiting.length === 1 ? 'is' : 'are'} ready: what they ask for, or the threads that they need, are not there; give more of it`,
      { details: { ready: waiting.slice(0, NAMES_IN_MESSAGE).map(nameOf), open: this.#frontier.open } },
    );
  }
}
