// Holds what a project gets from its template: every byte of what is copied, every value where it was named, and nothing
// outside of its folder.

import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProjectRecord } from '../../src/projects/project.ts';
import { ProjectTemplate } from '../../src/projects/project-template.ts';
import { writeScaffold } from '../../src/projects/scaffold.ts';
import { TemplateStore } from '../../src/projects/template-store.ts';
import { emptyProject, errorOf, filesOf, foldersOf, writeTemplates } from './template-folder.ts';

const MINE = { name: 'mine', type: 'custom' };
const PRODUCTION = 'config/workflows/production';

async function load(files: Parameters<typeof writeTemplates>[0], json: object = {}) {
  const folder = writeTemplates({ 'mine.json': { ...MINE, ...json }, ...files });
  return { folder, template: await new TemplateStore([folder]).get('mine') };
}

async function scaffold(template: ProjectTemplate, values: Partial<ProjectRecord> = {}): Promise<string> {
  const project = emptyProject(template, values);
  await writeScaffold(template, project, project.path);
  return project.path;
}

describe('a scaffold', () => {
  it('has the folders of its template, those of every project, and the defaults', async () => {
    const default_config = { limit: 3, list: ['ä'] };
    const template = ProjectTemplate.fromJSON({
      ...MINE,
      directory_structure: ['a/b/', '.codomyrmex/'],
      default_config,
    });
    const folder = await scaffold(template);
    expect(foldersOf(folder)).toEqual(
      ['.yardmaster', 'a', 'a/b', 'config', 'config/workflows', PRODUCTION, 'tasks'].sort(),
    );
    expect(JSON.parse(readFileSync(join(folder, 'config/project.json'), 'utf8'))).toEqual(default_config);
  });

  it('has every file that is no template byte by byte, braces included', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256);
    const workflow =
      '{"steps":[{"name":"a","module":"core","action":"echo","parameters":{"message":"{{params.x}}"}}],\r\n"parameters":{"x":1}}';
    const { template } = await load({
      'mine/deep/er/data.bin': bytes,
      'mine/empty': '',
      [`mine/${PRODUCTION}/w.json`]: workflow,
    });
    const files = filesOf(await scaffold(template));
    expect([...files.keys()]).toEqual(['config/project.json', `${PRODUCTION}/w.json`, 'deep/er/data.bin', 'empty']);
    expect(files.get('deep/er/data.bin')?.equals(bytes)).toBe(true);
    expect(files.get(`${PRODUCTION}/w.json`)?.toString()).toBe(workflow);
    expect(files.get('empty')?.length).toBe(0);
  });

  it('has empty folders of its template, and files that can be changed where those of the template cannot', async () => {
    const { folder, template } = await load({ 'mine/run.sh': 'x', 'mine/a.txt': 'x', 'mine/empty/kept': '' });
    rmSync(join(folder, 'mine/empty/kept'));
    chmodSync(join(folder, 'mine/run.sh'), 0o555);
    chmodSync(join(folder, 'mine/a.txt'), 0o444);
    const fresh = await new TemplateStore([folder]).get(template.name);
    const target = await scaffold(fresh);
    expect(foldersOf(target)).toContain('empty');
    expect(statSync(join(target, 'run.sh')).mode & 0o700).toBe(0o700);
    expect(statSync(join(target, 'a.txt')).mode & 0o700).toBe(0o600);
  });

  it('has each variable in place, escaped for the format of its file', async () => {
    const { template } = await load(
      {
        'mine/a.template.json': '{"name": "{{project_name}}", "what": "{{ description }}", "team": "{{team}}"}',
        'mine/b.template.md': '# {{project_name}} of {{owner}} ({{author}})\n\n{{description}}\n',
        'mine/c.template.txt': '{{project_type}} {{version}} {{created_at}} {{description}} {{ unterminated',
      },
      { documentation_config: { doc_variables: { team: 'A & "B"' } } },
    );
    const folder = await scaffold(template, { name: 'x_y', description: '# "a" <b>\n{{owner}} $& \\' });
    const read = (file: string) => readFileSync(join(folder, file), 'utf8');
    expect(JSON.parse(read('a.json'))).toEqual({ name: 'x_y', what: '# "a" <b>\n{{owner}} $& \\', team: 'A & "B"' });
    expect(read('b.md').split('\n')[0]).toBe('# x_y of Ada (Ada)');
    expect(read('b.md').split('\n')[2]).toMatch(/^\\# "a" &lt;b&gt; \{\{owner\}\} /);
    expect(read('c.txt')).toBe('custom 1.0.0 2026-02-03T04:05:06.000Z # "a" <b>\n{{owner}} $& \\ {{ unterminated');
  });

  it('takes the variables of the project before those of the template', async () => {
    const { template } = await load(
      { 'mine/a.template.txt': '{{team}}' },
      { documentation_config: { doc_variables: { team: 'a' } } },
    );
    const documentation = { ...emptyProject(template).documentation, variables: { team: 'b' } };
    expect(readFileSync(join(await scaffold(template, { documentation }), 'a.txt'), 'utf8')).toBe('b');
  });

  it('puts any value in once, as text, and always gives valid JSON', async () => {
    const { template } = await load({
      'mine/a.template.json': '{"a": "{{description}}", "b": ["{{owner}}"]}',
      'mine/b.template.txt': '<{{description}}|{{owner}}>',
      'mine/c.template.md': 'before\n\n{{description}}\n\nafter\n',
    });
    const pieces = fc.constantFrom(
      '{{owner}}',
      '{{',
      '}}',
      '$&',
      '\\',
      '"',
      '\n',
      '#',
      '```',
      '-->',
      '<b>',
      '../',
      '\u2028',
      'ß',
    );
    const values = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(pieces).map((some) => some.join('')),
    );
    await fc.assert(
      fc.asyncProperty(values, values, async (description, owner) => {
        const folder = await scaffold(template, { description, owner });
        const files = filesOf(folder);
        expect(JSON.parse(String(files.get('a.json')))).toEqual({ a: description, b: [owner] });
        expect(String(files.get('b.txt'))).toBe(`<${description}|${owner}>`);
        const lines = String(files.get('c.md')).split('\n');
        expect([lines[0], lines.at(-2), lines.length]).toEqual(['before', 'after', 6]);
        expect(files.size).toBe(4);
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 100 },
    );
  });

  it('has the texts of its template’s documents where documents are made from them', async () => {
    const doc_templates = { README: '# {{project_name}}\n', 'AGENTS.nested': 'x' };
    const { template } = await load(
      { 'mine/.yardmaster/documents/SPEC.template.md': '{{x}}' },
      { documentation_config: { doc_templates } },
    );
    const files = filesOf(await scaffold(template));
    expect(String(files.get('.yardmaster/documents/README.template.md'))).toBe('# {{project_name}}\n');
    expect(String(files.get('.yardmaster/documents/AGENTS.nested.template.md'))).toBe('x');
    expect(String(files.get('.yardmaster/documents/SPEC.template.md'))).toBe('{{x}}');
  });
});

