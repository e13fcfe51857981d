// Records on the disk, sound, damaged and behind links, and the search for them.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Project, ProjectRecord } from '../../src/projects/project.ts';
import {
  findProjects,
  holdsRecord,
  readProject,
  recordPath,
  WORKFLOW_FOLDER,
  writeProject,
} from '../../src/projects/project-store.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { makeProject } from './project-samples.ts';

async function put(folder: string, changes: Partial<ProjectRecord> = {}): Promise<Project> {
  mkdirSync(dirname(recordPath(folder)), { recursive: true });
  const project = makeProject({ name: folder.slice(folder.lastIndexOf('/') + 1), ...changes }, folder);
  await writeProject(project);
  return project;
}

function spoil(folder: string, text: string | Uint8Array): void {
  mkdirSync(dirname(recordPath(folder)), { recursive: true });
  writeFileSync(recordPath(folder), text);
}

const faulty = (code: string, ...words: string[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(words.join('.*'), 's')) });

describe('a record', () => {
  it('reads back equal, and leaves nothing beside it', async () => {
    const folder = join(createTestFolder(), 'one');
    const project = await put(folder);
    expect(await readProject(folder)).toEqual(project);
    expect(readdirSync(join(folder, '.yardmaster'))).toEqual(['project.json']);
  });

  it('is replaced, and what a killed writer left too', async () => {
    const folder = join(createTestFolder(), 'one');
    const project = await put(folder);
    writeFileSync(`${recordPath(folder)}.draft`, '{"half":');
    await writeProject(project.with({ description: 'later' }));
    expect((await readProject(folder)).description).toBe('later');
    expect(readdirSync(join(folder, '.yardmaster'))).toEqual(['project.json']);
  });

  it('does not bring back a folder that is gone', async () => {
    const folder = join(createTestFolder(), 'one');
    const project = await put(folder);
    rmSync(folder, { recursive: true });
    await expect(writeProject(project)).rejects.toThrow(faulty('PROJECT_NOT_FOUND', folder));
    await expect(readProject(folder)).rejects.toThrow(faulty('PROJECT_NOT_FOUND', folder));
    expect(existsSync(folder)).toBe(false);
  });

  it('tells of the workflows that are really there, and of those that are damaged', async () => {
    const folder = join(createTestFolder(), 'one');
    await put(folder);
    mkdirSync(join(folder, WORKFLOW_FOLDER), { recursive: true });
    const workflow = { steps: [{ name: 'a', module: 'core', action: 'noop' }] };
    writeFileSync(join(folder, WORKFLOW_FOLDER, 'second.json'), JSON.stringify(workflow));
    writeFileSync(join(folder, WORKFLOW_FOLDER, 'first.json'), JSON.stringify(workflow));
    writeFileSync(join(folder, WORKFLOW_FOLDER, 'bad.json'), '{\n"steps": 5}');
    const project = await readProject(folder);
    expect(project.workflows).toEqual(['first', 'second']);
    expect(project.warnings).toEqual([expect.stringMatching(/bad\.json:2/)]);
  });

  it.each<[string, string | Uint8Array, string]>([
    ['is empty', '', 'not valid JSON'],
    ['is cut off', '{"name": "x",\n "typ', 'line 2'],
    ['is no UTF-8', new Uint8Array([0x7b, 0xff]), 'UTF-8'],
    ['has a member twice', '{"name": "a",\n "name": "b"}', 'twice'],
    ['is a list', '[]', 'damaged'],
    ['is nested too deep', `${'['.repeat(2_000)}${']'.repeat(2_000)}`, 'nested deeper'],
    ['was written by a newer version', '{"format": 99}', 'newer version'],
  ])('that %s is an error that names file and fault, and stays', async (_what, text, word) => {
    const folder = join(createTestFolder(), 'one');
    spoil(folder, text);
    await expect(readProject(folder)).rejects.toThrow(faulty('PROJECT_CORRUPT', 'project.json', word));
    expect(readFileSync(recordPath(folder))).toEqual(Buffer.from(text));
  });

  it('says at which line of the file a field is wrong', async () => {
    const folder = join(createTestFolder(), 'one');
    const text = JSON.stringify({ ...makeProject().toRecord(), status: 'lost' }, null, 2);
    spoil(folder, text);
    const line = text.split('\n').findIndex((each) => each.includes('lost')) + 1;
    await expect(readProject(folder)).rejects.toThrow(
      faulty('PROJECT_CORRUPT', `line ${line}: \\$\\.status must be one of`),
    );
  });

  it('is neither read nor written through a link', async () => {
    const root = createTestFolder();
    const real = await put(join(root, 'real'));
    const before = readFileSync(recordPath(real.path));
    mkdirSync(join(root, 'by-folder'));
    symlinkSync(join(real.path, '.yardmaster'), join(root, 'by-folder', '.yardmaster'));
    mkdirSync(join(root, 'by-file', '.yardmaster'), { recursive: true });
    symlinkSync(recordPath(real.path), recordPath(join(root, 'by-file')));
    await expect(readProject(join(root, 'by-folder'))).rejects.toThrow(faulty('PROJECT_NOT_FOUND'));
    await expect(readProject(join(root, 'by-file'))).rejects.toThrow(faulty('PROJECT_CORRUPT', 'link'));
    const other = real.with({ description: 'changed' });
    await expect(writeProject(other.at({ path: join(root, 'by-folder') }))).rejects.toThrow(faulty('PROJECT_CORRUPT'));
    await writeProject(other.at({ path: join(root, 'by-file') }));
    expect(readFileSync(recordPath(real.path))).toEqual(before);
  });

  it('is no folder', async () => {
    const folder = join(createTestFolder(), 'one');
    mkdirSync(recordPath(folder), { recursive: true });
    await expect(readProject(folder)).rejects.toThrow(faulty('PROJECT_CORRUPT', 'no file'));
  });
});

