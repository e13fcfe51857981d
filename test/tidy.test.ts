// Owns the house rules: reads the tree and names every place that breaks one, with file, line and rule.
// The rules themselves lie in support/; each is shown here to catch a breach, so that none passes by seeing nothing.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../src/domain/error-codes.ts';
import {
  barrelOffences,
  errorCodesIn,
  fileOffences,
  functionOffences,
  isCode,
  lengthOf,
  machineOffences,
  purityOffences,
  testOffences,
  typeOffences,
  wordOffences,
} from './support/code-rules.ts';
import { importOffences, type Offence } from './support/import-rules.ts';
import { parseSourceFile, readSourceTree, type SourceFile } from './support/source-tree.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOTED_LINES = 400;

const tree = readSourceTree(ROOT).filter(({ path }) => path !== 'package-lock.json' && path !== 'LICENSE');
const code = tree.filter(isCode);

// Put together from parts, or this file would break the rules it states.
const UNFINISHED = new RegExp(
  `\\b(?:${['TO', 'FIX', 'XX'].map((head, i) => head + ['DO', 'ME', 'X'][i]).join('|')})\\b`,
  'g',
);
const MACHINE_PATH = new RegExp(`(?<![\\w.)}/-])/(?:${['home', 'root', 'Users', 'work'].join('|')})/[\\w.-]+`, 'g');
const OUTSIDE_TOOLS = new RegExp(
  `\\b(?:${[
    ['cla', 'ude'],
    ['anth', 'ropic'],
    ['chat', 'gpt'],
    ['open', 'ai'],
    ['cop', 'ilot'],
  ]
    .map((parts) => parts.join(''))
    .join('|')})\\b`,
  'gi',
);

function show(offences: readonly Offence[]): string[] {
  return offences.map(({ path, line, rule }) => `${path}:${line}  ${rule}`);
}

function offencesOf(files: readonly SourceFile[], rule: (file: SourceFile) => readonly Offence[]): string[] {
  return show(files.flatMap((file) => rule(file)));
}

describe('the tree', () => {
  it('has source, tests and tools to look at', () => {
    for (const area of ['src/domain/', 'test/', 'tools/']) {
      expect(code.some(({ path }) => path.startsWith(area))).toBe(true);
    }
  });

  it('imports along the tiers only', () => {
    expect(offencesOf(code, importOffences)).toEqual([]);
  });

  it('names its files, opens each with a comment and keeps them short', () => {
    for (const file of code) {
      const { lines, limit } = lengthOf(file);
      if (lines > NOTED_LINES) console.info(`note: ${file.path} has ${lines} lines of at most ${limit}`);
    }
    expect(offencesOf(code, fileOffences)).toEqual([]);
  });

  it('keeps functions short', () => {
    expect(offencesOf(code, functionOffences)).toEqual([]);
  });

  it('has no default exports and no way around the type system', () => {
    expect(offencesOf(code, typeOffences)).toEqual([]);
  });

  it('makes time, chance and ids in the composition root alone', () => {
    expect(offencesOf(code, purityOffences)).toEqual([]);
  });

  it('mocks nothing and hides no test', () => {
    expect(offencesOf(code, testOffences)).toEqual([]);
  });

  it('keeps machines in their folder, in setup() form, with a header', () => {
    expect(offencesOf(code, machineOffences)).toEqual([]);
  });

  it('has one barrel, the package root', () => {
    expect(offencesOf(code, barrelOffences)).toEqual([]);
  });

  it('leaves nothing marked as unfinished', () => {
    expect(offencesOf(tree, (file) => wordOffences(file, UNFINISHED, (word) => `finish it: ${word}`))).toEqual([]);
  });

  it('names no place on a machine and no tool of its makers', () => {
    expect(
      offencesOf(tree, (file) => wordOffences(file, MACHINE_PATH, (path) => `a path of a machine: ${path}`)),
    ).toEqual([]);
    expect(offencesOf(tree, (file) => wordOffences(file, OUTSIDE_TOOLS, (word) => `speaks of ${word}`))).toEqual([]);
  });

  it('pins every package to one version', () => {
    const manifests = tree.filter(({ path }) => path.endsWith('package.json'));
    expect(manifests.length).toBeGreaterThan(0);
    expect(offencesOf(manifests, versionOffences)).toEqual([]);
  });
});

