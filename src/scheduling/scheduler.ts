// Owns which ready task starts next. Pure: it keeps no clock and starts nothing; the dispatcher asks `next` whenever an
// executor has a free slot and says `finished` when an attempt is over. Lanes stand in rings, one a pool and level:
//
//        pool threads   level 0  ──▶ lane ⇄ lane            a lane is in the ring of the level of its best task,
//                       level 2  ──▶ lane ⇄ lane ⇄ lane     only while its limits allow one more;
//        pool inline    level 2  ──▶ lane                   served lanes go to the end: round robin within a level
//
// A lane's tasks stand in classes that ask for the same. A class whose first task does not fit leaves its lane's order for
// the line of what it lacks, and comes back when there is room: each class is tried once for each time that something
// changed, so that a decision costs O(log n) and looks at no more than a bounded number of classes of a line
// (wait-lines.ts).
//
// Invariants: a task is in exactly one state; capacity of a started task is given back once, by `finished`; a class that
// waits in a line and would fit has been overtaken by none of its level in that line.

import { invariant } from '../domain/runtime-error.ts';
import { ConcurrencyCounts } from './concurrency-counts.ts';
import { HeldTasks } from './held-tasks.ts';
import type { Lane } from './lane.ts';
import { LaneRings, NO_LEVEL } from './lane-rings.ts';
import type { PlanCourse } from './plan-course.ts';
import type { QueueStanding } from './queue-standing.ts';
import {
  type CapacityPort,
  type CapacityRequest,
  compareReady,
  LEVEL_COUNT,
  type Pool,
  type ReadyTask,
} from './ready-task.ts';
import { Reservations } from './reservations.ts';
import type { TaskClass } from './task-class.ts';
import type { WaitLine } from './wait-line.ts';
import { WaitLines } from './wait-lines.ts';

export interface SchedulerOptions<Request extends CapacityRequest = CapacityRequest> {
  /** A task that has waited so long counts as one level better, after twice that two, and so on; default Infinity = never. */
  readonly ageingMs?: number;
  /** Told when the first task of a class has to wait for something other than a slot. */
  readonly onWait?: (task: ReadyTask<Request>) => void;
}

export class Scheduler<Request extends CapacityRequest> {
  readonly #capacity: CapacityPort<Request>;
  readonly #onWait: ((task: ReadyTask<Request>) => void) | undefined;
  readonly #ageingMs: number;
  readonly #rings: LaneRings<Request>;
  readonly #reservations: Reservations<Request>;
  readonly #running = new Set<ReadyTask<Request>>();
  readonly #keys = new ConcurrencyCounts<Request>();
  readonly #held = new HeldTasks<Request>();
  readonly #lines: WaitLines<Request>;
  readonly #depth: number[] = new Array<number>(LEVEL_COUNT).fill(0);
  #sequence = 0;
  #inFlight = 0;

  constructor(
    capacity: CapacityPort<Request>,
    { ageingMs = Number.POSITIVE_INFINITY, onWait }: SchedulerOptions<Request> = {},
  ) {
    this.#capacity = capacity;
    this.#ageingMs = ageingMs;
    this.#onWait = onWait;
    this.#rings = new LaneRings(ageingMs);
    const around = {
      capacity,
      keys: this.#keys,
      running: this.#running,
      mayStart: (group: TaskClass<Request>) => this.#keys.hasRoom(group.concurrency) && group.lane.couldStart(group),
      claimOf: (task: ReadyTask<Request>) => this.#claimOf(task),
      released: (request: Request) => this.#lines.touchUnits(request),
      lackingIndex: (task: ReadyTask<Request>, nowMs: number) => this.#lackingIndex(task, nowMs),
      offered: ({ lane, pool }: TaskClass<Request>) => this.#place(lane, pool),
    };
    this.#reservations = new Reservations(around);
    this.#lines = new WaitLines({ ...around, reservations: this.#reservations });
  }

