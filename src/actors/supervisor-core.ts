// Owns the fate of a supervisor's children: restart within the intensity, automatic shutdown, the end of all, and the
// requests of people about single children. Which siblings a strategy touches is the roster's.
// Everything that changes children is an operation, and operations run one after another, as messages of an OTP
// supervisor do: one that waits for a child to end holds up the others. A failed restart is tried again on a turn of
// its own, so that requests, a stop above all, come in between.
// Source of the rules: erlang/otp lib/stdlib/src/supervisor.erl (OTP 25).
//
//   starting ──all started──▶ running ──stop | gave up | auto-shutdown──▶ stopping ──all children gone──▶ ended

import type { AnyActorLogic, AnyActorRef, EventObject } from 'xstate';
import type { Clock, TimerService } from '../domain/clock.ts';
import type { EventSink } from '../domain/events.ts';
import type { RuntimeError } from '../domain/runtime-error.ts';
import { RestartIntensity } from './restart-intensity.ts';
import type { ExitSignal, StartOutcome, SupervisedChild } from './supervisor-child.ts';
import type { ChildStart, CompleteChildSpec } from './supervisor-child-spec.ts';
import { DynamicChildren } from './supervisor-dynamic-children.ts';
import {
  type ChildRefusal,
  refusalOf,
  SupervisorStartError,
  startFailed,
  toRuntimeError,
} from './supervisor-errors.ts';
import { type ChildEnd, type ChildExit, isAbnormal } from './supervisor-exit.ts';
import type { SupervisorFlags, SupervisorStrategy } from './supervisor-flags.ts';
import { ListedChildren } from './supervisor-listed-children.ts';
import { type Operation, OperationQueue } from './supervisor-operations.ts';
import { MAX_REPORTED_CHILDREN, SupervisorReports } from './supervisor-reports.ts';
import type { ChildCounts, ChildInfo, ChildRoster, ChildTarget, RosterFrame } from './supervisor-roster.ts';

/** What a supervisor is given from outside; the composition root supplies time and the event sink. */
export interface SupervisorEnvironment {
  readonly clock: Clock;
  readonly timers: TimerService;
  readonly events?: EventSink;
}

/**
 * How a supervisor ended; `cause` says why. OTP's reason is shutdown whatever the cause; `error` is for a supervisor
 * that itself failed, through its clock, its timers or a fault of its own.
 */
export interface SupervisorEnd {
  readonly reason: 'shutdown' | 'error';
  readonly cause: 'stopped' | 'intensity' | 'auto_shutdown' | 'failed';
  /** What the child last failed with, when the supervisor gave up; what the supervisor failed with. */
  readonly error?: unknown;
}

/** The supervisor's own actor, as far as the core needs it. */
export interface SupervisorBody {
  readonly self: AnyActorRef;
  stopChild(ref: AnyActorRef): void;
  shutdownEventOf(start: ChildStart): EventObject | undefined;
  exitOfDone(logic: AnyActorLogic, output: unknown): ChildExit;
  /** All children are gone. */
  ended(end: SupervisorEnd): void;
  /** The supervisor itself cannot go on. */
  failed(error: unknown): void;
}

export class SupervisorCore {
  readonly #body: SupervisorBody;
  readonly #flags: SupervisorFlags;
  readonly #clock: Clock;
  readonly #intensity: RestartIntensity;
  readonly #reports: SupervisorReports;
  readonly #operations: OperationQueue;
  readonly #environment: SupervisorEnvironment;
  // Until the specs are known: a supervisor whose specs come from a function has none before its start.
  #roster: ChildRoster | undefined;
  #phase: 'starting' | 'running' | 'stopping' | 'ended' = 'starting';

  constructor(body: SupervisorBody, flags: SupervisorFlags, environment: SupervisorEnvironment) {
    this.#body = body;
    this.#flags = flags;
    this.#environment = environment;
    this.#clock = environment.clock;
    this.#intensity = new RestartIntensity(flags.intensity, flags.periodMs);
    this.#reports = new SupervisorReports(body.self.id, flags, () => this.#intensity.recent, environment.events);
    this.#operations = new OperationQueue((error) => body.failed(error));
  }

  get strategy(): SupervisorStrategy {
    return this.#flags.strategy;
  }

