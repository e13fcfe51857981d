// Holds where templates are found, which comes first, and that a faulty one is told by file, line and field.

import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ProjectTemplate } from '../../src/projects/project-template.ts';
import { BUILT_IN_TEMPLATES, TemplateStore } from '../../src/projects/template-store.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { errorOf, writeTemplates } from './template-folder.ts';

const ORIGINALS = fileURLToPath(
  new URL(
    '../../../shared/corpora/original-workflows/src/codomyrmex/logistics/orchestration/project/templates',
    import.meta.url,
  ),
);
const BUILT_IN = ['ai_analysis', 'custom', 'data_pipeline', 'documentation', 'ml_model', 'research', 'web_application'];
const MINE = { name: 'mine', type: 'custom' };
const WORKFLOW = { steps: [{ name: 'a', module: 'core', action: 'noop' }] };
const PRODUCTION = 'mine/config/workflows/production';

describe('a template store', () => {
  it('has the built-in templates, by name', async () => {
    const templates = await new TemplateStore([]).list();
    expect(templates.map(({ name }) => name)).toEqual(BUILT_IN);
    expect(new TemplateStore([BUILT_IN_TEMPLATES]).folders).toEqual(new TemplateStore([]).folders);
  });

  it('has the templates of users beside them, and takes a folder that is not there for an empty one', async () => {
    const store = new TemplateStore([writeTemplates({ 'mine.json': MINE }), join(createTestFolder(), 'none')]);
    expect((await store.list()).map(({ name }) => name)).toEqual([...BUILT_IN, 'mine'].sort());
    expect((await store.get('mine')).contents.files).toEqual([]);
  });

  it('lets the first folder’s template of a name win', async () => {
    const first = writeTemplates({ 'custom.json': { ...MINE, name: 'custom', description: 'first' } });
    const second = writeTemplates({ 'custom.json': { ...MINE, name: 'custom', description: 'second' } });
    const store = new TemplateStore([first, second]);
    expect((await store.get('custom')).description).toBe('first');
    expect((await store.list()).find(({ name }) => name === 'custom')?.description).toBe('first');
  });

  it('does not fall back where the first folder’s template is faulty', async () => {
    const store = new TemplateStore([writeTemplates({ 'custom.json': '{' })]);
    expect((await errorOf(() => store.get('custom'))).code).toBe('PROJECT_TEMPLATE_INVALID');
    const { templates, loadErrors } = await store.scan();
    expect(templates.map(({ name }) => name)).toEqual(BUILT_IN.filter((name) => name !== 'custom'));
    expect(loadErrors).toMatchObject([{ error: { code: 'PROJECT_TEMPLATE_INVALID' } }]);
  });

  it('suggests the nearest name for one that it has not', async () => {
    const error = await errorOf(() => new TemplateStore([]).get('data_pipline'));
    expect(error.code).toBe('PROJECT_TEMPLATE_NOT_FOUND');
    expect(error.message).toContain('did you mean "data_pipeline"?');
    expect(error.details).toMatchObject({ suggestion: 'data_pipeline', templates: BUILT_IN });
  });

  it.each(['', '..', '../custom', 'custom.json', 'CUSTOM', '__proto__', 'custom/', '\0'])(
    'reads no file for the name %j',
    async (name) => {
      expect((await errorOf(() => new TemplateStore([]).get(name))).code).toBe('PROJECT_TEMPLATE_NOT_FOUND');
    },
  );

  it('reads anew each time', async () => {
    const folder = writeTemplates({ 'mine.json': '{}' });
    const store = new TemplateStore([folder]);
    await errorOf(() => store.get('mine'));
    writeFileSync(join(folder, 'mine.json'), JSON.stringify(MINE));
    expect((await store.get('mine')).name).toBe('mine');
  });
});

describe.skipIf(!existsSync(ORIGINALS))('the original templates (skipped without ../shared/corpora)', () => {
  it('load unchanged, and say what they name without shipping it', async () => {
    for (const name of ['ai_analysis', 'data_pipeline', 'web_application']) {
      const template = await new TemplateStore([ORIGINALS]).get(name);
      expect(template.directoryStructure).toContain('.yardmaster');
      expect(template.documentation.nestedDocs).toEqual(
        expect.arrayContaining(template.directoryStructure.filter((folder) => folder !== '.yardmaster')),
      );
      const named = [...template.workflows, ...template.requiredModules, ...template.optionalModules];
      expect(named.filter((each) => !template.warnings.join('\n').includes(`"${each}"`))).toEqual([]);
      expect(named.length).toBeGreaterThan(4);
    }
  });

  it('have the folders of the built-in ones of the same name', async () => {
    for (const name of ['ai_analysis', 'data_pipeline', 'web_application']) {
      const original = await new TemplateStore([ORIGINALS]).get(name);
      const ours = await new TemplateStore([]).get(name);
      const added = ours.directoryStructure.filter((folder) => !original.directoryStructure.includes(folder));
      const lacking = original.directoryStructure.filter((folder) => !ours.directoryStructure.includes(folder));
      expect(lacking).toEqual([]);
      expect(added).toEqual(['config/workflows/production', 'tasks']);
      expect(ours.workflows).toEqual(original.workflows);
      expect(ProjectTemplate.fromJSON(original.toJSON()).directoryStructure).toEqual(original.directoryStructure);
    }
  });
});

