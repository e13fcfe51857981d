// Any text in any place of a creation, on a real file system.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isRuntimeError } from '../../src/domain/runtime-error.ts';
import type { Project } from '../../src/projects/project.ts';
import { readProject } from '../../src/projects/project-store.ts';
import { makeWorld, namesIn, type ProjectWorld, treeOf } from './project-world.ts';

const RUNS = 400;

const names = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  { arbitrary: fc.stringMatching(/^[A-Za-zé数0-9](?:[.\w -]?[\w]){0,6}$/), weight: 6 },
  fc.constantFrom('..', '.', '/', 'con', 'a b', 'é', '{{x}}', '$&', "$'", '__proto__', 'constructor', 'x.', '数据'),
);
const paths = fc.oneof(
  names,
  fc.array(names, { maxLength: 5 }).map((parts) => parts.join('/')),
);
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('{{project_name}}', '$& $1 $$', '\\', '"', '-->', '```', '# x\n\n| a |', '\r\n', '<script>'),
  fc.constantFrom('\u2028', '\ufeff', '\u202e', '<!-- yardmaster:end -->', '<!-- yardmaster:begin x -->', '\u0001'),
);
const creations = fc.record({ name: names, path: paths, description: texts, owner: texts }, { requiredKeys: ['name'] });

type Creation = Partial<Record<'path' | 'description' | 'owner', string>> & { readonly name: string };

async function create({ manager }: ProjectWorld, creation: Creation): Promise<Project | undefined> {
  try {
    return await manager.createProject({ template: 'tiny', ...creation });
  } catch (error) {
    if (!isRuntimeError(error)) throw error;
    expect(error.code).toMatch(/^(?:PROJECT_(?:NAME|PATH)_INVALID|ARGUMENT_INVALID)$/);
    return undefined;
  }
}

async function expectWhole(world: ProjectWorld, project: Project, creation: Creation): Promise<void> {
  const { name, path, description = '', owner = '' } = creation;
  const way = (path ?? name).normalize('NFC').split('/');
  expect(project.path).toBe(join(world.projectsDir, ...way));
  expect(namesIn(world.projectsDir)).toEqual(['.yardmaster.lock', way[0]].sort());
  expect(project).toMatchObject({ name: name.normalize('NFC'), description, owner });
  expect(await readProject(project.path)).toEqual(project);
  expect(await world.another().getProject(name)).toEqual(project);
  const notes = readFileSync(join(project.path, 'NOTES.txt'), 'utf8');
  expect(notes).toBe(`${project.name}: ${description} (${owner})\n`);
}

it('any text gives a whole project inside of the projects folder, or a clear error and no change', {
  timeout: 120_000,
}, async () => {
  let [made, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(creations, async (creation) => {
      const world = makeWorld();
      const before = treeOf(world.root);
      const project = await create(world, creation as Creation);
      if (project === undefined) {
        refused += 1;
        expect(treeOf(world.root)).toEqual(before);
      } else {
        made += 1;
        await expectWhole(world, project, creation as Creation);
      }
      expect(namesIn(world.root)).toEqual(project === undefined ? ['templates'] : ['projects', 'templates']);
    }),
    { numRuns: RUNS },
  );
  process.stdout.write(`${made} projects made, ${refused} refused\n`);
  expect(Math.min(made, refused)).toBeGreaterThan(RUNS / 10);
});
