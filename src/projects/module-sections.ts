// Owns what documents say of task modules, as Markdown: a table of all of them, and each with its actions and parameters.
// Names, types and comments are a person's, and go through markdown-text.ts.

import { codeCell, codeSpan, escapeMarkdown, escapeProse, joinThings, markdownTable } from './markdown-text.ts';
import type { ActionOutline } from './module-outline.ts';
import type { ParameterOutline } from './parameter-outline.ts';
import type { TaskModule } from './project-facts.ts';

const NONE = '–';

/** A table of modules with the names of their actions. */
export function taskModuleTable(modules: readonly TaskModule[]): string {
  const rows = modules.map(({ name, outline }) => [
    codeCell(name),
    outline.kind === 'read'
      ? outline.actions.map((action) => codeCell(action.name)).join(', ') || NONE
      : 'not readable',
    outline.kind === 'read' ? escapeProse(outline.description, codeCell) || NONE : escapeMarkdown(outline.reason),
  ]);
  return markdownTable(['Module', 'Actions', 'What it is'], rows);
}

/** Each module with its actions and their parameters. */
export function taskModuleDetails(modules: readonly TaskModule[]): string {
  return joinThings(modules.map(detailsOf), 'modules');
}

function detailsOf({ name, outline }: TaskModule): string[] {
  const head = [`### ${escapeMarkdown(name)}`, `File: ${codeSpan(outline.file)}`];
  if (outline.kind === 'unreadable') return [...head, `It cannot be read: ${escapeMarkdown(outline.reason)}`];
  const passedOn = outline.passesOn.map(codeSpan).join(', ');
  const unshown = outline.unshown.map(codeSpan).join(', ');
  return [
    ...head,
    escapeProse(outline.description),
    ...outline.actions.flatMap(actionBlocks),
    outline.actions.length === 0 && passedOn === '' && unshown === '' ? 'It exports no action.' : '',
    passedOn === '' ? '' : `It passes on exports of ${passedOn}, which are not followed here.`,
    unshown === '' ? '' : `Its source does not show whether these exports are actions: ${unshown}.`,
  ];
}

function actionBlocks({ name, description, parameters }: ActionOutline): string[] {
  const head = [`#### ${escapeMarkdown(name)}`, escapeProse(description)];
  if (parameters.kind === 'opaque') {
    const type = parameters.type === '' ? '' : ` Their type is ${codeSpan(parameters.type)}.`;
    return [...head, `Its source does not spell its parameters out.${type}`];
  }
  if (parameters.parameters.length === 0) return [...head, 'It takes no parameters.'];
  return [
    ...head,
    markdownTable(['Parameter', 'Type', 'Needed', 'What it is'], parameters.parameters.map(parameterRow)),
  ];
}

function parameterRow({ name, type, optional, defaultText, description }: ParameterOutline): string[] {
  const needed = defaultText === null ? neededWord(type, optional) : `no, default ${codeCell(defaultText)}`;
  return [codeCell(name), type === '' ? NONE : codeCell(type), needed, escapeProse(description, codeCell) || NONE];
}

// Of a parameter whose type is told elsewhere the source does not say that it must be given.
function neededWord(type: string, optional: boolean): string {
  if (optional) return 'no';
  return type === '' ? NONE : 'yes';
}
