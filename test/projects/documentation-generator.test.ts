// Owns the tests of a project's documents on disk: what they say is true, their links resolve, a second generation changes
// nothing, a person's text stays, and nothing is written where it must not be.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RuntimeError } from '../../src/domain/runtime-error.ts';
import { DOCUMENT_VARIABLES } from '../../src/projects/document-variables.ts';
import { DocumentationGenerator } from '../../src/projects/documentation-generator.ts';
import type { Project } from '../../src/projects/project.ts';
import { readMarkdownStructure } from '../support/markdown-structure.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { createSampleProject, writeFile } from './sample-project.ts';

const generator = new DocumentationGenerator();
const KINDS = ['README.md', 'AGENTS.md', 'SPEC.md', 'PAI.md'];

const readText = (project: Project, path: string) => readFileSync(join(project.path, path), 'utf8');

function contentsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, readFileSync(path, 'latin1')];
    }),
  );
}

async function codeOf(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RuntimeError)) throw new Error(`no RuntimeError: ${String(error)}`);
  return { code: error.code, message: error.message };
}

describe('all documents', () => {
  it('are four for the project and for each of its folders that is there', async () => {
    const project = createSampleProject({
      record: {
        documentation: {
          nestedDocs: ['tasks', 'not/there', 'data/raw'],
          links: { enabled: true, parentLink: true, childLinks: true },
          variables: {},
        },
      },
    });
    const changes = await generator.generateAllDocumentation(project);
    expect(changes).toEqual(
      ['', 'data/raw/', 'tasks/'].flatMap((folder) => KINDS.map((name) => ({ path: folder + name, state: 'created' }))),
    );
    for (const { path } of changes) expect(existsSync(join(project.path, path))).toBe(true);
    expect(existsSync(join(project.path, 'not'))).toBe(false);
  });

  it('are the same the second time, by folder as by project', async () => {
    const project = createSampleProject();
    await generator.generateAllDocumentation(project);
    const before = contentsOf(project.path);
    const again = await generator.generateAllDocumentation(project.path);
    expect(new Set(again.map(({ state }) => state))).toEqual(new Set(['unchanged']));
    expect(contentsOf(project.path)).toEqual(before);
  });

  it('have links that lead to what is there', async () => {
    const project = createSampleProject({ files: { 'data/raw/100% (a) #1 [x].csv': '' } });
    const changes = await generator.generateAllDocumentation(project);
    let links = 0;
    for (const { path } of changes) {
      for (const target of readMarkdownStructure(readText(project, path)).links) {
        links++;
        const file = join(project.path, dirname(path), decodeURIComponent(target));
        expect(existsSync(file), `${path} -> ${target}`).toBe(true);
        expect(file.startsWith(project.path)).toBe(true);
      }
    }
    expect(links).toBeGreaterThan(changes.length * 3);
    expect(readText(project, 'data/raw/README.md')).toContain('(100%25%20%28a%29%20%231%20%5Bx%5D.csv)');
    expect(readText(project, 'data/raw/README.md')).toContain('[`data/`](../README.md)');
    expect(readText(project, 'config/workflows/production/SPEC.md')).toContain('[sample](../../../SPEC.md)');
    expect(readText(project, 'data/AGENTS.md')).toContain('[`raw/`](raw/AGENTS.md)');
  });

  it('name each documented folder below once, however deep it lies', async () => {
    const links = { enabled: true, parentLink: true, childLinks: true };
    const nestedDocs = ['config', 'config/workflows/production', 'data', 'data/raw'];
    const project = createSampleProject({ record: { documentation: { nestedDocs, links, variables: {} } } });
    await generator.generateAllDocumentation(project);
    for (const name of KINDS) {
      const linksOf = (path: string) => readMarkdownStructure(readText(project, path)).links;
      expect(linksOf(`config/${name}`).filter((link) => link === `workflows/production/${name}`)).toHaveLength(1);
      expect(linksOf(`data/${name}`).filter((link) => link === `raw/${name}`)).toHaveLength(1);
      expect(linksOf(name).filter((link) => link === `data/${name}`)).toHaveLength(1);
    }
  });

  it('have no links where the project wants none', async () => {
    const links = { enabled: false, parentLink: true, childLinks: true };
    const project = createSampleProject({
      record: { documentation: { nestedDocs: ['data'], links, variables: {} } },
    });
    for (const { path } of await generator.generateAllDocumentation(project)) {
      expect(readMarkdownStructure(readText(project, path)).links).toEqual([]);
    }
  });

  it('do not change when runs have written their files', async () => {
    const project = createSampleProject();
    await generator.generateAllDocumentation(project);
    writeFile(project.path, 'data/output/new.csv', '1');
    writeFile(project.path, 'data/processed/part.csv', '1');
    writeFile(project.path, 'reports/report.md', '1');
    writeFile(project.path, '.yardmaster/journal.db', '1');
    const changes = await generator.generateAllDocumentation(project, { check: true });
    expect(changes.filter(({ state }) => state !== 'unchanged')).toEqual([]);
  });

  it('change when what they are about changes', async () => {
    const project = createSampleProject();
    await generator.generateAllDocumentation(project);
    writeFile(project.path, 'tasks/more.ts', '/** Does more. */\nexport function doMore() {}\n');
    const changed = (await generator.generateAllDocumentation(project)).filter(({ state }) => state === 'updated');
    expect(changed.map(({ path }) => path)).toContain('tasks/SPEC.md');
    expect(changed.map(({ path }) => path)).not.toContain('data/README.md');
    expect(readText(project, 'SPEC.md')).toContain('#### doMore\n\nDoes more.\n\nIt takes no parameters.');
  });
});

