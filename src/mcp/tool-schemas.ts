// Owns the schemas that several tools share, and how a tool's zod schemas become JSON Schema 2020-12: what may be said of a
// step is exactly what a workflow file may say, notes included.

import { z } from 'zod';
import { ExecutionMode, WorkflowStatus } from '../domain/statuses.ts';
import { STEP_OBJECT, WORKFLOW_FILE, WORKFLOW_LIMITS } from '../domain/workflow-schema.ts';

/** Members that objects of a workflow may have beside their fields; the pattern of workflow.schema.json. */
const NOTES = '^(?:\\$schema|x-.*|_(?!_proto__$).*)$';

/** Steps that one call may bring; larger workflows are files. */
const MOST_STEPS = 10_000;

/** A JSON Schema, as far as arguments are looked at with it. */
export interface JsonSchemaNode {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchemaNode;
  readonly patternProperties?: Readonly<Record<string, unknown>>;
  readonly items?: JsonSchemaNode;
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly [keyword: string]: unknown;
}

// --- words that many tools take

export const nameText = (what: string) =>
  z
    .string()
    .min(1)
    .max(WORKFLOW_LIMITS.nameLength)
    .regex(/^(?!\s*$)[^\p{Cc}]*$/u, { error: () => `must be ${what}: not blank, no control characters` })
    .describe(what);

/** A name that becomes the name of a file: nothing in it may look like a path. */
export const fileName = (what: string) =>
  z
    .string()
    .min(1)
    .max(WORKFLOW_LIMITS.nameLength)
    .regex(/^(?!\s*$)(?!\.)[^\p{Cc}/\\]*$/u, {
      error: () => `must be ${what}: not blank, no "/" or "\\", no "." in front, no control characters`,
    })
    .describe(what);

export const workflowName = nameText('Name of a workflow, as list_workflows gives it');
export const runId = z
  .string()
  .min(1)
  .max(400)
  .describe(
    'Id of a run, as execute_workflow and list_runs give it; ids of single tasks serve too where the tool says so',
  );
export const modeWord = z
  .enum(ExecutionMode)
  .describe('How ready steps are ordered; default: the workflow’s, else the engine’s');
export const positiveWhole = (maximum: number) => z.int().min(1).max(maximum);
export const listLimit = (byDefault: number, maximum: number) =>
  positiveWhole(maximum)
    .default(byDefault)
    .describe(`At most so many entries; default ${byDefault}, at most ${maximum}`);
/** Any JSON object, taken as it is. */
export const anyObject = WORKFLOW_FILE.shape.parameters.unwrap();
/** A JSON value of any kind. */
export const anyValue = z.unknown();

// --- parts of workflows

/** A step as a workflow file has it; notes stay in it. */
export const stepInput = STEP_OBJECT.loose();
export const stepList = z.array(stepInput).min(1).max(MOST_STEPS);

// --- parts of answers

export const workflowStatus = z.enum(WorkflowStatus);
export const isoTime = z.string().describe('ISO 8601, UTC');
export const optionalTime = isoTime.nullable();
export const advice = z.array(z.string()).describe('What to do next');

// --- JSON Schema

const inputSchemas = new WeakMap<z.ZodObject, JsonSchemaNode>();

/** The JSON Schema of a tool's input; made once. */
export function inputJsonSchema(schema: z.ZodObject): JsonSchemaNode {
  const known = inputSchemas.get(schema);
  if (known !== undefined) return known;
  const made = jsonSchemaOf(schema, 'input');
  inputSchemas.set(schema, made);
  return made;
}

/** The JSON Schema of what a tool takes or gives. */
export function jsonSchemaOf(schema: z.ZodObject, io: 'input' | 'output'): JsonSchemaNode {
  return z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    // Parameters are objects that zod must not copy; each says its type itself.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type !== 'object') return;
      // Of objects of a workflow the reader of workflow files takes notes; all others are closed or say what they take.
      const isStep = zodSchema === stepInput;
      if (!isStep && 'catchall' in def && def.catchall !== undefined) return;
      if (!isStep && io === 'output') return;
      jsonSchema.additionalProperties = false;
      jsonSchema.patternProperties = { [NOTES]: {} };
    },
  }) as JsonSchemaNode;
}
