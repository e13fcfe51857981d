// Owns one child of a supervisor: making its actor, hearing of its end, ending it within its time.
// Ends are heard through an observer, since xstate.done.actor.* names the child by its id, which its successor has too,
// and does not come at all when it was stopped. They are dealt with when that event reaches the supervisor's mailbox.
// It must never decide whether the child comes back: that is the supervisor's.
//
//   none ──start──▶ running ──stop──▶ (stopping) ──▶ none
//     ▲               │ ended by itself: host.childEnded
//     └── restarting ◀┘ start failed; a wake-up tries again

import { type AnyActor, type AnyActorRef, createActor, type EventObject } from 'xstate';
import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { type ChildStart, type CompleteChildSpec, parseChildStart } from './supervisor-child-spec.ts';

/** How an actor ended: done, stopped, or with an error. */
export type ChildEnd =
  | { readonly kind: 'normal' }
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'error'; readonly error: unknown };

export type StartOutcome =
  | { readonly kind: 'started' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** What a child needs of its supervisor. */
export interface ChildHost {
  readonly self: AnyActorRef;
  readonly clock: Clock;
  readonly timers: TimerService;
  stopChild(ref: AnyActorRef): void;
  /** The event that asks logic of this kind to end, where it needs no telling by the spec. */
  shutdownEventOf(start: ChildStart): EventObject | undefined;
  /** A child that was not being stopped has ended. */
  childEnded(child: SupervisedChild, ref: AnyActorRef, end: ChildEnd): void;
}

/** One life of the child: from a start to an end. */
interface Life {
  readonly ref: AnyActor;
  readonly shutdownEvent: EventObject | undefined;
  starting: boolean;
  end: ChildEnd | undefined;
  /** Its end is dealt with on another turn: a child that always ends at once must not hold on to this one. */
  endedInStart: boolean;
  /** Set while the supervisor waits for the end. */
  ended: (() => void) | undefined;
}

/** A child spec and the actor that currently stands for it, if any. */
export class SupervisedChild {
  readonly spec: CompleteChildSpec;
  readonly #host: ChildHost;
  #life: Life | undefined;
  #wakeUp: TimerHandle | undefined;

  constructor(spec: CompleteChildSpec, host: ChildHost) {
    this.spec = spec;
    this.#host = host;
  }

  /** The running actor; undefined when there is none, or none any more. */
  get ref(): AnyActorRef | undefined {
    return this.#life?.ref;
  }

  /** Whether it ended, could not be started again, and will be tried again. */
  get restarting(): boolean {
    return this.#wakeUp !== undefined;
  }

  /** Makes and starts a new actor. Never throws: whatever goes wrong in the start is the outcome. */
  start(): StartOutcome {
    this.#stopTrying();
    let life: Life;
    try {
      const made = parseChildStart(this.spec.id, this.spec.start());
      if (made === 'ignore') return { kind: 'ignored' };
      life = this.#begin(made);
    } catch (error) {
      return { kind: 'failed', error };
    }
    try {
      life.ref.start();
    } catch (error) {
      this.#host.stopChild(life.ref);
      return { kind: 'failed', error };
    }
    life.starting = false;
    const { end } = life;
    if (end?.kind === 'error') return { kind: 'failed', error: end.error };
    this.#life = life;
    if (end !== undefined) {
      life.endedInStart = true;
      this.#soon(() => this.#host.childEnded(this, life.ref, end));
    }
    return { kind: 'started' };
  }

  /** Ends the running actor; undefined when that is done, a promise when the actor takes its time. Never rejects. */
  stop(): Promise<void> | undefined {
    this.#stopTrying();
    const life = this.#life;
    if (life === undefined) return undefined;
    if (life.end !== undefined) {
      this.forget();
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    let limit: TimerHandle | undefined;
    life.ended = () => {
      if (limit !== undefined) this.#host.timers.cancel(limit);
      this.forget();
      resolve();
    };
    if (life.shutdownEvent === undefined || this.spec.shutdownMs === 'brutal_kill') {
      this.#host.stopChild(life.ref);
    } else {
      life.ref.send(life.shutdownEvent);
      if (this.#life === life && typeof this.spec.shutdownMs === 'number') {
        limit = this.#at(this.spec.shutdownMs, () => this.#host.stopChild(life.ref));
      }
    }
    // Most actors end within the call; a promise would cost a turn for each.
    return this.#life === life ? promise : undefined;
  }

  /** Stops the actor at once, whatever time its spec gives it. */
  kill(): void {
    this.#stopTrying();
    const life = this.#life;
    this.forget();
    if (life !== undefined && life.end === undefined) this.#host.stopChild(life.ref);
  }

  /** The supervisor's mailbox has the event of an end under this child's id. */
  reportEnd(): void {
    const life = this.#life;
    if (life?.end !== undefined && !life.endedInStart) this.#host.childEnded(this, life.ref, life.end);
  }

  /** Lets go of an actor that has ended. */
  forget(): void {
    this.#life = undefined;
  }

  /** Marks the child as restarting and calls back on another turn, unless it is started or stopped before. */
  tryAgain(callback: () => void): void {
    this.#stopTrying();
    this.#wakeUp = this.#soon(callback);
  }

  #begin(made: ChildStart): Life {
    const { logic, input, systemId } = made;
    const base = { id: this.spec.id, parent: this.#host.self, input };
    const ref = createActor(logic, systemId === undefined ? base : { ...base, systemId });
    const shutdownEvent = this.#host.shutdownEventOf(made);
    const life: Life = { ref, shutdownEvent, starting: true, end: undefined, endedInStart: false, ended: undefined };
    ref.subscribe({
      complete: () => this.#hear(life, { kind: ref.getSnapshot().status === 'done' ? 'normal' : 'shutdown' }),
      error: (error: unknown) => this.#hear(life, { kind: 'error', error }),
    });
    return life;
  }

  #hear(life: Life, end: ChildEnd): void {
    if (life.end !== undefined) return;
    life.end = end;
    if (life.ended !== undefined) life.ended();
    else if (end.kind === 'shutdown' && !life.starting && this.#life === life) {
      this.#host.childEnded(this, life.ref, end);
    }
  }

  #stopTrying(): void {
    if (this.#wakeUp !== undefined) this.#host.timers.cancel(this.#wakeUp);
    this.#wakeUp = undefined;
  }

  #soon(callback: () => void): TimerHandle {
    return this.#at(0, callback);
  }

  #at(delayMs: number, callback: () => void): TimerHandle {
    return this.#host.timers.schedule(this.#host.clock.now() + delayMs, callback);
  }
}
