// Owns what can be told of a schedule: how far it can be from the best (lower bound), how much later each task could have
// started (slack), and how well what is shared was used. Linear in tasks, edges and amounts but for a heap of ends.
//
// Slack is that of the schedule, not of the graph alone: besides dependencies, what a task takes (a thread, units of a
// resource, a place under a limit) is traced to the tasks that gave it back before it, and those must not end later than
// it starts. That makes the schedule a partial order: shifting one task by its slack delays no other end of the run.
// N. Policella et al., "Generating robust schedules through temporal flexibility", ICAPS 2004 (chaining).
// What is kept free on purpose (a reservation, a task that the plan holds back) is nobody's gift and counts for nothing.

import type { TaskGraph } from '../../dag/task-graph.ts';
import { BinaryHeap } from '../../scheduling/binary-heap.ts';
import type { DispatchTrace } from './dispatch-simulation.ts';
import type { SharedRows, SharedThing } from './shared-use.ts';

/** How one shared thing was used. */
export interface ThingUse {
  readonly thing: SharedThing;
  /** Most units out at one moment. */
  readonly peakUnits: number;
  /** Units times milliseconds that they were out, within the makespan. */
  readonly unitMs: number;
  /** No schedule can be shorter, going by this thing alone. */
  readonly lowerBoundMs: number;
}

export interface ScheduleAnalysis {
  /** By task, 0 or more. */
  readonly slackMs: Float64Array;
  readonly uses: readonly ThingUse[];
}

const MICROS_PER_MS = 1_000;

/** Works a trace out; tasks without a place have all the time until the end as slack. */
export function analyseSchedule(graph: TaskGraph, shared: SharedRows, trace: DispatchTrace): ScheduleAnalysis {
  const pass = new SchedulePass(graph, shared, trace);
  pass.forwards();
  return { slackMs: pass.slackMs(), uses: pass.uses() };
}

/** Units that came free, oldest first: `from` is the task that had them, -1 for nobody. */
class FreeUnits {
  readonly #from: number[] = [-1];
  readonly #units: number[];
  #head = 0;

  constructor(capacity: number) {
    this.#units = [capacity];
  }

  give(task: number, units: number): void {
    this.#from.push(task);
    this.#units.push(units);
  }

  take(units: number, tell: (from: number) => void): void {
    for (let wanted = units; wanted > 0 && this.#head < this.#from.length; ) {
      const there = this.#units[this.#head] ?? 0;
      if (there > 0) tell(this.#from[this.#head] ?? -1);
      if (there > wanted) {
        this.#units[this.#head] = there - wanted;
        return;
      }
      wanted -= there;
      this.#head++;
    }
  }
}

class SchedulePass {
  readonly #graph: TaskGraph;
  readonly #shared: SharedRows;
  readonly #trace: DispatchTrace;
  /** Whole microseconds, so that a chain without slack has none, and not a rounding error. */
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #makespan: number;
  readonly #free: FreeUnits[];
  readonly #out: Float64Array;
  readonly #peaks: Float64Array;
  /** Hand-overs `from` → `to`: `to` starts no earlier than `lags` after the start of `from`. In order of `to`. */
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #lags: number[] = [];

  constructor(graph: TaskGraph, shared: SharedRows, trace: DispatchTrace) {
    this.#graph = graph;
    this.#shared = shared;
    this.#trace = trace;
    this.#starts = trace.startsMs.map((ms) => Math.round(ms * MICROS_PER_MS));
    this.#ends = trace.endsMs.map((ms) => Math.round(ms * MICROS_PER_MS));
    this.#makespan = Math.round(trace.makespanMs * MICROS_PER_MS);
    this.#free = shared.things.map(({ capacity }) => new FreeUnits(capacity));
    this.#out = new Float64Array(shared.things.length);
    this.#peaks = new Float64Array(shared.things.length);
  }

  /** Follows the starts in their order and notes from whom each took over what. */
  forwards(): void {
    const ends = this.#ends;
    const running = new BinaryHeap<number>((a, b) => (ends[a] ?? 0) - (ends[b] ?? 0) || a - b);
    const refills = new BinaryHeap<{ readonly at: number; readonly thing: number; readonly units: number }>(
      (a, b) => a.at - b.at,
    );
    for (const task of this.#trace.order) {
      const now = this.#starts[task] ?? 0;
      for (let next = running.peek(); next !== undefined && (ends[next] ?? 0) <= now; next = running.peek()) {
        running.pop();
        this.#giveBack(next);
      }
      for (let next = refills.peek(); next !== undefined && next.at <= now; next = refills.peek()) {
        refills.pop();
        this.#out[next.thing] = (this.#out[next.thing] ?? 0) - next.units;
      }
      this.#take(task, (thing, refillMicros, units) => refills.push({ at: now + refillMicros, thing, units }));
      running.push(task);
    }
  }

