// Owns the plain-data form in which an error crosses a thread, an event, the journal or a JSON line.
// Keeps name, message, code, details, stack and the chain of causes; never throws, whatever was thrown.

import { errorCodeTraits } from './error-codes.ts';
import { isRuntimeError, RuntimeError } from './runtime-error.ts';

/** An error as plain JSON. */
export interface SerializedError {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly stack?: string;
  readonly cause?: SerializedError;
}

/** Causes deeper than this are cut: a ring of causes must not hang the codec. */
const MAX_CAUSE_DEPTH = 8;
const MAX_TEXT_LENGTH = 16_384;
/** Details that take more characters as JSON are cut: an error stands in events and on record. */
const MAX_DETAILS_LENGTH = 262_144;

/**
 * The plain form of anything thrown. An error without a `code` gets `fallbackCode`.
 * `details` is kept as far as JSON can carry it.
 */
export function serializeError(thrown: unknown, fallbackCode = 'TASK_FAILED', depth = 0): SerializedError {
  if (!(thrown instanceof Error) && !isErrorLike(thrown)) {
    return {
      name: 'Error',
      message: `a value that is not an Error was thrown: ${clip(describe(thrown))}`,
      code: fallbackCode,
      retryable: errorCodeTraits(fallbackCode).retryable,
    };
  }
  const source: Record<string, unknown> = Object.create(null);
  for (const key of ['name', 'message', 'code', 'details', 'stack', 'cause', 'retryable', 'errors'] as const) {
    source[key] = readProperty(thrown, key);
  }
  const code = typeof source.code === 'string' && source.code !== '' ? clip(source.code) : fallbackCode;
  const details = toJsonRecord(source.details);
  const cause = source.cause ?? (Array.isArray(source.errors) ? source.errors[0] : undefined);
  return {
    name: typeof source.name === 'string' && source.name !== '' ? clip(source.name) : 'Error',
    message: clip(typeof source.message === 'string' ? source.message : String(describe(source.message))),
    code,
    retryable: typeof source.retryable === 'boolean' ? source.retryable : errorCodeTraits(code).retryable,
    ...(details === undefined ? {} : { details }),
    ...(typeof source.stack === 'string' ? { stack: clip(source.stack) } : {}),
    ...(cause === undefined || cause === null || depth >= MAX_CAUSE_DEPTH
      ? {}
      : { cause: serializeError(cause, fallbackCode, depth + 1) }),
  };
}

/** A RuntimeError again, with the original name in `originalName`-free form: name, stack and causes are restored. */
export function deserializeError(error: SerializedError): RuntimeError {
  const revived = new RuntimeError(error.code, error.message, {
    retryable: error.retryable,
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.cause === undefined ? {} : { cause: deserializeError(error.cause) }),
  });
  Object.defineProperty(revived, 'name', { value: error.name, configurable: true, writable: true });
  if (error.stack !== undefined) Object.defineProperty(revived, 'stack', { value: error.stack, configurable: true });
  return revived;
}

function isErrorLike(value: unknown): value is object {
  if (isRuntimeError(value)) return true;
  return typeof value === 'object' && value !== null && typeof readProperty(value, 'message') === 'string';
}

// A getter or a proxy of the user's may throw; the codec must not.
function readProperty(target: object, key: string): unknown {
  try {
    return Reflect.get(target, key);
  } catch {
    return undefined;
  }
}

function toJsonRecord(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    const text = JSON.stringify(value);
    if (text.length > MAX_DETAILS_LENGTH) return { unrecordable: clip(text) };
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const record = Array.isArray(parsed) ? { items: parsed } : (parsed as Record<string, unknown>);
    return Object.keys(record).length === 0 ? undefined : record;
  } catch {
    return { unrecordable: clip(describe(value)) };
  }
}

function describe(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function clip(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}… (${text.length} characters)`;
}
