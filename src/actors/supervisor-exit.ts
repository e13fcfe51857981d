// Owns the reasons for which a supervised actor ends, in OTP's words, and how XState's ends are read as them:
//
//   done                       normal      (of a nested supervisor: shutdown, with its cause as the detail)
//   stopped                    shutdown
//   error, a PlannedShutdown   shutdown, with its reason as the detail: OTP's {shutdown, Term}
//   error, anything else       error       abnormal
//   killed by request or limit killed      abnormal
//
// It must never decide what follows from a reason: that is the supervisor's.
// Source of the words: erlang/otp, supervisor(3), "restart" in the child specification.

import type { AnyActorRef } from 'xstate';

const BRAND = Symbol.for('yardmaster.PlannedShutdown');

/** How an actor ended. Abnormal are error and killed, and nothing else. */
export type ChildExit =
  | { readonly kind: 'normal' }
  | { readonly kind: 'shutdown'; readonly detail?: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'killed' };

/** The end of one life of a child, or of one try to start it again. */
export interface ChildEnd {
  readonly exit: ChildExit;
  /** From start to end; 0 for a start that failed. */
  readonly livedMs: number;
}

/**
 * Thrown (or rejected with) by an actor that ends on purpose: no crash. A supervisor takes it as OTP's `shutdown`, or
 * `{shutdown, reason}` when a reason is given: a transient child is not restarted, a permanent one is.
 * @example throw new PlannedShutdown('nothing left to do')
 */
export class PlannedShutdown extends Error {
  override readonly name: string = 'PlannedShutdown';
  readonly reason: unknown;
  readonly [BRAND] = true;

  constructor(reason?: unknown) {
    super(typeof reason === 'string' ? `planned shutdown: ${reason}` : 'planned shutdown');
    this.reason = reason;
  }
}

export const NORMAL: ChildExit = Object.freeze({ kind: 'normal' });
export const SHUTDOWN: ChildExit = Object.freeze({ kind: 'shutdown' });
export const KILLED: ChildExit = Object.freeze({ kind: 'killed' });

/** The status of an actor's snapshot, which logic of its own kind may have left in any shape. */
export function statusOf(ref: AnyActorRef): unknown {
  return Reflect.get(Object(ref.getSnapshot()), 'status');
}

/** The reason behind an error that an actor ended with; a PlannedShutdown of another copy of the package counts too. */
export function exitOfError(error: unknown): ChildExit {
  if (typeof error !== 'object' || error === null || !(BRAND in error)) return { kind: 'error', error };
  const detail: unknown = Reflect.get(error, 'reason');
  return detail === undefined ? SHUTDOWN : { kind: 'shutdown', detail };
}

/** Whether a transient child comes back after it. */
export function isAbnormal(exit: ChildExit): boolean {
  return exit.kind === 'error' || exit.kind === 'killed';
}
