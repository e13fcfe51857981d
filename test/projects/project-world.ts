// Owns the world of a project manager in tests: a projects folder with a folder of templates beside it, what lies in both,
// and a clock that stands still.

import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProjectManager } from '../../src/projects/project-manager.ts';
import { createTestFolder } from '../support/test-folder.ts';

export const NOW_MS = Date.parse('2030-01-31T12:00:00.000Z');

export interface ProjectWorld {
  readonly root: string;
  readonly projectsDir: string;
  readonly templatesDir: string;
  readonly manager: ProjectManager;
  /** A manager as another process would have it. */
  another(): ProjectManager;
}

/** A projects folder that does not exist yet, and the template `tiny` of type custom. */
export function makeWorld(): ProjectWorld {
  const root = createTestFolder();
  const [projectsDir, templatesDir] = [join(root, 'projects'), join(root, 'templates')];
  putTemplate(templatesDir, 'tiny');
  const another = () => ProjectManager.open({ projectsDir, templatesDir, clock: { now: () => NOW_MS } });
  return { root, projectsDir, templatesDir, manager: another(), another };
}

/** A template with a workflow, a task module, a text with variables and one folder. */
export function putTemplate(templatesDir: string, name: string, changes: Readonly<Record<string, unknown>> = {}): void {
  const files = join(templatesDir, name);
  const workflow = { steps: [{ name: 'greet', module: 'greeting', action: 'greet', parameters: { who: 'all' } }] };
  const content = { name, type: 'custom', directory_structure: ['src/'], workflows: ['hello'], ...changes };
  mkdirSync(join(files, 'config/workflows/production'), { recursive: true });
  mkdirSync(join(files, 'tasks'), { recursive: true });
  writeFileSync(join(templatesDir, `${name}.json`), JSON.stringify(content));
  writeFileSync(join(files, 'config/workflows/production/hello.json'), JSON.stringify(workflow));
  writeFileSync(
    join(files, 'tasks/greeting.ts'),
    "export const greet = ({ who }: { who: string }) => 'hello ' + who;\n",
  );
  writeFileSync(join(files, 'NOTES.template.txt'), '{{project_name}}: {{description}} ({{owner}})\n');
}

/** Everything below a folder, by relative path: what it is, and a digest of what a file holds. */
export function treeOf(folder: string, prefix = ''): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const entry = lstatSync(path);
    if (entry.isSymbolicLink()) tree[prefix + name] = `link to ${readlinkSync(path)}`;
    else if (entry.isDirectory())
      Object.assign(tree, { [`${prefix}${name}/`]: 'folder' }, treeOf(path, `${prefix}${name}/`));
    else tree[prefix + name] = createHash('sha256').update(readFileSync(path)).digest('hex');
  }
  return tree;
}

/** Names in a folder, sorted; none where it does not exist. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
