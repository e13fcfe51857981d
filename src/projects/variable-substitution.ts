// Owns the replacement of `{{name}}` in templates by values. One pass over the template's text: what a value holds is
// never looked at again, so that `{{x}}` or `$&` in it stays text. What is no variable (an unterminated `{{`, a name that
// is none) stays as it is. Must never guess: a well-formed name without a value is an error that says where it stands.

import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';

/** Values by name; own properties only. */
export type TemplateVariables = Readonly<Record<string, string>>;

export interface SubstitutionOptions {
  /** The template's file, for messages. */
  readonly file: string;
  /** Makes a value fit the place that it is put in, such as `escapeMarkdown`; default: as it is. */
  readonly escape?: (value: string) => string;
  /** 1-based line of the file at which the text starts; default 1. */
  readonly firstLine?: number;
}

/** `{{name}}` or `{{ name }}` within a line; dots and hyphens are read so that a mistaken name is reported whole. */
const VARIABLE = /\{\{[ \t]*([\p{L}_][\p{L}\p{M}\p{N}_.-]*)[ \t]*\}\}/gu;
const LINE_END = /\r\n|\n|\r/g;

/**
 * The text with every variable replaced by its value.
 * @throws RuntimeError TEMPLATE_VARIABLE_UNKNOWN naming file, line and the nearest known name.
 */
export function substituteVariables(
  text: string,
  variables: TemplateVariables,
  { file, escape: escaped = (value) => value, firstLine = 1 }: SubstitutionOptions,
): string {
  // A function, not a text: in a replacement text `$&` would be read as a command.
  return text.replace(VARIABLE, (_match, name: string, offset: number) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value !== undefined) return escaped(value);
    const line = firstLine + (text.slice(0, offset).match(LINE_END)?.length ?? 0);
    throw unknownVariable(name, variables, file, line);
  });
}

/** The distinct names of the variables that a text uses, in order of their first use. */
export function variablesIn(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(VARIABLE), (match) => match[1] ?? ''))];
}

function unknownVariable(name: string, variables: TemplateVariables, file: string, line: number): RuntimeError {
  const known = Object.keys(variables).sort();
  const near = new NearNames(known).nearest(name);
  const hint = near === undefined ? `; known are ${known.join(', ') || 'none'}` : suggestion(near);
  return new RuntimeError(
    'TEMPLATE_VARIABLE_UNKNOWN',
    `${file}:${line}: unknown variable ${quoteName(name)}${hint}; correct it, or give it a value`,
    { details: { file, line, variable: name, ...(near === undefined ? {} : { suggestion: near }) } },
  );
}
