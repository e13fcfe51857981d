// Owns the step from bytes to a JSON value, and from a JSON path back to a line of the text.
// Strict: UTF-8, JSON without extensions, no member twice, bounded size and depth. Never throws, never recurses:
// the text is walked token by token with an own stack, so that no document can overflow the thread's.

import { createScanner, type JSONScanner } from 'jsonc-parser';
import { formatJsonPath, type JsonPathSegment, parseJsonPath } from '../domain/json-path.ts';
import { MAX_JSON_DEPTH } from '../domain/json-value.ts';
import { quoteName } from '../domain/near-name.ts';
import { messageOf } from '../domain/runtime-error.ts';
import type { WorkflowFault } from '../domain/workflow-definition.ts';

/** Larger sources are refused before they are read. */
export const MAX_SOURCE_BYTES = 64 * 1024 * 1024;

export type JsonSource =
  | { readonly kind: 'parsed'; readonly value: unknown; readonly text: string; readonly faults: WorkflowFault[] }
  | { readonly kind: 'faulty'; readonly faults: WorkflowFault[] };

/** Reads a JSON text; members that appear twice are faults beside a value that could be read. */
export function readJsonSource(source: string | Uint8Array): JsonSource {
  if (source.length > MAX_SOURCE_BYTES) {
    return faulty(`the text is larger than ${MAX_SOURCE_BYTES / 1024 / 1024} MB; split it`);
  }
  const text = typeof source === 'string' ? source.replace(/^\uFEFF/, '') : decodeUtf8(source);
  if (text === null) return faulty('not valid UTF-8; save the file as UTF-8', lineOfBrokenUtf8(source));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return syntaxFault(text, error);
  }
  const walk = walkJson(text);
  if (walk.deepest > MAX_JSON_DEPTH) return faulty(`nested deeper than ${MAX_JSON_DEPTH} levels; flatten the data`);
  return { kind: 'parsed', value, text, faults: walk.duplicates };
}

/** The faults with the line of each path; what is missing gets the line of the object that misses it. */
export function withLines(text: string, faults: readonly WorkflowFault[]): WorkflowFault[] {
  if (faults.length === 0) return [];
  const root = new WantedPlace();
  const places = faults.map(({ path }) => root.descend(parseJsonPath(path)));
  walkJson(text, root);
  return faults.map((fault, index) => {
    if (fault.line !== undefined) return fault;
    const line = places[index]?.findLast((place) => place.line !== undefined)?.line;
    return line === undefined ? fault : { ...fault, line };
  });
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

// Halves the longest prefix that decodes; a sequence cut off by the prefix's end is not broken yet.
function lineOfBrokenUtf8(source: string | Uint8Array): number {
  if (typeof source === 'string') return 1;
  let sound = 0;
  let broken = source.length;
  while (broken - sound > 1) {
    const middle = (sound + broken) >> 1;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(source.subarray(0, middle), { stream: true });
      sound = middle;
    } catch {
      broken = middle;
    }
  }
  let line = 1;
  for (const byte of source.subarray(0, sound)) if (byte === 10) line += 1;
  return line;
}

function faulty(message: string, line?: number): JsonSource {
  const fault: WorkflowFault = { code: 'WORKFLOW_JSON', message, path: '$', ...(line === undefined ? {} : { line }) };
  return { kind: 'faulty', faults: [fault] };
}

function syntaxFault(text: string, error: unknown): JsonSource {
  // The engine quotes the text around the place, line ends included; position and quote follow in our own form.
  const plain = messageOf(error).replace(
    /(?:, |\s*\.\.\.)?".*" is not valid JSON$| (?:in JSON )?at position \d+.*$/s,
    '',
  );
  const shown = JSON.stringify(plain.slice(0, 200)).slice(1, -1).replaceAll('\\"', '"');
  const { offence } = walkJson(text);
  if (offence === undefined) return faulty(`not valid JSON: ${shown}`);
  return faulty(`not valid JSON, line ${offence.line} column ${offence.column}: ${shown}`, offence.line);
}

/** A place whose line is asked for; the places of all paths form a tree along the document. */
class WantedPlace {
  line: number | undefined;
  readonly #members = new Map<JsonPathSegment, WantedPlace>();

  /** The places along a path, this one first. */
  descend(segments: readonly JsonPathSegment[]): WantedPlace[] {
    const places: WantedPlace[] = [this];
    let place: WantedPlace = this;
    for (const segment of segments) {
      const next: WantedPlace = place.#members.get(segment) ?? new WantedPlace();
      place.#members.set(segment, next);
      places.push(next);
      place = next;
    }
    return places;
  }

