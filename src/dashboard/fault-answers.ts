// Owns how faults are answered: a status that fits, a code, and what to do. What nobody foresaw is told as such and
// nothing more: no stack and no path leaves this way; the shell that runs the server is told instead.

import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import type { ErrorCode } from '../domain/error-codes.ts';
import { isRuntimeError, RuntimeError } from '../domain/runtime-error.ts';

const STATUS_BY_CODE: Readonly<Record<string, ContentfulStatusCode>> = {
  ARGUMENT_INVALID: 400,
  RUN_NOT_FOUND: 404,
  TASK_NOT_FOUND: 404,
  RESOURCE_NOT_FOUND: 404,
  STATECHART_NOT_FOUND: 404,
  ENGINE_UNRESPONSIVE: 503,
  REQUESTS_FULL: 503,
  ENGINE_CLOSED: 503,
  INTERNAL: 500,
};
/** What is there cannot be had in the state it is in: a run that has ended is not paused. */
const REFUSED_STATUS = 409;
const UNFORESEEN = 'the dashboard failed to answer; the shell that runs it has more';

/** The answer to a request that failed; `onError` is told what the client is not. */
export function faultAnswer(context: Context, thrown: unknown, onError: (error: unknown) => void): Response {
  if (!isRuntimeError(thrown)) {
    onError(thrown);
    return refusal(context, 500, UNFORESEEN, 'INTERNAL');
  }
  const status = STATUS_BY_CODE[thrown.code] ?? REFUSED_STATUS;
  if (status === 500) onError(thrown);
  return refusal(context, status, thrown.message, thrown.code);
}

/** An answer that is no success, as the contract has it. */
export function refusal(
  context: Context,
  status: ContentfulStatusCode,
  message: string,
  code: ErrorCode | (string & {}) = 'DASHBOARD_REFUSED',
): Response {
  return context.json({ error: { code, message } }, status);
}

/**
 * The query of a request by its schema.
 * @throws RuntimeError ARGUMENT_INVALID, with every fault
 */
export function queryOf<T>(context: Context, schema: z.core.$ZodType<T>): T {
  return parsed(Object.fromEntries(new URL(context.req.url).searchParams), schema, 'the query');
}

/**
 * A value by its schema.
 * @throws RuntimeError ARGUMENT_INVALID, with every fault
 */
export function parsed<T>(value: unknown, schema: z.core.$ZodType<T>, what: string): T {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || what}: ${message}`);
  throw new RuntimeError('ARGUMENT_INVALID', `${what} is not valid: ${faults.join('; ')}`, { details: { faults } });
}

/** A whole number as queries have it. */
export function wholeNumber(least: number, most: number) {
  const message = `a whole number from ${least} to ${most} is expected`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .pipe(z.number().min(least, message).max(most, message));
}
