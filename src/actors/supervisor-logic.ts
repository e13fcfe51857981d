// Owns the supervisor as XState actor logic: what an actor system sees of a supervisor. Custom logic, not a machine: its
// children are parent-linked actors in a map, and an event of a child costs the same with one child as with thousands.
// It must never hold state of its own besides the way from the actor to its core.

import type { ActorLogic, AnyActorRef, EventObject, Snapshot } from 'xstate';
import { type ChildSpec, type ChildStart, parseChildSpecs } from './supervisor-child-spec.ts';
import { SupervisorCore, type SupervisorEnd, type SupervisorEnvironment } from './supervisor-core.ts';
import { parseSupervisorFlags, type SupervisorFlags } from './supervisor-flags.ts';

const STOP_EVENT = 'xstate.stop';
const ENDED_EVENT = 'internal.supervisor-ended';
const SHUTDOWN_EVENT = Object.freeze({ type: 'supervisor.shutdown' } as const);

type EndOfChild = { readonly type: `xstate.${'done' | 'error'}.actor.${string}`; readonly actorId: string };

/** What a supervisor's actor takes: the request to end. The others are its own and XState's. */
export type SupervisorEvent =
  | { readonly type: 'supervisor.shutdown' }
  | { readonly type: typeof ENDED_EVENT; readonly end: SupervisorEnd }
  | { readonly type: typeof STOP_EVENT }
  | EndOfChild;

type SupervisorStatus =
  | { readonly status: 'active' | 'stopped'; readonly output: undefined; readonly error: undefined }
  | { readonly status: 'done'; readonly output: SupervisorEnd; readonly error: undefined };

export type SupervisorSnapshot = Snapshot<SupervisorEnd> & { readonly core: SupervisorCore };
export type SupervisorLogic = ActorLogic<SupervisorSnapshot, SupervisorEvent, unknown>;

const supervisorLogics = new WeakSet<object>();

/**
 * A supervisor as actor logic, for the child spec (type supervisor) of another one. The actor is done, with a
 * SupervisorEnd as its output, when it has given up or was sent `supervisor.shutdown`; both leave no child behind.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID for bad flags or specs.
 */
export function createSupervisorLogic(
  givenFlags: Partial<SupervisorFlags>,
  givenSpecs: readonly ChildSpec[],
  environment: SupervisorEnvironment,
): SupervisorLogic {
  const flags = parseSupervisorFlags(givenFlags);
  const specs = parseChildSpecs(givenSpecs, flags.autoShutdown);
  const logic: SupervisorLogic = {
    getInitialSnapshot: (scope) => {
      const { self } = scope;
      const body = {
        self,
        stopChild: (ref: AnyActorRef) => scope.stopChild(ref),
        shutdownEventOf,
        ended: (end: SupervisorEnd) => self.send({ type: ENDED_EVENT, end }),
      };
      return snapshotOf(new SupervisorCore(body, flags, environment), ACTIVE);
    },
    start: ({ core }) => core.startAll(specs),
    transition: (snapshot, event) => {
      const { core } = snapshot;
      switch (event.type) {
        case 'supervisor.shutdown':
          core.stop();
          return snapshot;
        case ENDED_EVENT:
          return snapshotOf(core, { status: 'done', output: event.end, error: undefined });
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

function isEndOfChild(event: EventObject): event is EndOfChild {
  return event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.');
}
