// Owns projects on disk: where a record lies, how it is read and written, and how projects are found in a folder.
// A record appears whole or not at all. What is damaged is told and left as it is. Links are never followed, so that
// nothing outside of the folder that was named is ever taken for part of it.

import { constants, type Dirent } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { quoteName } from '../domain/near-name.ts';
import { isRuntimeError, messageOf, RuntimeError } from '../domain/runtime-error.ts';
import type { WorkflowFault } from '../domain/workflow-definition.ts';
import { entryAt, systemCodeOf, writeWhole } from '../engine/durable-files.ts';
import { readJsonSource, withLines } from '../engine/json-source.ts';
import { loadWorkflowFolder } from '../engine/workflow-files.ts';
import { Project } from './project.ts';
import { MAX_PROJECT_DEPTH } from './project-name.ts';

/** Folder of a project that holds what Yardmaster keeps about it. */
export const RECORD_FOLDER = '.yardmaster';
const RECORD_FILE = 'project.json';
/** Where the workflow files of a project lie. */
export const WORKFLOW_FOLDER = 'config/workflows/production';
/** Larger records are no records. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;
/** Folders that one search looks into; those beyond are told and left out. */
const MAX_FOLDERS = 100_000;

/** A record, or a folder, that gives no project; or one of several projects with one name. */
export interface ProjectLoadError {
  readonly file: string;
  /** The folder of the project. */
  readonly folder: string;
  /** Of the first fault that has one. */
  readonly line?: number;
  /** The first fault, in a sentence. */
  readonly message: string;
  readonly faults: readonly WorkflowFault[];
}

export interface FoundProjects {
  /** By name, then by path; without their workflows, which `withWorkflows` reads. */
  readonly projects: readonly Project[];
  readonly loadErrors: readonly ProjectLoadError[];
}

/** Where the record of the project in a folder lies. */
export function recordPath(folder: string): string {
  return join(folder, RECORD_FOLDER, RECORD_FILE);
}

/** Whether a folder holds the record of a project, sound or not. */
export async function holdsRecord(folder: string): Promise<boolean> {
  const home = await entryAt(join(folder, RECORD_FOLDER));
  return home?.isDirectory() === true && (await entryAt(recordPath(folder))) !== undefined;
}

/**
 * The project that lies in a folder.
 * @throws RuntimeError PROJECT_NOT_FOUND where there is no record, PROJECT_CORRUPT, FILE_UNREADABLE
 */
export async function readProject(folder: string): Promise<Project> {
  return withWorkflows(await readProjectRecord(resolve(folder)));
}

/** A project with the workflows whose files are in its folder now. */
export async function withWorkflows(project: Project): Promise<Project> {
  return project.at({ path: project.path, ...(await findWorkflows(project.path)) });
}

/**
 * Writes the record of a project into its folder, whole or not at all.
 * Of two writers at once the later one wins: changes go through the manager, which lets one at a time read and write.
 * @throws RuntimeError PROJECT_NOT_FOUND when the folder is gone, PROJECT_CORRUPT, FILE_UNWRITABLE
 */
export async function writeProject(project: Project): Promise<void> {
  const file = recordPath(project.path);
  const home = await entryAt(join(project.path, RECORD_FOLDER));
  if (home === undefined) throw notFound(project.path);
  if (!home.isDirectory()) throw corrupt(file, [faultOf(`${RECORD_FOLDER} is no folder; put the folder itself there`)]);
  try {
    await writeWhole(file, `${JSON.stringify(project.toRecord(), null, 2)}\n`);
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') throw notFound(project.path);
    throw new RuntimeError(
      'FILE_UNWRITABLE',
      `${file} cannot be written: ${messageOf(cause)}; the record is as it was: make room, or make the folder writable`,
      { details: { file }, cause },
    );
  }
}

/**
 * Every project at most four folders below a folder; one that does not exist holds none.
 * Not looked into: projects, links, folders whose names start with a dot, and node_modules.
 * @throws RuntimeError FILE_UNREADABLE when the folder exists and cannot be listed.
 */
export async function findProjects(projectsDir: string): Promise<FoundProjects> {
  const search = new ProjectSearch();
  await search.run(resolve(projectsDir));
  return search.outcome();
}

class ProjectSearch {
  readonly #projects: Project[] = [];
  readonly #loadErrors: ProjectLoadError[] = [];

