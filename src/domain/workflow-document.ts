// Owns the way from a parsed JSON value to a WorkflowDefinition: shape, unknown fields, retry policies, amounts.
// Reports every fault at once. It must not look at the graph: what steps mean to each other is the compiler's.

import type { z } from 'zod';
import { type ConcurrencyLimit, findKeyFault } from './concurrency-limit.ts';
import { formatJsonPath, type JsonPathSegment } from './json-path.ts';
import { findUnrecordable, type JsonObject } from './json-value.ts';
import { NearNames, quoteName, suggestion } from './near-name.ts';
import { refillPeriodOf } from './refill-period.ts';
import { createRetryPolicy, type RetryPolicy } from './retry-policy.ts';
import { isRuntimeError } from './runtime-error.ts';
import { PRIORITY_NAMES, TaskPriority } from './statuses.ts';
import { findTimeLimitFaults, type TimeLimits } from './time-limits.ts';
import type { ResourceDeclaration, StepDefinition, WorkflowDefinition, WorkflowFault } from './workflow-definition.ts';
import {
  NOTE_FIELD,
  STEP_OBJECT,
  type StepContent,
  WORKFLOW_FIELDS,
  WORKFLOW_HEAD,
  WORKFLOW_LIMITS,
  type WorkflowFileContent,
} from './workflow-schema.ts';

/** What the graph of a document depends on; kept even where the rest of a step is faulty. `null`: no usable name. */
export interface StepOutline {
  readonly name: string;
  readonly dependencies: readonly (string | null)[];
  readonly parameters: JsonObject;
  readonly runIf: string | null;
}

export type WorkflowDocument =
  | { readonly kind: 'sound'; readonly definition: WorkflowDefinition }
  | {
      readonly kind: 'faulty';
      readonly faults: readonly WorkflowFault[];
      /** By position in the file; null where a step has no name to speak of. */
      readonly outlines: readonly (StepOutline | null)[];
    };

const MAX_SHOWN_LENGTH = 60;

/** Reads a workflow document; `defaultName` is used where it has no name of its own. */
export function readWorkflowDocument(raw: unknown, defaultName: string): WorkflowDocument {
  const faults = [...findUnknownFields(raw), ...findUnrecordableParameters(raw)];
  const content = parseContent(raw, faults);
  const policies = content === null ? [] : readRetryPolicies(content, faults);
  if (content !== null) {
    findResourceDeclarationFaults(content, faults);
    findStepTimeFaults(content, faults);
    findConcurrencyFaults(content, faults);
  }
  if (content === null || faults.length > 0) return { kind: 'faulty', faults, outlines: outlineSteps(raw) };
  return { kind: 'sound', definition: toDefinition(content, policies, defaultName) };
}

function parseContent(raw: unknown, faults: WorkflowFault[]): WorkflowFileContent | null {
  const before = faults.length;
  const head = parsePiece(WORKFLOW_HEAD, raw, [], faults);
  const steps: StepContent[] = [];
  for (const [index, rawStep] of listOf(isRecord(raw) ? raw.steps : []).entries()) {
    const step = parsePiece(STEP_OBJECT, rawStep, ['steps', index], faults);
    if (step !== null) steps.push(step);
  }
  return head === null || faults.length > before ? null : { ...head, steps };
}

function parsePiece<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  place: readonly JsonPathSegment[],
  faults: WorkflowFault[],
): z.output<Schema> | null {
  try {
    const parsed = schema.safeParse(raw);
    if (parsed.success) return parsed.data;
    for (const fault of faultsOfIssues(parsed.error.issues, raw, place)) faults.push(fault);
  } catch (error) {
    // zod hands the issues of a list on as arguments of one call, which have a limit.
    if (!(error instanceof RangeError)) throw error;
    const message = 'must be corrected first: it has more faults than can be listed';
    faults.push({ code: 'WORKFLOW_SCHEMA', message, path: formatJsonPath(place) });
  }
  return null;
}