describe('a document', () => {
  it('says what is true of the workflows', async () => {
    const project = createSampleProject();
    await generator.generateAllDocumentation(project);
    const readme = readText(project, 'README.md');
    expect(readme).toContain('# sample\n\n**Type**: data\\_pipeline'.replace('\\_', '_'));
    expect(readme).toContain('yardmaster run --param from=… add-up');
    expect(readme).toContain('left["left"]');
    expect(readme).toContain('left --> join');
    const spec = readText(project, 'SPEC.md');
    expect(spec).toContain('| `from` | must be given |\n| `limit` | `10` |');
    expect(spec).toContain('| `left` | `sums.add` | – | `desk` (1) | – |');
    expect(spec).toContain('| `right` | `sums.add` | – | – | up to 3 attempts |');
    expect(spec).toContain('| `join` | `sums.join` | `left`, `right` | – | only if `params.limit > 1`; may fail |');
    expect(spec).toContain('| `desk` | custom, 2 | `add-up` | `left` (1) |');
  });

  it('says what is true of the task modules', async () => {
    const files = { 'tasks/broken.ts': 'export function (', 'tasks/sums.test.ts': 'export {};' };
    const project = createSampleProject({ files });
    await generator.generateAllDocumentation(project);
    const spec = readText(project, 'tasks/SPEC.md');
    expect(spec).toContain('#### add\n\nAdds all numbers of a range, e.g. of 1 to 10.');
    expect(spec).toContain('| `upTo` | `number` | yes | Last number. |\n| `from` | `number` | no, default `1` | – |');
    expect(spec).toContain('#### join\n\nJoins `parts` &#124; sums.');
    expect(spec).toMatch(/### broken\n\nFile: `tasks\/broken.ts`\n\nIt cannot be read: .*\(1:\d+\)/);
    expect(spec).not.toContain('### sums.test');
    expect(readText(project, 'data/SPEC.md')).not.toContain('Task modules');
    const wrapped =
      "import type { P } from './p.ts';\nexport const load = retried(async () => {});\nexport function f({ path }: P) {}\n";
    writeFile(project.path, 'tasks/wrapped.ts', wrapped);
    await generator.generateAllDocumentation(project);
    expect(readText(project, 'tasks/SPEC.md')).toContain('does not show whether these exports are actions: `load`.');
    expect(readText(project, 'tasks/SPEC.md')).not.toContain('It exports no action');
    // Whether it must be given is said in the other file.
    expect(readText(project, 'tasks/SPEC.md')).toContain('| `path` | – | – | – |');
  });

  it('says which tool an agent uses for what', async () => {
    const project = createSampleProject();
    await generator.generateRootPai(project);
    const pai = readText(project, 'PAI.md');
    expect(pai).toContain('| `execute_workflow` |');
    expect(pai).toContain('{"workflow_name":"add-up","parameters":{"from":"…"}}');
    expect(pai).toContain('completes even if these steps fail: `join`');
    expect(pai).toContain('the output of every step that ran, by its name; the last step is `join`');
    expect(pai).toContain('| `sums` | `add`, `join` |');
    await generator.generateNestedPai(project, 'data');
    expect(readText(project, 'data/PAI.md')).toContain('No tool acts on this folder by itself');
  });

  it('names workflow files that cannot be loaded, and no place on the machine', async () => {
    const files = {
      'config/workflows/production/bad.json': '{"steps": [}',
      'config/workflows/production/twin.json':
        '{"name": "add-up", "steps": [{"name": "a", "module": "core", "action": "noop"}]}',
    };
    const project = createSampleProject({ files });
    for (const { path } of await generator.generateAllDocumentation(project)) {
      expect(readText(project, path)).not.toContain(project.path);
    }
    const readme = readText(project, 'README.md');
    expect(readme).toContain('`config/workflows/production/bad.json` gives no workflow: line 1:');
    expect(readme).toContain('add-up.json has a workflow named "add-up" already');
  });

  it('names a workflow in commands so that it is found', async () => {
    const commandFor = async (name: string, files: Record<string, string> = {}) => {
      const project = createSampleProject({ workflow: { name, parameters: { from: 1, limit: 2 } }, files });
      await generator.generateRootReadme(project);
      return /```sh\n(.*)\n```/.exec(readText(project, 'README.md'))?.[1];
    };
    expect(await commandFor('add up')).toBe("yardmaster run 'add up'");
    expect(await commandFor("it's")).toBe("yardmaster run 'it'\\''s'");
    expect(await commandFor('-x')).toBe('yardmaster run -- -x');
    expect(await commandFor('a/b')).toBe('yardmaster run config/workflows/production/add-up.json');
    expect(await commandFor('deploy', { 'deploy/x': '' })).toBe('yardmaster run deploy');
    expect(await commandFor('x', { x: '' })).toBe('yardmaster run config/workflows/production/add-up.json');
    // The file of that name comes first, whatever its own name is.
    const namesake = { 'config/workflows/production/x.json': '{' };
    expect(await commandFor('x', namesake)).toBe('yardmaster run config/workflows/production/add-up.json');
  });

  it('does not draw what is too large to read', async () => {
    const steps = Array.from({ length: 300 }, (_, index) => ({ name: `s${index}`, module: 'core', action: 'noop' }));
    const project = createSampleProject({ workflow: { steps } });
    await generator.generateAllDocumentation(project);
    expect(readText(project, 'README.md')).toContain('Its 300 steps are too many to draw here');
    expect(readText(project, 'SPEC.md')).toContain('And 100 more steps.');
  });

  it('never grows so large that it would not be read again', async () => {
    const step = (index: number) => ({ name: `${index}-${'n'.repeat(180)}`, module: 'core', action: 'noop' });
    const steps = Array.from({ length: 100 }, (_, index) => step(index));
    const parameters = Object.fromEntries(steps.map(({ name }) => [name, 'v'.repeat(100)]));
    const files = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [
        `config/workflows/production/w${index}.json`,
        JSON.stringify({ name: `w${index}`, steps, parameters }),
      ]),
    );
    const project = createSampleProject({ files });
    await generator.generateAllDocumentation(project);
    for (const name of KINDS) expect(statSync(join(project.path, name)).size).toBeLessThan(4_000_000);
    expect(readText(project, 'SPEC.md')).toMatch(/\nAnd \d+ more workflows\.\n/);
    expect(readText(project, 'PAI.md')).toMatch(/\nAnd \d+ more\.\n/);
    const again = await generator.generateAllDocumentation(project, { check: true });
    expect(new Set(again.map(({ state }) => state))).toEqual(new Set(['unchanged']));
  });

  it('of a project without anything says so little that it is true', async () => {
    const project = createSampleProject({ record: { description: '', owner: '' } });
    rmSync(join(project.path, 'config'), { recursive: true });
    rmSync(join(project.path, 'tasks'), { recursive: true });
    const changes = await generator.generateAllDocumentation(project);
    for (const { path } of changes) {
      const { headingTexts } = readMarkdownStructure(readText(project, path));
      expect(headingTexts).not.toContain('Workflows');
      expect(headingTexts).not.toContain('Task modules');
    }
    expect(readText(project, 'README.md')).toContain('Data pipeline project.');
    expect(readText(project, 'README.md')).not.toContain('Owner');
  });
});

