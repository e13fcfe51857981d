// Owns the public face of a supervisor: starting one, and asking it about its children.
// It must never be more than that: rules are in supervisor-core.ts, one child's life in supervisor-child.ts.

import { type ActorOptions, type AnyActorRef, createActor, type InspectionEvent } from 'xstate';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { ChildSpec, CompleteChildSpec } from './supervisor-child-spec.ts';
import {
  type ChildCounts,
  type ChildInfo,
  SupervisorCore,
  type SupervisorEnd,
  type SupervisorEnvironment,
} from './supervisor-core.ts';
import type { SupervisorFlags } from './supervisor-flags.ts';
import { createSupervisorLogic, type SupervisorLogic, type SupervisorSnapshot } from './supervisor-logic.ts';

export interface SupervisorOptions extends SupervisorEnvironment {
  /** Name of the supervisor's actor; default 'supervisor'. */
  readonly id?: string;
  /** Told of every actor and event below, as XState's `inspect` is. */
  readonly inspect?: (event: InspectionEvent) => void;
}

/** A running supervisor. Requests run one after another; each is refused once the supervisor has ended. */
export class ActorSupervisor implements AsyncDisposable {
  /** The supervisor's own actor. */
  readonly ref: AnyActorRef;
  /** Resolves when the supervisor has ended, whatever the cause, and no child is left. Never rejects. */
  readonly done: Promise<SupervisorEnd>;
  readonly #core: SupervisorCore;

  /** For this file: use `startSupervisor`, or `supervisorOf` for a nested one. */
  constructor(ref: AnyActorRef, core: SupervisorCore) {
    this.ref = ref;
    this.#core = core;
    const { promise, resolve } = Promise.withResolvers<SupervisorEnd>();
    this.done = promise;
    const end = (): void => resolve(endOf(ref.getSnapshot()));
    ref.subscribe({ complete: end, error: end });
  }

  /** The actor that runs for a child now; undefined when there is none. A restart makes a new one: ask each time. */
  child(id: string): AnyActorRef | undefined {
    return this.#core.child(id);
  }

  /**
   * Adds a child as the last one and starts it; resolves with its actor, or undefined for 'ignore'.
   * @throws RuntimeError SUPERVISOR_SPEC_INVALID, SUPERVISOR_START_FAILED, or SUPERVISOR_CHILD with `details.reason`
   * already_started (the actor is `details.child`), already_present or noproc.
   */
  startChild(spec: ChildSpec): Promise<AnyActorRef | undefined> {
    return this.#core.startChild(spec);
  }

  /** Ends a child, which is not restarted; its spec stays unless it is temporary. @throws SUPERVISOR_CHILD */
  terminateChild(id: string): Promise<void> {
    return this.#core.terminateChild(id);
  }

  /** Starts a child that is not running. @throws SUPERVISOR_CHILD, SUPERVISOR_START_FAILED */
  restartChild(id: string): Promise<AnyActorRef | undefined> {
    return this.#core.restartChild(id);
  }

  /** Forgets the spec of a child that is not running. @throws SUPERVISOR_CHILD */
  deleteChild(id: string): Promise<void> {
    return this.#core.deleteChild(id);
  }

  /** Every child in start order. @throws SUPERVISOR_CHILD after the end */
  whichChildren(): ChildInfo[] {
    return this.#core.whichChildren();
  }

  /** @throws SUPERVISOR_CHILD after the end */
  countChildren(): ChildCounts {
    return this.#core.countChildren();
  }

  /** A child's spec with its defaults. @throws SUPERVISOR_CHILD */
  getChildSpec(id: string): CompleteChildSpec {
    return this.#core.getChildSpec(id);
  }

  /** Ends every child in reverse start order, then the supervisor; resolves as `done` does. */
  stop(): Promise<SupervisorEnd> {
    this.#core.stop();
    return this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/**
 * Starts a supervisor with its children, in order; returns when all of them have started.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID before anything is started, or SupervisorStartError (code
 * SUPERVISOR_START_FAILED) when a child does not start: those before it are stopped, last first, and its `stopped`
 * resolves when they are gone.
 */
export function startSupervisor(
  flags: Partial<SupervisorFlags>,
  childSpecs: readonly ChildSpec[],
  options: SupervisorOptions,
): ActorSupervisor {
  const { id = 'supervisor', inspect } = options;
  const logic = createSupervisorLogic(flags, childSpecs, options);
  const actorOptions: ActorOptions<SupervisorLogic> = inspect === undefined ? { id } : { id, inspect };
  const actor = createActor(logic, actorOptions);
  const crash: { error?: unknown } = {};
  actor.subscribe({
    error: (error: unknown) => {
      crash.error = error;
    },
  });
  actor.start();
  if ('error' in crash) throw crash.error;
  return new ActorSupervisor(actor, actor.getSnapshot().core);
}

/**
 * The face of a nested supervisor, from its actor: `supervisorOf(parent.child('sessions'))`.
 * @throws RuntimeError ARGUMENT_INVALID when the actor is no supervisor.
 */
export function supervisorOf(ref: AnyActorRef | undefined): ActorSupervisor {
  const snapshot: unknown = ref?.getSnapshot();
  const core = typeof snapshot === 'object' && snapshot !== null && 'core' in snapshot ? snapshot.core : undefined;
  if (ref === undefined || !(core instanceof SupervisorCore)) {
    throw new RuntimeError('ARGUMENT_INVALID', `actor '${ref?.id ?? 'undefined'}' is not a running supervisor`);
  }
  return new ActorSupervisor(ref, core);
}

function endOf(snapshot: SupervisorSnapshot): SupervisorEnd {
  return snapshot.status === 'done' ? snapshot.output : { reason: 'shutdown', cause: 'stopped' };
}
