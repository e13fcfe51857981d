// The manager on a real folder: what it makes, refuses, finds, moves on and deletes, and that a refusal changes nothing.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProjectStatus, ProjectType } from '../../src/domain/statuses.ts';
import { ProjectManager, type ProjectOptions } from '../../src/projects/project-manager.ts';
import { readProject, recordPath } from '../../src/projects/project-store.ts';
import { makeWorld, NOW_MS, namesIn, type ProjectWorld, putTemplate, treeOf } from './project-world.ts';

const LOCK = '.yardmaster.lock';
const tiny = (name: string, more: Partial<ProjectOptions> = {}): ProjectOptions => ({
  name,
  template: 'tiny',
  ...more,
});
const faulty = (code: string, ...words: string[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(words.join('.*'), 's')) });

/** That a creation is refused, and that nothing at all is changed by it. */
async function expectRefusal(world: ProjectWorld, options: unknown, code: string, ...words: string[]): Promise<void> {
  const before = treeOf(world.root);
  await expect(world.manager.createProject(options as ProjectOptions)).rejects.toThrow(faulty(code, ...words));
  expect(treeOf(world.root)).toEqual(before);
}

describe('creating a project', () => {
  it('gives a folder with record, files, folders and documents, and nothing beside it', async () => {
    const { manager, projectsDir } = makeWorld();
    const project = await manager.createProject(tiny('first', { description: 'About {{it}}', owner: 'Ada' }));
    expect(project).toMatchObject({
      name: 'first',
      type: 'custom',
      status: 'planning',
      description: 'About {{it}}',
      owner: 'Ada',
      version: '1.0.0',
      template: 'tiny',
      path: join(projectsDir, 'first'),
      workflows: ['hello'],
      warnings: [],
      history: [{ status: 'planning', at: new Date(NOW_MS).toISOString() }],
    });
    expect(namesIn(projectsDir)).toEqual([LOCK, 'first']);
    expect(readFileSync(join(project.path, 'NOTES.txt'), 'utf8')).toBe('first: About {{it}} (Ada)\n');
    expect(namesIn(project.path)).toEqual(expect.arrayContaining(['README.md', 'config', 'src', 'tasks']));
    expect(await readProject(project.path)).toEqual(project);
  });

  it('leaves no trace in any file of the folder that it was made in', async () => {
    const { manager, projectsDir } = makeWorld();
    const { path } = await manager.createProject(tiny('first', { path: 'a/b' }));
    for (const [name, kind] of Object.entries(treeOf(path))) {
      if (kind === 'folder') continue;
      const text = readFileSync(join(path, name), 'utf8');
      expect(text, name).not.toContain('.yardmaster-new-');
      expect(text, name).not.toContain(projectsDir);
    }
  });

  it('is done one after the other when many are asked for at once', async () => {
    const { manager, projectsDir } = makeWorld();
    const names = Array.from({ length: 8 }, (_, index) => `p${index}`);
    const made = await Promise.all(names.map((name) => manager.createProject(tiny(name, { path: `teams/${name}` }))));
    expect(made.map(({ name }) => name)).toEqual(names);
    expect(namesIn(projectsDir)).toEqual([LOCK, 'teams']);
    expect(await manager.listProjects()).toHaveLength(8);
  });

  it('takes type and template from each other, and lets them differ', async () => {
    const { manager, templatesDir } = makeWorld();
    putTemplate(templatesDir, 'research', { type: 'research' });
    expect(await manager.createProject(tiny('a'))).toMatchObject({ type: 'custom', template: 'tiny' });
    expect(await manager.createProject({ name: 'b', type: ProjectType.RESEARCH })).toMatchObject({
      template: 'research',
    });
    expect(await manager.createProject(tiny('c', { type: 'ml_model' }))).toMatchObject({ type: 'ml_model' });
  });

  it('puts it at a path, with the folders that lead there', async () => {
    const { manager, projectsDir } = makeWorld();
    const { path } = await manager.createProject(tiny('Sales 2030', { path: 'teams/sales/2030' }));
    expect(path).toBe(join(projectsDir, 'teams/sales/2030'));
    expect(await manager.createProject(tiny('next', { path: 'teams/next' }))).toBeDefined();
    expect((await manager.getProject('Sales 2030'))?.path).toBe(path);
  });

  it('composes name and path, and finds it however the name is typed', async () => {
    const { manager, projectsDir } = makeWorld();
    const project = await manager.createProject(tiny('Cafe\u0301'));
    expect([project.name, project.path]).toEqual(['Café', join(projectsDir, 'Café')]);
    expect((await manager.getProject('Cafe\u0301'))?.path).toBe(project.path);
  });

  it('warns of what the template names and does not bring along', async () => {
    const { manager, templatesDir } = makeWorld();
    putTemplate(templatesDir, 'tiny', { workflows: ['hello', 'missing-one'] });
    const { warnings } = await manager.createProject(tiny('a'));
    expect(warnings).toEqual([expect.stringContaining('missing-one')]);
  });

  it.each<[string, unknown, string, string]>([
    ['no name', {}, 'PROJECT_NAME_INVALID', 'must be a text'],
    ['nothing at all', undefined, 'PROJECT_NAME_INVALID', 'must be a text'],
    ['a name with a slash', tiny('a/b'), 'PROJECT_NAME_INVALID', 'a name may have'],
    ['a name that leads up', tiny('..'), 'PROJECT_NAME_INVALID', 'must start'],
    ['the name of a device', tiny('NUL'), 'PROJECT_NAME_INVALID', 'device'],
    ['a path that leads up', tiny('a', { path: '../a' }), 'PROJECT_PATH_INVALID', '"\\.\\."'],
    ['an absolute path', tiny('a', { path: '/tmp/a' }), 'PROJECT_PATH_INVALID', 'relative'],
    ['a path with a drive', tiny('a', { path: 'C:/a' }), 'PROJECT_PATH_INVALID', 'relative'],
    ['a path with backslashes', tiny('a', { path: 'x\\a' }), 'PROJECT_PATH_INVALID', 'backslash'],
    ['a path with NUL', tiny('a', { path: 'x\0' }), 'PROJECT_PATH_INVALID', 'NUL'],
    ['a path that is a number', tiny('a', { path: 5 as never }), 'PROJECT_PATH_INVALID', 'must be a text'],
    ['an unknown type', { name: 'a', type: 'reserch' }, 'ARGUMENT_INVALID', 'did you mean "research"'],
    ['neither type nor template', { name: 'a' }, 'ARGUMENT_INVALID', 'type or a template'],
    ['an unknown template', { name: 'a', template: 'tinny' }, 'PROJECT_TEMPLATE_NOT_FOUND', 'did you mean "tiny"'],
    ['a template that leads up', { name: 'a', template: '../tiny' }, 'PROJECT_TEMPLATE_NOT_FOUND', ''],
    ['a template that is a number', { name: 'a', template: 5 }, 'ARGUMENT_INVALID', ''],
    ['a description that is no text', tiny('a', { description: 5 as never }), 'ARGUMENT_INVALID', 'description'],
    ['a description that is too long', tiny('a', { description: 'x'.repeat(10_001) }), 'ARGUMENT_INVALID', '10000'],
    ['a description with NUL', tiny('a', { description: 'x\0' }), 'ARGUMENT_INVALID', 'NUL'],
    ['an owner with half a character', tiny('a', { owner: '\ud800' }), 'ARGUMENT_INVALID', 'owner'],
  ])('refuses %s and leaves nothing behind', async (_what, options, code, word) => {
    await expectRefusal(makeWorld(), options, code, word);
  });

  it('refuses a template that turns out to be faulty while it is used, and leaves no project', async () => {
    const { manager, projectsDir, templatesDir } = makeWorld();
    writeFileSync(join(templatesDir, 'tiny', 'BAD.template.txt'), '{{project_nam}}');
    await expect(manager.createProject(tiny('a', { path: 'x/y' }))).rejects.toThrow(
      faulty('TEMPLATE_VARIABLE_UNKNOWN'),
    );
    expect(namesIn(projectsDir)).toEqual([LOCK]);
    rmSync(join(templatesDir, 'tiny', 'BAD.template.txt'));
    await manager.createProject(tiny('a', { path: 'x/y' }));
  });
});