  slackMs(): Float64Array {
    const { order, slots } = this.#trace;
    const { dependencyOffsets, dependencies } = this.#graph;
    const latest = this.#starts.map((start, task) => this.#makespan - ((this.#ends[task] ?? 0) - start));
    let handOver = this.#from.length - 1;
    for (let place = order.length - 1; place >= 0; place--) {
      const task = order[place] ?? 0;
      const start = latest[task] ?? 0;
      const end = dependencyOffsets[task + 1] ?? 0;
      for (let edge = dependencyOffsets[task] ?? 0; edge < end; edge++) {
        const before = dependencies[edge] ?? 0;
        const lag = (this.#ends[before] ?? 0) - (this.#starts[before] ?? 0);
        if ((slots[before] ?? -1) >= 0) latest[before] = Math.min(latest[before] ?? 0, start - lag);
      }
      for (; handOver >= 0 && this.#to[handOver] === task; handOver--) {
        const before = this.#from[handOver] ?? 0;
        latest[before] = Math.min(latest[before] ?? 0, start - (this.#lags[handOver] ?? 0));
      }
    }
    return latest.map((start, task) => Math.max(0, start - (this.#starts[task] ?? 0)) / MICROS_PER_MS);
  }

  uses(): ThingUse[] {
    const { things, offsets, thingOf, units } = this.#shared;
    const unitMicros = new Float64Array(things.length);
    const work = new Float64Array(things.length);
    const taken = new Float64Array(things.length);
    const shortest = new Float64Array(things.length).fill(Number.POSITIVE_INFINITY);
    for (const task of this.#trace.order) {
      const start = this.#starts[task] ?? 0;
      const duration = (this.#ends[task] ?? 0) - start;
      for (let entry = offsets[task] ?? 0; entry < (offsets[task + 1] ?? 0); entry++) {
        const thing = thingOf[entry] ?? 0;
        const amount = units[entry] ?? 0;
        const refillMs = things[thing]?.refillMs ?? null;
        const out = refillMs === null ? duration : Math.min(refillMs * MICROS_PER_MS, this.#makespan - start);
        unitMicros[thing] = (unitMicros[thing] ?? 0) + amount * out;
        work[thing] = (work[thing] ?? 0) + amount * duration;
        taken[thing] = (taken[thing] ?? 0) + amount;
        shortest[thing] = Math.min(shortest[thing] ?? 0, duration);
      }
    }
    return things.map((thing, number) => ({
      thing,
      peakUnits: this.#peaks[number] ?? 0,
      unitMs: (unitMicros[number] ?? 0) / MICROS_PER_MS,
      lowerBoundMs: boundOf(thing, work[number] ?? 0, taken[number] ?? 0, shortest[number] ?? 0) / MICROS_PER_MS,
    }));
  }

  #take(task: number, outUntil: (thing: number, refillMicros: number, units: number) => void): void {
    const { things, offsets, thingOf, units } = this.#shared;
    for (let entry = offsets[task] ?? 0; entry < (offsets[task + 1] ?? 0); entry++) {
      const thing = thingOf[entry] ?? 0;
      const amount = units[entry] ?? 0;
      const refillMs = things[thing]?.refillMs ?? null;
      const refillMicros = refillMs === null ? null : refillMs * MICROS_PER_MS;
      this.#free[thing]?.take(amount, (from) => {
        if (from < 0) return;
        this.#from.push(from);
        this.#to.push(task);
        this.#lags.push(refillMicros ?? (this.#ends[from] ?? 0) - (this.#starts[from] ?? 0));
      });
      const out = (this.#out[thing] ?? 0) + amount;
      this.#out[thing] = out;
      this.#peaks[thing] = Math.max(this.#peaks[thing] ?? 0, out);
      if (refillMicros === null) continue;
      // They come back in the order in which they went, so they can stand in line for the next taker at once.
      this.#free[thing]?.give(task, amount);
      outUntil(thing, refillMicros, amount);
    }
  }

  #giveBack(task: number): void {
    const { things, offsets, thingOf, units } = this.#shared;
    for (let entry = offsets[task] ?? 0; entry < (offsets[task + 1] ?? 0); entry++) {
      const thing = thingOf[entry] ?? 0;
      const amount = units[entry] ?? 0;
      if ((things[thing]?.refillMs ?? null) !== null) continue;
      this.#free[thing]?.give(task, amount);
      this.#out[thing] = (this.#out[thing] ?? 0) - amount;
    }
  }
}

/** All in microseconds. Of a quota: every capacity full but the last takes a whole period. */
function boundOf({ capacity, refillMs }: SharedThing, work: number, taken: number, shortest: number): number {
  if (taken === 0 || capacity === 0) return 0;
  if (refillMs === null) return work / capacity;
  return (Math.ceil(taken / capacity) - 1) * refillMs * MICROS_PER_MS + shortest;
}
