// Owns the reading of documentation comments: the first sentence, and the @param tags that plain JavaScript types its
// parameters with. Texts come out as they were written: whoever puts them into a document escapes them.

/** One `@param {type} name - text`; `optional` and `defaultText` from `[name=default]`. */
export interface ParamTag {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly defaultText: string | null;
  readonly description: string;
}

/** What a documentation comment says. */
export interface DocComment {
  /** The first sentence, or an empty text. */
  readonly sentence: string;
  readonly params: readonly ParamTag[];
}

/** A sentence ends before a capital, a bracket or a quote: `e.g. this` does not. */
const SENTENCE = /^.*?[.!?](?=\s+[\p{Lu}`"'(]|\s*$)/su;
const MAX_SENTENCE_LENGTH = 300;
const MAX_COMMENT_LENGTH = 20_000;

/** Reads the text between the marks of a block comment, `*` at the starts of its lines included. */
export function readDocComment(raw: string): DocComment {
  const text = raw
    .slice(0, MAX_COMMENT_LENGTH)
    .split(/\r\n|[\r\n]/)
    .map((line) => line.replace(/^\s*\*+ ?/, '').trimEnd())
    .join('\n')
    .trim();
  const [main = '', ...tags] = `\n${text}`.split(/\n(?=@)/);
  return { sentence: firstSentence(main), params: tags.flatMap(readParamTag) };
}

/** The first sentence of the first paragraph, on one line. */
export function firstSentence(text: string): string {
  const paragraph = text.trim().split(/\n\s*\n/)[0] ?? '';
  const line = paragraph
    .replace(/\{@\w+\s+([^}|]*)(?:\|[^}]*)?\}/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  const sentence = SENTENCE.exec(line)?.[0] ?? line;
  return sentence.length <= MAX_SENTENCE_LENGTH ? sentence : `${sentence.slice(0, MAX_SENTENCE_LENGTH).trimEnd()}…`;
}

function readParamTag(tag: string): ParamTag[] {
  const head = /^@(?:param|arg|argument)\s+/.exec(tag);
  if (head === null) return [];
  const braced = readBraced(tag.slice(head[0].length));
  const named = /^\s*(?:\[\s*([\w$.]+)\s*(?:=([^\]]*))?\]|([\w$.]+))\s*(?:-\s*)?/.exec(braced.rest);
  if (named === null) return [];
  const [whole, optionalName, defaultText, plainName] = named;
  const type = braced.type.replace(/=$/, '');
  return [
    {
      name: optionalName ?? plainName ?? '',
      type,
      optional: optionalName !== undefined || type !== braced.type,
      defaultText: defaultText?.trim() || null,
      description: firstSentence(braced.rest.slice(whole.length)),
    },
  ];
}

// The type's braces may hold others: `{{path: string}}`.
function readBraced(text: string): { readonly type: string; readonly rest: string } {
  if (!text.startsWith('{')) return { type: '', rest: text };
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '{') depth++;
    if (text[index] === '}') depth--;
    if (depth === 0) return { type: text.slice(1, index).trim(), rest: text.slice(index + 1) };
  }
  return { type: '', rest: text };
}
