// Owns what a task action's parameters are, read from its syntax: names, types, whether they can be left out, defaults.
// Follows type names within the one file; what it cannot follow it names as it is written, and claims no more.

import type { parse } from '@babel/parser';
import { type DocComment, readDocComment } from './doc-comment.ts';

type SyntaxFile = ReturnType<typeof parse>;
export type SyntaxStatement = SyntaxFile['program']['body'][number];
type FunctionNode = Extract<SyntaxStatement, { type: 'FunctionDeclaration' }>;
type PatternNode = FunctionNode['params'][number];
export type ObjectPatternNode = Extract<PatternNode, { type: 'ObjectPattern' }>;
type AliasNode = Extract<SyntaxStatement, { type: 'TSTypeAliasDeclaration' }>;
type InterfaceNode = Extract<SyntaxStatement, { type: 'TSInterfaceDeclaration' }>;
type TypeNode = AliasNode['typeAnnotation'];
type MemberNode = InterfaceNode['body']['body'][number];
type CommentedNode = { readonly leadingComments?: readonly { readonly type: string; readonly value: string }[] | null };

/** One parameter of an action. Texts are as they stand in the source. */
export interface ParameterOutline {
  readonly name: string;
  /** Empty where the source does not say. */
  readonly type: string;
  readonly optional: boolean;
  /** The default's source text, or null. */
  readonly defaultText: string | null;
  readonly description: string;
}

/** `opaque`: the parameters are not spelt out; `type` is what the source calls them, or empty. */
export type ParametersOutline =
  | { readonly kind: 'listed'; readonly parameters: readonly ParameterOutline[] }
  | { readonly kind: 'opaque'; readonly type: string };

/** Interfaces and aliases of a file by name. */
export type TypesByName = ReadonlyMap<string, TypeNode | InterfaceNode>;

/** What reading parameters needs of the file around them. */
export interface ModuleScope {
  readonly text: string;
  readonly types: TypesByName;
  /** Reads a type that stands in a comment; null where it is none. */
  readonly readType: (text: string) => { readonly type: TypeNode; readonly text: string } | null;
}

const MAX_TYPE_DEPTH = 16;
const MAX_TYPE_TEXT = 200;
const SEE_THROUGH = new Set(['Readonly', 'Required', 'Partial', 'NonNullable']);

/** The last documentation comment right before a node. */
export function docCommentOf(node: CommentedNode): DocComment | null {
  const comment = node.leadingComments?.at(-1);
  if (comment === undefined || comment.type !== 'CommentBlock' || !comment.value.startsWith('*')) return null;
  return readDocComment(comment.value);
}

/** What the first parameter of an action holds. */
export function outlineParameters(
  first: PatternNode | undefined,
  doc: DocComment | null,
  scope: ModuleScope,
): ParametersOutline {
  if (first === undefined) return { kind: 'listed', parameters: [] };
  const pattern = first.type === 'AssignmentPattern' ? first.left : first;
  const written = typeOf(pattern);
  const fromType = written === null ? null : membersOf(written, scope, 0);
  const tagged = fromType ?? membersOfTags(doc, scope);
  if (pattern.type === 'ObjectPattern') {
    const parameters = mergePattern(pattern, tagged ?? [], scope);
    if (parameters.length > 0 || tagged !== null) return { kind: 'listed', parameters };
  }
  if (tagged !== null) return { kind: 'listed', parameters: tagged };
  return { kind: 'opaque', type: written === null ? '' : sourceOf(written, scope.text) };
}

function typeOf(pattern: object): TypeNode | null {
  const annotation: unknown = Reflect.get(pattern, 'typeAnnotation');
  return isTypeAnnotation(annotation) ? annotation.typeAnnotation : null;
}

function isTypeAnnotation(value: unknown): value is { readonly typeAnnotation: TypeNode } {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'TSTypeAnnotation';
}

function sourceOf(node: { readonly start?: number | null; readonly end?: number | null }, text: string): string {
  const source = text
    .slice(node.start ?? 0, node.end ?? 0)
    .replace(/\s+/g, ' ')
    .trim();
  return source.length <= MAX_TYPE_TEXT ? source : `${source.slice(0, MAX_TYPE_TEXT)}…`;
}

// --- members of types; null where a type does not spell them out

