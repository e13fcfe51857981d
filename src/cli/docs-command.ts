// Owns `docs`: a project's documents written anew, or held against what they would be.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { RuntimeError } from '../domain/runtime-error.ts';
import { DocumentationGenerator } from '../projects/documentation-generator.ts';
import { ExitCode } from './exit-code.ts';
import { jsonLine } from './json-output.ts';
import type { Shell } from './main.ts';
import { toPrintableLine } from './printable-text.ts';
import type { DocsFlags } from './project-commands.ts';
import { settingsOf } from './shell-config.ts';

/** Writes or checks the documents of the project in a folder. */
export async function docsCommand(shell: Shell, folder: string, flags: DocsFlags): Promise<ExitCode> {
  const check = flags.check === true;
  const { documentTemplatesDir } = settingsOf(flags);
  const templatesDir = flags.documentTemplates === undefined ? documentTemplatesDir : folderAt(flags.documentTemplates);
  const generator = new DocumentationGenerator({ templatesDir });
  const changes = await generator.generateAllDocumentation(resolve(folder), { check });
  const changed = changes.filter(({ state }) => state !== 'unchanged');
  if (flags.json === true) for (const change of changes) shell.stdout.line(jsonLine(change));
  else {
    for (const { path, state } of changed) {
      const what = check ? (state === 'created' ? 'missing' : 'outdated') : state;
      shell.stdout.line(`${what} ${toPrintableLine(path)}`);
    }
    shell.stdout.line(summaryOf(changes.length, changed.length, check));
  }
  return check && changed.length > 0 ? ExitCode.RUN_FAILED : ExitCode.COMPLETED;
}

// One by configuration need not be there. One that was named and is not would give the built-in texts in silence.
function folderAt(named: string): string {
  const folder = resolve(named);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  const message = `--document-templates: there is no folder ${folder}; check the path`;
  throw new RuntimeError('FILE_NOT_FOUND', message, { details: { folder } });
}

function summaryOf(all: number, changed: number, check: boolean): string {
  if (changed === 0) return `${all} documents, all up to date`;
  if (!check) return `${all} documents, ${changed} written`;
  return `${changed} of ${all} documents are not up to date; \`yardmaster docs\` without --check writes them`;
}
