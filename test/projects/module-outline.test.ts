// Owns the tests of what is read from a task module's source: actions, sentences, parameters, and files that do not parse.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ActionOutline, type ModuleOutline, outlineModule } from '../../src/projects/module-outline.ts';

type ReadOutline = Extract<ModuleOutline, { kind: 'read' }>;

async function read(text: string, file = 'tasks/a.ts'): Promise<ReadOutline> {
  const outline = await outlineModule(file, text);
  if (outline.kind !== 'read') throw new Error(outline.reason);
  return outline;
}

async function onlyAction(text: string, file?: string): Promise<ActionOutline> {
  const { actions } = await read(text, file);
  const [action, ...others] = actions;
  if (action === undefined || others.length > 0) throw new Error(`${actions.length} actions`);
  return action;
}

// `name?: type = default // sentence`, so that a case fits on a line.
async function parametersOf(text: string, file?: string): Promise<string> {
  const { parameters } = await onlyAction(text, file);
  if (parameters.kind === 'opaque') return `opaque ${parameters.type}`.trim();
  return parameters.parameters
    .map(({ name, type, optional, defaultText, description }) => {
      const tail = (defaultText === null ? '' : ` = ${defaultText}`) + (description === '' ? '' : ` // ${description}`);
      return `${name}${optional ? '?' : ''}: ${type}${tail}`;
    })
    .join('; ');
}

describe('actions', () => {
  it('are the exported functions, under the names that they are exported by', async () => {
    const outline = await read(
      `
      export function one() {}
      export async function two() {}
      export const three = (p, context) => p, four = async function () {}, five = 5;
      function hidden() {}
      const six = (() => {}) satisfies Function;
      export { six as 'the sixth', hidden as seen, missing };
      export type { T } from './t.ts';
      export { x, y } from './other.ts';
      export * from './rest.ts';
      export default function () {}
    `.replace('missing', 'five as fifth'),
    );
    expect(outline.actions.map(({ name }) => name)).toEqual([
      'one',
      'two',
      'three',
      'four',
      'the sixth',
      'seen',
      'default',
    ]);
    expect(outline.passesOn).toEqual(['./t.ts', './other.ts', './rest.ts'].slice(1));
  });

  it('that the source does not show to be functions are named apart', async () => {
    const outline = await read(`
      import { outer, type Shape } from './outer.ts';
      import * as all from './all.ts';
      import type { Hidden } from './hidden.ts';
      export const wrapped = retried(async () => {}), chosen = fast ? a : b, five = 5, list = [() => {}];
      export class Shop {}
      const inner = all.inner;
      export const { load, save: store } = shop();
      export { outer, inner as within, five as fifth };
      export default retried(() => {});
    `);
    expect(outline.actions).toEqual([]);
    expect(outline.unshown).toEqual(['wrapped', 'chosen', 'load', 'store', 'outer', 'within', 'default']);
    expect((await read('export default (async () => {}) satisfies Function;')).actions).toMatchObject([
      { name: 'default' },
    ]);
    const assigned = await read('const f = () => 1;\nmodule.exports = { f };', 'a.js');
    expect(assigned).toMatchObject({ actions: [], unshown: ['module.exports'] });
    expect((await read('export const exports = 1;', 'a.js')).unshown).toEqual([]);
  });

  it('have the first sentence of their comment, whatever form it has', async () => {
    const { actions } = await read(`
      // Not documentation.
      export function none() {}
      /** Counts lines, e.g. of a file. Slow. */
      export function one() {}
      /**
       * Reads {@link File the file}
       * as \`text\`!
       *
       * More.
       * @param p - x
       */
      export const two = () => {};
      /** Of the function. */
      function local() {}
      export { local as three };
    `);
    expect(actions.map(({ description }) => description)).toEqual([
      '',
      'Counts lines, e.g. of a file.',
      'Reads File the file as `text`!',
      'Of the function.',
    ]);
  });
});

describe('the sentence of the file', () => {
  it.each([
    ["// Owns it. More.\n// And more.\n\nimport 'a';", 'Owns it.'],
    ['#!/usr/bin/env node\n// Owns\n// it.\n\nexport {};', 'Owns it.'],
    ['/**\n * Owns it. More.\n * @module a\n */\n\nexport function f() {}', 'Owns it.'],
    ["/* Owns it. */\nimport 'a';", 'Owns it.'],
    ['/** Of the function. */\nexport function f() {}', ''],
    ["import 'a';\n// Later.\n", ''],
    ['', ''],
  ])('of %j is %j', async (text, sentence) => {
    expect((await read(text)).description).toBe(sentence);
  });
});

