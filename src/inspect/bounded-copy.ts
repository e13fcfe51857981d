// Owns the copy of any value as plain JSON within bounds: what a trace keeps of contexts, events and outputs, which may be
// huge, endless, or throw when they are looked at. The copy shares nothing with the original.
// It must never throw, never recurse deeper than its bound, and never read more of a value than it keeps (a long object's
// keys excepted).

import type { JsonValue } from '../domain/json-value.ts';

export interface CopyBounds {
  /** Levels of objects within objects. */
  readonly depth: number;
  /** Of one text. */
  readonly characters: number;
  /** Of one list or object. */
  readonly entries: number;
  /** Characters of all texts and keys, with 8 for each value. */
  readonly total: number;
}

/** What a trace keeps of one value. */
export const TRACE_BOUNDS: CopyBounds = Object.freeze({
  depth: 12,
  characters: 4_000,
  entries: 200,
  total: 32_000,
});

/** A value as plain JSON; what is cut says so in its place. */
export function boundedCopy(value: unknown, bounds: CopyBounds = TRACE_BOUNDS): JsonValue {
  // What most events and contexts are made of is copied without a walker.
  if (value === null || value === undefined || typeof value === 'boolean') return value ?? null;
  if (typeof value === 'number') return plainNumber(value);
  return new Copier(bounds).copy(value, 0);
}

/** The same of an object's own properties; of what is none, no properties. */
export function boundedRecord(value: unknown, bounds: CopyBounds = TRACE_BOUNDS): { [key: string]: JsonValue } {
  const copy = boundedCopy(value, bounds);
  return typeof copy === 'object' && copy !== null && !Array.isArray(copy) ? copy : {};
}

// As JSON has it: nothing beyond the finite, and one zero.
function plainNumber(value: number): number | null {
  return Number.isFinite(value) ? value + 0 : null;
}

const CUT_KEY = '…';

class Copier {
  readonly #bounds: CopyBounds;
  #left: number;
  /** From the root to where it is: what is met again is a ring. */
  readonly #path: object[] = [];

  constructor(bounds: CopyBounds) {
    this.#bounds = bounds;
    this.#left = bounds.total;
  }

  copy(value: unknown, depth: number): JsonValue {
    this.#left -= 8;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return plainNumber(value);
      case 'boolean':
        return value;
      case 'bigint':
        return `${value}n`;
      case 'function':
        return '[function]';
      case 'symbol':
        return '[symbol]';
      case 'object':
        return value === null ? null : this.#guarded(value, depth);
      default:
        return null;
    }
  }

  #text(text: string): string {
    const limit = Math.max(0, Math.min(this.#bounds.characters, this.#left));
    if (text.length <= limit) {
      this.#left -= text.length;
      return text;
    }
    this.#left -= limit;
    // Not between the halves of a pair: what is left must be a text for every reader.
    return `${text.slice(0, limit).toWellFormed()}… (${text.length} characters)`;
  }

  // Any look at an object may run somebody's code.
  #guarded(value: object, depth: number): JsonValue {
    try {
      return this.#object(value, depth);
    } catch {
      return '[unreadable]';
    }
  }

  #object(value: object, depth: number): JsonValue {
    if (depth >= this.#bounds.depth || this.#left <= 0) return Array.isArray(value) ? '[…]' : '{…}';
    if (this.#path.includes(value)) return '[circular]';
    this.#path.push(value);
    try {
      return this.#content(value, depth + 1);
    } finally {
      this.#path.pop();
    }
  }

  #content(value: object, depth: number): JsonValue {
    if (Array.isArray(value)) return this.#list(value, value.length, depth);
    // Before toJSON: that of a Buffer makes a list of all its bytes.
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (value instanceof Error) return this.#error(value, depth);
    const toJson: unknown = Reflect.get(value, 'toJSON');
    if (typeof toJson === 'function') return this.copy(Reflect.apply(toJson, value, ['']), depth);
    if (value instanceof Map) return this.#list(value, value.size, depth);
    if (value instanceof Set) return this.#list(value, value.size, depth);
    return this.#record(value, depth);
  }

  #list(values: Iterable<unknown>, length: number, depth: number): JsonValue[] {
    const list: JsonValue[] = [];
    for (const value of values) {
      if (list.length >= this.#bounds.entries || this.#left <= 0) {
        list.push(`… (${length - list.length} more)`);
        break;
      }
      list.push(this.copy(value, depth));
    }
    return list;
  }

  #record(value: object, depth: number): JsonValue {
    const record: { [key: string]: JsonValue } = {};
    const keys = Object.keys(value);
    for (const [index, key] of keys.entries()) {
      if (index >= this.#bounds.entries || this.#left <= 0) {
        record[CUT_KEY] = `${keys.length - index} more`;
        break;
      }
      const child = this.#property(value, key);
      if (child === undefined) continue;
      setOwn(record, this.#text(key), this.copy(child, depth));
    }
    return record;
  }

  // One getter that throws costs its own value, not the whole object.
  #property(value: object, key: string): unknown {
    try {
      return Reflect.get(value, key);
    } catch {
      return '[unreadable]';
    }
  }

  #error(error: Error, depth: number): JsonValue {
    const code = this.#property(error, 'code');
    return {
      name: this.#text(String(error.name)),
      message: this.#text(String(error.message)),
      ...(typeof code === 'string' ? { code: this.#text(code) } : {}),
      ...(error.cause === undefined ? {} : { cause: this.copy(error.cause, depth) }),
    };
  }
}

// A key such as `__proto__` is a key like any other.
function setOwn(record: { [key: string]: JsonValue }, key: string, value: JsonValue): void {
  if (key !== '__proto__') record[key] = value;
  else Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}
