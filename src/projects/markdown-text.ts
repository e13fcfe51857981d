// Owns what turns a person's text into Markdown that says the same and does nothing else: no heading, link, HTML,
// comment, fence or table cell can come out of it, wherever in a document it is put (a code span shows the entities as
// they are written, and stays closed all the same). Values that are put together here are Markdown already.

/** Never to be seen or turning the direction of text: they can make a line show what it does not say. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+/gu;
const LINE_BREAKS = /(?:\r\n|[\n\r\u0085\u2028\u2029])/g;
/** What could start a block where the text starts a line: headings, lists, quotes, rules, setext underlines, fences. */
const BLOCK_START = /^(?=[#+=:-])|(?<=^\d{1,9})(?=[.)](?:\s|$))/;
const SPECIAL: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  // Entities, not backslashes: a backslash means nothing in a code span, and a backtick would end it.
  '`': '&#96;',
  '|': '&#124;',
  '@': '&#64;',
  '\\': '\\\\',
  '*': '\\*',
  '[': '\\[',
  ']': '\\]',
  '~': '\\~',
  $: '&#36;',
};

/** What is longer nobody reads, and a document beyond all bounds would not be read again by the generator itself. */
const MAX_ROWS = 1_000;
const MAX_THINGS_LENGTH = 500_000;

/** A text as one line without control characters, blanks at its ends or in a row. */
export function toSingleLine(text: string): string {
  return text.toWellFormed().replace(LINE_BREAKS, ' ').replace(UNPRINTABLE, ' ').replace(/\s+/gu, ' ').trim();
}

/** A person's text as one line of Markdown that shows just this text. */
export function escapeMarkdown(text: string): string {
  return escapeEnds(escapeInside(toSingleLine(text)));
}

/** The same for what is written about code: text between backticks becomes code, by `codeCell` within a table. */
export function escapeProse(text: string, asCode: (text: string) => string = codeSpan): string {
  const parts = toSingleLine(text).split(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/);
  let prose = '';
  // Of three parts the second is the fence and the third what it holds.
  for (let index = 0; index < parts.length; index += 3) {
    const code = parts[index + 2];
    prose += escapeInside(parts[index] ?? '') + (code === undefined ? '' : asCode(code));
  }
  return escapeEnds(prose);
}

function escapeInside(line: string): string {
  return (
    line
      .replace(/[&<>`|@\\*[\]~$]/g, (character) => SPECIAL[character] ?? character)
      // Within a word an underscore is one; names have many, and are to be read.
      .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, '\\_')
      .replace(/:(?=\/\/)/g, '&#58;')
      .replace(/(www)\./gi, '$1&#46;')
  );
}

function escapeEnds(line: string): string {
  // At the end of a heading a number sign would be taken for a closing mark.
  return line.replace(/#+$/, (marks) => marks.replaceAll('#', '\\#')).replace(BLOCK_START, '\\');
}

/** A person's text with its paragraphs: a blank line starts a new one, other line breaks are blanks. */
export function escapeParagraphs(text: string): string {
  return text
    .toWellFormed()
    .replace(LINE_BREAKS, '\n')
    .split(/\n[ \t]*(?:\n[ \t]*)+/)
    .map(escapeMarkdown)
    .filter((paragraph) => paragraph !== '')
    .join('\n\n');
}

/** A code span that shows a text as it is, on one line. */
export function codeSpan(text: string): string {
  const line = toSingleLine(text);
  const fence = fenceAround(line, 1);
  // A blank at each end is taken off again by the reader; it keeps backticks apart from the fence.
  const pad = line === '' || /^`|`$/.test(line) ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A code span for a cell of a table, where a bar would end the cell; the few texts that no span can show come plain. */
export function codeCell(text: string): string {
  const span = codeSpan(text);
  if (!span.includes('|')) return span;
  // A backslash before a bar is taken off in tables alone; after another backslash its meaning differs by reader.
  if (!/\\\|/.test(span)) return span.replaceAll('|', '\\|');
  return escapeMarkdown(text);
}

/** The blocks of many things, cut after a whole one and counted where nobody would read on; `things` is their noun. */
export function joinThings(blocksOfEach: readonly (readonly string[])[], things: string): string {
  const shown: string[] = [];
  let length = 0;
  for (const blocks of blocksOfEach) {
    if (length > MAX_THINGS_LENGTH) break;
    const text = joinBlocks(blocks);
    length += text.length;
    shown.push(text);
  }
  const more = blocksOfEach.length - shown.length;
  return joinBlocks([...shown, more > 0 ? `And ${more} more ${things}.` : '']);
}

/** A table; cells are Markdown on one line without bare bars. An empty text where there is no row. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const more = rows.length - MAX_ROWS;
  const lines = [line(headings), line(headings.map(() => '---')), ...rows.slice(0, MAX_ROWS).map(line)];
  return joinBlocks([lines.join('\n'), more > 0 ? `And ${more} more.` : '']);
}

/** Blocks with a blank line between them; empty ones are left out. */
export function joinBlocks(blocks: readonly string[]): string {
  return blocks.filter((block) => block !== '').join('\n\n');
}

/** A fenced block that its content cannot end. */
export function codeBlock(content: string, language: string): string {
  const fence = fenceAround(content, 3);
  return `${fence}${language}\n${content.replace(/\n+$/, '')}\n${fence}`;
}

/** A link; `label` is Markdown, `target` a relative path with `/`. */
export function markdownLink(label: string, target: string): string {
  return `[${label}](${encodeLinkTarget(target)})`;
}

/** A relative path as a link target: every part percent-encoded where a URL or Markdown needs it. */
export function encodeLinkTarget(path: string): string {
  return path
    .toWellFormed()
    .split('/')
    .map((part) => encodeURIComponent(part).replace(/[!'()*]/g, hexOf))
    .join('/');
}

function hexOf(character: string): string {
  return `%${character.codePointAt(0)?.toString(16).toUpperCase()}`;
}

function fenceAround(text: string, least: number): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  return '`'.repeat(Math.max(least, longest + 1));
}