  /** @throws SupervisorStartError when a child does not start; those before it are being stopped, last first. */
  startAll(specs: readonly CompleteChildSpec[]): void {
    const roster = this.#makeRoster(specs);
    this.#roster = roster;
    this.#operations.hold();
    try {
      roster.startAll();
    } catch (error) {
      this.#phase = 'stopping';
      throw new SupervisorStartError(toRuntimeError(error), roster.stopAll() ?? Promise.resolve());
    }
    this.#phase = 'running';
    this.#operations.release();
  }

  /** Ends children in the order of the strategy, then the supervisor. Harmless when repeated. */
  stop(): void {
    this.#operations.add(() => this.#shutDown({ reason: 'shutdown', cause: 'stopped' }));
  }

  /** Ends everything at once, without asking: the supervisor's own actor is being stopped, or has failed. */
  kill(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#roster?.killAll();
    this.#roster = undefined;
  }

  /** For the supervisor's logic: an actor of that id says that it is done or has failed. */
  reportEnd(actorId: string): void {
    this.#roster?.findActor(actorId)?.reportEnd();
  }

  child(id: string): AnyActorRef | undefined {
    return this.#roster?.findActor(id)?.ref;
  }

  startChild(given: readonly unknown[]): Promise<AnyActorRef | undefined> {
    return this.#request((roster) => roster.add(given));
  }

  startChildNow(given: readonly unknown[]): AnyActorRef | undefined {
    const roster = this.#openRoster();
    const { strategy } = this.#flags;
    const alone = strategy === 'one_for_one' || strategy === 'simple_one_for_one';
    const { busy } = this.#operations;
    if (busy && (!alone || this.#phase === 'starting')) throw this.#refusal('busy');
    if (busy) return roster.add(given);
    this.#operations.hold();
    try {
      return roster.add(given);
    } finally {
      this.#operations.release();
    }
  }

  terminateChild(target: ChildTarget): Promise<void> {
    return this.#request<void>((roster) => {
      const child = roster.find(target);
      if (child === undefined) return undefined;
      const stopping = child.stop();
      if (stopping !== undefined) return stopping.then(() => roster.release(child));
      roster.release(child);
      return undefined;
    });
  }

  restartChild(id: string): Promise<AnyActorRef | undefined> {
    return this.#request((roster) => roster.restartStopped(id));
  }

  deleteChild(id: string): Promise<void> {
    return this.#request<void>((roster) => roster.remove(id));
  }

