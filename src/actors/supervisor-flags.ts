// Owns what a supervisor as a whole is told: strategy, restart intensity, automatic shutdown; their defaults and faults.
// Words and defaults are OTP's (erlang/otp, supervisor.erl). A key it does not know is ignored, as OTP does.
// It must never start anything: a bad flag is an error before the first child.

import { RuntimeError } from '../domain/runtime-error.ts';

export const SUPERVISOR_STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one', 'simple_one_for_one'] as const;
/**
 * Which children are started anew when one has to be: itself, all, or itself and those started after it.
 * simple_one_for_one is one_for_one for any number of children of one kind, which come and go.
 */
export type SupervisorStrategy = (typeof SUPERVISOR_STRATEGIES)[number];

export const AUTO_SHUTDOWNS = ['never', 'any_significant', 'all_significant'] as const;
/** Whether a supervisor ends when a significant child, or the last one of them, has ended by itself. */
export type AutoShutdown = (typeof AUTO_SHUTDOWNS)[number];

export interface SupervisorFlags {
  /** Default one_for_one. */
  readonly strategy: SupervisorStrategy;
  /** Restarts allowed within `periodMs`; one more and the supervisor gives up. A whole number from 0, default 1. */
  readonly intensity: number;
  /** Above 0 and finite, default 5,000. */
  readonly periodMs: number;
  /** Default never. */
  readonly autoShutdown: AutoShutdown;
}

const DEFAULT_FLAGS: SupervisorFlags = Object.freeze({
  strategy: 'one_for_one',
  intensity: 1,
  periodMs: 5_000,
  autoShutdown: 'never',
});

/**
 * Completes and checks flags given by a program.
 * @throws RuntimeError SUPERVISOR_SPEC_INVALID naming every fault, also in `details.faults`.
 */
export function parseSupervisorFlags(given: unknown): SupervisorFlags {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalidSpec('supervisor flags', [`invalid type: flags must be an object, not ${nameOf(given)}`]);
  }
  const read = (key: keyof SupervisorFlags): unknown => Reflect.get(given, key) ?? DEFAULT_FLAGS[key];
  const [strategy, intensity, periodMs, autoShutdown] = [
    read('strategy'),
    read('intensity'),
    read('periodMs'),
    read('autoShutdown'),
  ];
  const faults: string[] = [];
  if (!isOneOf(SUPERVISOR_STRATEGIES, strategy)) faults.push(faultOf('strategy', strategy, SUPERVISOR_STRATEGIES));
  if (!isIntensity(intensity)) {
    faults.push(`invalid intensity: ${nameOf(intensity)}; it must be a whole number from 0`);
  }
  if (!isPeriod(periodMs)) faults.push(`invalid periodMs: ${nameOf(periodMs)}; it must be above 0 and finite`);
  if (!isOneOf(AUTO_SHUTDOWNS, autoShutdown)) faults.push(faultOf('autoShutdown', autoShutdown, AUTO_SHUTDOWNS));
  if (
    isOneOf(SUPERVISOR_STRATEGIES, strategy) &&
    isIntensity(intensity) &&
    isPeriod(periodMs) &&
    isOneOf(AUTO_SHUTDOWNS, autoShutdown)
  ) {
    return Object.freeze({ strategy, intensity, periodMs, autoShutdown });
  }
  throw invalidSpec('supervisor flags', faults);
}

/** The error for flags or a spec with faults. */
export function invalidSpec(what: string, faults: readonly string[]): RuntimeError {
  return new RuntimeError('SUPERVISOR_SPEC_INVALID', `${what}: ${faults.join('; ')}`, { details: { faults } });
}

/** The sentence for a word outside its set. */
export function faultOf(field: string, value: unknown, allowed: readonly string[]): string {
  return `invalid ${field}: ${nameOf(value)}; it must be one of ${allowed.join(', ')}`;
}

/** How a wrong value is shown in a message: short, whatever it is. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 80)}'`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** Whether a value is one of a closed set of words. */
export function isOneOf<T extends string>(allowed: readonly T[], value: unknown): value is T {
  return allowed.some((word) => word === value);
}

function isIntensity(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function isPeriod(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
