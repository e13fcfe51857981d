// Owns malformed calls: from a tool's own JSON Schema and a sound call of it, calls that are wrong in one way each.

import fc from 'fast-check';
import type { JsonSchemaNode } from '../../src/mcp/tool-schemas.ts';

/** A call that must be refused, and in what way it is wrong. */
export interface MalformedCall {
  readonly what: string;
  readonly args: unknown;
}

type Path = readonly (string | number)[];

/** So many different malformed calls of a tool, the same for the same seed. */
export function malformedCalls(schema: JsonSchemaNode, sound: object, count: number, seed: number): MalformedCall[] {
  const places = placesOf(schema, sound);
  const calls = [...roots(), ...places.flatMap((place) => faultsAt(place, sound)), ...strangers(schema, sound, seed)];
  // All kinds before more of one: the order is shuffled, and repeated where there are too few.
  const order = fc.sample(fc.shuffledSubarray(calls, { minLength: calls.length }), { seed, numRuns: 1 })[0] ?? calls;
  return Array.from({ length: count }, (_, index) => order[index % order.length] ?? { what: 'null', args: null });
}

/** A place of the schema that a sound call reaches, with the schema there. */
interface Place {
  readonly path: Path;
  readonly node: JsonSchemaNode;
  readonly isRequired: boolean;
}

function placesOf(schema: JsonSchemaNode, sound: unknown, path: Path = []): Place[] {
  const places: Place[] = [];
  const required = schema.required ?? [];
  for (const [name, node] of Object.entries(schema.properties ?? {})) {
    const place = [...path, name];
    places.push({ path: place, node, isRequired: required.includes(name) });
    const value = typeof sound === 'object' && sound !== null ? Reflect.get(sound, name) : undefined;
    if (node.type === 'object' && value !== undefined) places.push(...placesOf(node, value, place));
    if (node.type === 'array' && Array.isArray(value) && node.items !== undefined) {
      places.push(...placesOf(node.items, value[0], [...place, 0]));
    }
  }
  return places;
}

/** What no tool takes in place of its arguments. */
function roots(): MalformedCall[] {
  const values: unknown[] = [null, [], [{}], 'text', '{}', 7, Number.NaN, true, () => ({}), new Date(0), new Map(), 1n];
  return values.map((args, index) => ({ what: `root ${index}`, args }));
}

const VALUES: readonly unknown[] = [
  null,
  true,
  7,
  -1,
  0.5,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '',
  'text',
  [],
  [null],
  ['text', 7],
  {},
  { a: 1 },
  () => 1,
  Symbol('s'),
  10n,
  new Date(0),
  Buffer.from('x'),
];

function faultsAt({ path, node, isRequired }: Place, sound: object): MalformedCall[] {
  const where = path.join('.');
  const put = (what: string, value: unknown): MalformedCall => ({
    what: `${where}: ${what}`,
    args: withValue(sound, path, value),
  });
  const faults = VALUES.filter((value) => !fits(node, value)).map((value, index) => put(`value ${index}`, value));
  if (isRequired) faults.push({ what: `${where}: missing`, args: withoutValue(sound, path) });
  faults.push(put('too deep', nested(10_000)), put('a ring', ring()));
  const types = typesOf(node);
  if (types.includes('string')) faults.push(put('half a character', 'a\ud800b'), put('huge', 'x'.repeat(8_000_001)));
  if (types.includes('object')) {
    faults.push(
      put('a prototype', JSON.parse('{"__proto__": {"polluted": true}}')),
      put('half a name', { '\udc00': 1 }),
    );
    faults.push(put('no number', { amount: Number.NaN, cores: Number.NaN }));
  }
  if (types.includes('array'))
    faults.push(
      put(
        'huge',
        Array.from({ length: 500_001 }, () => 1),
      ),
    );
  return faults;
}

/** Names that the schema does not know, those of every object's prototype among them. */
function strangers(schema: JsonSchemaNode, sound: object, seed: number): MalformedCall[] {
  const known = Object.keys(schema.properties ?? {});
  const made = fc.sample(fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }), { seed, numRuns: 80 });
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON', ...made];
  return names
    .filter((name) => !known.includes(name))
    .map((name) => ({ what: `unknown ${JSON.stringify(name)}`, args: withValue(sound, [name], { polluted: true }) }));
}

function typesOf({ type, anyOf, enum: words }: JsonSchemaNode): unknown[] {
  if (anyOf !== undefined) return anyOf.flatMap(typesOf);
  return Array.isArray(words) ? [] : [type].flat();
}

/** Whether a value may be what the schema asks for, as far as kinds go; what may fit is not used. */
function fits(node: JsonSchemaNode, value: unknown): boolean {
  if (node.anyOf !== undefined) return node.anyOf.some((choice) => fits(choice, value));
  if (Array.isArray(node.type)) return node.type.some((type) => fits({ ...node, type }, value));
  if (Array.isArray(node.enum)) return node.enum.includes(value);
  switch (node.type) {
    case 'string':
      return typeof value === 'string' && value.length >= Number(node.minLength ?? 0);
    case 'number':
    case 'integer': {
      if (typeof value !== 'number' || !Number.isFinite(value)) return false;
      return node.type === 'number' || Number.isInteger(value);
    }
    case 'boolean':
      return typeof value === 'boolean';
    case 'null':
      return value === null;
    case 'array':
      return (
        Array.isArray(value) &&
        value.length >= Number(node.minItems ?? 0) &&
        !value.some((each) => each === null || each === 7)
      );
    default:
      return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  }
}

/** A copy with another value at a place; a member named __proto__ is one, as JSON would have it. */
function withValue(sound: object, path: Path, value: unknown): unknown {
  const copy = structuredClone(sound);
  const last = path.at(-1);
  const parent = parentOf(copy, path);
  if (last !== undefined)
    Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

function withoutValue(sound: object, path: Path): unknown {
  const copy = structuredClone(sound);
  const last = path.at(-1);
  if (last !== undefined) Reflect.deleteProperty(parentOf(copy, path), last);
  return copy;
}

function parentOf(root: object, path: Path): object {
  let parent = root;
  for (const key of path.slice(0, -1)) {
    const next: unknown = Reflect.get(parent, key);
    if (typeof next !== 'object' || next === null) throw new Error(`the sound call has nothing at ${path.join('.')}`);
    parent = next;
  }
  return parent;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? { a: value } : [value];
  return value;
}

function ring(): unknown {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}
