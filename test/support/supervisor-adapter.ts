// Owns the adapter through which lists of OTP supervisor cases are run on this project's supervisor, in their words:
//
//   const adapter = new SupervisorAdapter();                 manual time; new SupervisorAdapter('real') for real time
//   start({ strategy, intensity, periodMs, autoShutdown }, specs) -> sup | fault      (a promise of it)
//   sup.startChild(spec)  terminateChild(id | handle)  restartChild(id)  deleteChild(id)     -> handle | 'ok' | fault
//   sup.which()    -> [{ id, child: handle | 'restarting' | 'none', type }] | fault
//   sup.counts()   -> { specs, active, supervisors, workers } | fault
//   sup.getSpec(id) -> { id, start, restart, shutdown, type, significant } | fault
//   sup.stop()  sup.done                                      -> the supervisor's own exit reason
//   exit(handle, 'normal' | 'shutdown' | 'error' | 'kill' | { shutdown: x })
//   hangOnStop(ms)  hangOnStop(ms, id | handle)  failNextStarts(id, n)
//   log            ['start a', 'stop a shutdown', …] with the reasons normal, shutdown, {shutdown,x}, error, killed
//
// Faults are returned, never thrown: a SupervisorFault with `reason` ('not_found', 'already_started', …, 'invalid' for
// flags and specs, 'start_failed') and `child`, the handle in the way. A spec's `start` is a function: one that gives
// nothing or 'child' stands for a child under control, 'ignore' for none, a throw for a failed start, `{ info }` for a
// child with extra information, `adapter.supervisor(flags, specs)` for a nested supervisor, anything else for itself.
// `spec(id, more)` writes one. Requests that wait for a child need time to pass: `advance(ms)`.
// It must never behave differently for a particular case.

import type { AnyActorRef } from 'xstate';
import { type ActorSupervisor, startSupervisor, supervisorOf } from '../../src/actors/supervisor.ts';
import type { ChildStart } from '../../src/actors/supervisor-child-spec.ts';
import { SupervisorStartError } from '../../src/actors/supervisor-errors.ts';
import { createSupervisorLogic, type SupervisorLogic } from '../../src/actors/supervisor-logic.ts';
import type { ChildCounts } from '../../src/actors/supervisor-roster.ts';
import type { RuntimeEventType } from '../../src/domain/events.ts';
import { isRuntimeError } from '../../src/domain/runtime-error.ts';
import { SystemTimers } from '../../src/engine/system-timers.ts';
import { AdapterChildren, type OwnExit } from './adapter-children.ts';
import { ManualTimers } from './manual-timers.ts';

export type ExitReason = OwnExit | 'kill';

/** A child as a case describes it; `shutdown` is in milliseconds. */
export interface AdapterSpec {
  readonly id: string;
  start(...args: unknown[]): unknown;
  readonly restart?: string;
  readonly shutdown?: number | string;
  readonly type?: string;
  readonly significant?: boolean;
}

/** One actor that stood for a child; its successor after a restart is another handle. */
export class ChildHandle {
  readonly ref: AnyActorRef;
  readonly #adapter: SupervisorAdapter;

  constructor(ref: AnyActorRef, adapter: SupervisorAdapter) {
    this.ref = ref;
    this.#adapter = adapter;
  }

  get alive(): boolean {
    return this.#adapter.isAlive(this);
  }

  /** The requests to it, for a child that is itself a supervisor. */
  get supervisor(): AdaptedSupervisor {
    return new AdaptedSupervisor(supervisorOf(this.ref), this.#adapter);
  }

  hangOnStop(ms: number): void {
    this.#adapter.hangOnStop(ms, this);
  }
}

/** A refused request, in OTP's words. */
export class SupervisorFault extends Error {
  readonly reason: string;
  readonly child: ChildHandle | undefined;
  /** What is wrong with flags or specs. */
  readonly faults: readonly string[];

  constructor(error: unknown, handleOf: (ref: AnyActorRef) => ChildHandle) {
    super(error instanceof Error ? error.message : String(error), { cause: error });
    const details = isRuntimeError(error) ? error.details : {};
    const { reason, child, faults } = details;
    this.reason = typeof reason === 'string' ? reason : reasonOf(error);
    this.child = isRef(child) ? handleOf(child) : undefined;
    this.faults = Array.isArray(faults) ? faults.map(String) : [];
  }
}

export interface AdaptedChild {
  readonly id: string | undefined;
  readonly child: ChildHandle | 'restarting' | 'none';
  readonly type: string;
}

/** The supervisor under test. */
export class AdaptedSupervisor {
  /** Resolves with its own exit reason. */
  readonly done: Promise<string>;
  /** For what the list does not ask about. */
  readonly real: ActorSupervisor;
  readonly #adapter: SupervisorAdapter;

