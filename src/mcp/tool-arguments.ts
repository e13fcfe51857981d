// Owns the border between what a client sent and what a tool is given: bounds, plain JSON, no unknown members, right types.
// Every fault is told at once, each with its path and with what to do. It must survive anything: no recursion over the
// value, no look at a member through its prototype.

import type { z } from 'zod';
import { formatJsonPath, type JsonPathSegment } from '../domain/json-path.ts';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { expectationOf, showValue } from './argument-words.ts';
import type { McpTool } from './mcp-tool.ts';
import { inputJsonSchema } from './tool-schemas.ts';

/** Bounds on the arguments of one call, whatever the tool. */
export const ARGUMENT_LIMITS = Object.freeze({
  /** Of lists and objects within each other. */
  depth: 200,
  /** Members and elements of all lists and objects. */
  values: 500_000,
  /** Characters of all strings and names. */
  characters: 8_000_000,
});

/** Faults that one answer lists; the others are counted. */
const MOST_FAULTS = 50;
const LONGEST_PATH = 200;

/** One fault of the arguments. */
export interface ArgumentFault {
  readonly path: string;
  readonly message: string;
}

/** The arguments as they are, once the tool can take them; its schema fills in defaults. @throws RuntimeError MCP_ARGUMENTS_INVALID listing every fault */
export function readArguments(tool: McpTool, args: unknown): unknown {
  const given = args === undefined ? {} : args;
  if (!isRecord(given)) {
    throw refusal(tool, [{ path: '$', message: `the arguments must be an object, not ${showValue(given)}` }]);
  }
  const unsound = findUnsound(given);
  // Nothing else may look at what is too deep, too large or no JSON.
  if (unsound.length > 0) throw refusal(tool, unsound);
  const unknown = findUnknownMembers(given, inputJsonSchema(tool.input));
  const faults = [...unknown, ...findWrongValues(tool.input, given, new Set(unknown.map(({ path }) => path)))];
  if (faults.length > 0) throw refusal(tool, faults);
  return given;
}

function refusal(tool: McpTool, faults: readonly ArgumentFault[]): RuntimeError {
  const listed = faults.slice(0, MOST_FAULTS);
  const more = faults.length - listed.length;
  const list = listed.map(({ path, message }) => `${path}: ${message}`).join('; ');
  const takes = describeInput(tool.input);
  const message = `${tool.name} was not called: ${list}${more > 0 ? `; and ${more} more` : ''}. It takes ${takes}`;
  return new RuntimeError('MCP_ARGUMENTS_INVALID', message, {
    details: { tool: tool.name, faults: listed, ...(more > 0 ? { more } : {}) },
  });
}

function describeInput(input: z.ZodObject): string {
  const { properties = {}, required = [] } = inputJsonSchema(input);
  const names = Object.keys(properties).map((name) => (required.includes(name) ? `${name} (required)` : name));
  return names.length === 0 ? 'no arguments' : names.join(', ');
}

// --- what no tool takes

interface Pending {
  readonly value: unknown;
  readonly path: readonly JsonPathSegment[];
}

function findUnsound(root: Record<string, unknown>): ArgumentFault[] {
  const faults: ArgumentFault[] = [];
  const pending: Pending[] = [{ value: root, path: [] }];
  let values = 0;
  let characters = 0;
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const { value, path } = item;
    values += 1;
    if (typeof value === 'string') characters += value.length;
    if (values > ARGUMENT_LIMITS.values || characters > ARGUMENT_LIMITS.characters) {
      const bounds = `${ARGUMENT_LIMITS.values} values and ${ARGUMENT_LIMITS.characters} characters`;
      return [{ path: '$', message: `the arguments are too large: at most ${bounds}; keep data in files` }];
    }
    const fault = faultOfValue(value);
    if (fault !== undefined) faults.push({ path: shortPath(path), message: fault });
    else if (path.length >= ARGUMENT_LIMITS.depth && typeof value === 'object' && value !== null) {
      return [{ path: shortPath(path), message: `nested deeper than ${ARGUMENT_LIMITS.depth} levels; flatten it` }];
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        characters += name.length;
        const nameFault = faultOfName(name);
        if (nameFault !== undefined) faults.push({ path: shortPath([...path, name]), message: nameFault });
        else pending.push({ value: member, path: [...path, Array.isArray(value) ? Number(name) : name] });
      }
    }
    if (faults.length > MOST_FAULTS) break;
  }
  return faults;
}

function faultOfValue(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
        ? undefined
        : 'holds half of a surrogate pair, which is no text; send whole characters';
    case 'number':
      return Number.isFinite(value) ? undefined : `must be a finite number, not ${value}`;
    case 'boolean':
      return undefined;
    case 'object': {
      if (value === null || Array.isArray(value)) return undefined;
      const prototype: unknown = Object.getPrototypeOf(value);
      return prototype === null || prototype === Object.prototype ? undefined : 'must be plain JSON data';
    }
    default:
      return `must be JSON data, not ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`;
  }
}

