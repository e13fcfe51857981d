// Owns the rules on names, sizes and forbidden constructs in code, as functions from a file to its offences.
// It looks at syntax wherever it can; words in comments and strings count only where the rule is about words.

import { posix } from 'node:path';
import type { Offence } from './import-rules.ts';
import { dottedName, isNode, type PlacedNode, type SourceFile, type SyntaxNode, stringOf } from './source-tree.ts';

const MAX_LINES = 500;
const MAX_TEST_LINES = 800;
const MAX_FUNCTION_LINES = 50;
const FILE_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|bench|config|d))?\.(?:ts|tsx|mts|mjs|js)$/;
const BANNED_NAMES = new Set(['util', 'utils', 'common', 'helper', 'helpers', 'misc', 'types', 'index', 'constants']);
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const REEXPORTS = new Set(['ExportNamedDeclaration', 'ExportAllDeclaration']);

// Where a time, a timer, chance or an id may be made; everywhere else it is injected.
const IMPURE_HOMES = ['src/engine/', 'src/workers/', 'src/cli/', 'src/dashboard/page/'];
const IMPURE_MEMBERS = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'crypto.randomUUID',
  'process.hrtime',
  'process.hrtime.bigint',
]);
const IMPURE_CALLS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'nanoid', 'randomUUID']);
const IMPURE_MODULES = /^(?:nanoid|node:timers|node:perf_hooks)(?:\/|$)/;

export function isCode(file: SourceFile): boolean {
  return file.nodes.length > 0;
}

/** The limit on a file's length and its length, both in lines. */
export function lengthOf(file: SourceFile): { readonly lines: number; readonly limit: number } {
  const lines = file.text === '' ? 0 : file.lineAt(file.text.length - 1);
  return { lines, limit: file.path.startsWith('test/') ? MAX_TEST_LINES : MAX_LINES };
}

