// Owns the public face of a supervisor: starting one, and asking it about its children.
// It must never be more than that: rules are in supervisor-core.ts, one child's life in supervisor-child.ts.

import { type ActorOptions, type AnyActorRef, createActor, type InspectionEvent, type Snapshot } from 'xstate';
import { RuntimeError } from '../domain/runtime-error.ts';
import type { ExitSignal } from './supervisor-child.ts';
import type { ChildSpec, CompleteChildSpec } from './supervisor-child-spec.ts';
import { SupervisorCore, type SupervisorEnd, type SupervisorEnvironment } from './supervisor-core.ts';
import { statusOf } from './supervisor-exit.ts';
import type { SupervisorFlags, SupervisorStrategy } from './supervisor-flags.ts';
import { type ChildSpecs, createSupervisorLogic, type SupervisorLogic } from './supervisor-logic.ts';
import type { ChildCounts, ChildInfo, ChildTarget } from './supervisor-roster.ts';

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
    if (statusOf(ref) === 'stopped') end();
    else ref.subscribe({ complete: end, error: end });
  }

  get strategy(): SupervisorStrategy {
    return this.#core.strategy;
  }

  /**
   * The actor that runs for a child now; undefined when there is none. A restart makes a new one: ask each time.
   * Under simple_one_for_one `id` is that of the child's actor.
   */
  child(id: string): AnyActorRef | undefined {
    return this.#core.child(id);
  }

  /**
   * Adds a child as the last one and starts it; resolves with its actor, or undefined for 'ignore'. Under
   * simple_one_for_one what is given are arguments for the template's `start` instead of a spec.
   * @throws RuntimeError SUPERVISOR_SPEC_INVALID, SUPERVISOR_START_FAILED, or SUPERVISOR_CHILD with `details.reason`
   * already_started (the actor is `details.child`), already_present or noproc.
   */
  startChild(spec: ChildSpec): Promise<AnyActorRef | undefined>;
  startChild(...args: unknown[]): Promise<AnyActorRef | undefined>;
  startChild(...given: unknown[]): Promise<AnyActorRef | undefined> {
    return this.#core.startChild(given);
  }

  /**
   * As `startChild`, but at once and ahead of requests that wait: gives the actor itself.
   * @throws as startChild, and SUPERVISOR_CHILD with `details.reason` busy while a one_for_all or rest_for_one supervisor
   * is in the middle of an operation, or any is still starting its first children.
   */
  startChildNow(spec: ChildSpec): AnyActorRef | undefined;
  startChildNow(...args: unknown[]): AnyActorRef | undefined;
  startChildNow(...given: unknown[]): AnyActorRef | undefined {
    return this.#core.startChildNow(given);
  }

  /**
   * Ends a child, which is not restarted; its spec stays unless it is temporary. Under simple_one_for_one the child is
   * named by its actor; one that has ended already is fine.
   * @throws SUPERVISOR_CHILD not_found, simple_one_for_one (for an id) or noproc
   */
  terminateChild(child: ChildTarget): Promise<void> {
    return this.#core.terminateChild(child);
  }

  /**
   * Ends the actor of a child as if by itself, so that the supervisor does with it what its restart type says: `kill` at
   * once and as an abnormal end, `shutdown` in the child's own time and as no abnormal one. OTP's exit(Pid, Reason).
   * Harmless when the actor has ended.
   * @throws SUPERVISOR_CHILD not_found or noproc
   */
  exitChild(child: ChildTarget, signal: ExitSignal): void {
    this.#core.exitChild(child, signal);
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

  /** A child's spec with its defaults; the template's by its id or by an actor. @throws SUPERVISOR_CHILD */
  getChildSpec(child: ChildTarget): CompleteChildSpec {
    return this.#core.getChildSpec(child);
  }

  /**
   * Ends every child in reverse start order (all at once under simple_one_for_one), then the supervisor; resolves as
   * `done` does.
   */
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
 * resolves when they are gone. Specs given as a function are made by it first; what it throws is such an error too.
 */
export function startSupervisor(
  flags: Partial<SupervisorFlags>,
  childSpecs: ChildSpecs,
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

function endOf(snapshot: Snapshot<unknown>): SupervisorEnd {
  if (snapshot.status === 'error') return { reason: 'error', cause: 'failed', error: snapshot.error };
  if (snapshot.status === 'done' && isEnd(snapshot.output)) return snapshot.output;
  return { reason: 'shutdown', cause: 'stopped' };
}

function isEnd(output: unknown): output is SupervisorEnd {
  return typeof output === 'object' && output !== null && 'reason' in output && 'cause' in output;
}
