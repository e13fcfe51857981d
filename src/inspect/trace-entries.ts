// Owns the words of a trace: what an entry of each kind holds, in memory and as a line of a trace file. What is read from
// a file is parsed with these schemas and with nothing else.
//
// Order is causal: an actor comes after its parent and before its own events, an event before the snapshot it leads to, a
// machine's definition before its first actor. `seq` counts the entries that a reader was given, without a gap.

import { z } from 'zod';
import { EVENT_TYPES, type RuntimeEvent } from '../domain/events.ts';
import type { RunId, SessionId, TaskId } from '../domain/ids.ts';
import type { JsonObject } from '../domain/json-value.ts';
import { ExecutionMode, ResourceType, TaskPriority } from '../domain/statuses.ts';
import type { StepDefinition, WorkflowDefinition } from '../domain/workflow-definition.ts';

/** Of the files; a file of a later one is refused. */
export const TRACE_VERSION = 1;

const text = z.string();
const json = z.json();
const maybeNumber = z.number().nullable();
const jsonObject = z.custom<JsonObject>(isRecord, 'is not an object');

const place = {
  seq: z.int().min(1),
  /** Milliseconds since the trace began, from a clock that never goes back. */
  t: z.number(),
};

/** Whose an actor is; left out where it belongs to none. */
const subject = {
  /** Of the engine's session, not XState's id of the actor. */
  sessionId: text.optional(),
  runId: text.optional(),
  task: text.optional(),
};

/** The state of an actor as JSON; long or endless values are cut. */
const snapshot = z.object({
  status: z.enum(['active', 'done', 'error', 'stopped']),
  /** null: the actor runs no machine. */
  value: json,
  context: json,
  output: json.optional(),
  error: json.optional(),
});
export type TraceSnapshot = z.infer<typeof snapshot>;

const definitionEntry = z.object({
  kind: z.literal('definition'),
  ...place,
  machine: text,
  /** The machine's configuration: what Stately's editor imports. */
  definition: json,
});

const actorEntry = z.object({
  kind: z.literal('actor'),
  ...place,
  ...subject,
  /** XState's id of the actor, as `actor` in the other kinds. */
  id: text,
  /** Its id among its siblings, such as `task:3`. */
  name: text,
  parent: text.nullable(),
  /** null: its logic is no machine. */
  machine: text.nullable(),
  /** The initial one, unless it is `late`. */
  snapshot,
  /** It was alive before the trace began to look. */
  late: z.boolean(),
});

const eventEntry = z.object({
  kind: z.literal('event'),
  ...place,
  ...subject,
  actor: text,
  /** null: it came from outside of the actors. */
  source: text.nullable(),
  event: z.looseObject({ type: text }),
});

const snapshotEntry = z.object({
  kind: z.literal('snapshot'),
  ...place,
  ...subject,
  actor: text,
  /** Type of the event that led to it. */
  event: text,
  snapshot,
});

const microstepEntry = z.object({
  kind: z.literal('microstep'),
  ...place,
  ...subject,
  actor: text,
  /** Type of the event that is being taken; null for an action. */
  event: text.nullable(),
  /** The action that is being done; null for a step. */
  action: text.nullable(),
  value: json,
});

const endEntry = z.object({
  kind: z.literal('end'),
  ...place,
  ...subject,
  actor: text,
  status: z.enum(['done', 'error', 'stopped']),
});

/** What the actors themselves say. */
export const actorTraceEntry = z.discriminatedUnion('kind', [
  definitionEntry,
  actorEntry,
  eventEntry,
  snapshotEntry,
  microstepEntry,
  endEntry,
]);
export type ActorTraceEntry = z.infer<typeof actorTraceEntry>;
export type ActorTraceKind = ActorTraceEntry['kind'];

// --- what a file holds besides

// JSON has no Infinity: it is written as null, and no other value of these fields is.
const endless = maybeNumber.transform((value) => value ?? Number.POSITIVE_INFINITY);

const stepDefinition: z.ZodType<StepDefinition> = z.object({
  name: text,
  module: text,
  action: text,
  parameters: jsonObject,
  dependencies: z.array(text),
  timeoutMs: maybeNumber,
  totalTimeoutMs: maybeNumber,
  heartbeatTimeoutMs: maybeNumber,
  retry: z.object({
    maxAttempts: endless,
    initialIntervalMs: z.number(),
    backoff: z.number(),
    maxIntervalMs: endless,
    jitter: z.number(),
    nonRetryable: z.array(text),
  }),
  priority: z.enum(TaskPriority),
  resources: z.record(text, z.number()),
  concurrency: z.object({ key: text, limit: z.number() }).nullable(),
  runIf: text.nullable(),
  required: z.boolean(),
  estimatedSeconds: maybeNumber,
});

const workflowDefinition: z.ZodType<WorkflowDefinition> = z.object({
  name: text,
  description: text,
  version: text,
  mode: z.enum(ExecutionMode).nullable(),
  maxParallel: maybeNumber,
  timeoutMs: maybeNumber,
  parameters: jsonObject,
  resources: z.array(
    z.object({
      id: text,
      type: z.enum(ResourceType),
      capacity: z.number(),
      granularity: z.number(),
      refillPeriodMs: maybeNumber,
    }),
  ),
  steps: z.array(stepDefinition),
});

const runtimeEvent: z.ZodType<RuntimeEvent> = z
  .object({
    seq: z.int(),
    at: z.iso.datetime(),
    type: z.enum(EVENT_TYPES),
    sessionId: branded<SessionId>().optional(),
    runId: branded<RunId>().optional(),
    task: text.optional(),
    taskId: branded<TaskId>().optional(),
    resourceId: text.optional(),
    data: z.record(text, z.unknown()),
  })
  .transform(withoutUndefined);

const headerEntry = z.object({
  kind: z.literal('trace'),
  version: z.literal(TRACE_VERSION),
  product: text,
  productVersion: text,
  /** When `t` was 0. */
  startedAt: z.iso.datetime(),
});

const runtimeEntry = z.object({ kind: z.literal('runtime'), ...place, event: runtimeEvent });

const runEntry = z.object({
  kind: z.literal('run'),
  ...place,
  runId: text,
  /** null: it is not on record, or too large to be written. */
  definition: workflowDefinition.nullable(),
  parameters: jsonObject,
  createdAtMs: z.number(),
});

/** The file could not be written as fast as things happened: so many entries before this one are missing. */
const droppedEntry = z.object({ kind: z.literal('dropped'), ...place, count: z.int().min(1) });

/** The last line of a file that was closed in good order. */
const traceEndEntry = z.object({ kind: z.literal('trace-end'), ...place });

/** Never a line of its own: the reader puts it where the last line was cut, as by the end of its process. */
const cutEntry = z.object({ kind: z.literal('cut'), line: z.int() });

/** What a line of a trace file may be. */
export const traceLine = z.discriminatedUnion('kind', [
  headerEntry,
  ...actorTraceEntry.options,
  runtimeEntry,
  runEntry,
  droppedEntry,
  traceEndEntry,
]);
export type TraceLine = z.infer<typeof traceLine>;
/** What reading a trace file gives. */
export type TraceEntry = TraceLine | z.infer<typeof cutEntry>;

function branded<Id extends string>(): z.ZodType<Id> {
  return z.custom<Id>((value) => typeof value === 'string', 'is not a text');
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Exact optional properties: what is not there is not there as undefined either.
function withoutUndefined<T extends object>(value: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const kept = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(kept) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}