function toDefinition(
  content: WorkflowFileContent,
  policies: readonly RetryPolicy[],
  defaultName: string,
): WorkflowDefinition {
  return Object.freeze({
    name: content.name ?? defaultName,
    description: content.description ?? '',
    version: content.version ?? '',
    mode: content.mode ?? null,
    maxParallel: content.max_parallel ?? null,
    timeoutMs: toMilliseconds(content.timeout),
    parameters: content.parameters ?? {},
    resources: Object.freeze((content.resources ?? []).map(toResource)),
    steps: Object.freeze(content.steps.map((step, index) => toStep(step, policies[index] ?? createRetryPolicy({})))),
  });
}

function toStep(step: StepContent, retry: RetryPolicy): StepDefinition {
  return Object.freeze({
    name: step.name,
    module: step.module,
    action: step.action,
    parameters: step.parameters ?? {},
    dependencies: Object.freeze([...new Set(step.dependencies ?? [])]),
    ...timeLimitsOf(step),
    retry,
    priority: toPriority(step.priority),
    resources: Object.freeze(step.resources ?? {}),
    concurrency: step.concurrency === undefined || step.concurrency === null ? null : toConcurrency(step.concurrency),
    runIf: step.run_if ?? null,
    required: step.required ?? true,
    estimatedSeconds: step.estimated_seconds ?? null,
  });
}

function toResource(resource: NonNullable<WorkflowFileContent['resources']>[number]): ResourceDeclaration {
  return Object.freeze({
    id: resource.id,
    type: resource.type,
    capacity: resource.capacity,
    granularity: resource.granularity ?? 1,
    refillPeriodMs: refillPeriodOf(
      resource.type,
      resource.period === undefined ? undefined : toMilliseconds(resource.period),
    ),
  });
}

// Without the notes that the file's object may have.
function toConcurrency({ key, limit }: ConcurrencyLimit): ConcurrencyLimit {
  return Object.freeze({ key, limit });
}

function toPriority(priority: StepContent['priority']): TaskPriority {
  if (priority === undefined) return TaskPriority.NORMAL;
  if (typeof priority === 'number') return priority;
  const name = priority.toLowerCase();
  return Object.values(TaskPriority).find((level) => PRIORITY_NAMES[level] === name) ?? TaskPriority.NORMAL;
}

// To the microsecond, so that 0.1 s is 100 ms and not 100.00000000000001.
function toMilliseconds(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : Math.max(0.001, Math.round(seconds * 1e6) / 1e3);
}

function timeLimitsOf(step: StepContent): TimeLimits {
  return {
    timeoutMs: toMilliseconds(step.timeout),
    totalTimeoutMs: toMilliseconds(step.total_timeout),
    heartbeatTimeoutMs: toMilliseconds(step.heartbeat_timeout),
  };
}

const LIMIT_FIELDS = {
  timeoutMs: 'timeout',
  totalTimeoutMs: 'total_timeout',
  heartbeatTimeoutMs: 'heartbeat_timeout',
} as const satisfies Record<keyof TimeLimits, keyof StepContent>;

function findStepTimeFaults(content: WorkflowFileContent, faults: WorkflowFault[]): void {
  for (const [index, step] of content.steps.entries()) {
    for (const { longer, shorter } of findTimeLimitFaults(timeLimitsOf(step))) {
      const [field, bound] = [LIMIT_FIELDS[longer], LIMIT_FIELDS[shorter]];
      const message = `${field} must not be above ${bound}: ${step[field]} s can never be reached within ${step[bound]} s`;
      faults.push({ code: 'WORKFLOW_SCHEMA', message, path: formatJsonPath(['steps', index, field]) });
    }
  }
}

function findConcurrencyFaults(content: WorkflowFileContent, faults: WorkflowFault[]): void {
  for (const [index, { concurrency }] of content.steps.entries()) {
    if (concurrency === undefined || concurrency === null) continue;
    const fault = findKeyFault(concurrency.key);
    if (fault === null) continue;
    const path = formatJsonPath(['steps', index, 'concurrency', 'key']);
    faults.push({ code: 'REFERENCE_INVALID', message: `key: ${fault}`, path });
  }
}

