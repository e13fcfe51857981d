// Owns the parent of any number of like children: sessions, the workflows of a session, the tasks of a run.
// Why custom logic with a mutable Map instead of a machine that spawns: spawning into a snapshot copies the children
// each time (quadratic), and a machine keeps a memo for every child id it ever heard of. Here both start and end of a
// child are O(1), and an ended child leaves nothing behind.
// It never restarts a child (that is the supervisor's), never lets a child's error pass unseen (onError is required),
// and never outlives its children: its stop, or its own crash, stops them all.
//
//   parent ── registry ── <childId>:1, <childId>:2, …      distinct ids tell the registry who ended; they are safe here
//                                                          because the parent of the children is never a machine

import {
  type Actor,
  type ActorLogic,
  type ActorOptions,
  type ActorRef,
  type AnyActorLogic,
  type AnyActorRef,
  createActor,
  type EventObject,
  type InputFrom,
  type OutputFrom,
  type Snapshot,
} from 'xstate';
import { RuntimeError } from '../domain/runtime-error.ts';

const DONE_PREFIX = 'xstate.done.actor.';
const ERROR_PREFIX = 'xstate.error.actor.';
const STOP_EVENT = 'xstate.stop';
const CLOSE_EVENT = 'registry.close';
const CRASH_EVENT = 'registry.crash';

interface CrashEvent extends EventObject {
  readonly error: unknown;
}

export interface RegistryHandlers<TLogic extends AnyActorLogic> {
  /** Name shared by the children; child number n has the id `<childId>:<n>`. */
  readonly childId: string;
  /** A child reached its end. It is out of the registry already; stopping a child is no end and calls nothing. */
  onDone(child: Actor<TLogic>, output: OutputFrom<TLogic>): void;
  /** A child ended with an error, thrown in its start included. It is out of the registry already. */
  onError(child: Actor<TLogic>, error: unknown): void;
}

/** What a registry is made of: its place in the actor tree, and what its owner wants to hear. */
export interface RegistryOptions<TLogic extends AnyActorLogic> extends RegistryHandlers<TLogic> {
  readonly parent?: AnyActorRef;
  readonly id: string;
}

export type RegistrySnapshot<TLogic extends AnyActorLogic> = Snapshot<undefined> & {
  readonly registry: ActorRegistry<TLogic>;
};
export type RegistryLogic<TLogic extends AnyActorLogic> = ActorLogic<RegistrySnapshot<TLogic>, EventObject, unknown>;
type RegistryRef<TLogic extends AnyActorLogic> = ActorRef<RegistrySnapshot<TLogic>, EventObject>;

interface ChildStops {
  stopChild(child: AnyActorRef): void;
}

/**
 * Starts, counts and stops the children of one registry actor. A handler that throws crashes the registry: its
 * children are stopped and its parent (or the error observer of a root) gets the error.
 */
export class ActorRegistry<TLogic extends AnyActorLogic> {
  /** The registry's own actor. */
  readonly ref: RegistryRef<TLogic>;
  readonly #handlers: RegistryHandlers<TLogic>;
  readonly #scope: ChildStops;
  readonly #children = new Map<string, Actor<TLogic>>();
  #sequence = 0;
  #closed = false;

  /** For `createRegistryLogic`; use `ActorRegistry.start`, or the logic as a supervised child and `registryOf`. */
  constructor(ref: RegistryRef<TLogic>, scope: ChildStops, handlers: RegistryHandlers<TLogic>) {
    this.ref = ref;
    this.#scope = scope;
    this.#handlers = handlers;
  }

  /** Starts a registry as a child of `parent`, or as a root of its own. */
  static start<TLogic extends AnyActorLogic>(options: RegistryOptions<TLogic>): ActorRegistry<TLogic> {
    const { parent, id } = options;
    const actorOptions: ActorOptions<RegistryLogic<TLogic>> = parent === undefined ? { id } : { id, parent };
    const actor = createActor(createRegistryLogic<TLogic>(options), actorOptions);
    return actor.start().getSnapshot().registry;
  }

  /** Children that have not ended. */
  get size(): number {
    return this.#children.size;
  }

  /** The children that have not ended, oldest first. */
  children(): IterableIterator<Actor<TLogic>> {
    return this.#children.values();
  }

