// Owns what a supervisor's core and its set of children say to each other, whatever the strategy. There are two kinds of
// set: supervisor-listed-children.ts (each child with a spec of its own, in order) and supervisor-dynamic-children.ts
// (simple_one_for_one: any number of children from one template).
// It must never hold state.

import type { AnyActorRef } from 'xstate';
import type { RuntimeError } from '../domain/runtime-error.ts';
import type { ChildHost, StartOutcome, SupervisedChild } from './supervisor-child.ts';
import type { ChildType, CompleteChildSpec } from './supervisor-child-spec.ts';
import type { ChildRefusal } from './supervisor-errors.ts';
import type { ChildEnd } from './supervisor-exit.ts';
import type { SupervisorFlags } from './supervisor-flags.ts';

/** One line of `whichChildren`. */
export interface ChildInfo {
  /** Undefined for the children of a simple_one_for_one supervisor. */
  readonly id: string | undefined;
  readonly child: AnyActorRef | 'restarting' | undefined;
  readonly type: ChildType;
  /** What the child's start gave as `info`, if it did. */
  readonly info?: unknown;
}

/**
 * Figures of `countChildren`: specs, running actors, and children of each type, running or not. A simple_one_for_one
 * supervisor has one spec.
 */
export interface ChildCounts {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** What a set of children needs of the supervisor's core. */
export interface RosterFrame {
  readonly host: ChildHost;
  readonly flags: SupervisorFlags;
  /** Whether the supervisor neither ends nor has ended. */
  isRunning(): boolean;
  /** Starts a child, and stops it again when the supervisor was ended meanwhile. */
  begin(child: SupervisedChild): StartOutcome;
  /** A child did not start in a restart: the restart is tried again on another turn. */
  tryAgain(child: SupervisedChild, error: unknown): void;
  /** A restart is complete. */
  restarted(culprit: SupervisedChild, end: ChildEnd, children: readonly SupervisedChild[]): void;
  refusal(reason: ChildRefusal, id?: string, ref?: AnyActorRef): RuntimeError;
  startFailure(id: string, error: unknown): RuntimeError;
}

/** What names a child in a request: its id, or the actor that stands for it. */
export type ChildTarget = string | AnyActorRef;

/** A set of children under one strategy. What takes time gives a promise, what does not undefined. */
export interface ChildRoster {
  /** @throws RuntimeError SUPERVISOR_START_FAILED */
  startAll(): void;
  stopAll(): Promise<void> | undefined;
  /** Ends every child at once, without asking. */
  killAll(): void;
  /** Starts the child anew, with those that the strategy wants started with it. */
  restart(child: SupervisedChild, end: ChildEnd): Promise<void> | undefined;
  /** The child has ended, or was terminated, and is not restarted. */
  release(child: SupervisedChild): void;
  /** Whether a significant child runs or is being restarted. */
  hasSignificantLeft(): boolean;
  /** The child whose actor has that id. */
  findActor(actorId: string): SupervisedChild | undefined;

  /** The child to terminate or to send an exit signal to; undefined when it has ended. @throws SUPERVISOR_CHILD */
  find(target: ChildTarget): SupervisedChild | undefined;
  /** A spec, or arguments for the template. @throws SUPERVISOR_SPEC_INVALID, SUPERVISOR_CHILD, SUPERVISOR_START_FAILED */
  add(given: readonly unknown[]): AnyActorRef | undefined;
  restartStopped(id: string): AnyActorRef | undefined;
  remove(id: string): void;
  specOf(target: ChildTarget): CompleteChildSpec;
  which(): ChildInfo[];
  counts(): ChildCounts;
  /** The ids of the children's actors, in start order, at most `limit`. */
  ids(limit: number): { readonly ids: string[]; readonly total: number };
}

/**
 * The child that an actor stands for; undefined for an actor that has ended, or that stood for a child of this
 * supervisor once.
 * @throws SUPERVISOR_CHILD not_found for any other
 */
export function findByActor(
  ref: AnyActorRef,
  children: ReadonlyMap<string, SupervisedChild>,
  frame: RosterFrame,
): SupervisedChild | undefined {
  const child = children.get(ref.id);
  if (child?.isStoodForBy(ref) === true) return child;
  if (ref._parent === frame.host.self || ref.getSnapshot().status !== 'active') return undefined;
  throw frame.refusal('not_found', ref.id);
}

/** A child as a line of `whichChildren`. */
export function infoOf(child: SupervisedChild, id: string | undefined): ChildInfo {
  const { ref, restarting, info, spec } = child;
  const line = { id, child: restarting ? 'restarting' : ref, type: spec.type } as const;
  return info === undefined ? line : { ...line, info };
}
