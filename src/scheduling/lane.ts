// Owns one lane: the ready tasks of one run (or of all single tasks), its mode and its limits.
// A lane belongs to a group (a session) whose limit counts over all its lanes.

import type { ExecutionMode } from '../domain/statuses.ts';
import { BinaryHeap } from './binary-heap.ts';
import { Followers } from './followers.ts';
import { type CapacityRequest, compareReady, POOL_COUNT, type Pool, type ReadyTask } from './ready-task.ts';

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
}

export class Lane<Request extends CapacityRequest = CapacityRequest> {
  readonly mode: ExecutionMode;
  readonly limit: number;
  readonly group: LaneGroup;
  readonly #heaps: BinaryHeap<ReadyTask<Request>>[] = [];
  /** Which ring of the scheduler holds the lane, by pool; -1 = none. */
  readonly ringLevel: number[] = [];
  /** Tasks that wait for capacity behind a parked one of the lane. */
  readonly followers = new Followers<Request>();
  inFlight = 0;
  parked = 0;
  paused = false;

  constructor(options: LaneOptions) {
    this.mode = options.mode;
    this.limit = options.mode === 'sequential' ? 1 : options.limit;
    this.group = options.group;
    for (let pool = 0; pool < POOL_COUNT; pool++) {
      this.#heaps.push(new BinaryHeap<ReadyTask<Request>>(compareReady));
      this.ringLevel.push(-1);
    }
  }

  push(task: ReadyTask<Request>): void {
    this.#heaps[task.pool]?.push(task);
  }

  /** The next task of the lane for a pool; entries taken back meanwhile are dropped here. */
  head(pool: Pool): ReadyTask<Request> | undefined {
    const heap = this.#heaps[pool];
    for (let task = heap?.peek(); task !== undefined; task = heap?.peek()) {
      if (task.state === 'queued') return task;
      heap?.pop();
    }
    return undefined;
  }

  pop(pool: Pool): ReadyTask<Request> | undefined {
    return this.head(pool) === undefined ? undefined : this.#heaps[pool]?.pop();
  }

  /** Whether limits allow one more task of this lane to run. */
  mayStart(): boolean {
    return !this.paused && this.inFlight < this.limit && this.group.inFlight < this.group.limit;
  }

  /** Whether the head for a pool may be taken out now. */
  mayPop(pool: Pool): boolean {
    if (!this.mayStart()) return false;
    if (this.mode !== 'sequential') return true;
    // One at a time and in order: nothing passes a task that waits for capacity, nor an earlier one for another pool.
    if (this.parked > 0) return false;
    const head = this.head(pool);
    for (let other = 0; other < POOL_COUNT; other++) {
      const rival = other === pool ? undefined : this.head(other as Pool);
      if (head !== undefined && rival !== undefined && compareReady(rival, head) < 0) return false;
    }
    return true;
  }
}
