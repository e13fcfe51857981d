// Owns the errors of supervisors: refused requests about a child, and starts that failed, with what to do about them.
// It must never decide whether a request is refused.

import type { AnyActorRef } from 'xstate';
import { isRuntimeError, messageOf, RuntimeError } from '../domain/runtime-error.ts';

/** Why a request about a child was refused; `details.reason` of SUPERVISOR_CHILD. */
export type ChildRefusal =
  | 'already_started'
  | 'already_present'
  | 'running'
  | 'restarting'
  | 'not_found'
  | 'simple_one_for_one'
  | 'busy'
  | 'noproc';

/** A child did not start, so the supervisor did not either. */
export class SupervisorStartError extends RuntimeError {
  /** Resolves when the children started before the failing one are gone. */
  readonly stopped: Promise<void>;

  constructor(error: RuntimeError, stopped: Promise<void>) {
    super(error.code, error.message, { cause: error.cause, details: error.details });
    this.stopped = stopped;
  }
}

const REFUSALS: Readonly<Record<ChildRefusal, (id: string) => string>> = {
  already_started: (id) => `child '${id}' is running already; it is details.child`,
  already_present: (id) => `child '${id}' is there but not running; use restartChild, or deleteChild first`,
  running: (id) => `child '${id}' is running; use terminateChild first`,
  restarting: (id) => `child '${id}' is being restarted; use terminateChild to end that`,
  not_found: (id) => `there is no child '${id}'`,
  simple_one_for_one: (id) => `its children have no ids, so '${id}' names none; give the actor to terminateChild`,
  busy: () => 'it is in the middle of something that must not be overtaken; use startChild, which waits',
  noproc: () => 'it has ended and takes no requests; start a new one',
};

/** An error of any kind as one with a code. */
export function toRuntimeError(error: unknown): RuntimeError {
  if (isRuntimeError(error)) return error;
  return new RuntimeError('SUPERVISOR_START_FAILED', `the supervisor did not start: ${messageOf(error)}`, {
    cause: error,
  });
}

/** The error of a child that could not be started. */
export function startFailed(supervisor: string, child: string, error: unknown): RuntimeError {
  return new RuntimeError(
    'SUPERVISOR_START_FAILED',
    `supervisor '${supervisor}': child '${child}' did not start: ${messageOf(error)}`,
    { details: { supervisor, child }, cause: error },
  );
}

/** The error of a request that was refused; `child` is the actor in its way. */
export function refusalOf(supervisor: string, reason: ChildRefusal, id?: string, child?: AnyActorRef): RuntimeError {
  return new RuntimeError('SUPERVISOR_CHILD', `supervisor '${supervisor}': ${REFUSALS[reason](id ?? '')}`, {
    details: { supervisor, reason, ...(id === undefined ? {} : { id }), ...(child === undefined ? {} : { child }) },
  });
}
