// Owns the form of a tool's outcome: plain JSON of bounded size, and errors as code, sentence and details. A stack never
// leaves the process this way, and what is no RuntimeError is told as a fault of Yardmaster itself.

import type { JsonObject, JsonValue } from '../domain/json-value.ts';
import { isRuntimeError, messageOf } from '../domain/runtime-error.ts';
import type { McpErrorDetails, McpResultMetadata, McpToolResult, ToolFailure } from './mcp-tool.ts';

const LONGEST_MESSAGE = 6_000;
/** Details that take more characters as JSON are cut list by list. */
const MOST_DETAILS = 40_000;
const MOST_LISTED = 50;

export function successResult(data: object, metadata: McpResultMetadata): McpToolResult {
  return { success: true, data: plainObject(data), metadata };
}

/** Work that was done and did not go well: the data comes along. */
export function failureResult(failure: ToolFailure, metadata: McpResultMetadata): McpToolResult {
  const { code, details, data } = failure;
  const message = clip(failure.message);
  const errorDetails = errorDetailsOf(code, message, details);
  return { success: false, error: message, errorDetails, data: plainObject(data), metadata };
}

/** Anything thrown. */
export function thrownResult(thrown: unknown, metadata: McpResultMetadata): McpToolResult {
  const [code, text, details] = isRuntimeError(thrown)
    ? [thrown.code, thrown.message, thrown.details]
    : ['INTERNAL', `the tool itself failed: ${messageOf(thrown)}; please report this`, {}];
  const message = clip(text);
  return { success: false, error: message, errorDetails: errorDetailsOf(code, message, details), metadata };
}

function errorDetailsOf(type: string, message: string, details: Readonly<Record<string, unknown>>): McpErrorDetails {
  if (Object.keys(details).length === 0) return { type, message };
  return { type, message, details: boundedDetails(details) };
}

function boundedDetails(details: Readonly<Record<string, unknown>>): JsonObject {
  let text: string;
  try {
    text = JSON.stringify(details) ?? '{}';
  } catch {
    return { note: 'the details are no JSON' };
  }
  if (text.length <= MOST_DETAILS) return plainObject(JSON.parse(text));
  const short: JsonObject = {};
  for (const [key, value] of Object.entries(plainObject(JSON.parse(text)))) {
    const cut: JsonValue = Array.isArray(value) ? value.slice(0, MOST_LISTED) : value;
    if (JSON.stringify(cut).length <= MOST_DETAILS / 4) short[key] = cut;
    else short[key] = `cut: ${JSON.stringify(value).length} characters`;
  }
  return short;
}

/** What JSON makes of it: no functions, no classes, no undefined, and no half of a surrogate pair, as a cut leaves them. */
function plainObject(data: object): JsonObject {
  const text = JSON.stringify(data);
  // Only a lone surrogate is written that way, or a backslash of the data before "ud": hardly ever either.
  const plain: JsonObject = text.includes('\\ud') ? JSON.parse(text, wellFormed) : JSON.parse(text);
  return plain;
}

function wellFormed(_: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}

function clip(text: string): string {
  const shown = text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE)}… (cut)`;
  return shown.toWellFormed();
}
