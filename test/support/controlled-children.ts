// Owns the children of supervisor tests: actors that end the way a test says, and a log of what happened in order.

import type { ActorLogic, AnyActorRef, Snapshot } from 'xstate';
import type { ChildSpec } from '../../src/actors/supervisor-child-spec.ts';
import type { ManualTimers } from './manual-timers.ts';

type ChildEvent =
  | { type: 'child.exit'; how: 'normal' | 'error' }
  | { type: 'child.shutdown' }
  | { type: 'xstate.stop' };
type ChildLogic = ActorLogic<Snapshot<string>, ChildEvent, unknown>;

/** How a child may leave by itself; 'shutdown' is a stop that the supervisor did not ask for. */
export type Exit = 'normal' | 'shutdown' | 'error';

export class ControlledChildren {
  /** `start a`, `fail a`, `stop a shutdown`, `stop a killed`, `exit a normal`, … in the order in which they happened. */
  readonly log: string[] = [];
  readonly #timers: ManualTimers;
  readonly #failures = new Map<string, number>();
  readonly #ignored = new Set<string>();
  readonly #hangs = new Map<string, number>();

  constructor(timers: ManualTimers) {
    this.#timers = timers;
  }

  /** A spec for a child under this control. */
  spec(id: string, more: Partial<ChildSpec> = {}): ChildSpec {
    return { id, ...more, start: () => this.#begin(id) };
  }

  /** The next `count` starts of the child fail; Infinity: all. */
  failNextStarts(id: string, count: number): void {
    this.#failures.set(id, count);
  }

  /** Starts of the child answer 'ignore'. */
  ignoreStarts(id: string): void {
    this.#ignored.add(id);
  }

  /** From its next start on, the child needs this long to end when it is asked to; Infinity: it never does. */
  hangOnStop(id: string, ms: number): void {
    this.#hangs.set(id, ms);
  }

  /** Ends a child from the inside, or, for shutdown, behind the supervisor's back. */
  exit(ref: AnyActorRef | undefined, how: Exit): void {
    if (ref === undefined) throw new Error('the child to end is not running');
    if (how !== 'shutdown') {
      ref.send({ type: 'child.exit', how });
      return;
    }
    // XState lets only a parent stop a child; its own internal way is what an outsider could get hold of.
    const stop: unknown = Reflect.get(ref, '_stop');
    if (typeof stop !== 'function') throw new Error('XState has renamed its internal stop');
    Reflect.apply(stop, ref, []);
  }

  /** The log since the last call. */
  takeLog(): string[] {
    return this.log.splice(0);
  }

  #begin(id: string): ReturnType<ChildSpec['start']> {
    const failures = this.#failures.get(id) ?? 0;
    if (failures > 0) {
      this.#failures.set(id, failures - 1);
      this.log.push(`fail ${id}`);
      throw new Error(`${id} cannot start`);
    }
    if (this.#ignored.has(id)) return 'ignore';
    const hangMs = this.#hangs.get(id);
    const logic = this.#logic(id, hangMs);
    return hangMs === undefined ? { logic } : { logic, shutdownEvent: { type: 'child.shutdown' } };
  }

  #logic(id: string, hangMs: number | undefined): ChildLogic {
    return {
      getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
      start: () => void this.log.push(`start ${id}`),
      getPersistedSnapshot: (snapshot) => snapshot,
      transition: (snapshot, event, { self }) => {
        switch (event.type) {
          case 'xstate.stop':
            this.log.push(`stop ${id} ${hangMs === undefined ? 'shutdown' : 'killed'}`);
            return { status: 'stopped', output: undefined, error: undefined };
          case 'child.shutdown':
            if (hangMs !== undefined && Number.isFinite(hangMs)) {
              this.#timers.schedule(this.#timers.now() + hangMs, () =>
                self.send({ type: 'child.exit', how: 'normal' }),
              );
            }
            return snapshot;
          case 'child.exit':
            this.log.push(`exit ${id} ${event.how}`);
            if (event.how === 'error') throw new Error(`${id} crashed`);
            return { status: 'done', output: id, error: undefined };
          default:
            return snapshot;
        }
      },
    };
  }
}
