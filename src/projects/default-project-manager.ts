// Owns the project manager behind the package's `getProjectManager` and `createProject`: over the folders that the
// configuration of the current folder names, and the same for every caller.

import { resolveConfig } from '../engine/engine-config.ts';
import type { Project } from './project.ts';
import { ProjectManager, type ProjectOptions } from './project-manager.ts';

let current: { readonly folders: string; readonly manager: ProjectManager } | undefined;

/** The default project manager. @throws RuntimeError CONFIG_INVALID */
export async function getProjectManager(): Promise<ProjectManager> {
  const { projectsDir, templatesDir, documentTemplatesDir } = resolveConfig();
  const options = { projectsDir, templatesDir, documentTemplatesDir };
  const folders = JSON.stringify(options);
  if (current?.folders !== folders) current = { folders, manager: ProjectManager.open(options) };
  return current.manager;
}

/** Creates a project in the default folder of projects. @throws as ProjectManager.createProject */
export async function createProject(options: ProjectOptions): Promise<Project> {
  return (await getProjectManager()).createProject(options);
}
