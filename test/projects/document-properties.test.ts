// Owns the property that a project's documents keep their structure whatever people put into names, descriptions, comments
// and variables: each is generated once with harmless values and once with hostile ones, and both have the same structure.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DocumentationGenerator } from '../../src/projects/documentation-generator.ts';
import { toSingleLine } from '../../src/projects/markdown-text.ts';
import { type MarkdownStructure, readMarkdownStructure } from '../support/markdown-structure.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { hostileName, hostileText } from './hostile-text.ts';
import { createSampleProject } from './sample-project.ts';

const generator = new DocumentationGenerator();
const RUNS = 60;

interface Values {
  readonly name: string;
  readonly description: string;
  readonly owner: string;
  readonly variable: string;
  readonly workflow: string;
  readonly about: string;
  readonly step: string;
  readonly resource: string;
  readonly parameter: string;
  readonly comment: string;
}

const HARMLESS: Values = {
  name: 'n',
  description: 'd',
  owner: 'o',
  variable: 'v',
  workflow: 'w',
  about: 'a',
  step: 's',
  resource: 'r',
  parameter: 'p',
  comment: 'c',
};

// A template of one's own puts values into every kind of place, also within code.
const TEMPLATE = `# {{project_name}}

{{note}}
{{description}}

- {{note}}

> {{owner}}

| a | {{note}} |
| --- | --- |
| {{project_name}} | {{description}} |

text {{note}} \`{{note}}\` text **{{note}}**

\`\`\`sh
{{note}}
\`\`\`

{{workflow_details}}
`;

function createProject(folder: string, values: Values) {
  const { name, description, owner, variable, workflow, about, step, resource, parameter, comment } = values;
  const links = { enabled: true, parentLink: true, childLinks: true };
  const nestedDocs = ['tasks', 'data', 'data/raw', 'config/workflows/production'];
  const steps = [
    { name: step, module: 'sums', action: step, run_if: 'params.limit > 1' },
    // One brace alone is text to a workflow; two would be a reference.
    {
      name: `${step}2`,
      module: 'sums',
      action: 'add',
      dependencies: [step],
      parameters: { x: about.replaceAll('{', '(') },
    },
  ];
  return createSampleProject({
    folder,
    record: { name, description, owner, documentation: { nestedDocs, links, variables: { note: variable } } },
    workflow: {
      name: workflow,
      description: about,
      parameters: { limit: 2, [`x${parameter}`]: about },
      resources: [{ id: resource, type: 'custom', capacity: 2 }],
      steps: steps.map((each) => ({ ...each, resources: { [resource]: 1 } })),
    },
    module: [
      `// ${toSingleLine(comment)}`,
      "import 'node:fs';",
      `/** ${comment.replaceAll('*/', '')} */`,
      `export function add({ a_1 = ${JSON.stringify(about)} }: {`,
      `  /** ${comment.replaceAll('*/', '')} */ a_1?: string | number;`,
      `  ${JSON.stringify(`x${parameter}`)}: ${JSON.stringify(about)};`,
      '}) { return a_1; }',
    ].join('\n'),
    files: { '.yardmaster/documents/README.nested.template.md': TEMPLATE },
  });
}

type Shape = Omit<MarkdownStructure, 'headingTexts' | 'bullets'>;

async function generate(around: string, values: Values) {
  const folder = join(around, 'project');
  const project = createProject(folder, values);
  const changes = await generator.generateAllDocumentation(project);
  const again = await generator.generateAllDocumentation(project);
  const shapes: Record<string, Shape> = {};
  const texts: Record<string, string> = {};
  for (const { path } of changes) {
    texts[path] = readFileSync(join(folder, path), 'utf8');
    const { headingTexts: _, bullets: __, ...shape } = readMarkdownStructure(texts[path]);
    shapes[path] = shape;
  }
  const beside = readdirSync(around);
  rmSync(folder, { recursive: true });
  return { shapes, texts, again, beside };
}

describe('documents of any project', () => {
  const shown = (text: fc.Arbitrary<string>) => text.filter((value) => toSingleLine(value) !== '');
  const values = fc.record({
    name: shown(hostileText()),
    description: hostileText(),
    owner: shown(hostileText()),
    variable: shown(hostileText()),
    workflow: hostileName(),
    about: shown(hostileText()),
    step: hostileName(),
    resource: hostileName(),
    parameter: hostileName(),
    // A comment's text begins after its marks; a tag would be no sentence.
    comment: shown(hostileText()).map((text) => `c ${text}`),
  });

  it('have the structure of those of a harmless one, are the same twice, and lie in its folder', async () => {
    const around = createTestFolder();
    const expected = (await generate(around, HARMLESS)).shapes;
    expect(Object.values(expected).every(({ html, isFenceOpen }) => html.length === 0 && !isFenceOpen)).toBe(true);
    await fc.assert(
      fc.asyncProperty(values, async (hostile) => {
        const { shapes, again, beside } = await generate(around, hostile);
        expect(shapes).toEqual(expected);
        expect(again.filter(({ state }) => state !== 'unchanged')).toEqual([]);
        expect(beside).toEqual(['project']);
      }),
      { numRuns: RUNS },
    );
  });

  it('never have a value within a value', async () => {
    const around = createTestFolder();
    const names = ['project_name', 'owner', 'note', 'version', 'description'];
    const variable = fc.constantFrom(...names).map((name) => `<{{${name}}}>`);
    await fc.assert(
      fc.asyncProperty(variable, variable, variable, async (name, owner, note) => {
        const { texts } = await generate(around, { ...HARMLESS, name, owner, variable: note });
        expect(texts['README.md']).toContain(`# ${name.replace('<', '&lt;').replace('>', '&gt;')}\n`);
        const nested = texts['data/README.md'] ?? '';
        expect(nested).toContain(`> ${owner.replace('<', '&lt;').replace('>', '&gt;')}\n`);
        expect(nested).toContain(`- ${note.replace('<', '&lt;').replace('>', '&gt;')}\n`);
      }),
      { numRuns: 15 },
    );
  });
});
