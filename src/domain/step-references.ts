// Owns `{{…}}` in the parameters of a step: grammar, the steps they name, and putting values in their place.
// One pass only: what a value brings in is never read as a reference again. Own properties only: no way to a prototype.
//
//   {{ step.output }}   {{ step.output.a.b[0]["odd key"] }}   {{ step.status }}   {{ params.x.y }}
//
// A reference that is the whole string keeps its value's type; inside other text it is put in as text, objects as JSON.
// `\{{` stands for `{{`; each further pair of backslashes before braces stands for one. Member names are left alone.

import { formatJsonPath, type JsonPathSegment } from './json-path.ts';
import type { JsonObject, JsonValue } from './json-value.ts';
import { RuntimeError } from './runtime-error.ts';
import { TaskStatus } from './statuses.ts';

/** One `{{…}}`: what it reads, and where it stands within the parameters. */
export interface StepReference {
  readonly kind: 'output' | 'status' | 'params';
  /** The step, or the run parameter. */
  readonly name: string;
  /** Into the output or the run parameter. */
  readonly path: readonly JsonPathSegment[];
  readonly text: string;
  readonly at: readonly JsonPathSegment[];
}

/** A `{{…}}` that cannot be read, and where it stands within the parameters. */
export interface ReferenceFault {
  readonly message: string;
  readonly at: readonly JsonPathSegment[];
  /** The name that no step has, for a suggestion. */
  readonly unknownStep?: string;
}

export interface ResolveOptions {
  /** Default: completed, since a step starts only when all that it refers to have completed. */
  readonly statusOf?: (step: string) => TaskStatus;
  /** Members of the parameters that are left out, because something else takes their place. */
  readonly leaveOut?: (key: string) => boolean;
}

/** Parameters with references, read once at load and resolved at each start of the step. */
export interface CompiledParameters {
  readonly references: readonly StepReference[];
  /** The steps referred to, each once, in order of appearance. */
  readonly steps: readonly string[];
  /**
   * A new object with values in place; parts without references are shared with the definition.
   * @throws RuntimeError REFERENCE_INVALID when an output or a run parameter has no such member.
   */
  resolve(params: JsonObject, outputOf: (step: string) => unknown, options?: ResolveOptions): JsonObject;
}

export type ParameterCompilation =
  | { readonly kind: 'compiled'; readonly parameters: CompiledParameters | null }
  | { readonly kind: 'faulty'; readonly faults: readonly ReferenceFault[] };

/** A longer reference is a fault: reading one takes time that grows with its square. */
const MAX_REFERENCE_LENGTH = 2_000;

interface Scope {
  readonly params: JsonObject;
  readonly outputOf: (step: string) => unknown;
  readonly statusOf: (step: string) => TaskStatus;
}

type Resolver = (scope: Scope) => JsonValue;
type Piece = string | StepReference;

interface Compilation {
  readonly isStep: (name: string) => boolean;
  readonly references: StepReference[];
  readonly faults: ReferenceFault[];
}

/** Reads the references of a step's parameters; null when there is nothing to put in place. */
export function compileParameters(parameters: JsonObject, isStep: (name: string) => boolean): ParameterCompilation {
  const compilation: Compilation = { isStep, references: [], faults: [] };
  const resolvers = new Map<string, Resolver>();
  for (const [key, value] of Object.entries(parameters)) {
    const resolver = compileValue(value, [key], compilation);
    if (resolver !== null) resolvers.set(key, resolver);
  }
  const { faults, references } = compilation;
  if (faults.length > 0) return { kind: 'faulty', faults };
  if (resolvers.size === 0) return { kind: 'compiled', parameters: null };
  const steps = new Set(references.filter(({ kind }) => kind !== 'params').map(({ name }) => name));
  return {
    kind: 'compiled',
    parameters: {
      references,
      steps: [...steps],
      resolve(params, outputOf, { statusOf = () => TaskStatus.COMPLETED, leaveOut } = {}) {
        const scope: Scope = { params, outputOf, statusOf };
        const result: JsonObject = {};
        for (const [key, value] of Object.entries(parameters)) {
          if (leaveOut?.(key) !== true) setOwn(result, key, resolve(resolvers.get(key), value, scope));
        }
        return result;
      },
    },
  };
}

