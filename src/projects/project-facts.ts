// Owns what is true of a project when its documents are written: which folders have documents, which workflows and task
// modules are there. All documents of one generation are made from one reading, so that they agree with each other.

import { lstat, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { messageOf } from '../domain/runtime-error.ts';
import { listModules } from '../engine/module-listing.ts';
import { isFolderOf } from './document-files.ts';
import { type ModuleOutline, outlineModule } from './module-outline.ts';
import type { Project } from './project.ts';
import { TASKS_FOLDER } from './template-path.ts';
import { outlineWorkflows, type ProjectWorkflows } from './workflow-outline.ts';

/** A task module, by the name that steps use. */
export interface TaskModule {
  readonly name: string;
  readonly outline: ModuleOutline;
}

/** What is true of a project. Paths are relative to it, with `/`; its own folder is `''`. */
export interface ProjectFacts extends ProjectWorkflows {
  readonly project: Project;
  /** Folders with documents of their own, sorted, without the project's own. */
  readonly folders: readonly string[];
  /** By folder: the nearest one above it that has documents. */
  readonly parents: ReadonlyMap<string, string>;
  readonly taskModules: readonly TaskModule[];
}

const MAX_MODULES = 500;
const LISTED_MODULES = { deepest: 7, most: 10_000 };
const MAX_MODULE_BYTES = 4 * 1024 * 1024;

/** Reads what a project's documents are about. @throws RuntimeError PROJECT_PATH_INVALID for a folder that is none of it */
export async function gatherFacts(project: Project): Promise<ProjectFacts> {
  const folders: string[] = [];
  for (const folder of new Set(project.documentation.nestedDocs)) {
    if (await isFolderOf(project.path, folder)) folders.push(folder);
  }
  const { workflows, faulty } = await outlineWorkflows(project.path);
  const facts = { project, folders: folders.sort(), parents: new Map(folders.map((folder) => [folder, ''])) };
  for (const folder of folders) facts.parents.set(folder, parentFolder(facts, folder) ?? '');
  return { ...facts, workflows, faulty, taskModules: await readTaskModules(project.path) };
}

/** The nearest folder above that has documents; null for the project's own. */
export function parentFolder({ parents }: Pick<ProjectFacts, 'parents'>, folder: string): string | null {
  if (folder === '') return null;
  let above = folder;
  do above = above.slice(0, Math.max(0, above.lastIndexOf('/')));
  while (above !== '' && !parents.has(above));
  return above;
}

/** The folders whose documents are right below those of a folder. */
export function childFolders({ folders, parents }: ProjectFacts, folder: string): string[] {
  return folders.filter((other) => parents.get(other) === folder);
}

/** Whether a path lies in a folder, however deep; all do in the project's own. */
export function liesIn(path: string, folder: string): boolean {
  return folder === '' || path.startsWith(`${folder}/`);
}

// Links are not followed: what lies behind one is not the project's.
async function readTaskModules(root: string): Promise<TaskModule[]> {
  const tasks = await lstat(join(root, TASKS_FOLDER)).catch(() => undefined);
  if (tasks?.isDirectory() !== true) return [];
  const modules = listModules([join(root, TASKS_FOLDER)], LISTED_MODULES).slice(0, MAX_MODULES);
  return Promise.all(
    modules.map(async ({ name, file }) => {
      const path = relative(root, file).replaceAll(sep, '/');
      return { name, outline: await outlineFile(root, path) };
    }),
  );
}

async function outlineFile(root: string, file: string): Promise<ModuleOutline> {
  try {
    const stats = await lstat(join(root, file));
    if (stats.size > MAX_MODULE_BYTES) return { kind: 'unreadable', file, reason: 'it is larger than 4 MB' };
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(join(root, file)));
    return await outlineModule(file, text);
  } catch (error) {
    return { kind: 'unreadable', file, reason: messageOf(error).replaceAll(root, '.') };
  }
}
