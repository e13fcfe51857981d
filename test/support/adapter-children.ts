// Owns the children of the supervisor adapter: actors that end the way a test says, and the log of what they did, in order.
// Each is asked to end with an event, so that a stop without asking is seen as what it is, a kill.
// It must never know what a supervisor is to do with a child.

import type { ActorLogic, AnyActorRef, Snapshot } from 'xstate';
import type { ChildStart } from '../../src/actors/supervisor-child-spec.ts';
import { PlannedShutdown } from '../../src/actors/supervisor-exit.ts';
import type { Clock, TimerService } from '../../src/domain/clock.ts';

/** How a child ends by itself; `{ shutdown: x }` is OTP's {shutdown, x}. */
export type OwnExit = 'normal' | 'shutdown' | 'error' | { readonly shutdown: unknown };

type ChildEvent =
  | { type: 'child.exit'; how: OwnExit }
  | { type: 'child.shutdown' }
  | { type: 'child.cleaned-up' }
  | { type: 'xstate.stop' };
type ChildLogic = ActorLogic<Snapshot<string>, ChildEvent, unknown>;

/** One line of the log. */
export interface ChildEntry {
  readonly event: 'start' | 'stop';
  readonly id: string;
  readonly ref: AnyActorRef;
  /** Of a stop. */
  readonly reason?: string;
}

export class AdapterChildren {
  readonly entries: ChildEntry[] = [];
  readonly #time: Clock & TimerService;
  readonly #failures = new Map<string, number>();
  readonly #failed = new Map<string, number>();
  readonly #hangs = new Map<string | AnyActorRef, number>();
  readonly #alive = new WeakSet<AnyActorRef>();
  #hangOfAllMs: number | undefined;

  constructor(time: Clock & TimerService) {
    this.#time = time;
  }

  failNextStarts(id: string, count: number): void {
    this.#failures.set(id, count);
  }

  /** How many starts of the child have failed as told. */
  failedStarts(id: string): number {
    return this.#failed.get(id) ?? 0;
  }

  /** From now on; without `whom` every child that has no time of its own. */
  hangOnStop(ms: number, whom?: string | AnyActorRef): void {
    if (whom === undefined) this.#hangOfAllMs = ms;
    else this.#hangs.set(whom, ms);
  }

  isAlive(ref: AnyActorRef): boolean {
    return this.#alive.has(ref);
  }

  exit(ref: AnyActorRef, how: OwnExit): void {
    if (this.isAlive(ref)) ref.send({ type: 'child.exit', how });
  }

  /** What a spec's start gives for a child under control. @throws Error when it is to fail */
  begin(id: string, info?: unknown): ChildStart {
    const failures = this.#failures.get(id) ?? 0;
    if (failures > 0) {
      this.#failures.set(id, failures - 1);
      this.#failed.set(id, this.failedStarts(id) + 1);
      throw new Error(`${id} cannot start`);
    }
    const made = { logic: this.#logic(id), shutdownEvent: { type: 'child.shutdown' } };
    return info === undefined ? made : { ...made, info };
  }

  #logic(id: string): ChildLogic {
    return {
      getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
      getPersistedSnapshot: (snapshot) => snapshot,
      start: (_snapshot, { self }) => {
        this.#alive.add(self);
        this.entries.push({ event: 'start', id, ref: self });
      },
      transition: (snapshot, event, { self }) => {
        switch (event.type) {
          case 'xstate.stop':
            this.#end(id, self, 'killed');
            return { status: 'stopped', output: undefined, error: undefined };
          case 'child.shutdown':
            return this.#cleanUp(id, self) ? DONE : snapshot;
          case 'child.cleaned-up':
            this.#end(id, self, 'shutdown');
            return DONE;
          case 'child.exit':
            return this.#leave(id, self, event.how);
          default:
            return snapshot;
        }
      },
    };
  }

  // Whether it is done already.
  #cleanUp(id: string, self: AnyActorRef): boolean {
    const hangMs = this.#hangs.get(self) ?? this.#hangs.get(id) ?? this.#hangOfAllMs ?? 0;
    if (hangMs <= 0) {
      this.#end(id, self, 'shutdown');
      return true;
    }
    if (Number.isFinite(hangMs)) {
      this.#time.schedule(this.#time.now() + hangMs, () => {
        if (this.isAlive(self)) self.send({ type: 'child.cleaned-up' });
      });
    }
    return false;
  }

  #leave(id: string, self: AnyActorRef, how: OwnExit): Snapshot<string> {
    const detail = typeof how === 'object' ? how.shutdown : undefined;
    this.#end(id, self, typeof how === 'object' ? `{shutdown,${String(detail)}}` : how);
    if (how === 'normal') return DONE;
    throw how === 'error' ? new Error(`${id} crashed`) : new PlannedShutdown(detail);
  }

  #end(id: string, ref: AnyActorRef, reason: string): void {
    this.#alive.delete(ref);
    this.entries.push({ event: 'stop', id, ref, reason });
  }
}

const DONE: Snapshot<string> = Object.freeze({ status: 'done', output: 'done', error: undefined });
