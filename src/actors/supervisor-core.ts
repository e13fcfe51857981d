// Owns the order and the fate of a supervisor's children: start in order, restart by strategy within the intensity,
// stop in reverse order, and the requests of people about single children.
// Everything that changes children is an operation, and operations run one after another, as messages of an OTP
// supervisor do: one that waits for a child to end holds up the others. A failed restart is tried again on a turn of
// its own, so that requests, a stop above all, come in between.
// Source of the rules: erlang/otp lib/stdlib/src/supervisor.erl (OTP 25).
//
//   running ──stop | gave up | auto-shutdown──▶ stopping ──all children gone──▶ ended

import type { AnyActorRef, EventObject } from 'xstate';
import type { Clock, TimerService } from '../domain/clock.ts';
import type { EventSink } from '../domain/events.ts';
import { assertNever, type RuntimeError } from '../domain/runtime-error.ts';
import { serializeError } from '../domain/serialized-error.ts';
import { RestartIntensity } from './restart-intensity.ts';
import { type ChildEnd, type ChildHost, SupervisedChild } from './supervisor-child.ts';
import type { ChildSpec, ChildStart, ChildType, CompleteChildSpec } from './supervisor-child-spec.ts';
import { parseChildSpec } from './supervisor-child-spec.ts';
import { type ChildRefusal, refusalOf, SupervisorStartError, startFailed } from './supervisor-errors.ts';
import type { SupervisorFlags } from './supervisor-flags.ts';

/** What a supervisor is given from outside; the composition root supplies time and the event sink. */
export interface SupervisorEnvironment {
  readonly clock: Clock;
  readonly timers: TimerService;
  readonly events?: EventSink;
}

/** How a supervisor ended: always with OTP's reason shutdown; `cause` says why. */
export interface SupervisorEnd {
  readonly reason: 'shutdown';
  readonly cause: 'stopped' | 'intensity' | 'auto_shutdown';
  /** What the child last failed with, when the supervisor gave up. */
  readonly error?: unknown;
}

/** One line of `whichChildren`. */
export interface ChildInfo {
  readonly id: string;
  readonly child: AnyActorRef | 'restarting' | undefined;
  readonly type: ChildType;
}

/** Figures of `countChildren`: specs, running actors, and specs of each type. */
export interface ChildCounts {
  readonly specs: number;
  readonly active: number;
  readonly supervisors: number;
  readonly workers: number;
}

/** The supervisor's own actor, as far as the core needs it. */
export interface SupervisorBody {
  readonly self: AnyActorRef;
  stopChild(ref: AnyActorRef): void;
  shutdownEventOf(start: ChildStart): EventObject | undefined;
  /** All children are gone. */
  ended(end: SupervisorEnd): void;
}

export class SupervisorCore {
  readonly #body: SupervisorBody;
  readonly #flags: SupervisorFlags;
  readonly #environment: SupervisorEnvironment;
  readonly #host: ChildHost;
  readonly #intensity: RestartIntensity;
  // In start order.
  readonly #children = new Map<string, SupervisedChild>();
  readonly #operations: (() => Promise<void> | undefined)[] = [];
  #operating = false;
  #phase: 'running' | 'stopping' | 'ended' = 'running';