  exitChild(target: ChildTarget, signal: ExitSignal): void {
    if (this.#phase === 'ended' || this.#roster === undefined) throw this.#refusal('noproc');
    this.#exitTarget(this.#roster, target)?.exit(signal);
  }

  whichChildren(): ChildInfo[] {
    return this.#openRoster().which();
  }

  countChildren(): ChildCounts {
    return this.#openRoster().counts();
  }

  getChildSpec(target: ChildTarget): CompleteChildSpec {
    return this.#openRoster().specOf(target);
  }

  // --- what children do

  #handleEnd(child: SupervisedChild, ref: AnyActorRef, end: ChildEnd): Promise<void> | undefined {
    // Stopped, or replaced with its siblings, since it ended: its end has been dealt with.
    if (this.#phase !== 'running' || child.ref !== ref) return undefined;
    child.forget();
    const { restart, significant } = child.spec;
    const abnormal = isAbnormal(end.exit);
    if (abnormal) this.#reports.crashed(child, end, 'child_terminated');
    if (restart === 'permanent' || (restart === 'transient' && abnormal)) return this.#restart(child, end);
    this.#roster?.release(child);
    return significant ? this.#handleSignificantEnd() : undefined;
  }

  #handleSignificantEnd(): Promise<void> | undefined {
    if (this.#flags.autoShutdown === 'all_significant' && this.#roster?.hasSignificantLeft() === true) return undefined;
    return this.#shutDown({ reason: 'shutdown', cause: 'auto_shutdown' });
  }

  #restart(child: SupervisedChild, end: ChildEnd): Promise<void> | undefined {
    if (!this.#intensity.allows(this.#clock.monotonicMs())) return this.#giveUp(child, end);
    return this.#roster?.restart(child, end);
  }

  #tryAgain(child: SupervisedChild, error: unknown): void {
    const end: ChildEnd = { exit: { kind: 'error', error }, livedMs: 0 };
    this.#reports.crashed(child, end, 'start_error');
    child.tryAgain(() =>
      this.#operations.add(() =>
        this.#phase === 'running' && child.restarting ? this.#restart(child, end) : undefined,
      ),
    );
  }

  #giveUp(child: SupervisedChild, end: ChildEnd): Promise<void> | undefined {
    const affected = this.#roster?.ids(MAX_REPORTED_CHILDREN);
    this.#reports.gaveUp(child, end, affected?.ids ?? [], affected?.total ?? 0);
    const error = end.exit.kind === 'error' ? { error: end.exit.error } : {};
    return this.#shutDown({ reason: 'shutdown', cause: 'intensity', ...error });
  }

  // --- stopping

  #shutDown(end: SupervisorEnd): Promise<void> | undefined {
    if (this.#phase !== 'running') return undefined;
    this.#phase = 'stopping';
    const stopping = this.#roster?.stopAll();
    if (stopping !== undefined) return stopping.then(() => this.#end(end));
    this.#end(end);
    return undefined;
  }

  #end(end: SupervisorEnd): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    // Whoever keeps the supervisor's last snapshot must not keep all that it once supervised.
    this.#roster = undefined;
    this.#body.ended(end);
  }

  // --- the roster and requests about it

  #makeRoster(specs: readonly CompleteChildSpec[]): ChildRoster {
    const frame = this.#makeFrame();
    const [template] = specs;
    return this.#flags.strategy === 'simple_one_for_one' && template !== undefined
      ? new DynamicChildren(frame, template)
      : new ListedChildren(frame, specs);
  }

  #makeFrame(): RosterFrame {
    const body = this.#body;
    return {
      flags: this.#flags,
      host: {
        self: body.self,
        clock: this.#clock,
        timers: this.#environment.timers,
        stopChild: (ref) => body.stopChild(ref),
        shutdownEventOf: (start) => body.shutdownEventOf(start),
        exitOfDone: (logic, output) => body.exitOfDone(logic, output),
        childEnded: (child, ref, end) => this.#enqueueEnd(child, ref, end),
        stopFailed: (child, end) => this.#reports.crashed(child, end, 'shutdown_error'),
      },
      isRunning: () => this.#phase === 'running',
      begin: (child) => this.#begin(child),
      tryAgain: (child, error) => this.#tryAgain(child, error),
      restarted: (culprit, end, children) => this.#reports.restarted(culprit, end, children),
      refusal: (reason, id, ref) => this.#refusal(reason, id, ref),
      startFailure: (id, error) => startFailed(body.self.id, id, error),
    };
  }

  #enqueueEnd(child: SupervisedChild, ref: AnyActorRef, end: ChildEnd): void {
    // A supervisor that stops waits for its children by itself, and has no use for what they say meanwhile.
    if (this.#phase === 'starting' || this.#phase === 'running') {
      this.#operations.add(() => this.#handleEnd(child, ref, end));
    }
  }

  #begin(child: SupervisedChild): StartOutcome {
    const outcome = child.start();
    if (this.#phase === 'starting' || this.#phase === 'running') return outcome;
    // The child's own start has ended its supervisor.
    child.kill();
    return { kind: 'failed', error: this.#refusal('noproc') };
  }

  #exitTarget(roster: ChildRoster, target: ChildTarget): SupervisedChild | undefined {
    const byActorId = typeof target === 'string' ? roster.findActor(target) : undefined;
    return byActorId ?? roster.find(target);
  }

  #request<T>(body: (roster: ChildRoster) => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const operation: Operation = () => {
      try {
        const result = body(this.#openRoster());
        if (result instanceof Promise) return result.then(resolve, reject);
        resolve(result);
      } catch (error) {
        reject(error);
      }
      return undefined;
    };
    this.#operations.add(operation);
    return promise;
  }

  #openRoster(): ChildRoster {
    const roster = this.#roster;
    if (roster === undefined || this.#phase === 'stopping' || this.#phase === 'ended') throw this.#refusal('noproc');
    return roster;
  }

  #refusal(reason: ChildRefusal, id?: string, ref?: AnyActorRef): RuntimeError {
    return refusalOf(this.#body.self.id, reason, id, ref);
  }
}