describe('a faulty template', () => {
  const faultOf = async (files: Parameters<typeof writeTemplates>[0]) => {
    const folder = writeTemplates(files);
    const error = await errorOf(() => new TemplateStore([folder]).get('mine'));
    expect(error.code).toBe('PROJECT_TEMPLATE_INVALID');
    expect(error.message).toContain(folder);
    return { message: error.message.replaceAll(folder, '.'), details: error.details };
  };

  it('is told by file, line and field', async () => {
    const { message, details } = await faultOf({ 'mine.json': '{\n  "name": "mine",\n  "type": "game"\n}' });
    expect(message).toMatch(/^template \.\/mine\.json: line 3, \$\.type must be one of /);
    expect(details).toMatchObject({ line: 3, field: '$.type' });
  });

  it.each([
    ['{\n  "name": mine\n}', /mine\.json: line 2: not valid JSON/],
    ['{"name":"mine","type":"custom","type":"research"}', /appears twice/],
    [JSON.stringify({ ...MINE, name: 'yours' }), /must be the name of its file, "mine"/],
    [JSON.stringify({ ...MINE, x: ' '.repeat(5 * 1024 * 1024) }), /larger than 4 MB/],
    [Buffer.from('7b22ff227d', 'hex'), /UTF-8/],
  ])('is refused for its JSON %#', async (text, reason) => {
    expect((await faultOf({ 'mine.json': text })).message).toMatch(reason);
  });

  it('is refused for a workflow that is not valid, with its line and field', async () => {
    const workflow = '{\n  "steps": [\n    { "name": "a", "module": "core" }\n  ]\n}';
    const { message, details } = await faultOf({ 'mine.json': MINE, [`${PRODUCTION}/w.json`]: workflow });
    expect(message).toContain(`./${PRODUCTION}/w.json:3: the workflow is not valid: $.steps[0].action: `);
    expect(details.line).toBe(3);
  });

  it('is refused for two workflows of one name', async () => {
    const files = { [`${PRODUCTION}/a.json`]: { name: 'w', ...WORKFLOW }, [`${PRODUCTION}/w.json`]: WORKFLOW };
    expect((await faultOf({ 'mine.json': MINE, ...files })).message).toMatch(/holds workflow "w", as .*a\.json does/);
  });

  it.each([
    [{ 'mine/x.template.ts': '' }, /variables are replaced in \.template\.md/],
    [{ 'mine/.template.md': '' }, /no name before/],
    [{ 'mine/x.template.md': '', 'mine/x.md': '' }, /goes to "x\.md", where .* goes too/],
    [{ 'mine/a/x.md': '', 'mine/A/X.md': '' }, /goes to "a\/x\.md", where/],
    [{ 'mine/config/project.json': '{}' }, /default_config/],
    [{ 'mine/.yardmaster/project.json': '{}' }, /own record/],
    [{ 'mine/config/project.json/x': '' }, /default_config/],
    [{ 'mine/.yardmaster/x/y': '' }, /own record/],
    [{ 'mine/tasks': '' }, /folder in every project/],
    [{ 'mine/config/Workflows': '' }, /folder in every project/],
    [{ 'mine/nul.txt': '' }, /device/],
    [{ 'mine/node_modules/x/y.js': '' }, /other tools/],
    [{ 'mine/a<b': '' }, /not every system allows/],
    [{ 'mine/big.template.txt': 'x'.repeat(1024 * 1024 + 1) }, /larger than 1 MB/],
    [{ mine: 'no folder' }, /is no folder/],
  ])('is refused for its files %#', async (files, reason) => {
    expect((await faultOf({ 'mine.json': MINE, ...files })).message).toMatch(reason);
  });

  it('is refused for a file where it has a folder', async () => {
    const files = { 'mine.json': { ...MINE, directory_structure: ['a/b/c'] }, 'mine/a/B': '' };
    expect((await faultOf(files)).message).toMatch(/\$\.directory_structure\[0\] is a folder where .*B goes as a file/);
    const twice = {
      'mine.json': { ...MINE, documentation_config: { doc_templates: { README: 'x' } } },
      'mine/.yardmaster/documents/README.template.md': 'y',
    };
    expect((await faultOf(twice)).message).toMatch(/\$\.documentation_config\.doc_templates\.README is what .* holds/);
    const rules = { 'mine.json': { ...MINE, template_files: { x: '.', y: 'x' } }, 'mine/x': '', 'mine/y': '' };
    expect((await faultOf(rules)).message).toMatch(/goes into "x", where .* goes as a file/);
  });

  it.each(['file', 'folder', 'root', 'json'])('is refused for a symbolic link in place of a %s', async (what) => {
    const folder = writeTemplates({ 'mine.json': MINE, 'mine/a.txt': 'a', 'other/secret.txt': 's' });
    const links = { file: 'mine/link.txt', folder: 'mine/link', root: 'mine', json: 'mine.json' };
    const target = what === 'file' || what === 'json' ? 'other/secret.txt' : 'other';
    const link = join(folder, Object.entries(links).find(([kind]) => kind === what)?.[1] ?? '');
    rmSync(link, { recursive: true, force: true });
    symlinkSync(join(folder, target), link);
    const error = await errorOf(() => new TemplateStore([folder]).get('mine'));
    expect(error.code).toBe('PROJECT_TEMPLATE_INVALID');
    expect(error.message).toMatch(/link|no folder/);
  });

  it('is refused for more than 10,000 files, and not for as many', async () => {
    const folder = writeTemplates({ 'mine.json': MINE });
    mkdirSync(join(folder, 'mine'));
    for (let index = 0; index < 10_000; index++) writeFileSync(join(folder, 'mine', `f${index}`), '');
    expect((await new TemplateStore([folder]).get('mine')).contents.files).toHaveLength(10_000);
    writeFileSync(join(folder, 'mine', 'one-more'), '');
    const error = await errorOf(() => new TemplateStore([folder]).get('mine'));
    expect(error.message).toMatch(/more than 10000 files/);
  });

  it('is told where it cannot be read', async () => {
    const folder = writeTemplates({ 'mine.json/x': '' });
    expect((await errorOf(() => new TemplateStore([folder]).get('mine'))).message).toMatch(/is no file/);
  });

  it('whose folder cannot be listed is told as such', async () => {
    const file = join(writeTemplates({ 'mine.json': MINE }), 'mine.json');
    expect((await errorOf(() => new TemplateStore([file]).list())).code).toBe('FILE_UNREADABLE');
  });
});

