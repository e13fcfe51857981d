// Owns where project templates are: the folders of users, then the built-in one. A template is `<name>.json` with, beside
// it, the folder `<name>/` of its files. It reads anew each time, so that a corrected template needs no restart.
// It must never give a template that could not make a project: what can be told beforehand is told here.

import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NearNames, quoteName, suggestion } from '../domain/near-name.ts';
import { isRuntimeError, messageOf, RuntimeError } from '../domain/runtime-error.ts';
import { systemCodeOf } from '../engine/durable-files.ts';
import { readJsonSource, withLines } from '../engine/json-source.ts';
import { readWorkflowFile } from '../engine/workflow-files.ts';
import { findUnknownModules } from '../engine/workflow-requirements.ts';
import { WORKFLOW_FOLDER } from './project-store.ts';
import { ProjectTemplate } from './project-template.ts';
import { templateError, templateFault, templateFileError, templateWorkflowError } from './template-faults.ts';
import { findTemplateFiles, type TemplateContents } from './template-files.ts';
import { DOCUMENTS_FOLDER, foldPath } from './template-path.ts';
import { moduleNames } from './template-shipments.ts';

/** The templates that come with the package; looked through last. */
export const BUILT_IN_TEMPLATES = fileURLToPath(new URL('../../config/templates/projects', import.meta.url));

const MOST_JSON_BYTES = 4 * 1024 * 1024;
const ENDING = '.json';

/** A template that could not be loaded. */
export interface TemplateLoadError {
  readonly file: string;
  readonly error: RuntimeError;
}

/** Finds templates by name. */
export class TemplateStore {
  readonly folders: readonly string[];

  /** Folders in the order of precedence; the built-in one comes after them. One that does not exist is empty. */
  constructor(folders: readonly string[]) {
    const all = [...folders.map((folder) => resolve(folder)), resolve(BUILT_IN_TEMPLATES)];
    this.folders = all.filter((folder, index) => all.indexOf(folder) === index);
  }

  /** Every sound template, by name; `scan` tells of the others as well. */
  async list(): Promise<ProjectTemplate[]> {
    return (await this.scan()).templates;
  }

  /** Every template, by name, and what is wrong with those that cannot be used. */
  async scan(): Promise<{ templates: ProjectTemplate[]; loadErrors: TemplateLoadError[] }> {
    const templates: ProjectTemplate[] = [];
    const loadErrors: TemplateLoadError[] = [];
    for (const [name, file] of await this.#files()) {
      try {
        templates.push(await readTemplate(name, file));
      } catch (error) {
        if (!isRuntimeError(error)) throw error;
        loadErrors.push({ file, error });
      }
    }
    return { templates, loadErrors };
  }

  /**
   * The template of that name: the first folder's that has one, even where that one is faulty.
   * @throws RuntimeError PROJECT_TEMPLATE_NOT_FOUND, PROJECT_TEMPLATE_INVALID
   */
  async get(name: string): Promise<ProjectTemplate> {
    const files = await this.#files();
    const file = files.get(name);
    if (file !== undefined) return readTemplate(name, file);
    const known = [...files.keys()];
    const near = new NearNames(known).nearest(name);
    throw new RuntimeError(
      'PROJECT_TEMPLATE_NOT_FOUND',
      `no project template is named ${quoteName(name)}${suggestion(near)}; there are ${known.join(', ')}; add ${quoteName(`${name}${ENDING}`)} to ${this.folders[0]}, or choose one of them`,
      {
        details: {
          template: name,
          templates: known,
          folders: this.folders,
          ...(near === undefined ? {} : { suggestion: near }),
        },
      },
    );
  }

  /** The JSON file of each name, in order of names. */
  async #files(): Promise<Map<string, string>> {
    const files = new Map<string, string>();
    for (const folder of this.folders) {
      for (const entry of await entriesOf(folder)) {
        const name = entry.slice(0, -ENDING.length);
        if (entry.endsWith(ENDING) && name !== '' && !files.has(name)) files.set(name, join(folder, entry));
      }
    }
    return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw new RuntimeError(
      'FILE_UNREADABLE',
      `template folder ${folder} cannot be listed: ${messageOf(error)}; check it, or name another folder`,
      { cause: error, details: { folder } },
    );
  }
}

