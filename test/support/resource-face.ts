// Owns one way to drive the capacity guard for all its faces, so that a case is written once and run on each:
//   main              CapacityGuard on the main thread
//   thread            `context.resources` in worker threads; who waits leaves its event loop running
//   thread-blocking   the same; who waits stands still in its thread
// An actor is someone who holds: a requester of the main thread, or a real worker thread of its own. The adapter's own
// tryAcquire, acquire and release use whatever actor is free, so that cases which need no names need none.
// Resources are defined, changed and closed on the main thread on every face, since nobody else may.
// Must never know of a case, nor keep a promise that the face under it does not keep.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AllocationId } from '../../src/domain/ids.ts';
import { invariant } from '../../src/domain/runtime-error.ts';
import type { ResourceStatus, ResourceType, TaskPriority } from '../../src/domain/statuses.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { CapacityGuard } from '../../src/resources/capacity-guard.ts';
import type { RegisterOptions } from '../../src/resources/resource-registry.ts';
import { CapacityWitness } from './capacity-witness.ts';
import type { Amount, Cycle, CycleReport, UsageNumbers } from './resource-commands.ts';

export const RESOURCE_FACES = ['main', 'thread', 'thread-blocking'] as const;
export type ResourceFace = (typeof RESOURCE_FACES)[number];

/** How to wait: `timeout` in milliseconds. */
export interface AcquireSettings {
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly priority?: TaskPriority;
}

/**
 * How an actor dies. `sealed`: kept out of the ledger first, as the pool does; `terminated`: at whatever instruction;
 * `exit`: by its own hand. A requester of the main thread has one death only: all it holds and waits for is taken from it.
 */
export type Death = 'sealed' | 'terminated' | 'exit';

/** What came back after a death, by resource id, and what a second look for it gave. */
export interface Reclaimed {
  readonly first: Readonly<Record<string, number>>;
  readonly second: Readonly<Record<string, number>>;
}

/** Someone who holds. */
export interface ResourceActor {
  readonly name: string;
  /** At once, all of it: the allocation's id; or null. */
  tryAcquire(amounts: readonly Amount[]): Promise<string | null>;
  /** Waits; rejects with an error that has a code, or with the signal's reason. */
  acquire(amounts: readonly Amount[], settings?: AcquireSettings): Promise<string>;
  release(allocationId: string): Promise<void>;
  /** How many allocations that were. */
  releaseAll(): Promise<number>;
  cycle(cycle: Cycle): Promise<CycleReport>;
  kill(death: Death): Promise<Reclaimed>;
}

/** How long `until` looks before it gives up. */
const PATIENCE_MS = 15_000;

export abstract class ResourceAdapter implements AsyncDisposable {
  abstract readonly face: ResourceFace;
  readonly guard: CapacityGuard;
  readonly witness: CapacityWitness;
  protected readonly timers = new SystemTimers();
  readonly #actors = new Map<string, Promise<ResourceActor>>();
  readonly #made = new Set<ResourceActor>();
  // Those that stand in for nobody in particular, with what keeps each of them.
  readonly #anonymous: { readonly actor: Promise<ResourceActor>; waits: number; readonly held: Set<string> }[] = [];
  #issued = 0;

  constructor() {
    this.guard = new CapacityGuard({
      clock: this.timers,
      timers: this.timers,
      ids: { allocationId: () => `m-${++this.#issued}` as AllocationId },
    });
    const places = new Map<string, number>();
    this.witness = new CapacityWitness((id) => {
      const known = places.get(id) ?? this.guard.prepare({ [id]: 1 }).indices[0] ?? -1;
      places.set(id, known);
      return known;
    });
  }

  async register(id: string, type: ResourceType, capacity: number, options: RegisterOptions = {}): Promise<void> {
    this.guard.register(id, type, capacity, options);
  }

  /** Adds capacity, or takes some away. */
  async resize(id: string, capacity: number): Promise<void> {
    this.guard.setCapacity(id, capacity);
  }

  async setStatus(id: string, status: ResourceStatus): Promise<void> {
    this.guard.setStatus(id, status);
  }

  async close(): Promise<void> {
    this.guard.close();
  }

