// Owns one listener of a trace: which actors it is told of, which of them it knows, and how many entries it was given. An
// actor is told whole or not at all, sampled or not.

import { RuntimeError } from '../domain/runtime-error.ts';
import type { KnownActor } from './known-actors.ts';
import type { ActorTraceEntry, ActorTraceKind } from './trace-entries.ts';

/** An entry without what differs from listener to listener. */
export type EntryBody = ActorTraceEntry extends infer Entry
  ? Entry extends ActorTraceEntry
    ? Omit<Entry, 'seq' | 't'>
    : never
  : never;

/** What a listener wants to hear of; by default everything but microsteps. */
export interface TraceFilter {
  /** Only actors of this run, or single task. Their parents are named and not told. */
  readonly runId?: string | undefined;
  /** Only the actors of tasks of this name. */
  readonly task?: string | undefined;
  /** Only actors that run this machine. */
  readonly machine?: string | undefined;
  /** `microstep` is told when it is named here, and only of machines that XState interprets. */
  readonly kinds?: readonly ActorTraceKind[] | undefined;
  /** Only each so-manieth task actor, from the first on; others are told all. */
  readonly everyNthTask?: number | undefined;
}

const USUAL_KINDS: readonly ActorTraceKind[] = ['definition', 'actor', 'event', 'snapshot', 'end'];

export class TraceSubscription {
  readonly #listener: (entry: ActorTraceEntry) => void;
  readonly #filter: TraceFilter;
  readonly #kinds: ReadonlySet<ActorTraceKind>;
  /** Those it is told of, while they live. */
  readonly #told = new Set<KnownActor>();
  readonly #machines = new Set<string>();
  #tasks = 0;
  #sequence = 0;
  #isLive = true;

  constructor(listener: (entry: ActorTraceEntry) => void, filter: TraceFilter) {
    const { everyNthTask = 1 } = filter;
    if (!Number.isInteger(everyNthTask) || everyNthTask < 1) {
      throw new RuntimeError('ARGUMENT_INVALID', `everyNthTask is a whole number from 1, not ${everyNthTask}`);
    }
    this.#listener = listener;
    this.#filter = filter;
    this.#kinds = new Set(filter.kinds ?? USUAL_KINDS);
  }

  wants(kind: ActorTraceKind): boolean {
    return this.#kinds.has(kind);
  }

  /** Decides whether an actor that is new to it is told. */
  takes(actor: KnownActor): boolean {
    const { runId, task, machine, everyNthTask = 1 } = this.#filter;
    if (runId !== undefined && actor.subject.runId !== runId) return false;
    if (task !== undefined && actor.subject.task !== task) return false;
    if (machine !== undefined && actor.machine !== machine) return false;
    if (actor.subject.task !== undefined && this.#tasks++ % everyNthTask !== 0) return false;
    this.#told.add(actor);
    return true;
  }

  knows(actor: KnownActor): boolean {
    return this.#told.has(actor);
  }

  forget(actor: KnownActor): void {
    this.#told.delete(actor);
  }

  /** Whether the definition of a machine is still to be told; true once. */
  isNewMachine(machine: string): boolean {
    if (!this.wants('definition') || this.#machines.has(machine)) return false;
    this.#machines.add(machine);
    return true;
  }

  deliver(body: EntryBody, t: number): void {
    if (!this.#isLive) return;
    try {
      const place = { seq: ++this.#sequence, t };
      this.#listener({ ...body, ...place });
    } catch {
      // A listener's fault costs it this entry; it is not the engine's.
    }
  }

  end(): void {
    this.#isLive = false;
    this.#told.clear();
  }
}