describe('a single document', () => {
  it('is the same as among all of them', async () => {
    const project = createSampleProject();
    const alone = [
      await generator.generateRootReadme(project),
      await generator.generateRootAgents(project),
      await generator.generateRootSpec(project),
      await generator.generateRootPai(project.path),
      await generator.generateNestedReadme(project, 'data/raw'),
      await generator.generateNestedAgents(project, 'data/raw/'),
      await generator.generateNestedSpec(project, 'data/raw'),
      await generator.generateNestedPai(project.path, 'data/raw'),
    ];
    expect(alone).toEqual(
      ['', 'data/raw/'].flatMap((folder) => KINDS.map((name) => ({ path: folder + name, state: 'created' }))),
    );
    const all = await generator.generateAllDocumentation(project);
    for (const { path } of alone) expect(all).toContainEqual({ path, state: 'unchanged' });
  });

  it('may be of a folder that is not among the documented ones', async () => {
    const project = createSampleProject({ files: { 'extra/deep/x.txt': '' } });
    await generator.generateAllDocumentation(project);
    await generator.generateNestedReadme(project, 'extra/deep');
    expect(readText(project, 'extra/deep/README.md')).toContain('[sample](../../README.md)');
  });

  it.each(['', '..', '../x', '/tmp', 'a/../..', 'a\\b', './data', 'a//b', 'a\0b'])(
    'is not written into %j',
    async (folder) => {
      const around = createTestFolder();
      const project = createSampleProject({ folder: join(around, 'project') });
      writeFile(around, 'x/a.txt', '');
      const before = contentsOf(around);
      const { code } = await codeOf(generator.generateNestedReadme(project, folder));
      expect(code).toBe('PROJECT_PATH_INVALID');
      expect(contentsOf(around)).toEqual(before);
    },
  );

  it('is not written into a folder that is missing, or no project', async () => {
    const project = createSampleProject();
    expect((await codeOf(generator.generateNestedSpec(project, 'nowhere'))).code).toBe('FILE_NOT_FOUND');
    expect((await codeOf(generator.generateRootReadme(createTestFolder()))).code).toBe('PROJECT_NOT_FOUND');
  });
});

