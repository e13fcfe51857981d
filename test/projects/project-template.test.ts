// Holds what a template's JSON may say, and that it reads back as it was.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProjectTemplate } from '../../src/projects/project-template.ts';
import { errorOf } from './template-folder.ts';

const LEAST = { name: 'least', type: 'custom' };

const WHOLE = {
  name: 'whole',
  type: 'research',
  description: 'All that a template can say',
  version: '2.1',
  directory_structure: ['a/', 'b/c', '.codomyrmex/'],
  template_files: { 'tasks/*.ts': 'tasks', 'notes.md': '.' },
  workflows: ['one'],
  required_modules: ['two'],
  optional_modules: ['three'],
  default_config: { deep: { list: [1, null, true, 'x'] } },
  documentation_config: {
    nested_docs: ['a/', '.codomyrmex/'],
    doc_links: { enabled: true, parent_link: false, child_links: true },
    doc_variables: { team: 'Yard', größe: '2' },
    doc_templates: { README: '# {{project_name}}\n', 'SPEC.nested': 'x' },
  },
  author: 'Ada',
  created_at: '2025-09-16T13:22:09.907080+00:00',
};

describe('a template', () => {
  it('has what its JSON says, folders without slashes and with the record folder under today’s name', () => {
    const template = ProjectTemplate.fromJSON(WHOLE);
    expect(template).toMatchObject({
      name: 'whole',
      type: 'research',
      directoryStructure: ['a', 'b/c', '.yardmaster'],
      templateFiles: WHOLE.template_files,
      requiredModules: ['two'],
      optionalModules: ['three'],
      defaultConfig: WHOLE.default_config,
      createdAt: WHOLE.created_at,
    });
    expect(template.documentation).toEqual({
      nestedDocs: ['a'],
      links: { enabled: true, parentLink: false, childLinks: true },
      variables: { team: 'Yard', größe: '2' },
      templates: { README: '# {{project_name}}\n', 'SPEC.nested': 'x' },
    });
  });

  it('gives back the JSON that it was read from', () => {
    expect(JSON.parse(JSON.stringify(ProjectTemplate.fromJSON(WHOLE)))).toEqual(WHOLE);
  });

  it('needs a name and a type alone, and then documents every folder', () => {
    const template = ProjectTemplate.fromJSON({ ...LEAST, directory_structure: ['a/b/', '.yardmaster/'] });
    expect(template.documentation).toEqual({
      nestedDocs: ['a/b'],
      links: { enabled: true, parentLink: true, childLinks: true },
      variables: {},
      templates: {},
    });
    expect(template.warnings).toEqual([]);
  });

  it('takes the links of documents where older files have them', () => {
    const doc_links = { enabled: false, parent_link: false, child_links: false };
    const template = ProjectTemplate.fromJSON({ ...LEAST, doc_links, template_generators: {} });
    expect(template.documentation.links).toEqual({ enabled: false, parentLink: false, childLinks: false });
  });

  it('warns of what it names and does not ship', () => {
    const raw = { ...WHOLE, required_modules: ['two', 'core'], template_generators: { 'x.md': {} } };
    expect(ProjectTemplate.fromJSON(raw).warnings).toEqual([
      'template "whole" names workflow "one" and ships no such file; write config/workflows/production/one.json',
      'template "whole" names required module "two" and ships no such file; add tasks/<module>.ts where a workflow needs one',
      'template "whole" names optional module "three" and ships no such file; add tasks/<module>.ts where a workflow needs one',
      'template "whole" has 1 template_generators, which make nothing; ship the files themselves',
    ]);
  });

  it.each([
    [{ type: 'custom' }, '$.name', /is missing; it must be a name/],
    [{ ...LEAST, name: '../x' }, '$.name', /must be a name/],
    [{ ...LEAST, type: 'game' }, '$.type', /must be one of ai_analysis, /],
    [{ ...LEAST, directory_structure: ['a', '../b'] }, '$.directory_structure[1]', /"\.\."/],
    [{ ...LEAST, directory_structure: ['/b'] }, '$.directory_structure[0]', /absolute/],
    [{ ...LEAST, directory_structure: ['.yardmaster/project.json/'] }, '$.directory_structure[0]', /own record/],
    [{ ...LEAST, directory_structure: ['config/project.json'] }, '$.directory_structure[0]', /default_config/],
    [{ ...LEAST, directory_structure: 'a' }, '$.directory_structure', /must be a list of folders/],
    [{ ...LEAST, template_files: { '../x': 'a' } }, '$.template_files["../x"]', /"\.\."/],
    [{ ...LEAST, template_files: { x: '/a' } }, '$.template_files.x', /absolute/],
    [{ ...LEAST, template_files: { x: 'nul' } }, '$.template_files.x', /device/],
    [{ ...LEAST, template_files: { x: 1 } }, '$.template_files.x', /must be an object of folders/],
    [{ ...LEAST, workflows: [''] }, '$.workflows[0]', /must be a list of names/],
    [{ ...LEAST, default_config: [] }, '$.default_config', /must be an object/],
    [{ ...LEAST, created_at: 'soon' }, '$.created_at', /ISO/],
    [{ ...LEAST, workflow: ['a'] }, '$.workflow', /no field of a template \(did you mean "workflows"\?\)/],
    [{ ...LEAST, documentation_config: { nested: [] } }, '$.documentation_config.nested', /no field/],
    [
      { ...LEAST, documentation_config: { nested_docs: ['a/../..'] } },
      '$.documentation_config.nested_docs[0]',
      /"\.\."/,
    ],
    [
      { ...LEAST, documentation_config: { doc_variables: { owner: 'x' } } },
      '$.documentation_config.doc_variables.owner',
      /every project has/,
    ],
    [
      { ...LEAST, documentation_config: { doc_variables: { 'a b': 'x' } } },
      '$.documentation_config.doc_variables["a b"]',
      /no name of a variable/,
    ],
    [
      { ...LEAST, documentation_config: { doc_templates: { '../README': 'x' } } },
      '$.documentation_config.doc_templates["../README"]',
      /no document/,
    ],
  ])('refuses %j', async (raw, field, reason) => {
    const error = await errorOf(() => ProjectTemplate.fromJSON(raw));
    expect(error.code).toBe('PROJECT_TEMPLATE_INVALID');
    expect(error.details.field).toBe(field);
    expect(error.message).toMatch(reason);
  });

  it('tells every fault at once, and notes of people are none', async () => {
    const error = await errorOf(() => ProjectTemplate.fromJSON({ _note: 1, 'x-tool': 2, type: 'game', naem: 'x' }));
    expect(error.details.faults).toHaveLength(3);
  });

  it('reads any JSON value to a template or to an error of its own', () => {
    const keys = fc.constantFrom(...Object.keys(WHOLE), '__proto__', 'constructor');
    const values = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...Object.values<unknown>(WHOLE)));
    const objects = fc.dictionary(keys, values).map((some) => ({ ...LEAST, ...some }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), objects), (raw) => {
        const reading = ProjectTemplate.read(raw);
        if (reading.kind === 'faulty') {
          expect(reading.faults.length).toBeGreaterThan(0);
          return;
        }
        const again = ProjectTemplate.fromJSON(JSON.parse(JSON.stringify(reading.template)));
        expect(again.toJSON()).toEqual(reading.template.toJSON());
      }),
      { numRuns: 500 },
    );
  });
});