/** The steps that parameters refer to, each once; unreadable references are left out. */
export function referencedSteps(parameters: JsonObject, isStep: (name: string) => boolean): string[] {
  const compilation: Compilation = { isStep, references: [], faults: [] };
  for (const [key, value] of Object.entries(parameters)) compileValue(value, [key], compilation);
  const names = compilation.references.filter(({ kind }) => kind !== 'params').map(({ name }) => name);
  return [...new Set(names)];
}

// `path` is the way down to the value, extended in place: a copy per value would cost its depth.
function compileValue(value: JsonValue, path: JsonPathSegment[], compilation: Compilation): Resolver | null {
  if (typeof value === 'string') return value.includes('{{') ? compileText(value, [...path], compilation) : null;
  if (typeof value !== 'object' || value === null) return null;
  const resolvers = new Map<JsonPathSegment, Resolver>();
  const look = (segment: JsonPathSegment, part: JsonValue): void => {
    path.push(segment);
    const resolver = compileValue(part, path, compilation);
    path.pop();
    if (resolver !== null) resolvers.set(segment, resolver);
  };
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) look(index, item);
    if (resolvers.size === 0) return null;
    return (scope) => value.map((item, index) => resolve(resolvers.get(index), item, scope));
  }
  for (const [key, member] of Object.entries(value)) look(key, member);
  if (resolvers.size === 0) return null;
  return (scope) => {
    const result: JsonObject = {};
    for (const [key, member] of Object.entries(value)) setOwn(result, key, resolve(resolvers.get(key), member, scope));
    return result;
  };
}

// Not `resolver?.(scope) ?? value`: null is a value that a reference may bring in.
function resolve(resolver: Resolver | undefined, value: JsonValue, scope: Scope): JsonValue {
  return resolver === undefined ? value : resolver(scope);
}

function compileText(text: string, at: readonly JsonPathSegment[], compilation: Compilation): Resolver {
  const pieces: Piece[] = [];
  let from = 0;
  for (let open = text.indexOf('{{'); open !== -1; open = text.indexOf('{{', from)) {
    let backslashes = 0;
    while (open - backslashes > from && text[open - backslashes - 1] === '\\') backslashes += 1;
    pieces.push(text.slice(from, open - backslashes) + '\\'.repeat(backslashes >> 1));
    if (backslashes % 2 === 1) {
      pieces.push('{{');
      from = open + 2;
      continue;
    }
    const close = text.indexOf('}}', open);
    if (close === -1) {
      const message = `${clip(text.slice(open))} has no closing "}}"; write \\{{ where the braces are meant as text`;
      compilation.faults.push({ message, at });
      return () => text;
    }
    const piece = readReference(text.slice(open + 2, close), at, compilation);
    if (piece !== null) pieces.push(piece);
    from = close + 2;
  }
  pieces.push(text.slice(from));
  return resolverOf(pieces.filter((piece) => piece !== ''));
}

function resolverOf(pieces: readonly Piece[]): Resolver {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined && typeof only !== 'string') return (scope) => read(only, scope);
  return (scope) => pieces.map((piece) => (typeof piece === 'string' ? piece : asText(read(piece, scope)))).join('');
}

function asText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

// --- reading one reference

function readReference(
  inner: string,
  at: readonly JsonPathSegment[],
  { isStep, references, faults }: Compilation,
): StepReference | null {
  const text = `{{${inner}}}`;
  const body = inner.trim();
  const target = body.length > MAX_REFERENCE_LENGTH ? null : findTarget(body, isStep);
  if (target === null) {
    const message = `${clip(text)} must be {{step.output…}}, {{step.status}} or {{params.name…}}; write \\{{ where the braces are meant as text`;
    faults.push({ message, at });
    return null;
  }
  if (target.kind === 'unknown') {
    const message = `${clip(text)} names step ${JSON.stringify(clip(target.name))}, which the workflow does not have`;
    faults.push({ message, at, unknownStep: target.name });
    return null;
  }
  const path = readPath(target.rest);
  const [first, ...deeper] = path ?? [];
  const isParameter = target.kind === 'params';
  if (path === null || (isParameter && typeof first !== 'string') || (target.kind === 'status' && path.length > 0)) {
    const message = `${clip(text)} must go on as .member, [0] or ["member"] after ${JSON.stringify(body.slice(0, body.length - target.rest.length))}`;
    faults.push({ message, at });
    return null;
  }
  const reference: StepReference = isParameter
    ? { kind: 'params', name: String(first), path: deeper, text, at }
    : { kind: target.kind, name: target.name, path, text, at };
  references.push(reference);
  return reference;
}