  at(segment: JsonPathSegment): WantedPlace | undefined {
    return this.#members.get(segment);
  }
}

interface Walk {
  readonly duplicates: WorkflowFault[];
  deepest: number;
  /** Where the text stops to be JSON, 1-based. */
  offence?: { readonly line: number; readonly column: number };
}

interface Container {
  readonly isObject: boolean;
  readonly keys: Set<string>;
  readonly place: WantedPlace | undefined;
  segment: JsonPathSegment;
}

type Expected = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'end of text';

// The values of jsonc-parser's SyntaxKind, which as an ambient const enum cannot be read here.
const TOKEN = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  colon: 6,
  null: 7,
  true: 8,
  false: 9,
  string: 10,
  number: 11,
  lineBreak: 14,
  blank: 15,
  endOfText: 17,
} as const;

function walkJson(text: string, root?: WantedPlace): Walk {
  const scanner = createScanner(text, false);
  const walker = new JsonWalker(scanner, root);
  for (let token: number = scanner.scan(); ; token = scanner.scan()) {
    if (token === TOKEN.lineBreak || token === TOKEN.blank) continue;
    if (!walker.take(token) || token === TOKEN.endOfText) return walker.walk;
  }
}

class JsonWalker {
  readonly walk: Walk = { duplicates: [], deepest: 0 };
  readonly #scanner: JSONScanner;
  readonly #root: WantedPlace | undefined;
  readonly #stack: Container[] = [];
  #expected: Expected = 'value';

  constructor(scanner: JSONScanner, root: WantedPlace | undefined) {
    this.#scanner = scanner;
    this.#root = root;
  }

  /** False where the token cannot stand, which ends the walk. */
  take(token: number): boolean {
    const fits = this.#scanner.getTokenError() === 0 && this.#step(token);
    if (!fits) {
      this.walk.offence = {
        line: this.#scanner.getTokenStartLine() + 1,
        column: this.#scanner.getTokenStartCharacter() + 1,
      };
    }
    return fits;
  }

  #step(token: number): boolean {
    const inside = this.#stack.at(-1);
    switch (this.#expected) {
      case 'value':
        return this.#value(token, inside);
      case 'value or end':
        return token === TOKEN.closeBracket ? this.#close() : this.#value(token, inside);
      case 'key':
        return token === TOKEN.string && this.#key(inside);
      case 'key or end':
        return token === TOKEN.closeBrace ? this.#close() : token === TOKEN.string && this.#key(inside);
      case 'colon':
        this.#expected = 'value';
        return token === TOKEN.colon;
      case 'comma or end':
        return this.#afterValue(token, inside);
      case 'end of text':
        return token === TOKEN.endOfText;
    }
  }

  #value(token: number, inside: Container | undefined): boolean {
    const place = inside === undefined ? this.#root : inside.place?.at(inside.segment);
    if (place !== undefined) place.line ??= this.#scanner.getTokenStartLine() + 1;
    const isObject = token === TOKEN.openBrace;
    if (isObject || token === TOKEN.openBracket) {
      this.#stack.push({ isObject, keys: new Set(), place, segment: isObject ? '' : 0 });
      this.walk.deepest = Math.max(this.walk.deepest, this.#stack.length);
      this.#expected = isObject ? 'key or end' : 'value or end';
      return true;
    }
    this.#expected = inside === undefined ? 'end of text' : 'comma or end';
    return token >= TOKEN.null && token <= TOKEN.number;
  }

  #key(inside: Container | undefined): boolean {
    if (inside === undefined) return false;
    const key = this.#scanner.getTokenValue();
    const line = this.#scanner.getTokenStartLine() + 1;
    inside.segment = key;
    if (inside.keys.has(key)) {
      const path = formatJsonPath(this.#stack.map(({ segment }) => segment));
      const message = `${quoteName(key)} appears twice in the same object; remove one`;
      this.walk.duplicates.push({ code: 'WORKFLOW_JSON', message, path, line });
    }
    inside.keys.add(key);
    const place = inside.place?.at(key);
    if (place !== undefined) place.line ??= line;
    this.#expected = 'colon';
    return true;
  }

  #afterValue(token: number, inside: Container | undefined): boolean {
    if (inside === undefined) return false;
    if (token === (inside.isObject ? TOKEN.closeBrace : TOKEN.closeBracket)) return this.#close();
    if (token !== TOKEN.comma) return false;
    if (typeof inside.segment === 'number') inside.segment += 1;
    this.#expected = inside.isObject ? 'key' : 'value';
    return true;
  }

  #close(): boolean {
    this.#stack.pop();
    this.#expected = this.#stack.length === 0 ? 'end of text' : 'comma or end';
    return true;
  }
}
