// Owns the templates that tests write: a folder with JSON files and the files beside them, and projects to fill from them.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isRuntimeError, type RuntimeError } from '../../src/domain/runtime-error.ts';
import { Project, type ProjectRecord } from '../../src/projects/project.ts';
import type { ProjectTemplate } from '../../src/projects/project-template.ts';
import { createTestFolder } from '../support/test-folder.ts';

/** A folder of templates: texts, bytes or JSON values by path. */
export function writeTemplates(files: Readonly<Record<string, string | Uint8Array | object>>): string {
  const folder = createTestFolder();
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    const isText = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(file, isText ? content : JSON.stringify(content, null, 2));
  }
  return folder;
}

/** A project of a template that lies in a folder of its own, which is empty. */
export function emptyProject(template: ProjectTemplate, values: Partial<ProjectRecord> = {}): Project {
  const { nestedDocs, links, variables } = template.documentation;
  const at = '2026-02-03T04:05:06.000Z';
  return new Project(
    {
      name: 'sample',
      type: template.type,
      status: 'planning',
      description: 'A sample',
      owner: 'Ada',
      version: '1.0.0',
      template: template.name,
      config: template.defaultConfig,
      tags: [],
      documentation: { nestedDocs, links, variables },
      history: [],
      createdAt: at,
      updatedAt: at,
      ...values,
    },
    { path: createTestFolder() },
  );
}

/** Every file of a folder by its path, as bytes. */
export function filesOf(folder: string): Map<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path))]));
}

/** Every folder below a folder, by path. */
export function foldersOf(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

/** The RuntimeError that something ends with. */
export async function errorOf(action: () => unknown): Promise<RuntimeError> {
  try {
    await action();
  } catch (error) {
    if (isRuntimeError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