  constructor(body: SupervisorBody, flags: SupervisorFlags, environment: SupervisorEnvironment) {
    this.#body = body;
    this.#flags = flags;
    this.#environment = environment;
    this.#intensity = new RestartIntensity(flags.intensity, flags.periodMs);
    this.#host = {
      self: body.self,
      clock: environment.clock,
      timers: environment.timers,
      stopChild: (ref) => body.stopChild(ref),
      shutdownEventOf: (start) => body.shutdownEventOf(start),
      childEnded: (child, ref, end) => this.#enqueue(() => this.#handleEnd(child, ref, end)),
    };
  }

  /** @throws SupervisorStartError when a child does not start; those before it are being stopped, last first. */
  startAll(specs: readonly CompleteChildSpec[]): void {
    this.#operating = true;
    for (const spec of specs) {
      const outcome = this.#add(spec);
      if (outcome.kind !== 'failed') continue;
      this.#phase = 'stopping';
      const stopped = this.#stopEach([...this.#children.values()]) ?? Promise.resolve();
      throw new SupervisorStartError(startFailed(this.#body.self.id, spec.id, outcome.error), stopped);
    }
    this.#operating = false;
    this.#operateAll();
  }

  /** Ends children in reverse order, then the supervisor. Harmless when repeated. */
  stop(): void {
    this.#enqueue(() => this.#shutDown({ reason: 'shutdown', cause: 'stopped' }));
  }

  /** Ends everything at once, without asking: the supervisor's own actor is being stopped. */
  kill(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    for (const child of [...this.#children.values()].reverse()) child.kill();
  }

  /** For the supervisor's logic: a child of that id says that it is done or has failed. */
  reportEnd(id: string): void {
    this.#children.get(id)?.reportEnd();
  }

  child(id: string): AnyActorRef | undefined {
    return this.#children.get(id)?.ref;
  }

  startChild(given: ChildSpec): Promise<AnyActorRef | undefined> {
    return this.#request(() => {
      const spec = parseChildSpec(given, this.#flags.autoShutdown);
      const present = this.#children.get(spec.id);
      if (present?.ref !== undefined) throw this.#refusal('already_started', spec.id, present.ref);
      if (present !== undefined) throw this.#refusal('already_present', spec.id);
      const outcome = this.#add(spec);
      if (outcome.kind === 'failed') throw startFailed(this.#body.self.id, spec.id, outcome.error);
      return this.#children.get(spec.id)?.ref;
    });
  }

  terminateChild(id: string): Promise<void> {
    return this.#request<void>(() => {
      const child = this.#find(id);
      const forget = (): void => {
        if (child.spec.restart === 'temporary') this.#children.delete(id);
      };
      const stopping = child.stop();
      if (stopping !== undefined) return stopping.then(forget);
      forget();
      return undefined;
    });
  }

  restartChild(id: string): Promise<AnyActorRef | undefined> {
    return this.#request(() => {
      const child = this.#findIdle(id);
      const outcome = child.start();
      if (outcome.kind === 'failed') throw startFailed(this.#body.self.id, id, outcome.error);
      return child.ref;
    });
  }

  deleteChild(id: string): Promise<void> {
    return this.#request<void>(() => {
      this.#children.delete(this.#findIdle(id).spec.id);
    });
  }

  whichChildren(): ChildInfo[] {
    this.#assertRunning();
    return Array.from(this.#children.values(), ({ spec, ref, restarting }) => ({
      id: spec.id,
      child: restarting ? 'restarting' : ref,
      type: spec.type,
    }));
  }

  countChildren(): ChildCounts {
    this.#assertRunning();
    const children = [...this.#children.values()];
    const supervisors = children.filter(({ spec }) => spec.type === 'supervisor').length;
    return {
      specs: children.length,
      active: children.filter(({ ref }) => ref !== undefined).length,
      supervisors,
      workers: children.length - supervisors,
    };
  }

  getChildSpec(id: string): CompleteChildSpec {
    this.#assertRunning();
    return this.#find(id).spec;
  }

  // --- what children do

  #handleEnd(child: SupervisedChild, ref: AnyActorRef, end: ChildEnd): Promise<void> | undefined {
    // Stopped, or replaced with its siblings, since it ended: its end has been dealt with.
    if (this.#phase !== 'running' || child.ref !== ref) return undefined;
    child.forget();
    const { restart, significant } = child.spec;
    if (restart === 'permanent' || (restart === 'transient' && end.kind === 'error')) return this.#restart(child, end);
    if (restart === 'temporary') this.#children.delete(child.spec.id);
    return significant ? this.#handleSignificantEnd() : undefined;
  }

  #handleSignificantEnd(): Promise<void> | undefined {
    const children = [...this.#children.values()];
    const othersLeft = children.some(
      ({ spec, ref, restarting }) => spec.significant && (ref !== undefined || restarting),
    );
    if (this.#flags.autoShutdown === 'all_significant' && othersLeft) return undefined;
    return this.#shutDown({ reason: 'shutdown', cause: 'auto_shutdown' });
  }

  #restart(child: SupervisedChild, end: ChildEnd): Promise<void> | undefined {
    if (!this.#intensity.allows(this.#environment.clock.monotonicMs())) return this.#giveUp(child, end);
    const children = [...this.#children.values()];
    switch (this.#flags.strategy) {
      case 'one_for_one':
        this.#startAnew([child], child, end);
        return undefined;
      case 'rest_for_one':
        return this.#restartGroup(children.slice(children.indexOf(child)), child, end);
      case 'one_for_all':
        return this.#restartGroup(children, child, end);
      default:
        return assertNever(this.#flags.strategy);
    }
  }

  async #restartGroup(group: readonly SupervisedChild[], culprit: SupervisedChild, end: ChildEnd): Promise<void> {
    await this.#stopEach(group);
    // Killed while it waited.
    if (this.#phase !== 'running') return;
    const staying = group.filter(({ spec }) => spec.restart !== 'temporary');
    for (const { spec } of group) if (spec.restart === 'temporary') this.#children.delete(spec.id);
    this.#startAnew(staying, culprit, end);
  }

  // In order; the first that fails is tried again later, and those behind it wait for that.
  #startAnew(group: readonly SupervisedChild[], culprit: SupervisedChild, end: ChildEnd): void {
    for (const child of group) {
      const outcome = child.start();
      if (outcome.kind !== 'failed') continue;
      const failure: ChildEnd = { kind: 'error', error: outcome.error };
      child.tryAgain(() =>
        this.#enqueue(() =>
          this.#phase === 'running' && child.restarting ? this.#restart(child, failure) : undefined,
        ),
      );
      return;
    }
    this.#emit('supervisor.restarted', culprit, end, { children: group.map(({ spec }) => spec.id) });
  }

  #giveUp(child: SupervisedChild, end: ChildEnd): Promise<void> | undefined {
    const { intensity, periodMs } = this.#flags;
    this.#emit('supervisor.gave-up', child, end, { intensity, periodMs });
    const error = end.kind === 'error' ? { error: end.error } : {};
    return this.#shutDown({ reason: 'shutdown', cause: 'intensity', ...error });
  }

  // --- stopping

  #shutDown(end: SupervisorEnd): Promise<void> | undefined {
    if (this.#phase !== 'running') return undefined;
    this.#phase = 'stopping';
    const stopping = this.#stopEach([...this.#children.values()]);
    if (stopping !== undefined) return stopping.then(() => this.#end(end));
    this.#end(end);
    return undefined;
  }

  #end(end: SupervisorEnd): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#body.ended(end);
  }

  // One after another, last first; a promise only from the first child on that takes its time.
  #stopEach(children: readonly SupervisedChild[]): Promise<void> | undefined {
    for (let index = children.length - 1; index >= 0; index--) {
      const stopping = children[index]?.stop();
      if (stopping !== undefined) return stopping.then(() => this.#stopEach(children.slice(0, index)));
    }
    return undefined;
  }

  // --- requests and operations

  #request<T>(body: () => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#enqueue(() => {
      try {
        this.#assertRunning();
        const result = body();
        if (result instanceof Promise) return result.then(resolve, reject);
        resolve(result);
        return undefined;
      } catch (error) {
        reject(error);
        return undefined;
      }
    });
    return promise;
  }

  #enqueue(operation: () => Promise<void> | undefined): void {
    this.#operations.push(operation);
    if (!this.#operating) this.#operateAll();
  }

  #operateAll(): void {
    this.#operating = true;
    for (let operation = this.#operations.shift(); operation !== undefined; operation = this.#operations.shift()) {
      const running = operation();
      if (running !== undefined) {
        void running.then(() => this.#operateAll());
        return;
      }
    }
    this.#operating = false;
  }

  #add(spec: CompleteChildSpec): ReturnType<SupervisedChild['start']> {
    const child = new SupervisedChild(spec, this.#host);
    this.#children.set(spec.id, child);
    const outcome = child.start();
    if (outcome.kind === 'failed' || (outcome.kind === 'ignored' && spec.restart === 'temporary')) {
      this.#children.delete(spec.id);
    }
    return outcome;
  }

  #find(id: string): SupervisedChild {
    const child = this.#children.get(id);
    if (child === undefined) throw this.#refusal('not_found', id);
    return child;
  }

  #findIdle(id: string): SupervisedChild {
    const child = this.#find(id);
    if (child.restarting) throw this.#refusal('restarting', id);
    if (child.ref !== undefined) throw this.#refusal('running', id, child.ref);
    return child;
  }

  #assertRunning(): void {
    if (this.#phase !== 'running') throw this.#refusal('noproc');
  }

  #refusal(reason: ChildRefusal, id?: string, ref?: AnyActorRef): RuntimeError {
    return refusalOf(this.#body.self.id, reason, id, ref);
  }

  #emit(
    type: 'supervisor.restarted' | 'supervisor.gave-up',
    child: SupervisedChild,
    end: ChildEnd,
    more: Readonly<Record<string, unknown>>,
  ): void {
    const { events } = this.#environment;
    if (events?.wants(type) !== true) return;
    const data = {
      supervisor: this.#body.self.id,
      child: child.spec.id,
      reason: end.kind,
      restarts: this.#intensity.recent,
      ...more,
      ...(end.kind === 'error' ? { error: serializeError(end.error, 'ACTOR_CRASHED') } : {}),
    };
    try {
      events.emit(type, {}, data);
    } catch {
      // Supervision goes on without its audience: an error here would leave the children to nobody.
    }
  }
}
