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
// 3. One that does not lack any more what it waits for, but something else, waits for that instead and keeps its place.
// 4. A class that its lane or key keeps from starting goes back to its lane: it is out of the way and takes nothing.
// 5. One that no capacity as it is could serve stands apart, until capacities change.

import type { ConcurrencyCounts } from './concurrency-counts.ts';
import type { CapacityPort, CapacityRequest, ReadyTask } from './ready-task.ts';
import type { Reservations } from './reservations.ts';
import type { TaskClass } from './task-class.ts';
import { WaitLine } from './wait-line.ts';

/** Classes that do not fit at which a look at a line ends. */
export const LOOK_AHEAD = 16;

/** What lines must know of the scheduler. */
export interface LineSurroundings<Request extends CapacityRequest> {
  readonly capacity: CapacityPort<Request>;
  readonly keys: ConcurrencyCounts<Request>;
  readonly reservations: Reservations<Request>;
  /** Whether a class could start as far as limits go, its key included. */
  mayStart(group: TaskClass<Request>): boolean;
  /** Lower is better. */
  claimOf(task: ReadyTask<Request>): number;
  /** The first resource of which a task cannot have what it asks for; -1 when there is none. */
  lackingIndex(task: ReadyTask<Request>, nowMs: number): number;
  /** A class may be tried: it is in its lane's order again. */
  offered(group: TaskClass<Request>): void;
}

/** A class that leaves a line, for another one or (null) for its lane's order. */
interface Departure<Request extends CapacityRequest> {
  readonly group: TaskClass<Request>;
  readonly to: WaitLine<Request> | null;
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
  #isLooking = false;
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

  /**
   * Queued tasks that wait for units of a resource, or for it to be in service, besides those by which their classes are
   * marked there. O(classes that wait for it).
   */
  waitingFor(index: number): number {
    let tasks = 0;
    const count = (group: TaskClass<Request>): void => {
      tasks += group.size - (group.isMarked ? 1 : 0);
    };
    for (const group of this.#byResource[index]?.values() ?? []) count(group);
    for (const group of this.#outOfReach.values()) if (group.request?.indices.includes(index)) count(group);
    return tasks;
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
    // A look may be about to bring somebody to a line that is empty still.
    if (line !== undefined && (line.length > 0 || this.#isLooking)) this.#dirty.add(line);
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
  }

  /** A class leaves its line to be tried. */
  release(group: TaskClass<Request>): void {
    // Its mark stays until the round is over: what came free is not for others to snatch before it has tried.
    if (group.isMarked) this.#tried.add(group);
    this.#waiting -= group.size;
    group.line?.remove(group);
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
      line?.remove(group);
      group.lane.waiting.delete(group);
    } else if (line !== null) {
      line.remove(group);
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
        if (line.key === null) this.#lookForUnits(line, nowMs);
        else this.#lookForPlaces(line);
      }
      if (!this.#areLimitsDirty) return;
    }
  }

  #reconsiderCapacities(): void {
    this.#areCapacitiesDirty = false;
    this.#around.reservations.reconsider();
    for (const line of this.#byResource) this.touch(line);
    for (const group of [...this.#outOfReach.values()]) if (this.#isInReach(group)) this.release(group);
  }

  #reconsiderLimits(): void {
    this.#areLimitsDirty = false;
    for (const group of this.#promised) if (!this.#around.mayStart(group)) this.#passOn(group);
    this.#around.reservations.reconsider();
  }

  #lookForUnits(line: WaitLine<Request>, nowMs: number): void {
    const { capacity, reservations, mayStart, lackingIndex } = this.#around;
    const free = capacity.freeUnits(line.index);
    const leaving: Departure<Request>[] = [];
    // What is kept for one of a line is kept from all behind it; until then each may be the one.
    let isKept = false;
    this.#isLooking = true;
    line.startLook();
    for (let misfits = 0; misfits < LOOK_AHEAD && !(isKept && free <= 0); ) {
      const group = line.look();
      const head = group?.head();
      if (group === undefined || head === undefined) break;
      const room = free - line.promisedAgainst(group);
      const fitsHere = group.share <= room && group.share <= room - reservations.keptFrom(head, line.index, nowMs);
      if (fitsHere && !mayStart(group)) {
        leaving.push({ group, to: null });
        continue;
      }
      const lacking = fitsHere ? lackingIndex(head, nowMs) : line.index;
      if (lacking < 0) {
        line.promise(group);
        leaving.push({ group, to: null });
        continue;
      }
      misfits++;
      if (fitsHere) leaving.push({ group, to: this.ofResource(lacking) });
      if (isKept) continue;
      const refusedAt = reservations.reserve(group);
      isKept = refusedAt === null || refusedAt === line.index;
      if (refusedAt !== -1 || fitsHere) continue;
      misfits--;
      leaving.push({ group, to: this.#isInReach(group) ? null : this.#outOfReach });
    }
    this.#isLooking = false;
    for (const departure of leaving) this.#leave(departure);
  }

  #lookForPlaces(line: WaitLine<Request>): void {
    const { keys } = this.#around;
    const running = keys.count(line.key ?? '');
    const leaving: Departure<Request>[] = [];
    line.startLook();
    for (let misfits = 0; misfits < LOOK_AHEAD; ) {
      const group = line.look();
      if (group === undefined) break;
      if (!group.lane.couldStart(group)) leaving.push({ group, to: null });
      else if (running + line.promisedAgainst(group) < (group.concurrency?.limit ?? 0)) {
        line.promise(group);
        leaving.push({ group, to: null });
      } else misfits++;
    }
    for (const departure of leaving) this.#leave(departure);
    keys.tidy(line);
  }

  /** A class goes where a look has found that it belongs. */
  #leave({ group, to }: Departure<Request>): void {
    if (to === null) {
      if (group.promisedBy !== null) this.#promised.add(group);
      this.release(group);
      return;
    }
    group.line?.remove(group);
    this.#add(group, to);
  }

  #isInReach({ request, line }: TaskClass<Request>): boolean {
    return request === null || line?.key !== null || this.#around.capacity.isServable(request);
  }

  #add(group: TaskClass<Request>, line: WaitLine<Request>): void {
    const head = group.head();
    if (head !== undefined) line.add(group, this.#around.claimOf(head));
  }

  // --- promises

  /** The promise to a class is kept, or of no use to it. */
  #settle(group: TaskClass<Request>): WaitLine<Request> | undefined {
    const line = group.promisedBy;
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