/** Name, opening comment and length. */
export function fileOffences(file: SourceFile): Offence[] {
  const offences: Offence[] = [];
  const report = (rule: string) => offences.push({ path: file.path, line: 1, rule });
  const name = posix.basename(file.path);
  const stem = name.split('.')[0] ?? name;
  if (!FILE_NAME.test(name)) report('a file of code has a kebab-case name');
  if (BANNED_NAMES.has(stem) && file.path !== 'src/index.ts') report(`"${stem}" says nothing: name the file by a noun`);
  if (!/^(?:#!.*\n)?\s*\/[/*]/.test(file.text))
    report('a file opens with a comment: what it owns, why, what it must not');
  const { lines, limit } = lengthOf(file);
  if (lines > limit) report(`${lines} lines, and ${limit} are the ceiling`);
  return offences;
}

/**
 * Functions that are too long. Exempt are, in tests, functions that hold suites, and the one function around a whole
 * script of a browser page, which is that file's scope.
 */
export function functionOffences(file: SourceFile): Offence[] {
  const wrapper = scriptWrapper(file);
  return file.nodes.flatMap(({ node, parent }) => {
    if (!FUNCTIONS.has(node.type) || node === wrapper) return [];
    const line = file.lineAt(node.start);
    const length = file.lineAt(node.end) - line + 1;
    if (length <= MAX_FUNCTION_LINES || (file.path.startsWith('test/') && holdsSuites(node, parent))) return [];
    return [
      { path: file.path, line, rule: `a function of ${length} lines, and ${MAX_FUNCTION_LINES} are the ceiling` },
    ];
  });
}

/** Default exports, escapes from the type system, and what cannot be erased. */
export function typeOffences(file: SourceFile): Offence[] {
  const offences = file.nodes.flatMap((placed) => {
    const rule = typeRuleBroken(file, placed);
    return rule === undefined ? [] : [offenceAt(file, placed.node.start, rule)];
  });
  const pragma = file.path.startsWith('test/') ? /@ts-(?:ignore|nocheck)/g : /@ts-(?:ignore|nocheck|expect-error)/g;
  return [...offences, ...wordOffences(file, pragma, (word) => `no ${word}`)];
}

/** Time, timers, chance and ids made outside the composition root, the thread side and the shell. */
export function purityOffences(file: SourceFile): Offence[] {
  if (!file.path.startsWith('src/') || IMPURE_HOMES.some((home) => file.path.startsWith(home))) return [];
  return file.nodes.flatMap(({ node }) => {
    const impure = impureName(node);
    return impure === undefined
      ? []
      : [offenceAt(file, node.start, `${impure} is injected here (src/domain/clock.ts)`)];
  });
}

/** Mocks and tests that shut out the others. */
export function testOffences(file: SourceFile): Offence[] {
  if (!file.path.startsWith('test/')) return [];
  return file.nodes.flatMap(({ node }) => {
    const name = node.type === 'CallExpression' ? dottedName(node.callee) : undefined;
    if (name === undefined) return [];
    if (/^vi\.(?:mock|doMock|spyOn|useFakeTimers)$/.test(name))
      return [offenceAt(file, node.start, `no mocks: ${name}`)];
    if (/^(?:it|test|describe)\b.*\.only$/.test(name))
      return [offenceAt(file, node.start, `${name} hides other tests`)];
    return [];
  });
}

/** A machine lies in `src/machines/*-machine.ts`, says what it is, and names everything in `setup()`. */
export function machineOffences(file: SourceFile): Offence[] {
  const calls = file.nodes.filter(({ node }) => node.type === 'CallExpression');
  const named = (name: string) => calls.find(({ node }) => dottedName(node.callee) === name)?.node;
  if (!file.path.startsWith('src/machines/')) {
    const setup = file.path.startsWith('src/') ? (named('setup') ?? named('createMachine')) : undefined;
    return setup === undefined ? [] : [offenceAt(file, setup.start, 'machines live in src/machines')];
  }
  // No machine itself: turns any of them into a table.
  if (file.path === 'src/machines/machine-compiler.ts') return [];
  const offences: Offence[] = [];
  if (!file.path.endsWith('-machine.ts')) offences.push(offenceAt(file, 0, 'src/machines holds *-machine.ts only'));
  if (named('setup') === undefined) offences.push(offenceAt(file, 0, 'a machine names its parts in setup()'));
  const header = /^(?:\/\/.*\n)*/.exec(file.text)?.[0].split('\n').length ?? 0;
  if (header < 6)
    offences.push(offenceAt(file, 0, 'a machine opens with purpose, diagram, invariants and its spawner'));
  return offences;
}

/** `src/index.ts` re-exports and does nothing else; no other file is made of re-exports alone. */
export function barrelOffences(file: SourceFile): Offence[] {
  const program = file.nodes[0]?.node;
  const statements = Array.isArray(program?.body) ? program.body.filter(isNode) : [];
  const foreign = statements.find((statement) => !(REEXPORTS.has(statement.type) && isNode(statement.source)));
  if (file.path === 'src/index.ts') {
    return foreign === undefined ? [] : [offenceAt(file, foreign.start, 'src/index.ts only re-exports')];
  }
  if (foreign !== undefined || statements.length === 0) return [];
  return [offenceAt(file, 0, 'a file of nothing but re-exports: import from where the names are made')];
}

/** Code literals given to RuntimeError. */
export function errorCodesIn(file: SourceFile): { readonly code: string; readonly line: number }[] {
  return file.nodes.flatMap(({ node }) => {
    if (node.type !== 'NewExpression' || dottedName(node.callee) !== 'RuntimeError') return [];
    const code = Array.isArray(node.arguments) ? stringOf(node.arguments[0]) : undefined;
    return code === undefined ? [] : [{ code, line: file.lineAt(node.start) }];
  });
}

/** An offence for each match of a pattern in a file's text. */
export function wordOffences(file: SourceFile, pattern: RegExp, rule: (word: string) => string): Offence[] {
  return [...file.text.matchAll(pattern)].map((match) => offenceAt(file, match.index, rule(match[0])));
}

function offenceAt(file: SourceFile, offset: number, rule: string): Offence {
  return { path: file.path, line: file.lineAt(offset), rule };
}

function typeRuleBroken(file: SourceFile, { node, parent }: PlacedNode): string | undefined {
  switch (node.type) {
    case 'ExportDefaultDeclaration':
      return file.path.endsWith('.config.ts') ? undefined : 'no default exports';
    case 'ExportSpecifier':
      return dottedName(node.exported) === 'default' ? 'no default exports' : undefined;
    case 'TSAnyKeyword':
      return 'no any';
    case 'TSAsExpression':
      return parent?.type === 'TSAsExpression' ? 'no cast of a cast: parse it' : undefined;
    case 'TSNonNullExpression':
      return 'no non-null assertion';
    case 'TSEnumDeclaration':
      return 'no enum: an `as const` object and its union';
    case 'TSParameterProperty':
      return 'no parameter property: it cannot be erased';
    case 'TSModuleDeclaration':
      return 'no namespace';
    default:
      return undefined;
  }
}

function impureName(node: SyntaxNode): string | undefined {
  if (node.type === 'MemberExpression') {
    const name = dottedName(node)?.replace(/^globalThis\./, '');
    return name !== undefined && IMPURE_MEMBERS.has(name) ? name : undefined;
  }
  if (node.type === 'CallExpression') {
    const name = dottedName(node.callee)?.replace(/^globalThis\./, '');
    return name !== undefined && IMPURE_CALLS.has(name) ? name : undefined;
  }
  if (node.type === 'NewExpression' && dottedName(node.callee) === 'Date') {
    return Array.isArray(node.arguments) && node.arguments.length === 0 ? 'new Date()' : undefined;
  }
  const source = node.type === 'ImportDeclaration' ? stringOf(node.source) : undefined;
  return source !== undefined && IMPURE_MODULES.test(source) ? source : undefined;
}

// `(() => { … })();` as the only statement of a .js file.
function scriptWrapper(file: SourceFile): unknown {
  const body = file.path.endsWith('.js') ? file.nodes[0]?.node.body : undefined;
  const [statement, ...others] = Array.isArray(body) ? body : [];
  if (others.length > 0 || !isNode(statement) || !isNode(statement.expression)) return undefined;
  return statement.expression.type === 'CallExpression' ? statement.expression.callee : undefined;
}

function holdsSuites(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent?.type === 'CallExpression' && isSuiteCall(parent)) return true;
  const statements = isNode(node.body) && Array.isArray(node.body.body) ? node.body.body.filter(isNode) : [];
  return statements.some((statement) => {
    const call = statement.type === 'ExpressionStatement' ? statement.expression : undefined;
    return isNode(call) && call.type === 'CallExpression' && (isSuiteCall(call) || isTestCall(call));
  });
}

function isSuiteCall(call: SyntaxNode): boolean {
  return rootName(call) === 'describe';
}

function isTestCall(call: SyntaxNode): boolean {
  return ['it', 'test'].includes(rootName(call) ?? '');
}

// `describe` for describe(…), describe.skipIf(…)(…), describe.each`…`(…).
function rootName(node: SyntaxNode): string | undefined {
  for (let at: unknown = node; isNode(at); ) {
    if (at.type === 'Identifier') return typeof at.name === 'string' ? at.name : undefined;
    at = at.callee ?? at.object ?? at.tag;
  }
  return undefined;
}