type Target =
  | { readonly kind: 'output' | 'status' | 'params'; readonly name: string; readonly rest: string }
  | { readonly kind: 'unknown'; readonly name: string };

// Names may hold dots, so the last `.output` whose left side is a step wins; `params` is always the run parameters.
function findTarget(body: string, isStep: (name: string) => boolean): Target | null {
  let unknown: string | null = null;
  let best: Target | null = null;
  for (const match of body.matchAll(/\.(output|status)(?=$|[.[\s])/g)) {
    const name = body.slice(0, match.index).trim();
    if (name === '' || name === 'params') continue;
    unknown ??= name;
    const kind = match[1] === 'status' ? 'status' : 'output';
    if (isStep(name)) best = { kind, name, rest: body.slice(match.index + match[0].length) };
  }
  if (best !== null) return best;
  const params = /^params(?=[.[])/.exec(body);
  if (params !== null) return { kind: 'params', name: '', rest: body.slice(params[0].length) };
  return unknown === null ? null : { kind: 'unknown', name: unknown };
}

const PATH_PART =
  /\s*(?:\.\s*([^.[\]{}"\s](?:[^.[\]{}"]*[^.[\]{}"\s])?)|\[\s*(\d{1,15})\s*\]|\[\s*("(?:[^"\\]|\\.)*")\s*\])/y;

function readPath(text: string): JsonPathSegment[] | null {
  const path: JsonPathSegment[] = [];
  let end = 0;
  PATH_PART.lastIndex = 0;
  for (let match = PATH_PART.exec(text); match !== null; match = PATH_PART.exec(text)) {
    const [, name, index, quoted] = match;
    if (name !== undefined) path.push(name);
    else if (index !== undefined) path.push(Number(index));
    else path.push(unquote(quoted ?? '""'));
    end = PATH_PART.lastIndex;
  }
  return text.slice(end).trim() === '' ? path : null;
}

function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted.slice(1, -1);
  }
}

// --- looking values up

function read(reference: StepReference, scope: Scope): JsonValue {
  const { kind, name, path } = reference;
  if (kind === 'status') return scope.statusOf(name);
  const isParameter = kind === 'params';
  const whole = isParameter ? ownMember(scope.params, name) : { value: scope.outputOf(name) ?? null };
  let found: { readonly value: unknown } | undefined = whole;
  let depth = 0;
  for (; found !== undefined && depth < path.length; depth += 1) found = ownMember(found.value, path[depth] ?? '');
  if (found !== undefined) return (found.value ?? null) as JsonValue;
  const missing = formatJsonPath(path.slice(0, depth)).slice(1);
  const owner = isParameter ? `run parameter ${JSON.stringify(name)}` : `the output of step ${JSON.stringify(name)}`;
  const what = missing === '' ? 'is not given' : `has no ${missing}`;
  throw new RuntimeError(
    'REFERENCE_INVALID',
    `${reference.text} in parameters${formatJsonPath(reference.at).slice(1)}: ${owner} ${what}; correct the reference, or what the step returns`,
    { details: { reference: reference.text, [isParameter ? 'parameter' : 'step']: name, path: missing } },
  );
}

function ownMember(container: unknown, segment: JsonPathSegment): { readonly value: unknown } | undefined {
  if (typeof container !== 'object' || container === null) return undefined;
  if (Array.isArray(container) !== (typeof segment === 'number')) return undefined;
  return Object.hasOwn(container, segment) ? { value: Reflect.get(container, segment) } : undefined;
}

// A plain assignment to `__proto__` would set the prototype instead of a member.
function setOwn(target: JsonObject, key: string, value: JsonValue): void {
  if (key !== '__proto__') target[key] = value;
  else Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