describe('what a template ships', () => {
  it('goes where template_files says: files and matches of a pattern by their names, folders with all below', async () => {
    const folder = writeTemplates({
      'mine.json': {
        ...MINE,
        template_files: { 'docs/**/*.md': 'docs', 'code/': 'tasks', 'a.txt': '.', 'b?.txt': 'b/', 'none/*': 'x' },
      },
      'mine/docs/one.md': '',
      'mine/docs/deep/er/two.md': '',
      'mine/docs/three.txt': '',
      'mine/code/x.ts': '',
      'mine/code/parts/y.ts': '',
      'mine/a.txt': '',
      'mine/b1.txt': '',
      'mine/b22.txt': '',
    });
    const template = await new TemplateStore([folder]).get('mine');
    expect(template.contents.files.map(({ path }) => path)).toEqual([
      'a.txt',
      'b/b1.txt',
      'docs/one.md',
      'docs/two.md',
      'tasks/parts/y.ts',
      'tasks/x.ts',
    ]);
    expect(template.warnings).toEqual([
      'template "mine" copies "none/*", which matches no file; nothing was copied for it',
    ]);
  });

  it('is told to lack modules that its workflows need', async () => {
    const steps = ['here', 'parts/there', 'core', 'gone'].map((module) => ({ name: module, module, action: 'x' }));
    const folder = writeTemplates({
      'mine.json': { ...MINE, workflows: ['w', 'rendered'], required_modules: ['here', 'parts/there'] },
      [`${PRODUCTION}/w.json`]: { steps },
      [`${PRODUCTION}/rendered.template.json`]: WORKFLOW,
      'mine/tasks/here.ts': '',
      'mine/tasks/parts/there.mjs': '',
    });
    const { warnings } = await new TemplateStore([folder]).get('mine');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^workflow "w": step "gone" needs module "gone"/);
  });

  it('keeps whether a file can be executed', async () => {
    const folder = writeTemplates({ 'mine.json': MINE, 'mine/a.sh': '', 'mine/b.txt': '' });
    chmodSync(join(folder, 'mine/a.sh'), 0o755);
    const { contents } = await new TemplateStore([folder]).get('mine');
    expect(contents.files.map(({ isExecutable }) => isExecutable)).toEqual([true, false]);
  });

  it('is matched by a pattern of many stars in no time', async () => {
    const folder = writeTemplates({
      'mine.json': { ...MINE, template_files: { [`${'*'.repeat(50)}x`]: '.', [`${'**/'.repeat(40)}y`]: '.' } },
      [`mine/${'a'.repeat(150)}`]: '',
      [`mine/${'a/'.repeat(40)}z`]: '',
    });
    expect((await new TemplateStore([folder]).get('mine')).contents.unmatched).toHaveLength(2);
  });
});
