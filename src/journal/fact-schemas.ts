// Owns the check of facts that come back from a store: one schema for each type and version of fact.
// Total and cheap. A version that is not here was written by a newer Yardmaster; what was written once stays readable, so
// a version is only ever added. Fields that a schema does not name are kept.

import { z } from 'zod';
import type { Fact } from '../domain/facts.ts';
import type { JsonObject, JsonValue } from '../domain/json-value.ts';
import type { SerializedError } from '../domain/serialized-error.ts';
import { ExecutionMode } from '../domain/statuses.ts';

/** What a value read from a store turned out to be. */
export type ParsedFact =
  | { readonly kind: 'fact'; readonly fact: Fact }
  /** Of a type or version that only a newer Yardmaster knows. */
  | { readonly kind: 'newer'; readonly type: string; readonly version: number }
  | { readonly kind: 'invalid'; readonly fault: string };

// The values come from JSON.parse: whatever is there is JSON, only its absence and its kind have to be looked at.
const json = z.custom<JsonValue>((value) => value !== undefined, 'is missing');
const jsonObject = z.custom<JsonObject>(isRecord, 'is not an object');
const error = z.custom<SerializedError>(isSerializedError, 'is not an error');
const amounts = z.custom<Readonly<Record<string, number>>>(
  (value) => isRecord(value) && Object.values(value).every((amount) => typeof amount === 'number'),
  'is not a record of numbers',
);
const text = z.string();
const time = z.number();
const maybeNumber = z.number().nullable();
const mode = z.enum(ExecutionMode);

const base = { v: z.literal(1), runId: text, atMs: time };
const ofTask = { ...base, task: text };
const ofAttempt = { ...ofTask, attempt: z.number() };
const place = { threadId: z.number().optional(), killed: z.literal(true).optional() };

const session = z.looseObject({
  sessionId: text,
  name: text,
  mode,
  maxParallelTasks: maybeNumber,
  maxParallelWorkflows: maybeNumber,
  timeoutMs: maybeNumber,
  deadlineMs: maybeNumber,
  resourceRequirements: amounts,
});

const retry = z.looseObject({
  maxAttempts: maybeNumber,
  initialIntervalMs: z.number(),
  backoff: z.number(),
  maxIntervalMs: z.number(),
  jitter: z.number(),
  nonRetryable: z.array(text),
});

type FirstVersions = { readonly [Type in Fact['type']]: z.ZodType<Extract<Fact, { type: Type }>> };

const FIRST: FirstVersions = {
  'run.created': z.looseObject({
    ...base,
    type: z.literal('run.created'),
    workflow: text,
    definition: text,
    session,
    ownSession: z.boolean(),
    parameters: jsonObject,
    steps: z.number(),
    mode,
    maxParallel: maybeNumber,
    rerunOf: text.nullable(),
  }),
  'run.started': z.looseObject({ ...base, type: z.literal('run.started'), deadlineMs: maybeNumber }),
  'run.recovered': z.looseObject({ ...base, type: z.literal('run.recovered'), recovery: z.number() }),
  'run.suspended': z.looseObject({ ...base, type: z.literal('run.suspended') }),
  'run.parked': z.looseObject({ ...base, type: z.literal('run.parked'), code: text, reason: text }),
  'run.released': z.looseObject({ ...base, type: z.literal('run.released') }),
  'run.paused': z.looseObject({ ...base, type: z.literal('run.paused') }),
  'run.resumed': z.looseObject({ ...base, type: z.literal('run.resumed') }),
  'run.cancel-requested': z.looseObject({
    ...base,
    type: z.literal('run.cancel-requested'),
    reason: text,
    timedOut: z.boolean(),
  }),
  'run.ended': z.looseObject({
    ...base,
    type: z.literal('run.ended'),
    status: z.enum(['completed', 'failed', 'cancelled']),
    reason: text.nullable(),
    timedOut: z.boolean(),
  }),
  'task.submitted': z.looseObject({
    ...ofTask,
    type: z.literal('task.submitted'),
    module: text,
    action: text,
    parameters: jsonObject,
    dependencies: z.array(text),
    priority: z.number(),
    resources: amounts,
    concurrency: z.looseObject({ key: text, limit: z.number() }).optional(),
    estimatedMs: z.number().optional(),
    timeoutMs: maybeNumber,
    totalTimeoutMs: maybeNumber,
    heartbeatTimeoutMs: maybeNumber,
    retry,
  }),
  'task.adopted': z.looseObject({ ...ofTask, type: z.literal('task.adopted'), output: json, fromRunId: text }),
  'task.started': z.looseObject({
    ...ofAttempt,
    type: z.literal('task.started'),
    deadlineMs: maybeNumber,
    expiresAtMs: maybeNumber,
  }),
  'task.completed': z.looseObject({ ...ofAttempt, ...place, type: z.literal('task.completed'), output: json }),
  'task.retry-scheduled': z.looseObject({
    ...ofAttempt,
    ...place,
    type: z.literal('task.retry-scheduled'),
    error,
    dueMs: time,
  }),
  'task.failed': z.looseObject({ ...ofAttempt, ...place, type: z.literal('task.failed'), error }),
  'task.cancel-requested': z.looseObject({ ...ofTask, type: z.literal('task.cancel-requested'), reason: text }),
  'task.cancelled': z.looseObject({ ...ofTask, ...place, type: z.literal('task.cancelled'), reason: text }),
  'task.skipped': z.looseObject({ ...ofTask, type: z.literal('task.skipped'), code: text, reason: text }),
};

// By type, then by version.
const SCHEMAS: ReadonlyMap<string, ReadonlyMap<number, z.ZodType<Fact>>> = new Map(
  Object.entries(FIRST).map(([type, schema]) => [type, new Map([[1, schema]])]),
);

/** Checks a value that was read as a fact; never throws. */
export function parseFact(value: unknown): ParsedFact {
  if (!isRecord(value) || typeof value.type !== 'string' || typeof value.v !== 'number') {
    return { kind: 'invalid', fault: 'it has no type and version' };
  }
  const { type, v } = value;
  const schema = SCHEMAS.get(type)?.get(v);
  if (schema === undefined) return { kind: 'newer', type, version: v };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { kind: 'fact', fact: parsed.data };
  const issue = parsed.error.issues[0];
  return { kind: 'invalid', fault: `${type}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}` };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSerializedError(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.name === 'string' &&
    typeof value.message === 'string' &&
    typeof value.code === 'string' &&
    typeof value.retryable === 'boolean' &&
    (value.details === undefined || isRecord(value.details)) &&
    (value.stack === undefined || typeof value.stack === 'string') &&
    (value.cause === undefined || isSerializedError(value.cause))
  );
}