  /** Tasks waiting for a slot, for capacity or for their place in a plan, by priority level. */
  get queueDepth(): readonly number[] {
    return this.#depth;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Tasks that wait for capacity or a concurrency key, those of the same class behind them included. */
  get parkedCount(): number {
    return this.#lines.waiting;
  }

  /** Of these, tasks that wait for units of a resource, besides those by which their classes are marked there. */
  waitingFor(index: number): number {
    return this.#lines.waitingFor(index);
  }

  /** The task that has reserved a resource; null = none has. */
  reservedFor(index: number): ReadyTask<Request> | null {
    return this.#reservations.keeperOf(index);
  }

  /**
   * When a task that a plan keeps back may start at the latest: `next` is worth a call then; null = there is none. Those
   * whose time has come are queued by that, so that the answer lies in the future even if no slot is free for them.
   */
  wakeAtMs(nowMs: number = this.#rings.nowMs): number | null {
    this.#queueDue(nowMs);
    return this.#held.earliestMs();
  }

  addLane(lane: Lane<Request>): void {
    this.#rings.add(lane);
  }

  /** Forgets a lane; its tasks must have ended or been removed. */
  removeLane(lane: Lane<Request>): void {
    invariant(lane.inFlight === 0, 'a lane is removed with tasks in flight');
    this.#rings.remove(lane);
  }

  setPaused(lane: Lane<Request>, paused: boolean): void {
    lane.paused = paused;
    this.#rings.changed(lane);
    // What it kept from others, or was promised, is theirs while it is paused.
    this.#lines.limitsChanged();
  }

  enqueue(task: ReadyTask<Request>, nowMs: number): void {
    invariant(task.state === 'idle', 'only an idle task is enqueued');
    const { lane } = task;
    task.sequence = ++this.#sequence;
    task.readyAtMs = nowMs;
    // Levels that are gained by waiting, put the other way round: those of later tasks are lost by coming later.
    const isAgeing = lane.mode === 'priority' && this.#ageingMs !== Number.POSITIVE_INFINITY;
    task.urgency = isAgeing ? task.level + nowMs / this.#ageingMs : task.level;
    this.#depth[task.level] = (this.#depth[task.level] ?? 0) + 1;
    this.#rings.nowMs = nowMs;
    this.#holdOrQueue(task, nowMs);
  }

  #holdOrQueue(task: ReadyTask<Request>, nowMs: number): void {
    const { course } = task.lane;
    if (course?.isHeld(task.index, nowMs) === true) this.#held.add(task, course.untilMs(task.index, nowMs));
    else this.#queue(task);
  }

  /** Takes back a task that has not started; false when it is not waiting here. */
  remove(task: ReadyTask<Request>): boolean {
    const { state, group, lane } = task;
    if (state === 'idle' || state === 'started') return false;
    task.state = 'idle';
    this.#depth[task.level] = (this.#depth[task.level] ?? 0) - 1;
    if (state === 'held') {
      this.#held.remove(task);
      return true;
    }
    if (group !== null) {
      const wasHead = group.head() === task;
      if (group.line !== null) this.#lines.count(-1);
      lane.drop(task);
      if (wasHead) this.#lines.headChanged(group);
    }
    this.#rings.changed(lane);
    return true;
  }

  /** The task that starts now on a free slot of the pool, its capacity granted; undefined when none may. */
  next(pool: Pool, nowMs: number): ReadyTask<Request> | undefined {
    this.#rings.nowMs = nowMs;
    this.#queueDue(nowMs);
    this.#rings.age();
    for (;;) {
      // What one was let to try for in vain is there for the next in its line.
      this.#lines.wake(nowMs);
      const level = this.#rings.bestLevel(pool);
      if (level === NO_LEVEL) break;
      const lane = this.#rings.first(pool, level);
      const task = lane?.head(pool);
      const group = task?.group;
      invariant(lane !== undefined && task !== undefined && group != null, 'a lane in a ring has a task to give');
      const line = this.#admit(task, group, nowMs);
      if (line === null) return this.#start(task, group, nowMs);
      this.#lines.wait(group, line);
      this.#place(lane, pool);
      const head = group.head();
      if (head !== undefined) this.#onWait?.(head);
    }
    this.endRound();
    return undefined;
  }

  /**
   * Whether `next` is worth a call for a pool: it has given undefined before, but what a call for another pool tried in vain
   * may be there for this one now.
   */
  mayGive(pool: Pool): boolean {
    return this.#rings.hasAny(pool);
  }

  /**
   * Nothing more starts for now: what waits for a slot, and not for capacity, holds nothing back from others any more (a
   * body under way may need that to come to its end). To be called after a round of `next` that stopped for want of slots.
   */
  endRound(): void {
    this.#lines.endRound();
  }

