// Owns the comparison of what a template names with what it ships. What is missing is told, never made up: a project of it
// is sound all the same, and lacks what its template only spoke of.

import { posix } from 'node:path';
import { quoteName } from '../domain/near-name.ts';
import { BUILT_IN_MODULE } from '../engine/surroundings.ts';
import { WORKFLOW_FOLDER } from './project-store.ts';
import type { TemplateContents, TemplateFile } from './template-files.ts';
import { TASKS_FOLDER } from './template-path.ts';

const MODULE_FILE = /^tasks\/(.+)\.(?:ts|js|mjs)$/;

/** What a template names. */
export interface NamedParts {
  readonly name: string;
  readonly workflows: readonly string[];
  readonly requiredModules: readonly string[];
  readonly optionalModules: readonly string[];
}

/** The names by which steps call the modules among the files, and the built-in one. */
export function moduleNames(files: readonly TemplateFile[]): string[] {
  const names = files.map(({ path }) => MODULE_FILE.exec(path)?.[1]).filter((name) => name !== undefined);
  return [BUILT_IN_MODULE, ...names];
}

/** A sentence for each thing that the template names and does not ship, with what to do about it. */
export function missingParts(
  { name, workflows, requiredModules, optionalModules }: NamedParts,
  contents: TemplateContents,
  shippedWorkflows: readonly string[],
): string[] {
  const template = `template ${quoteName(name)}`;
  const modules = new Set(moduleNames(contents.files));
  const rendered = contents.files
    .filter(({ path, isRendered }) => isRendered && posix.dirname(path) === WORKFLOW_FOLDER)
    .map(({ path }) => posix.basename(path, '.json'));
  const known = new Set([...shippedWorkflows, ...rendered]);
  const lacking = (kind: string, wanted: readonly string[]): string[] => {
    const missing = wanted.filter((module) => !modules.has(module)).map(quoteName);
    if (missing.length === 0) return [];
    const what = `${kind} ${missing.length === 1 ? 'module' : 'modules'} ${missing.join(', ')}`;
    return [
      `${template} names ${what} and ships no such file; add ${TASKS_FOLDER}/<module>.ts where a workflow needs one`,
    ];
  };
  return [
    ...workflows
      .filter((workflow) => !known.has(workflow))
      .map(
        (workflow) =>
          `${template} names workflow ${quoteName(workflow)} and ships no such file; write ${WORKFLOW_FOLDER}/${workflow}.json`,
      ),
    ...lacking('required', requiredModules),
    ...lacking('optional', optionalModules),
    ...contents.unmatched.map(
      (source) => `${template} copies ${quoteName(source)}, which matches no file; nothing was copied for it`,
    ),
  ];
}
