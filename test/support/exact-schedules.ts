// Owns the exact answer to "can these tasks be done on so many processors by then": exhaustive search over what to start at
// each end, with a memory of states that failed. It knows nothing of what it checks, and gives up where a graph is too wide.

import type { CheckedTask } from './schedule-checker.ts';

export type Feasibility = 'feasible' | 'infeasible' | 'unknown';

interface Running {
  readonly task: number;
  readonly end: number;
}

/**
 * The largest time that is proven to be needed, from a claim on: durations are whole. Stops at `known`, which can be done,
 * or where the search gives up; so the answer never lies above the optimum.
 */
export function provenLeast(
  tasks: readonly CheckedTask[],
  processors: number,
  claim: number,
  known: number,
  mostNodes: number,
): number {
  let proven = claim;
  while (proven < known && new ExactSearch(tasks, processors, proven, mostNodes).run() === 'infeasible') proven++;
  return proven;
}

export class ExactSearch {
  readonly #durations: readonly number[];
  readonly #before: readonly (readonly number[])[];
  /** What at least passes from the start of a task to the end. */
  readonly #tails: readonly number[];
  readonly #processors: number;
  readonly #limit: number;
  readonly #mostNodes: number;
  readonly #started: Uint8Array;
  readonly #done: Uint8Array;
  /** Earliest time at which a state failed. */
  readonly #failed = new Map<string, number>();
  #nodes = 0;

  constructor(tasks: readonly CheckedTask[], processors: number, limit: number, mostNodes: number) {
    const numbers = new Map(tasks.map(({ name }, index) => [name, index]));
    this.#durations = tasks.map(({ duration }) => duration);
    this.#before = tasks.map(({ dependencies }) => dependencies.map((name) => numbers.get(name) ?? 0));
    this.#processors = processors;
    this.#limit = limit;
    this.#mostNodes = mostNodes;
    this.#started = new Uint8Array(tasks.length);
    this.#done = new Uint8Array(tasks.length);
    this.#tails = tailsOf(this.#durations, this.#before, processors);
  }

  run(): Feasibility {
    const found = this.#search(0, []);
    return found ? 'feasible' : this.#nodes > this.#mostNodes ? 'unknown' : 'infeasible';
  }

  #search(now: number, running: readonly Running[]): boolean {
    if (++this.#nodes > this.#mostNodes) return false;
    if (this.#done.every((done) => done === 1)) return now <= this.#limit;
    if (this.#isTooLate(now, running)) return false;
    const key = `${this.#started.join('')}|${running.map(({ task, end }) => `${task}:${end - now}`).sort()}`;
    if ((this.#failed.get(key) ?? Number.POSITIVE_INFINITY) <= now) return false;
    const found = this.#startSome(this.#ready(), 0, now, [...running]);
    if (!found && this.#nodes <= this.#mostNodes) this.#failed.set(key, now);
    return found;
  }

  /** Tries each set of ready tasks that has room, the full ones first. */
  #startSome(ready: readonly number[], place: number, now: number, running: Running[]): boolean {
    const task = ready[place];
    if (task === undefined || running.length === this.#processors) {
      return running.length > 0 && !this.#wastesTime(ready, now, running) && this.#advance(running);
    }
    running.push({ task, end: now + (this.#durations[task] ?? 0) });
    this.#started[task] = 1;
    if (this.#startSome(ready, place + 1, now, running)) return true;
    running.pop();
    this.#started[task] = 0;
    const mayWait = now + (this.#tails[task] ?? 0) < this.#limit;
    return mayWait && this.#startSome(ready, place + 1, now, running);
  }

  /** A ready task that would end before the next end, on a processor that is left idle, may as well be done now. */
  #wastesTime(ready: readonly number[], now: number, running: readonly Running[]): boolean {
    if (running.length === this.#processors) return false;
    const end = Math.min(...running.map((one) => one.end));
    return ready.some((task) => this.#started[task] === 0 && (this.#durations[task] ?? 0) <= end - now);
  }

  #advance(running: readonly Running[]): boolean {
    const end = Math.min(...running.map((one) => one.end));
    const ended = running.filter((one) => one.end === end);
    for (const { task } of ended) this.#done[task] = 1;
    const found = this.#search(
      end,
      running.filter((one) => one.end > end),
    );
    for (const { task } of ended) this.#done[task] = 0;
    return found;
  }

  #ready(): number[] {
    const ready: number[] = [];
    for (const [task, before] of this.#before.entries()) {
      if (this.#started[task] === 0 && before.every((other) => this.#done[other] === 1)) ready.push(task);
    }
    return ready.sort((a, b) => (this.#tails[b] ?? 0) - (this.#tails[a] ?? 0));
  }

  /** What must be done so long before the end does not fit any more, for some "so long". */
  #isTooLate(now: number, running: readonly Running[]): boolean {
    const work = new Float64Array(this.#limit + 1);
    const add = (task: number, left: number): boolean => {
      const rest = (this.#tails[task] ?? 0) - (this.#durations[task] ?? 0);
      if (now + left + rest > this.#limit) return false;
      work[rest] = (work[rest] ?? 0) + left;
      return true;
    };
    for (const [task, duration] of this.#durations.entries()) {
      if (this.#started[task] === 0 && !add(task, duration)) return true;
    }
    for (const { task, end } of running) if (!add(task, end - now)) return true;
    let sum = 0;
    for (let rest = this.#limit; rest >= 0; rest--) {
      sum += work[rest] ?? 0;
      if (sum > 0 && sum > this.#processors * (this.#limit - rest - now)) return true;
    }
    return false;
  }
}

/**
 * From the start of each task to the end of all: the longest chain, where between two tasks of it lies at least the work of
 * all that comes after the one and before the other, shared among the processors. Dependencies come first in the list.
 */
function tailsOf(
  durations: readonly number[],
  before: readonly (readonly number[])[],
  processors: number,
): readonly number[] {
  const size = durations.length;
  const after = durations.map(() => new Set<number>());
  for (let task = size - 1; task >= 0; task--) {
    for (const other of before[task] ?? []) {
      after[other]?.add(task);
      for (const later of after[task] ?? []) after[other]?.add(later);
    }
  }
  const tails: number[] = [];
  for (let task = size - 1; task >= 0; task--) {
    const own = durations[task] ?? 0;
    const behind = [...(after[task] ?? [])];
    const work = (tasks: readonly number[]) => tasks.reduce((sum, other) => sum + (durations[other] ?? 0), 0);
    let rest = Math.ceil(work(behind) / processors);
    for (const other of behind) {
      const between = behind.filter((middle) => after[middle]?.has(other) === true);
      rest = Math.max(rest, Math.ceil(work(between) / processors) + (tails[other] ?? 0));
    }
    tails[task] = own + rest;
  }
  return tails;
}
