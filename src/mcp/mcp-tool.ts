// Owns what a tool is to the rest of the MCP side: its words, its two schemas, its annotations, and what a call of it is
// given and gives back. A tool needs no MCP package: the server is one way to reach it, `executeMcpTool` another.
// Nothing here knows a transport; a tool must never write to one.

import type { z } from 'zod';
import type { JsonObject } from '../domain/json-value.ts';
import type { OrchestrationEngine } from '../engine/orchestration-engine.ts';
import type { ProjectManager } from '../projects/project-manager.ts';
import { inputJsonSchema, jsonSchemaOf } from './tool-schemas.ts';

/** What the tools act on: one engine, its projects, and what the person in front of it allows. */
export interface McpHost {
  readonly engine: OrchestrationEngine;
  readonly projects: ProjectManager;
  /** Whether steps of `core.command` may be made or run. */
  readonly allowCommands: boolean;
}

/** How far a call is. `progress` only grows; `total` is the number of tasks. */
export interface McpProgress {
  readonly progress: number;
  readonly total: number;
  readonly message: string;
}

/** What a caller may give along with the arguments. */
export interface McpToolCall {
  /** Aborted: the work is cancelled, and the result says so. */
  readonly signal?: AbortSignal | undefined;
  /** What it throws is ignored. */
  readonly onProgress?: ((progress: McpProgress) => void) | undefined;
}

/** The same, complete, with what the tool acts on. */
export interface ToolContext extends McpHost {
  readonly signal: AbortSignal;
  /** Absent: nobody listens, and nothing need be counted. */
  readonly onProgress?: ((progress: McpProgress) => void) | undefined;
}

/** The hints of the protocol; each is true of the tool. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** The hints of a tool that only looks. */
export const READ_ONLY: ToolAnnotations = Object.freeze({
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
});

/** A tool as clients are told of it; the schemas are JSON Schema 2020-12. */
export interface McpToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>> & { readonly type: 'object' };
  readonly outputSchema: Readonly<Record<string, unknown>> & { readonly type: 'object' };
  readonly annotations: ToolAnnotations;
}

/** What is told of every call. */
export interface McpResultMetadata {
  readonly tool: string;
  /** ISO 8601: when the call ended. */
  readonly timestamp: string;
  readonly duration_ms: number;
}

/** What went wrong: a code of docs/errors.md, and what, where, what to do. */
export interface McpErrorDetails {
  readonly type: string;
  readonly message: string;
  readonly details?: JsonObject;
}

/**
 * The outcome of a call. A run that failed is no success; it comes with `data` all the same, in the shape of the output
 * schema, as does any failure of which there is more to tell.
 */
export type McpToolResult =
  | { readonly success: true; readonly data: JsonObject; readonly metadata: McpResultMetadata }
  | {
      readonly success: false;
      readonly error: string;
      readonly errorDetails: McpErrorDetails;
      readonly data?: JsonObject;
      readonly metadata: McpResultMetadata;
    };

/** What a tool's function returns when the work was done and did not go well: there is data, and it is no success. */
export class ToolFailure {
  readonly code: string;
  readonly message: string;
  readonly data: object;
  readonly details: JsonObject;

  constructor(code: string, message: string, data: object, details: JsonObject = {}) {
    this.code = code;
    this.message = message;
    this.data = data;
    this.details = details;
  }
}

/** A tool, whatever its schemas. */
export interface McpTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly annotations: ToolAnnotations;
  /** `parsed` is what `input` gave. @throws RuntimeError, or anything of a fault in the tool */
  run(parsed: unknown, context: ToolContext): Promise<object>;
}

/** What a tool is made of. */
export interface ToolParts<Input extends z.ZodObject, Output extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly annotations: ToolAnnotations;
  readonly run: (
    args: z.output<Input>,
    context: ToolContext,
  ) => Promise<z.input<Output> | ToolFailure> | z.input<Output> | ToolFailure;
}

/** A tool whose function is checked against its schemas when it is compiled. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  parts: ToolParts<Input, Output>,
): McpTool {
  const { run, ...rest } = parts;
  return {
    ...rest,
    // Parsed by this very schema before: once more costs little and needs no cast.
    run: async (parsed, context) => run(parts.input.parse(parsed), context),
  };
}

/** What clients are told of a tool. */
export function definitionOf({ name, title, description, input, output, annotations }: McpTool): McpToolDefinition {
  return {
    name,
    title,
    description,
    inputSchema: objectSchema(input, 'input'),
    outputSchema: objectSchema(output, 'output'),
    annotations,
  };
}

function objectSchema(schema: z.ZodObject, io: 'input' | 'output'): McpToolDefinition['inputSchema'] {
  return { ...(io === 'input' ? inputJsonSchema(schema) : jsonSchemaOf(schema, io)), type: 'object' };
}
