// Owns the description of one supervised child: how to make it, when to restart it, how to stop it; defaults and faults.
// It must never call `start`: a spec is checked before anything runs.

import type { AnyActorLogic, EventObject } from 'xstate';
import { RuntimeError } from '../domain/runtime-error.ts';
import { type AutoShutdown, faultOf, invalidSpec, isOneOf, nameOf, type SupervisorFlags } from './supervisor-flags.ts';

export const RESTART_TYPES = ['permanent', 'transient', 'temporary'] as const;
/** permanent: always started again; transient: only after an error; temporary: never, and its spec goes with it. */
export type RestartType = (typeof RESTART_TYPES)[number];

export const CHILD_TYPES = ['worker', 'supervisor'] as const;
export type ChildType = (typeof CHILD_TYPES)[number];

/** What a child's `start` gives: any XState logic with its input. */
export interface ChildStart {
  readonly logic: AnyActorLogic;
  readonly input?: unknown;
  readonly systemId?: string;
  /**
   * For a child that needs time to end: it is sent this event and has `shutdownMs` to reach its end before it is
   * stopped. Without it a child is stopped at once, its exit actions being its clean-up. Supervisors have their own.
   */
  readonly shutdownEvent?: EventObject;
  /** Anything else that the start has to say; `whichChildren` shows it as long as this actor runs. */
  readonly info?: unknown;
}

/** A child as a program describes it; under simple_one_for_one the template of all children. */
export interface ChildSpec {
  /** Unique within the supervisor; also the id of the child's actor, or the first part of it for simple_one_for_one. */
  readonly id: string;
  /**
   * Called for every start, under simple_one_for_one with the arguments of `startChild`, restarts included.
   * 'ignore': no actor now; the spec is kept unless it is temporary. A throw is a start that failed.
   */
  start(...args: unknown[]): ChildStart | 'ignore';
  /** Default permanent. */
  readonly restart?: RestartType;
  /**
   * Milliseconds from 0 that an orderly shutdown may take; 'infinity' waits; 'brutal_kill' does not ask.
   * Default 5,000 for a worker, 'infinity' for a supervisor.
   */
  readonly shutdownMs?: number | 'brutal_kill' | 'infinity';
  /** Default worker. */
  readonly type?: ChildType;
  /** Whether its end by itself counts for `autoShutdown`; never with permanent. Default false. */
  readonly significant?: boolean;
}

/** A checked spec with every default in place. */
export type CompleteChildSpec = Required<ChildSpec>;

const DEFAULT_WORKER_SHUTDOWN_MS = 5_000;

/**
 * Completes and checks the specs of a supervisor with these flags.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID for the first spec with faults, naming all of its faults.
 */
export function parseChildSpecs(
  given: unknown,
  { autoShutdown, strategy }: Pick<SupervisorFlags, 'autoShutdown' | 'strategy'>,
): CompleteChildSpec[] {
  if (!Array.isArray(given))
    throw invalidSpec('child specs', [`invalid type: an array is needed, not ${nameOf(given)}`]);
  const specs = given.map((spec: unknown) => parseChildSpec(spec, autoShutdown));
  const ids = new Set<string>();
  for (const { id } of specs) {
    if (ids.has(id)) throw invalidSpec('child specs', [`duplicate id: '${id}'`]);
    ids.add(id);
  }
  if (strategy === 'simple_one_for_one' && specs.length !== 1) {
    throw invalidSpec('child specs', [`simple_one_for_one needs exactly one, the template; there are ${specs.length}`]);
  }
  return specs;
}

/**
 * Completes and checks one spec.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID naming every fault, also in `details.faults`.
 */
export function parseChildSpec(given: unknown, autoShutdown: AutoShutdown): CompleteChildSpec {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidSpec('child spec', [`invalid child spec: it must be an object, not ${nameOf(given)}`]);
  }
  const read = (key: keyof ChildSpec): unknown => Reflect.get(given, key);
  const type = read('type') ?? 'worker';
  const fields = {
    id: read('id'),
    start: read('start'),
    restart: read('restart') ?? 'permanent',
    shutdownMs: read('shutdownMs') ?? (type === 'supervisor' ? 'infinity' : DEFAULT_WORKER_SHUTDOWN_MS),
    type,
    significant: read('significant') ?? false,
  };
  const faults = [...findFieldFaults(fields), ...findSignificanceFaults(fields, autoShutdown)];
  if (faults.length > 0) throw invalidSpec(`child spec ${nameOf(fields.id ?? 'without id')}`, faults);
  return Object.freeze({ ...fields }) as CompleteChildSpec;
}

/**
 * Checks what a spec's `start` gave.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID when it is no `{ logic }` and not 'ignore'.
 */
export function parseChildStart(id: string, given: unknown): ChildStart | 'ignore' {
  if (given === 'ignore') return given;
  const logic: unknown = typeof given === 'object' && given !== null ? Reflect.get(given, 'logic') : undefined;
  if (typeof logic === 'object' && logic !== null && typeof Reflect.get(logic, 'transition') === 'function') {
    return given as ChildStart;
  }
  const got = given instanceof Promise ? 'a promise' : nameOf(given);
  throw new RuntimeError(
    'SUPERVISOR_SPEC_INVALID',
    `start of child '${id}' gave ${got}; it must give { logic, input } with XState actor logic, or 'ignore'`,
    { details: { child: id } },
  );
}

type Fields = Readonly<Record<keyof ChildSpec, unknown>>;

function findFieldFaults({ id, start, restart, shutdownMs, type, significant }: Fields): string[] {
  const faults: string[] = [];
  if (id === undefined) faults.push('missing id');
  else if (typeof id !== 'string' || id === '') faults.push(`invalid id: ${nameOf(id)}; it must be a non-empty string`);
  if (start === undefined) faults.push('missing start');
  else if (typeof start !== 'function') faults.push(`invalid start: ${nameOf(start)}; it must be a function`);
  if (!isOneOf(RESTART_TYPES, restart)) faults.push(faultOf('restart type', restart, RESTART_TYPES));
  if (!isShutdown(shutdownMs)) {
    faults.push(`invalid shutdown: ${nameOf(shutdownMs)}; shutdownMs is a number from 0, 'infinity' or 'brutal_kill'`);
  }
  if (!isOneOf(CHILD_TYPES, type)) faults.push(faultOf('type', type, CHILD_TYPES));
  if (typeof significant !== 'boolean') faults.push(`invalid significant: ${nameOf(significant)}; true or false`);
  return faults;
}

function findSignificanceFaults({ significant, restart }: Fields, autoShutdown: AutoShutdown): string[] {
  if (significant !== true) return [];
  const faults: string[] = [];
  if (restart === 'permanent') faults.push('invalid significant: a permanent child cannot be significant');
  if (autoShutdown === 'never') faults.push("invalid significant: the supervisor's autoShutdown is never");
  return faults;
}

function isShutdown(value: unknown): boolean {
  if (value === 'infinity' || value === 'brutal_kill') return true;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