function readRetryPolicies(content: WorkflowFileContent, faults: WorkflowFault[]): RetryPolicy[] {
  const plain = new Map<number, RetryPolicy>();
  return content.steps.map((step, index) => {
    const maxAttempts = readMaxAttempts(step, index, faults);
    if (step.retry !== undefined) return readRetryPolicy(step.retry, maxAttempts, index, faults);
    const policy = plain.get(maxAttempts) ?? Object.freeze(createRetryPolicy({ maxAttempts }));
    plain.set(maxAttempts, policy);
    return policy;
  });
}

function readMaxAttempts(step: StepContent, index: number, faults: WorkflowFault[]): number {
  const retries = step.max_retries ?? step.retry_count;
  const given = step.retry?.max_attempts;
  if (given === undefined) return 1 + (retries ?? 0);
  const maxAttempts = given ?? Number.POSITIVE_INFINITY;
  if (retries !== undefined && maxAttempts !== 1 + retries) {
    const field = step.max_retries === undefined ? 'retry_count' : 'max_retries';
    const message = `max_attempts must be ${1 + retries} beside ${field} ${retries}, not ${given}; better keep one of the two`;
    faults.push({ code: 'WORKFLOW_SCHEMA', message, path: formatJsonPath(['steps', index, 'retry', 'max_attempts']) });
  }
  return maxAttempts;
}

function readRetryPolicy(
  retry: NonNullable<StepContent['retry']>,
  maxAttempts: number,
  index: number,
  faults: WorkflowFault[],
): RetryPolicy {
  const initialIntervalMs = toMilliseconds(retry.initial_interval);
  const maxIntervalMs = toMilliseconds(retry.max_interval);
  const { jitter } = retry;
  try {
    return Object.freeze(
      createRetryPolicy({
        maxAttempts,
        ...(initialIntervalMs === null ? {} : { initialIntervalMs }),
        ...(maxIntervalMs === null ? {} : { maxIntervalMs }),
        ...(retry.backoff === undefined ? {} : { backoff: retry.backoff }),
        ...(jitter === undefined ? {} : { jitter: typeof jitter === 'boolean' ? Number(jitter) : jitter }),
        ...(retry.non_retryable === undefined ? {} : { nonRetryable: retry.non_retryable }),
      }),
    );
  } catch (error) {
    if (!isRuntimeError(error) || !Array.isArray(error.details.faults)) throw error;
    const path = formatJsonPath(['steps', index, 'retry']);
    for (const fault of error.details.faults)
      faults.push({ code: 'WORKFLOW_SCHEMA', message: `retry: ${fault}`, path });
    return createRetryPolicy({ maxAttempts });
  }
}

function findResourceDeclarationFaults(content: WorkflowFileContent, faults: WorkflowFault[]): void {
  const seen = new Set<string>();
  for (const [index, { id, capacity, granularity = 1 }] of (content.resources ?? []).entries()) {
    if (seen.has(id)) {
      const message = `resource ${JSON.stringify(id)} is declared twice; keep one of them`;
      faults.push({ code: 'RESOURCE_EXISTS', message, path: formatJsonPath(['resources', index, 'id']) });
    }
    seen.add(id);
    if (!isWholeMultiple(capacity, granularity)) {
      const message = `capacity ${capacity} of resource ${JSON.stringify(id)} must be a whole multiple of its granularity ${granularity}`;
      faults.push({
        code: 'RESOURCE_AMOUNT_INVALID',
        message,
        path: formatJsonPath(['resources', index, 'capacity']),
      });
    }
  }
}

/** Whether an amount is n × granularity for a whole n, allowing for the rounding of decimal fractions. */
export function isWholeMultiple(amount: number, granularity: number): boolean {
  const units = amount / granularity;
  return Math.abs(units - Math.round(units)) <= 1e-9 * Math.max(1, Math.abs(units));
}

// --- faults of shape

function faultsOfIssues(
  issues: readonly z.core.$ZodIssue[],
  raw: unknown,
  place: readonly JsonPathSegment[],
): WorkflowFault[] {
  const faults = new Map<string, WorkflowFault>();
  for (const issue of issues) {
    const segments = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    const path = formatJsonPath([...place, ...segments]);
    if (faults.has(path)) continue;
    const value = valueAt(raw, segments);
    const name = fieldName([...place, ...segments]);
    const message =
      value === undefined ? `${name} is missing; it ${issue.message}` : `${name} ${issue.message}, not ${show(value)}`;
    const isAmount =
      segments.at(-2) === 'resources' && typeof segments.at(-1) === 'string' && typeof value === 'number';
    faults.set(path, { code: isAmount ? 'RESOURCE_AMOUNT_INVALID' : 'WORKFLOW_SCHEMA', message, path });
  }
  return [...faults.values()];
}