  /** An attempt of a started task is over and its body cannot run any more: gives back its capacity and its place. */
  finished(task: ReadyTask<Request>, nowMs: number): void {
    invariant(task.state === 'started', 'only a started task finishes');
    const { request, concurrency, lane } = task;
    task.state = 'idle';
    this.#rings.nowMs = nowMs;
    if (request !== null) {
      this.#running.delete(task);
      this.#capacity.giveBack(request);
      this.#lines.touchUnits(request);
    }
    if (concurrency !== null) this.#lines.touch(this.#keys.leave(concurrency.key));
    if (lane.course?.ended(task.index, nowMs) === true) this.#letGo(lane, nowMs);
    const groupWasFull = lane.group.inFlight >= lane.group.limit;
    lane.inFlight--;
    lane.group.inFlight--;
    this.#inFlight--;
    if (groupWasFull) this.#rings.groupChanged(lane.group);
    else this.#rings.changed(lane);
  }

  /** Capacity came free, or a limit changed: all that wait are worth another look. */
  capacityFreed(): void {
    this.#lines.capacityChanged();
  }

  /** Gives the waiting tasks of a lane other places in its order, and a plan to follow. O(its waiting tasks). */
  reorder(lane: Lane<Request>, orderOf: (index: number) => number, course: PlanCourse | null, nowMs: number): void {
    this.#rings.nowMs = nowMs;
    lane.course = course;
    lane.reorder(orderOf);
    for (const task of [...lane.held]) {
      this.#held.remove(task);
      this.#holdOrQueue(task, nowMs);
    }
    this.#rings.changed(lane);
    if (lane.mode === 'sequential') this.#giveTurn(lane);
  }

  /** The lane's plan does not hold any more: nothing of it is kept back. */
  departed(lane: Lane<Request>, nowMs: number): void {
    if (lane.course?.depart() === true) this.#letGo(lane, nowMs);
  }

  /** What a waiting task waits for, as things stand; null when it does not wait here. O(waiting tasks of its lane). */
  standing(task: ReadyTask<Request>, nowMs: number): QueueStanding<Request> | null {
    const { state, lane, group } = task;
    if (state === 'held') return { kind: 'held', untilMs: lane.course?.untilMs(task.index, nowMs) ?? nowMs };
    if (state !== 'queued' || group === null) return null;
    const limit = this.#limitStanding(lane);
    if (limit !== null) return limit;
    if (lane.mode === 'sequential') {
      const head = lane.head(task.pool);
      if (lane.waiting.size > 0 ? group.line === null : head !== task)
        return { kind: 'sequential', behind: head ?? null };
    }
    const { concurrency } = task;
    if (concurrency !== null && !this.#keys.hasRoom(concurrency)) {
      return { kind: 'concurrency', ...concurrency, running: this.#keys.count(concurrency.key) };
    }
    const index = group.line === null ? -1 : this.#lackingIndex(task, nowMs);
    if (index >= 0) {
      const free = this.#capacity.freeUnits(index);
      const reservedFor = this.#reservations.keeperAgainst(task, index, nowMs);
      return { kind: 'capacity', index, needs: group.unitsOf(index), free, reservedFor };
    }
    return { kind: 'slot', ahead: this.#ahead(task) };
  }

  #limitStanding(lane: Lane<Request>): QueueStanding<Request> | null {
    const { group } = lane;
    if (lane.paused) return { kind: 'paused' };
    if (group.inFlight >= group.limit) return { kind: 'group-limit', limit: group.limit, running: group.inFlight };
    if (lane.inFlight < lane.limit) return null;
    if (lane.mode === 'sequential') return { kind: 'sequential', behind: null };
    return { kind: 'lane-limit', limit: lane.limit, running: lane.inFlight };
  }

  #ahead(task: ReadyTask<Request>): number {
    let ahead = 0;
    for (let level = 0; level < task.level; level++) ahead += this.#depth[level] ?? 0;
    for (const other of task.lane.queued()) {
      if (other.level !== task.level || other === task) continue;
      if (compareReady(other, task) < 0) ahead++;
    }
    return ahead;
  }

