// Owns what a task module offers, read from its source and never run: its exported functions with the sentence that
// stands above each, and their parameters. A file that cannot be parsed is an outline that says why, not an error.

import { extname } from 'node:path';
import type { Expression } from '@babel/parser';
import { messageOf } from '../domain/runtime-error.ts';
import { type DocComment, firstSentence } from './doc-comment.ts';
import {
  docCommentOf,
  type ModuleScope,
  type ObjectPatternNode,
  outlineParameters,
  type ParametersOutline,
  type SyntaxStatement,
} from './parameter-outline.ts';

type Parser = typeof import('@babel/parser');
type SyntaxFile = ReturnType<Parser['parse']>;
type FunctionNode = Extract<
  SyntaxStatement | Expression,
  { type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression' }
>;
type DefaultNode = Extract<SyntaxStatement, { type: 'ExportDefaultDeclaration' }>;
type ExportNode = Extract<SyntaxStatement, { type: 'ExportNamedDeclaration' }>;

/** One exported function. */
export interface ActionOutline {
  readonly name: string;
  /** The first sentence of its documentation comment; empty where there is none. */
  readonly description: string;
  readonly parameters: ParametersOutline;
}

/** `file` as it was given. Texts are as they stand in the source: escape them for where they go. */
export type ModuleOutline =
  | {
      readonly kind: 'read';
      readonly file: string;
      /** The first sentence of the comment that opens the file. */
      readonly description: string;
      readonly actions: readonly ActionOutline[];
      /** Modules that it passes exports on from; what those are is not followed. */
      readonly passesOn: readonly string[];
      /** Exports of which the source does not show whether they are functions, such as what a call gave. */
      readonly unshown: readonly string[];
    }
  | { readonly kind: 'unreadable'; readonly file: string; readonly reason: string };

/** Larger files are not parsed. */
const MAX_SOURCE_LENGTH = 1_000_000;
const MAX_REASON_LENGTH = 300;

/** What the source of a module exports. */
export async function outlineModule(file: string, text: string): Promise<ModuleOutline> {
  if (text.length > MAX_SOURCE_LENGTH) {
    return { kind: 'unreadable', file, reason: `it is larger than ${MAX_SOURCE_LENGTH} characters` };
  }
  // Loaded when a project has task modules to read, and not with the package.
  const parser = await import('@babel/parser');
  try {
    const syntax = parse(parser, file, text);
    return { kind: 'read', file, ...outlineSyntax(parser, syntax, text) };
  } catch (error) {
    // Not only syntax errors: a source nested deep enough ends the parser's own stack.
    const reason = messageOf(error).split('\n')[0] ?? '';
    return { kind: 'unreadable', file, reason: reason.slice(0, MAX_REASON_LENGTH) };
  }
}

function parse(parser: Parser, file: string, text: string): SyntaxFile {
  const isTyped = /^\.[mc]?ts$/.test(extname(file));
  return parser.parse(text, {
    sourceType: extname(file).startsWith('.m') ? 'module' : 'unambiguous',
    plugins: isTyped ? ['typescript'] : [],
  });
}

interface Declared {
  /** Null: the source does not show whether it is a function. */
  readonly node: FunctionNode | null;
  readonly comments: SyntaxStatement;
}

function outlineSyntax(parser: Parser, syntax: SyntaxFile, text: string) {
  const scope = scopeOf(parser, syntax, text);
  const declared = new Map<string, Declared>();
  for (const statement of syntax.program.body) {
    for (const [name, node] of valuesOf(statement)) declared.set(name, { node, comments: statement });
  }
  const actions = new Map<string, ActionOutline>();
  const passesOn = new Set<string>();
  // A script exports by assignment, wherever it stands and however it is put together.
  const unshown = new Set(syntax.program.sourceType === 'script' && /\bexports\b/.test(text) ? ['module.exports'] : []);
  const add = (name: string, found: Declared | undefined) => {
    if (found?.node) actions.set(name, outlineAction(name, found.node, docCommentOf(found.comments), scope));
    else if (found !== undefined) unshown.add(name);
  };
  for (const statement of syntax.program.body) {
    if (statement.type === 'ExportAllDeclaration') passesOn.add(statement.source.value);
    if (statement.type === 'ExportDefaultDeclaration') add('default', defaultOf(statement, declared));
    if (statement.type !== 'ExportNamedDeclaration' || statement.exportKind === 'type') continue;
    if (statement.source) passesOn.add(statement.source.value);
    else for (const [local, exported] of exportedNames(statement)) add(exported, declared.get(local));
  }
  const description = openingOf(syntax, text);
  return { description, actions: [...actions.values()], passesOn: [...passesOn], unshown: [...unshown] };
}

function outlineAction(name: string, node: FunctionNode, doc: DocComment | null, scope: ModuleScope): ActionOutline {
  // A parameter named `this` is a type for the checker and none of the function's.
  const [first] = node.params.filter((param) => !(param.type === 'Identifier' && param.name === 'this'));
  return { name, description: doc?.sentence ?? '', parameters: outlineParameters(first, doc, scope) };
}

// --- declarations

// Names that can be exported as actions; those of anything that is no function are left out.
function valuesOf(statement: SyntaxStatement): [string, FunctionNode | null][] {
  if (statement.type === 'ImportDeclaration') {
    return statement.importKind === 'type' ? [] : statement.specifiers.map(({ local }) => [local.name, null]);
  }
  const inner = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
  if (inner?.type === 'FunctionDeclaration') return inner.id ? [[inner.id.name, inner]] : [];
  if (inner?.type !== 'VariableDeclaration') return [];
  return inner.declarations.flatMap(({ id, init }): [string, FunctionNode | null][] => {
    if (id.type === 'ObjectPattern') return id.properties.flatMap(namesBoundBy);
    const node = init ? functionIn(init) : undefined;
    return id.type === 'Identifier' && node !== undefined ? [[id.name, node]] : [];
  });
}

// What an object of functions was taken apart into.
function namesBoundBy(property: ObjectPatternNode['properties'][number]): [string, null][] {
  const bound = property.type === 'ObjectProperty' ? property.value : property.argument;
  return bound.type === 'Identifier' ? [[bound.name, null]] : [];
}

// Null for what may be a function or not: the source says it elsewhere, or not before it runs.
function functionIn(expression: Expression | DefaultNode['declaration']): FunctionNode | null | undefined {
  switch (expression.type) {
    case 'FunctionDeclaration':
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      return expression;
    case 'TSSatisfiesExpression':
    case 'TSAsExpression':
    case 'ParenthesizedExpression':
      return functionIn(expression.expression);
    case 'AwaitExpression':
    case 'CallExpression':
    case 'ConditionalExpression':
    case 'Identifier':
    case 'LogicalExpression':
    case 'MemberExpression':
      return null;
    default:
      return undefined;
  }
}

function defaultOf(statement: DefaultNode, declared: ReadonlyMap<string, Declared>): Declared | undefined {
  const { declaration } = statement;
  if (declaration.type === 'Identifier') return declared.get(declaration.name);
  const node = functionIn(declaration);
  return node === undefined ? undefined : { node, comments: statement };
}

function exportedNames(statement: ExportNode): [string, string][] {
  const own = valuesOf(statement).map(([name]): [string, string] => [name, name]);
  const listed = statement.specifiers.flatMap((specifier): [string, string][] => {
    if (specifier.type !== 'ExportSpecifier' || specifier.exportKind === 'type') return [];
    const { local, exported } = specifier;
    const outer = exported.type === 'Identifier' ? exported.name : exported.value;
    return [[local.type === 'Identifier' ? local.name : local.value, outer]];
  });
  return [...own, ...listed];
}

// --- types and comments

function scopeOf(parser: Parser, syntax: SyntaxFile, text: string): ModuleScope {
  const types: ModuleScope['types'] = new Map(syntax.program.body.flatMap(typeDeclaredIn));
  const readType: ModuleScope['readType'] = (written) => {
    if (written === '') return null;
    const source = `type T = ${written};`;
    try {
      const [statement] = parser.parse(source, { sourceType: 'module', plugins: ['typescript'] }).program.body;
      return statement?.type === 'TSTypeAliasDeclaration' ? { type: statement.typeAnnotation, text: source } : null;
    } catch {
      return null;
    }
  };
  return { text, types, readType };
}

type TypeEntry = ModuleScope['types'] extends ReadonlyMap<infer Name, infer Type> ? [Name, Type] : never;

function typeDeclaredIn(statement: SyntaxStatement): TypeEntry[] {
  const inner = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
  if (inner?.type === 'TSInterfaceDeclaration') return [[inner.id.name, inner]];
  // With parameters of its own its members' types would name what is not there.
  if (inner?.type === 'TSTypeAliasDeclaration') return [[inner.id.name, inner.typeAnnotation]];
  return [];
}

/** The first sentence of the comment that the file opens with, unless it documents the first function. */
function openingOf(syntax: SyntaxFile, text: string): string {
  const comments = syntax.comments ?? [];
  const [first] = comments;
  const statement = syntax.program.body[0];
  if (first === undefined || (statement !== undefined && (first.start ?? 0) > (statement.start ?? 0))) return '';
  if (first.type === 'CommentBlock') {
    const gap = text.slice(first.end ?? 0, statement?.start ?? text.length);
    const isOfStatement = statement !== undefined && statement.type !== 'ImportDeclaration' && !/\n\s*\n/.test(gap);
    return isOfStatement ? '' : firstSentence(first.value.replace(/^\s*\*+ ?/gm, '').split(/^@/m)[0] ?? '');
  }
  const lines: string[] = [];
  let next = first.loc?.start.line ?? 0;
  for (const comment of comments) {
    if (comment.type !== 'CommentLine' || comment.loc?.start.line !== next) break;
    lines.push(comment.value.trim());
    next++;
  }
  return firstSentence(lines.join('\n'));
}