  constructor(real: ActorSupervisor, adapter: SupervisorAdapter) {
    this.real = real;
    this.#adapter = adapter;
    this.done = real.done.then(({ reason }) => reason);
  }

  /** A spec; for simple_one_for_one arguments instead. 'none' for a start that answered ignore. */
  startChild(...given: unknown[]): Promise<ChildHandle | 'none' | SupervisorFault> {
    const adapted =
      this.real.strategy === 'simple_one_for_one' ? given : given.map((spec) => this.#adapter.adaptSpec(spec));
    return this.#answer(async () => this.#handle(await this.real.startChild(...adapted)));
  }

  terminateChild(child: string | ChildHandle): Promise<'ok' | SupervisorFault> {
    return this.#answer<'ok'>(async () => {
      await this.real.terminateChild(child instanceof ChildHandle ? child.ref : child);
      return 'ok';
    });
  }

  restartChild(id: string): Promise<ChildHandle | 'none' | SupervisorFault> {
    return this.#answer(async () => this.#handle(await this.real.restartChild(id)));
  }

  deleteChild(id: string): Promise<'ok' | SupervisorFault> {
    return this.#answer<'ok'>(async () => {
      await this.real.deleteChild(id);
      return 'ok';
    });
  }

  which(): AdaptedChild[] | SupervisorFault {
    return this.#adapter.returned(() =>
      this.real.whichChildren().map(({ id, child, type }) => ({
        id,
        child: child === 'restarting' ? child : this.#handle(child),
        type,
      })),
    );
  }

  counts(): ChildCounts | SupervisorFault {
    return this.#adapter.returned(() => this.real.countChildren());
  }

  getSpec(id: string | ChildHandle): Record<string, unknown> | SupervisorFault {
    return this.#adapter.returned(() => {
      const { shutdownMs, ...rest } = this.real.getChildSpec(id instanceof ChildHandle ? id.ref : id);
      return { ...rest, shutdown: shutdownMs };
    });
  }

  /** The running actor of a child. @throws Error when there is none */
  handle(id: string): ChildHandle {
    const ref = this.real.child(id);
    if (ref === undefined) throw new Error(`child '${id}' has no actor`);
    return this.#adapter.handleOf(ref);
  }

  stop(): Promise<string> {
    return this.real.stop().then(({ reason }) => reason);
  }

  #handle(ref: AnyActorRef | undefined): ChildHandle | 'none' {
    return ref === undefined ? 'none' : this.#adapter.handleOf(ref);
  }

  async #answer<T>(request: () => Promise<T>): Promise<T | SupervisorFault> {
    try {
      return await request();
    } catch (error) {
      return this.#adapter.faultOf(error);
    }
  }
}

export class SupervisorAdapter {
  /** Every event that supervisors reported. */
  readonly events: { readonly type: RuntimeEventType; readonly data: Readonly<Record<string, unknown>> }[] = [];
  readonly #time: ManualTimers | SystemTimers;
  readonly #children: AdapterChildren;
  readonly #handles = new WeakMap<AnyActorRef, ChildHandle>();

  constructor(time: 'manual' | 'real' = 'manual') {
    this.#time = time === 'manual' ? new ManualTimers() : new SystemTimers();
    this.#children = new AdapterChildren(this.#time);
  }

