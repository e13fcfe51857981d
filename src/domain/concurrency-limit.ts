// Owns per-key concurrency: what a step may say of it, and the key that a run's parameters make of it.
// Tasks with the same key share one count over the whole engine; each is held to the limit that it names itself.
// It must never count: who is under way is the scheduler's to know.

import { formatJsonPath, type JsonPathSegment } from './json-path.ts';
import type { JsonObject } from './json-value.ts';
import { quoteName } from './near-name.ts';
import { RuntimeError } from './runtime-error.ts';
import { type CompiledParameters, compileParameters, type StepReference } from './step-references.ts';

/** At most `limit` tasks with this key are under way at one time, counted over all runs of the engine. */
export interface ConcurrencyLimit {
  /** 1 to 200 characters. Of a step: text that may hold `{{params.x}}`. */
  readonly key: string;
  readonly limit: number;
}

/** Bounds of a key, before and after parameters are put in, and of a limit. */
export const CONCURRENCY_BOUNDS = Object.freeze({ keyLength: 200, limit: 1_000_000 });

const KEY_TEXT = /^(?!\s*$)[^\p{Cc}\p{Cs}\u2028\u2029]*$/u;

/** Whether text can be a key: 1 to 200 characters, something besides white space, no control characters. */
export function isConcurrencyKey(key: unknown): key is string {
  return typeof key === 'string' && key.length <= CONCURRENCY_BOUNDS.keyLength && KEY_TEXT.test(key);
}

/** What is wrong with the references of a step's key, in words; null when nothing is. */
export function findKeyFault(key: string): string | null {
  const compiled = compileKey(key);
  if (compiled.kind === 'compiled') return null;
  const [first] = compiled.faults;
  if (first?.unknownStep === undefined) return first?.message ?? null;
  return 'the key is known before any step has run, so it may refer to {{params.name}} only';
}

/** The run parameters that a step's key refers to. */
export function keyReferences(key: string): readonly StepReference[] {
  const compiled = compileKey(key);
  return compiled.kind === 'compiled' ? (compiled.parameters?.references ?? []) : [];
}

/**
 * The limit that holds for a step in a run with these parameters (the run's over the workflow's defaults); null = none.
 * @throws RuntimeError PARAMETER_INVALID when a parameter of the key is missing or no text, number or boolean, or when
 *   the key that comes out is none.
 */
export function resolveConcurrency(
  step: { readonly name: string; readonly concurrency: ConcurrencyLimit | null },
  params: JsonObject,
): ConcurrencyLimit | null {
  const { name, concurrency } = step;
  if (concurrency === null || !concurrency.key.includes('{{')) return concurrency;
  const compiled = compileKey(concurrency.key);
  if (compiled.kind === 'faulty') throw unusable(name, concurrency.key, findKeyFault(concurrency.key) ?? '', []);
  if (compiled.parameters === null) return concurrency;
  const { references } = compiled.parameters;
  for (const reference of references) requireScalar(name, reference, params);
  const key = textOf(compiled.parameters, params);
  if (isConcurrencyKey(key)) return { key, limit: concurrency.limit };
  const fault = `it becomes ${quoteName(key)}; a key must have 1 to ${CONCURRENCY_BOUNDS.keyLength} characters, no control characters among them`;
  const names = [...new Set(references.map((reference) => reference.name))];
  throw unusable(
    name,
    concurrency.key,
    `${fault}; correct the run parameter ${names.map(quoteName).join(' or ')}`,
    names,
  );
}

// No step's output is there when the key is needed, so no name is taken for a step's.
function compileKey(key: string) {
  return compileParameters({ key }, () => false);
}

function textOf(compiled: CompiledParameters, params: JsonObject): string {
  return String(compiled.resolve(params, () => null).key);
}

function requireScalar(step: string, { name, path, text }: StepReference, params: JsonObject): void {
  let value: unknown = Object.hasOwn(params, name) ? params[name] : undefined;
  for (const segment of path) {
    value = memberOf(value, segment);
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return;
  const what = quoteName(name) + formatJsonPath(path).slice(1);
  const fault =
    value === undefined
      ? `run parameter ${what} is not given; ${quoteName(text)} needs it`
      : `run parameter ${what} must be text, a number, true or false`;
  throw unusable(step, text, fault, [name]);
}

// As references read values: own members only, whole numbers into lists and names into objects.
function memberOf(container: unknown, segment: JsonPathSegment): unknown {
  if (typeof container !== 'object' || container === null) return undefined;
  if (Array.isArray(container) !== (typeof segment === 'number')) return undefined;
  return Object.hasOwn(container, segment) ? Reflect.get(container, segment) : undefined;
}

function unusable(step: string, key: string, fault: string, parameters: readonly string[]): RuntimeError {
  const message = `the concurrency key of step ${quoteName(step)} cannot be made: ${fault}`;
  return new RuntimeError('PARAMETER_INVALID', message, { details: { step, key, parameters } });
}