describe('parameters', () => {
  it.each([
    ['none', 'export function f() {}', ''],
    [
      'inline',
      'export function f(p: { a: string; b?: number | null; "c-d": X[] }) {}',
      'a: string; b?: number | null; c-d: X[]',
    ],
    [
      'destructured',
      "export const f = ({ a, b = 'x', ...rest }: { a: number; b?: string; c: 1 }) => a",
      "a: number; b?: string = 'x'; c: 1",
    ],
    ['without types', 'export function f({ a, b = 2, c: { d } = {} }, context) {}', 'a: ; b?:  = 2; c?:  = {}'],
    ['with a default as a whole', 'export function f({ a }: { a?: 1 } = {}) {}', 'a?: 1'],
    [
      'an interface',
      'interface P { /** The a. It is. */ a: string }\nexport function f(p: P) {}',
      'a: string // The a.',
    ],
    ['an exported alias', 'export type P = { a: string };\nexport function f(p: P) {}', 'a: string'],
    ['inherited', 'interface A { a: 1 }\ninterface P extends A { b: 2 }\nexport function f(p: P) {}', 'a: 1; b: 2'],
    ['an intersection', 'type A = { a: 1 };\nexport function f(p: A & { b: 2 }) {}', 'a: 1; b: 2'],
    ['read-only', 'export function f(p: Readonly<{ a: 1 }>) {}', 'a: 1'],
    ['partial', 'type A = { a: 1; b?: 2 };\nexport function f(p: Partial<A>) {}', 'a?: 1; b?: 2'],
    ['from elsewhere', "import type { P } from './p.ts';\nexport function f(p: P) {}", 'opaque P'],
    ['partly from elsewhere', 'export function f(p: P & { a: 1 }) {}', 'opaque P & { a: 1 }'],
    ['unknown', 'export function f(p) {}', 'opaque'],
    ['a ring of types', 'interface P extends Q {}\ninterface Q extends P {}\nexport function f(p: P) {}', 'opaque P'],
    ['a type of itself', 'type P = P;\nexport function f(p: P) {}', 'opaque P'],
    ['after this', 'export function f(this: void, p: { a: 1 }) {}', 'a: 1'],
    ['a method', 'export function f(p: { a(): void; b: () => 1 }) {}', 'a: ; b: () => 1'],
  ])('%s', async (_, text, shown) => {
    expect(await parametersOf(text)).toBe(shown);
  });

  it('of plain JavaScript come from its comments', async () => {
    const dotted = `/**
     * Adds.
     * @param {object} parameters - All of them.
     * @param {string} parameters.path - The file. Any.
     * @param {number} [parameters.limit=10] Most lines
     */
    export function f(parameters) {}`;
    expect(await parametersOf(dotted, 'a.js')).toBe('path: string // The file.; limit?: number = 10 // Most lines');
    const inline =
      '/** @param {{ path: string, limit?: number }} p */\nexport const f = ({ path, limit = 3 }) => path;';
    expect(await parametersOf(inline, 'a.mjs')).toBe('path: string; limit?: number = 3');
    expect(await parametersOf('/** @param {nonsense[} p */\nexport function f(p) {}', 'a.js')).toBe('opaque');
  });

  it('are cut where a type is very long', async () => {
    const type = Array.from({ length: 100 }, (_, index) => `'value-${index}'`).join(' | ');
    expect(await parametersOf(`export function f(p: { a: ${type} }) {}`)).toMatch(/^a: .{200}…$/);
  });
});

describe('a file', () => {
  it.each(['a.ts', 'a.mts', 'a.js', 'a.mjs', 'dir/a.b.ts'])('named %s is read', async (file) => {
    expect((await onlyAction('export const f = ({ a }) => a;', file)).name).toBe('f');
  });

  it('that does not parse says why and where', async () => {
    const outline = await outlineModule('tasks/a.ts', 'export function f( {');
    expect(outline).toEqual({ kind: 'unreadable', file: 'tasks/a.ts', reason: expect.stringMatching(/\(1:\d+\)/) });
    expect(await outlineModule('a.js', 'export const a: string = 1')).toMatchObject({ kind: 'unreadable' });
  });

  it('that is too large or too deep is not read, and ends nothing', async () => {
    expect(await outlineModule('a.ts', ' '.repeat(1_000_001))).toMatchObject({ kind: 'unreadable' });
    const deep = await outlineModule('a.ts', `export const a = ${'['.repeat(200_000)}`);
    expect(deep).toMatchObject({ kind: 'unreadable' });
    if (deep.kind === 'unreadable') expect(deep.reason.length).toBeLessThan(400);
  });

  it('of any content gives an outline', async () => {
    const pieces = [
      'export ',
      'function ',
      'const ',
      'f',
      ' = ',
      '(',
      ')',
      '{',
      '}',
      '=>',
      ':',
      '?',
      'type ',
      '/** ',
      '*/',
      ',',
    ];
    const source = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 })), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(source, async (list) => {
        expect(['read', 'unreadable']).toContain((await outlineModule('a.ts', list.join(''))).kind);
      }),
      { numRuns: 500 },
    );
  });

  it('of the example is read as it is', async () => {
    const file = fileURLToPath(new URL('../../examples/tour/tasks/primes.ts', import.meta.url));
    const { description, actions } = await read(readFileSync(file, 'utf8'));
    expect(description).toBe('Task module of the tour: counts primes on a thread, the slow way.');
    expect(actions.map(({ name }) => name)).toEqual(['count', 'sum', 'forever']);
    const [count] = actions;
    expect(count?.parameters).toMatchObject({ kind: 'listed', parameters: [{ name: 'from' }, { name: 'to' }] });
  });
});
