// Owns the queued tasks of one lane that ask for the same: pool, resources with amounts, concurrency key. If the first of
// them does not fit, none does, so that a decision looks at one task a class, however many wait.

import { BinaryHeap } from './binary-heap.ts';
import type { Lane } from './lane.ts';
import { type CapacityRequest, type ConcurrencyClaim, compareReady, type Pool, type ReadyTask } from './ready-task.ts';
import type { WaitLine } from './wait-line.ts';

/** Entries of tasks taken back are shed when there are more than this, and more than live ones. */
const DEAD_ENTRIES = 64;

/** What makes tasks one class; null for those that ask for a slot and nothing else. */
export function classKeyOf<R extends CapacityRequest>({ pool, request, concurrency }: ReadyTask<R>): string | null {
  if (request === null && concurrency === null) return null;
  const amounts = request === null ? '' : `${request.indices.join()}:${request.units.join()}`;
  return concurrency === null ? `${pool}|${amounts}` : `${pool}|${amounts}|${concurrency.limit}:${concurrency.key}`;
}

export class TaskClass<Request extends CapacityRequest = CapacityRequest> {
  readonly lane: Lane<Request>;
  readonly key: string | null;
  readonly pool: Pool;
  readonly request: Request | null;
  readonly concurrency: ConcurrencyClaim | null;
  readonly #heap = new BinaryHeap<ReadyTask<Request>>(compareReady);
  /** Where it waits; null = its first task may be tried. */
  line: WaitLine<Request> | null = null;
  /** Tells when it first had to wait since one of its tasks started; 0 = not yet. Its place in lines. */
  arrival = 0;
  /** Since when it has been owed something, once it has had to wait: what it gains by waiting counts from then. */
  sinceMs = 0;
  /** Its keys and its place in the line where it waits, and what it takes there: the line's. */
  claim = 0;
  place = 0;
  share = 0;
  /** The line that has promised it what it waited for, until it is known how its try went; and how much that is. */
  promisedBy: WaitLine<Request> | null = null;
  promisedUnits = 0;
  /** Other takers of what it asks for are told that somebody waits. */
  isMarked = false;
  /** Queued tasks. */
  size = 0;
  /** Tasks taken back whose entries are still in the heap. */
  readonly #ghosts = new Set<ReadyTask<Request>>();

  constructor(first: ReadyTask<Request>, key: string | null) {
    this.lane = first.lane;
    this.key = key;
    this.pool = first.pool;
    this.request = first.request;
    this.concurrency = first.concurrency;
  }

  /** True when the task is the first of the class now. */
  push(task: ReadyTask<Request>): boolean {
    // Queued again with other keys: its old entry would break the order of the heap.
    if (this.#ghosts.has(task)) this.resort();
    task.group = this;
    this.size++;
    this.#heap.push(task);
    return this.head() === task;
  }

  /** The first task; entries taken back meanwhile are dropped here. */
  head(): ReadyTask<Request> | undefined {
    const heap = this.#heap;
    for (let task = heap.peek(); task !== undefined; task = heap.peek()) {
      if (task.group === this) return task;
      heap.pop();
      this.#ghosts.delete(task);
    }
    return undefined;
  }

  /** Takes the first task out. */
  shift(): void {
    const task = this.head();
    if (task === undefined) return;
    this.#heap.pop();
    task.group = null;
    this.size--;
  }

  /** A task that is queued here is taken back; its entry is dropped when it is met. */
  drop(task: ReadyTask<Request>): void {
    task.group = null;
    this.size--;
    this.#ghosts.add(task);
    if (this.#ghosts.size > DEAD_ENTRIES && this.#ghosts.size > this.size) this.resort();
  }

  /** Its tasks, in no particular order. */
  *tasks(): Generator<ReadyTask<Request>> {
    for (const task of this.#heap.values()) if (task.group === this) yield task;
  }

  /** Sheds dead entries and sorts again: needed after keys have changed. */
  resort(): void {
    this.#heap.retain((entry) => entry.group === this);
    this.#ghosts.clear();
  }

  /** Units asked for of a resource; 0 = none. */
  unitsOf(index: number): number {
    const place = this.request?.indices.indexOf(index) ?? -1;
    return place < 0 ? 0 : (this.request?.units[place] ?? 0);
  }
}