async function readTemplate(name: string, file: string): Promise<ProjectTemplate> {
  const json = readJsonSource(await readBytes(file));
  if (json.kind === 'faulty') throw templateError(file, json.faults);
  const reading = ProjectTemplate.read(json.value);
  const faults = [...json.faults, ...(reading.kind === 'faulty' ? reading.faults : [])];
  if (reading.kind === 'sound' && reading.template.name !== name) {
    const message = `must be the name of its file, ${quoteName(name)}; rename one of them`;
    faults.push(templateFault(['name'], message));
  }
  if (reading.kind === 'faulty' || faults.length > 0) throw templateError(file, withLines(json.text, faults));
  const contents = await findTemplateFiles(file, file.slice(0, -ENDING.length), reading.template.templateFiles);
  const claims = [...folderClashes(reading.template, contents), ...documentClashes(reading.template, contents)];
  if (claims.length > 0) throw templateError(file, withLines(json.text, claims));
  return reading.template.withContents(file, contents, await checkWorkflows(contents));
}

async function readBytes(file: string): Promise<Uint8Array> {
  let reason: string;
  let cause: unknown;
  try {
    const stats = await lstat(file);
    if (stats.isFile() && stats.size <= MOST_JSON_BYTES) return await readFile(file);
    reason = stats.isFile()
      ? 'is larger than 4 MB; shorten it'
      : 'is no file, or a link to one; put the file itself there';
  } catch (error) {
    cause = error;
    reason = `cannot be read: ${messageOf(error)}; check its permissions`;
  }
  throw templateFileError(file, reason, { cause });
}

/** The folders of the template that would lie where it has a file. */
function folderClashes(template: ProjectTemplate, { files }: TemplateContents) {
  const places = new Map(files.map(({ path, source }) => [foldPath(path), source]));
  return template.directoryStructure.flatMap((directory, index) => {
    for (let folder = directory; folder !== '.'; folder = posix.dirname(folder)) {
      const source = places.get(foldPath(folder));
      if (source === undefined) continue;
      return [
        templateFault(['directory_structure', index], `is a folder where ${source} goes as a file; rename one of them`),
      ];
    }
    return [];
  });
}

/** The documents that the template has a text for and ships as files as well. */
function documentClashes({ documentation }: ProjectTemplate, { files }: TemplateContents) {
  const places = new Map(files.map(({ path, source }) => [foldPath(path), source]));
  return Object.keys(documentation.templates).flatMap((name) => {
    const source = places.get(foldPath(`${DOCUMENTS_FOLDER}/${name}.template.md`));
    if (source === undefined) return [];
    return [
      templateFault(['documentation_config', 'doc_templates', name], `is what ${source} holds; remove one of them`),
    ];
  });
}

/** Reads every workflow that is copied as it is; gives their names and what they ask for in vain. */
async function checkWorkflows({ files }: TemplateContents): Promise<{ names: string[]; warnings: string[] }> {
  const modules = new Set(moduleNames(files));
  const names = new Map<string, string>();
  const warnings: string[] = [];
  for (const { source, path, isRendered } of files) {
    if (isRendered || posix.dirname(path) !== WORKFLOW_FOLDER || !path.toLowerCase().endsWith(ENDING)) continue;
    const load = await readWorkflowFile(source);
    if (load.kind === 'faulty') throw templateWorkflowError(source, 'the workflow', load.faults);
    const { name } = load.definition;
    const twin = names.get(name);
    if (twin !== undefined)
      throw templateFileError(source, `holds workflow ${quoteName(name)}, as ${twin} does; rename one`);
    names.set(name, source);
    const unknown = findUnknownModules(load.definition, (module) => modules.has(module), modules);
    for (const { message } of unknown) warnings.push(`workflow ${quoteName(name)}: ${message}`);
  }
  return { names: [...names.keys()], warnings };
}
