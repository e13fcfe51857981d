// Owns what the scheduler knows of a task that could run: its place in the order, its lane, its capacity request.
// Plain fields, changed by the scheduler alone while the task is in its hands.

import type { Lane } from './lane.ts';

/** Which kind of executor runs the body; each has slots of its own. */
export const Pool = { THREADS: 0, INLINE: 1 } as const satisfies Record<string, number>;
export type Pool = (typeof Pool)[keyof typeof Pool];
export const POOL_COUNT = 2;

export const LEVEL_COUNT = 5;

/** A prepared, canonical request; the scheduler reads only which resources it names. */
export interface CapacityRequest {
  readonly indices: ArrayLike<number>;
}

/** Where capacity comes from. Grants are all or nothing. */
export interface CapacityPort<Request extends CapacityRequest> {
  tryGrant(request: Request): boolean;
  giveBack(request: Request): void;
  /** Tells other takers of the same bytes that someone waits, so that they do not overtake. */
  markWaiting(request: Request): void;
  unmarkWaiting(request: Request): void;
}

/**
 * idle → queued ⇄ parked → started → idle; `queued` waits for a slot, `parked` for capacity, `following` for capacity
 * behind a parked task of its own lane.
 */
export type ReadyState = 'idle' | 'queued' | 'parked' | 'following' | 'started';

export interface ReadyTask<Request extends CapacityRequest = CapacityRequest> {
  readonly lane: Lane<Request>;
  readonly pool: Pool;
  /** Priority level, 0 first. */
  readonly level: number;
  /** Second key, lower first; its meaning is the mode's (file order, negative rank, …). */
  readonly order: number;
  readonly request: Request | null;
  state: ReadyState;
  /** Third key: when it became ready. Given by the scheduler. */
  sequence: number;
  /** When it first had to wait for capacity since it became ready; 0 = not yet. Given by the scheduler. */
  parkedAt: number;
}

/** The order of ready tasks within a lane. */
export function compareReady<R extends CapacityRequest>(a: ReadyTask<R>, b: ReadyTask<R>): number {
  return a.level - b.level || a.order - b.order || a.sequence - b.sequence;
}
