// Owns the tests of `project` and `docs`, through the real executable: each call is a process of its own.

import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { ProjectType } from '../../src/domain/statuses.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { yardmaster } from './bin.ts';

const PROJECT = z.object({
  name: z.string(),
  type: z.string(),
  status: z.string(),
  path: z.string(),
  workflows: z.array(z.string()),
});

async function createJson(cwd: string, args: readonly string[]): Promise<z.output<typeof PROJECT>> {
  const created = await yardmaster(['project', 'create', ...args, '--json'], { cwd });
  expect(created).toMatchObject({ code: 0, stderr: '' });
  return PROJECT.parse(JSON.parse(created.stdout));
}

describe.each(Object.values(ProjectType).map((type) => [type]))('a project of type %s', (type) => {
  it('runs at once, has documents that are up to date, is archived and found again', { timeout: 120_000 }, async () => {
    const cwd = createTestFolder();
    const project = await createJson(cwd, ['my project', '--type', type, '--description', 'Tests | <b>it</b> {{x}}']);
    expect(project).toMatchObject({ name: 'my project', type, status: 'planning' });
    expect(project.path).toBe(join(cwd, 'projects', 'my project'));
    expect(project.workflows).not.toEqual([]);
    for (const workflow of project.workflows) {
      const run = await yardmaster(['run', workflow, '--json'], { cwd: project.path });
      expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
      const summary: unknown = JSON.parse(run.stdout.trimEnd().split('\n').at(-1) ?? '');
      expect(summary).toMatchObject({ type: 'run.summary', workflow, status: 'completed' });
    }
    // What a run leaves behind makes no document wrong.
    expect(await yardmaster(['docs', '.', '--check'], { cwd: project.path })).toMatchObject({ code: 0, stderr: '' });
    const archived = await yardmaster(['project', 'archive', 'my project', '--reason', 'done with it'], { cwd });
    expect(archived).toMatchObject({ code: 0, stderr: '' });
    const listed = await yardmaster(['project', 'list', '--json'], { cwd });
    expect(JSON.parse(listed.stdout)).toMatchObject({ name: 'my project', status: 'archived', path: project.path });
    const shown = await yardmaster(['project', 'show', 'my project'], { cwd });
    expect(shown.stdout).toContain('done with it');
  });
});

test('a status moves along its life, and a move that makes no sense names those that do', async () => {
  const cwd = createTestFolder();
  await createJson(cwd, ['life', '--type', 'custom']);
  const status = (...args: string[]) => yardmaster(['project', 'status', 'life', ...args], { cwd });
  expect((await status()).stdout).toBe('life: planning (next: active)\n');
  expect(await status('completed')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^error PROJECT_TRANSITION_INVALID: .*planning.*active/),
  });
  expect((await status('active')).stdout).toBe('life: active (next: paused, completed, failed)\n');
  expect((await status('paused', '--reason', 'no data')).stdout).toBe(
    'life: paused (next: active, completed, failed)\n',
  );
  await status('completed');
  expect((await status('archived')).stdout).toBe('life: archived (the end of its life)\n');
  expect(await status('active', '--json')).toMatchObject({ code: 2 });
  expect(JSON.parse((await status('--json')).stdout)).toEqual({ name: 'life', status: 'archived', next: [] });
});

test('what a person wrote in a document stays, and a document that is behind is found', async () => {
  const cwd = createTestFolder();
  const { path } = await createJson(cwd, ['docs', '--type', 'data_pipeline']);
  const readme = join(path, 'README.md');
  appendFileSync(readme, '\nWritten by a person.\n');
  expect((await yardmaster(['docs', path, '--check'], { cwd })).code).toBe(0);
  appendFileSync(join(path, 'tasks', 'extra.ts'), 'export function added(): number {\n  return 1;\n}\n');
  const behind = await yardmaster(['docs', path, '--check'], { cwd });
  expect(behind).toMatchObject({ code: 1, stderr: '' });
  expect(behind.stdout).toMatch(/outdated/);
  expect((await yardmaster(['docs', path], { cwd })).code).toBe(0);
  expect(readFileSync(readme, 'utf8')).toContain('Written by a person.');
  expect((await yardmaster(['docs', path, '--check', '--json'], { cwd })).stdout).not.toMatch(/created|updated/);
  // A mistyped folder of templates is told, and not passed over for the built-in ones.
  expect(await yardmaster(['docs', path, '--document-templates', 'tmplates'], { cwd })).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^error FILE_NOT_FOUND: .*tmplates/),
  });
});