  /**
   * The level, less what waiting gains, put the other way round: those of later tasks are worse by coming later. So claims
   * do not change while a class waits. A level is gained with each line of a grid in time; two that came to wait within
   * the same cell are served as they came.
   */
  #claimOf({ level, lane, group, readyAtMs }: ReadyTask<Request>): number {
    if (this.#ageingMs === Number.POSITIVE_INFINITY) return level;
    // Within a lane of mode priority the tasks themselves age; elsewhere what the lane is owed counts.
    const isOwed = lane.mode !== 'priority' && group !== null && group.arrival > 0;
    const sinceMs =
      lane.mode === 'priority' ? readyAtMs : isOwed ? group.sinceMs : Math.max(readyAtMs, lane.servedAtMs);
    return level + Math.floor(sinceMs / this.#ageingMs);
  }

  /** Puts a lane where it belongs; in a sequential one a change for one pool may be one for the other. */
  #place(lane: Lane<Request>, pool: Pool): void {
    if (lane.mode === 'sequential') this.#rings.changed(lane);
    else this.#rings.place(lane, pool);
  }

  /** In a sequential lane, what waits makes way for what comes before it. */
  #giveTurn(lane: Lane<Request>): void {
    for (const group of lane.waiting) {
      if (!lane.hasTurn(group)) this.#lines.release(group);
    }
    this.#lines.limitsChanged();
  }

  #queue(task: ReadyTask<Request>): void {
    task.state = 'queued';
    const { lane } = task;
    const group = lane.push(task);
    if (group.line !== null) {
      this.#lines.count(1);
      // A better one than those it joined may take what these may not.
      if (group.head() === task) this.#lines.release(group);
    }
    if (lane.mode === 'sequential') this.#giveTurn(lane);
    this.#place(lane, task.pool);
  }

  /** Takes what a task asks for, or tells in which line it has to wait. */
  #admit(task: ReadyTask<Request>, group: TaskClass<Request>, nowMs: number): WaitLine<Request> | null {
    const { request, concurrency } = task;
    if (concurrency !== null && !this.#keys.hasRoom(concurrency)) return this.#keys.lineOf(concurrency.key);
    if (request === null) return null;
    const leave = this.#reservations.leaveFor(task, nowMs);
    if (this.#capacity.tryGrant(request, leave)) return null;
    // What comes free after the mark is told; what came free before it is seen by the second try.
    this.#lines.mark(group);
    if (this.#capacity.tryGrant(request, leave)) return null;
    return this.#lines.ofResource(Math.max(this.#lackingIndex(task, nowMs), request.indices[0] ?? 0));
  }

  /** The first resource of which a task cannot have what it asks for; -1 when there is none. */
  #lackingIndex(task: ReadyTask<Request>, nowMs: number): number {
    const { indices, units } = task.request ?? { indices: [], units: [] };
    for (const [place, index] of indices.entries()) {
      const kept = this.#reservations.keptFrom(task, index, nowMs);
      if ((units[place] ?? 0) > this.#capacity.freeUnits(index) - kept) return index;
    }
    return -1;
  }

  #start(task: ReadyTask<Request>, group: TaskClass<Request>, nowMs: number): ReadyTask<Request> {
    const { lane, request, concurrency } = task;
    task.state = 'started';
    lane.shift(group);
    this.#lines.started(group);
    this.#depth[task.level] = (this.#depth[task.level] ?? 0) - 1;
    lane.inFlight++;
    lane.group.inFlight++;
    this.#inFlight++;
    lane.servedAtMs = nowMs;
    task.expectedEndMs = nowMs + task.expectedMs;
    if (request !== null) this.#running.add(task);
    if (concurrency !== null) this.#keys.enter(concurrency.key);
    if (lane.course?.started(task.index, nowMs) === true) this.#letGo(lane, nowMs);
    // What waits in a lane that has just become full, or for a key that has, must not keep anything from others.
    if (concurrency !== null || !lane.mayStart()) this.#lines.limitsChanged();
    // Out and in again at the end: round robin among the lanes of a level.
    this.#rings.leave(lane, task.pool);
    this.#rings.changed(lane);
    return task;
  }

  #queueDue(nowMs: number): void {
    for (const task of this.#held.takeDue(nowMs)) this.#queue(task);
  }

  #letGo(lane: Lane<Request>, nowMs: number): void {
    for (const task of this.#held.takeReleased(lane, nowMs)) this.#queue(task);
  }
}