describe('finding projects', () => {
  it('gives those up to four folders deep, by name, and looks into no project', async () => {
    const root = createTestFolder();
    for (const path of ['zeta', 'a/beta', 'a/b/c/deep', 'a/b/c/d/too-deep', 'zeta/inner']) await put(join(root, path));
    const { projects, loadErrors } = await findProjects(root);
    expect(projects.map(({ name }) => name)).toEqual(['beta', 'deep', 'zeta']);
    expect(loadErrors).toEqual([]);
  });

  it('looks into no link, no folder with a dot and no node_modules', async () => {
    const root = createTestFolder();
    const elsewhere = createTestFolder();
    await put(join(elsewhere, 'out'));
    for (const path of ['.hidden/x', '.yardmaster-new-abc/y', 'node_modules/z', 'real']) await put(join(root, path));
    symlinkSync(elsewhere, join(root, 'linked'));
    symlinkSync(join(elsewhere, 'out'), join(root, 'out'));
    symlinkSync(root, join(root, 'ring'));
    expect((await findProjects(root)).projects.map(({ name }) => name)).toEqual(['real']);
  });

  it('finds nothing in a folder that does not exist', async () => {
    const folder = join(createTestFolder(), 'missing');
    expect(await findProjects(folder)).toEqual({ projects: [], loadErrors: [] });
    expect(existsSync(folder)).toBe(false);
  });

  it('refuses a folder that is a file', async () => {
    const file = join(createTestFolder(), 'file');
    writeFileSync(file, '');
    await expect(findProjects(file)).rejects.toThrow(faulty('FILE_UNREADABLE', 'no folder'));
  });

  it('reports a damaged record with file, line and fault, and gives the others', async () => {
    const root = createTestFolder();
    await put(join(root, 'good'));
    spoil(join(root, 'bad'), '{\n"name": }');
    const { projects, loadErrors } = await findProjects(root);
    expect(projects.map(({ name }) => name)).toEqual(['good']);
    expect(loadErrors).toEqual([
      {
        file: recordPath(join(root, 'bad')),
        folder: join(root, 'bad'),
        line: 2,
        message: expect.stringContaining('damaged'),
        faults: [expect.objectContaining({ code: 'WORKFLOW_JSON' })],
      },
    ]);
  });

  it('finds a project where it was moved to, and reports all that share a name', async () => {
    const root = createTestFolder();
    await put(join(root, 'one'), { name: 'twin' });
    await put(join(root, 'moved by hand'), { name: 'twin' });
    const { projects, loadErrors } = await findProjects(root);
    expect(projects.map(({ path }) => path)).toEqual([join(root, 'moved by hand'), join(root, 'one')]);
    expect(loadErrors.map(({ folder }) => folder)).toEqual([join(root, 'moved by hand'), join(root, 'one')]);
    expect(loadErrors[0]?.faults[0]).toMatchObject({ code: 'PROJECT_AMBIGUOUS' });
  });

  it.skipIf(process.getuid?.() === 0)('reports a folder that it may not list', async () => {
    const root = createTestFolder();
    await put(join(root, 'good'));
    mkdirSync(join(root, 'closed'), { mode: 0 });
    const { projects, loadErrors } = await findProjects(root);
    chmodSync(join(root, 'closed'), 0o700);
    expect(projects).toHaveLength(1);
    expect(loadErrors).toMatchObject([{ folder: join(root, 'closed') }]);
  });

  it('knows a folder with a record, sound or not', async () => {
    const root = createTestFolder();
    await put(join(root, 'good'));
    spoil(join(root, 'bad'), '');
    mkdirSync(join(root, 'data', '.yardmaster'), { recursive: true });
    const held = await Promise.all(['good', 'bad', 'data', 'none'].map((name) => holdsRecord(join(root, name))));
    expect(held).toEqual([true, true, false, false]);
  });
});