test('a bad call is one line with a code, and nothing is made', async () => {
  const cwd = createTestFolder();
  const refusals: [args: string[], error: RegExp][] = [
    [['create', '../x', '--type', 'custom'], /^error PROJECT_NAME_INVALID: /],
    [['create', 'x', '--type', 'custom', '--path', '/abs'], /^error PROJECT_PATH_INVALID: /],
    [['create', 'x', '--type', 'data_pipelin'], /^error USAGE: --type must be one of/],
    [['create', 'x'], /^error USAGE: .*--type/],
    [['create', 'x', '--template', 'custm'], /^error PROJECT_TEMPLATE_NOT_FOUND: .*did you mean "custom"/],
    [['show', 'nobody'], /^error PROJECT_NOT_FOUND: /],
    [['status', 'nobody', 'active'], /^error PROJECT_NOT_FOUND: /],
    [['status', 'nobody', 'asleep'], /^error USAGE: /],
    [['delete', 'nobody', '--remove-files'], /^error PROJECT_NOT_FOUND: /],
    [['creat', 'x'], /^error USAGE: .*create/],
    [['list', '--stat', 'active'], /^error USAGE: .*--status/],
  ];
  for (const [args, error] of refusals) {
    expect(await yardmaster(['project', ...args], { cwd })).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(error),
    });
  }
  expect(await yardmaster(['docs', '.'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error PROJECT_NOT_FOUND: /),
  });
  expect(readdirSync(cwd).filter((name) => name !== 'projects')).toEqual([]);
  expect(existsSync(join(cwd, 'projects')) ? readdirSync(join(cwd, 'projects')) : []).toEqual([]);
});

test('deleting says that it removes files before it does', async () => {
  const cwd = createTestFolder();
  const { path } = await createJson(cwd, ['gone', '--type', 'custom']);
  expect(await yardmaster(['project', 'delete', 'gone'], { cwd })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--remove-files'),
  });
  expect(existsSync(path)).toBe(true);
  expect(await yardmaster(['project', 'delete', 'gone', '--remove-files'], { cwd })).toMatchObject({ code: 0 });
  expect(existsSync(path)).toBe(false);
  expect((await yardmaster(['project', 'list'], { cwd })).stderr).toContain('no projects');
});

test('a template of one’s own makes projects too', async () => {
  const cwd = createTestFolder();
  const templates = await yardmaster(['project', 'templates'], { cwd });
  for (const type of Object.values(ProjectType)) expect(templates.stdout).toContain(type);
  mkdirSync(join(cwd, 'mine', 'letter'), { recursive: true });
  writeFileSync(join(cwd, 'mine', 'letter', 'letter.template.md'), 'Dear {{project_name}}\n');
  writeFileSync(
    join(cwd, 'mine', 'letter.json'),
    JSON.stringify({ name: 'letter', type: 'custom', directory_structure: ['drafts/'], workflows: ['send'] }),
  );
  const created = await yardmaster(['project', 'create', 'ada', '--template', 'letter', '--templates', 'mine'], {
    cwd,
  });
  expect(created).toMatchObject({ code: 0, stderr: expect.stringMatching(/^warning: .*"?send"?/) });
  expect(readFileSync(join(cwd, 'projects', 'ada', 'letter.md'), 'utf8')).toContain('Dear ada');
  expect(existsSync(join(cwd, 'projects', 'ada', 'drafts'))).toBe(true);
});

test('document templates of the configuration are used from the first document on', async () => {
  const cwd = createTestFolder();
  mkdirSync(join(cwd, 'texts'));
  mkdirSync(join(cwd, 'config'));
  writeFileSync(join(cwd, 'texts', 'README.template.md'), 'Ours: {{project_name}}\n');
  writeFileSync(join(cwd, 'config', 'default.json'), JSON.stringify({ documentTemplatesDir: 'texts' }));
  const { path } = await createJson(cwd, ['own', '--type', 'custom']);
  expect(readFileSync(join(path, 'README.md'), 'utf8')).toContain('Ours: own\n');
  expect(await yardmaster(['docs', path, '--check'], { cwd })).toMatchObject({ code: 0, stderr: '' });
});

test('a workflow may be named as a folder beside it', async () => {
  const cwd = createTestFolder();
  mkdirSync(join(cwd, 'config/workflows/production'), { recursive: true });
  mkdirSync(join(cwd, 'docs'));
  const steps = [{ name: 'a', module: 'core', action: 'noop' }];
  writeFileSync(join(cwd, 'config/workflows/production/docs.json'), JSON.stringify({ steps }));
  expect(await yardmaster(['run', 'docs'], { cwd })).toMatchObject({ code: 0 });
  expect(await yardmaster(['simulate', 'docs'], { cwd })).toMatchObject({ code: 0 });
});
