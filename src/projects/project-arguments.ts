// Owns the checks of what callers say of a project, other than its name and path; each says what would be right.

import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { RuntimeError } from '../domain/runtime-error.ts';
import { ProjectStatus, ProjectType } from '../domain/statuses.ts';
import { textFault } from './project.ts';

/** @throws RuntimeError ARGUMENT_INVALID */
export function requireProjectType(type: unknown): ProjectType {
  return requireWord(type, Object.values(ProjectType), 'project type');
}

/** @throws RuntimeError ARGUMENT_INVALID */
export function requireProjectStatus(status: unknown): ProjectStatus {
  return requireWord(status, Object.values(ProjectStatus), 'project status');
}

/** A text of at most 10,000 characters that any file can hold. @throws RuntimeError ARGUMENT_INVALID */
export function requireProjectText(text: unknown, what: string): string {
  const fault = typeof text === 'string' ? textFault(text) : `must be a text, not of type ${typeof text}`;
  if (typeof text === 'string' && fault === undefined) return text;
  throw new RuntimeError('ARGUMENT_INVALID', `the ${what} of a project ${fault}`, { details: { argument: what } });
}

function requireWord<Word extends string>(value: unknown, words: readonly Word[], what: string): Word {
  const word = words.find((each) => each === value);
  if (word !== undefined) return word;
  const shown = typeof value === 'string' ? quoteName(value) : `of type ${typeof value}`;
  const near = typeof value === 'string' ? suggestion(new NearNames(words).nearest(value)) : '';
  throw new RuntimeError('ARGUMENT_INVALID', `no ${what} is ${shown}${near}; use one of ${words.join(', ')}`, {
    details: { argument: what, possible: words },
  });
}