describe('a place that is taken', () => {
  it.each<[string, (at: string) => void]>([
    ['a folder', (at) => mkdirSync(at)],
    ['a folder with something in it', (at) => mkdirSync(join(at, 'deep'), { recursive: true })],
    ['a file', (at) => writeFileSync(at, 'mine')],
  ])('by %s is left as it is', async (_what, put) => {
    const world = makeWorld();
    mkdirSync(world.projectsDir);
    put(join(world.projectsDir, 'a'));
    await expectRefusal(world, tiny('a'), 'PROJECT_EXISTS', 'is there already');
    await expectRefusal(world, tiny('other', { path: 'a' }), 'PROJECT_EXISTS');
  });

  it.each(['straße', 'Ärger', 'Cafe\u0301'])(
    'by a project cannot be taken in another spelling, such as %s',
    async (name) => {
      const world = makeWorld();
      await world.manager.createProject(tiny(name.normalize('NFC')));
      await expectRefusal(world, tiny(name.toUpperCase()), 'PROJECT_EXISTS');
      await expectRefusal(world, tiny(name.toLowerCase().normalize('NFD')), 'PROJECT_EXISTS');
    },
  );

  it('by a project of that name elsewhere is told with its path', async () => {
    const world = makeWorld();
    await world.manager.createProject(tiny('sales', { path: 'teams/one' }));
    await expectRefusal(world, tiny('Sales'), 'PROJECT_EXISTS', 'teams/one', '"sales"');
  });

  it('on the way by a project, a file or a folder spelled otherwise is refused', async () => {
    const world = makeWorld();
    await world.manager.createProject(tiny('sales'));
    mkdirSync(join(world.projectsDir, 'Teams'));
    writeFileSync(join(world.projectsDir, 'file'), '');
    await expectRefusal(world, tiny('a', { path: 'sales/a' }), 'PROJECT_PATH_INVALID', 'is a project');
    await expectRefusal(world, tiny('a', { path: 'sales/src/a' }), 'PROJECT_PATH_INVALID', 'is a project');
    await expectRefusal(world, tiny('a', { path: 'file/a' }), 'PROJECT_PATH_INVALID', 'no folder');
    await expectRefusal(world, tiny('a', { path: 'teams/a' }), 'PROJECT_PATH_INVALID', 'spelled differently');
  });

  it.each(['there', 'nowhere'])(
    'by a link to what is %s is refused, at the end of the way and on it',
    async (where) => {
      const world = makeWorld();
      const outside = join(world.root, 'outside');
      mkdirSync(join(world.projectsDir, 'real'), { recursive: true });
      if (where === 'there') mkdirSync(outside);
      symlinkSync(outside, join(world.projectsDir, 'x'));
      symlinkSync(outside, join(world.projectsDir, 'real', 'x'));
      for (const path of ['x', 'x/a', 'real/x', 'real/x/a']) {
        await expectRefusal(world, tiny('a', { path }), 'PROJECT_PATH_INVALID', 'is a link');
      }
    },
  );

  it('by a link as the lock is refused', async () => {
    const world = makeWorld();
    mkdirSync(world.projectsDir);
    symlinkSync(join(world.root, 'made-by-lock'), join(world.projectsDir, LOCK));
    await expectRefusal(world, tiny('a'), 'FILE_UNWRITABLE', 'no plain file');
  });

  it('is looked for where the way to the projects folder ends in errors, and told so', async () => {
    const { root, templatesDir } = makeWorld();
    symlinkSync('ring', join(root, 'ring'));
    const manager = ProjectManager.open({ projectsDir: join(root, 'ring', 'x'), templatesDir });
    await expect(manager.createProject(tiny('a'))).rejects.toThrow(faulty('FILE_UNREADABLE', 'ELOOP'));
  });

  it('is free in a projects folder that is itself reached through a link', async () => {
    const { root, projectsDir, templatesDir, manager } = makeWorld();
    mkdirSync(projectsDir);
    symlinkSync(projectsDir, join(root, 'linked'));
    const linked = ProjectManager.open({ projectsDir: join(root, 'linked'), templatesDir });
    const { path } = await linked.createProject(tiny('a'));
    expect(path).toBe(join(root, 'linked', 'a'));
    expect((await manager.getProject('a'))?.path).toBe(join(projectsDir, 'a'));
  });

  it('by a projects folder that is a file is refused', async () => {
    const world = makeWorld();
    writeFileSync(world.projectsDir, '');
    await expectRefusal(world, tiny('a'), 'FILE_UNREADABLE', 'no folder');
  });
});

