// Owns which classes wait for what, and which of them may be tried because there is room for them.
//
//   lane's order ── tried in vain ──▶ line of the first resource it lacks, or of its concurrency key
//   lane's order ◀── let to try ───── when units or places came free, the best claim first
//
// Rules
// 1. A line is looked at when something of what it is about came free, or is kept from it no more: it is dirty then.
//    Whoever takes a reservation back, or gives up what was promised to it, makes the lines concerned dirty.
// 2. A look lets those try for whom there is room beyond what is promised to others who have not been tried yet. It ends
//    at LOOK_AHEAD classes that do not fit: only back-filling could let one of those behind pass them.
// 3. A class that its lane or key keeps from starting goes back to its lane: it is out of the way and takes nothing.
// 4. One that no capacity as it is could serve stands apart, until capacities change.

import type { ConcurrencyCounts } from './concurrency-counts.ts';
import type { CapacityPort, CapacityRequest, ReadyTask } from './ready-task.ts';
import type { Reservations } from './reservations.ts';
import type { TaskClass } from './task-class.ts';
import { WaitLine } from './wait-line.ts';

/** Classes that do not fit at which a look at a line ends. */
export const LOOK_AHEAD = 32;

/** What lines must know of the scheduler. */
export interface LineSurroundings<Request extends CapacityRequest> {
  readonly capacity: CapacityPort<Request>;
  readonly keys: ConcurrencyCounts<Request>;
  readonly reservations: Reservations<Request>;
  /** Whether a class could start as far as limits go, its key included. */
  mayStart(group: TaskClass<Request>): boolean;
  /** Lower is better. */
  claimOf(task: ReadyTask<Request>): number;
  /** A class may be tried: it is in its lane's order again. */
  offered(group: TaskClass<Request>): void;
}

export class WaitLines<Request extends CapacityRequest> {
  readonly #around: LineSurroundings<Request>;
  readonly #byResource: (WaitLine<Request> | undefined)[] = [];
  readonly #outOfReach = new WaitLine<Request>(-1, null);
  readonly #dirty = new Set<WaitLine<Request>>();
  /** Classes with a promise. */
  readonly #promised = new Set<TaskClass<Request>>();
  /** Marked classes that have had, or will have, their try in this round. */
  readonly #tried = new Set<TaskClass<Request>>();
  #lookedAt: WaitLine<Request> | null = null;
  #areCapacitiesDirty = false;
  #areLimitsDirty = false;
  #arrivals = 0;
  #waiting = 0;

  constructor(around: LineSurroundings<Request>) {
    this.#around = around;
  }

  /** Queued tasks in classes that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  ofResource(index: number): WaitLine<Request> {
    this.#byResource[index] ??= new WaitLine(index, null);
    return this.#byResource[index];
  }

  /** A task joins, or leaves, a class that waits. */
  count(tasks: 1 | -1): void {
    this.#waiting += tasks;
  }

