// Owns the filling of an empty folder with what a template gives a project: folders, files, and the defaults.
// Files are copied byte by byte, but those named `x.template.md|json|txt`, in which variables are replaced, each value
// escaped for the format. It must never write outside of the folder, follow a link, or leave a project whose workflows
// are faulty: it fails, and who called it throws the folder away.

import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { readJsonSource } from '../engine/json-source.ts';
import { loadWorkflowFolder } from '../engine/workflow-files.ts';
import { escapeMarkdown } from './markdown-text.ts';
import type { Project } from './project.ts';
import { RECORD_FOLDER, WORKFLOW_FOLDER } from './project-store.ts';
import type { PROJECT_VARIABLES, ProjectTemplate } from './project-template.ts';
import { templateFileError, templateWorkflowError } from './template-faults.ts';
import type { TemplateFile } from './template-files.ts';
import { CONFIG_FILE, DOCUMENTS_FOLDER, TASKS_FOLDER } from './template-path.ts';
import { substituteVariables, type TemplateVariables } from './variable-substitution.ts';

const CHUNK_BYTES = 256 * 1024;

/** How a value is put into a file of each format that can have variables. */
const ESCAPES: Readonly<Record<string, (value: string) => string>> = {
  md: escapeMarkdown,
  json: (value) => JSON.stringify(value).slice(1, -1),
  txt: (value) => value,
};

/**
 * Fills an empty folder from a template; the project's record and documents are not its business.
 * @throws RuntimeError PROJECT_TEMPLATE_INVALID, TEMPLATE_VARIABLE_UNKNOWN; ARGUMENT_INVALID for a folder that is not empty
 */
export async function writeScaffold(template: ProjectTemplate, project: Project, intoFolder: string): Promise<void> {
  if ((await readdir(intoFolder)).length > 0) {
    throw new RuntimeError('ARGUMENT_INVALID', `folder ${intoFolder} is not empty; give an empty one to fill`);
  }
  const { contents, directoryStructure, documentation } = template;
  // Every project has a place for its record, its workflows and its tasks, whatever its template lists.
  const folders = [...directoryStructure, ...contents.folders, RECORD_FOLDER, WORKFLOW_FOLDER, TASKS_FOLDER];
  for (const folder of folders) await mkdir(join(intoFolder, folder), { recursive: true });
  const variables = variablesOf(project, documentation.variables);
  for (const file of contents.files) {
    await mkdir(join(intoFolder, dirname(file.path)), { recursive: true });
    if (file.isRendered) await renderFile(file, variables, intoFolder);
    else await copyFile(file, join(intoFolder, file.path));
  }
  await writeNew(join(intoFolder, CONFIG_FILE), `${JSON.stringify(template.defaultConfig, null, 2)}\n`);
  for (const [document, text] of Object.entries(documentation.templates)) {
    await mkdir(join(intoFolder, DOCUMENTS_FOLDER), { recursive: true });
    await writeNew(join(intoFolder, DOCUMENTS_FOLDER, `${document}.template.md`), text);
  }
  await checkWorkflows(template, intoFolder);
}

/** The values of the variables in a template's files. */
function variablesOf(project: Project, defaults: TemplateVariables): TemplateVariables {
  const own: Record<(typeof PROJECT_VARIABLES)[number], string> = {
    project_name: project.name,
    project_type: project.type,
    description: project.description,
    owner: project.owner,
    author: project.owner,
    version: project.version,
    created_at: project.createdAt,
  };
  return { ...defaults, ...project.documentation.variables, ...own };
}

async function renderFile({ source, path }: TemplateFile, variables: TemplateVariables, into: string): Promise<void> {
  const format = path.slice(path.lastIndexOf('.') + 1);
  const fit = ESCAPES[format];
  if (fit === undefined) throw templateFileError(source, `has no known format: ${format}`);
  const rendered = substituteVariables(await readText(source), variables, { file: source, escape: fit });
  if (format === 'json') checkJson(source, rendered);
  await writeNew(join(into, path), rendered);
}

function checkJson(source: string, text: string): void {
  const json = readJsonSource(text);
  const [fault] = json.faults;
  if (fault === undefined) return;
  const message = `with its variables replaced it is ${fault.message}; put each variable between quotes`;
  throw templateFileError(source, message, fault.line === undefined ? {} : { line: fault.line });
}

async function readText(source: string): Promise<string> {
  const handle = await openSource(source);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await handle.readFile());
  } catch (error) {
    throw templateFileError(source, `is no text in UTF-8: ${messageOf(error)}; save it as UTF-8`, { cause: error });
  } finally {
    await handle.close();
  }
}

// Opened without following a link and looked at once open: what was checked before may have been replaced since.
async function openSource(source: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw templateFileError(source, `cannot be read: ${messageOf(error)}; put a readable file there`, { cause: error });
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw templateFileError(source, 'is no file any more; put the file back');
}

async function copyFile({ source, isExecutable }: TemplateFile, target: string): Promise<void> {
  await using from = await openSource(source);
  // Not the mode of the source: an installed template may be read-only, and its copy is there to be edited.
  await using to = await open(target, 'wx', isExecutable ? 0o755 : 0o644);
  const chunk = new Uint8Array(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await from.read(chunk, 0, chunk.length);
    if (bytesRead === 0) return;
    for (let written = 0; written < bytesRead; ) {
      written += (await to.write(chunk, written, bytesRead - written)).bytesWritten;
    }
  }
}

async function writeNew(target: string, text: string): Promise<void> {
  await writeFile(target, text, { flag: 'wx' });
}

// Workflows with variables can be checked only now; and two files may hold one name.
async function checkWorkflows({ name, file, contents }: ProjectTemplate, folder: string): Promise<void> {
  const { loadErrors } = await loadWorkflowFolder(join(folder, WORKFLOW_FOLDER));
  const [first] = loadErrors;
  if (first === undefined) return;
  const path = first.file.slice(folder.length + 1);
  const source = contents.files.find((each) => join(folder, each.path) === first.file)?.source ?? file ?? name;
  throw templateWorkflowError(source, `the workflow that it gives as ${path}`, first.faults);
}