describe('finding projects', () => {
  it('gives undefined, or an error with the nearest name, for one that is not there', async () => {
    const { manager } = makeWorld();
    await manager.createProject(tiny('pipeline'));
    for (const name of ['pipelin', '../pipeline', '', 'PIPELINE', 'tasks']) {
      expect(await manager.getProject(name)).toBeUndefined();
    }
    await expect(manager.requireProject('pipelin')).rejects.toThrow(
      faulty('PROJECT_NOT_FOUND', 'did you mean "pipeline"'),
    );
    await expect(manager.getProject(5 as never)).rejects.toThrow(faulty('ARGUMENT_INVALID'));
  });

  it('lists them by name, by status and by type', async () => {
    const { manager } = makeWorld();
    for (const name of ['c', 'a', 'b']) await manager.createProject(tiny(name));
    await manager.createProject(tiny('d', { type: 'research' }));
    await manager.updateProjectStatus('b', 'active');
    const names = async (filter?: Parameters<ProjectManager['listProjects']>[0]) =>
      (await manager.listProjects(filter)).map(({ name }) => name);
    expect(await names()).toEqual(['a', 'b', 'c', 'd']);
    expect(await names({ status: 'active' })).toEqual(['b']);
    expect(await names({ type: 'research' })).toEqual(['d']);
    expect(await names({ type: 'research', status: 'active' })).toEqual([]);
    await expect(manager.listProjects({ status: 'lost' as never })).rejects.toThrow(
      faulty('ARGUMENT_INVALID', 'planning'),
    );
    await expect(manager.listProjects({ type: 'game' as never })).rejects.toThrow(
      faulty('ARGUMENT_INVALID', 'research'),
    );
    expect(await manager.getProjectsSummary()).toMatchObject({
      total: 4,
      byStatus: { planning: 3, active: 1, archived: 0 },
      byType: { custom: 3, research: 1, ml_model: 0 },
      loadErrors: 0,
    });
  });

  it('finds them again in another life, and where they were moved by hand', async () => {
    const { manager, another, projectsDir } = makeWorld();
    const made = await manager.createProject(tiny('sales'));
    expect(await another().getProject('sales')).toEqual(made);
    mkdirSync(join(projectsDir, 'old'));
    renameSync(made.path, join(projectsDir, 'old', 'renamed'));
    expect(await another().getProject('sales')).toEqual(
      made.at({ ...made, path: join(projectsDir, 'old', 'renamed') }),
    );
    await manager.updateProjectStatus('sales', 'active');
    expect((await another().getProject('sales'))?.status).toBe('active');
  });

  it('lists a damaged record with file and fault, and says so when it is asked for', async () => {
    const { manager, projectsDir } = makeWorld();
    await manager.createProject(tiny('good'));
    const { path } = await manager.createProject(tiny('bad', { path: 'deep/bad' }));
    writeFileSync(recordPath(path), '{"name": "bad"');
    const damaged = readFileSync(recordPath(path));
    expect(await manager.listProjects()).toHaveLength(1);
    expect(manager.loadErrors).toMatchObject([{ file: recordPath(path), folder: path, line: 1 }]);
    for (const name of ['bad', 'deep/bad']) {
      await expect(manager.getProject(name)).rejects.toThrow(faulty('PROJECT_CORRUPT', 'deep/bad'));
    }
    await expect(manager.updateProjectStatus('bad', 'active')).rejects.toThrow(faulty('PROJECT_CORRUPT'));
    await expect(manager.deleteProject('bad', { removeFiles: true })).rejects.toThrow(faulty('PROJECT_CORRUPT'));
    await expect(manager.createProject(tiny('x', { path: 'deep/bad' }))).rejects.toThrow(faulty('PROJECT_EXISTS'));
    expect(readFileSync(recordPath(path))).toEqual(damaged);
    expect(namesIn(projectsDir)).toEqual([LOCK, 'deep', 'good']);
  });

  it('asks which one is meant when two have one name', async () => {
    const { manager, projectsDir } = makeWorld();
    const one = await manager.createProject(tiny('one'));
    const two = await manager.createProject(tiny('two'));
    writeFileSync(recordPath(two.path), readFileSync(recordPath(one.path)));
    expect((await manager.listProjects()).map(({ path }) => path)).toEqual([one.path, two.path]);
    expect(manager.loadErrors.map(({ folder }) => folder)).toEqual([one.path, two.path]);
    for (const call of [
      () => manager.getProject('one'),
      () => manager.archiveProject('one'),
      () => manager.deleteProject('one', { removeFiles: true }),
    ]) {
      await expect(call()).rejects.toThrow(faulty('PROJECT_AMBIGUOUS', one.path, two.path));
    }
    expect(namesIn(projectsDir)).toEqual([LOCK, 'one', 'two']);
  });
});

