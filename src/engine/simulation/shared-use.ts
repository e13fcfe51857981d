// Owns what tasks take of everything that they share, in one form: threads, inline places, the run's own limit, resources,
// quotas and concurrency keys are all "so many units of a thing". Bounds, slack and use are worked out on that.
// Plain rows; it must know nothing of order or time.

import type { PreparedRequest } from '../../resources/capacity-request.ts';
import { Pool } from '../../scheduling/ready-task.ts';
import type { SimulatedTask } from './dispatch-simulation.ts';

export interface SharedThing {
  readonly kind: 'threads' | 'inline' | 'run-limit' | 'resource' | 'concurrency';
  /** Of a resource its id, of a concurrency key the key. */
  readonly id: string;
  readonly capacity: number;
  /** A granted unit comes back so long after its grant, whoever ended; null = when its holder ends. */
  readonly refillMs: number | null;
}

/** What task i takes: entries offsets[i] … offsets[i + 1] - 1. */
export interface SharedRows {
  readonly things: readonly SharedThing[];
  readonly offsets: Int32Array;
  readonly thingOf: Int32Array;
  readonly units: Float64Array;
}

/** A resource as the ledger counts it. */
export interface CountedResource {
  readonly id: string;
  readonly index: number;
  readonly capacityUnits: number;
  readonly refillMs: number | null;
}

export interface SharedLimits {
  /** Places by pool. */
  readonly slots: readonly number[];
  /** Infinity = none. */
  readonly maxParallel: number;
  readonly resources: readonly CountedResource[];
}

/** The rows of a list of tasks; things that nothing asks for are left out. */
export function sharedRows(tasks: readonly SimulatedTask[], limits: SharedLimits): SharedRows {
  const builder = new SharedRowsBuilder(limits);
  for (const task of tasks) builder.add(task);
  return builder.rows();
}

class SharedRowsBuilder {
  readonly #limits: SharedLimits;
  readonly #resources: ReadonlyMap<number, CountedResource>;
  readonly #things: SharedThing[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #offsets: number[] = [0];
  readonly #thingOf: number[] = [];
  readonly #units: number[] = [];

  constructor(limits: SharedLimits) {
    this.#limits = limits;
    this.#resources = new Map(limits.resources.map((resource) => [resource.index, resource]));
  }

  add({ pool, request, concurrency }: SimulatedTask): void {
    const { slots, maxParallel } = this.#limits;
    const kind = pool === Pool.THREADS ? 'threads' : 'inline';
    this.#take({ kind, id: kind, capacity: slots[pool] ?? 0, refillMs: null }, 1);
    if (Number.isFinite(maxParallel)) {
      this.#take({ kind: 'run-limit', id: '', capacity: maxParallel, refillMs: null }, 1);
    }
    if (request !== null) this.#takeResources(request);
    if (concurrency !== null) {
      const { key, limit } = concurrency;
      this.#take({ kind: 'concurrency', id: key, capacity: limit, refillMs: null }, 1);
    }
    this.#offsets.push(this.#thingOf.length);
  }

  rows(): SharedRows {
    return {
      things: this.#things,
      offsets: Int32Array.from(this.#offsets),
      thingOf: Int32Array.from(this.#thingOf),
      units: Float64Array.from(this.#units),
    };
  }

  #takeResources({ indices, units }: PreparedRequest): void {
    for (let i = 0; i < indices.length; i++) {
      const resource = this.#resources.get(indices[i] ?? -1);
      if (resource === undefined) continue;
      const { id, capacityUnits, refillMs } = resource;
      this.#take({ kind: 'resource', id, capacity: capacityUnits, refillMs }, units[i] ?? 0);
    }
  }

  #take(thing: SharedThing, units: number): void {
    const name = `${thing.kind}:${thing.id}`;
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#things.push(thing) - 1;
      this.#numbers.set(name, number);
    }
    // Each task is held to the limit that it names itself: at most the highest of them are under way.
    const known = this.#things[number];
    if (known !== undefined && thing.capacity > known.capacity) this.#things[number] = thing;
    this.#thingOf.push(number);
    this.#units.push(units);
  }
}