function faultOfName(name: string): string | undefined {
  if (name === '__proto__') return 'no member may be named "__proto__"; rename it';
  return name.isWellFormed() ? undefined : 'its name holds half of a surrogate pair; send whole characters';
}

function shortPath(path: readonly JsonPathSegment[]): string {
  const text = formatJsonPath(path);
  return text.length <= LONGEST_PATH ? text : `${text.slice(0, LONGEST_PATH)}…`;
}

// --- members that the schema does not know

type SchemaNode = ReturnType<typeof inputJsonSchema>;

function findUnknownMembers(root: Record<string, unknown>, schema: SchemaNode): ArgumentFault[] {
  const faults: ArgumentFault[] = [];
  const pending: { value: unknown; node: SchemaNode; path: readonly JsonPathSegment[] }[] = [
    { value: root, node: schema, path: [] },
  ];
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const { value, node, path } = item;
    if (Array.isArray(value)) {
      const { items } = node;
      if (items !== undefined) {
        for (const [index, element] of value.entries())
          pending.push({ value: element, node: items, path: [...path, index] });
      }
    } else if (isRecord(value)) {
      for (const [name, member] of Object.entries(value)) {
        const place = [...path, name];
        const known = nodeOfMember(node, name);
        if (known === 'unknown') {
          // What is counted only needs no suggestion: there may be half a million.
          const message = faults.length < MOST_FAULTS ? unknownMember(name, node) : 'unknown';
          faults.push({ path: shortPath(place), message });
        } else if (known !== undefined) pending.push({ value: member, node: known, path: place });
      }
    }
  }
  return faults;
}

/** The schema of a member; undefined where any value will do. */
function nodeOfMember(node: SchemaNode, name: string): SchemaNode | 'unknown' | undefined {
  const { properties = {}, additionalProperties, patternProperties = {}, anyOf } = node;
  if (Object.hasOwn(properties, name)) return properties[name];
  if (Object.keys(patternProperties).some((pattern) => new RegExp(pattern, 's').test(name))) return undefined;
  if (additionalProperties === false) return 'unknown';
  if (typeof additionalProperties === 'object') return additionalProperties;
  // An object or null: the object counts.
  const choices = (anyOf ?? []).filter(({ type }) => type === 'object');
  return choices.length === 1 && choices[0] !== undefined ? nodeOfMember(choices[0], name) : undefined;
}

function unknownMember(name: string, node: SchemaNode): string {
  const known = Object.keys(node.properties ?? node.anyOf?.find(({ type }) => type === 'object')?.properties ?? {});
  const hint = suggestion(new NearNames(known).nearest(name));
  const others = known.length === 0 ? '; nothing is taken here' : `; known are ${known.join(', ')}`;
  return `unknown ${quoteName(name)}${hint === '' ? others : hint}; correct or remove it`;
}

// --- values of a wrong kind

/** `told`: paths of the unknown members that were found by name, with a suggestion. */
function findWrongValues(
  schema: z.ZodObject,
  given: Record<string, unknown>,
  told: ReadonlySet<string>,
): ArgumentFault[] {
  let issues: readonly z.core.$ZodIssue[];
  try {
    const parsed = schema.safeParse(given, { error: expectationOf });
    if (parsed.success) return [];
    issues = parsed.error.issues;
  } catch (error) {
    // zod hands the issues of a list on as arguments of one call, which have a limit.
    if (!(error instanceof RangeError)) throw error;
    return [{ path: '$', message: 'has more faults than can be listed; correct a few and call again' }];
  }
  const faults = new Map<string, ArgumentFault>();
  for (const issue of issues) {
    const segments = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') {
      // Left are those of an object that may be one of several, {gb} or {mb} say: none of them has all of its members.
      for (const name of issue.keys) {
        const path = shortPath([...segments, name]);
        if (told.has(path)) continue;
        faults.set(path, { path, message: `unknown ${quoteName(name)} beside the others; correct or remove it` });
      }
      continue;
    }
    const path = shortPath(segments);
    if (faults.has(path)) continue;
    const value = valueAt(given, segments);
    const message =
      value === undefined
        ? `is missing; it ${issue.message}`
        : `${issue.message}, not ${showValue(value)}${quoted(value)}`;
    faults.set(path, { path, message });
  }
  return [...faults.values()];
}

/** Models like to send lists and objects as text. */
function quoted(value: unknown): string {
  return typeof value === 'string' && /^\s*[[{]/.test(value)
    ? '; send the JSON itself, not a string that holds it'
    : '';
}

function valueAt(root: unknown, segments: readonly JsonPathSegment[]): unknown {
  let value = root;
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = Reflect.get(value, segment);
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
