// Owns the agreement of docs/documents.md with the code: variables, markers, folders that runs write to.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isProducedDirectory } from '../../src/projects/directory-purposes.ts';
import { DOCUMENT_KINDS } from '../../src/projects/document-kinds.ts';
import { DOCUMENT_VARIABLES } from '../../src/projects/document-variables.ts';
import { isHandsOff, splitSections } from '../../src/projects/generated-sections.ts';
import { variablesIn } from '../../src/projects/variable-substitution.ts';

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const page = readFileSync(pathOf('docs/documents.md'), 'utf8');
const templates = pathOf('config/templates/documents');

describe('docs/documents.md', () => {
  it('has every variable with its meaning', () => {
    const rows = [...page.matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm)].map(([, name, meaning]) => [name, meaning]);
    expect(Object.fromEntries(rows)).toEqual(DOCUMENT_VARIABLES);
  });

  it('shows the markers as they are read, and is no generated document itself', () => {
    expect(splitSections(page, 'documents.md')).toHaveLength(1);
    const shown = page.replace(/^ (?=<!--)/gm, '');
    expect(splitSections(shown, 'documents.md')).toMatchObject([{}, { kind: 'section', name: 'workflows' }, {}]);
    expect(isHandsOff(/`(<!-- yardmaster:hands-off -->)`/.exec(page)?.[1] ?? '')).toBe(true);
  });

  it('names folders that runs write to', () => {
    const named = /such as (`output`[^.]*)\./.exec(page)?.[1]?.match(/\w+/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((folder) => !isProducedDirectory(folder))).toEqual([]);
  });
});

describe('the built-in templates', () => {
  it('are there for every document, and use known variables only', () => {
    const files = DOCUMENT_KINDS.flatMap((kind) => [`${kind}.nested.template.md`, `${kind}.template.md`]);
    expect(readdirSync(templates).sort()).toEqual(files.sort());
    for (const file of files) {
      const text = readFileSync(`${templates}/${file}`, 'utf8');
      expect(variablesIn(text).filter((name) => !Object.hasOwn(DOCUMENT_VARIABLES, name))).toEqual([]);
      expect(splitSections(text, file).some(({ kind }) => kind === 'section')).toBe(true);
    }
  });
});
