// Owns what is kept free for whom: the first class that does not fit reserves all it asks for, resource by resource one
// holder. Others take only what they leave it, or (back-filling) what they will have given back before it could start.
//
// Rules
// 1. A class reserves only when nobody with a better claim, or an equal one and an earlier arrival, has reserved any of its
//    resources; those with a worse one give way, and what they had reserved beside is there for others.
// 2. A reservation counts only while its holder could start but for capacity: not while its lane is full or paused.
// 3. The earliest start of a holder is told once, from the expected ends of what runs, and never put off: what passes must
//    end before it. If one of these ends is not known, nothing passes by time. So estimates, however wrong, put a holder
//    off by no more than the overrun of what was started before that moment.
// Source of 3: D. Lifka, "The ANL/IBM SP scheduling system" (EASY back-filling), JSSPP 1995.

import type { CapacityPort, CapacityRequest, ReadyTask } from './ready-task.ts';
import type { TaskClass } from './task-class.ts';

interface Reservation<Request extends CapacityRequest> {
  readonly group: TaskClass<Request>;
  /** When it could start as things look, in epoch milliseconds; -Infinity = cannot be told, null = not asked yet. */
  earliestMs: number | null;
}

/** What reservations must know of the scheduler. */
export interface ReservationSurroundings<Request extends CapacityRequest> {
  readonly capacity: CapacityPort<Request>;
  /** Tasks under way that hold capacity. */
  readonly running: ReadonlySet<ReadyTask<Request>>;
  /** Whether a class could start as far as limits go. */
  mayStart(group: TaskClass<Request>): boolean;
  /** The level of a task with what it has gained by waiting, as a number that stays; lower is better. */
  claimOf(task: ReadyTask<Request>): number;
  /** What was kept for a class is not any more. */
  released(request: Request): void;
}

export class Reservations<Request extends CapacityRequest> {
  readonly #around: ReservationSurroundings<Request>;
  readonly #holders: (Reservation<Request> | undefined)[] = [];
  #leave = new Int32Array(16);
  #count = 0;

  constructor(around: ReservationSurroundings<Request>) {
    this.#around = around;
  }

  /**
   * What a task must leave free, by resource, valid until the next call and only for the resources that it asks for;
   * null = nothing.
   */
  leaveFor(task: ReadyTask<Request>, nowMs: number): Int32Array | null {
    const { request } = task;
    if (this.#count === 0 || request === null) return null;
    let isKept = false;
    // Ascending: the last one needs the most room.
    if ((request.indices.at(-1) ?? 0) >= this.#leave.length) {
      this.#leave = new Int32Array(2 * (request.indices.at(-1) ?? 0));
    }
    for (const index of request.indices) {
      const units = this.keptFrom(task, index, nowMs);
      this.#leave[index] = units;
      if (units > 0) isKept = true;
    }
    return isKept ? this.#leave : null;
  }

  /** Units of a resource that a task must leave free. */
  keptFrom(task: ReadyTask<Request>, index: number, nowMs: number): number {
    const holder = this.#holders[index];
    return holder !== undefined && this.#bars(holder, task, nowMs) ? holder.group.unitsOf(index) : 0;
  }

  /** The task that a resource is kept for, seen from another one; null = it is not kept from it. */
  keeperAgainst(task: ReadyTask<Request>, index: number, nowMs: number): ReadyTask<Request> | null {
    const holder = this.#holders[index];
    return holder !== undefined && this.#bars(holder, task, nowMs) ? (holder.group.head() ?? null) : null;
  }

  /** The task that a resource is kept for; null = for none. */
  keeperOf(index: number): ReadyTask<Request> | null {
    return this.#holders[index]?.group.head() ?? null;
  }

  /**
   * Reserves all that a class asks for, if it is its turn. null when it has that now; else the resource that is kept for
   * another, -1 when its limits or the capacities do not let it start anyway.
   */
  reserve(group: TaskClass<Request>): number | null {
    const { request } = group;
    const head = group.head();
    if (request === null || head === undefined || !this.#counts({ group })) return -1;
    const claim = this.#around.claimOf(head);
    for (const index of request.indices) {
      const holder = this.#holders[index];
      if (holder === undefined) continue;
      if (holder.group === group) return null;
      if (this.#counts(holder) && !this.#givesWay(holder.group, claim, group.arrival)) return index;
    }
    const reservation: Reservation<Request> = { group, earliestMs: null };
    for (const index of request.indices) {
      const before = this.#holders[index];
      if (before !== undefined) this.release(before.group);
      this.#holders[index] = reservation;
    }
    this.#count++;
    return null;
  }

  /** Gives up the reservation of a class, if it has one. */
  release(group: TaskClass<Request>): void {
    const { request } = group;
    if (this.#count === 0 || request === null) return;
    let had = false;
    for (const index of request.indices) {
      if (this.#holders[index]?.group !== group) continue;
      this.#holders[index] = undefined;
      had = true;
    }
    if (!had) return;
    this.#count--;
    this.#around.released(request);
  }

  /** Capacities or limits may have changed: those that could not start any more keep nothing from others. */
  reconsider(): void {
    if (this.#count === 0) return;
    for (const holder of this.#holders) if (holder !== undefined && !this.#counts(holder)) this.release(holder.group);
  }

  #counts({ group }: Pick<Reservation<Request>, 'group'>): boolean {
    const { mayStart, capacity } = this.#around;
    return group.size > 0 && mayStart(group) && group.request !== null && capacity.isServable(group.request);
  }

  #givesWay(holder: TaskClass<Request>, claim: number, arrival: number): boolean {
    const head = holder.head();
    const rival = head === undefined ? Number.POSITIVE_INFINITY : this.#around.claimOf(head);
    return rival > claim || (rival === claim && holder.arrival > arrival);
  }

  /** Whether a task must leave the holder what it asks for. */
  #bars(holder: Reservation<Request>, task: ReadyTask<Request>, nowMs: number): boolean {
    const { group } = holder;
    const head = group.head();
    if (group === task.group || head === undefined || !this.#around.mayStart(group)) return false;
    const { claimOf } = this.#around;
    if (claimOf(task) < claimOf(head)) return false;
    if (task.lane.mode !== 'resource_aware' || task.expectedMs === Number.POSITIVE_INFINITY) return true;
    holder.earliestMs ??= this.#earliestStart(group, nowMs);
    return nowMs + task.expectedMs > holder.earliestMs;
  }

  #earliestStart({ request }: TaskClass<Request>, nowMs: number): number {
    let earliestMs = nowMs;
    for (const [place, index] of (request?.indices ?? []).entries()) {
      let missing = (request?.units[place] ?? 0) - this.#around.capacity.freeUnits(index);
      if (missing <= 0) continue;
      const holders: { endMs: number; units: number }[] = [];
      for (const { request: held, expectedEndMs } of this.#around.running) {
        const at = held?.indices.indexOf(index) ?? -1;
        if (at >= 0) holders.push({ endMs: expectedEndMs, units: held?.units[at] ?? 0 });
      }
      holders.sort((a, b) => a.endMs - b.endMs);
      for (const { endMs, units } of holders) {
        if (missing <= 0) break;
        missing -= units;
        earliestMs = Math.max(earliestMs, endMs);
      }
      if (missing > 0) return Number.NEGATIVE_INFINITY;
    }
    return earliestMs === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : earliestMs;
  }
}