  async run(root: string): Promise<void> {
    const folders = [{ path: root, depth: 0 }];
    // Grows under the loop, which goes on to what was added.
    for (const { path, depth } of folders) {
      for (const entry of await this.#list(path, depth)) {
        if (!entry.isDirectory()) continue;
        const child = join(path, entry.name);
        if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
        if (await this.#take(child)) continue;
        if (depth + 1 >= MAX_PROJECT_DEPTH) continue;
        if (folders.length < MAX_FOLDERS) folders.push({ path: child, depth: depth + 1 });
        else return this.#report(root, `there are more than ${MAX_FOLDERS} folders in ${root}; move some elsewhere`);
      }
    }
  }

  outcome(): FoundProjects {
    const byName = Map.groupBy(this.#projects, ({ name }) => name);
    for (const [name, group] of byName) {
      if (group.length < 2) continue;
      const places = group.map(({ path }) => path).join(', ');
      const message = `${group.length} projects are named ${quoteName(name)}: ${places}; rename all but one in their records`;
      for (const { path } of group) this.#report(path, message, 'PROJECT_AMBIGUOUS');
    }
    return {
      projects: this.#projects.sort((a, b) => compare(a.name, b.name) || compare(a.path, b.path)),
      loadErrors: this.#loadErrors.sort((a, b) => compare(a.file, b.file)),
    };
  }

  async #list(folder: string, depth: number): Promise<Dirent[]> {
    try {
      return await readdir(folder, { withFileTypes: true });
    } catch (cause) {
      if (systemCodeOf(cause) === 'ENOENT') return [];
      if (depth > 0) {
        this.#report(folder, `cannot be listed: ${messageOf(cause)}`, 'FILE_UNREADABLE', folder);
        return [];
      }
      const reason = systemCodeOf(cause) === 'ENOTDIR' ? 'it is no folder' : messageOf(cause);
      throw new RuntimeError(
        'FILE_UNREADABLE',
        `projects folder ${folder} cannot be listed: ${reason}; name another folder, or make it readable`,
        { details: { folder }, cause },
      );
    }
  }

  /** Whether there is a project in a folder, sound or not. */
  async #take(folder: string): Promise<boolean> {
    try {
      this.#projects.push(await readProjectRecord(folder));
    } catch (error) {
      if (isRuntimeError(error) && error.code === 'PROJECT_NOT_FOUND') return false;
      this.#loadErrors.push(loadErrorOf(folder, error));
    }
    return true;
  }

  #report(folder: string, message: string, code = 'FILE_UNREADABLE', file = recordPath(folder)): void {
    this.#loadErrors.push({ file, folder, message, faults: [{ code, message, path: '$' }] });
  }
}

function loadErrorOf(folder: string, error: unknown): ProjectLoadError {
  const file = recordPath(folder);
  const given = isRuntimeError(error) && Array.isArray(error.details.faults) ? error.details.faults : [];
  const faults: readonly WorkflowFault[] =
    given.length > 0
      ? given
      : [{ code: isRuntimeError(error) ? error.code : 'FILE_UNREADABLE', message: messageOf(error), path: '$' }];
  const line = faults.find((fault) => fault.line !== undefined)?.line;
  return { file, folder, ...(line === undefined ? {} : { line }), message: messageOf(error), faults };
}

/** The project of the record in a folder, without its workflows. @throws as readProject */
export async function readProjectRecord(folder: string): Promise<Project> {
  const file = recordPath(folder);
  if (!(await holdsRecord(folder))) throw notFound(folder);
  const bytes = await readBytes(folder, file);
  const json = readJsonSource(bytes);
  if (json.kind === 'faulty') throw corrupt(file, json.faults);
  const reading = Project.read(json.value, folder);
  const faults = [...json.faults, ...(reading.kind === 'faulty' ? reading.faults : [])];
  if (reading.kind === 'faulty' || faults.length > 0) throw corrupt(file, withLines(json.text, faults));
  return reading.project;
}

// Looked at once it is open, and opened without following a link or waiting for whoever writes to a pipe.
async function readBytes(folder: string, file: string): Promise<Uint8Array> {
  let handle: FileHandle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') throw notFound(folder);
    if (systemCodeOf(cause) === 'ELOOP') throw corrupt(file, [faultOf('it is a link; put the file itself there')]);
    throw unreadable(file, cause);
  }
  try {
    const entry = await handle.stat();
    if (!entry.isFile()) throw corrupt(file, [faultOf('it is no file; put the record back')]);
    if (entry.size > MAX_RECORD_BYTES) throw corrupt(file, [faultOf('it is larger than 8 MB; put the record back')]);
    return await handle.readFile();
  } catch (cause) {
    throw isRuntimeError(cause) ? cause : unreadable(file, cause);
  } finally {
    await handle.close();
  }
}

async function findWorkflows(path: string): Promise<{ workflows: string[]; warnings: string[] }> {
  try {
    const { definitions, loadErrors } = await loadWorkflowFolder(join(path, WORKFLOW_FOLDER));
    const warnings = loadErrors.map(({ file, line, faults }) => {
      const place = line === undefined ? file : `${file}:${line}`;
      return `workflow file ${place} cannot be used: ${faults[0]?.message ?? 'it is faulty'}`;
    });
    return { workflows: definitions.map(({ name }) => name).sort(compare), warnings };
  } catch (error) {
    return { workflows: [], warnings: [messageOf(error)] };
  }
}

function faultOf(message: string): WorkflowFault {
  return { code: 'PROJECT_CORRUPT', message, path: '$' };
}

function notFound(folder: string): RuntimeError {
  return new RuntimeError(
    'PROJECT_NOT_FOUND',
    `there is no project in ${folder}: ${RECORD_FOLDER}/${RECORD_FILE} is missing; check the folder, or create a project`,
    { details: { folder } },
  );
}

function unreadable(file: string, cause: unknown): RuntimeError {
  return new RuntimeError('FILE_UNREADABLE', `${file} cannot be read: ${messageOf(cause)}; check its permissions`, {
    details: { file },
    cause,
  });
}

function corrupt(file: string, faults: readonly WorkflowFault[]): RuntimeError {
  const shown = faults.slice(0, 5).map(({ path, message, line }) => {
    const place = path === '$' ? '' : `${path} `;
    return `${line === undefined ? '' : `line ${line}: `}${place}${message}`;
  });
  const more = faults.length > shown.length ? `; and ${faults.length - shown.length} more` : '';
  return new RuntimeError(
    'PROJECT_CORRUPT',
    `the record ${file} is damaged: ${shown.join('; ')}${more}. Nothing was changed: correct it, or put a copy back`,
    { details: { file, faults } },
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