describe('the documented tables', () => {
  it('know every code that src throws', () => {
    const unknown = (file: SourceFile): Offence[] =>
      errorCodesIn(file)
        .filter(({ code }) => !Object.hasOwn(ERROR_CODES, code))
        .map(({ code, line }) => ({ path: file.path, line, rule: `${code} is not in src/domain/error-codes.ts` }));
    expect(
      offencesOf(
        code.filter(({ path }) => path.startsWith('src/')),
        unknown,
      ),
    ).toEqual([]);
  });

  it('list the same error codes in docs/errors.md and in src', () => {
    const documented = [...readFileSync(`${ROOT}docs/errors.md`, 'utf8').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
      (row) => row[1],
    );
    expect(documented.sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });
});

describe('each rule', () => {
  const at = (path: string, text: string) => parseSourceFile(path, text);

  it.each([
    ['src/domain/a.ts', "import '../dag/b.ts';"],
    ['src/dag/a.ts', "import type { B } from '../resources/b.ts';"],
    ['src/dag/a.ts', "export * from '../scheduling/b.ts';"],
    ['src/workers/a.ts', "const b = await import('../journal/b.ts');"],
    ['src/actors/a.ts', "type B = import('../engine/b.ts').B;"],
    ['src/engine/a.ts', "import '../cli/b.ts';"],
    ['src/cli/a.ts', "import '../actors/b.ts';"],
    ['src/engine/a.ts', "import '../index.ts';"],
    ['src/engine/a.ts', "import '../../test/b.ts';"],
    ['src/engine/a.ts', 'await import(name);'],
    ['src/elsewhere/a.ts', "import '../domain/b.ts';"],
    ['src/engine/a.ts', "import { createActor } from 'xstate';"],
    ['src/scheduling/a.ts', "import { Piscina } from 'piscina';"],
    ['src/actors/a.ts', "import adapter from 'comlink/dist/esm/node-adapter.mjs';"],
    ['src/journal/a.ts', "import { DatabaseSync } from 'node:sqlite';"],
    ['src/machines/a-machine.ts', "import { join } from 'node:path';"],
    ['bin/a.mjs', "await import(new URL('../src/engine/b.ts', import.meta.url));"],
    ['examples/a.ts', "import '../src/engine/b.ts';"],
  ])('on imports catches %s: %s', (path, text) => {
    expect(importOffences(at(path, text))).toHaveLength(1);
  });

  it.each([
    ['src/actors/a.ts', "import '../domain/b.ts'; import './c.ts'; import { createActor } from 'xstate';"],
    ['src/cli/a.ts', "import '../engine/b.ts'; import 'node:fs';"],
    ['src/journal/stores/a.ts', "import { DatabaseSync } from 'node:sqlite'; import '../journal.ts';"],
    ['bin/a.mjs', "await import(new URL('../src/cli/b.ts', import.meta.url));"],
    ['examples/a.ts', "import '../src/index.ts'; import type { A } from '../src/domain/a.ts';"],
  ])('on imports lets pass %s: %s', (path, text) => {
    expect(importOffences(at(path, text))).toEqual([]);
  });

  it.each(['src/dag/Graph.ts', 'src/dag/graph_node.ts', 'src/dag/utils.ts', 'src/dag/index.ts', 'test/dag/helpers.ts'])(
    'on names catches %s',
    (path) => {
      expect(fileOffences(at(path, '// Owns it.\nexport const a = 1;\n'))).toHaveLength(1);
    },
  );

  it('on openings and lengths catches a file without a comment and one that is too long', () => {
    expect(fileOffences(at('src/dag/a.ts', 'export const a = 1;\n'))).toHaveLength(1);
    expect(fileOffences(at('src/dag/a.ts', `// Owns it.\n${'\n'.repeat(499)}`))).toEqual([]);
    expect(fileOffences(at('src/dag/a.ts', `// Owns it.\n${'\n'.repeat(500)}`))).toHaveLength(1);
    expect(fileOffences(at('test/dag/a.test.ts', `// Owns it.\n${'\n'.repeat(500)}`))).toEqual([]);
  });

  it('on functions catches long ones of every kind, and exempts what holds suites', () => {
    const body = '\n'.repeat(50);
    const long = [
      `function a() {${body}}`,
      `const a = () => {${body}};`,
      `class A { a() {${body}} }`,
      `const a = { get a() {${body}} };`,
    ];
    for (const text of long) expect(functionOffences(at('src/dag/a.ts', text))).toHaveLength(1);
    expect(functionOffences(at('test/a.test.ts', `it('a', () => {${body}});`))).toHaveLength(1);
    expect(functionOffences(at('test/a.test.ts', `describe.skipIf(b)('a', () => {${body}});`))).toEqual([]);
    expect(
      functionOffences(at('test/conformance/a.ts', `export function a() {${body} describe('b', () => {}); }`)),
    ).toEqual([]);
  });

  it('on functions exempts the one around a whole browser script, and no other', () => {
    const wrapped = `(() => {${'\n'.repeat(50)}})();`;
    expect(functionOffences(at('examples/page.js', wrapped))).toEqual([]);
    expect(functionOffences(at('examples/page.js', `${wrapped}\nstart();`))).toHaveLength(1);
    expect(functionOffences(at('src/dag/a.ts', wrapped))).toHaveLength(1);
  });

  it.each([
    'export { a as default };',
    'const a: any = 1;',
    'const a = b as unknown as C;',
    'const a = b!.c;',
    'enum A { B }',
    'class A { constructor(private b: string) {} }',
    'namespace A {}',
    `// @ts-${'ignore'}`,
  ])('on types catches %s', (text) => {
    expect(typeOffences(at('src/dag/a.ts', `${text}\nexport const z = 1;`)).length).toBeGreaterThan(0);
  });

  it('on types reads syntax, not words', () => {
    expect(typeOffences(at('src/dag/a.ts', "// any as unknown as\nexport const z = 'any' as const;"))).toEqual([]);
  });

  it.each([
    'const a = Date.now();',
    'const a = new Date();',
    'const a = globalThis.performance.now();',
    'const a = { random: Math.random };',
    'setTimeout(a, 1);',
    "import { setTimeout } from 'node:timers/promises';",
    "import { nanoid } from 'nanoid';",
  ])('on purity catches %s', (text) => {
    expect(purityOffences(at('src/actors/a.ts', text)).length).toBeGreaterThan(0);
    expect(purityOffences(at('src/engine/a.ts', text))).toEqual([]);
  });

  it('on purity lets injected time and given dates pass', () => {
    expect(purityOffences(at('src/actors/a.ts', 'clock.now(); new Date(atMs); // Date.now()'))).toEqual([]);
  });

  it.each(["vi.mock('a');", "it.only('a', b);", "describe.only('a', b);"])('on tests catches %s', (text) => {
    expect(testOffences(at('test/a.test.ts', text))).toHaveLength(1);
  });

  it('on machines catches a wrong name, a missing setup() and a missing header', () => {
    expect(machineOffences(at('src/machines/task.ts', '// Owns it.\nexport const a = 1;'))).toHaveLength(3);
    expect(machineOffences(at('src/actors/a.ts', 'export const a = setup({}).createMachine({});'))).toHaveLength(1);
    const header = '// line\n'.repeat(6);
    expect(
      machineOffences(at('src/machines/a-machine.ts', `${header}export const a = setup({}).createMachine({});`)),
    ).toEqual([]);
  });

  it('on barrels catches code in the root and a barrel elsewhere', () => {
    expect(barrelOffences(at('src/index.ts', "export { a } from './b.ts';\nexport const c = 1;"))).toHaveLength(1);
    expect(barrelOffences(at('src/index.ts', "export type { a } from './b.ts';\nexport { c } from './d.ts';"))).toEqual(
      [],
    );
    expect(barrelOffences(at('src/dag/a.ts', "export * from './b.ts';"))).toHaveLength(1);
  });

  it('on words catches an unfinished mark, a path and a tool', () => {
    const text = `a ${'TO'}${'DO'} in ${'/ho'}${'me/someone/x'} by ${'Chat'}${'GPT'}`;
    for (const pattern of [UNFINISHED, MACHINE_PATH, OUTSIDE_TOOLS]) {
      expect(wordOffences(at('docs/a.md', text), pattern, (word) => word)).toHaveLength(1);
    }
  });

  it('on versions catches a range', () => {
    expect(versionOffences(at('package.json', '{"dependencies":{"a":"^1.0.0","b":"1.0.0","c":"*"}}'))).toHaveLength(2);
  });
});

function versionOffences(file: SourceFile): Offence[] {
  const manifest: unknown = JSON.parse(file.text);
  if (typeof manifest !== 'object' || manifest === null) return [{ path: file.path, line: 1, rule: 'not an object' }];
  return (
    Object.entries(manifest)
      // A peer is chosen by whoever installs the package: one of a range.
      .filter(([key]) => /^(?:dev|optional)?[dD]ependencies$/.test(key))
      .flatMap(([, packages]) => Object.entries(packages ?? {}))
      .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(String(version)))
      .map(([name, version]) => ({
        path: file.path,
        line: file.lineAt(file.text.indexOf(`"${name}"`)),
        rule: `${name} is not pinned: ${String(version)}`,
      }))
  );
}