function membersOf(type: TypeNode | InterfaceNode, scope: ModuleScope, depth: number): ParameterOutline[] | null {
  if (depth > MAX_TYPE_DEPTH) return null;
  switch (type.type) {
    case 'TSTypeLiteral':
      return type.members.flatMap((member) => outlineMember(member, scope));
    case 'TSInterfaceDeclaration':
      return membersOfInterface(type, scope, depth);
    case 'TSParenthesizedType':
      return membersOf(type.typeAnnotation, scope, depth + 1);
    case 'TSIntersectionType':
      return merge(type.types.map((part) => membersOf(part, scope, depth + 1)));
    case 'TSTypeReference':
      return membersOfReference(type, scope, depth);
    default:
      return null;
  }
}

function membersOfInterface(node: InterfaceNode, scope: ModuleScope, depth: number): ParameterOutline[] | null {
  const inherited = (node.extends ?? []).map((base) => {
    const found = scope.types.get(sourceOf(base, scope.text));
    return found === undefined ? null : membersOf(found, scope, depth + 1);
  });
  return merge([...inherited, node.body.body.flatMap((member) => outlineMember(member, scope))]);
}

function membersOfReference(
  type: Extract<TypeNode, { type: 'TSTypeReference' }>,
  scope: ModuleScope,
  depth: number,
): ParameterOutline[] | null {
  const name = sourceOf(type.typeName, scope.text);
  const found = scope.types.get(name);
  if (found !== undefined) return membersOf(found, scope, depth + 1);
  const [argument] = type.typeArguments?.params ?? [];
  if (!SEE_THROUGH.has(name) || argument === undefined) return null;
  const members = membersOf(argument, scope, depth + 1);
  if (members === null || name === 'Readonly' || name === 'NonNullable') return members;
  return members.map((member) => ({ ...member, optional: name === 'Partial' }));
}

// All parts have to be known: a list with holes would say that the rest does not exist.
function merge(parts: readonly (readonly ParameterOutline[] | null)[]): ParameterOutline[] | null {
  const byName = new Map<string, ParameterOutline>();
  for (const part of parts) {
    if (part === null) return null;
    for (const member of part) byName.set(member.name, member);
  }
  return [...byName.values()];
}

function outlineMember(member: MemberNode, scope: ModuleScope): ParameterOutline[] {
  if (member.type !== 'TSPropertySignature' && member.type !== 'TSMethodSignature') return [];
  const name = keyOf(member.key, member.computed === true);
  if (name === null) return [];
  const type = member.type === 'TSPropertySignature' ? typeOf(member) : null;
  return [
    {
      name,
      type: type === null ? '' : sourceOf(type, scope.text),
      optional: member.optional === true,
      defaultText: null,
      description: docCommentOf(member)?.sentence ?? '',
    },
  ];
}

function keyOf(key: { readonly type: string }, computed: boolean): string | null {
  if (key.type === 'Identifier' && computed) return null;
  const name: unknown = key.type === 'Identifier' ? Reflect.get(key, 'name') : Reflect.get(key, 'value');
  return typeof name === 'string' || typeof name === 'number' ? String(name) : null;
}

// --- destructuring

// The pattern knows defaults; the type knows types, and what the pattern leaves to `...rest`.
function mergePattern(
  pattern: ObjectPatternNode,
  members: readonly ParameterOutline[],
  scope: ModuleScope,
): ParameterOutline[] {
  const byName = new Map(members.map((member) => [member.name, member]));
  for (const property of pattern.properties) {
    if (property.type !== 'ObjectProperty') continue;
    const name = keyOf(property.key, property.computed === true);
    if (name === null) continue;
    const { value } = property;
    const defaultText = value.type === 'AssignmentPattern' ? sourceOf(value.right, scope.text) : null;
    const known = byName.get(name) ?? { name, type: '', optional: false, defaultText: null, description: '' };
    byName.set(name, {
      ...known,
      optional: known.optional || defaultText !== null,
      defaultText: defaultText ?? known.defaultText,
    });
  }
  return [...byName.values()];
}

// --- tags of plain JavaScript

function membersOfTags(doc: DocComment | null, scope: ModuleScope): ParameterOutline[] | null {
  const [whole, ...others] = doc?.params ?? [];
  if (whole === undefined) return null;
  // `@param {object} parameters` is followed by `@param {string} parameters.path`, or is left out.
  const root = whole.name.split('.')[0] ?? '';
  const dotted = [whole, ...others].filter(({ name }) => name.startsWith(`${root}.`) && name.split('.').length === 2);
  if (dotted.length > 0) {
    return dotted.map((tag) => ({ ...tag, name: tag.name.slice(root.length + 1) }));
  }
  const read = scope.readType(whole.type);
  if (read === null) return null;
  return membersOf(read.type, { ...scope, text: read.text }, 0);
}
