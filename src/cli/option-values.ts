// Owns the reading of flag values: each is checked before anything starts, and a bad one names its flag.

import type { JsonObject, JsonValue } from '../domain/json-value.ts';
import { ExecutionMode } from '../domain/statuses.ts';
import { usageError } from './error-lines.ts';
import { RUN_STANDINGS, type RunStanding } from './run-standing.ts';

const LAST_PORT = 65_535;

/** A whole number within bounds. @throws RuntimeError USAGE */
export function parseWholeNumber(flag: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw usageError(`${flag} must be a whole number from ${minimum} to ${maximum}, not "${text}"`);
  }
  return value;
}

/** A TCP port; 0 = any free one. @throws RuntimeError USAGE */
export function parsePort(flag: string, text: string): number {
  return parseWholeNumber(flag, text, 0, LAST_PORT);
}

/** A number above 0. @throws RuntimeError USAGE */
export function parseFactor(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw usageError(`${flag} must be a number above 0, not "${text}"`);
  }
  return value;
}

const AGE_UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
/** About 300 years: what is older than time itself is a slip of the finger. */
const LONGEST_AGE_MS = 10_000_000_000_000;

/** An age such as `30d`, `12h`, `45m`, `90s` or `2w`, in milliseconds. @throws RuntimeError USAGE */
export function parseAge(flag: string, text: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? [];
  const ageMs = Number(amount) * (AGE_UNITS_MS[unit] ?? Number.NaN);
  if (amount === '' || !(ageMs > 0 && ageMs <= LONGEST_AGE_MS)) {
    throw usageError(`${flag} must be an age such as 30d, 12h, 45m, 90s or 2w, not "${text}"`);
  }
  return ageMs;
}

/** Where a run stands. @throws RuntimeError USAGE */
export function parseStanding(text: string): RunStanding {
  for (const standing of RUN_STANDINGS) if (standing === text) return standing;
  throw usageError(`--status must be one of ${RUN_STANDINGS.join(', ')}, not "${text}"`);
}

/** An execution mode. @throws RuntimeError USAGE */
export function parseMode(text: string): ExecutionMode {
  for (const mode of Object.values(ExecutionMode)) if (mode === text) return mode;
  throw usageError(`--mode must be one of ${Object.values(ExecutionMode).join(', ')}, not "${text}"`);
}

/**
 * `key=value` of --param. The value is taken as JSON where it is JSON (`3`, `true`, `null`, `[1]`, `{"a":1}`, `"text"`)
 * and as text otherwise; `'id="007"'` keeps text that looks like JSON.
 * @throws RuntimeError USAGE
 */
export function parseParameter(text: string): [key: string, value: JsonValue] {
  const at = text.indexOf('=');
  if (at <= 0) throw usageError(`--param must be key=value, not "${text}"`);
  return [text.slice(0, at), parseParameterValue(text.slice(at + 1))];
}

function parseParameterValue(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
  // A number that JSON would change (1e999, an id of 20 digits) is what the user typed, not what it rounds to.
  const changed =
    typeof value === 'number' && (!Number.isFinite(value) || (/^-?\d+$/.test(text) && !Number.isSafeInteger(value)));
  return changed ? text : value;
}

/** All of --param, later ones over earlier ones, over those of --params. Own properties only, whatever the key. */
export function mergeParameters(fromFile: JsonObject, pairs: readonly [string, JsonValue][]): JsonObject {
  return Object.fromEntries([...Object.entries(fromFile), ...pairs]);
}

/** `resource=amount` of --set; an id may hold `=` itself. @throws RuntimeError USAGE */
export function parseAmount(text: string): [resourceId: string, amount: number] {
  const at = text.lastIndexOf('=');
  const amount = Number(text.slice(at + 1));
  if (at <= 0 || text.slice(at + 1).trim() === '' || !Number.isFinite(amount) || amount < 0) {
    throw usageError(`--set must be resource=amount with an amount from 0, not "${text}"`);
  }
  return [text.slice(0, at), amount];
}