describe('the status of a project', () => {
  it('goes from one to the next, with time and reason, and is on the disk', async () => {
    const { manager, another } = makeWorld();
    await manager.createProject(tiny('a'));
    await manager.updateProjectStatus('a', 'active', 'let us go');
    await manager.updateProjectStatus('a', 'paused');
    await manager.updateProjectStatus('a', 'active');
    await manager.updateProjectStatus('a', 'completed');
    const last = await manager.updateProjectStatus('a', 'archived', 'done');
    const at = new Date(NOW_MS).toISOString();
    expect(last.history).toEqual([
      { status: 'planning', at },
      { status: 'active', at, reason: 'let us go' },
      { status: 'paused', at },
      { status: 'active', at },
      { status: 'completed', at },
      { status: 'archived', at, reason: 'done' },
    ]);
    expect(await another().getProject('a')).toEqual(last);
  });

  it('refuses what makes no sense, lists what is possible, and leaves the record as it is', async () => {
    const { manager } = makeWorld();
    const { path } = await manager.createProject(tiny('a'));
    const before = readFileSync(recordPath(path));
    for (const status of ['planning', 'paused', 'completed', 'failed', 'archived'] as const) {
      await expect(manager.updateProjectStatus('a', status)).rejects.toMatchObject({
        code: 'PROJECT_TRANSITION_INVALID',
        message: expect.stringContaining('possible now: active'),
        details: { from: 'planning', to: status, possible: ['active'] },
      });
    }
    expect(readFileSync(recordPath(path))).toEqual(before);
    await expect(manager.updateProjectStatus('a', 'lost' as never)).rejects.toThrow(
      faulty('ARGUMENT_INVALID', 'active'),
    );
    await expect(manager.updateProjectStatus('a', 'active', 5 as never)).rejects.toThrow(
      faulty('ARGUMENT_INVALID', 'reason'),
    );
    await expect(manager.updateProjectStatus('b', 'active')).rejects.toThrow(faulty('PROJECT_NOT_FOUND'));
  });

  it.each(['planning', 'active', 'paused', 'completed', 'failed'] as const)(
    'becomes archived from %s',
    async (from) => {
      const { manager } = makeWorld();
      await manager.createProject(tiny('a'));
      const way = {
        planning: [],
        active: ['active'],
        paused: ['active', 'paused'],
        completed: ['active', 'completed'],
        failed: ['active', 'failed'],
      } as const;
      for (const status of way[from]) await manager.updateProjectStatus('a', status);
      const archived = await manager.archiveProject('a', 'abandoned');
      expect(archived.history.at(-1)).toMatchObject({ status: 'archived', reason: 'abandoned' });
      await expect(manager.archiveProject('a')).rejects.toThrow(
        faulty('PROJECT_TRANSITION_INVALID', 'already', 'nothing can follow'),
      );
      expect(existsSync(archived.path)).toBe(true);
    },
  );

  it('keeps the first and the latest thousand changes', async () => {
    const { manager } = makeWorld();
    const { path } = await manager.createProject(tiny('a'));
    const project = await readProject(path);
    const at = project.createdAt;
    const long = Array.from({ length: 1_000 }, (_, index) => ({
      status: ProjectStatus.PAUSED,
      at,
      reason: `${index}`,
    }));
    writeFileSync(recordPath(path), JSON.stringify(project.with({ history: long }).toRecord()));
    const { history } = await manager.updateProjectStatus('a', 'active');
    expect(history).toHaveLength(1_000);
    expect([history[0]?.reason, history[1]?.reason, history.at(-1)?.status]).toEqual(['0', '2', 'active']);
  });

  it('never goes back in time', async () => {
    const { manager, projectsDir, templatesDir } = makeWorld();
    await manager.createProject(tiny('a'));
    const early = ProjectManager.open({ projectsDir, templatesDir, clock: { now: () => NOW_MS - 60_000 } });
    expect((await early.updateProjectStatus('a', 'active')).updatedAt).toBe(new Date(NOW_MS).toISOString());
  });

  it('loses no change of many at once', async () => {
    const { manager, another } = makeWorld();
    await manager.createProject(tiny('a'));
    await manager.updateProjectStatus('a', 'active');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        another().updateProjectStatus('a', index % 2 === 0 ? 'paused' : 'active'),
      ),
    );
    const moved = outcomes.filter(({ status }) => status === 'fulfilled').length;
    const history = (await manager.requireProject('a')).history;
    expect(history).toHaveLength(2 + moved);
    for (const [index, { status }] of history.slice(1).entries())
      expect(status).toBe(index % 2 === 0 ? 'active' : 'paused');
  });
});

