// Owns the shape of a workflow file: every field, its bounds and its description, as a zod schema that
// config/workflow.schema.json is generated from. It says what a field may hold, in words that end "must be …".
// It must never look at more than one field at a time: what fields mean together is in workflow-document.ts.

import { z } from 'zod';
import { CONCURRENCY_BOUNDS, isConcurrencyKey } from './concurrency-limit.ts';
import type { JsonObject } from './json-value.ts';
import { ExecutionMode, PRIORITY_NAMES, ResourceType } from './statuses.ts';

/** Bounds of a workflow file; more is refused at load. */
export const WORKFLOW_LIMITS = Object.freeze({
  steps: 1_000_000,
  nameLength: 256,
  /** 31 years: as milliseconds still an exact integer. */
  seconds: 1_000_000_000,
  retries: 1_000_000,
  attempts: 1_000_001,
});

/** Members that any object of a workflow file may have besides its fields: notes of people and tools. */
export const NOTE_FIELD = /^(?:\$schema|x-.*|_(?!_proto__$).*)$/s;

// The message is the field's expectation, whatever was wrong; workflow-document.ts adds what stood there instead.
const must = (expectation: string) => ({ error: () => `must be ${expectation}` });

const anyCase = (word: string) =>
  [...word].map((letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`).join('');

function text(expectation = 'a string') {
  return z.string(must(expectation));
}

function shortName(what: string) {
  const expectation = must(
    `${what} of 1 to ${WORKFLOW_LIMITS.nameLength} characters, no control characters among them`,
  );
  return z
    .string(expectation)
    .min(1, expectation)
    .max(WORKFLOW_LIMITS.nameLength, expectation)
    .regex(/^(?!\s*$)(?!__proto__$)[^\p{Cc}]*$/u, expectation);
}

function secondsAboveZero(what = 'a number of seconds above 0') {
  return z
    .number(must(what))
    .positive(must(what))
    .max(WORKFLOW_LIMITS.seconds, must(`${what}, at most 10^9`));
}

function retryCount() {
  const expectation = must('a whole number of retries from 0');
  return z.number(expectation).int(expectation).min(0, expectation).max(WORKFLOW_LIMITS.retries, expectation);
}

function attemptCount() {
  const expectation = must('a whole number of attempts from 1, or null for no limit');
  return z.number(expectation).int(expectation).min(1, expectation).max(WORKFLOW_LIMITS.attempts, expectation);
}

function wholeFromOne(what: string) {
  return z.number(must(what)).int(must(what)).min(1, must(what)).max(1_000_000, must(what));
}

function amount(expectation: string) {
  return z.number(must(expectation)).positive(must(expectation));
}

function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Kept as it is, not copied: zod would drop a member named __proto__, and parameters are the user's own data.
const parameters = z.custom<JsonObject>(isPlainObject, must('an object')).meta({ type: 'object' });

const PRIORITY = must(`one of ${PRIORITY_NAMES.join(', ')} or a number from 0 to 4`);
const PRIORITY_NAME = new RegExp(`^(?:${PRIORITY_NAMES.map(anyCase).join('|')})$`);
const JITTER = must('true, false or a number from 0 to 1');

// The parts of a union need the message too: where only one of them fits the type, its message is the one reported.
const priority = z.union(
  [z.literal([0, 1, 2, 3, 4], PRIORITY), z.string(PRIORITY).regex(PRIORITY_NAME, PRIORITY)],
  PRIORITY,
);
const jitter = z.union([z.boolean(JITTER), z.number(JITTER).min(0, JITTER).max(1, JITTER)], JITTER);

const RETRY_OBJECT = z.object(
  {
    max_attempts: attemptCount()
      .nullable()
      .describe('Attempts in all, the first one counted; null = without end. In place of max_retries.')
      .optional(),
    initial_interval: secondsAboveZero().describe('Seconds before the first retry; default 1.').optional(),
    backoff: z
      .number(must('a number of at least 1'))
      .min(1, must('a number of at least 1'))
      .describe('Factor from one delay to the next; default 2.')
      .optional(),
    max_interval: secondsAboveZero().describe('Longest delay in seconds; default 100 × initial_interval.').optional(),
    jitter: jitter.describe('Share of a delay that chance may take away: true = 1 (default), false = 0.').optional(),
    non_retryable: z
      .array(text('an error code or an error name'), must('a list of error codes or error names'))
      .describe('Codes and names of errors that are never tried again.')
      .optional(),
  },
  must('an object'),
);

const RESOURCE_OBJECT = z.object(
  {
    id: shortName('a resource id').describe('Id that steps ask for.'),
    type: z
      .enum(Object.values(ResourceType), must(`one of ${Object.values(ResourceType).join(', ')}`))
      .describe('What the resource is; for people, all types are guarded alike.'),
    capacity: amount('a number above 0').describe('Most that is granted at one time.'),
    granularity: amount('a number above 0')
      .describe('Smallest amount, default 1; capacity and requests are whole multiples of it.')
      .optional(),
    period: secondsAboveZero('a number of seconds above 0, or null for none')
      .nullable()
      .describe(
        'Makes it a quota: a granted unit comes back by itself this many seconds after its grant, so that no window of that length sees more than the capacity. Default 60 for api_quota; null (default for other types) = units are given back when a step ends.',
      )
      .optional(),
  },
  must('an object with id, type and capacity'),
);

const KEY = must(
  `text of 1 to ${CONCURRENCY_BOUNDS.keyLength} characters, no control characters among them; {{params.x}} is replaced`,
);
const LIMIT = must('a whole number of tasks from 1');

const CONCURRENCY_OBJECT = z.object(
  {
    key: z
      .string(KEY)
      .min(1, KEY)
      .max(CONCURRENCY_BOUNDS.keyLength, KEY)
      .refine(isConcurrencyKey, KEY)
      .describe('Steps with the same key share one count, over all runs of the engine; `{{params.x}}` is replaced.'),
    limit: z
      .number(LIMIT)
      .int(LIMIT)
      .min(1, LIMIT)
      .max(CONCURRENCY_BOUNDS.limit, LIMIT)
      .describe('The step starts only while fewer than this many tasks with its key are under way.'),
  },
  must('an object with key and limit, or null for no limit'),
);

/** The schema of one step. */
export const STEP_OBJECT = z.object(
  {
    name: shortName('a name').describe('Unique among the steps of the workflow.'),
    module: shortName('a module name').describe('File in a tasks folder, without its ending, or `core`.'),
    action: shortName('the name of an exported function').describe('Exported function of the module.'),
    parameters: parameters
      .describe(
        'Given to the action. `{{step.output}}`, `{{step.output.a.b[0]}}`, `{{step.status}}` and `{{params.x}}` in strings are replaced; `\\{{` stands for two braces.',
      )
      .optional(),
    dependencies: z
      .array(text('the name of a step'), must('a list of step names'))
      .describe('Steps that must have completed first.')
      .optional(),
    timeout: secondsAboveZero('a number of seconds above 0, or null for no limit')
      .nullable()
      .describe('Seconds that one attempt may take; null = no limit.')
      .optional(),
    total_timeout: secondsAboveZero('a number of seconds above 0, or null for no limit')
      .nullable()
      .describe(
        'Seconds that all attempts and the waits between them may take, from the start of the first; null = no limit.',
      )
      .optional(),
    heartbeat_timeout: secondsAboveZero('a number of seconds above 0, or null for no limit')
      .nullable()
      .describe(
        'Seconds that an attempt may go without heartbeat() or progress() before it is ended and tried again; null = no limit.',
      )
      .optional(),
    max_retries: retryCount().describe('Retries after the first attempt; default 0.').optional(),
    retry_count: retryCount().describe('Older name of max_retries; used only where max_retries is absent.').optional(),
    retry: RETRY_OBJECT.describe(
      'How often, and after what delays in seconds, a failed attempt is tried again.',
    ).optional(),
    priority: priority.describe('Lower goes first; default normal = 2. Names in any case.').optional(),
    resources: z
      .record(z.string(), amount('an amount above 0'), must('an object of amounts by resource id'))
      .describe('Amounts by resource id, granted all or nothing before the step starts.')
      .optional(),
    concurrency: CONCURRENCY_OBJECT.nullable()
      .describe('How many tasks with the same key may be under way at one time; null = no limit.')
      .optional(),
    run_if: text('a CEL expression, or null for always')
      .nullable()
      .describe(
        'CEL over `params` and `steps.<name>.output|status`; false = skipped. Steps named in it are dependencies.',
      )
      .optional(),
    required: z
      .boolean(must('true or false'))
      .describe('false: a failure of this step does not fail the run; default true.')
      .optional(),
    estimated_seconds: z
      .number(must('a number of seconds from 0, or null'))
      .min(0, must('a number of seconds from 0, or null'))
      .max(WORKFLOW_LIMITS.seconds, must('a number of seconds from 0, at most 10^9'))
      .nullable()
      .describe('Expected duration, for ordering and simulation.')
      .optional(),
  },
  must('an object with name, module and action'),
);

const STEP_LIST = must('a list of steps');

/** The schema of a workflow file. Unknown members are not its business; `WORKFLOW_OBJECTS` tells which are known. */
export const WORKFLOW_FILE = z.object(
  {
    name: shortName('a name').describe("Default: the file's name without its ending.").optional(),
    description: text().describe('For people.').optional(),
    version: text().describe('For people.').optional(),
    mode: z
      .enum(Object.values(ExecutionMode), must(`one of ${Object.values(ExecutionMode).join(', ')}, or null`))
      .nullable()
      .describe("How ready steps are ordered; null = the session's default.")
      .optional(),
    max_parallel: wholeFromOne('a whole number from 1, or null')
      .nullable()
      .describe('Most steps that run at one time; null = as many as there are threads.')
      .optional(),
    timeout: secondsAboveZero('a number of seconds above 0, or null for no limit')
      .nullable()
      .describe('Seconds that the whole run may take; null = no limit.')
      .optional(),
    parameters: parameters.describe('Defaults of the run parameters.').optional(),
    resources: z
      .array(RESOURCE_OBJECT, must('a list of resources'))
      .describe('Resources that the workflow brings along.')
      .optional(),
    steps: z
      .array(STEP_OBJECT, STEP_LIST)
      .min(1, must('a list of at least one step'))
      .max(WORKFLOW_LIMITS.steps, must(`a list of at most ${WORKFLOW_LIMITS.steps} steps`))
      .describe('The tasks of the workflow; their order does not matter.'),
  },
  must('an object with a list of steps'),
);

/** The same with unchecked steps: a long list is checked step by step, so that its faults never pile up in one call. */
export const WORKFLOW_HEAD = WORKFLOW_FILE.extend({
  steps: z
    .array(z.unknown(), STEP_LIST)
    .min(1, must('a list of at least one step'))
    .max(WORKFLOW_LIMITS.steps, must(`a list of at most ${WORKFLOW_LIMITS.steps} steps`)),
});

export type WorkflowFileContent = z.output<typeof WORKFLOW_FILE>;
export type StepContent = z.output<typeof STEP_OBJECT>;

/** The field names of each object of a workflow file, for finding unknown ones. */
export const WORKFLOW_FIELDS = Object.freeze({
  file: Object.keys(WORKFLOW_FILE.shape),
  step: Object.keys(STEP_OBJECT.shape),
  retry: Object.keys(RETRY_OBJECT.shape),
  resource: Object.keys(RESOURCE_OBJECT.shape),
  concurrency: Object.keys(CONCURRENCY_OBJECT.shape),
});

/** The JSON Schema (2020-12) of a workflow file, as editors use it; config/workflow.schema.json is this, written out. */
export function workflowJsonSchema(): Record<string, unknown> {
  const closed = new Set<unknown>([WORKFLOW_FILE, STEP_OBJECT, RETRY_OBJECT, RESOURCE_OBJECT, CONCURRENCY_OBJECT]);
  const schema = z.toJSONSchema(WORKFLOW_FILE, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (!closed.has(zodSchema)) return;
      jsonSchema.additionalProperties = false;
      jsonSchema.patternProperties = { '^(?:\\$schema|x-.*|_(?!_proto__$).*)$': {} };
    },
  });
  const { $schema, ...rest } = schema;
  return {
    $schema,
    $id: 'urn:yardmaster:schema:workflow:1',
    title: 'Yardmaster workflow',
    description: 'A directed acyclic graph of steps. Times are in seconds.',
    ...rest,
  };
}
