// Owns the documents of projects made from the built-in templates: they are there with the project, all their links lead
// somewhere, and they are still up to date when every workflow has run.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ProjectType } from '../../src/domain/statuses.ts';
import { DocumentationGenerator } from '../../src/projects/documentation-generator.ts';
import { ProjectManager } from '../../src/projects/project-manager.ts';
import { readMarkdownStructure } from '../support/markdown-structure.ts';
import { createTestFolder } from '../support/test-folder.ts';

const COMMAND = fileURLToPath(new URL('../../bin/yardmaster.mjs', import.meta.url));
const run = promisify(execFile);

describe.each(Object.values(ProjectType))('a project of type %s', (type) => {
  it('has documents whose links lead somewhere, up to date before and after its workflows have run', async () => {
    const manager = ProjectManager.open({ projectsDir: createTestFolder() });
    const project = await manager.createProject({ name: 'one', type });
    const generator = new DocumentationGenerator();
    const fresh = await generator.generateAllDocumentation(project.path, { check: true });
    expect(fresh.filter(({ state }) => state !== 'unchanged')).toEqual([]);
    expect(fresh.length).toBeGreaterThanOrEqual(4 + 4 * 5);
    for (const { path } of fresh) {
      const { links, html, isFenceOpen } = readMarkdownStructure(readFileSync(join(project.path, path), 'utf8'));
      const lost = links.filter((target) => !existsSync(join(project.path, dirname(path), decodeURIComponent(target))));
      expect({ path, lost, html, isFenceOpen }).toEqual({ path, lost: [], html: [], isFenceOpen: false });
    }
    expect(project.workflows.length).toBeGreaterThan(0);
    const readme = readFileSync(join(project.path, 'README.md'), 'utf8');
    const commands = [...readme.matchAll(/^yardmaster (run \S+)$/gm)].map((match) => match[1]?.split(' ') ?? []);
    expect(commands).toHaveLength(project.workflows.length);
    for (const words of commands) await run(process.execPath, [COMMAND, ...words, '--json'], { cwd: project.path });
    const after = await generator.generateAllDocumentation(project.path, { check: true });
    expect(after.filter(({ state }) => state !== 'unchanged')).toEqual([]);
  }, 60_000);
});
