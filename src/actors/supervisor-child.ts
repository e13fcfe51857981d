// Owns one child of a supervisor: making its actor, hearing of its end, ending it within its time.
// Ends are heard through an observer, since xstate.done.actor.* names the child by its id, which its successor has too,
// and does not come at all when it was stopped. They are dealt with when that event reaches the supervisor's mailbox.
// A child that has made itself unheard (it broke its link to the parent, or lost its observers) is not waited for: once
// it was stopped it counts as ended at the latest on the next turn.
// It must never decide whether the child comes back: that is the supervisor's.
//
//   none ──start──▶ running ──stop──▶ (stopping) ──▶ none
//     ▲               │ ended by itself, or by exit(): host.childEnded
//     └── restarting ◀┘ start failed; a wake-up tries again

import { type AnyActor, type AnyActorLogic, type AnyActorRef, createActor, type EventObject } from 'xstate';
import type { Clock, TimerHandle, TimerService } from '../domain/clock.ts';
import { type ChildStart, type CompleteChildSpec, parseChildStart } from './supervisor-child-spec.ts';
import { type ChildEnd, type ChildExit, exitOfError, KILLED, SHUTDOWN, statusOf } from './supervisor-exit.ts';

export type StartOutcome =
  | { readonly kind: 'started' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** How somebody else ends a child: `shutdown` asks it as its supervisor would, `kill` does not ask. */
export type ExitSignal = 'shutdown' | 'kill';

/** What a child needs of its supervisor. */
export interface ChildHost {
  readonly self: AnyActorRef;
  readonly clock: Clock;
  readonly timers: TimerService;
  /** Never throws. */
  stopChild(ref: AnyActorRef): void;
  /** The event that asks logic of this kind to end, where it needs no telling by the spec. */
  shutdownEventOf(start: ChildStart): EventObject | undefined;
  /** The exit reason of an actor of this logic that is done. */
  exitOfDone(logic: AnyActorLogic, output: unknown): ChildExit;
  /** A child that was not being stopped has ended. */
  childEnded(child: SupervisedChild, ref: AnyActorRef, end: ChildEnd): void;
  /** A child that was asked to end crashed instead, or had to be killed after its time. */
  stopFailed(child: SupervisedChild, end: ChildEnd): void;
}

/** One life of the child: from a start to an end. */
interface Life {
  readonly ref: AnyActor;
  readonly info: unknown;
  readonly shutdownEvent: EventObject | undefined;
  readonly startedMs: number;
  end: ChildEnd | undefined;
  /** What it threw. */
  failure: { readonly error: unknown } | undefined;
  /** Its end is dealt with on another turn: a child that always ends at once must not hold on to this one. */
  endedInStart: boolean;
  /** Asked to end, so that being done is no end of its own. */
  asked: boolean;
  killed: boolean;
  /** Set while the supervisor waits for the end. */
  ended: (() => void) | undefined;
  /** The limit of a stop, or the last look at a child that was stopped and not heard of. */
  limit: TimerHandle | undefined;
}

const NO_ARGS: readonly unknown[] = Object.freeze([]);

/** A child spec and the actor that currently stands for it, if any. */
export class SupervisedChild {
  readonly spec: CompleteChildSpec;
  /** The id of its actors. */
  readonly id: string;
  readonly #host: ChildHost;
  #args: readonly unknown[];
  #life: Life | undefined;
  #wakeUp: TimerHandle | undefined;
  #predecessor: AnyActorRef | undefined;

  constructor(spec: CompleteChildSpec, host: ChildHost, id: string = spec.id, args: readonly unknown[] = NO_ARGS) {
    this.spec = spec;
    this.id = id;
    this.#host = host;
    this.#args = args;
  }

  /** The actor; undefined when there is none. One that ended just now stays until the supervisor has dealt with it. */
  get ref(): AnyActorRef | undefined {
    return this.#life?.ref;
  }

  /** Whether its actor runs. */
  get alive(): boolean {
    return this.#life !== undefined && this.#life.end === undefined;
  }

  /** What its start gave besides the logic. */
  get info(): unknown {
    return this.#life?.info;
  }

  /** Whether it ended, could not be started again, and will be tried again. */
  get restarting(): boolean {
    return this.#wakeUp !== undefined;
  }

  /** Whether an actor is the one that runs, or the last one that did and is to be replaced. */
  isStoodForBy(ref: AnyActorRef): boolean {
    return this.#life?.ref === ref || this.#predecessor === ref;
  }

  /** Makes and starts a new actor. Never throws: whatever goes wrong in the start is the outcome. */
  start(): StartOutcome {
    this.#stopTrying();
    let life: Life;
    try {
      const made = parseChildStart(this.id, this.spec.start(...this.#args));
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
    if (life.failure !== undefined) return { kind: 'failed', error: life.failure.error };
    this.#life = life;
    this.#predecessor = undefined;
    // Never started again, so that what it was started with need not be kept.
    if (this.spec.restart === 'temporary') this.#args = NO_ARGS;
    const { end } = life;
    if (end !== undefined) {
      life.endedInStart = true;
      this.#at(0, () => this.#host.childEnded(this, life.ref, end));
    }
    return { kind: 'started' };
  }

  /** Ends the running actor; undefined when that is done, a promise when the actor takes its time. Never rejects. */
  stop(): Promise<void> | undefined {
    this.#stopTrying();
    this.#predecessor = undefined;
    const life = this.#life;
    if (life === undefined) return undefined;
    if (life.end !== undefined) {
      this.#life = undefined;
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const { shutdownMs } = this.spec;
    life.ended = () => {
      if (this.#life === life) this.#life = undefined;
      const kind = life.end?.exit.kind;
      if (life.end !== undefined && (kind === 'error' || (kind === 'killed' && shutdownMs !== 'brutal_kill'))) {
        this.#host.stopFailed(this, life.end);
      }
      resolve();
    };
    if (shutdownMs === 'brutal_kill') this.#kill(life);
    else {
      this.#ask(life);
      if (this.#life === life && life.limit === undefined && typeof shutdownMs === 'number') {
        life.limit = this.#at(shutdownMs, () => this.#kill(life));
      }
    }
    // Most actors end within the call; a promise would cost a turn for each.
    return this.#life === life ? promise : undefined;
  }

  /** Ends the running actor as by itself: what follows is up to its restart type. Harmless when there is none. */
  exit(signal: ExitSignal): void {
    const life = this.#life;
    if (life === undefined || life.end !== undefined) return;
    if (signal === 'kill') this.#kill(life);
    else this.#ask(life);
  }

  /** Stops the actor at once, whatever time its spec gives it, and for good. */
  kill(): void {
    this.#stopTrying();
    const life = this.#life;
    this.forget();
    if (life === undefined) return;
    if (life.end === undefined) this.#host.stopChild(life.ref);
    this.#dropLimit(life);
    life.ended?.();
  }

  /** The supervisor's mailbox has the event of an end under this child's id. */
  reportEnd(): void {
    const life = this.#life;
    if (life === undefined) return;
    if (life.end === undefined) this.#noticeEnd(life);
    if (this.#life === life && life.end !== undefined && !life.endedInStart) {
      this.#host.childEnded(this, life.ref, life.end);
    }
  }

  /** Lets go of an actor that has ended. */
  forget(): void {
    this.#predecessor = this.#life?.ref;
    this.#life = undefined;
  }

  /** Marks the child as restarting and calls back on another turn, unless it is started or stopped before. */
  tryAgain(callback: () => void): void {
    this.#stopTrying();
    this.#wakeUp = this.#at(0, callback);
  }

  #begin(made: ChildStart): Life {
    const { logic, input, systemId, info } = made;
    const base = { id: this.id, parent: this.#host.self, input };
    const ref = createActor(logic, systemId === undefined ? base : { ...base, systemId });
    const life: Life = {
      ref,
      info,
      shutdownEvent: this.#host.shutdownEventOf(made),
      startedMs: this.#host.clock.monotonicMs(),
      end: undefined,
      failure: undefined,
      endedInStart: false,
      asked: false,
      killed: false,
      ended: undefined,
      limit: undefined,
    };
    ref.subscribe({
      complete: () => {
        const isDone = statusOf(ref) === 'done';
        this.#hear(life, isDone ? this.#exitOfDone(life) : exitOfStop(life), isDone);
      },
      error: (error: unknown) => {
        life.failure = { error };
        this.#hear(life, exitOfError(error), true);
      },
    });
    return life;
  }

  #exitOfDone({ asked, ref }: Life): ChildExit {
    return asked ? SHUTDOWN : this.#host.exitOfDone(ref.logic, ref.getSnapshot().output);
  }

  // `relayed`: an event of the end is on its way to the supervisor's mailbox.
  #hear(life: Life, exit: ChildExit, relayed: boolean): void {
    if (life.end !== undefined) return;
    life.end = { exit, livedMs: this.#host.clock.monotonicMs() - life.startedMs };
    this.#dropLimit(life);
    if (life.ended !== undefined) life.ended();
    else if (!relayed && this.#life === life) this.#host.childEnded(this, life.ref, life.end);
  }

  // An end that the observer did not hear of.
  #noticeEnd(life: Life): void {
    const status = statusOf(life.ref);
    if (status === 'done') this.#hear(life, this.#exitOfDone(life), true);
    else if (status === 'error') this.#hear(life, exitOfError(life.ref.getSnapshot().error), true);
    else if (status === 'stopped') this.#hear(life, exitOfStop(life), true);
  }

  #ask(life: Life): void {
    life.asked = true;
    // It may have ended unheard, and would not answer.
    if (life.ended !== undefined) this.#noticeEnd(life);
    if (life.end !== undefined) return;
    if (life.shutdownEvent === undefined) this.#stopActor(life);
    else {
      try {
        life.ref.send(life.shutdownEvent);
      } catch {
        this.#stopActor(life);
      }
    }
  }

  #kill(life: Life): void {
    life.killed = true;
    this.#stopActor(life);
  }

  // An actor in the middle of an event stops right after it, so that on the next turn there is nothing to wait for.
  #stopActor(life: Life): void {
    this.#dropLimit(life);
    this.#host.stopChild(life.ref);
    if (life.end === undefined) {
      life.limit = this.#at(0, () => this.#hear(life, exitOfStop(life), false));
    }
  }

  #dropLimit(life: Life): void {
    if (life.limit !== undefined) this.#host.timers.cancel(life.limit);
    life.limit = undefined;
  }

  #stopTrying(): void {
    if (this.#wakeUp !== undefined) this.#host.timers.cancel(this.#wakeUp);
    this.#wakeUp = undefined;
  }

  #at(delayMs: number, callback: () => void): TimerHandle {
    return this.#host.timers.schedule(this.#host.clock.now() + delayMs, callback);
  }
}

function exitOfStop({ killed }: Life): ChildExit {
  return killed ? KILLED : SHUTDOWN;
}
