// Owns which ready task starts next. Pure: it keeps no clock and starts nothing; the dispatcher asks `next` whenever an
// executor has a free slot and says `finished` when an attempt is over. Lanes stand in rings, one a pool and level:
//
//        pool threads   level 0  ──▶ lane ⇄ lane            a lane is in the ring of the level of its best task,
//                       level 2  ──▶ lane ⇄ lane ⇄ lane     only while its limits allow one more;
//        pool inline    level 2  ──▶ lane                   served lanes go to the end: round robin within a level
//
// Invariants: a task is in exactly one state; capacity of a started task is given back once, by `finished`.

import { invariant } from '../domain/runtime-error.ts';
import type { Lane, LaneGroup } from './lane.ts';
import { Parking } from './parking.ts';
import {
  type CapacityPort,
  type CapacityRequest,
  LEVEL_COUNT,
  POOL_COUNT,
  type Pool,
  type ReadyTask,
} from './ready-task.ts';

const NO_LEVEL = LEVEL_COUNT;

export class Scheduler<Request extends CapacityRequest> {
  readonly #capacity: CapacityPort<Request>;
  readonly #parking: Parking<Request>;
  readonly #rings: Set<Lane<Request>>[][] = [];
  readonly #lanes = new Map<LaneGroup, Set<Lane<Request>>>();
  readonly #depth: number[] = new Array<number>(LEVEL_COUNT).fill(0);
  /** By pool: whether parked tasks are worth a look since the last one failed. */
  readonly #parkedDirty: boolean[] = new Array<boolean>(POOL_COUNT).fill(false);
  #sequence = 0;
  #inFlight = 0;
  #following = 0;

  constructor(capacity: CapacityPort<Request>) {
    this.#capacity = capacity;
    this.#parking = new Parking(capacity);
    for (let pool = 0; pool < POOL_COUNT; pool++) {
      this.#rings.push(Array.from({ length: LEVEL_COUNT }, () => new Set<Lane<Request>>()));
    }
  }

