// Owns the list of what steps can call here: the built-in module, and the modules of the tasks folders as their sources say.
// Sources are read and never run. Bounded in files and size; what is left out is counted.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { listModules } from '../engine/module-listing.ts';
import { type ActionOutline, outlineModule } from '../projects/module-outline.ts';

const MOST_MODULES = 60;
const MOST_ACTIONS = 40;
const DEEPEST = 3;
/** As the built-in module checks its parameters. */
const CORE_ACTIONS = [
  'echo {message: any JSON}: gives the message back; good for joins, `{"a": "{{step_a.output}}", …}`',
  'sleep {duration: seconds}',
  'burn {ms: milliseconds}: keeps a CPU busy',
  'noop: gives null',
  'fail {message?, times?}: fails, for trying out retries',
];
const COMMAND_ACTION = 'command {command, args?, cwd?, env?, timeout?}: runs a program';

/** Markdown: a line for each action that a step can name. */
export async function taskCatalogue(tasksDirs: readonly string[], allowCommands: boolean): Promise<string> {
  const core = allowCommands ? [...CORE_ACTIONS, COMMAND_ACTION] : CORE_ACTIONS;
  const modules = listModules(tasksDirs, { deepest: DEEPEST, most: MOST_MODULES * 4 });
  const shown = modules.slice(0, MOST_MODULES);
  const sections = await Promise.all(shown.map(({ name, file }) => moduleSection(name, file)));
  const hidden = modules.length - shown.length;
  return [
    `- module \`core\` (built in)\n${core.map((action) => `  - ${action}`).join('\n')}`,
    ...sections,
    ...(hidden > 0 ? [`- and ${hidden} more modules`] : []),
    ...(modules.length === 0
      ? ['- no task modules of your own yet: files such as tasks/<name>.ts are found at once']
      : []),
  ].join('\n');
}

async function moduleSection(name: string, file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return `- module \`${name}\`: its file cannot be read`;
  }
  const outline = await outlineModule(basename(file), text);
  if (outline.kind === 'unreadable') return `- module \`${name}\`: ${oneLine(outline.reason)}`;
  const about = outline.description === '' ? '' : `: ${oneLine(outline.description)}`;
  const actions = outline.actions.slice(0, MOST_ACTIONS).map((action) => `  - ${actionLine(action)}`);
  return [`- module \`${name}\`${about}`, ...actions].join('\n');
}

function actionLine({ name, description, parameters }: ActionOutline): string {
  const given =
    parameters.kind === 'opaque'
      ? oneLine(parameters.type || 'any')
      : `{${parameters.parameters.map(({ name, type, optional }) => `${name}${optional ? '?' : ''}${type === '' ? '' : `: ${oneLine(type)}`}`).join(', ')}}`;
  return `${name} ${given}${description === '' ? '' : `: ${oneLine(description)}`}`;
}

// A comment of many lines must not look like lines of ours.
function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= 300 ? line : `${line.slice(0, 300)}…`;
}