  /** Units of these resources came free. */
  touchUnits(request: Request): void {
    for (const index of request.indices) this.touch(this.#byResource[index]);
  }

  touch(line: WaitLine<Request> | undefined): void {
    // Those of the line that is being looked at may be out of it for the moment.
    if (line !== undefined && (line.length > 0 || line === this.#lookedAt)) this.#dirty.add(line);
  }

  /** Capacities may have changed, or units came free of whatever resource. */
  capacityChanged(): void {
    this.#areCapacitiesDirty = true;
  }

  /** A lane, a group or a key may let less start than before, or a lane something else first. */
  limitsChanged(): void {
    this.#areLimitsDirty = true;
  }

  /** A class leaves its lane's order for a line; capacity asked for in vain has been marked. */
  wait(group: TaskClass<Request>, line: WaitLine<Request>): void {
    const { capacity, reservations } = this.#around;
    const { lane, request } = group;
    const head = group.head();
    if (head === undefined) return;
    if (group.arrival === 0) {
      group.arrival = ++this.#arrivals;
      group.sinceMs = Math.max(head.readyAtMs, lane.servedAtMs);
    }
    this.#passOn(group);
    const isInReach = line.key !== null || request === null || capacity.isServable(request);
    this.#add(group, isInReach ? line : this.#outOfReach);
    lane.waiting.add(group);
    this.#waiting += group.size;
    if (line.key === null && isInReach) reservations.reserve(group);
    // In a sequential lane nothing starts before it.
    if (lane.mode === 'sequential') this.limitsChanged();
  }

  /** A class leaves its line to be tried. */
  release(group: TaskClass<Request>): void {
    // Its mark stays until the round is over: what came free is not for others to snatch before it has tried.
    if (group.isMarked) this.#tried.add(group);
    this.#waiting -= group.size;
    group.line = null;
    group.lane.waiting.delete(group);
    group.lane.offer(group);
    this.#around.offered(group);
  }

  /** A task of a class started. */
  started(group: TaskClass<Request>): void {
    this.#settle(group);
    group.arrival = 0;
    if (group.size === 0) this.#unmark(group);
    else if (group.isMarked) this.#tried.add(group);
    this.#around.reservations.release(group);
  }

  /** The first task of a class was taken back: what the others may is to be seen. */
  headChanged(group: TaskClass<Request>): void {
    const { line } = group;
    this.#passOn(group);
    this.#around.reservations.release(group);
    if (group.size === 0) {
      this.#unmark(group);
      if (line === null) return;
      group.line = null;
      group.lane.waiting.delete(group);
      this.touch(line);
    } else if (line !== null) {
      this.#add(group, line);
      this.touch(line);
    }
  }

  /** What a class asks for was there not; from now on its coming free is told. */
  mark(group: TaskClass<Request>): void {
    if (!group.isMarked && group.request !== null) this.#around.capacity.markWaiting(group.request);
    group.isMarked = true;
  }

  /** What waits for a slot or a key, and not for capacity, holds nothing back from other takers any more. */
  endRound(): void {
    if (this.#tried.size === 0) return;
    for (const group of this.#tried) if (group.line === null || group.line.key !== null) this.#unmark(group);
    this.#tried.clear();
  }

  /** Lets all try for whom there is room now. */
  wake(nowMs: number): void {
    if (this.#areCapacitiesDirty) this.#reconsiderCapacities();
    for (;;) {
      if (this.#areLimitsDirty) this.#reconsiderLimits();
      // A line that is touched meanwhile comes up in the same loop.
      for (const line of this.#dirty) {
        this.#dirty.delete(line);
        this.#lookedAt = line;
        if (line.key === null) this.#lookForUnits(line, nowMs);
        else this.#lookForPlaces(line);
      }
      this.#lookedAt = null;
      if (!this.#areLimitsDirty) return;
    }
  }

  #reconsiderCapacities(): void {
    this.#areCapacitiesDirty = false;
    this.#around.reservations.reconsider();
    for (const line of this.#byResource) this.touch(line);
    const aside: TaskClass<Request>[] = [];
    for (let group = this.#outOfReach.shift(); group !== undefined; group = this.#outOfReach.shift()) {
      if (group.request !== null && this.#around.capacity.isServable(group.request)) this.release(group);
      else aside.push(group);
    }
    for (const group of aside) this.#add(group, this.#outOfReach);
  }

  #reconsiderLimits(): void {
    this.#areLimitsDirty = false;
    for (const group of this.#promised) if (!this.#around.mayStart(group)) this.#passOn(group);
    this.#around.reservations.reconsider();
  }

  #lookForUnits(line: WaitLine<Request>, nowMs: number): void {
    const { capacity, reservations, mayStart, claimOf } = this.#around;
    const free = capacity.freeUnits(line.index);
    const aside: TaskClass<Request>[] = [];
    let isKept = false;
    while (aside.length < LOOK_AHEAD && (free > 0 || aside.length === 0)) {
      const group = line.shift();
      const head = group?.head();
      if (group === undefined || head === undefined) break;
      if (group.request === null || !capacity.isServable(group.request)) this.#add(group, this.#outOfReach);
      else if (!mayStart(group)) this.release(group);
      else {
        const units = group.unitsOf(line.index);
        const claim = claimOf(head);
        const room = free - line.promisedAgainst(group, claim) - reservations.keptFrom(head, line.index, nowMs);
        if (units <= room) {
          this.#promise(group, line, claim);
          continue;
        }
        aside.push(group);
        // The first that may has the reservation; what is kept for a better one is kept from all behind as well.
        const refusedAt: number | null = isKept ? line.index : reservations.reserve(group);
        isKept = refusedAt === null || refusedAt === line.index;
      }
    }
    for (const group of aside) this.#add(group, line);
  }

  #lookForPlaces(line: WaitLine<Request>): void {
    const { keys, claimOf } = this.#around;
    const running = keys.count(line.key ?? '');
    const aside: TaskClass<Request>[] = [];
    while (aside.length < LOOK_AHEAD) {
      const group = line.shift();
      const head = group?.head();
      if (group === undefined || head === undefined) break;
      if (!group.lane.couldStart(group)) this.release(group);
      else if (running + line.promisedAgainst(group, claimOf(head)) < (group.concurrency?.limit ?? 0))
        this.#promise(group, line, claimOf(head));
      else aside.push(group);
    }
    for (const group of aside) this.#add(group, line);
    keys.tidy(line);
  }

  #add(group: TaskClass<Request>, line: WaitLine<Request>): void {
    const head = group.head();
    if (head !== undefined) line.add(group, this.#around.claimOf(head));
  }

  // --- promises

  #promise(group: TaskClass<Request>, line: WaitLine<Request>, claim: number): void {
    this.release(group);
    line.promise(group, claim);
    this.#promised.add(group);
  }

  /** The promise to a class is kept, or of no use to it. */
  #settle(group: TaskClass<Request>): WaitLine<Request> | undefined {
    const line = group.wokenFrom;
    if (line === null) return undefined;
    this.#promised.delete(group);
    line.settle(group);
    return line;
  }

  /** What a class was let to try for is there for the next. */
  #passOn(group: TaskClass<Request>): void {
    this.touch(this.#settle(group));
  }

  #unmark(group: TaskClass<Request>): void {
    if (group.isMarked && group.request !== null) this.#around.capacity.unmarkWaiting(group.request);
    group.isMarked = false;
  }
}