  /** Tasks waiting for a slot or for capacity, by priority level. */
  get queueDepth(): readonly number[] {
    return this.#depth;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Tasks that have their turn and wait for capacity. */
  get parkedCount(): number {
    return this.#parking.size + this.#following;
  }

  addLane(lane: Lane<Request>): void {
    const members = this.#lanes.get(lane.group);
    if (members === undefined) this.#lanes.set(lane.group, new Set([lane]));
    else members.add(lane);
  }

  /** Forgets a lane; its tasks must have ended or been removed. */
  removeLane(lane: Lane<Request>): void {
    invariant(lane.inFlight === 0, 'a lane is removed with tasks in flight');
    const members = this.#lanes.get(lane.group);
    members?.delete(lane);
    if (members?.size === 0) this.#lanes.delete(lane.group);
    for (let pool = 0; pool < POOL_COUNT; pool++) this.#leaveRing(lane, pool as Pool);
  }

  setPaused(lane: Lane<Request>, paused: boolean): void {
    lane.paused = paused;
    this.#laneChanged(lane);
  }

  enqueue(task: ReadyTask<Request>): void {
    invariant(task.state === 'idle', 'only an idle task is enqueued');
    task.state = 'queued';
    task.sequence = ++this.#sequence;
    this.#depth[task.level] = (this.#depth[task.level] ?? 0) + 1;
    task.lane.push(task);
    this.#place(task.lane, task.pool);
  }

  /** Takes back a task that has not started; false when it is not waiting here. */
  remove(task: ReadyTask<Request>): boolean {
    const before = task.state;
    if (before === 'idle' || before === 'started') return false;
    if (before === 'parked') this.#parking.leave(task, 'idle');
    else this.#parking.forget(task);
    if (before === 'following') this.#following--;
    task.state = 'idle';
    this.#depth[task.level] = (this.#depth[task.level] ?? 0) - 1;
    if (before !== 'following') this.#releaseFollower(task);
    this.#laneChanged(task.lane);
    // Others may have waited behind it.
    if (before === 'parked') this.#parkedDirty.fill(true);
    return true;
  }

  /** The task that starts now on a free slot of the pool, its capacity granted; undefined when none may. */
  next(pool: Pool): ReadyTask<Request> | undefined {
    for (;;) {
      const level = this.#bestLevel(pool);
      const parked = this.#nextParked(pool, level);
      if (parked !== undefined) return this.#started(parked);
      if (level === NO_LEVEL) return undefined;
      const lane: Lane<Request> | undefined = this.#rings[pool]?.[level]?.values().next().value;
      const task = lane?.pop(pool);
      invariant(lane !== undefined && task !== undefined, 'a lane in a ring has a task to give');
      const { request } = task;
      const isLed = lane.followers.isLed(task);
      if (request === null || (!isLed && !this.#parking.isBlocked(task, request) && this.#capacity.tryGrant(request))) {
        task.state = 'started';
        this.#parking.forget(task);
        return this.#started(task);
      }
      if (isLed) {
        this.#parking.forget(task);
        lane.followers.follow(task);
        this.#following++;
      } else this.#parking.park(task, request);
      this.#place(lane, pool);
    }
  }

  /** An attempt of a started task is over and its body cannot run any more: gives back its capacity and its place. */
  finished(task: ReadyTask<Request>): void {
    invariant(task.state === 'started', 'only a started task finishes');
    task.state = 'idle';
    if (task.request !== null) this.#capacity.giveBack(task.request);
    const { lane } = task;
    const groupWasFull = lane.group.inFlight >= lane.group.limit;
    lane.inFlight--;
    lane.group.inFlight--;
    this.#inFlight--;
    this.#parkedDirty.fill(true);
    if (groupWasFull) {
      for (const member of this.#lanes.get(lane.group) ?? []) this.#laneChanged(member);
    } else this.#laneChanged(lane);
  }

  /** Capacity came free, or a limit changed: parked tasks are worth another look. */
  capacityFreed(): void {
    this.#parkedDirty.fill(true);
  }

  #started(task: ReadyTask<Request>): ReadyTask<Request> {
    const { lane } = task;
    this.#depth[task.level] = (this.#depth[task.level] ?? 0) - 1;
    lane.inFlight++;
    lane.group.inFlight++;
    this.#inFlight++;
    this.#releaseFollower(task);
    // Parked tasks of a group that has just become full must not block others.
    if (lane.group.inFlight >= lane.group.limit) this.#parkedDirty.fill(true);
    // Out and in again at the end: round robin among the lanes of a level.
    this.#leaveRing(lane, task.pool);
    this.#laneChanged(lane);
    return task;
  }

  /** A task of the lane waits no more: the next of its kind tries in its place. */
  #releaseFollower(task: ReadyTask<Request>): void {
    const follower = task.lane.followers.release(task);
    if (follower === undefined) return;
    this.#following--;
    task.lane.push(follower);
    this.#place(task.lane, follower.pool);
  }

  #nextParked(pool: Pool, level: number): ReadyTask<Request> | undefined {
    if (this.#parking.size === 0 || this.#parkedDirty[pool] !== true) return undefined;
    for (const task of this.#parking.takeIneligibleHeads()) {
      task.lane.push(task);
      this.#laneChanged(task.lane);
    }
    const granted = this.#parking.grant(pool, level);
    // Whoever stood behind it may be of the other pool.
    if (granted !== undefined) this.#parkedDirty.fill(true);
    // Only a look at all levels that found nothing makes another look pointless.
    else if (level === NO_LEVEL) this.#parkedDirty[pool] = false;
    return granted;
  }

  /** The best level at which a lane may give a task; a lane that may not any more is taken out of its ring here. */
  #bestLevel(pool: Pool): number {
    for (let level = 0; level < LEVEL_COUNT; level++) {
      const ring = this.#rings[pool]?.[level];
      if (ring === undefined) continue;
      for (const lane of ring) {
        if (lane.mayPop(pool) && lane.head(pool)?.level === level) return level;
        this.#place(lane, pool);
      }
    }
    return NO_LEVEL;
  }

  #laneChanged(lane: Lane<Request>): void {
    for (let pool = 0; pool < POOL_COUNT; pool++) this.#place(lane, pool as Pool);
    if (lane.parked > 0) this.#parkedDirty.fill(true);
  }

  /** Puts a lane into the ring where it belongs now, or out of all. */
  #place(lane: Lane<Request>, pool: Pool): void {
    const head = lane.head(pool);
    const level = head !== undefined && lane.mayPop(pool) ? head.level : -1;
    if (lane.ringLevel[pool] === level) return;
    this.#leaveRing(lane, pool);
    if (level === -1 || this.#lanes.get(lane.group)?.has(lane) !== true) return;
    this.#rings[pool]?.[level]?.add(lane);
    lane.ringLevel[pool] = level;
  }

  #leaveRing(lane: Lane<Request>, pool: Pool): void {
    const level = lane.ringLevel[pool] ?? -1;
    if (level >= 0) this.#rings[pool]?.[level]?.delete(lane);
    lane.ringLevel[pool] = -1;
  }
}
