// Owns the public way to start a supervisor without building an engine: it supplies real time.
// All supervisors started here share one timer service; it holds a timer only while one of them waits for something.
// It must never carry rules of supervision: those are in src/actors.

import { type ActorSupervisor, type SupervisorOptions, startSupervisor as startIn } from '../actors/supervisor.ts';
import { type ChildSpec, parseChildSpecs } from '../actors/supervisor-child-spec.ts';
import { parseSupervisorFlags, type SupervisorFlags } from '../actors/supervisor-flags.ts';
import { type ChildSpecs, createSupervisorLogic, type SupervisorLogic } from '../actors/supervisor-logic.ts';
import { SystemTimers } from './system-timers.ts';

let sharedTimers: SystemTimers | undefined;

/**
 * Starts a supervisor and its children, in order, on real time.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID or SUPERVISOR_START_FAILED; nothing is left running then.
 */
export function startSupervisor(
  flags: Partial<SupervisorFlags>,
  childSpecs: ChildSpecs,
  options: Partial<SupervisorOptions> = {},
): ActorSupervisor {
  return startIn(flags, childSpecs, { ...realTime(), ...options });
}

/**
 * A supervisor as actor logic on real time, for a child spec of type supervisor.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID
 */
export function supervisorLogic(flags: Partial<SupervisorFlags>, childSpecs: ChildSpecs): SupervisorLogic {
  return createSupervisorLogic(flags, childSpecs, realTime());
}

/**
 * Checks the specs of a supervisor with these flags without starting anything.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID
 */
export function checkChildSpecs(flags: Partial<SupervisorFlags>, childSpecs: readonly ChildSpec[]): void {
  parseChildSpecs(childSpecs, parseSupervisorFlags(flags));
}

function realTime(): { readonly clock: SystemTimers; readonly timers: SystemTimers } {
  sharedTimers ??= new SystemTimers();
  return { clock: sharedTimers, timers: sharedTimers };
}