function fieldName(segments: readonly JsonPathSegment[]): string {
  const last = segments.at(-1);
  if (last === undefined) return 'the document';
  return typeof last === 'number' ? `${String(segments.at(-2) ?? 'item')}[${last}]` : last;
}

function valueAt(raw: unknown, segments: readonly JsonPathSegment[]): unknown {
  let value = raw;
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = Reflect.get(value, segment);
  }
  return value;
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}

function findUnknownFields(raw: unknown): WorkflowFault[] {
  const faults: WorkflowFault[] = [];
  const near = new Map<readonly string[], NearNames>();
  const hintFor = (key: string, known: readonly string[]) => {
    const names = near.get(known) ?? new NearNames(known);
    near.set(known, names);
    return suggestion(names.nearest(key)) || `; known are ${known.join(', ')}`;
  };
  const look = (object: unknown, known: readonly string[], place: readonly JsonPathSegment[]) => {
    for (const key of isRecord(object) ? Object.keys(object) : []) {
      if (known.includes(key) || NOTE_FIELD.test(key)) continue;
      const message = `unknown field ${quoteName(key)}${hintFor(key, known)}; correct or remove it`;
      faults.push({ code: 'WORKFLOW_SCHEMA', message, path: formatJsonPath([...place, key]) });
    }
  };
  if (!isRecord(raw)) return faults;
  look(raw, WORKFLOW_FIELDS.file, []);
  for (const [index, step] of listOf(raw.steps).entries()) {
    look(step, WORKFLOW_FIELDS.step, ['steps', index]);
    if (!isRecord(step)) continue;
    look(step.retry, WORKFLOW_FIELDS.retry, ['steps', index, 'retry']);
    look(step.concurrency, WORKFLOW_FIELDS.concurrency, ['steps', index, 'concurrency']);
    if (isRecord(step.resources) && Object.hasOwn(step.resources, '__proto__')) {
      const path = formatJsonPath(['steps', index, 'resources', '__proto__']);
      faults.push({ code: 'WORKFLOW_SCHEMA', message: 'a resource id must not be "__proto__"; rename it', path });
    }
  }
  for (const [index, item] of listOf(raw.resources).entries())
    look(item, WORKFLOW_FIELDS.resource, ['resources', index]);
  return faults;
}

function findUnrecordableParameters(raw: unknown): WorkflowFault[] {
  const faults: WorkflowFault[] = [];
  const look = (parameters: unknown, place: readonly JsonPathSegment[]) => {
    const fault = isRecord(parameters) ? findUnrecordable(parameters) : undefined;
    if (fault === undefined) return;
    const message = `parameters must be plain JSON data: ${fault}`;
    faults.push({ code: 'WORKFLOW_SCHEMA', message, path: formatJsonPath([...place, 'parameters']) });
  };
  if (!isRecord(raw)) return faults;
  look(raw.parameters, []);
  for (const [index, step] of listOf(raw.steps).entries()) if (isRecord(step)) look(step.parameters, ['steps', index]);
  return faults;
}

// --- what is left of a faulty document

function outlineSteps(raw: unknown): (StepOutline | null)[] {
  if (!isRecord(raw)) return [];
  return listOf(raw.steps).map((step) => {
    if (!isRecord(step) || typeof step.name !== 'string' || step.name === '') return null;
    return {
      name: step.name,
      dependencies: listOf(step.dependencies).map((item) => (typeof item === 'string' ? item : null)),
      parameters: isJsonObject(step.parameters) ? step.parameters : {},
      runIf: typeof step.run_if === 'string' ? step.run_if : null,
    };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isJsonObject(value: unknown): value is JsonObject {
  return isRecord(value) && findUnrecordable(value) === undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, WORKFLOW_LIMITS.steps) : [];
}