  /**
   * Makes a child without starting it: for an owner that must know the ref before the child can end.
   * @throws RuntimeError ENGINE_CLOSED after the registry has stopped.
   */
  create(logic: TLogic, input: InputFrom<TLogic>, systemId?: string): Actor<TLogic> {
    if (this.#closed) {
      throw new RuntimeError(
        'ENGINE_CLOSED',
        `registry '${this.ref.id}' has stopped and starts no '${this.#handlers.childId}' any more`,
        { details: { registry: this.ref.id } },
      );
    }
    const id = `${this.#handlers.childId}:${++this.#sequence}`;
    const options =
      systemId === undefined ? { id, input, parent: this.ref } : { id, input, parent: this.ref, systemId };
    // XState's own types cannot follow a logic that is still generic; its run-time contract is met above.
    const child = createActor<AnyActorLogic>(logic, options) as Actor<TLogic>;
    this.#children.set(id, child);
    return child;
  }

  /**
   * Makes and starts a child. One that ends within its start has been reported before this returns.
   * @throws RuntimeError ENGINE_CLOSED after the registry has stopped.
   */
  spawn(logic: TLogic, input: InputFrom<TLogic>, systemId?: string): Actor<TLogic> {
    const child = this.create(logic, input, systemId);
    child.start();
    return child;
  }

  /** Stops one child; a child that has ended, or is another's, is left alone. */
  stop(child: Actor<TLogic>): void {
    if (this.#children.get(child.id) !== child) return;
    this.#children.delete(child.id);
    this.#scope.stopChild(child);
  }

  /** Stops every child, newest first. The registry stays open. */
  stopAll(): void {
    const children = [...this.#children.values()];
    this.#children.clear();
    for (let index = children.length - 1; index >= 0; index--) {
      const child = children[index];
      if (child !== undefined) this.#scope.stopChild(child);
    }
  }

  /** Stops every child, starts none any more, and ends the registry's own actor as done. Harmless when repeated. */
  close(): void {
    if (this.#closed) return;
    this.#close();
    this.ref.send({ type: CLOSE_EVENT });
  }

  /** Makes the registry end with an error: for what goes wrong around its children and is too much for its owner. */
  crash(error: unknown): void {
    const event: CrashEvent = { type: CRASH_EVENT, error };
    this.ref.send(event);
  }

  /** What an inspector shows: the registry is no data. */
  toJSON(): { readonly childId: string; readonly children: number } {
    return { childId: this.#handlers.childId, children: this.#children.size };
  }

  /** For the registry's logic: takes in one event of its mailbox. */
  receive(event: EventObject): void {
    if (event.type === STOP_EVENT || event.type === CLOSE_EVENT) {
      this.#close();
      return;
    }
    if (event.type === CRASH_EVENT) {
      this.#close();
      throw Reflect.get(event, 'error');
    }
    const ended = endOfChild(event);
    const child = ended === undefined ? undefined : this.#children.get(ended.childId);
    // A child stopped in the middle of its last event still reports its end: nobody waits for it any more.
    if (ended === undefined || child === undefined) return;
    this.#children.delete(ended.childId);
    try {
      if (ended.failed) this.#handlers.onError(child, ended.value);
      else this.#handlers.onDone(child, ended.value);
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  #close(): void {
    this.#closed = true;
    this.stopAll();
  }
}

/** Logic of a registry actor, for a supervisor's child spec; its companion is found with `registryOf`. */
export function createRegistryLogic<TLogic extends AnyActorLogic>(
  handlers: RegistryHandlers<TLogic>,
): RegistryLogic<TLogic> {
  return {
    getInitialSnapshot: (scope) => ({
      status: 'active',
      output: undefined,
      error: undefined,
      registry: new ActorRegistry<TLogic>(scope.self, scope, handlers),
    }),
    transition: (snapshot, event) => {
      const { registry } = snapshot;
      registry.receive(event);
      if (event.type === STOP_EVENT) return { status: 'stopped', output: undefined, error: undefined, registry };
      if (event.type === CLOSE_EVENT) return { status: 'done', output: undefined, error: undefined, registry };
      return snapshot;
    },
    getPersistedSnapshot: () => ({ status: 'stopped', output: undefined, error: undefined }),
  };
}

/** The companion of a running registry actor. */
export function registryOf<TLogic extends AnyActorLogic>(ref: RegistryRef<TLogic>): ActorRegistry<TLogic> {
  return ref.getSnapshot().registry;
}

type EndOfChild<TOutput> = { readonly childId: string; readonly failed: boolean; readonly value: TOutput };

// XState names the child in the type and in `actorId`, and types neither for a logic that is not a machine.
function endOfChild(event: EventObject): EndOfChild<never> | undefined {
  const failed = event.type.startsWith(ERROR_PREFIX);
  if (!failed && !event.type.startsWith(DONE_PREFIX)) return undefined;
  const childId = event.type.slice(failed ? ERROR_PREFIX.length : DONE_PREFIX.length);
  const value: unknown = Reflect.get(event, failed ? 'error' : 'output');
  return { childId, failed, value: value as never };
}
