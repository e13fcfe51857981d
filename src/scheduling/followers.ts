// Owns the tasks of one lane that have their turn and could only wait behind another of the same lane. Of those that want
// the same resources one, the leader, stands in the parking lines for all; the rest follow it here, in the lane's order.
// Why: a lane whose limits open and close would else move all its waiting tasks in and out of the lines each time
// (quadratic), and would fill a line before another lane gets a place in it.
//
// Invariant: where there are followers, one of the same kind is parked or queued in the lane. So whoever takes such a
// task out of its waiting must call `release`. Entries of tasks that were removed meanwhile are dropped when met.

import { BinaryHeap } from './binary-heap.ts';
import { type CapacityRequest, compareReady, type ReadyTask } from './ready-task.ts';

interface Kind<Request extends CapacityRequest> {
  /** Parked tasks of the kind: at most one a level, since a better level need not wait behind a worse one. */
  readonly leaders: ReadyTask<Request>[];
  readonly followers: BinaryHeap<ReadyTask<Request>>;
}

export class Followers<Request extends CapacityRequest> {
  /** By pool and set of resources; empty while nothing of the lane waits for capacity. */
  readonly #kinds = new Map<string, Kind<Request>>();

  /** Whether a parked task of its kind waits already with a claim at least as good. */
  isLed(task: ReadyTask<Request>): boolean {
    return this.#kindOf(task)?.leaders.some((leader) => leader.level <= task.level) === true;
  }

  /** Lets a led task wait here. */
  follow(task: ReadyTask<Request>): void {
    task.state = 'following';
    this.#kindOf(task)?.followers.push(task);
  }

  /** A task was parked. */
  lead(task: ReadyTask<Request>): void {
    const key = keyOf(task);
    if (key === null) return;
    const kind = this.#kinds.get(key);
    if (kind === undefined) this.#kinds.set(key, { leaders: [task], followers: new BinaryHeap(compareReady) });
    else kind.leaders.push(task);
  }

  /** A task is parked no more. */
  unlead(task: ReadyTask<Request>): void {
    const leaders = this.#kindOf(task)?.leaders;
    const place = leaders?.indexOf(task) ?? -1;
    if (place >= 0) leaders?.splice(place, 1);
  }

  /** A task of the lane waits no more: gives the follower of its kind that takes its place, queued, if there is one. */
  release(task: ReadyTask<Request>): ReadyTask<Request> | undefined {
    const key = this.#kinds.size === 0 ? null : keyOf(task);
    const kind = key === null ? undefined : this.#kinds.get(key);
    if (key === null || kind === undefined) return undefined;
    for (let next = kind.followers.pop(); next !== undefined; next = kind.followers.pop()) {
      if (next.state !== 'following') continue;
      next.state = 'queued';
      return next;
    }
    if (kind.leaders.length === 0) this.#kinds.delete(key);
    return undefined;
  }

  #kindOf(task: ReadyTask<Request>): Kind<Request> | undefined {
    if (this.#kinds.size === 0) return undefined;
    const key = keyOf(task);
    return key === null ? undefined : this.#kinds.get(key);
  }
}

function keyOf<Request extends CapacityRequest>({ pool, request }: ReadyTask<Request>): string | null {
  return request === null ? null : `${pool}:${Array.prototype.join.call(request.indices, ',')}`;
}