describe('a scaffold is refused', () => {
  it('for a folder that is not empty', async () => {
    const template = ProjectTemplate.fromJSON(MINE);
    const project = emptyProject(template);
    writeFileSync(join(project.path, 'kept.txt'), 'kept');
    expect((await errorOf(() => writeScaffold(template, project, project.path))).code).toBe('ARGUMENT_INVALID');
    expect([...filesOf(project.path).keys()]).toEqual(['kept.txt']);
  });

  it('for an unknown variable, with file, line and the nearest name', async () => {
    const { template } = await load({ 'mine/a.template.txt': 'a\nb {{project_nam}}' });
    const error = await errorOf(() => scaffold(template));
    expect(error.code).toBe('TEMPLATE_VARIABLE_UNKNOWN');
    expect(error.message).toMatch(/a\.template\.txt:2: .*"project_name"/);
  });

  it('for JSON that variables break', async () => {
    const { template } = await load({ 'mine/a.template.json': '{\n"a": {{version}}\n}' });
    const error = await errorOf(() => scaffold(template));
    expect(error.code).toBe('PROJECT_TEMPLATE_INVALID');
    expect(error.message).toMatch(/a\.template\.json:2: .*between quotes/);
  });

  it('for text that is not UTF-8', async () => {
    const { template } = await load({ 'mine/a.template.txt': Uint8Array.of(0xff, 0xfe) });
    expect((await errorOf(() => scaffold(template))).message).toMatch(/UTF-8/);
  });

  it('for a workflow that is faulty once its variables are replaced', async () => {
    const workflow = '{"steps": [{"name": "{{owner}}", "module": "core", "action": "noop"}]}';
    const { template } = await load({ [`mine/${PRODUCTION}/w.template.json`]: workflow });
    expect([...filesOf(await scaffold(template, { owner: 'Ada' })).keys()]).toContain(`${PRODUCTION}/w.json`);
    const error = await errorOf(() => scaffold(template, { owner: '' }));
    expect(error.code).toBe('PROJECT_TEMPLATE_INVALID');
    expect(error.message).toMatch(/w\.template\.json.*\$\.steps\[0\]\.name: /);
  });

  it('for a file that became a link after its template was read', async () => {
    const { folder, template } = await load({ 'mine/a.txt': 'a', 'secret.txt': 'secret' });
    rmSync(join(folder, 'mine/a.txt'));
    symlinkSync(join(folder, 'secret.txt'), join(folder, 'mine/a.txt'));
    const project = emptyProject(template);
    const error = await errorOf(() => writeScaffold(template, project, project.path));
    expect(error.code).toBe('PROJECT_TEMPLATE_INVALID');
    expect([...filesOf(project.path).values()].join()).not.toContain('secret');
  });
});