describe('a check', () => {
  it('says what would be written, and writes nothing', async () => {
    const project = createSampleProject();
    const before = contentsOf(project.path);
    const missing = await generator.generateAllDocumentation(project, { check: true });
    expect(new Set(missing.map(({ state }) => state))).toEqual(new Set(['created']));
    expect(contentsOf(project.path)).toEqual(before);
    await generator.generateAllDocumentation(project);
    const text = readText(project, 'README.md').replace('# sample', '# changed');
    writeFileSync(join(project.path, 'README.md'), text);
    const outdated = await generator.generateAllDocumentation(project, { check: true });
    expect(outdated.filter(({ state }) => state !== 'unchanged')).toEqual([{ path: 'README.md', state: 'updated' }]);
    expect(readText(project, 'README.md')).toBe(text);
  });
});

describe("a person's text", () => {
  it('stays, byte by byte, whatever it is', async () => {
    const project = createSampleProject();
    await generator.generateRootReadme(project);
    const generated = readFileSync(join(project.path, 'README.md'));
    const bytes = fc.uint8Array({ maxLength: 60 }).map((list) => Buffer.from(list.filter((byte) => byte !== 0)));
    await fc.assert(
      fc.asyncProperty(bytes, bytes, async (before, after) => {
        const lineEnd = Buffer.from('\n');
        const document = Buffer.concat([before, lineEnd, generated, after]);
        writeFileSync(join(project.path, 'README.md'), document);
        expect(await generator.generateRootReadme(project)).toEqual({ path: 'README.md', state: 'unchanged' });
        const outdated = Buffer.from(document.toString('latin1').replace('Adds numbers up', 'Old'), 'latin1');
        writeFileSync(join(project.path, 'README.md'), outdated);
        expect((await generator.generateRootReadme(project)).state).toBe('updated');
        expect(readFileSync(join(project.path, 'README.md')).equals(document)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('stays where a document was there before', async () => {
    const project = createSampleProject({ files: { 'README.md': '\ufeffMine.\r\n' } });
    const generate = () => generator.generateRootReadme(project);
    expect((await generate()).state).toBe('updated');
    const once = readText(project, 'README.md');
    expect(once.startsWith('\ufeffMine.\r\n\r\n<!-- yardmaster:begin overview -->\r\n# sample\r\n')).toBe(true);
    expect(once.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect((await generate()).state).toBe('unchanged');
  });

  it('is not touched where its markers are damaged, and no other document is either', async () => {
    const project = createSampleProject();
    await generator.generateAllDocumentation(project);
    writeFile(project.path, 'tasks/more.ts', 'export function doMore() {}\n');
    const text = readText(project, 'tasks/SPEC.md').replace('<!-- yardmaster:end overview -->\n', '');
    writeFileSync(join(project.path, 'tasks/SPEC.md'), text);
    const before = contentsOf(project.path);
    const { code, message } = await codeOf(generator.generateAllDocumentation(project));
    expect(code).toBe('DOCUMENT_MARKERS_DAMAGED');
    expect(message).toMatch(/^tasks\/SPEC\.md:\d+: /);
    expect(contentsOf(project.path)).toEqual(before);
  });

  it('in an encoding that is not like UTF-8, or in a file that is none, is refused', async () => {
    const project = createSampleProject();
    writeFileSync(join(project.path, 'README.md'), '\ufeffMine.', 'utf16le');
    expect(await codeOf(generator.generateRootReadme(project))).toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('save it as UTF-8'),
    });
    mkdirSync(join(project.path, 'SPEC.md'));
    expect((await codeOf(generator.generateRootSpec(project))).code).toBe('FILE_UNREADABLE');
  });
});

describe('writing', () => {
  it('never goes through a link', async () => {
    const outside = createTestFolder();
    const project = createSampleProject();
    writeFileSync(join(outside, 'target.md'), 'outside\n');
    symlinkSync(join(outside, 'target.md'), join(project.path, 'SPEC.md'));
    expect((await codeOf(generator.generateAllDocumentation(project))).code).toBe('PROJECT_PATH_INVALID');
    rmSync(join(project.path, 'SPEC.md'));
    rmSync(join(project.path, 'notes'), { recursive: true });
    symlinkSync(outside, join(project.path, 'notes'));
    expect((await codeOf(generator.generateAllDocumentation(project))).message).toContain('"notes" is a link');
    expect(readdirSync(outside)).toEqual(['target.md']);
    expect(readFileSync(join(outside, 'target.md'), 'utf8')).toBe('outside\n');
    expect(existsSync(join(project.path, 'README.md'))).toBe(false);
  });

  it('keeps the mode of a file and leaves no draft behind', async () => {
    const project = createSampleProject({ files: { 'README.md': 'mine\n' } });
    chmodSync(join(project.path, 'README.md'), 0o640);
    await generator.generateAllDocumentation(project);
    expect(statSync(join(project.path, 'README.md')).mode & 0o777).toBe(0o640);
    expect(Object.keys(contentsOf(project.path)).filter((path) => path.endsWith('.tmp'))).toEqual([]);
  });
});

describe('templates', () => {
  const templates = (files: Record<string, string>) => {
    const folder = createTestFolder();
    for (const [name, text] of Object.entries(files)) writeFile(folder, name, text);
    return new DocumentationGenerator({ templatesDir: folder });
  };

  it('are looked for by project template, then by document, then among the built-in ones', async () => {
    const project = createSampleProject();
    const files = {
      'data_pipeline_README.template.md': 'special {{project_name}}',
      'README.template.md': 'general',
      'AGENTS.template.md': 'agents',
      'README.nested.template.md': 'nested {{directory_name}}',
      'web_application_SPEC.template.md': 'of another one',
    };
    await templates(files).generateAllDocumentation(project);
    expect(readText(project, 'README.md')).toContain('special sample');
    expect(readText(project, 'AGENTS.md')).toContain('agents');
    expect(readText(project, 'data/raw/README.md')).toContain('nested data/raw');
    expect(readText(project, 'SPEC.md')).toContain('# sample: specification');
    expect(readText(project, 'data/SPEC.md')).toContain('# data: specification');
  });

  it('of the project itself come first', async () => {
    const project = createSampleProject({ files: { '.yardmaster/documents/README.template.md': 'own' } });
    await templates({ 'README.template.md': 'given' }).generateRootReadme(project);
    expect(readText(project, 'README.md')).toBe(
      '<!-- yardmaster:begin document -->\nown\n<!-- yardmaster:end document -->\n',
    );
  });

  it('may have markers and text of their own', async () => {
    const text =
      'Written once for {{project_name}}.\n<!-- yardmaster:begin a -->\n{{version}}\n<!-- yardmaster:end a -->\n';
    const project = createSampleProject();
    await templates({ 'README.template.md': text }).generateRootReadme(project);
    const changed = readText(project, 'README.md').replace('once', 'twice').replace('1.0.0', '0');
    writeFileSync(join(project.path, 'README.md'), changed);
    await templates({ 'README.template.md': text }).generateRootReadme(project);
    expect(readText(project, 'README.md')).toBe(
      changed.replace('\n0\n', '\n1.0.0\n').replace('{{project_name}}', 'sample'),
    );
  });

  it("know every variable of the table, and the project's own", async () => {
    const variables = { team: 'A | B', 'odd-name': '<b>' };
    const links = { enabled: true, parentLink: true, childLinks: true };
    const project = createSampleProject({
      record: { documentation: { nestedDocs: ['data'], links, variables } },
    });
    const all = [...Object.keys(DOCUMENT_VARIABLES), 'team', 'odd-name'].map((name) => `${name}: {{ ${name} }}`);
    const text = all.join('\n\n');
    await templates({ 'README.template.md': text, 'README.nested.template.md': text }).generateAllDocumentation(
      project,
    );
    for (const path of ['README.md', 'data/README.md']) {
      const document = readText(project, path);
      expect(document).not.toContain('{{');
      expect(document).toContain('team: A &#124; B');
      expect(document).toContain('odd-name: &lt;b&gt;');
    }
    expect(readText(project, 'data/README.md')).toContain('parent_link: \n- [sample](../README.md)');
  });

  it('with an unknown variable or damaged markers are an error that names file and line, and nothing is written', async () => {
    const project = createSampleProject();
    const before = contentsOf(project.path);
    const unknown = await codeOf(
      templates({
        'PAI.nested.template.md': 'a\n<!-- yardmaster:begin a -->\n{{ownr}}\n<!-- yardmaster:end a -->\n',
      }).generateAllDocumentation(project),
    );
    expect(unknown.code).toBe('TEMPLATE_VARIABLE_UNKNOWN');
    expect(unknown.message).toMatch(/PAI\.nested\.template\.md:3: .*"owner"/);
    const first = await codeOf(templates({ 'SPEC.template.md': '{{zzz}}' }).generateRootSpec(project));
    expect(first.message).toMatch(/SPEC\.template\.md:1: /);
    const damaged = await codeOf(
      templates({ 'SPEC.template.md': 'a\n<!-- yardmaster:begin a -->\n' }).generateRootSpec(project),
    );
    expect(damaged.message).toMatch(/SPEC\.template\.md:2: /);
    expect(contentsOf(project.path)).toEqual(before);
  });

  it('that are no UTF-8 text are refused', async () => {
    const folder = createTestFolder();
    writeFile(folder, 'README.template.md', Buffer.from([0x61, 0xff]));
    const project = createSampleProject();
    const { code } = await codeOf(new DocumentationGenerator({ templatesDir: folder }).generateRootReadme(project));
    expect(code).toBe('FILE_UNREADABLE');
  });
});