  /** The log as lines, oldest first. */
  get log(): string[] {
    return this.#children.entries.map(({ event, id, reason }) =>
      event === 'start' ? `start ${id}` : `stop ${id} ${reason}`,
    );
  }

  /** The actors started since the log was last taken, in order. */
  get started(): ChildHandle[] {
    return this.#children.entries.filter(({ event }) => event === 'start').map(({ ref }) => this.handleOf(ref));
  }

  /** The log since the last call, or since the adapter was made. */
  takeLog(): string[] {
    const lines = this.log;
    this.#children.entries.length = 0;
    return lines;
  }

  /** Flags and specs as a case gives them, faults and all; specs may be a function, OTP's init. */
  async start(flags: unknown, specs: unknown): Promise<AdaptedSupervisor | SupervisorFault> {
    try {
      const real: ActorSupervisor = Reflect.apply(startSupervisor, undefined, this.#arguments(flags, specs));
      return new AdaptedSupervisor(real, this);
    } catch (error) {
      if (error instanceof SupervisorStartError) await error.stopped;
      return this.faultOf(error);
    }
  }

  /** What a spec's start gives for a nested supervisor. */
  supervisor(flags: unknown, specs: unknown): ChildStart {
    const logic: SupervisorLogic = Reflect.apply(createSupervisorLogic, undefined, this.#arguments(flags, specs));
    return { logic };
  }

  /** A spec of a child under control. */
  spec(id: string, more: Partial<AdapterSpec> = {}): AdapterSpec {
    return { start: () => 'child', ...more, id };
  }

  /** Ends a child; resolves when what follows at once has happened. Harmless when it has ended. */
  async exit(handle: ChildHandle, reason: ExitReason): Promise<void> {
    const parent = handle.ref._parent;
    if (reason === 'kill') {
      if (parent?.getSnapshot().status === 'active') supervisorOf(parent).exitChild(handle.ref, 'kill');
    } else this.#children.exit(handle.ref, reason);
    await this.settle();
  }

  /** From now on children need this long to end when asked to, Infinity: they never do; or only the one named. */
  hangOnStop(ms: number, whom?: string | ChildHandle): void {
    this.#children.hangOnStop(ms, whom instanceof ChildHandle ? whom.ref : whom);
  }

  /** The next starts of the child fail; Infinity: all. */
  failNextStarts(id: string, count: number): void {
    this.#children.failNextStarts(id, count);
  }

  failedStarts(id: string): number {
    return this.#children.failedStarts(id);
  }

  /** The child cuts the link to its supervisor. */
  unlink(handle: ChildHandle): void {
    Reflect.set(handle.ref, '_parent', undefined);
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    if (this.#time instanceof ManualTimers) await this.#time.advanceAsync(ms);
    else await new Promise((resolve) => setTimeout(resolve, ms));
    await this.settle();
  }

  /** Lets happen what needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#time.pending;
  }

  // --- for the classes above

  isAlive({ ref }: ChildHandle): boolean {
    return this.#children.isAlive(ref);
  }

  handleOf(ref: AnyActorRef): ChildHandle {
    const known = this.#handles.get(ref);
    if (known !== undefined) return known;
    const handle = new ChildHandle(ref, this);
    this.#handles.set(ref, handle);
    return handle;
  }

  faultOf(error: unknown): SupervisorFault {
    return new SupervisorFault(error, (ref) => this.handleOf(ref));
  }

  returned<T>(request: () => T): T | SupervisorFault {
    try {
      return request();
    } catch (error) {
      return this.faultOf(error);
    }
  }

  adaptSpecs(specs: unknown): unknown {
    if (isFunction(specs)) return () => this.adaptSpecs(specs());
    return Array.isArray(specs) ? specs.map((spec: unknown) => this.adaptSpec(spec)) : specs;
  }

  /** The case's spec in the words of this project; what is wrong with it stays wrong. */
  adaptSpec(given: unknown): unknown {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
    const { shutdown, start, ...rest }: Record<string, unknown> = { ...given };
    const begin = isFunction(start) ? this.#adaptStart(rest.id, start) : start;
    return {
      ...rest,
      ...(shutdown === undefined ? {} : { shutdownMs: shutdown }),
      ...(begin === undefined ? {} : { start: begin }),
    };
  }

  #adaptStart(id: unknown, start: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
    return (...args) => {
      const made: unknown = start(...args);
      if (made === undefined || made === 'child') return this.#children.begin(String(id));
      if (typeof made !== 'object' || made === null || 'logic' in made || !('info' in made)) return made;
      return this.#children.begin(String(id), made.info);
    };
  }

  // As a program without types would give them.
  #arguments(flags: unknown, specs: unknown): unknown[] {
    const time = this.#time;
    const emit = (type: RuntimeEventType, _subject: unknown, data: Readonly<Record<string, unknown>> = {}): void => {
      this.events.push({ type, data });
    };
    const environment = { clock: time, timers: time, events: { wants: () => true, emit } };
    return [flags, this.adaptSpecs(specs), environment];
  }
}

function reasonOf(error: unknown): string {
  const code = isRuntimeError(error) ? error.code : undefined;
  if (code === 'SUPERVISOR_SPEC_INVALID') return 'invalid';
  return code === 'SUPERVISOR_START_FAILED' ? 'start_failed' : 'unexpected';
}

function isRef(value: unknown): value is AnyActorRef {
  return typeof value === 'object' && value !== null && 'send' in value && 'getSnapshot' in value;
}

function isFunction(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === 'function';
}
