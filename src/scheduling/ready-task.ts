// Owns what the scheduler knows of a task that could run: its place in the order, its lane, what it asks for.
// Plain fields, changed by the scheduler alone while the task is in its hands.

import type { ConcurrencyLimit } from '../domain/concurrency-limit.ts';
import type { Lane } from './lane.ts';
import type { TaskClass } from './task-class.ts';

/** Which kind of executor runs the body; each has slots of its own. */
export const Pool = { THREADS: 0, INLINE: 1 } as const satisfies Record<string, number>;
export type Pool = (typeof Pool)[keyof typeof Pool];
export const POOL_COUNT = 2;

export const LEVEL_COUNT = 5;

/** A prepared, canonical request: parallel lists, ascending by index, each resource once. */
export interface CapacityRequest {
  readonly indices: readonly number[];
  readonly units: readonly number[];
}

/** Where capacity comes from. Grants are all or nothing. */
export interface CapacityPort<Request extends CapacityRequest> {
  /** Takes all of it, or nothing; of each resource `leave[index]` units beyond it must stay free. */
  tryGrant(request: Request, leave: Int32Array | null): boolean;
  giveBack(request: Request): void;
  /** Units that `tryGrant` could take of a resource now; 0 or less when it grants nothing. */
  freeUnits(index: number): number;
  /** Whether it can be granted some time without a change of capacities: all in service, none too small. */
  isServable(request: Request): boolean;
  /** Tells other takers of the same bytes that someone waits, so that they do not overtake; room is told from then on. */
  markWaiting(request: Request): void;
  unmarkWaiting(request: Request): void;
}

/** A limit on how many tasks with one key are under way, in all lanes: each task is held to its own. */
export type ConcurrencyClaim = ConcurrencyLimit;

/** idle → queued → started → idle; `held` before `queued` while a plan keeps the task back. */
export type ReadyState = 'idle' | 'held' | 'queued' | 'started';

/** What its owner says of a task. */
export interface ReadyTaskFacts<Request extends CapacityRequest = CapacityRequest> {
  readonly pool: Pool;
  /** Priority level, 0 first. */
  readonly level: number;
  /** Second key, lower first; its meaning is the mode's (file order, place in the plan, …). */
  readonly order: number;
  readonly request: Request | null;
  readonly concurrency: ConcurrencyClaim | null;
  /** Expected duration of an attempt; Infinity = not known. */
  readonly expectedMs: number;
}

export class ReadyTask<Request extends CapacityRequest = CapacityRequest> {
  readonly lane: Lane<Request>;
  /** The owner's number for it; a lane's course knows it by that. */
  readonly index: number;
  readonly pool: Pool;
  readonly level: number;
  /** Changed by `Scheduler.reorder`. */
  order: number;
  readonly request: Request | null;
  readonly concurrency: ConcurrencyClaim | null;
  /** Changed by its owner alone, while it is idle. */
  expectedMs: number;
  // The scheduler's.
  state: ReadyState = 'idle';
  /** First key, lower first: the level, less what it has gained by waiting. */
  urgency = 0;
  /** Third key: when it became ready. */
  sequence = 0;
  readyAtMs = 0;
  /** When its attempt is expected to end; Infinity = not known. */
  expectedEndMs = Number.POSITIVE_INFINITY;
  /** The tasks that ask for the same, while it is queued. */
  group: TaskClass<Request> | null = null;

  constructor(lane: Lane<Request>, index: number, facts: ReadyTaskFacts<Request>) {
    this.lane = lane;
    this.index = index;
    this.pool = facts.pool;
    this.level = facts.level;
    this.order = facts.order;
    this.request = facts.request;
    this.concurrency = facts.concurrency;
    this.expectedMs = facts.expectedMs;
  }
}

/** By what ready tasks of a lane are ordered. */
export type ReadyKeys = Pick<ReadyTask, 'urgency' | 'order' | 'sequence'>;

/** The order of ready tasks within a lane. */
export function compareReady(a: ReadyKeys, b: ReadyKeys): number {
  return a.urgency - b.urgency || a.order - b.order || a.sequence - b.sequence;
}
