// Owns the supervisor as XState actor logic: what an actor system sees of a supervisor. Custom logic, not a machine: its
// children are parent-linked actors in a map, and an event of a child costs the same with one child as with thousands.
// It must never hold state of its own besides the way from the actor to its core.

import type { ActorLogic, AnyActorLogic, AnyActorRef, EventObject, Snapshot } from 'xstate';
import { type ChildSpec, type ChildStart, type CompleteChildSpec, parseChildSpecs } from './supervisor-child-spec.ts';
import { SupervisorCore, type SupervisorEnd, type SupervisorEnvironment } from './supervisor-core.ts';
import { SupervisorStartError, toRuntimeError } from './supervisor-errors.ts';
import { type ChildExit, NORMAL } from './supervisor-exit.ts';
import { parseSupervisorFlags, type SupervisorFlags } from './supervisor-flags.ts';

const STOP_EVENT = 'xstate.stop';
const ENDED_EVENT = 'internal.supervisor-ended';
const FAILED_EVENT = 'internal.supervisor-failed';
const SHUTDOWN_EVENT = Object.freeze({ type: 'supervisor.shutdown' } as const);

type EndOfChild = { readonly type: `xstate.${'done' | 'error'}.actor.${string}`; readonly actorId: string };

/** What a supervisor's actor takes: the request to end. The others are its own and XState's. */
export type SupervisorEvent =
  | { readonly type: 'supervisor.shutdown' }
  | { readonly type: typeof ENDED_EVENT; readonly end: SupervisorEnd }
  | { readonly type: typeof FAILED_EVENT; readonly error: unknown }
  | { readonly type: typeof STOP_EVENT }
  | EndOfChild;

type SupervisorStatus =
  | { readonly status: 'active' | 'stopped'; readonly output: undefined; readonly error: undefined }
  | { readonly status: 'done'; readonly output: SupervisorEnd; readonly error: undefined };

export type SupervisorSnapshot = Snapshot<SupervisorEnd> & { readonly core: SupervisorCore };
export type SupervisorLogic = ActorLogic<SupervisorSnapshot, SupervisorEvent, unknown>;

/** The specs of a supervisor's children, or what makes them, called at each start of the supervisor: OTP's `init`. */
export type ChildSpecs = readonly ChildSpec[] | (() => readonly ChildSpec[]);

const supervisorLogics = new WeakSet<object>();

/**
 * A supervisor as actor logic, for the child spec (type supervisor) of another one. The actor is done, with a
 * SupervisorEnd as its output, when it has given up or was sent `supervisor.shutdown`; both leave no child behind.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID for bad flags or specs; for specs made by a function, the actor's start
 * fails with it.
 */
export function createSupervisorLogic(
  givenFlags: Partial<SupervisorFlags>,
  givenSpecs: ChildSpecs,
  environment: SupervisorEnvironment,
): SupervisorLogic {
  const flags = parseSupervisorFlags(givenFlags);
  const specsNow = specSource(givenSpecs, flags);
  const logic: SupervisorLogic = {
    getInitialSnapshot: (scope) => {
      const { self } = scope;
      const body = {
        self,
        stopChild: (ref: AnyActorRef) => stopAnyway(ref, (child) => scope.stopChild(child)),
        shutdownEventOf,
        exitOfDone,
        ended: (end: SupervisorEnd) => self.send({ type: ENDED_EVENT, end }),
        failed: (error: unknown) => self.send({ type: FAILED_EVENT, error }),
      };
      return snapshotOf(new SupervisorCore(body, flags, environment), ACTIVE);
    },
    start: ({ core }) => core.startAll(specsNow()),
    transition: (snapshot, event) => {
      const { core } = snapshot;
      switch (event.type) {
        case 'supervisor.shutdown':
          core.stop();
          return snapshot;
        case ENDED_EVENT:
          return snapshotOf(core, { status: 'done', output: event.end, error: undefined });
        case FAILED_EVENT:
          core.kill();
          throw event.error;
        case STOP_EVENT:
          core.kill();
          return snapshotOf(core, { status: 'stopped', output: undefined, error: undefined });
        default:
          // Anybody can send an actor anything: what is no end of a child is passed over.
          if (isEndOfChild(event)) core.reportEnd(event.actorId);
          return snapshot;
      }
    },
    getPersistedSnapshot: () => ({ status: 'stopped', output: undefined, error: undefined }),
  };
  supervisorLogics.add(logic);
  return logic;
}

const ACTIVE: SupervisorStatus = { status: 'active', output: undefined, error: undefined };

function snapshotOf(core: SupervisorCore, status: SupervisorStatus): SupervisorSnapshot {
  return { ...status, core };
}

function shutdownEventOf(start: ChildStart): EventObject | undefined {
  return start.shutdownEvent ?? (supervisorLogics.has(start.logic) ? SHUTDOWN_EVENT : undefined);
}

// A parent takes the end of a supervisor as shutdown, as OTP's supervisors do; the detail is the cause.
function exitOfDone(logic: AnyActorLogic, output: unknown): ChildExit {
  if (!supervisorLogics.has(logic)) return NORMAL;
  const detail: unknown = typeof output === 'object' && output !== null ? Reflect.get(output, 'cause') : undefined;
  return { kind: 'shutdown', detail };
}

// A list is checked once and at once, what a function makes at each start.
function specSource(given: ChildSpecs, flags: SupervisorFlags): () => CompleteChildSpec[] {
  if (typeof given !== 'function') {
    const specs = parseChildSpecs(given, flags);
    return () => specs;
  }
  return () => {
    try {
      return parseChildSpecs(given(), flags);
    } catch (error) {
      throw new SupervisorStartError(toRuntimeError(error), Promise.resolve());
    }
  };
}

/** A child that is no child any more, or whose stop ends in an inspector's throw, must not stop its supervisor. */
function stopAnyway(ref: AnyActorRef, stop: (ref: AnyActorRef) => void): void {
  try {
    stop(ref);
  } catch {
    try {
      // What broke its link to the parent stands alone, and may be stopped by anybody.
      if (ref._parent === undefined && 'stop' in ref && typeof ref.stop === 'function') ref.stop();
    } catch {
      // Nothing more can be done about it; the supervisor takes it as ended.
    }
  }
}

function isEndOfChild(event: EventObject): event is EndOfChild {
  return event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.');
}
