// Owns in which order lanes are served: a ring for each pool and level, round robin within one. A lane that is not served
// gains a level each `ageingMs`, so that no level starves below another.

import type { Lane, LaneGroup } from './lane.ts';
import { type CapacityRequest, LEVEL_COUNT, POOL_COUNT, type Pool } from './ready-task.ts';

export const NO_LEVEL = LEVEL_COUNT;
/** Lanes are looked through for gains no more often than so many times in an ageing period. */
const LOOKS_PER_PERIOD = 64;

export class LaneRings<Request extends CapacityRequest> {
  readonly #ageingMs: number;
  readonly #rings: Set<Lane<Request>>[][] = [];
  readonly #lanes = new Map<LaneGroup, Set<Lane<Request>>>();
  /** The time of whatever happens now, in epoch milliseconds; set by the scheduler. */
  nowMs = 0;
  #nextGainMs = Number.POSITIVE_INFINITY;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ageingMs: number) {
    this.#ageingMs = ageingMs;
    for (let pool = 0; pool < POOL_COUNT; pool++) {
      this.#rings.push(Array.from({ length: LEVEL_COUNT }, () => new Set<Lane<Request>>()));
    }
  }

  add(lane: Lane<Request>): void {
    const members = this.#lanes.get(lane.group);
    if (members === undefined) this.#lanes.set(lane.group, new Set([lane]));
    else members.add(lane);
  }

  remove(lane: Lane<Request>): void {
    const members = this.#lanes.get(lane.group);
    members?.delete(lane);
    if (members?.size === 0) this.#lanes.delete(lane.group);
    for (let pool = 0; pool < POOL_COUNT; pool++) this.leave(lane, pool as Pool);
  }

  /** The best level at which a lane may give a task; a lane that may not any more is taken out of its ring here. */
  bestLevel(pool: Pool): number {
    for (let level = 0; level < LEVEL_COUNT; level++) {
      const ring = this.#rings[pool]?.[level];
      if (ring === undefined) continue;
      for (const lane of ring) {
        if (lane.mayPop(pool) && lane.head(pool) !== undefined && this.#levelOf(lane, pool) <= level) return level;
        this.place(lane, pool);
      }
    }
    return NO_LEVEL;
  }

  /** Whether any lane may have a task for a pool. */
  hasAny(pool: Pool): boolean {
    return this.#rings[pool]?.some((ring) => ring.size > 0) === true;
  }

  first(pool: Pool, level: number): Lane<Request> | undefined {
    return this.#rings[pool]?.[level]?.values().next().value;
  }

  changed(lane: Lane<Request>): void {
    for (let pool = 0; pool < POOL_COUNT; pool++) this.place(lane, pool as Pool);
  }

  groupChanged(group: LaneGroup): void {
    for (const lane of this.#lanes.get(group) ?? []) this.changed(lane);
  }

  /** Puts a lane into the ring where it belongs now, or out of all. */
  place(lane: Lane<Request>, pool: Pool): void {
    const level = lane.mayPop(pool) ? this.#levelOf(lane, pool) : -1;
    if (lane.ringLevel[pool] === level) return;
    this.leave(lane, pool);
    if (level === -1 || this.#lanes.get(lane.group)?.has(lane) !== true) return;
    this.#rings[pool]?.[level]?.add(lane);
    lane.ringLevel[pool] = level;
  }

  leave(lane: Lane<Request>, pool: Pool): void {
    const level = lane.ringLevel[pool] ?? -1;
    if (level >= 0) this.#rings[pool]?.[level]?.delete(lane);
    lane.ringLevel[pool] = -1;
  }

  /** Moves up the lanes that have gained a level by waiting. */
  age(): void {
    if (this.nowMs < this.#nextGainMs || this.nowMs < this.#lookedAtMs + this.#ageingMs / LOOKS_PER_PERIOD) return;
    this.#lookedAtMs = this.nowMs;
    this.#nextGainMs = Number.POSITIVE_INFINITY;
    for (let pool = 0; pool < POOL_COUNT; pool++) {
      for (let level = 1; level < LEVEL_COUNT; level++) {
        for (const lane of [...(this.#rings[pool]?.[level] ?? [])]) this.place(lane, pool as Pool);
      }
    }
  }

  /** The level of the lane's next task with what it has gained; -1 when there is none. */
  #levelOf(lane: Lane<Request>, pool: Pool): number {
    const head = lane.head(pool);
    if (head === undefined || head.level === 0) return head === undefined ? -1 : 0;
    if (this.#ageingMs === Number.POSITIVE_INFINITY) return head.level;
    // Within a lane of mode priority the tasks themselves age; elsewhere the lane as a whole does, by not being served.
    const sinceMs = lane.mode === 'priority' ? head.readyAtMs : Math.max(head.readyAtMs, lane.servedAtMs);
    const gained = Math.floor(Math.max(0, this.nowMs - sinceMs) / this.#ageingMs);
    const level = Math.max(0, head.level - gained);
    if (level > 0) this.#nextGainMs = Math.min(this.#nextGainMs, sinceMs + (gained + 1) * this.#ageingMs);
    return level;
  }
}
