// Owns the form in which a definition is kept: canonical JSON in parts, and the key made from its content, so that equal
// definitions are kept once and one that comes back changed is noticed.
// One line a step, so that no definition, however long, has to become one string.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JsonObject } from '../domain/json-value.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ExecutionMode, ResourceType, TaskPriority } from '../domain/statuses.ts';
import type { StepDefinition, WorkflowDefinition } from '../domain/workflow-definition.ts';

/** A definition as it is kept. */
export interface EncodedDefinition {
  /** SHA-256 of the parts, in hexadecimal. */
  readonly key: string;
  /** Lines: the workflow without its steps, then a step each; cut between lines. */
  readonly parts: readonly string[];
}

const PART_LENGTH = 262_144;

const text = z.string();
const maybeNumber = z.number().nullable();
const jsonObject = z.custom<JsonObject>(isRecord, 'is not an object');
const amounts = z.record(text, z.number());
// JSON has no Infinity: it is written as null, and no other value of these fields is.
const endless = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.POSITIVE_INFINITY);

const step: z.ZodType<StepDefinition> = z.looseObject({
  name: text,
  module: text,
  action: text,
  parameters: jsonObject,
  dependencies: z.array(text),
  timeoutMs: maybeNumber,
  totalTimeoutMs: maybeNumber,
  heartbeatTimeoutMs: maybeNumber,
  retry: z.looseObject({
    maxAttempts: endless,
    initialIntervalMs: z.number(),
    backoff: z.number(),
    maxIntervalMs: endless,
    jitter: z.number(),
    nonRetryable: z.array(text),
  }),
  priority: z.enum(TaskPriority),
  resources: amounts,
  // Left out where it is none: a definition without it keeps the text, and so the key, that it always had.
  concurrency: z.looseObject({ key: text, limit: z.number() }).nullable().default(null),
  runIf: text.nullable(),
  required: z.boolean(),
  estimatedSeconds: maybeNumber,
});

const head: z.ZodType<Omit<WorkflowDefinition, 'steps'>> = z.looseObject({
  name: text,
  description: text,
  version: text,
  mode: z.enum(ExecutionMode).nullable(),
  maxParallel: maybeNumber,
  timeoutMs: maybeNumber,
  parameters: jsonObject,
  resources: z.array(
    z.looseObject({
      id: text,
      type: z.enum(ResourceType),
      capacity: z.number(),
      granularity: z.number(),
      // Left out where it is none, as `concurrency` is.
      refillPeriodMs: maybeNumber.default(null),
    }),
  ),
});

/** The form in which a definition is kept. */
export function encodeDefinition(definition: WorkflowDefinition): EncodedDefinition {
  const { steps, ...rest } = definition;
  const hash = createHash('sha256');
  const parts: string[] = [];
  let part = lineOf({ ...rest, resources: rest.resources.map((each) => without(each, 'refillPeriodMs')) });
  const close = () => {
    hash.update(part);
    parts.push(part);
    part = '';
  };
  for (const each of steps) {
    if (part.length >= PART_LENGTH) close();
    part += lineOf(without(each, 'concurrency'));
  }
  close();
  return { key: hash.digest('hex'), parts };
}

/**
 * The definition again, frozen.
 * @throws RuntimeError JOURNAL_CORRUPT when the parts are not what the key was made from.
 */
export function decodeDefinition(key: string, parts: Iterable<string>): WorkflowDefinition {
  const hash = createHash('sha256');
  const lines: unknown[] = [];
  const corrupt = (fault: string, cause?: unknown) =>
    new RuntimeError('JOURNAL_CORRUPT', `definition ${key} in the journal is damaged: ${fault}`, {
      details: { key },
      ...(cause === undefined ? {} : { cause }),
    });
  const kept = [...parts];
  for (const part of kept) hash.update(part);
  if (hash.digest('hex') !== key) throw corrupt('its content does not match its key');
  try {
    for (const part of kept) for (const line of part.split('\n')) if (line !== '') lines.push(JSON.parse(line));
    const workflow = head.parse(lines[0]);
    const steps = Object.freeze(lines.slice(1).map((line) => Object.freeze(step.parse(line))));
    return Object.freeze({ ...workflow, steps });
  } catch (error) {
    throw corrupt('it is not a definition of this version', error);
  }
}

function lineOf(value: object): string {
  return `${JSON.stringify(canonical(value))}\n`;
}

function without<T extends object>(value: T, field: keyof T): Partial<T> {
  if (value[field] !== null) return value;
  const { [field]: _, ...rest } = value;
  return rest as Partial<T>;
}

// Keys in one order, whoever wrote them: what means the same has the same text.
function canonical(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  // Without a prototype, so that a key such as `__proto__` is a key like any other.
  const sorted: Record<string, unknown> = Object.create(null);
  const entries = new Map<string, unknown>(Object.entries(value));
  for (const key of [...entries.keys()].sort()) sorted[key] = canonical(entries.get(key));
  return sorted;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
