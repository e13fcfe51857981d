// Owns how the JSON of projects and templates is held against a schema, and how its faults are worded and placed.
// Which fields there are, and what a fault means, is the business of who has the schema.

import { z } from 'zod';
import type { JsonPathSegment } from '../domain/json-path.ts';
import { findUnrecordable, type JsonObject } from '../domain/json-value.ts';

/** What is wrong at one place of a value. */
export interface SchemaFault {
  readonly place: readonly JsonPathSegment[];
  readonly message: string;
}

/** A value as its schema has it, or every fault of it. */
export type SchemaReading<Content> =
  | { readonly kind: 'sound'; readonly content: Content }
  | { readonly kind: 'faulty'; readonly faults: readonly SchemaFault[] };

/** The message of a part of a schema: what its value must be. */
export function must(expectation: string): { error: () => string } {
  return { error: () => `must be ${expectation}` };
}

/** An object that JSON records as it is. */
export function jsonObject(): z.ZodType<JsonObject, JsonObject> {
  return z.custom<JsonObject>(
    (value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && findUnrecordable(value) === undefined,
    must('an object'),
  );
}

/** Reads a value; every fault at once, in the order of the schema's fields. */
export function readBySchema<Schema extends z.ZodType>(schema: Schema, raw: unknown): SchemaReading<z.output<Schema>> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { kind: 'sound', content: parsed.data };
  const faults = parsed.error.issues.map(({ path, message }) => ({
    place: path.map((part) => (typeof part === 'symbol' ? String(part) : part)),
    message,
  }));
  return { kind: 'faulty', faults };
}