  /** The actor of a name, made when it is first asked for. */
  actor(name: string): Promise<ResourceActor> {
    const known = this.#actors.get(name);
    if (known !== undefined) return known;
    const made = this.#make(name);
    this.#actors.set(name, made);
    return made;
  }

  /** Several actors, made together. */
  actors(count: number): Promise<ResourceActor[]> {
    return Promise.all(Array.from({ length: count }, (_, i) => this.actor(`actor-${i + 1}`)));
  }

  async tryAcquire(amounts: readonly Amount[]): Promise<string | null> {
    const entry = this.#free(false);
    const allocationId = await (await entry.actor).tryAcquire(amounts);
    if (allocationId !== null) entry.held.add(allocationId);
    return allocationId;
  }

  async acquire(amounts: readonly Amount[], settings: AcquireSettings = {}): Promise<string> {
    const entry = this.#free(true);
    entry.waits += 1;
    try {
      const allocationId = await (await entry.actor).acquire(amounts, settings);
      entry.held.add(allocationId);
      return allocationId;
    } finally {
      entry.waits -= 1;
    }
  }

  /** Releases what `tryAcquire` or `acquire` of the adapter gave; what they did not give goes to any actor, to be refused. */
  async release(allocationId: string): Promise<void> {
    const entry = this.#anonymous.find(({ held }) => held.has(allocationId)) ?? this.#free(false);
    return (await entry.actor).release(allocationId);
  }

  /** Looks until a resource is as said (used, peak, available, waiting), or as a function says. */
  async until(id: string, wanted: Partial<UsageNumbers> | ((usage: UsageNumbers) => boolean)): Promise<void> {
    const endMs = this.timers.monotonicMs() + PATIENCE_MS;
    for (;;) {
      const usage = await this.usage(id);
      const isThere =
        typeof wanted === 'function'
          ? wanted(usage)
          : JSON.stringify({ ...usage, ...wanted }) === JSON.stringify(usage);
      if (isThere) return;
      if (this.timers.monotonicMs() > endMs) {
        const words = typeof wanted === 'function' ? 'as it should be' : JSON.stringify(wanted);
        throw new Error(`${id} is ${JSON.stringify(usage)} and never became ${words}`);
      }
      await nextTurn();
    }
  }

  /** Lets everything happen that is under way: wake-ups, answers, grants. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      await this.echo();
      await nextTurn();
    }
  }

  /** Ends every actor; what they held comes back, as after any death. */
  async killAll(): Promise<void> {
    await Promise.all([...this.#made].map((actor) => actor.kill('terminated')));
  }

  /** Resources of which something is in use or waited for, in words. */
  leftovers(): string[] {
    return this.guard.list().flatMap(({ resourceId }) => {
      const { current, waiting } = this.guard.getUsage(resourceId);
      const { now } = this.witness.seen(resourceId);
      return current === 0 && waiting === 0
        ? []
        : [`${resourceId}: used ${current}, waiting ${waiting}, witnessed ${now}`];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killAll();
    this.guard.close();
    this.timers.close();
  }

  abstract usage(id: string): Promise<UsageNumbers>;

  /** Gives back units that nobody booked, past all books: what a forged release would do to the ledger. */
  abstract giveUnbooked(id: string, amount: number): Promise<string>;

  protected abstract createActor(name: string): Promise<ResourceActor>;
  /** Resolves when whatever was sent to the face has been seen there. */
  protected abstract echo(): Promise<void>;

  async #make(name: string): Promise<ResourceActor> {
    const actor = await this.createActor(name);
    this.#made.add(actor);
    return actor;
  }

  // An actor that may come to stand still must hold nothing, or nobody could release that.
  #free(toWait: boolean) {
    const idle = this.#anonymous.find(({ waits, held }) => waits === 0 && !(toWait && held.size > 0));
    if (idle !== undefined) return idle;
    const made = { actor: this.#make(`anonymous-${this.#anonymous.length + 1}`), waits: 0, held: new Set<string>() };
    this.#anonymous.push(made);
    return made;
  }
}

/** The code of the error that a promise rejects with, or its name where it has no code; null when it resolves. */
export async function refusalOf(promise: Promise<unknown>): Promise<string | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    invariant(error instanceof Error, 'what is thrown is an error');
    return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  }
}
