// Holds that docs/projects.md says of templates what is so.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ProjectType } from '../../src/domain/statuses.ts';
import { PROJECT_VARIABLES, ProjectTemplate } from '../../src/projects/project-template.ts';
import { TemplateStore } from '../../src/projects/template-store.ts';

const TEXT = readFileSync(fileURLToPath(new URL('../../docs/projects.md', import.meta.url)), 'utf8');

describe('the document on templates', () => {
  it('lists every built-in template with its workflows', async () => {
    const rows = [...TEXT.matchAll(/^\| `(\w+)` \| ((?:`[\w-]+`(?:, )?)+) \| /gm)].map(([, name, workflows = '']) => ({
      name,
      workflows: workflows.replaceAll('`', '').split(', '),
    }));
    const templates = await new TemplateStore([]).list();
    expect(rows).toEqual(templates.map(({ name, workflows }) => ({ name, workflows: [...workflows] })));
    expect(templates.map(({ type }) => type).sort()).toEqual(Object.values(ProjectType).sort());
  });

  it('shows a template that is one', () => {
    const [, json = ''] = /```json\n([\s\S]*?)```/.exec(TEXT) ?? [];
    const template = ProjectTemplate.fromJSON(JSON.parse(json));
    expect(template).toMatchObject({ name: 'nightly', directoryStructure: ['inbox', 'archive/2026'] });
  });

  it('names every variable', () => {
    const table = TEXT.slice(TEXT.indexOf('| Variable |'), TEXT.indexOf('A value is put in once'));
    expect([...table.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1])).toEqual([...PROJECT_VARIABLES]);
  });
});
