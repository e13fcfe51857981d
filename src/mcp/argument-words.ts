// Owns the words for what an argument should have been and for what it was: "must be a whole number from 1", "a list".
// Pure; a value is shown short and on one line, whatever it holds.

import type { z } from 'zod';

const LONGEST_SHOWN = 60;

/** What zod says of an issue, in the words of the workflow files' own messages. */
export function expectationOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPE_WORDS[String(issue.expected)] ?? String(issue.expected)}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `must be ${sizeWords(String(issue.origin), issue.inclusive === true ? 'at least' : 'above', Number(issue.minimum))}`;
    case 'too_big':
      return `must be ${sizeWords(String(issue.origin), issue.inclusive === true ? 'at most' : 'below', Number(issue.maximum))}`;
    case 'invalid_union':
      return 'must be one of the kinds that the schema lists';
    case 'custom':
      return 'must be as the schema says';
    default:
      return `must be as the schema says (${issue.code})`;
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function sizeWords(origin: string, comparison: string, limit: number): string {
  switch (origin) {
    case 'string':
      return `text of ${comparison} ${limit} characters`;
    case 'array':
      return `a list of ${comparison} ${limit} elements`;
    case 'number':
    case 'int':
      return `a number ${comparison} ${limit}`;
    default:
      return `${comparison} ${limit}`;
  }
}

/** A value in a message. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
