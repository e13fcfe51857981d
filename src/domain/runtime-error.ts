// Owns the one error class that Yardmaster throws, and the assertion for broken invariants.

import { type ErrorCode, errorCodeTraits } from './error-codes.ts';

const BRAND = Symbol.for('yardmaster.RuntimeError');

interface RuntimeErrorOptions {
  readonly cause?: unknown;
  /** Plain JSON data for programs: ids, limits, lists of faults. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Overrides the default of the code. */
  readonly retryable?: boolean;
}

/**
 * An operational failure with a code from the documented table; the message says what failed, where, and what to do.
 * `isRuntimeError` recognises it across copies of the package and threads.
 */
export class RuntimeError extends Error {
  override readonly name: string = 'RuntimeError';
  readonly code: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [BRAND] = true;

  constructor(code: ErrorCode | (string & {}), message: string, options: RuntimeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? errorCodeTraits(code).retryable;
  }
}

/** Whether a value is a RuntimeError of this or of another copy of the package. */
export function isRuntimeError(value: unknown): value is RuntimeError {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** What anything thrown says of itself. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Throws INTERNAL when an assumption of the code itself does not hold. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new RuntimeError('INTERNAL', `broken invariant: ${message}; please report this`);
}

/** Ends a switch over a union: a new member without a case is a compile error. */
export function assertNever(value: never): never {
  throw new RuntimeError('INTERNAL', `unexpected variant ${JSON.stringify(value)}; please report this`);
}
