// Owns the one way in which tests make an actor end with an error from outside, whatever logic it runs.
// It must never know what is to follow from that.

import type { AnyActorRef } from 'xstate';

/** Sends an actor an event that throws when it is read; `name` says in the error whose fault it is. */
export function crashActor(actor: AnyActorRef | undefined, name: string): void {
  if (actor === undefined) throw new Error(`there is no actor ${name} to crash`);
  actor.send({
    get type(): string {
      throw new Error(`injected fault in ${name}`);
    },
  });
}