describe('deleting a project', () => {
  it.each([undefined, {}, { removeFiles: false }, { removeFiles: 'yes' }])(
    'does nothing when given %j',
    async (options) => {
      const { manager, root } = makeWorld();
      await manager.createProject(tiny('a'));
      const before = treeOf(root);
      await expect(manager.deleteProject('a', options as never)).rejects.toThrow(
        faulty('ARGUMENT_INVALID', 'removeFiles: true', 'archiveProject'),
      );
      expect(treeOf(root)).toEqual(before);
    },
  );

  it('removes its folder, and of links in it only themselves', async () => {
    const { manager, root, projectsDir } = makeWorld();
    const { path } = await manager.createProject(tiny('a'));
    await manager.createProject(tiny('b'));
    mkdirSync(join(root, 'mine'));
    writeFileSync(join(root, 'mine', 'kept'), 'kept');
    symlinkSync(join(root, 'mine'), join(path, 'link'));
    await manager.deleteProject('a', { removeFiles: true });
    expect(namesIn(projectsDir)).toEqual([LOCK, 'b']);
    expect(namesIn(join(root, 'mine'))).toEqual(['kept']);
    await expect(manager.deleteProject('a', { removeFiles: true })).rejects.toThrow(faulty('PROJECT_NOT_FOUND'));
    await manager.createProject(tiny('a'));
  });

  it('is done by one of many who try at once', async () => {
    const { manager, another, projectsDir } = makeWorld();
    await manager.createProject(tiny('a'));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => another().deleteProject('a', { removeFiles: true })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'PROJECT_NOT_FOUND' });
    }
    expect(namesIn(projectsDir)).toEqual([LOCK]);
  });
});

describe('what a dead process left', () => {
  it('is found by no search, and removed by the next creation and deletion', async () => {
    const { manager, projectsDir } = makeWorld();
    await manager.createProject(tiny('a'));
    const leave = () => {
      mkdirSync(join(projectsDir, '.yardmaster-new-abc123/b/.yardmaster'), { recursive: true });
      mkdirSync(join(projectsDir, '.yardmaster-gone-abc123/c/src'), { recursive: true });
    };
    leave();
    expect(await manager.listProjects()).toHaveLength(1);
    await manager.createProject(tiny('d'));
    expect(namesIn(projectsDir)).toEqual([LOCK, 'a', 'd']);
    leave();
    await manager.deleteProject('d', { removeFiles: true });
    expect(namesIn(projectsDir)).toEqual([LOCK, 'a']);
  });
});
